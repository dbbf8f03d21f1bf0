//! Time limits inside time limits, and around tasks.
#![allow(clippy::unwrap_used, reason = "a test may")]

use std::cell::Cell;
use std::future::{Future, pending, poll_fn};
use std::pin::pin;
use std::rc::Rc;
use std::time::Duration;

use step2::yield_now;
use step3::{Clock, Elapsed, ManualClock, now, sleep, timeout};
use step4::{EventLoop, gather, spawn};

mod support;
use support::{SECOND, SetOnDrop, run};

#[test]
fn what_is_timed_out_outside_is_cancelled_inside_and_before() {
    run(async {
        let dropped = Rc::new(Cell::new(false));
        let guard = SetOnDrop(Rc::clone(&dropped));
        let work = async move {
            let _guard = guard;
            pending::<()>().await;
        };
        assert_eq!(timeout(SECOND, work).await, Err(Elapsed));
        assert!(dropped.get(), "by the time that the error is seen");
        assert_eq!(now(), SECOND);
    });
}

#[test]
fn of_nested_limits_the_inner_one_may_be_first() {
    run(async {
        let inner = async {
            assert_eq!(timeout(SECOND, pending::<()>()).await, Err(Elapsed));
            "goes on after it"
        };
        assert_eq!(timeout(2 * SECOND, inner).await, Ok("goes on after it"));
        assert_eq!(now(), SECOND);
    });
}

#[test]
fn of_nested_limits_the_outer_one_may_be_first() {
    run(async {
        let inner = async {
            let _elapsed = timeout(2 * SECOND, pending::<()>()).await;
            unreachable!("it is dropped at its await");
        };
        assert_eq!(timeout(SECOND, inner).await, Err::<(), _>(Elapsed));
        assert_eq!(now(), SECOND);
    });
}

#[test]
fn of_nested_limits_that_are_due_in_one_turn_only_the_outer_one_reports() {
    run(async {
        let reported = Rc::new(Cell::new(false));
        let flag = Rc::clone(&reported);
        let inner = async move {
            let _elapsed = timeout(SECOND, pending::<()>()).await;
            flag.set(true);
        };
        assert_eq!(timeout(SECOND, inner).await, Err(Elapsed));
        assert!(!reported.get());
    });
}

#[test]
fn a_limit_is_rescheduled_while_it_runs() {
    run(async {
        let mut limited = pin!(timeout(SECOND, sleep(3 * SECOND)));
        poll_fn(|cx| {
            assert!(limited.as_mut().poll(cx).is_pending());
            std::task::Poll::Ready(())
        })
        .await;
        limited.as_mut().reschedule(Some(4 * SECOND));
        assert_eq!(limited.await, Ok(()));
        assert_eq!(now(), 3 * SECOND);
    });
}

#[test]
fn a_limit_of_none_is_none() {
    run(async { assert_eq!(timeout(None, sleep(3600 * SECOND)).await, Ok(())) });
}

#[test]
fn a_past_deadline_still_starts_the_body() {
    run(async {
        sleep(SECOND).await;
        let started = Rc::new(Cell::new(false));
        let flag = Rc::clone(&started);
        let body = async move {
            flag.set(true);
            pending::<()>().await;
        };
        assert_eq!(timeout(Duration::ZERO, body).await, Err(Elapsed));
        assert!(started.get());
        assert_eq!(timeout(Duration::ZERO, async { "ready at once" }).await, Ok("ready at once"));
    });
}

#[test]
fn a_limit_around_a_handle_ends_the_wait_and_not_the_task() {
    run(async {
        let mut task = spawn(async {
            sleep(2 * SECOND).await;
            "done all the same"
        });
        assert!(timeout(SECOND, &mut task).await.is_err());
        assert_eq!(task.await.unwrap(), "done all the same");
        assert_eq!(now(), 2 * SECOND);
    });
}

#[test]
fn a_limit_around_a_gather_cancels_the_children() {
    run(async {
        let dropped = Rc::new(Cell::new(false));
        let guard = SetOnDrop(Rc::clone(&dropped));
        let child = spawn(async move {
            let _guard = guard;
            pending::<()>().await;
        });
        assert!(timeout(SECOND, gather([child])).await.is_err());
        yield_now().await;
        assert!(dropped.get());
    });
}

#[test]
fn a_task_aborted_under_a_limit_leaves_no_timer_behind() {
    async fn main() {
        let task = spawn(async { timeout(3600 * SECOND, pending::<()>()).await });
        yield_now().await;
        task.abort();
        task.await.unwrap_err();
        sleep(SECOND).await;
    }
    let clock = ManualClock::new();
    let ((), timeline) = timeline::record(|| EventLoop::with_clock(Clock::from(&clock)).unwrap().run(main()));
    let timers = timeline.order(|event| match &event.kind {
        timeline::Kind::TimerDropped { timer } => Some(format!("{timer} dropped")),
        timeline::Kind::TimerFired { timer } => Some(format!("{timer} fired")),
        _ => None,
    });
    assert_eq!(timers, ["timer 0 dropped", "timer 1 fired"]);
}
