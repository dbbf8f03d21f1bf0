//! What an answer to `cascade` has to do. Deadlines are written in base eight, to see their digits.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::iter;

use exercises::{Random, check, misconception, note};

use super::{Entry, Wheel};

const NOTHING: [&str; 0] = [];

/// A wheel in which these deadlines wait, numbered in this order.
fn wheel(deadlines: &[u64]) -> Wheel {
    let mut wheel = Wheel::default();
    (0..).zip(deadlines).for_each(|(number, deadline)| wheel.insert((*deadline, number)));
    wheel
}

/// Pops until there is nothing due any more: "13 #2" is the deadline 13 in base eight, which was set third.
fn pop_all(wheel: &mut Wheel, to: u64) -> Vec<String> {
    note(format!("pop up to {to:o}, from {:o}", wheel.now));
    let due: Vec<Entry> = iter::from_fn(|| wheel.pop(to)).collect();
    if let Some((early, _)) = due.iter().find(|(deadline, _)| *deadline > to) {
        misconception("W3-slot-is-due", &format!("popped up to {to:o}, it has handed out {early:o}"));
    }
    due.iter().map(|(deadline, number)| format!("{deadline:o} #{number}")).collect()
}

#[test]
fn the_first_is_on_the_lowest_level() {
    check(|_| {
        assert_eq!(wheel(&[]).first(), None);
        assert_eq!(wheel(&[5, 3]).first(), Some((0, 3)));
        assert_eq!(wheel(&[0o52, 0o31]).first(), Some((1, 3)));
        assert_eq!(
            wheel(&[0o100, 0o52, 7]).first(),
            Some((0, 7)),
            "slot 7 of level 0 comes before the others"
        );
    });
}

#[test]
fn an_entry_is_handed_out_when_its_deadline_has_come() {
    check(|_| {
        for deadline in [3, 0o14, 0o123, 0o1007] {
            let mut wheel = wheel(&[deadline]);
            assert_eq!(pop_all(&mut wheel, deadline / 2), NOTHING, "{deadline:o} is far ahead");
            assert_eq!(pop_all(&mut wheel, deadline - 1), NOTHING, "{deadline:o} is one tick ahead");
            assert_eq!(pop_all(&mut wheel, deadline), [format!("{deadline:o} #0")]);
            assert_eq!(pop_all(&mut wheel, deadline + 1), NOTHING, "and it is handed out once");
        }
    });
}

#[test]
fn what_was_further_up_comes_in_order() {
    check(|_| {
        let due = pop_all(&mut wheel(&[0o15, 0o103, 0o11, 0o101, 2]), 0o200);
        let expected = ["2 #4", "11 #2", "15 #0", "101 #3", "103 #1"];
        if due.len() == 5 && due != expected {
            let text =
                "several were due in one slot further up, and did not come in the order of their deadlines";
            misconception("W3-turns-at-once", text);
        }
        assert_eq!(due, expected, "all that waited, up to 200 in base eight");
    });
}

#[test]
fn entries_of_one_deadline_keep_their_order() {
    check(|_| {
        let mut wheel = wheel(&[0o111, 0o112, 0o111]);
        assert_eq!(pop_all(&mut wheel, 0o100), NOTHING);
        wheel.insert((0o111, 3));
        assert_eq!(pop_all(&mut wheel, 0o111), ["111 #0", "111 #2", "111 #3"]);
    });
}

#[test]
fn what_is_set_later_takes_its_place() {
    check(|_| {
        let mut wheel = wheel(&[0o20, 0o40]);
        assert_eq!(wheel.pop(0o20), Some((0o20, 0)));
        wheel.insert((0, 2));
        assert_eq!(wheel.pop(0o20), Some((0o20, 2)), "a deadline that is past is due at once");
        assert_eq!(wheel.pop(0o24), None);
        assert_eq!(wheel.now, 0o24, "`now` after `pop` has returned `None`");
        wheel.insert((0o25, 3));
        assert_eq!(pop_all(&mut wheel, 0o777), ["25 #3", "40 #1"]);
        assert_eq!((wheel.pop(0o5), wheel.now), (None, 0o777), "`now` never goes back");
    });
}

#[test]
fn it_does_as_a_heap_does() {
    check(|_| {
        let mut random = Random::new();
        for _ in 0..30 {
            let (mut wheel, mut heap) = (Wheel::default(), BinaryHeap::new());
            let mut now = 0;
            for number in 0..300 {
                let bits = random.below(21);
                let ahead = now + random.below(1 << bits);
                if random.below(3) > 0 {
                    wheel.insert((ahead, number));
                    heap.push(Reverse((ahead, number)));
                    continue;
                }
                now = ahead;
                while let Some(Reverse(due)) = heap.peek().copied().filter(|first| first.0.0 <= now) {
                    heap.pop();
                    assert_eq!(wheel.pop(now), Some(due), "popped up to {now}, {random}");
                }
                assert_eq!(wheel.pop(now), None, "popped up to {now}, {random}");
            }
        }
    });
}
