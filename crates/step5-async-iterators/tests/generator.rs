//! Generators: when their bodies run, what `break` and `close` do, and what becomes of the clean-ups.
#![allow(clippy::unwrap_used, reason = "a test may")]

mod support;

use std::cell::Cell;
use std::future::{Future, pending, ready};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use step2::{Either, join, oneshot, race, yield_now};
use step3::{Clock, ManualClock, now, sleep, timeout};
use step4::{EventLoop, join_all, select, spawn};
use step5::scope::{inside, leave};
use step5::{AsyncIterator, Generator, Scope, Yielder, for_await, generator, try_generator};
use support::{
    SECOND, SaysOnDrop, Wakes, notes_of, panic_at, panic_of, poll, poll_with, run, say, sleeper, turns_beside,
};

/// Registers a clean-up that takes a second, and says when it begins and ends.
fn finally<T>(y: &Yielder<T>, name: &'static str) {
    y.finally(async move {
        say(format!("{name} begins"));
        sleep(SECOND).await;
        say(format!("{name} ends"));
    });
}

/// Counts from 1 on, with a destructor and a clean-up.
fn counting() -> Generator<'static, u32> {
    generator(|y| async move {
        let _local = SaysOnDrop("destructor");
        finally(&y, "finally");
        for n in 1.. {
            y.emit(n).await;
        }
    })
}

// When the body runs.

#[test]
fn nothing_of_the_body_runs_before_the_first_item_is_asked_for() {
    let notes = notes_of(async {
        let mut items = generator(|y| async move {
            say("body");
            y.emit(1).await;
        });
        say("made");
        sleep(SECOND).await;
        say("asking");
        assert_eq!(items.next().await, Some(1));
    });
    assert_eq!(notes, ["made at 0", "asking at 1", "body at 1"]);
}

#[test]
fn the_body_stands_still_while_the_loop_is_busy_with_an_item() {
    let notes = notes_of(async {
        let items = generator(|y| async move {
            for n in 1..=2 {
                say(format!("body makes {n}"));
                sleep(SECOND).await;
                y.emit(n).await;
                say(format!("body goes on after {n}"));
            }
        });
        for_await!(n in items => {
            say(format!("loop has {n}"));
            sleep(10 * SECOND).await;
        });
        say("end");
    });
    let expected = [
        "body makes 1 at 0",
        "loop has 1 at 1",
        "body goes on after 1 at 11",
        "body makes 2 at 11",
        "loop has 2 at 12",
        "body goes on after 2 at 22",
        "end at 22",
    ];
    assert_eq!(notes, expected);
}

#[test]
fn a_timer_in_the_body_runs_on_while_nobody_asks() {
    run(async {
        let mut items = generator(|y| async move {
            let nap = sleep(3 * SECOND);
            let mut nap = pin!(race(nap, pending::<()>()));
            assert!(timeout(SECOND, nap.as_mut()).await.is_err());
            y.emit("early").await;
            nap.await;
            y.emit("late").await;
        });
        assert_eq!((items.next().await, now()), (Some("early"), SECOND));
        sleep(4 * SECOND).await;
        assert_eq!((items.next().await, now()), (Some("late"), 5 * SECOND), "it was due at 3");
    });
}

#[test]
fn an_item_that_is_asked_for_and_given_up_comes_at_the_next_question() {
    run(async {
        let mut items = generator(|y| async move {
            for seconds in [3, 1] {
                y.emit(sleeper(seconds).await).await;
            }
        });
        assert!(timeout(SECOND, items.next()).await.is_err());
        assert_eq!((items.next().await, now()), (Some(3), 3 * SECOND));
        assert_eq!((items.next().await, now()), (Some(1), 4 * SECOND));
        assert_eq!(items.next().await, None);
    });
}

#[test]
fn a_generator_may_be_asked_by_one_task_after_another() {
    run(async {
        let mut items = counting();
        assert_eq!(items.next().await, Some(1));
        let mut items = spawn(async move {
            assert_eq!(items.next().await, Some(2));
            items
        })
        .await
        .unwrap();
        assert_eq!(items.next().await, Some(3));
    });
}

#[test]
fn a_body_that_waits_wakes_whoever_has_asked_last() {
    let (sender, receiver) = oneshot();
    let mut items = generator(|y| async move { y.emit(receiver.await.unwrap()).await });
    let (older, newer) = (Arc::new(Wakes::default()), Arc::new(Wakes::default()));
    assert!(poll_with(&mut items.next(), &older.waker()).is_pending());
    assert!(poll_with(&mut items.next(), &newer.waker()).is_pending());
    sender.send(7).unwrap();
    assert_eq!((older.take(), newer.take()), (0, 1));
    assert_eq!(poll(&mut items.next()), std::task::Poll::Ready(Some(7)));
}

#[test]
fn a_generator_that_never_waits_lets_others_run() {
    run(async {
        let items = generator(|y| async move {
            for n in 0..10_000 {
                y.emit(n).await;
            }
        });
        let turns = turns_beside(items.collect::<Vec<_>>()).await;
        assert!((10_000 / 128..10_000 / 32).contains(&turns), "{turns} turns");
    });
}

#[test]
fn a_generator_may_be_made_of_another_one() {
    run(async {
        let mut inner = counting();
        let mut tens = generator(|y| async move {
            while let Some(n) = inner.next().await {
                y.emit(10 * n).await;
            }
        });
        assert_eq!((tens.next().await, tens.next().await), (Some(10), Some(20)));
    });
}

#[test]
fn a_generator_may_emit_from_the_loop_over_another_one() {
    run(async {
        let pairs = generator(|y| async move {
            for_await!(tens in counting().take(2) => {
                for_await!(ones in counting().take(2) => { y.emit(10 * tens + ones).await; });
            });
        });
        assert_eq!(pairs.collect::<Vec<_>>().await, [11, 12, 21, 22]);
    });
}

// Python's `async def __aiter__`: a method that returns a fresh generator, which borrows.

struct Shelf {
    books: Vec<String>,
    asked: Cell<u32>,
}

impl Shelf {
    fn new() -> Self {
        Self { books: vec!["SICP".into(), "TAPL".into()], asked: Cell::new(0) }
    }

    fn iter(&self) -> Generator<'_, &str> {
        generator(move |y| async move {
            for book in &self.books {
                self.asked.set(self.asked.get() + 1);
                yield_now().await;
                y.emit(book.as_str()).await;
            }
        })
    }
}

#[test]
fn a_method_returns_a_fresh_generator_for_each_loop_at_once() {
    run(async {
        let shelf = Shelf::new();
        for _ in 0..2 {
            let mut titles = Vec::new();
            for_await!(title in shelf.iter() => { titles.push(title); });
            assert_eq!(titles, ["SICP", "TAPL"]);
        }
        assert_eq!(shelf.asked.get(), 4);
    });
}

#[test]
fn two_generators_of_one_method_run_side_by_side() {
    run(async {
        let shelf = Shelf::new();
        let (mut one, mut other) = (shelf.iter(), shelf.iter());
        assert_eq!(
            (one.next().await, one.next().await, other.next().await),
            (Some("SICP"), Some("TAPL"), Some("SICP"))
        );
        assert_eq!((one.next().await, other.next().await), (None, Some("TAPL")));
    });
}

#[test]
fn what_a_generator_has_borrowed_is_free_again_when_it_is_dropped() {
    run(async {
        let mut shelf = Shelf::new();
        for_await!(_title in shelf.iter() => { break; });
        shelf.books.clear();
        assert_eq!(shelf.iter().next().await, None);
    });
}

// Leaving early: break.

#[test]
fn break_runs_destructors_at_once_and_the_clean_up_later_in_another_task() {
    let notes = notes_of(async {
        for_await!(n in counting() => {
            if n == 2 {
                break;
            }
        });
        say("after the loop");
        sleep(2 * SECOND).await;
        say("later");
    });
    let expected =
        ["destructor", "after the loop at 0", "finally begins at 0", "finally ends at 1", "later at 2"];
    assert_eq!(notes, expected);
}

#[test]
fn the_clean_up_after_a_break_does_not_run_before_the_loops_task_waits() {
    let notes = notes_of(async {
        for_await!(_n in counting() => { break; });
        drop(spawn(async { say("a task spawned after the break") }));
        say("no await yet");
        yield_now().await;
    });
    assert_eq!(notes[..3], ["destructor", "no await yet at 0", "finally begins at 0"]);
    assert!(notes.contains(&"a task spawned after the break at 0".to_owned()));
}

#[test]
fn dropping_a_generator_is_what_break_does() {
    let notes = notes_of(async {
        let mut items = counting();
        assert_eq!(items.next().await, Some(1));
        drop(items);
        say("dropped");
    });
    assert_eq!(notes, ["destructor", "dropped at 0", "finally begins at 0", "finally ends at 1"]);
}

#[test]
fn a_borrowed_generator_outlives_the_break_and_goes_on() {
    let notes = notes_of(async {
        let mut items = counting();
        for_await!(_n in &mut items => { break; });
        assert_eq!(items.next().await, Some(2));
        say("still there");
        items.close().await;
    });
    assert_eq!(notes, ["still there at 0", "destructor", "finally begins at 0", "finally ends at 1"]);
}

// Leaving early: close.

#[test]
fn close_has_run_destructors_and_clean_ups_when_it_returns() {
    let notes = notes_of(async {
        let mut items = counting();
        assert_eq!(items.next().await, Some(1));
        items.close().await;
        say("closed");
        assert_eq!(items.next().await, None);
    });
    assert_eq!(notes, ["destructor", "finally begins at 0", "finally ends at 1", "closed at 1"]);
}

#[test]
fn closing_twice_is_fine() {
    let notes = notes_of(async {
        let mut items = counting();
        assert_eq!(items.next().await, Some(1));
        items.close().await;
        items.close().await;
        say("closed twice");
    });
    assert_eq!(notes, ["destructor", "finally begins at 0", "finally ends at 1", "closed twice at 1"]);
}

#[test]
fn closing_what_was_never_started_runs_nothing_of_it() {
    let notes = notes_of(async {
        let mut items = counting();
        items.close().await;
        assert_eq!(items.next().await, None);
    });
    assert!(notes.is_empty(), "{notes:?}");
}

#[test]
fn dropping_what_was_never_started_runs_nothing_of_it() {
    let notes = notes_of(async {
        drop(counting());
        sleep(SECOND).await;
    });
    assert!(notes.is_empty(), "{notes:?}");
}

#[test]
fn closing_what_has_ended_does_nothing() {
    let notes = notes_of(async {
        let mut items = generator(|y| async move {
            finally(&y, "finally");
            y.emit(1).await;
        });
        assert_eq!((items.next().await, items.next().await), (Some(1), None));
        say("ended");
        items.close().await;
        say("closed");
    });
    assert_eq!(notes, ["finally begins at 0", "finally ends at 1", "ended at 1", "closed at 1"]);
}

#[test]
fn what_was_lent_to_the_body_is_back_after_close_and_the_generator_is_still_there() {
    run(async {
        let count = Rc::new(());
        let lent = Rc::clone(&count);
        let mut items = generator(|y| async move {
            let _lent = lent;
            y.emit(1).await;
        });
        assert_eq!(items.next().await, Some(1));
        items.close().await;
        assert_eq!(Rc::strong_count(&count), 1);
        drop(items);
    });
}

// Leftovers: `run`.

#[test]
fn clean_ups_that_are_left_when_main_ends_finish_before_run_returns() {
    let clock = ManualClock::new();
    let ((), timeline) = timeline::record(|| {
        EventLoop::with_clock(Clock::from(&clock)).unwrap().run(async {
            for_await!(_n in counting() => { break; });
            say("main ends");
        });
    });
    assert_eq!(
        timeline.notes(),
        ["destructor", "main ends at 0", "finally begins at 0", "finally ends at 1"]
    );
    assert_eq!(clock.now(), SECOND);
}

#[test]
fn a_generator_in_a_task_that_is_cancelled_at_the_end_is_cleaned_up_after() {
    let notes = notes_of(async {
        drop(spawn(async {
            for_await!(_n in counting() => { pending::<()>().await; });
        }));
        sleep(SECOND).await;
        say("main ends");
    });
    assert_eq!(notes, ["main ends at 1", "destructor", "finally begins at 1", "finally ends at 2"]);
}

#[test]
fn a_generator_in_a_task_that_is_aborted_is_cleaned_up_after() {
    let notes = notes_of(async {
        let task = spawn(async {
            for_await!(_n in counting() => { pending::<()>().await; });
        });
        yield_now().await;
        task.abort();
        assert!(task.await.is_err());
        say("aborted");
    });
    assert_eq!(notes[0], "destructor");
    assert_eq!(notes[notes.len() - 1], "finally ends at 1");
}

#[test]
fn a_loop_that_panics_leaves_its_clean_up_to_run() {
    let ((), timeline) = timeline::record(|| {
        let message = panic_of(|| {
            run(async {
                for_await!(n in counting() => { assert_eq!(n, 0, "a bug in the loop's block"); });
            });
        });
        assert!(message.contains("a bug in the loop's block"), "{message}");
    });
    assert_eq!(timeline.notes(), ["destructor", "finally begins at 0", "finally ends at 1"]);
}

/// A clean-up that was cancelled used to leave a new clean-up behind, with the rest of itself: for ever.
#[test]
fn a_clean_up_that_outlives_the_grace_is_given_up_and_run_returns() {
    let clock = ManualClock::new();
    let ((), timeline) = timeline::record(|| {
        EventLoop::with_clock(Clock::from(&clock)).unwrap().grace(5 * SECOND).run(async {
            let mut items = generator(|y| async move {
                finally(&y, "never reached");
                y.finally(async {
                    let _local = SaysOnDrop("given up");
                    pending::<()>().await;
                });
                y.emit(1).await;
            });
            assert_eq!(items.next().await, Some(1));
        });
    });
    assert_eq!((timeline.notes(), clock.now()), (vec!["given up"], 5 * SECOND));
}

// Clean-ups: last in, first out, exactly once, on each path.

/// Emits one item, with three clean-ups.
fn three_clean_ups() -> Generator<'static, u32> {
    generator(|y| async move {
        finally(&y, "outer");
        finally(&y, "middle");
        finally(&y, "inner");
        y.emit(1).await;
    })
}

const INNER_FIRST: [&str; 6] =
    ["inner begins", "inner ends", "middle begins", "middle ends", "outer begins", "outer ends"];

/// Runs `main`, which says nothing of its own, and checks that the three have run once and one after the other.
fn runs_inner_first(main: impl Future<Output = ()> + 'static) {
    let notes = notes_of(main);
    let expected: Vec<String> =
        INNER_FIRST.iter().enumerate().map(|(n, what)| format!("{what} at {}", n.div_ceil(2))).collect();
    assert_eq!(notes, expected);
}

#[test]
fn clean_ups_run_last_in_first_out_before_the_end_is_reported() {
    runs_inner_first(async {
        let mut items = three_clean_ups();
        assert_eq!(items.next().await, Some(1));
        assert_eq!((items.next().await, now()), (None, 3 * SECOND));
        assert_eq!((items.next().await, now()), (None, 3 * SECOND));
    });
}

#[test]
fn clean_ups_run_last_in_first_out_in_close() {
    runs_inner_first(async {
        let mut items = three_clean_ups();
        assert_eq!(items.next().await, Some(1));
        items.close().await;
        assert_eq!(now(), 3 * SECOND);
    });
}

#[test]
fn clean_ups_run_last_in_first_out_after_a_drop() {
    runs_inner_first(async {
        let mut items = three_clean_ups();
        assert_eq!(items.next().await, Some(1));
    });
}

#[test]
fn clean_ups_that_a_body_has_no_time_to_register_do_not_run() {
    let notes = notes_of(async {
        let mut items = generator(|y| async move {
            finally(&y, "registered");
            y.emit(1).await;
            finally(&y, "not registered");
        });
        assert_eq!(items.next().await, Some(1));
        items.close().await;
    });
    assert_eq!(notes, ["registered begins at 0", "registered ends at 1"]);
}

#[test]
fn a_clean_up_registered_by_a_clean_up_runs_too() {
    let notes = notes_of(async {
        let mut items = generator(|y| async move {
            let again = y.clone();
            y.finally(async move { finally(&again, "second thought") });
            y.emit(1).await;
        });
        assert_eq!(items.next().await, Some(1));
        items.close().await;
    });
    assert_eq!(notes, ["second thought begins at 0", "second thought ends at 1"]);
}

#[test]
fn a_clean_up_registered_by_a_destructor_of_the_body_runs_too() {
    struct Registers(Yielder<u32>);
    impl Drop for Registers {
        fn drop(&mut self) {
            finally(&self.0, "from a destructor");
        }
    }
    for closes in [true, false] {
        let notes = notes_of(async move {
            let mut items = generator(|y| async move {
                let _local = Registers(y.clone());
                y.emit(1).await;
            });
            assert_eq!(items.next().await, Some(1));
            if closes {
                items.close().await;
            }
        });
        assert_eq!(notes, ["from a destructor begins at 0", "from a destructor ends at 1"]);
    }
}

#[test]
fn the_clean_up_of_an_inner_generator_is_over_before_that_of_the_outer_one_begins() {
    for closes in [true, false] {
        let notes = notes_of(async move {
            let mut outer = generator(|y| async move {
                finally(&y, "outer");
                let inner = generator(|y| async move {
                    finally(&y, "inner");
                    y.emit(1).await;
                });
                for_await!(n in inner => { y.emit(n).await; });
            });
            assert_eq!(outer.next().await, Some(1));
            if closes {
                outer.close().await;
                assert_eq!(now(), 2 * SECOND);
            }
        });
        assert_eq!(notes, ["inner begins at 0", "inner ends at 1", "outer begins at 1", "outer ends at 2"]);
    }
}

#[test]
fn a_close_given_up_half_way_is_finished_by_the_next_close() {
    let notes = notes_of(async {
        let mut items = three_clean_ups();
        assert_eq!(items.next().await, Some(1));
        assert!(timeout(SECOND + SECOND / 2, items.close()).await.is_err());
        say("given up");
        sleep(10 * SECOND).await;
        items.close().await;
    });
    let expected = [
        "inner begins at 0",
        "inner ends at 1",
        "middle begins at 1",
        "given up at 1",
        "middle ends at 11",
        "outer begins at 11",
        "outer ends at 12",
    ];
    assert_eq!(notes, expected);
}

#[test]
fn a_close_given_up_half_way_is_finished_after_the_drop() {
    let notes = notes_of(async {
        let mut items = three_clean_ups();
        assert_eq!(items.next().await, Some(1));
        assert!(timeout(SECOND + SECOND / 2, items.close()).await.is_err());
        drop(items);
        say("given up and dropped");
    });
    let expected = [
        "inner begins at 0",
        "inner ends at 1",
        "middle begins at 1",
        "given up and dropped at 1",
        "middle ends at 2",
        "outer begins at 2",
        "outer ends at 3",
    ];
    assert_eq!(notes, expected);
}

#[test]
fn an_end_given_up_half_way_is_reported_when_the_clean_ups_are_done() {
    run(async {
        let mut items = three_clean_ups();
        assert_eq!(items.next().await, Some(1));
        assert!(timeout(SECOND / 2, items.next()).await.is_err());
        assert_eq!((items.next().await, now()), (None, 3 * SECOND));
    });
}

#[test]
fn a_body_that_panics_ends_for_good_and_its_clean_ups_run_before_the_end_is_reported() {
    runs_inner_first(async {
        let mut items = generator(|y| async move {
            finally(&y, "outer");
            finally(&y, "middle");
            finally(&y, "inner");
            y.emit(1).await;
            panic!("a bug in the body");
        });
        assert_eq!(items.next().await, Some(1));
        assert_eq!(panic_at(items.next()).await, "a bug in the body");
        assert_eq!((items.next().await, now()), (None, 3 * SECOND));
        assert_eq!(items.next().await, None);
    });
}

#[test]
fn the_clean_ups_of_a_body_that_panicked_run_after_the_drop() {
    runs_inner_first(async {
        let mut items = generator::<u32, _>(|y| async move {
            finally(&y, "outer");
            finally(&y, "middle");
            finally(&y, "inner");
            panic!("a bug in the body");
        });
        assert_eq!(panic_at(items.next()).await, "a bug in the body");
    });
}

/// Emits one item, with a clean-up that panics between two that do not.
fn panics_in_the_middle() -> Generator<'static, u32> {
    generator(|y| async move {
        finally(&y, "outer");
        y.finally(async { panic!("a bug in a clean-up") });
        finally(&y, "inner");
        y.emit(1).await;
    })
}

const AROUND_THE_PANIC: [&str; 4] =
    ["inner begins at 0", "inner ends at 1", "outer begins at 1", "outer ends at 2"];

#[test]
fn a_clean_up_that_panics_in_close_leaves_the_others_to_the_next_close() {
    let notes = notes_of(async {
        let mut items = panics_in_the_middle();
        assert_eq!(items.next().await, Some(1));
        assert_eq!(panic_at(items.close()).await, "a bug in a clean-up");
        items.close().await;
    });
    assert_eq!(notes, AROUND_THE_PANIC);
}

#[test]
fn a_clean_up_that_panics_in_close_leaves_the_others_to_the_drop() {
    let notes = notes_of(async {
        let mut items = panics_in_the_middle();
        assert_eq!(items.next().await, Some(1));
        assert_eq!(panic_at(items.close()).await, "a bug in a clean-up");
    });
    assert_eq!(notes, AROUND_THE_PANIC);
}

#[test]
fn a_clean_up_that_panics_after_the_drop_keeps_no_other_from_running() {
    let notes = notes_of(async {
        let mut items = panics_in_the_middle();
        assert_eq!(items.next().await, Some(1));
    });
    assert_eq!(notes, AROUND_THE_PANIC);
}

#[test]
fn a_clean_up_that_panics_at_the_end_leaves_the_others_to_the_next_question() {
    let notes = notes_of(async {
        let mut items = panics_in_the_middle();
        assert_eq!(items.next().await, Some(1));
        assert_eq!(panic_at(items.next()).await, "a bug in a clean-up");
        assert_eq!(items.next().await, None);
    });
    assert_eq!(notes, AROUND_THE_PANIC);
}

// No loop.

#[test]
fn a_generator_needs_no_loop_if_it_is_closed() {
    let is_clean = Rc::new(Cell::new(false));
    let flag = Rc::clone(&is_clean);
    step2::block_on(async move {
        let mut items = generator(|y| async move {
            y.finally(async move { flag.set(true) });
            y.emit(1).await;
        });
        assert_eq!(items.next().await, Some(1));
        items.close().await;
    });
    assert!(is_clean.get());
}

#[test]
fn a_generator_dropped_where_no_loop_runs_drops_its_clean_ups_with_a_warning() {
    let dropped = Rc::new(());
    let flag = Rc::clone(&dropped);
    let mut items = generator(|y| async move {
        let own = y.clone(); // A circle: the list holds the clean-up, and that the list.
        y.finally(async move {
            let _all = (flag, own);
            unreachable!("there is nobody to run it");
        });
        y.emit(1).await;
    });
    assert!(poll(&mut items.next()).is_ready());
    drop(items); // Warns on standard error.
    assert_eq!(Rc::strong_count(&dropped), 1);
}

#[test]
fn a_generator_handed_out_of_run_may_be_dropped() {
    let items = run(async {
        let mut items = counting();
        assert_eq!(items.next().await, Some(1));
        items
    });
    drop(items);
}

// Emitting.

#[test]
fn two_emits_in_a_join_give_their_items_one_after_the_other() {
    run(async {
        let items = generator(|y| async move {
            join(y.emit(1), y.emit(2)).await;
            y.emit(3).await;
        });
        assert_eq!(items.collect::<Vec<_>>().await, [1, 2, 3]);
    });
}

#[test]
fn emits_in_a_join_all_give_their_items_one_after_the_other() {
    run(async {
        let items = generator(|y| async move {
            let emits = (0..100).map(|n| {
                let y = y.clone();
                async move {
                    y.emit(n).await;
                    n
                }
            });
            assert_eq!(join_all(emits).await, Vec::from_iter(0..100));
        });
        assert_eq!(items.collect::<Vec<_>>().await, Vec::from_iter(0..100));
    });
}

#[test]
fn branches_of_a_join_all_emit_as_they_get_there() {
    run(async {
        let items = generator(|y| async move {
            join_all([3, 1, 2].map(|seconds| {
                let y = y.clone();
                async move {
                    y.emit((sleeper(seconds).await, now())).await;
                    y.emit((10 * sleeper(seconds).await, now())).await;
                }
            }))
            .await;
        });
        let mut items = items.collect::<Vec<_>>().await;
        assert!(items.is_sorted_by_key(|(_, at)| *at));
        items.sort_unstable();
        let at = |seconds| seconds * SECOND;
        assert_eq!(items, [(1, at(1)), (2, at(2)), (3, at(3)), (10, at(2)), (20, at(4)), (30, at(6))]);
    });
}

#[test]
fn other_branches_of_a_join_stand_still_until_the_next_item_is_asked_for() {
    let notes = notes_of(async {
        let mut items = generator(|y| async move {
            join(y.emit(1), async {
                sleep(SECOND).await;
                say("the other branch");
            })
            .await;
        });
        assert_eq!(items.next().await, Some(1));
        sleep(10 * SECOND).await;
        say("asking");
        assert_eq!(items.next().await, None);
    });
    assert_eq!(notes, ["asking at 10", "the other branch at 10"]);
}

#[test]
fn an_emit_that_wins_a_race_has_given_its_item() {
    run(async {
        let mut items = generator(|y| async move {
            let winner = race(y.emit(1), pending::<()>()).await;
            assert_eq!(winner, Either::First(()));
            y.emit(2).await;
        });
        assert_eq!((items.next().await, items.next().await), (Some(1), Some(2)));
        assert_eq!(items.next().await, None);
    });
}

#[test]
fn an_emit_that_loses_its_race_after_its_item_was_handed_out_has_given_it() {
    run(async {
        let mut items = generator(|y| async move {
            let winner = race(sleep(SECOND), y.emit(1)).await;
            assert_eq!(winner, Either::First(()), "at the next question both are ready");
            y.emit(2).await;
        });
        assert_eq!(items.next().await, Some(1));
        sleep(2 * SECOND).await;
        assert_eq!((items.next().await, items.next().await), (Some(2), None));
    });
}

#[test]
fn an_emit_dropped_before_its_turn_drops_its_item() {
    run(async {
        let witness = Rc::new(());
        let mut items = generator(|y| {
            let item = Rc::clone(&witness);
            async move {
                let behind = race(y.emit(Some(item)), ready("at once"));
                let (_, winner) = join(y.emit(None), behind).await;
                assert_eq!(winner, Either::Second("at once"));
            }
        });
        assert_eq!(items.next().await, Some(None));
        assert_eq!(Rc::strong_count(&witness), 1);
        assert_eq!(items.next().await, None);
    });
}

#[test]
fn the_body_may_select_among_tasks_and_emit_what_comes() {
    run(async {
        let items = generator(|y| async move {
            let mut tasks = Vec::from([3, 1, 2].map(|seconds| spawn(sleeper(seconds))));
            while let Some(outcome) = select(&mut tasks).await {
                y.emit((outcome.unwrap(), now())).await;
            }
        });
        let items = items.collect::<Vec<_>>().await;
        assert_eq!(items, [1, 2, 3].map(|seconds| (seconds, seconds * SECOND)));
    });
}

const OUTSIDE: &str = "`emit` was awaited outside of its generator's body";

#[test]
fn an_emit_in_another_task_panics_and_says_why() {
    run(async {
        let mut items = generator(|y| async move {
            let elsewhere = spawn(async move { panic_at(y.emit(1)).await });
            assert_eq!(elsewhere.await.unwrap(), OUTSIDE);
        });
        assert_eq!(items.next().await, None);
    });
}

#[test]
fn an_emit_in_a_clean_up_panics_and_says_why() {
    run(async {
        let mut items = generator(|y| async move {
            let again = y.clone();
            y.finally(async move { assert_eq!(panic_at(again.emit(2)).await, OUTSIDE) });
            y.emit(1).await;
        });
        assert_eq!((items.next().await, items.next().await), (Some(1), None));
    });
}

#[test]
fn an_emit_after_the_generator_is_gone_panics_and_says_why() {
    run(async {
        let kept = Rc::new(Cell::new(None));
        let mut items = generator(|y| {
            kept.set(Some(y.clone()));
            async move { y.emit(1).await }
        });
        assert_eq!(items.next().await, Some(1));
        drop(items);
        assert_eq!(panic_at(kept.take().unwrap().emit(2)).await, OUTSIDE);
    });
}

#[test]
fn an_emit_after_a_poll_that_panicked_panics_and_says_why() {
    run(async {
        let kept = Rc::new(Cell::new(None));
        let mut items = generator::<u32, _>(|y| {
            kept.set(Some(y));
            async { panic!("a bug in the body") }
        });
        panic_at(items.next()).await;
        assert_eq!(panic_at(kept.take().unwrap().emit(2)).await, OUTSIDE);
    });
}

// Errors.

#[test]
fn an_error_is_the_last_item_and_ends_it_for_good() {
    run(async {
        let mut items = try_generator(|y| async move {
            y.emit(Ok(1)).await;
            Err("no more")?;
            y.emit(Ok(2)).await;
            Ok(())
        });
        assert_eq!(items.next().await, Some(Ok(1)));
        assert_eq!(items.next().await, Some(Err("no more")));
        assert_eq!((items.next().await, items.next().await), (None, None));
    });
}

#[test]
fn an_error_that_is_emitted_and_not_returned_ends_nothing() {
    run(async {
        let items = try_generator(|y| async move {
            y.emit(Err("a bad line")).await;
            y.emit(Ok(2)).await;
            Ok(())
        });
        assert_eq!(items.collect::<Vec<_>>().await, [Err("a bad line"), Ok(2)]);
    });
}

#[test]
fn a_body_that_fails_is_gone_when_its_error_comes_and_its_clean_ups_run_before_the_end() {
    let notes = notes_of(async {
        let items = try_generator::<u32, _, _>(|y| async move {
            let _local = SaysOnDrop("destructor");
            finally(&y, "finally");
            Err("no more")
        });
        for_await!(item in items => { say(format!("{item:?}")); });
        say("end");
    });
    let expected =
        ["destructor", "Err(\"no more\") at 0", "finally begins at 0", "finally ends at 1", "end at 1"];
    assert_eq!(notes, expected);
}

#[test]
fn a_question_mark_in_the_loop_leaves_the_clean_up_to_run() {
    let notes = notes_of(async {
        let outcome: Result<(), &str> = async {
            for_await!(n in counting() => { Err(if n == 1 { "no" } else { "yes" })?; });
            Ok(())
        }
        .await;
        say(outcome.unwrap_err());
    });
    assert_eq!(notes, ["destructor", "no at 0", "finally begins at 0", "finally ends at 1"]);
}

#[test]
fn a_body_that_panics_has_run_its_destructors_when_the_panic_arrives() {
    let notes = notes_of(async {
        let mut items = generator::<u32, _>(|_y| async move {
            let _local = SaysOnDrop("destructor");
            sleep(Duration::ZERO).await;
            panic!("a bug in the body");
        });
        say(panic_at(items.next()).await);
    });
    assert_eq!(notes, ["destructor", "a bug in the body at 0"]);
}

#[test]
fn what_makes_the_body_may_panic_too() {
    let message = panic_of(|| {
        generator::<u32, std::future::Ready<()>>(|y| {
            finally(&y, "never");
            panic!("before there is a body")
        })
    });
    assert_eq!(message, "before there is a body");
    assert!(catch_unwind(AssertUnwindSafe(|| drop(counting()))).is_ok());
}

#[test]
fn an_emit_that_has_placed_its_item_has_given_it_away_even_if_it_is_dropped_in_the_same_poll() {
    run(async {
        let mut items = generator(|y| async move {
            let winner = race(y.emit(1), ready("at once")).await;
            assert_eq!(winner, Either::Second("at once"));
            y.emit(2).await;
        });
        assert_eq!(items.next().await, Some(1));
        assert_eq!(items.next().await, Some(2));
    });
}

#[test]
fn a_clean_up_registered_after_the_generator_is_gone_is_left_to_the_loop() {
    let done = Rc::new(Cell::new(false));
    let flag = Rc::clone(&done);
    run(async move {
        let kept = Rc::new(Cell::new(None));
        let mut items = generator(|y| {
            kept.set(Some(y.clone()));
            async move { y.emit(1).await }
        });
        assert_eq!(items.next().await, Some(1));
        drop(items);
        kept.take().unwrap().finally(async move { flag.set(true) });
    });
    assert!(done.get());
}

/// A future ran inside a scope that was made in a generator's body, and asked that generator for an item: each of the two lay inside
/// the other then, and whoever left something there went from one to the next, and on, until the memory was full.
#[test]
fn a_generator_asked_inside_a_scope_of_its_own_body_does_not_lie_inside_itself() {
    let made_inside = Rc::new(Cell::new(None));
    let out = Rc::clone(&made_inside);
    let mut numbers = generator(|y| async move {
        out.set(Some(Scope::new()));
        y.emit(1).await;
        leave(async {
            sleep(SECOND).await;
            say("left behind");
        });
        y.emit(2).await;
    });
    let notes = notes_of(async move {
        assert_eq!(numbers.next().await, Some(1));
        let scope = made_inside.take().unwrap();
        assert_eq!(inside(&scope, numbers.next()).await, Some(2));
        numbers.close().await;
        say("closed");
    });
    assert_eq!(notes, ["left behind at 1", "closed at 1"]);
}
