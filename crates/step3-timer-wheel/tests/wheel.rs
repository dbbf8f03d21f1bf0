//! What a wheel promises, first clause by clause, then all at once against a model.

use std::collections::BTreeSet;
use std::rc::Rc;

use proptest::collection::vec;
use proptest::prelude::*;
use step3::{Key, TooFar, Wheel};

#[path = "wheel/pair.rs"]
mod pair;
use pair::{Habits, LAP, Pair};

/// Sets a timer of which the deadline is in range.
fn set<T>(wheel: &mut Wheel<T>, at: u64, value: T) -> Key {
    wheel.insert(at, value).expect("the deadline is in range")
}

/// Turns the wheel towards `to`, up to the first value that comes due.
fn pop<T>(wheel: &mut Wheel<T>, to: u64) -> Option<T> {
    wheel.pop(to).map(|(_, value)| value)
}

/// Turns the wheel to `to`, and returns all that came due, each with the tick at which it did.
fn turn<T>(wheel: &mut Wheel<T>, to: u64) -> Vec<(u64, T)> {
    let mut due = Vec::new();
    while let Some((_, value)) = wheel.pop(to) {
        due.push((wheel.now(), value));
    }
    due
}

#[test]
fn an_entry_is_due_at_its_deadline_and_not_a_tick_before() {
    for at in [1, 63, 64, 65, 4_095, 4_096, 123_456_789, LAP - 1] {
        let mut wheel = Wheel::new();
        set(&mut wheel, at, "value");
        assert_eq!(wheel.pop(at - 1), None, "before {at}");
        assert_eq!(pop(&mut wheel, at), Some("value"), "at {at}");
    }
}

#[test]
fn entries_come_out_in_the_order_of_their_deadlines() {
    let mut wheel = Wheel::new();
    for at in [5_000, 70, 3, 1_000_000, 64, 4_999] {
        set(&mut wheel, at, at);
    }
    let due = [3, 64, 70, 4_999, 5_000, 1_000_000].map(|at| (at, at));
    assert_eq!(turn(&mut wheel, 1_000_000), due);
}

#[test]
fn entries_of_one_deadline_come_out_in_the_order_they_were_set() {
    // As the deadline comes nearer it is set on ever lower levels, while what was set before spills down to them.
    let mut wheel = Wheel::new();
    let deadline = 2 * 4_096 + 100;
    let moments = [0, 1, 4_096, 2 * 4_096, 2 * 4_096 + 64, deadline - 1];
    for now in moments {
        assert_eq!(wheel.pop(now), None);
        set(&mut wheel, deadline, now);
    }
    assert_eq!(turn(&mut wheel, deadline), moments.map(|set_at| (deadline, set_at)));
}

#[test]
fn a_deadline_that_is_past_is_due_at_once_behind_what_is_due_already() {
    let mut wheel = Wheel::new();
    wheel.pop(1_000);
    set(&mut wheel, 1_000, "now");
    set(&mut wheel, 3, "long past");
    assert_eq!(wheel.next(), Some(1_000));
    assert_eq!(turn(&mut wheel, 1_000), [(1_000, "now"), (1_000, "long past")]);
}

#[test]
fn a_removed_entry_never_comes_out() {
    let mut wheel = Wheel::new();
    let near = set(&mut wheel, 10, "near");
    let far = set(&mut wheel, 10_000, "far");
    set(&mut wheel, 10_000, "stays");
    assert_eq!(wheel.remove(near), Some("near"));
    assert_eq!(wheel.remove(far), Some("far"));
    assert_eq!(wheel.len(), 1);
    assert_eq!(turn(&mut wheel, 20_000), [(10_000, "stays")]);
}

#[test]
fn an_entry_can_be_removed_from_wherever_it_has_spilled_to() {
    let at = 3 * 4_096 + 7 * 64 + 9;
    for now in [0, 3 * 4_096, 3 * 4_096 + 7 * 64, at] {
        let mut wheel = Wheel::new();
        let key = set(&mut wheel, at, "value");
        set(&mut wheel, now, "something that stops the wheel at now");
        assert!(wheel.pop(now).is_some());
        assert_eq!(wheel.remove(key).is_some(), now < at);
    }
}

#[test]
fn a_key_fits_one_entry_once() {
    let mut wheel = Wheel::new();
    let removed = set(&mut wheel, 5, "removed");
    wheel.remove(removed);
    let fired = set(&mut wheel, 5, "fired"); // in the room that the first has left
    assert_eq!((wheel.remove(removed), wheel.get_mut(removed)), (None, None));

    assert_eq!(pop(&mut wheel, 5), Some("fired"));
    set(&mut wheel, 6, "the next"); // in the same room again
    assert_eq!((wheel.remove(fired), wheel.get_mut(fired)), (None, None));
    assert_eq!(pop(&mut wheel, 6), Some("the next"));
}

#[test]
fn an_entry_comes_out_with_the_key_it_had_and_no_two_entries_ever_had_the_same() {
    let mut wheel = Wheel::new();
    let mut names = BTreeSet::new();
    for at in 0..if cfg!(miri) { 20 } else { 100 } {
        let key = set(&mut wheel, at, at);
        assert!(names.insert(key.bits()), "a name was used twice");
        assert_eq!(wheel.pop(at), Some((key, at)));
    }
}

#[test]
fn a_value_can_be_replaced_while_it_waits() {
    let mut wheel = Wheel::new();
    let key = set(&mut wheel, 100, "old");
    *wheel.get_mut(key).expect("it waits") = "new";
    assert_eq!(pop(&mut wheel, 100), Some("new"));
}

#[test]
fn now_is_the_deadline_of_what_came_out_and_then_where_the_wheel_was_turned_to() {
    let mut wheel = Wheel::new();
    set(&mut wheel, 70, ());
    assert!(wheel.pop(100).is_some());
    assert_eq!(wheel.now(), 70);
    assert!(wheel.pop(100).is_none());
    assert_eq!(wheel.now(), 100);
}

#[test]
fn the_wheel_never_turns_back() {
    let mut wheel = Wheel::new();
    wheel.pop(100);
    set(&mut wheel, 100, "now");
    set(&mut wheel, 101, "later");
    assert_eq!(turn(&mut wheel, 50), [(100, "now")]);
    assert_eq!(wheel.now(), 100);
}

#[test]
fn what_is_set_while_the_wheel_turns_takes_its_place_in_the_order() {
    let mut wheel = Wheel::new();
    set(&mut wheel, 10, "first");
    set(&mut wheel, 90, "last");
    assert_eq!(pop(&mut wheel, 100), Some("first"));
    set(&mut wheel, 50, "between");
    set(&mut wheel, 90, "after the last");
    assert_eq!(turn(&mut wheel, 100), [(50, "between"), (90, "last"), (90, "after the last")]);
}

#[test]
fn next_is_the_earliest_deadline_if_nothing_was_removed() {
    let mut wheel = Wheel::new();
    assert_eq!(wheel.next(), None);
    for at in [LAP - 1, 1_000_000, 999_999, 4_096, 65, 64, 2] {
        set(&mut wheel, at, ());
        assert_eq!(wheel.next(), Some(at));
    }
}

#[test]
fn next_may_be_a_removed_deadline_but_only_until_the_wheel_is_turned_there() {
    let mut wheel = Wheel::new();
    let removed = set(&mut wheel, 4_096 + 1, "removed");
    set(&mut wheel, 2 * 4_096 - 1, "stays"); // in the same slot of level 2, as far away as can be
    wheel.remove(removed);

    assert_eq!(wheel.next(), Some(4_096 + 1), "early, by less than the 4,096 ticks of the slot");
    assert_eq!(wheel.pop(4_096 + 1), None);
    assert_eq!(wheel.next(), Some(2 * 4_096 - 1));
}

#[test]
fn a_deadline_in_the_next_lap_is_kept_whatever_digits_the_carry_changes() {
    for lap in [1, 2, 63, 64, 65, 4_096, 1 << 33] {
        let start = lap * LAP;
        let mut wheel = Wheel::new();
        wheel.pop(start - 1);
        for at in [start + LAP - 2, start + 5, start, start - 1] {
            set(&mut wheel, at, at);
            assert_eq!(wheel.next(), Some(at));
        }
        let due = [start - 1, start, start + 5, start + LAP - 2].map(|at| (at, at));
        assert_eq!(turn(&mut wheel, start + LAP), due);
    }
}

#[test]
fn the_very_last_tick_can_be_waited_for() {
    let mut wheel = Wheel::new();
    wheel.pop(u64::MAX - LAP + 1);
    set(&mut wheel, u64::MAX, "value");
    assert_eq!(wheel.pop(u64::MAX - 1), None);
    assert_eq!(pop(&mut wheel, u64::MAX), Some("value"));
    set(&mut wheel, u64::MAX, "again");
    assert_eq!(pop(&mut wheel, u64::MAX), Some("again"));
    assert_eq!(wheel.pop(u64::MAX), None);
}

#[test]
fn a_deadline_out_of_range_is_refused_and_its_value_dropped() {
    let mut wheel = Wheel::new();
    wheel.pop(1_000);
    let value = Rc::new(());
    assert_eq!(wheel.insert(1_000 + LAP, Rc::clone(&value)), Err(TooFar));
    assert_eq!((Rc::strong_count(&value), wheel.len()), (1, 0));
    assert!(wheel.insert(1_000 + LAP - 1, value).is_ok());
    assert_eq!(Wheel::<()>::RANGE, LAP);
}

#[test]
fn the_wheel_keeps_no_value_that_has_left_it_and_drops_the_others_with_itself() {
    let value = Rc::new(());
    let mut wheel = Wheel::new();
    let key = set(&mut wheel, 10, Rc::clone(&value));
    set(&mut wheel, 20, Rc::clone(&value));
    set(&mut wheel, 30_000, Rc::clone(&value));
    assert_eq!(Rc::strong_count(&value), 4);
    drop(wheel.remove(key));
    assert_eq!(Rc::strong_count(&value), 3);
    drop(wheel.pop(20));
    assert_eq!(Rc::strong_count(&value), 2);
    drop(wheel);
    assert_eq!(Rc::strong_count(&value), 1);
}

fn habits() -> impl Strategy<Value = Habits> {
    (any::<bool>(), 0..32_u32).prop_map(|(removes, turn_bits)| Habits { removes, turn_bits })
}

/// Ticks to start at: near the places where a carry runs through many digits, and anywhere.
fn starts() -> impl Strategy<Value = u64> {
    prop_oneof![
        Just(0),
        (0..64_u32, 0..100_u64).prop_map(|(bits, back)| (1_u64 << bits).saturating_sub(back)),
        (0..100_u64, 0..32_u32).prop_map(|(back, bits)| u64::MAX - (1 << bits) - back),
        any::<u64>(),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: if cfg!(miri) { 2 } else { 2_000 },
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn a_wheel_does_what_a_heap_would(
        start in starts(),
        habits in habits(),
        words in vec(any::<u64>(), 0..if cfg!(miri) { 100 } else { 2_000 }),
    ) {
        let mut pair = Pair::starting_at(start);
        for word in words {
            pair.step(habits, word);
            pair.check();
        }
        pair.turn(u64::MAX, 0);
        pair.check();
        assert!(pair.wheel.is_empty(), "nothing is left behind");
    }
}
