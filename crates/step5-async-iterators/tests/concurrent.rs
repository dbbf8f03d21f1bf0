//! What overlaps, in which order it comes out, and when.
#![allow(clippy::unwrap_used, reason = "a test may")]

mod support;

use std::cell::Cell;
use std::future::{pending, poll_fn, ready};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::rc::Rc;
use std::task::Poll;
use std::time::Duration;

use step2::yield_now;
use step3::{Clock, Elapsed, ManualClock, now, sleep, timeout};
use step4::{EventLoop, ThreadPool, spawn};
use step5::{AsyncIterator, for_await, from_iter};
use support::{SECOND, run, sleeper, slowly, strict, turns_beside};

/// Notes the second at which each item comes.
async fn with_times<I: AsyncIterator>(items: I) -> Vec<(I::Item, u64)> {
    items.map(|item| (item, now().as_secs())).collect().await
}

// Windows of futures.

#[test]
fn buffered_runs_its_futures_at_once_and_keeps_their_order() {
    run(async {
        let naps = from_iter([3, 1, 2]).map(sleeper).buffered(3);
        assert_eq!(with_times(naps).await, [(3, 3), (1, 3), (2, 3)]);
    });
}

/// Its place in the window was kept for the output that never came, and whoever asked again waited for ever.
#[test]
fn a_future_that_panics_in_a_window_keeps_no_other_from_coming_out() {
    let with_a_bad_one = || {
        from_iter(1..=5).map(|n| async move {
            sleep(if n == 1 { SECOND * 2 } else { SECOND }).await;
            assert_ne!(n, 2, "no bread");
            n
        })
    };
    for limit in 1..=5 {
        let in_order = outputs_and_panics(with_a_bad_one().buffered(limit));
        assert_eq!(in_order.iter().flatten().copied().collect::<Vec<_>>(), [1, 3, 4, 5]);
        assert_eq!(in_order.len(), 5, "one panic");
        let mut unordered = outputs_and_panics(with_a_bad_one().buffer_unordered(limit));
        unordered.sort();
        assert_eq!(unordered, [None, Some(1), Some(3), Some(4), Some(5)]);
    }
}

/// Asks until the end, and notes a panic as `None`.
fn outputs_and_panics(items: impl AsyncIterator<Item = u32> + 'static) -> Vec<Option<u32>> {
    run(async move {
        let (mut items, mut seen) = (Box::pin(items), Vec::new());
        loop {
            let next = poll_fn(|cx| match catch_unwind(AssertUnwindSafe(|| items.as_mut().poll_next(cx))) {
                Ok(polled) => polled.map(Ok),
                Err(_panic) => Poll::Ready(Err(())),
            });
            match next.await {
                Ok(Some(output)) => seen.push(Some(output)),
                Ok(None) => return seen,
                Err(()) => seen.push(None),
            }
        }
    })
}

#[test]
fn buffer_unordered_hands_them_out_as_they_come() {
    run(async {
        let naps = from_iter([3, 1, 2]).map(sleeper).buffer_unordered(3);
        assert_eq!(with_times(naps).await, [(1, 1), (2, 2), (3, 3)]);
    });
}

#[test]
fn a_window_of_one_runs_them_one_after_the_other() {
    run(async {
        let naps = from_iter([1, 2]).map(sleeper).buffered(1);
        assert_eq!(with_times(naps).await, [(1, 1), (2, 3)]);
        let naps = from_iter([1, 2]).map(sleeper).buffer_unordered(1);
        assert_eq!(with_times(naps).await, [(1, 4), (2, 6)]);
    });
}

#[test]
fn the_next_future_starts_as_soon_as_there_is_room() {
    run(async {
        let naps = from_iter([5, 1, 2]).map(sleeper).buffer_unordered(2);
        assert_eq!(with_times(naps).await, [(1, 1), (2, 3), (5, 5)]);
    });
}

#[test]
fn never_more_than_the_limit_are_in_flight() {
    run(async {
        let (flying, most) = (Rc::new(Cell::new(0)), Rc::new(Cell::new(0)));
        let fly = {
            let most = Rc::clone(&most);
            move |n: u32| {
                let (flying, most) = (Rc::clone(&flying), Rc::clone(&most));
                async move {
                    flying.set(flying.get() + 1);
                    most.set(most.get().max(flying.get()));
                    sleep(n % 7 * SECOND).await;
                    flying.set(flying.get() - 1);
                    n
                }
            }
        };
        let mut unordered: Vec<_> = from_iter(0..100).map(fly.clone()).buffer_unordered(10).collect().await;
        unordered.sort_unstable();
        assert!(unordered.into_iter().eq(0..100));
        assert_eq!(most.replace(0), 10);
        let ordered: Vec<_> = from_iter(0..100).map(fly).buffered(10).collect().await;
        assert!(ordered.into_iter().eq(0..100));
        assert_eq!(most.get(), 10);
    });
}

#[test]
fn buffered_counts_what_is_done_but_not_due_so_a_slow_first_holds_the_rest_back() {
    run(async {
        let (items, asked) = strict(from_iter([5, 1, 1, 1]));
        let mut naps = items.map(sleeper).buffered(2);
        assert_eq!(naps.next().await, Some(5));
        assert_eq!((asked.get(), now()), (2, 5 * SECOND));
        assert_eq!(with_times(naps).await, [(1, 5), (1, 6), (1, 6)]);
    });
}

#[test]
fn outputs_come_while_the_iterator_itself_has_to_wait() {
    run(async {
        let naps = slowly([1, 10]).map(|seconds| sleeper(seconds * 2)).buffered(2);
        assert_eq!(with_times(naps).await, [(2, 3), (20, 31)]);
        let start = now().as_secs();
        let naps = slowly([1, 10]).map(|seconds| sleeper(seconds * 2)).buffer_unordered(2);
        assert_eq!(with_times(naps).await, [(2, start + 3), (20, start + 31)]);
    });
}

#[test]
fn a_window_that_runs_empty_waits_for_the_iterator() {
    run(async {
        let ready_at_once = |n| ready(n);
        assert_eq!(with_times(slowly([1, 2]).map(ready_at_once).buffered(2)).await, [(1, 1), (2, 3)]);
        let start = now().as_secs();
        let items = with_times(slowly([1, 2]).map(ready_at_once).buffer_unordered(2)).await;
        assert_eq!(items, [(1, start + 1), (2, start + 3)]);
    });
}

#[test]
fn windows_stay_ended_and_do_not_ask_again() {
    run(async {
        let mut ordered = strict(from_iter([1])).0.map(ready).buffered(2);
        assert_eq!((ordered.next().await, ordered.next().await, ordered.next().await), (Some(1), None, None));
        let mut unordered = strict(from_iter([1])).0.map(ready).buffer_unordered(2);
        let items = (unordered.next().await, unordered.next().await, unordered.next().await);
        assert_eq!(items, (Some(1), None, None));
    });
}

#[test]
fn dropping_a_window_drops_the_futures_in_it() {
    run(async {
        let witness = Rc::new(());
        let inside = Rc::clone(&witness);
        let futures = from_iter(0..10).map(move |_| {
            let witness = Rc::clone(&inside);
            async move {
                pending::<()>().await;
                drop(witness);
            }
        });
        let mut window = futures.buffered(4);
        assert!(timeout(SECOND, window.next()).await.is_err());
        assert_eq!(Rc::strong_count(&witness), 2 + 4);
        drop(window);
        assert_eq!(Rc::strong_count(&witness), 1);
    });
}

/// Sleeps for a second, so many times.
async fn work(steps: u32) {
    for _ in 0..steps {
        sleep(SECOND).await;
    }
}

/// Asks for two outputs and sleeps for ten seconds in between, as a loop's body might. Returns when the second came.
async fn with_a_long_body(window: impl AsyncIterator) -> Duration {
    let mut window = pin!(window);
    window.next().await;
    assert_eq!(now(), SECOND);
    sleep(10 * SECOND).await;
    window.next().await;
    now()
}

#[test]
fn futures_in_a_window_stand_still_while_the_body_awaits_something_else() {
    run(async {
        // The second has one step of four behind it when the first is done. That the next is over goes unnoticed.
        let stalled = from_iter([1, 4]).map(work).buffered(2);
        assert_eq!(with_a_long_body(stalled).await, (1 + 10 + 2) * SECOND);
    });
}

#[test]
fn tasks_in_a_window_get_on_meanwhile() {
    run(async {
        let spawned = from_iter([1, 4]).map(|steps| spawn(work(steps))).buffered(2);
        assert_eq!(with_a_long_body(spawned).await, (1 + 10) * SECOND);
    });
}

#[test]
fn filling_a_window_with_a_thousand_futures_lets_another_task_run() {
    run(async {
        let futures = || from_iter(0..1_000).map(|_| yield_now());
        assert!(turns_beside(futures().buffered(1_000).next()).await >= 1_000 / 128);
        assert!(turns_beside(futures().buffer_unordered(1_000).next()).await >= 1_000 / 128);
    });
}

#[test]
#[should_panic(expected = "`buffered(0)` could never start a future")]
fn a_window_of_none_is_refused() {
    drop(from_iter([1]).map(ready).buffered(0));
}

#[test]
#[should_panic(expected = "`buffer_unordered(0)` could never start a future")]
fn an_unordered_window_of_none_is_refused() {
    drop(from_iter([1]).map(ready).buffer_unordered(0));
}

#[test]
#[cfg_attr(miri, ignore = "the library behind the pool's queues is unsound in the eyes of Miri")]
fn a_window_may_move_to_the_workers_of_a_pool() {
    let pool = ThreadPool::new(2).unwrap();
    let outputs = run(async move {
        let naps = from_iter([2, 1]).map(async |ms| {
            sleep(Duration::from_millis(ms)).await;
            ms
        });
        let naps = naps.buffered(2).merge(from_iter([7])).timeout_each(60 * SECOND);
        pool.spawn(naps.collect::<Vec<_>>()).await.unwrap()
    });
    assert_eq!(outputs, [Ok(7), Ok(2), Ok(1)]);
}

// Two at once.

#[test]
fn merge_gives_the_items_of_both_as_they_come() {
    run(async {
        let both = slowly([1, 3, 1]).merge(slowly([2, 4, 2]));
        assert_eq!(with_times(both).await, [(1, 1), (2, 2), (3, 4), (1, 5), (4, 6), (2, 8)]);
    });
}

#[test]
fn merge_alternates_between_two_that_are_always_ready() {
    run(async {
        let both = from_iter([1; 100]).merge(from_iter([2; 100])).take(6);
        assert_eq!(both.collect::<Vec<_>>().await, [1, 2, 1, 2, 1, 2]);
    });
}

#[test]
fn merge_goes_on_with_one_when_the_other_has_ended_and_then_stays_ended() {
    run(async {
        let mut both = strict(from_iter([1])).0.merge(strict(from_iter([2, 3, 4])).0);
        assert_eq!((&mut both).collect::<Vec<_>>().await, [1, 2, 3, 4]);
        assert_eq!((both.next().await, both.next().await), (None, None));
        let mut both = strict(from_iter([1, 2, 3])).0.merge(strict(from_iter([4])).0);
        assert_eq!((&mut both).collect::<Vec<_>>().await, [1, 4, 2, 3]);
        assert_eq!((both.next().await, both.next().await), (None, None));
    });
}

// The clock.

#[test]
fn timeout_each_gives_an_elapsed_in_the_place_of_a_late_item_and_then_the_item() {
    run(async {
        let items = slowly([1, 5, 1]).timeout_each(2 * SECOND);
        let expected = [(Ok(1), 1), (Err(Elapsed), 3), (Err(Elapsed), 5), (Ok(5), 6), (Ok(1), 7)];
        assert_eq!(with_times(items).await, expected);
    });
}

#[test]
fn timeout_each_counts_from_when_the_item_is_asked_for() {
    run(async {
        let mut items = slowly([1, 1]).timeout_each(2 * SECOND);
        for _ in 0..2 {
            sleep(10 * SECOND).await;
            assert_eq!(items.next().await, Some(Ok(1)));
        }
        assert_eq!(items.next().await, None);
    });
}

#[test]
fn timeout_each_counts_what_the_iterator_does_before_it_waits() {
    let clock = ManualClock::new();
    let event_loop = EventLoop::with_clock(Clock::from(&clock)).unwrap();
    event_loop.run(async move {
        let computes_for_a_second = from_iter([3]).map(move |seconds| {
            clock.advance(SECOND);
            sleeper(seconds)
        });
        let mut items = computes_for_a_second.buffered(1).timeout_each(2 * SECOND);
        assert_eq!(items.next().await, Some(Err(Elapsed)));
        assert_eq!(now(), 2 * SECOND);
    });
}

#[test]
fn timeout_each_gives_a_late_item_that_is_there_when_somebody_asks() {
    run(async {
        let mut items = slowly([3]).timeout_each(2 * SECOND);
        assert!(timeout(SECOND, items.next()).await.is_err(), "whoever asked gave up");
        sleep(10 * SECOND).await;
        assert_eq!(items.next().await, Some(Ok(3)));
    });
}

#[test]
fn timeout_each_of_no_time_still_gives_what_is_ready() {
    run(async {
        let items = from_iter([1]).chain(slowly([1])).timeout_each(Duration::ZERO);
        assert_eq!(items.take(2).collect::<Vec<_>>().await, [Ok(1), Err(Elapsed)]);
        assert!(now().is_zero());
    });
}

#[test]
fn throttle_gives_the_first_at_once_and_the_others_with_a_pause_between() {
    run(async {
        let items = from_iter(["a", "b", "c"]).throttle(2 * SECOND);
        assert_eq!(with_times(items).await, [("a", 0), ("b", 2), ("c", 4)]);
        assert_eq!(now(), 6 * SECOND, "the end comes after a pause, too");
    });
}

#[test]
fn throttle_does_not_ask_before_the_pause_is_over() {
    run(async {
        let (items, asked) = strict(slowly([1, 1]));
        let mut slow = items.throttle(5 * SECOND);
        assert_eq!(slow.next().await, Some(1));
        let before = asked.get();
        assert!(timeout(4 * SECOND, slow.next()).await.is_err());
        assert_eq!(asked.get(), before);
        assert_eq!(slow.next().await, Some(1));
        assert_eq!(now(), (1 + 5 + 1) * SECOND);
    });
}

#[test]
fn throttle_adds_nothing_to_a_body_that_takes_longer() {
    run(async {
        let mut times = Vec::new();
        for_await!(_n in from_iter(0..3).throttle(2 * SECOND) => {
            times.push(now().as_secs());
            sleep(5 * SECOND).await;
        });
        assert_eq!(times, [0, 5, 10]);
    });
}

// All of them.

/// Collects the items, and gives up on each `next` every 300 milliseconds.
async fn impatiently<I: AsyncIterator>(items: I) -> Vec<I::Item> {
    let mut items = Box::pin(items);
    let mut seen = Vec::new();
    loop {
        match timeout(Duration::from_millis(300), items.next()).await {
            Ok(Some(item)) => seen.push(item),
            Ok(None) => return seen,
            Err(Elapsed) => {}
        }
    }
}

#[test]
fn no_adapter_loses_an_item_when_next_is_dropped() {
    run(async {
        assert_eq!(impatiently(slowly([2, 1, 1]).map(|n| n + 1)).await, [3, 2, 2]);
        assert_eq!(impatiently(slowly([2, 1, 1]).filter(|n| *n < 2)).await, [1, 1]);
        assert_eq!(impatiently(slowly([2, 1]).chain(slowly([3]))).await, [2, 1, 3]);
        assert_eq!(impatiently(slowly([2, 1]).zip(slowly([1, 2]))).await, [(2, 1), (1, 2)]);
        assert_eq!(impatiently(slowly([1, 3]).merge(slowly([2, 3]))).await, [1, 2, 3, 3]);
        assert_eq!(impatiently(slowly([1, 1]).map(sleeper).buffered(2)).await, [1, 1]);
        assert_eq!(impatiently(from_iter([3, 1]).map(sleeper).buffer_unordered(2)).await, [1, 3]);
        assert_eq!(impatiently(slowly([2, 1]).throttle(SECOND)).await, [2, 1]);
        let timed = impatiently(slowly([3]).timeout_each(2 * SECOND)).await;
        assert_eq!(timed, [Err(Elapsed), Ok(3)]);
    });
}
