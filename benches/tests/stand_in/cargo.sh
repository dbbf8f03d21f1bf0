#!/bin/sh
# Stands in for cargo: says that it has built the contest, or fails if $STAND_IN/broken is there.
echo "$*" >>"$STAND_IN/cargo-calls"
[ ! -e "$STAND_IN/broken" ] || exit 101
echo "{\"reason\":\"compiler-artifact\",\"target\":{\"name\":\"contest\"},\"executable\":\"$(dirname "$0")/contest.sh\"}"
