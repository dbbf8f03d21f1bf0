//! What an answer to `wrap-around` has to do.

use exercises::{check, misconception, note};

use super::Level;

const NOTHING: [u64; 0] = [];

/// A level at `now`, with these deadlines.
fn level(now: u64, deadlines: &[u64]) -> Level {
    let mut level = Level { now, ..Level::default() };
    deadlines.iter().for_each(|deadline| level.insert(*deadline));
    level
}

/// Turns to `to`. What comes out early has come with its slot.
fn turn(level: &mut Level, to: u64) -> Vec<u64> {
    let due = level.turn(to);
    if let Some(early) = due.iter().find(|deadline| **deadline > to) {
        misconception("W3-slot-is-due", &format!("turned to {to}, it has handed out {early}"));
    }
    assert_eq!(level.now, to + 1, "`now` after `turn({to})`");
    due
}

#[test]
fn a_deadline_waits_in_the_slot_of_its_last_digit() {
    check(|_| {
        let level = level(5, &[5, 9, 15, 17]);
        let expected: [&[u64]; 8] = [&[], &[9, 17], &[], &[], &[], &[5], &[], &[15]];
        assert_eq!(level.slots, expected, "in base eight, the deadlines end in 5, 1, 7 and 1");
    });
}

#[test]
fn the_next_slot_is_the_first_from_now_on() {
    check(|_| {
        assert_eq!(level(3, &[]).next(), None);
        assert_eq!(level(3, &[3]).next(), Some(3), "the slot of `now` comes first");
        let next = level(6, &[9, 7]).next();
        if next.is_some_and(|tick| tick % 8 == 1) {
            misconception("W3-lowest-slot", &format!("now is 6; 7 comes before 9, and `next` is {next:?}"));
        }
        assert_eq!(next, Some(7), "now is 6, and 7 and 9 wait");
        let next = level(6, &[9]).next();
        if next.is_some_and(|tick| tick < 6) {
            misconception("W3-lowest-slot", &format!("now is 6, and `next` is {next:?}, which is past"));
        }
        assert_eq!(next, Some(9), "now is 6: slot 1 comes up at 9");
        assert_eq!(level(6, &[5 + 8 * 3]).next(), Some(13), "its slot is looked at in each lap");
    });
}

#[test]
fn each_is_handed_out_at_its_tick() {
    check(|_| {
        let mut level = level(0, &[6, 3]);
        assert_eq!(turn(&mut level, 2), NOTHING);
        assert_eq!(turn(&mut level, 3), [3]);
        assert_eq!(turn(&mut level, 5), NOTHING);
        assert_eq!(turn(&mut level, 6), [6]);
        assert_eq!(turn(&mut level, 7), NOTHING, "and once only");
    });
}

#[test]
fn a_slot_behind_comes_up_in_the_next_lap() {
    check(|_| {
        let mut level = level(6, &[9, 13]);
        assert_eq!(turn(&mut level, 8), NOTHING);
        assert_eq!(turn(&mut level, 9), [9]);
        assert_eq!(turn(&mut level, 13), [13]);
    });
}

#[test]
fn a_deadline_of_a_later_lap_stays() {
    check(|_| {
        note("a turn to 2, whose slot holds deadlines of three laps");
        let mut level = level(0, &[2, 2 + 8, 2 + 8 * 2, 2]);
        assert_eq!(turn(&mut level, 2), [2, 2]);
        assert_eq!(turn(&mut level, 9), NOTHING);
        assert_eq!(turn(&mut level, 10), [10]);
        assert_eq!(turn(&mut level, 18), [18]);
    });
}

#[test]
fn one_turn_over_many_laps_goes_in_order() {
    check(|_| {
        let mut level = level(4, &[31, 12, 4, 21, 5, 100, 12, 11]);
        assert_eq!(turn(&mut level, 31), [4, 5, 11, 12, 12, 21, 31], "all up to 31");
        assert_eq!(turn(&mut level, 200), [100], "what was left");
    });
}
