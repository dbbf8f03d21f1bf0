//! What a time limit promises: to the future inside, to whoever waits outside, and to other limits around.

use std::cell::{Cell, RefCell};
use std::future::{Future, pending, poll_fn};
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use step2::{Park, drive, join, oneshot};
use step3::{Elapsed, now, sleep, sleep_until, timeout};
use timeline::Kind;

mod support;
use support::{count, days, manual, ms, panic_of, record, run, secs};

/// Notes a line when it is dropped.
struct Notes<'a>(&'a RefCell<Vec<&'static str>>, &'static str);

impl Drop for Notes<'_> {
    fn drop(&mut self) {
        self.0.borrow_mut().push(self.1);
    }
}

// Who is first.

#[test]
fn a_future_that_is_done_in_time_hands_its_value_through() {
    run(async {
        let value = timeout(secs(2), async {
            sleep(secs(1)).await;
            7
        });
        assert_eq!(value.await, Ok(7));
        assert_eq!(now(), secs(1), "nobody waits for the limit");
    });
}

#[test]
fn a_future_that_takes_longer_is_cancelled_inside_and_timed_out_outside() {
    let log = RefCell::new(Vec::new());
    run(async {
        let slow = async {
            let _notes = Notes(&log, "the future is dropped");
            sleep(secs(10)).await;
            log.borrow_mut().push("never");
        };
        let outcome = timeout(secs(2), slow).await;
        log.borrow_mut().push("the error is seen");
        assert_eq!((outcome, now()), (Err(Elapsed), secs(2)));
    });
    assert_eq!(*log.borrow(), ["the future is dropped", "the error is seen"]);
}

#[test]
fn a_limit_leaves_no_timer_behind_whoever_was_first() {
    let (_, mut driver) = manual();
    for (limit, length) in [(1, 2), (2, 1)] {
        let outcome = drive(&mut driver, timeout(secs(limit), sleep(secs(length))));
        assert_eq!(outcome.expect("a thread can always park").is_ok(), length < limit);
        assert_eq!(driver.timers(), 0);
    }
}

#[test]
fn a_limit_that_is_dropped_cancels_the_future_and_leaves_no_timer() {
    let (_, driver) = manual();
    let _entered = driver.enter();
    let log = RefCell::new(Vec::new());
    {
        let mut limited = pin!(timeout(secs(2), async {
            let _notes = Notes(&log, "dropped");
            sleep(secs(10)).await;
        }));
        let poll = limited.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        assert!(poll.is_pending());
        assert_eq!(driver.timers(), 2);
    }
    assert_eq!((driver.timers(), log.take()), (0, vec!["dropped"]));
}

#[test]
fn a_limit_that_is_dropped_unpolled_runs_nothing_of_the_future() {
    let begun = Cell::new(false);
    drop(timeout(secs(1), async { begun.set(true) }));
    assert!(!begun.get());
}

// When the limit begins.

#[test]
fn a_limit_counts_from_the_first_poll_not_from_the_call() {
    run(async {
        let limited = timeout(secs(2), sleep(secs(1)));
        sleep(secs(10)).await;
        assert_eq!(limited.await, Ok(()));
        assert_eq!(now(), secs(11));
    });
}

/// The limit used to be set only when the future had had its first step.
#[test]
fn a_limit_counts_the_first_step_of_the_future_too() {
    let (clock, mut driver) = manual();
    let busy = clock.clone();
    let limited = timeout(secs(2), async {
        busy.advance(secs(5)); // computes, and looks at nothing meanwhile
        sleep(secs(1)).await;
    });
    assert_eq!(drive(&mut driver, limited).expect("a thread can always park"), Err(Elapsed));
    assert_eq!(clock.now(), secs(5), "it is over at the first chance, and not at 7 s");
}

#[test]
fn a_limit_that_has_passed_still_starts_the_future() {
    run(async {
        assert_eq!(timeout(Duration::ZERO, async { 7 }).await, Ok(7));

        let begun = Cell::new(false);
        let slow = async {
            begun.set(true);
            sleep(secs(1)).await;
        };
        assert_eq!(timeout(Duration::ZERO, slow).await, Err(Elapsed));
        assert_eq!((begun.get(), now()), (true, Duration::ZERO));

        sleep(secs(5)).await;
        let mut begun = false;
        let mut limited = pin!(timeout(None, async {
            begun = true;
            pending::<()>().await;
        }));
        limited.as_mut().reschedule(Some(secs(3)));
        assert_eq!(limited.as_mut().await, Err(Elapsed));
        assert_eq!(now(), secs(5));
    });
}

// No limit.

#[test]
fn no_limit_and_the_longest_limit_never_elapse() {
    run(async {
        assert_eq!(timeout(None, sleep(days(1_000))).await, Ok(()));
        assert_eq!(timeout(Duration::MAX, sleep(days(1_000))).await, Ok(()));
        assert_eq!(now(), days(2_000));
    });
}

// Both at once.

#[test]
fn when_both_are_ready_in_one_turn_the_limit_wins_and_the_future_is_not_polled_again() {
    let (outcome, timeline) = record(async {
        let polls = Cell::new(0);
        let mut nap = sleep(secs(2));
        let counted = poll_fn(|cx| {
            polls.set(polls.get() + 1);
            Pin::new(&mut nap).poll(cx)
        });
        (timeout(secs(2), counted).await, polls.get())
    });
    assert_eq!(outcome, (Err(Elapsed), 1));
    assert_eq!(count(&timeline, |kind| matches!(kind, Kind::TimerFired { .. })), 2, "both were due");
    assert_eq!(timeline.parks(), 1);
}

#[test]
fn a_millisecond_before_the_limit_the_future_wins() {
    let outcome = run(timeout(secs(2), sleep(secs(2) - ms(1))));
    assert_eq!(outcome, Ok(()));
}

#[test]
fn a_value_that_comes_with_the_limit_is_not_lost() {
    run(async {
        let (sender, mut receiver) = oneshot();
        let send = async {
            sleep_until(secs(2)).await;
            assert_eq!(sender.send("here it is"), Ok(()));
        };
        let receive = async {
            sleep_until(secs(1)).await; // So that its limit is set behind the sender's sleep, and is looked at after it.
            let outcome = timeout(secs(1), &mut receiver).await;
            assert_eq!(outcome, Err(Elapsed));
            receiver.await
        };
        let (_, value) = join(send, receive).await;
        assert_eq!((value, now()), (Ok("here it is"), secs(2)));
    });
}

// Limits inside of limits.

#[test]
fn the_inner_limit_is_reported_inside_if_it_is_first() {
    run(async {
        let outcome = timeout(secs(5), async {
            let inner = timeout(secs(2), pending::<()>()).await;
            assert_eq!((inner, now()), (Err(Elapsed), secs(2)));
            sleep(secs(1)).await;
            "goes on"
        });
        assert_eq!(outcome.await, Ok("goes on"));
        assert_eq!(now(), secs(3));
    });
}

#[test]
fn the_outer_limit_is_reported_outside_if_it_is_first() {
    let log = RefCell::new(Vec::new());
    run(async {
        let outcome = timeout(secs(2), async {
            let _outer = Notes(&log, "the outer future is dropped");
            let inner = timeout(secs(5), async {
                let _inner = Notes(&log, "the inner future is dropped");
                pending::<()>().await;
            });
            inner.await.map_err(|_| log.borrow_mut().push("never"))
        });
        assert_eq!((outcome.await, now()), (Err(Elapsed), secs(2)));
    });
    assert_eq!(log.into_inner(), ["the inner future is dropped", "the outer future is dropped"]);
}

/// Awaits a limit inside of a limit, with a busy spell at `busy` that ends after both. Says who reported.
fn nested(outer: Duration, inner: Duration, busy: Option<Duration>) -> Vec<&'static str> {
    let reports = RefCell::new(Vec::new());
    let (clock, mut driver) = manual();
    let program = async {
        let nested = async {
            if timeout(inner, pending::<()>()).await.is_err() {
                reports.borrow_mut().push("inner");
            }
            pending::<()>().await;
        };
        if timeout(outer, nested).await.is_err() {
            reports.borrow_mut().push("outer");
        }
    };
    let spell = async {
        if let Some(busy) = busy {
            sleep(busy).await;
            clock.advance(secs(100));
        }
    };
    drive(&mut driver, join(program, spell)).expect("a thread can always park");
    reports.into_inner()
}

#[test]
fn of_two_limits_that_are_due_in_one_turn_only_the_outer_reports() {
    assert_eq!(nested(secs(2), secs(2), None), ["outer"], "they end together");
    assert_eq!(
        nested(secs(3), secs(2), Some(secs(1))),
        ["outer"],
        "the inner ended first, but nobody looked"
    );
    assert_eq!(nested(secs(2), secs(3), Some(secs(1))), ["outer"]);
    assert_eq!(nested(secs(3), secs(2), None), ["inner", "outer"], "for comparison: one turn each");
}

/// The inner limit used to begin first, and so to end first, if the clock moved on between the two.
#[test]
fn of_two_equal_limits_the_outer_reports_even_if_time_passes_between_their_beginnings() {
    let (clock, mut driver) = manual();
    let begins_late = async {
        clock.advance(ms(5));
        timeout(secs(2), pending::<()>()).await.expect_err("there is nothing that could be ready");
        unreachable!("the inner limit must not report");
    };
    let outcome: Result<(), Elapsed> =
        drive(&mut driver, timeout(secs(2), begins_late)).expect("a thread can always park");
    assert_eq!((outcome, clock.now()), (Err(Elapsed), secs(2)));
}

// Rescheduled.

/// Gives `pending()` a limit of `first`, reschedules that at 1 s, and says when it was over.
fn rescheduled(first: Option<Duration>, to: Option<Duration>) -> Option<Duration> {
    run(async {
        let limited = Rc::new(RefCell::new(Box::pin(timeout(first, sleep(days(1))))));
        let waits = poll_fn(|cx| limited.borrow_mut().as_mut().poll(cx));
        let reschedules = async {
            sleep(secs(1)).await;
            limited.borrow_mut().as_mut().reschedule(to);
        };
        // The one that reschedules comes first in each poll: what it changes is polled right after.
        let ((), outcome) = join(reschedules, waits).await;
        outcome.is_err().then(now)
    })
}

#[test]
fn a_limit_can_be_rescheduled_to_earlier_and_to_later() {
    assert_eq!(rescheduled(Some(secs(10)), Some(secs(4))), Some(secs(4)));
    assert_eq!(rescheduled(Some(secs(10)), Some(secs(40))), Some(secs(40)));
}

#[test]
fn a_limit_can_be_taken_away_and_given() {
    assert_eq!(rescheduled(Some(secs(10)), None), None);
    assert_eq!(rescheduled(None, Some(secs(40))), Some(secs(40)));
    assert_eq!(rescheduled(None, None), None);
}

#[test]
fn a_limit_rescheduled_to_the_past_is_over_in_the_next_turn() {
    run(async {
        let mut limited = pin!(timeout(secs(10), pending::<()>()));
        poll_fn(|cx| {
            assert!(limited.as_mut().poll(cx).is_pending());
            Poll::Ready(())
        })
        .await;
        sleep(secs(3)).await;
        limited.as_mut().reschedule(Some(secs(2)));
        assert_eq!(limited.await, Err(Elapsed));
        assert_eq!(now(), secs(3));
    });
}

// Bad use.

#[test]
fn a_limit_polled_after_it_was_ready_panics_and_says_so() {
    for length in [1, 10] {
        run(async {
            let mut limited = pin!(timeout(secs(5), sleep(secs(length))));
            assert_eq!(limited.as_mut().await.is_ok(), length < 5);
            for rescheduled in [false, true] {
                if rescheduled {
                    limited.as_mut().reschedule(Some(secs(100)));
                }
                let message = panic_of(|| {
                    _ = limited.as_mut().poll(&mut Context::from_waker(Waker::noop()));
                });
                assert_eq!(message, "`Timeout` was polled after it had returned Ready");
            }
        });
    }
}

#[test]
fn a_limit_outside_of_a_driver_panics_but_no_limit_needs_none() {
    let message = panic_of(|| _ = step2::block_on(timeout(secs(1), async {})));
    assert!(message.starts_with("no timer driver on this thread"), "{message}");
    assert_eq!(step2::block_on(timeout(None, async { 7 })), Ok(7));
}

#[test]
fn the_error_says_what_was() {
    assert_eq!(Elapsed.to_string(), "the time limit elapsed first");
}
