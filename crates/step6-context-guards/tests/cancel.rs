//! Ending things early: `CancelToken`, which asks, and `time_limit`, which does not.
#![allow(clippy::unwrap_used, reason = "a test may")]

mod support;

use std::cell::Cell;
use std::fmt;
use std::future::pending;
use std::rc::Rc;
use std::thread;
use std::time::Duration;

use step2::{block_on, yield_now};
use step3::{Elapsed, now, sleep, sleep_until};
use step4::{JoinError, spawn};
use step6::{AsyncContext, CancelToken, Cancelled, Deadline, Outcome, time_limit, with};
use support::{
    Log, Logged, SECOND, SaysOnDrop, Wakes, at_once, begun, log_of, poll_with, run, timed_log_of, turns,
};

type Limited = Result<(), Elapsed>;

// A token.

#[test]
fn a_token_that_is_cancelled_stays_so() {
    let token = CancelToken::new();
    assert!(!token.is_cancelled());
    let mut waiter = begun(token.cancelled());
    token.cancel();
    token.cancel();
    assert!(token.is_cancelled());
    at_once(&mut waiter);
    at_once(token.cancelled());
}

#[test]
fn clones_are_one_token() {
    let token = CancelToken::new();
    token.clone().cancel();
    assert!(token.is_cancelled());
}

#[test]
fn children_are_cancelled_with_their_parent_and_grandchildren_too() {
    let token = CancelToken::new();
    let child = token.child();
    let grandchild = child.child();
    let (mut of_child, mut of_grandchild) = (begun(child.cancelled()), begun(grandchild.cancelled()));
    token.cancel();
    assert!(child.is_cancelled() && grandchild.is_cancelled());
    at_once(&mut of_child);
    at_once(&mut of_grandchild);
}

#[test]
fn a_child_is_cancelled_alone() {
    let token = CancelToken::new();
    let (child, sibling) = (token.child(), token.child());
    let grandchild = child.child();
    child.cancel();
    assert!(child.is_cancelled() && grandchild.is_cancelled());
    assert!(!token.is_cancelled() && !sibling.is_cancelled());
    let _still_waits = begun(sibling.cancelled());
}

#[test]
fn a_child_of_a_cancelled_token_is_cancelled_from_the_begin() {
    let token = CancelToken::new();
    token.cancel();
    let child = token.child();
    assert!(child.is_cancelled());
    at_once(child.cancelled());
}

#[test]
fn a_child_outlives_its_parents_handles() {
    let token = CancelToken::new();
    let child = token.child();
    let _waits = begun(child.cancelled());
    drop(token);
    assert!(!child.is_cancelled(), "nobody is left who could ask");
}

#[test]
fn a_waiter_that_gives_up_leaves_no_waker_behind() {
    let (token, wakes) = (CancelToken::new().child(), std::sync::Arc::<Wakes>::default());
    let mut waiter = Box::pin(token.cancelled());
    assert!(poll_with(&mut waiter, &wakes.waker()).is_pending());
    drop(waiter);
    token.cancel();
    assert_eq!((wakes.take(), std::sync::Arc::strong_count(&wakes)), (0, 1));
}

#[test]
fn what_runs_under_a_token_is_dropped_when_it_is_cancelled_and_the_caller_goes_on() {
    let lines = timed_log_of(async |log| {
        let token = CancelToken::new();
        let (theirs, lines) = (token.clone(), log.clone());
        let task = spawn(async move {
            let work = async {
                let _says = SaysOnDrop(lines.clone(), "the work is dropped");
                pending::<()>().await;
            };
            assert_eq!(theirs.run(work).await, Err(Cancelled));
            lines.say("goes on");
            sleep(2 * SECOND).await; // A clean-up that waits.
            lines.say("cleaned up");
            "good-bye"
        });
        sleep(SECOND).await;
        token.cancel();
        log.say(task.await.unwrap());
    });
    assert_eq!(lines, ["the work is dropped at 1", "goes on at 1", "cleaned up at 3", "good-bye at 3"]);
}

#[test]
fn what_ends_before_the_token_is_cancelled_has_its_output() {
    run(async {
        let token = CancelToken::new();
        assert_eq!(token.run(async { 7 }).await, Ok(7));
    });
}

#[test]
fn under_a_token_that_was_cancelled_before_nothing_is_begun() {
    let token = CancelToken::new();
    token.cancel();
    assert_eq!(
        at_once(token.run(async { unreachable!("it was cancelled before") })),
        Err::<(), _>(Cancelled)
    );
}

#[test]
fn being_asked_may_be_ignored() {
    let lines = timed_log_of(async |log| {
        let token = CancelToken::new();
        let lines = log.clone();
        let task = spawn(async move {
            sleep(2 * SECOND).await;
            lines.say("done all the same");
        });
        token.cancel();
        task.await.unwrap();
    });
    assert_eq!(lines, ["done all the same at 2"]);
}

/// A body that is asked to stop, and one that is dropped: what their context sees, and when.
#[test]
fn who_is_asked_leaves_in_its_own_way_and_who_is_aborted_leaves_as_cancelled() {
    let lines = timed_log_of(async |log| {
        let token = CancelToken::new();
        let lines = log.clone();
        let theirs = token.clone();
        let asked = spawn(async move {
            with(Logged::new("asked", &lines), async |_| theirs.run(pending::<()>()).await).await
        });
        let lines = log.clone();
        let aborted = spawn(async move {
            with(Logged::new("aborted", &lines), async |_| pending::<Result<(), Cancelled>>().await).await
        });
        yield_now().await;
        token.cancel();
        aborted.abort();
        assert_eq!(asked.await.unwrap(), Err(Cancelled));
        assert!(matches!(aborted.await, Err(JoinError::Cancelled)));
    });
    assert_eq!(lines[2..], ["exit asked: failed Cancelled at 0", "exit aborted: cancelled at 0"]);
}

#[test]
fn a_task_that_was_asked_can_be_aborted_during_its_clean_up() {
    let lines = timed_log_of(async |log| {
        let token = CancelToken::new();
        let (theirs, lines) = (token.clone(), log.clone());
        let task = spawn(async move {
            theirs.cancelled().await;
            lines.say("cleaning up");
            sleep(3600 * SECOND).await;
            unreachable!("it was aborted");
        });
        yield_now().await;
        token.cancel();
        sleep(SECOND).await;
        task.abort();
        assert!(matches!(task.await, Err::<(), _>(JoinError::Cancelled)));
        log.say("over");
    });
    assert_eq!(lines, ["cleaning up at 0", "over at 1"]);
}

#[test]
fn a_token_is_cancelled_from_another_thread() {
    let token = CancelToken::new();
    let theirs = token.clone();
    let other = thread::spawn(move || theirs.cancel());
    assert_eq!(block_on(token.child().run(pending::<()>())), Err(Cancelled));
    other.join().unwrap();
}

#[test]
fn a_thousand_tasks_are_asked_at_once() {
    run(async {
        let (token, asked) = (CancelToken::new(), Rc::new(Cell::new(0)));
        let tasks: Vec<_> = (0..1_000)
            .map(|_| {
                let (token, asked) = (token.child(), Rc::clone(&asked));
                spawn(async move {
                    token.cancelled().await;
                    asked.set(asked.get() + 1);
                })
            })
            .collect();
        turns(1).await;
        token.cancel();
        step4::gather(tasks).await.unwrap();
        assert_eq!(asked.get(), 1_000);
    });
}

// A time limit.

#[test]
fn a_limit_that_comes_first_drops_the_body_and_reports() {
    let lines = timed_log_of(async |log| {
        let outcome = with(time_limit(SECOND), async |_| {
            let _says = SaysOnDrop(log.clone(), "the body is dropped");
            pending::<Limited>().await
        });
        assert_eq!(outcome.await, Err(Elapsed));
        log.say("reported");
    });
    assert_eq!(lines, ["the body is dropped at 1", "reported at 1"]);
}

#[test]
fn a_body_that_comes_first_is_not_limited() {
    run(async {
        let outcome = with(time_limit(2 * SECOND), async |_| {
            sleep(SECOND).await;
            Ok::<_, Elapsed>(7)
        });
        assert_eq!(outcome.await, Ok(7));
        sleep(5 * SECOND).await;
        assert_eq!(now(), 6 * SECOND);
    });
}

#[test]
fn it_counts_from_the_begin_of_the_block_and_not_from_the_call() {
    run(async {
        let limit = time_limit(2 * SECOND);
        sleep(5 * SECOND).await;
        let outcome = with(limit, async |deadline: &mut Deadline| {
            assert_eq!(deadline.at(), Some(7 * SECOND));
            pending::<Limited>().await
        });
        assert_eq!(outcome.await, Err(Elapsed));
        assert_eq!(now(), 7 * SECOND);
    });
}

#[test]
fn its_error_becomes_the_bodys_own() {
    #[derive(Debug, PartialEq)]
    enum Error {
        TooLate,
    }
    impl From<Elapsed> for Error {
        fn from(_: Elapsed) -> Self {
            Self::TooLate
        }
    }
    let outcome = run(with(time_limit(SECOND), async |_| pending::<Result<(), Error>>().await));
    assert_eq!(outcome, Err(Error::TooLate));
}

#[test]
fn an_error_of_the_body_passes_through() {
    let outcome = run(with(time_limit(SECOND), async |_| Err::<(), _>(Elapsed)));
    assert_eq!(outcome, Err(Elapsed));
}

#[test]
fn a_limit_of_none_is_none() {
    run(async {
        let outcome = with(time_limit(None), async |deadline: &mut Deadline| {
            assert_eq!(deadline.at(), None);
            sleep(3600 * SECOND).await;
            Ok::<_, Elapsed>(())
        });
        assert_eq!(outcome.await, Ok(()));
    });
}

#[test]
fn a_past_deadline_still_starts_the_body() {
    let lines = log_of(async |log| {
        let ready = with(time_limit(Duration::ZERO), async |_| Ok::<_, Elapsed>("ready at once"));
        assert_eq!(ready.await, Ok("ready at once"));
        let outcome = with(time_limit(Duration::ZERO), async |_| {
            log.say("started");
            pending::<Limited>().await
        });
        assert_eq!(outcome.await, Err(Elapsed));
    });
    assert_eq!(lines, ["started"]);
}

#[test]
fn what_the_body_has_entered_is_left_before_the_limit_reports() {
    let lines = timed_log_of(async |log| {
        let outcome = with(time_limit(SECOND), async |_| {
            with(Logged::new("a", &log).exits_in(3), async |_| pending::<Limited>().await).await
        });
        assert_eq!(outcome.await, Err(Elapsed));
        log.say("reported");
    });
    assert_eq!(lines, ["enter a at 0", "exit a: cancelled at 1", "left a at 4", "reported at 4"]);
}

// Moving it.

#[test]
fn it_may_be_moved_to_later() {
    run(async {
        let outcome = with(time_limit(SECOND), async |deadline: &mut Deadline| {
            deadline.reschedule(Some(3 * SECOND));
            assert_eq!(deadline.at(), Some(3 * SECOND));
            sleep(2 * SECOND).await;
            deadline.reschedule(Some(5 * SECOND));
            pending::<Limited>().await
        });
        assert_eq!(outcome.await, Err(Elapsed));
        assert_eq!(now(), 5 * SECOND);
    });
}

#[test]
fn it_may_be_moved_to_sooner() {
    run(async {
        let outcome = with(time_limit(3600 * SECOND), async |deadline: &mut Deadline| {
            sleep(SECOND).await;
            deadline.reschedule(Some(2 * SECOND));
            pending::<Limited>().await
        });
        assert_eq!(outcome.await, Err(Elapsed));
        assert_eq!(now(), 2 * SECOND);
    });
}

#[test]
fn it_may_be_moved_into_the_past_and_then_ends_the_body_at_its_next_await() {
    let lines = timed_log_of(async |log| {
        sleep(SECOND).await;
        let outcome = with(time_limit(3600 * SECOND), async |deadline: &mut Deadline| {
            deadline.reschedule(Some(Duration::ZERO));
            log.say("goes on to the next await");
            pending::<Limited>().await
        });
        assert_eq!(outcome.await, Err(Elapsed));
        log.say("reported");
    });
    assert_eq!(lines, ["goes on to the next await at 1", "reported at 1"]);
}

#[test]
fn it_may_be_lifted() {
    run(async {
        let outcome = with(time_limit(SECOND), async |deadline: &mut Deadline| {
            deadline.reschedule(None);
            sleep(3600 * SECOND).await;
            Ok::<_, Elapsed>(())
        });
        assert_eq!(outcome.await, Ok(()));
    });
}

#[test]
fn it_may_be_set_where_there_was_none() {
    run(async {
        let outcome = with(time_limit(None), async |deadline: &mut Deadline| {
            sleep(SECOND).await;
            deadline.reschedule(Some(now() + SECOND));
            pending::<Limited>().await
        });
        assert_eq!(outcome.await, Err(Elapsed));
        assert_eq!(now(), 2 * SECOND);
    });
}

#[test]
fn a_body_that_moves_its_limit_and_returns_in_one_poll_has_returned() {
    run(async {
        let outcome = with(time_limit(SECOND), async |deadline: &mut Deadline| {
            deadline.reschedule(Some(Duration::ZERO));
            Ok::<_, Elapsed>(7)
        });
        assert_eq!(outcome.await, Ok(7));
    });
}

/// Logs whether its deadline has ended the block, when it is dropped: along with the body, that is.
struct TellsIfElapsed<'a>(&'a mut Deadline, Log);

impl Drop for TellsIfElapsed<'_> {
    fn drop(&mut self) {
        self.1.say(format_args!("has elapsed: {}", self.0.has_elapsed()));
    }
}

#[test]
fn destructors_in_the_body_can_tell_whether_the_limit_has_ended_it() {
    let lines = log_of(async |log| {
        for ends in [false, true] {
            let outcome = with(time_limit(SECOND), async |deadline: &mut Deadline| {
                let _tells = TellsIfElapsed(deadline, log.clone());
                if ends { pending::<Limited>().await } else { Ok(()) }
            });
            assert_eq!(outcome.await.is_err(), ends);
        }
    });
    assert_eq!(lines, ["has elapsed: false", "has elapsed: true"]);
}

// One in the other.

/// Logs the outcome of what is inside, as it is left.
struct Reports(&'static str, Log);

impl<T: 'static, E: fmt::Debug + 'static> AsyncContext<T, E> for Reports {
    type Value = Self;

    async fn enter(self) -> Result<Self, E> {
        Ok(self)
    }

    async fn exit(me: Self, outcome: Outcome<T, E>) -> Outcome<T, E> {
        me.1.say(format_args!("{}: {}", me.0, support::ending(&outcome)));
        outcome
    }
}

/// Runs a body that never ends under two limits, and says who reports.
async fn limited_twice(log: &Log, outer: u32, inner: u32) -> Limited {
    with(Reports("outside", log.clone()), async |_| {
        with(time_limit(outer * SECOND), async |_| {
            with(Reports("between", log.clone()), async |_| {
                with(time_limit(inner * SECOND), async |_| pending::<Limited>().await).await
            })
            .await
        })
        .await
    })
    .await
}

#[test]
fn of_nested_limits_the_inner_one_may_be_first() {
    let lines = timed_log_of(async |log| assert!(limited_twice(&log, 2, 1).await.is_err()));
    assert_eq!(lines, ["between: failed Elapsed at 1", "outside: failed Elapsed at 1"]);
}

#[test]
fn of_nested_limits_the_outer_one_may_be_first() {
    let lines = timed_log_of(async |log| assert!(limited_twice(&log, 1, 2).await.is_err()));
    assert_eq!(lines, ["between: cancelled at 1", "outside: failed Elapsed at 1"]);
}

#[test]
fn of_nested_limits_that_are_due_in_one_turn_only_the_outer_one_reports() {
    let lines = timed_log_of(async |log| assert!(limited_twice(&log, 1, 1).await.is_err()));
    assert_eq!(lines, ["between: cancelled at 1", "outside: failed Elapsed at 1"]);
}

#[test]
fn after_the_inner_limit_the_outer_body_goes_on() {
    run(async {
        let outcome = with(time_limit(3 * SECOND), async |_| {
            assert_eq!(with(time_limit(SECOND), async |_| pending::<Limited>().await).await, Err(Elapsed));
            sleep(SECOND).await;
            Ok::<_, Elapsed>("goes on")
        });
        assert_eq!(outcome.await, Ok("goes on"));
        assert_eq!(now(), 2 * SECOND);
    });
}

#[test]
fn a_limit_and_a_body_that_are_due_in_one_turn_end_with_the_limit() {
    run(async {
        let outcome = with(time_limit(SECOND), async |_| {
            sleep_until(SECOND).await;
            Ok::<_, Elapsed>(())
        });
        assert_eq!(outcome.await, Err(Elapsed));
    });
}

#[test]
fn a_limit_does_not_end_its_own_exit_nor_what_comes_after() {
    let lines = timed_log_of(async |log| {
        let outcome = with(Logged::new("a", &log).exits_in(5), async |_| {
            with(time_limit(SECOND), async |_| Ok::<_, Elapsed>(())).await
        });
        assert_eq!(outcome.await, Ok(()));
    });
    assert_eq!(lines, ["enter a at 0", "exit a: returned at 0", "left a at 5"]);
}

#[test]
fn a_limit_that_is_dropped_leaves_no_timer_behind() {
    async fn main() {
        let task =
            spawn(async { with(time_limit(3600 * SECOND), async |_| pending::<Limited>().await).await });
        yield_now().await;
        task.abort();
        task.await.unwrap_err();
        sleep(SECOND).await;
    }
    let ((), timeline) = timeline::record(|| run(main()));
    let timers = timeline.order(|event| match &event.kind {
        timeline::Kind::TimerDropped { timer } => Some(format!("{timer} dropped")),
        timeline::Kind::TimerFired { timer } => Some(format!("{timer} fired")),
        _ => None,
    });
    assert_eq!(timers, ["timer 0 dropped", "timer 1 fired"]);
}
