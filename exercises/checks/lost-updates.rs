//! What an answer to `lost-updates` has to do.

use std::collections::BTreeMap;

use exercises::{check, misconception, note};

use super::{
    IN_ONE_LINE, IN_TWO_LINES, INCREMENT, LEAST_OF_THREE, LOCKED, LOCKED_INCREMENT, Op, World, finals,
};

/// The same by another way: an order is a number, whose bits say who is next.
fn by_counting(threads: [&[Op]; 2]) -> BTreeMap<i64, u64> {
    let mut finals = BTreeMap::new();
    let length = threads[0].len() + threads[1].len();
    for order in 0..1_u64 << length {
        let mut world = World::default();
        let is_possible = (0..length).all(|at| world.step(threads, usize::from(order >> at & 1 == 1)));
        if is_possible {
            assert!(world.is_over(threads), "as many steps as there are operations");
            *finals.entry(world.x).or_insert(0) += 1;
        }
    }
    finals
}

fn times(op: &[Op], times: usize) -> Vec<Op> {
    op.repeat(times)
}

/// Compares a prediction with what is the case. The order in which it lists them says nothing.
fn expect(name: &str, predicted: &[i64], threads: [&[Op]; 2]) {
    assert!(!predicted.is_empty(), "{name} is still empty");
    let mut sorted = predicted.to_vec();
    sorted.sort_unstable();
    let truth: Vec<i64> = by_counting(threads).into_keys().collect();
    assert_eq!(
        sorted, truth,
        "{name}: what `x` may be, left your prediction, right what comes of all orders"
    );
}

#[test]
fn two_lines_lose_an_update() {
    check(|_| {
        if IN_TWO_LINES == [2] {
            misconception("W7-replaces-locks", "a switch between the two lines was to lose nothing");
        }
        expect("IN_TWO_LINES", IN_TWO_LINES, [&INCREMENT, &INCREMENT]);
    });
}

#[test]
fn one_line_loses_it_as_well() {
    check(|_| {
        if IN_ONE_LINE == [2] {
            misconception("W7-one-line", "`x += 1` was to be one operation");
        }
        expect("IN_ONE_LINE", IN_ONE_LINE, [&INCREMENT, &INCREMENT]);
    });
}

#[test]
fn a_lock_of_the_program_loses_nothing() {
    check(|_| {
        expect("LOCKED", LOCKED, [&LOCKED_INCREMENT, &LOCKED_INCREMENT]);
    });
}

#[test]
fn nearly_all_can_be_lost() {
    check(|_| {
        let three = times(&INCREMENT, 3);
        let least = by_counting([&three, &three]).into_keys().next();
        assert_eq!(
            Some(LEAST_OF_THREE),
            least,
            "LEAST_OF_THREE. One thread reads, and sleeps while the other does nearly all it has to do"
        );
    });
}

#[test]
fn one_thread_has_one_order() {
    check(|_| {
        for count in [0, 1, 4] {
            note(format!(
                "one thread adds {count} times; the other has nothing to do, so no step of it is possible"
            ));
            let alone = times(&INCREMENT, count);
            let end = BTreeMap::from([(count as i64, 1)]);
            assert_eq!(
                finals([&alone, &[]]),
                end,
                "the first thread adds {count} times, the second does nothing"
            );
            assert_eq!(
                finals([&[], &alone]),
                end,
                "the second thread adds {count} times, the first does nothing"
            );
        }
    });
}

#[test]
fn every_order_is_tried_once() {
    check(|_| {
        for (first, second) in [(1, 1), (1, 2), (2, 1), (2, 2), (3, 2)] {
            let (a, b) = (times(&INCREMENT, first), times(&INCREMENT, second));
            let (found, truth) = (finals([&a, &b]), by_counting([&a, &b]));
            if found.keys().eq([&((first + second) as i64)]) {
                misconception(
                    "W7-replaces-locks",
                    "no order was tried in which the other thread comes in between",
                );
            }
            let what = format!("one thread adds {first} times, the other {second} times");
            assert_eq!(found, truth, "{what}: what `x` may be, and in how many orders");
        }
    });
}

#[test]
fn who_waits_is_passed_over() {
    check(|_| {
        let locked = times(&LOCKED_INCREMENT, 2);
        for threads in
            [[&LOCKED_INCREMENT[..], &LOCKED_INCREMENT], [&LOCKED_INCREMENT, &locked], [&locked, &INCREMENT]]
        {
            assert_eq!(
                finals(threads),
                by_counting(threads),
                "{threads:?}: what `x` may be, and in how many orders"
            );
        }
    });
}
