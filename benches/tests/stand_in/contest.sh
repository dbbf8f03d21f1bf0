#!/bin/sh
# Stands in for the contest: prints the list in $STAND_IN/list.json, and for a sample the figure that $STAND_IN/figures has
# for it. A line there is a row, a contestant, and what each further call prints: a figure, or a way to go wrong.
if [ "$1" = --list ]; then
    cat "$STAND_IN/list.json"
    exit
fi
row=$1 contestant=$2 size=$4
echo "$*" >>"$STAND_IN/calls"
call=$(grep -c "^$row $contestant --size $size " "$STAND_IN/calls")
what=$(grep "^$row $contestant " "$STAND_IN/figures" | cut -d ' ' -f $((call + 2)))
case $what in
crash)
    echo "thread 'main' panicked at src/x.rs:1:1:" >&2
    echo "it fell over" >&2
    echo "note: run with RUST_BACKTRACE=1" >&2
    exit 101
    ;;
nonsense) echo hello; exit ;;
silence) exit ;;
other) row=another-row what=1 ;;
figureless) echo "{\"row\":\"$row\",\"contestant\":\"$contestant\"}"; exit ;;
hang)
    # With a child of its own, which must not be left either.
    sleep 300 &
    echo "$$ $!" >"$STAND_IN/processes"
    wait
    ;;
# The machine is busy meanwhile: another 1,000 seconds of others, or stolen.
busy) echo "cpu 200000 0 0 0 0 0 0 0 0 0" >"$STAND_IN/proc/stat"; what=10 ;;
stolen) echo "cpu 0 0 0 0 0 0 0 100000 0 0" >"$STAND_IN/proc/stat"; what=10 ;;
esac
echo "{\"row\":\"$row\",\"contestant\":\"$contestant\",\"size\":$size,\"figure\":$what,\"extra\":{\"rounds\":3.0}}"
