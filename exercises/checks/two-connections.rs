//! What an answer to `two-connections` has to do.

use std::io::ErrorKind;

use exercises::{Act, Script, check, misconception, notes};

use super::talk_to_both;

/// A connection that says this, and then ends.
fn saying(name: &'static str, reads: &[Act]) -> Script {
    let spins = || {
        misconception("W1-asynchronous", "it asks one connection again and again, and the other one waits")
    };
    Script::new(name).reads(reads.iter().copied().chain([Act::End])).patience(200, spins)
}

/// Talks to both, and returns what was written to them.
fn answers(one: &mut Script, two: &mut Script) -> [String; 2] {
    talk_to_both(one, two).expect("the scripts have no error in them");
    [one.written(), two.written()]
}

#[test]
fn every_line_is_answered_in_capitals() {
    check(|_| {
        let mut one = saying("one", &[Act::Bytes("a\n"), Act::Bytes("b\nc\n")]);
        let mut two = saying("two", &[Act::Bytes("hello, world\n")]);
        assert_eq!(answers(&mut one, &mut two), ["A\nB\nC\n", "HELLO, WORLD\n"]);
    });
}

#[test]
fn a_line_in_parts_is_answered_once_and_half_a_line_never() {
    check(|_| {
        let mut one = saying("one", &[Act::Bytes("he"), Act::NotYet, Act::Bytes("llo\nwor"), Act::NotYet]);
        let mut two = saying("two", &[]);
        assert_eq!(answers(&mut one, &mut two), ["HELLO\n", ""]);
    });
}

#[test]
fn the_rest_of_an_answer_is_written_later() {
    check(|_| {
        let parts = [Act::Takes(2), Act::NotYet, Act::Takes(1), Act::NotYet];
        let mut one = saying("one", &[Act::Bytes("hello\n")]).writes(parts);
        let mut two = saying("two", &[Act::Bytes("x\n")]);
        let [first, second] = answers(&mut one, &mut two);
        if first == "HE" || first.len() < 6 {
            let text =
                format!("the first write took 2 bytes of \"HELLO\", and in the end {first:?} was written");
            misconception("W1-one-write-takes-all", &text);
        }
        assert_eq!([first, second], ["HELLO\n", "X\n"]);
    });
}

#[test]
fn a_connection_that_is_not_ready_holds_up_only_itself() {
    check(|_| {
        let late: Vec<Act> = [Act::NotYet; 20].into_iter().chain([Act::Bytes("late\n")]).collect();
        for swapped in [false, true] {
            let (mut slow, mut quick) = (saying("slow", &late), saying("quick", &[Act::Bytes("now\n")]));
            let before = notes().len();
            let pair = if swapped { (&mut quick, &mut slow) } else { (&mut slow, &mut quick) };
            talk_to_both(pair.0, pair.1).expect("the scripts have no error in them");
            let order = notes().split_off(before);
            let at = |note: &str| order.iter().position(|other| other == note);
            if at("write quick: 4 bytes") > at("read slow: 5 bytes") {
                misconception(
                    "W1-asynchronous",
                    "the quick one had its answer only after the slow one had spoken",
                );
            }
        }
    });
}

#[test]
fn it_returns_when_both_are_over_and_leaves_an_ended_one_alone() {
    check(|_| {
        let mut one = saying("one", &[]);
        let mut two = saying("two", &[Act::NotYet, Act::NotYet, Act::Bytes("last\n")]);
        assert_eq!(answers(&mut one, &mut two), ["", "LAST\n"]);
        for ended in ["read one: 0 bytes", "read two: 0 bytes"] {
            assert_eq!(notes().iter().filter(|note| *note == ended).count(), 1, "{ended}: it was over then");
        }
    });
}

#[test]
fn any_other_error_ends_it() {
    check(|_| {
        let mut one = saying("one", &[Act::NotYet, Act::Fails(ErrorKind::ConnectionReset)]);
        let mut two = saying("two", &[Act::Bytes("x\n")]);
        let error = talk_to_both(&mut one, &mut two).expect_err("one was reset");
        assert_eq!(error.kind(), ErrorKind::ConnectionReset);
    });
}
