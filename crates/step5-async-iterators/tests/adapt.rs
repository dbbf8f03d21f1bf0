//! The loop, the budget, and the adapters that give one item at a time.
#![allow(clippy::unwrap_used, reason = "a test may")]

mod support;

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::marker::PhantomPinned;
use std::num::ParseIntError;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Poll};

use step2::yield_now;
use step3::{now, sleep, timeout};
use step4::spawn;
use step5::{AsyncIterator, for_await, from_iter};
use support::{SECOND, run, sleeper, slowly, strict, turns_beside};
use timeline::probe::note;

// The loop.

#[test]
fn break_leaves_the_loop_and_the_rest_of_a_borrowed_iterator_is_still_there() {
    run(async {
        let mut numbers = from_iter(1..=3);
        for_await!(n in &mut numbers => {
            assert_eq!(n, 1);
            break;
        });
        assert_eq!(numbers.collect::<Vec<_>>().await, [2, 3]);
    });
}

#[test]
fn leaving_the_loop_drops_an_iterator_that_it_owns() {
    run(async {
        let witness = Rc::new(());
        let inside = Rc::clone(&witness);
        let items = from_iter(1..).map(move |n| (n, Rc::strong_count(&inside)));
        for_await!((n, owners) in items => {
            assert_eq!(owners, 2);
            if n == 3 {
                break;
            }
        });
        assert_eq!(Rc::strong_count(&witness), 1);
    });
}

#[test]
fn continue_goes_on_with_the_next_item() {
    run(async {
        let mut odd = Vec::new();
        for_await!(n in from_iter(1..=5) => {
            if n % 2 == 0 {
                continue;
            }
            odd.push(n);
        });
        assert_eq!(odd, [1, 3, 5]);
    });
}

#[test]
fn break_and_continue_with_a_label_are_those_of_the_loop_around() {
    run(async {
        let mut seen = Vec::new();
        'rows: for row in 0..3 {
            for_await!(column in from_iter(0..3) => {
                if column > row {
                    continue 'rows;
                }
                seen.push((row, column));
                if row == 1 {
                    break 'rows;
                }
            });
        }
        assert_eq!(seen, [(0, 0), (1, 0)]);
    });
}

#[test]
fn a_question_mark_in_the_body_leaves_the_function() {
    async fn sum(words: &[&str]) -> Result<i32, ParseIntError> {
        let mut sum = 0;
        for_await!(word in from_iter(words) => {
            sum += word.parse::<i32>()?;
        });
        Ok(sum)
    }
    run(async {
        assert_eq!(sum(&["1", "2"]).await, Ok(3));
        assert!(sum(&["1", "two", "3"]).await.is_err());
    });
}

#[test]
fn return_in_the_body_leaves_the_function() {
    async fn first_even(numbers: &[u32]) -> Option<u32> {
        for_await!(&n in from_iter(numbers) => {
            if n % 2 == 0 {
                return Some(n);
            }
        });
        None
    }
    run(async {
        assert_eq!(first_even(&[1, 4, 6]).await, Some(4));
        assert_eq!(first_even(&[1, 3]).await, None);
    });
}

#[test]
fn the_items_may_be_taken_apart_by_a_pattern() {
    struct Reading {
        place: &'static str,
        degrees: i32,
    }
    run(async {
        let readings = [Reading { place: "cellar", degrees: 12 }, Reading { place: "attic", degrees: 31 }];
        let mut lines = Vec::new();
        for_await!((n, Reading { place, mut degrees }) in from_iter(readings).enumerate() => {
            degrees += 1;
            lines.push(format!("{n} {place} {degrees}"));
        });
        assert_eq!(lines, ["0 cellar 13", "1 attic 32"]);
    });
}

#[test]
#[allow(clippy::await_holding_refcell_ref, reason = "this is what the test is about")]
fn a_temporary_in_the_expression_lives_as_long_as_the_loop() {
    run(async {
        let shelf = RefCell::new(vec![1, 2, 3]);
        let mut sum = 0;
        // The guard that `borrow` returns is a temporary, and the iterator refers to it.
        for_await!(n in from_iter(shelf.borrow().iter()) => {
            yield_now().await;
            assert!(shelf.try_borrow_mut().is_err());
            sum += n;
        });
        assert_eq!(sum, 6);
        assert!(shelf.try_borrow_mut().is_ok());
    });
}

#[test]
fn an_iterator_that_must_not_move_is_pinned_by_the_loop() {
    struct CountDown {
        left: Cell<u32>,
        _stays: PhantomPinned,
    }
    impl AsyncIterator for CountDown {
        type Item = u32;

        fn poll_next(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<Option<u32>> {
            let left = self.left.get().checked_sub(1);
            self.left.set(left.unwrap_or(0));
            Poll::Ready(left)
        }
    }
    run(async {
        let mut seen = Vec::new();
        let items = CountDown { left: Cell::new(3), _stays: PhantomPinned };
        for_await!(n in items.map(|n| n * 10) => {
            seen.push(n);
        });
        assert_eq!(seen, [20, 10, 0]);
    });
}

#[test]
fn the_loop_is_sequential_so_body_and_iterator_alternate() {
    let ((), timeline) = timeline::record(|| {
        run(async {
            let items = from_iter([1, 2]).map(|n| async move {
                note(|| format!("item {n} asked for"));
                sleep(SECOND).await;
                note(|| format!("item {n} there"));
                n
            });
            for_await!(n in items.buffered(1) => {
                note(|| format!("body {n} begins"));
                sleep(SECOND).await;
                note(|| format!("body {n} ends"));
            });
            assert_eq!(now(), 4 * SECOND);
        });
    });
    let expected = ["item 1 asked for", "item 1 there", "body 1 begins", "body 1 ends"];
    let expected = expected.into_iter().map(str::to_owned);
    let again = expected.clone().map(|line| line.replace('1', "2"));
    assert_eq!(timeline.notes(), expected.chain(again).collect::<Vec<_>>());
}

#[test]
fn other_tasks_run_only_while_the_loop_is_suspended() {
    let ((), timeline) = timeline::record(|| {
        run(async {
            drop(spawn(async {
                for turn in 1..=2 {
                    note(|| format!("other {turn}"));
                    yield_now().await;
                }
            }));
            for_await!(n in from_iter(1..=2) => {
                note(|| format!("ready {n}"));
            });
            for_await!(n in from_iter(1..=2) => {
                note(|| format!("awaiting {n}"));
                yield_now().await;
            });
        });
    });
    assert_eq!(timeline.notes(), ["ready 1", "ready 2", "awaiting 1", "other 1", "awaiting 2", "other 2"]);
}

#[test]
fn a_next_that_is_dropped_while_it_waits_loses_nothing() {
    run(async {
        let mut items = slowly([2, 1]);
        assert!(timeout(SECOND, items.next()).await.is_err());
        assert_eq!(items.next().await, Some(2));
        assert_eq!(now(), 2 * SECOND);
        assert_eq!(items.next().await, Some(1));
        assert_eq!(items.next().await, None);
    });
}

// The budget: a thousand items that are ready let another task have some turns.

const READY: usize = 1_000;
const AT_LEAST: usize = READY / 128;

#[test]
fn a_thousand_ready_items_in_a_loop_let_another_task_run() {
    run(async {
        let turns = turns_beside(async {
            let mut count = 0;
            for_await!(_n in from_iter(0..READY) => {
                count += 1;
            });
            assert_eq!(count, READY);
        });
        assert!(turns.await >= AT_LEAST);
    });
}

#[test]
fn a_thousand_ready_items_of_which_none_is_kept_let_another_task_run() {
    run(async {
        let mut none = from_iter(0..READY).filter(|_| false);
        assert!(turns_beside(none.next()).await >= AT_LEAST);
    });
}

#[test]
fn collecting_a_thousand_ready_items_lets_another_task_run() {
    run(async {
        assert!(turns_beside(from_iter(0..READY).collect::<Vec<_>>()).await >= AT_LEAST);
    });
}

#[test]
fn folding_a_thousand_ready_items_lets_another_task_run() {
    run(async {
        assert!(turns_beside(from_iter(0..READY).fold(0, |sum, n| sum + n)).await >= AT_LEAST);
    });
}

#[test]
fn a_budget_that_is_used_up_loses_no_item() {
    run(async {
        let kept = from_iter(0..READY).filter(|n| n % 3 == 0).map(|n| n / 3).enumerate();
        for_await!((n, item) in kept => {
            assert_eq!(n, item);
        });
    });
}

// The adapters.

#[test]
fn map_and_enumerate_give_an_item_for_an_item() {
    run(async {
        let lines = slowly([1, 2]).enumerate().map(|(n, seconds)| format!("{n}: {seconds}"));
        assert_eq!(lines.collect::<Vec<_>>().await, ["0: 1", "1: 2"]);
        assert_eq!(now(), 3 * SECOND);
    });
}

#[test]
fn filter_waits_on_through_the_items_that_it_drops() {
    run(async {
        let mut long = slowly([1, 1, 3, 1]).filter(|seconds| *seconds > 1);
        assert_eq!(long.next().await, Some(3));
        assert_eq!(now(), 5 * SECOND);
        assert_eq!(long.next().await, None);
    });
}

#[test]
fn take_asks_for_so_many_items_and_not_once_more() {
    run(async {
        let (items, asked) = strict(from_iter(1..=3));
        let mut two = items.take(2);
        assert_eq!((&mut two).collect::<Vec<_>>().await, [1, 2]);
        assert_eq!(two.next().await, None);
        assert_eq!(asked.get(), 2);
    });
}

#[test]
fn take_of_none_does_not_ask_at_all() {
    run(async {
        let (items, asked) = strict(slowly([3600]));
        assert_eq!(items.take(0).next().await, None);
        assert_eq!(asked.get(), 0);
    });
}

#[test]
fn take_of_more_than_there_are_ends_with_them_and_does_not_ask_again() {
    run(async {
        let mut items = strict(from_iter([1])).0.take(5);
        assert_eq!(items.next().await, Some(1));
        assert_eq!(items.next().await, None);
        assert_eq!(items.next().await, None);
    });
}

#[test]
fn take_while_ends_at_the_first_that_fails_and_does_not_ask_again() {
    run(async {
        let (items, asked) = strict(from_iter([1, 2, 30, 4]));
        let mut small = items.take_while(|n| *n < 10);
        assert_eq!((&mut small).collect::<Vec<_>>().await, [1, 2]);
        assert_eq!(small.next().await, None);
        assert_eq!(asked.get(), 3);
    });
}

#[test]
fn fuse_drops_the_iterator_at_its_end_and_goes_on_returning_none() {
    run(async {
        let witness = Rc::new(());
        let inside = Rc::clone(&witness);
        let items = strict(from_iter([1])).0.map(move |n| n + Rc::strong_count(&inside));
        let mut fused = items.fuse();
        assert_eq!(fused.next().await, Some(3));
        assert_eq!(fused.next().await, None);
        assert_eq!(Rc::strong_count(&witness), 1);
        assert_eq!(fused.next().await, None);
    });
}

#[test]
fn chain_asks_the_second_only_after_the_end_of_the_first() {
    run(async {
        let (second, asked) = strict(slowly([1]));
        let mut both = strict(slowly([1, 2])).0.chain(second);
        assert_eq!((both.next().await, both.next().await), (Some(1), Some(2)));
        assert_eq!(asked.get(), 0);
        assert_eq!(both.next().await, Some(1));
        assert_eq!(now(), 4 * SECOND);
        assert_eq!((both.next().await, both.next().await), (None, None));
    });
}

#[test]
fn zip_waits_for_both_sides_at_once() {
    run(async {
        let pairs = slowly([1, 5]).zip(slowly([2, 3]));
        assert_eq!(pairs.collect::<Vec<_>>().await, [(1, 2), (5, 3)]);
        assert_eq!(now(), 7 * SECOND);
    });
}

#[test]
fn zip_keeps_the_item_of_one_side_while_the_other_is_pending() {
    run(async {
        let (quick, asked) = strict(from_iter(["a", "b"]));
        let mut pairs = quick.zip(slowly([3, 1]));
        assert!(timeout(SECOND, pairs.next()).await.is_err());
        assert!(timeout(SECOND, pairs.next()).await.is_err());
        assert_eq!(pairs.next().await, Some(("a", 3)));
        assert_eq!(asked.get(), 1, "once for the first, however often the pair was asked for");
        assert_eq!(pairs.next().await, Some(("b", 1)));
        assert_eq!(now(), 4 * SECOND);
    });
}

#[test]
fn zip_ends_with_either_side_and_stays_ended() {
    run(async {
        let mut second_is_shorter = strict(from_iter([1, 2, 3])).0.zip(strict(from_iter([4])).0);
        assert_eq!(second_is_shorter.next().await, Some((1, 4)));
        assert_eq!(second_is_shorter.next().await, None);
        assert_eq!(second_is_shorter.next().await, None);
        let mut first_is_shorter = strict(from_iter([1])).0.zip(strict(from_iter([4, 5])).0);
        assert_eq!(first_is_shorter.next().await, Some((1, 4)));
        assert_eq!(first_is_shorter.next().await, None);
        assert_eq!(first_is_shorter.next().await, None);
    });
}

#[test]
fn zip_ends_at_once_even_if_the_other_side_still_waits() {
    run(async {
        assert_eq!(slowly([3600]).zip(from_iter([0; 0])).next().await, None);
        assert_eq!(from_iter([0; 0]).zip(slowly([3600])).next().await, None);
        assert!(now().is_zero());
    });
}

#[test]
fn collect_fills_whatever_can_be_extended() {
    run(async {
        let word: String = from_iter(["a", "b"]).collect().await;
        assert_eq!(word, "ab");
        let by_name: HashMap<_, _> = from_iter([("one", 1), ("two", 2)]).collect().await;
        assert_eq!(by_name["two"], 2);
    });
}

#[test]
fn fold_hands_a_value_that_cannot_be_copied_from_item_to_item() {
    run(async {
        let trace =
            slowly([1, 2]).fold(String::from("start"), |trace, seconds| trace + "," + &seconds.to_string());
        assert_eq!(trace.await, "start,1,2");
    });
}

#[test]
#[should_panic(expected = "`Fold` was polled after it had returned Ready")]
fn fold_says_so_when_it_is_polled_again() {
    run(async {
        let mut sum = pin!(from_iter([1, 2]).fold(0, |sum, n| sum + n));
        assert_eq!(sum.as_mut().await, 3);
        sum.await;
    });
}

#[test]
fn adapters_of_adapters_need_no_pin_and_no_box() {
    run(async {
        let lines = from_iter([2, 1])
            .map(sleeper)
            .buffered(2)
            .zip(from_iter("ab".chars()))
            .chain(from_iter([(9, 'z')]))
            .filter(|(seconds, _)| *seconds != 1)
            .fuse();
        assert_eq!(lines.collect::<Vec<_>>().await, [(2, 'a'), (9, 'z')]);
    });
}

#[test]
fn an_iterator_in_a_box_without_a_type_has_all_the_methods() {
    run(async {
        let chosen: [Pin<Box<dyn AsyncIterator<Item = u32>>>; 2] =
            [Box::pin(slowly([1])), Box::pin(from_iter([2]))];
        for items in chosen {
            assert_eq!(items.map(|n| n * 2).collect::<Vec<_>>().await.len(), 1);
        }
    });
}
