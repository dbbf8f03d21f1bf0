//! What an answer to `deadline-to-slot` has to do.

use std::time::Duration;

use exercises::{Random, check, misconception};

use super::{BY_EYE, Place, place, tick};

/// Compares digit by digit, from the highest down.
fn digit_by_digit(deadline: u64, now: u64, digits: u64) -> Place {
    let digit = |number: u64, level: u32| digits.checked_pow(level).map_or(0, |unit| number / unit % digits);
    let level = (0..20).rev().find(|level| digit(deadline, *level) != digit(now, *level)).unwrap_or(0);
    (level, digit(deadline, level))
}

/// Goes by how far off the deadline is, which is the mistake.
fn by_distance(deadline: u64, now: u64, digits: u64) -> Place {
    let level = (deadline - now).max(1).ilog(digits);
    (level, deadline / digits.pow(level) % digits)
}

#[test]
fn four_deadlines_by_eye() {
    check(|_| {
        let deadlines = [3867, 3870, 3900, 4001];
        let truth = deadlines.map(|deadline| digit_by_digit(deadline, 3862, 10));
        for ((deadline, said), truth) in deadlines.iter().zip(BY_EYE).zip(truth) {
            if said.0 != truth.0 && said.0 == by_distance(*deadline, 3862, 10).0 {
                let text = format!(
                    "{deadline} is {} ahead of 3862, and was to wait on level {}",
                    deadline - 3862,
                    said.0
                );
                misconception("W3-by-distance", &text);
            }
            // The assertion does not say what is right: this is for the learner to find out.
            assert!(
                said == truth,
                "BY_EYE: {deadline} does not wait on level {}, in slot {}",
                said.0,
                said.1
            );
        }
    });
}

#[test]
fn a_tick_is_never_before_the_deadline() {
    check(|_| {
        for (nanos, expected) in
            [(0, 0), (1, 1), (999_999, 1), (1_000_000, 1), (1_000_001, 2), (2_400_000, 3)]
        {
            let tick = tick(Duration::from_nanos(nanos));
            if tick * 1_000_000 < nanos {
                let text = format!("a deadline at {nanos} ns is to fire at tick {tick}, which is too early");
                misconception("W3-exactly", &text);
            }
            assert_eq!(tick, expected, "the tick of a deadline at {nanos} ns");
        }
    });
}

#[test]
fn what_differs_in_the_last_digit_is_on_level_0() {
    check(|_| {
        for (deadline, now) in [(7, 7), (63, 0), (64, 64), (64 * 64 + 5, 64 * 64 + 2)] {
            assert_eq!(place(deadline, now), (0, deadline % 64), "deadline {deadline}, now {now}");
        }
    });
}

#[test]
fn any_other_goes_by_the_digit_and_not_by_the_distance() {
    check(|_| {
        for (deadline, now) in [(64, 63), (4096, 4095), (5 * 64 + 9, 64), (4096 + 64, 4095)] {
            let (said, truth) = (place(deadline, now), digit_by_digit(deadline, now, 64));
            if said != truth && said == by_distance(deadline, now, 64) {
                let text = format!("{deadline} was placed by how far it is from {now}");
                misconception("W3-by-distance", &text);
            }
            assert_eq!(said, truth, "level and slot of {deadline}, when now is {now}");
        }
    });
}

#[test]
fn it_is_right_for_any_deadline() {
    check(|_| {
        let mut random = Random::new();
        for _ in 0..2000 {
            let bits = random.below(40);
            let now = random.below(1 << bits);
            let bits = random.below(40);
            let deadline = now + random.below(1 << bits);
            let truth = digit_by_digit(deadline, now, 64);
            assert_eq!(place(deadline, now), truth, "deadline {deadline}, now {now}, {random}");
        }
    });
}
