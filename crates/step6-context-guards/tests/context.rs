//! `with`: what was entered is left again, once, on whatever path its body is left.
#![allow(clippy::unwrap_used, reason = "a test may")]

mod support;

use std::cell::Cell;
use std::future::{Future, pending, poll_fn};
use std::ops::ControlFlow;
use std::rc::Rc;
use std::task::Poll;
use std::time::Duration;

use step2::{Either, block_on, join, race, yield_now};
use step3::{now, sleep, timeout};
use step4::{JoinError, ThreadPool, spawn, spawn_clean_up};
use step6::{AsyncContext, Outcome, with};
use support::{
    DONE, Done, FailsToEnter, Log, Logged, Makes, SECOND, SaysOnDrop, hold, log_of, panic_at, panic_of,
    poll_once, run, run_with_grace, sleeper, stderr_of, timed_log_of, turns,
};

const NOTHING: [&str; 0] = [];

// Enter, body, exit.

#[test]
fn enter_body_and_exit_come_in_this_order() {
    let lines = log_of(async |log| {
        let done = with(Logged::new("a", &log), async |_| {
            log.say("body");
            DONE
        });
        done.await.unwrap();
        log.say("after");
    });
    assert_eq!(lines, ["enter a", "body", "exit a: returned", "after"]);
}

#[test]
fn enter_and_exit_are_awaited() {
    let lines = timed_log_of(async |log| {
        let done = with(Logged::new("a", &log).enters_in(2).exits_in(3), async |_| {
            log.say("body");
            DONE
        });
        done.await.unwrap();
        log.say("after");
    });
    assert_eq!(
        lines,
        ["enter a at 0", "entered a at 2", "body at 2", "exit a: returned at 2", "left a at 5", "after at 5",],
    );
}

#[test]
fn it_is_inert_until_it_is_awaited() {
    let lines = log_of(async |log| drop(with(Logged::new("a", &log), async |_| DONE)));
    assert_eq!(lines, NOTHING);
}

#[test]
fn it_returns_what_its_body_returns() {
    let log = Log::default();
    let returned = run(with(Logged::new("a", &log), async |_| Ok::<_, ()>(7)));
    assert_eq!(returned, Ok(7));
}

#[test]
fn the_exit_sees_what_the_body_has_made_of_the_value() {
    /// Expects to be 3 in the end.
    struct Counter(u32);
    impl AsyncContext<(), &'static str> for Counter {
        type Value = u32;
        async fn enter(self) -> Result<u32, &'static str> {
            Ok(self.0)
        }
        async fn exit(count: u32, _: Outcome<(), &'static str>) -> Outcome<(), &'static str> {
            if count == 3 { Outcome::Returned(()) } else { Outcome::Failed("not 3") }
        }
    }
    let outcome = run(with(Counter(1), async |count| {
        *count += 2;
        DONE
    }));
    assert_eq!(outcome, DONE);
}

// The exit runs exactly once: whatever way the body ends.

#[test]
fn it_is_left_once_when_the_body_fails() {
    let lines = log_of(async |log| {
        let outcome = with(Logged::new("a", &log), async |_| Err::<(), _>("no bread")).await;
        assert_eq!(outcome, Err("no bread"));
    });
    assert_eq!(lines, ["enter a", "exit a: failed \"no bread\""]);
}

#[test]
fn it_is_left_once_when_a_question_mark_leaves_the_body() {
    let lines = log_of(async |log| {
        let outcome = with(Logged::new("a", &log), async |_| {
            let _number: u32 = "bread".parse().map_err(|_| "no number")?;
            unreachable!("the question mark has left it");
        });
        assert_eq!(outcome.await, Err::<(), _>("no number"));
    });
    assert_eq!(lines, ["enter a", "exit a: failed \"no number\""]);
}

#[test]
fn it_is_left_once_when_the_body_returns_early() {
    let lines = log_of(async |log| {
        for n in 0.. {
            let next = with(Logged::new("a", &log), async |_| {
                if n == 1 {
                    return Ok(ControlFlow::Break(()));
                }
                yield_now().await;
                Ok::<_, ()>(ControlFlow::Continue(()))
            });
            if next.await.unwrap().is_break() {
                break;
            }
        }
    });
    assert_eq!(lines, ["enter a", "exit a: returned", "enter a", "exit a: returned"]);
}

#[test]
fn it_is_left_once_when_the_body_panics_and_the_panic_goes_on_after_it() {
    let lines = timed_log_of(async |log| {
        let body = async |_: &mut _| -> Done {
            sleep(SECOND).await;
            panic!("no bread")
        };
        let panic = panic_at(with(Logged::new("a", &log).exits_in(2), body)).await;
        log.say(panic);
    });
    assert_eq!(lines, ["enter a at 0", "exit a: panicked at 1", "left a at 3", "no bread at 3"]);
}

#[test]
fn it_is_left_in_place_when_making_the_bodys_future_panics() {
    let lines = log_of(async |log| {
        let body = |_: &mut _| -> std::future::Ready<Done> { panic!("no bread") };
        let panic = panic_at(with(Logged::new("a", &log), body)).await;
        log.say(panic);
    });
    assert_eq!(lines, ["enter a", "exit a: panicked", "no bread"]);
}

#[test]
fn it_is_left_once_when_it_is_dropped() {
    let lines = log_of(async |log| {
        let mut held = Box::pin(hold(Logged::new("a", &log)));
        assert!(poll_once(&mut held).await.is_pending());
        drop(held);
        log.say("dropped");
        yield_now().await;
    });
    assert_eq!(lines, ["enter a", "dropped", "exit a: cancelled"]);
}

#[test]
fn it_is_left_once_when_its_task_is_aborted() {
    let lines = log_of(async |log| {
        let task = spawn(hold(Logged::new("a", &log)));
        yield_now().await;
        assert!(task.abort());
        assert!(task.abort(), "twice is once");
        assert!(matches!(task.await, Err(JoinError::Cancelled)));
    });
    assert_eq!(lines, ["enter a", "exit a: cancelled"]);
}

#[test]
fn a_task_aborted_before_its_first_step_enters_nothing() {
    let lines = log_of(async |log| {
        let task = spawn(hold(Logged::new("a", &log)));
        task.abort();
        task.await.unwrap_err();
    });
    assert_eq!(lines, NOTHING);
}

#[test]
fn it_is_left_once_when_main_ends_and_before_run_returns() {
    let lines = timed_log_of(async |log| {
        drop(spawn(hold(Logged::new("a", &log).exits_in(3))));
        sleep(SECOND).await;
        log.say("the end of main");
    });
    assert_eq!(lines, ["enter a at 0", "the end of main at 1", "exit a: cancelled at 1", "left a at 4"]);
}

#[test]
fn it_is_left_once_when_main_panics() {
    let log = Log::default();
    let theirs = log.clone();
    let panic = panic_of(|| {
        run(async move {
            drop(spawn(hold(Logged::new("a", &theirs).exits_in(3))));
            yield_now().await;
            panic!("no bread");
        })
    });
    assert_eq!(
        (panic.as_str(), log.take().join(", ").as_str()),
        ("no bread", "enter a, exit a: cancelled, left a")
    );
}

#[test]
fn it_is_left_once_when_a_timeout_around_it_comes_first() {
    let lines = timed_log_of(async |log| {
        timeout(SECOND, hold(Logged::new("a", &log).exits_in(3))).await.unwrap_err();
        log.say("goes on");
    });
    assert_eq!(lines, ["enter a at 0", "goes on at 1", "exit a: cancelled at 1", "left a at 4"]);
}

#[test]
fn a_body_that_is_dropped_is_dropped_before_the_exit() {
    let lines = log_of(async |log| {
        let body = async |_: &mut _| {
            let _says = SaysOnDrop(log.clone(), "the body is dropped");
            pending::<()>().await;
            DONE
        };
        timeout(SECOND, with(Logged::new("a", &log), body)).await.unwrap_err();
    });
    assert_eq!(lines, ["enter a", "the body is dropped", "exit a: cancelled"]);
}

// What the exit makes of the outcome.

#[test]
fn an_exit_may_suppress_an_error() {
    let outcome = run(with(Makes(|_| Outcome::Returned(7)), async |_| Err("no bread")));
    assert_eq!(outcome, Ok(7));
}

#[test]
fn an_exit_may_replace_an_error() {
    let outcome = run(with(Makes(|_| Outcome::Failed("no butter")), async |_| Err::<(), _>("no bread")));
    assert_eq!(outcome, Err("no butter"));
}

#[test]
fn an_exit_may_replace_what_the_body_has_returned() {
    let outcome = run(with(Makes(|_| Outcome::Returned(8)), async |_| Ok(7)));
    assert_eq!(outcome, Ok(8));
}

#[test]
fn an_exit_may_fail_although_the_body_has_returned() {
    let outcome = run(with(Makes(|_| Outcome::Failed("the commit failed")), async |_| DONE));
    assert_eq!(outcome, Err("the commit failed"));
}

#[test]
fn an_exit_may_make_an_error_of_a_panic() {
    let outcome =
        run(with(Makes(|_| Outcome::Failed("it panicked")), async |_| -> Done { panic!("no bread") }));
    assert_eq!(outcome, Err("it panicked"));
}

#[test]
fn the_exit_around_sees_what_the_exit_inside_has_made_of_the_outcome() {
    let lines = log_of(async |log| {
        let inner = async |_: &mut _| with(Makes(|_| Outcome::Returned(())), async |_| Err("no bread")).await;
        assert_eq!(with(Logged::new("a", &log), inner).await, DONE);
    });
    assert_eq!(lines, ["enter a", "exit a: returned"]);
}

#[test]
fn an_exit_that_says_cancelled_although_nothing_was_panics() {
    let panic = panic_of(|| run(with(Makes(|_| Outcome::Cancelled), async |_| DONE)));
    assert_eq!(panic, "an exit returned `Cancelled`, but its `with` was not cancelled");
}

#[test]
fn what_a_cancelled_exit_returns_goes_nowhere() {
    let lines = log_of(async |log| {
        let inner = async |_: &mut _| hold(Makes(|_| Outcome::Returned(()))).await;
        timeout(SECOND, with(Logged::new("a", &log), inner)).await.unwrap_err();
    });
    assert_eq!(lines, ["enter a", "exit a: cancelled"]);
}

#[test]
#[cfg_attr(miri, ignore = "Miri starts no processes")]
fn a_cancelled_exit_that_fails_is_reported() {
    let report = stderr_of(|| {
        run(async {
            let held = timeout(SECOND, hold(Makes(|_| Outcome::Failed("no bread"))));
            held.await.unwrap_err();
        });
    });
    assert!(report.contains("its exit failed: \"no bread\""), "{report}");
}

// An enter that comes to nothing.

#[test]
fn a_failed_enter_runs_neither_body_nor_exit() {
    let outcome =
        run(with(FailsToEnter("no door", 0), async |()| -> Done { unreachable!("it was not entered") }));
    assert_eq!(outcome, Err("no door"));
}

#[test]
fn a_failed_enter_leaves_what_was_entered_around_it_with_its_error() {
    let lines = log_of(async |log| {
        let outcome = with(Logged::new("a", &log), async |_| {
            with(Logged::new("b", &log), async |_| with(FailsToEnter("no door", 1), async |()| DONE).await)
                .await
        });
        assert_eq!(outcome.await, Err("no door"));
    });
    assert_eq!(lines, ["enter a", "enter b", "exit b: failed \"no door\"", "exit a: failed \"no door\""]);
}

#[test]
fn a_cancelled_enter_runs_no_exit_but_those_around_it() {
    let lines = timed_log_of(async |log| {
        let nest = with(Logged::new("a", &log), async |_| hold(Logged::new("b", &log).enters_in(3)).await);
        timeout(SECOND, nest).await.unwrap_err();
    });
    assert_eq!(lines, ["enter a at 0", "enter b at 0", "exit a: cancelled at 1"]);
}

/// A context whose `enter` is this future.
struct Enters<F>(F);

impl<F: Future<Output = Done> + 'static> AsyncContext<(), &'static str> for Enters<F> {
    type Value = ();

    async fn enter(self) -> Done {
        self.0.await
    }

    async fn exit(_: (), outcome: Outcome<(), &'static str>) -> Outcome<(), &'static str> {
        outcome
    }
}

#[test]
fn a_cancelled_enter_gives_back_by_its_destructors_what_it_had() {
    let lines = log_of(async |log| {
        let says = SaysOnDrop(log.clone(), "given back");
        let enter = async move {
            let _says = says;
            pending().await
        };
        timeout(SECOND, hold(Enters(enter))).await.unwrap_err();
        log.say("timed out");
    });
    assert_eq!(lines, ["given back", "timed out"]);
}

#[test]
fn an_enter_that_panics_runs_no_exit_but_those_around_it() {
    let lines = log_of(async |log| {
        let inner = async |_: &mut _| hold(Enters(async { panic!("no door") })).await;
        let panic = panic_at(with(Logged::new("a", &log), inner)).await;
        log.say(panic);
    });
    assert_eq!(lines, ["enter a", "exit a: panicked", "no door"]);
}

/// Gives up on a context that takes `exits_in` seconds to leave, and goes on after one second.
async fn gives_up(log: Log, exits_in: u32) {
    timeout(SECOND, hold(Logged::new("inside", &log).exits_in(exits_in))).await.unwrap_err();
}

/// The inner scope was dropped along with what it would have had to wait for.
#[test]
fn what_a_failed_enter_has_left_to_the_loop_is_over_before_the_exit_around_it() {
    let lines = timed_log_of(async |log| {
        let theirs = log.clone();
        let enter = async move {
            gives_up(theirs, 5).await;
            Err("no door")
        };
        let outcome = with(Logged::new("a", &log), async |_| hold(Enters(enter)).await).await;
        assert_eq!(outcome, Err("no door"));
    });
    assert_eq!(
        lines,
        [
            "enter a at 0",
            "enter inside at 0",
            "exit inside: cancelled at 1",
            "left inside at 6",
            "exit a: failed \"no door\" at 6",
        ],
    );
}

#[test]
fn what_a_cancelled_enter_leaves_to_the_loop_is_over_before_the_exit_around_it() {
    let lines = timed_log_of(async |log| {
        let theirs = log.clone();
        let enter = async move { hold(Logged::new("inside", &theirs).exits_in(5)).await };
        let nest = with(Logged::new("a", &log), async |_| hold(Enters(enter)).await);
        timeout(SECOND, nest).await.unwrap_err();
    });
    assert_eq!(
        lines,
        [
            "enter a at 0",
            "enter inside at 0",
            "exit inside: cancelled at 1",
            "left inside at 6",
            "exit a: cancelled at 6",
        ],
    );
}

#[test]
fn what_an_enter_leaves_to_the_loop_as_it_panics_is_over_before_the_exit_around_it() {
    let lines = timed_log_of(async |log| {
        let theirs = log.clone();
        let enter = async move {
            gives_up(theirs, 5).await;
            panic!("no door")
        };
        let panic = panic_at(with(Logged::new("a", &log), async |_| hold(Enters(enter)).await)).await;
        assert_eq!(panic, "no door");
    });
    assert_eq!(lines[2..], ["exit inside: cancelled at 1", "left inside at 6", "exit a: panicked at 6"]);
}

// One in the other.

/// Three contexts, one in the other, that take 1, 2 and 3 seconds to leave, and a body in the innermost.
async fn nest(log: &Log, body: impl AsyncFnOnce() -> Done) -> Done {
    with(Logged::new("a", log).exits_in(1), async |_| {
        with(Logged::new("b", log).exits_in(2), async |_| {
            with(Logged::new("c", log).exits_in(3), async |_| body().await).await
        })
        .await
    })
    .await
}

#[test]
fn nested_exits_run_in_reverse_order_one_after_the_other() {
    let lines =
        timed_log_of(async |log| assert_eq!(nest(&log, async || Err("no bread")).await, Err("no bread")));
    assert_eq!(
        lines[3..],
        [
            "exit c: failed \"no bread\" at 0",
            "left c at 3",
            "exit b: failed \"no bread\" at 3",
            "left b at 5",
            "exit a: failed \"no bread\" at 5",
            "left a at 6",
        ],
    );
}

#[test]
fn nested_exits_run_one_after_the_other_also_when_the_whole_nest_is_dropped() {
    let lines = timed_log_of(async |log| {
        timeout(SECOND, nest(&log, async || pending().await)).await.unwrap_err();
        log.say("goes on");
    });
    assert_eq!(
        lines[3..],
        [
            "goes on at 1",
            "exit c: cancelled at 1",
            "left c at 4",
            "exit b: cancelled at 4",
            "left b at 6",
            "exit a: cancelled at 6",
            "left a at 7",
        ],
    );
}

#[test]
fn nested_exits_run_one_after_the_other_also_after_the_end_of_main() {
    let lines = timed_log_of(async |log| {
        drop(spawn(async move { nest(&log, async || pending().await).await }));
        yield_now().await;
    });
    assert_eq!(
        lines[3..],
        [
            "exit c: cancelled at 0",
            "left c at 3",
            "exit b: cancelled at 3",
            "left b at 5",
            "exit a: cancelled at 5",
            "left a at 6",
        ],
    );
}

#[test]
fn a_hundred_contexts_one_in_the_other_are_left_one_after_the_other_when_all_are_dropped() {
    fn deep(log: Log, depth: u32) -> std::pin::Pin<Box<dyn Future<Output = Done>>> {
        Box::pin(async move {
            if depth == 0 {
                return pending().await;
            }
            with(Logged::new("it", &log).exits_in(1), async |_| deep(log.clone(), depth - 1).await).await
        })
    }
    let log = Log::default();
    let theirs = log.clone();
    let ((), ended_at) = run_with_grace(1_000 * SECOND, async move {
        timeout(SECOND, deep(theirs, 100)).await.unwrap_err();
    });
    assert_eq!((log.count("exit it: cancelled"), ended_at), (100, 101 * SECOND));
}

#[test]
fn of_two_side_by_side_both_exits_run_at_once_and_the_exit_around_them_waits_for_both() {
    let lines = timed_log_of(async |log| {
        let both = async |_: &mut _| {
            let b = hold(Logged::new("b", &log).exits_in(2));
            let c = hold(Logged::new("c", &log).exits_in(5));
            join(b, c).await.0
        };
        timeout(SECOND, with(Logged::new("a", &log), both)).await.unwrap_err();
    });
    assert_eq!(
        lines[3..],
        [
            "exit b: cancelled at 1",
            "exit c: cancelled at 1",
            "left b at 3",
            "left c at 6",
            "exit a: cancelled at 6",
        ],
    );
}

#[test]
fn the_loser_of_a_race_is_left_while_the_body_goes_on_and_before_the_exit_around_it() {
    let lines = timed_log_of(async |log| {
        let body = async |_: &mut _| {
            let b = hold(Logged::new("b", &log).exits_in(5));
            let c = with(Logged::new("c", &log).exits_in(1), async |_| {
                sleep(SECOND).await;
                DONE
            });
            assert!(matches!(race(b, c).await, Either::Second(Ok(()))));
            log.say("goes on");
            sleep(SECOND).await;
            log.say("the end of the body");
            DONE
        };
        with(Logged::new("a", &log), body).await.unwrap();
        log.say("after");
    });
    assert_eq!(
        lines[3..],
        [
            "exit c: returned at 1",
            "left c at 2",
            "goes on at 2",
            "exit b: cancelled at 2",
            "the end of the body at 3",
            "left b at 7",
            "exit a: returned at 7",
            "after at 7",
        ],
    );
}

#[test]
fn a_body_that_takes_longer_than_what_it_has_left_to_the_loop_waits_for_nothing() {
    let lines = timed_log_of(async |log| {
        let body = async |_: &mut _| {
            gives_up(log.clone(), 2).await;
            sleep(5 * SECOND).await;
            DONE
        };
        with(Logged::new("a", &log), body).await.unwrap();
    });
    assert_eq!(lines[2..], ["exit inside: cancelled at 1", "left inside at 3", "exit a: returned at 6"]);
}

#[test]
fn what_was_left_to_the_loop_two_levels_below_is_over_before_the_exit_between() {
    let lines = timed_log_of(async |log| {
        let middle = async |_: &mut _| {
            gives_up(log.clone(), 5).await;
            DONE
        };
        let outer = async |_: &mut _| with(Logged::new("b", &log), middle).await;
        with(Logged::new("a", &log), outer).await.unwrap();
    });
    assert_eq!(
        lines[3..],
        ["exit inside: cancelled at 1", "left inside at 6", "exit b: returned at 6", "exit a: returned at 6"]
    );
}

/// Gives up, as it is left, on a context that takes five seconds to leave.
struct GivesUpAtExit(Log);

impl AsyncContext<(), &'static str> for GivesUpAtExit {
    type Value = Self;

    async fn enter(self) -> Result<Self, &'static str> {
        Ok(self)
    }

    async fn exit(me: Self, outcome: Outcome<(), &'static str>) -> Outcome<(), &'static str> {
        gives_up(me.0, 5).await;
        outcome
    }
}

#[test]
fn what_an_exit_has_left_to_the_loop_is_over_before_the_exit_around_it() {
    let lines = timed_log_of(async |log| {
        let inner = async |_: &mut _| with(GivesUpAtExit(log.clone()), async |_| DONE).await;
        with(Logged::new("a", &log), inner).await.unwrap();
    });
    assert_eq!(lines[2..], ["exit inside: cancelled at 1", "left inside at 6", "exit a: returned at 6"]);
}

#[test]
fn what_an_exit_has_left_to_the_loop_is_over_before_the_with_returns() {
    let lines = timed_log_of(async |log| {
        with(GivesUpAtExit(log.clone()), async |_| DONE).await.unwrap();
        log.say("after");
    });
    assert_eq!(lines[1..], ["exit inside: cancelled at 1", "left inside at 6", "after at 6"]);
}

#[test]
fn what_an_exit_that_panics_has_left_to_the_loop_is_over_before_the_panic_goes_on() {
    let lines = timed_log_of(async |log| {
        let panic = panic_at(with(PanicsAtExit(log.clone(), 5), async |_| DONE)).await;
        log.say(panic);
    });
    assert_eq!(lines[1..], ["exit inside: cancelled at 1", "left inside at 6", "stuck in the door at 6"]);
}

#[test]
fn a_task_spawned_in_a_body_is_not_inside_the_with() {
    let lines = timed_log_of(async |log| {
        let body = async |_: &mut _| {
            let task = spawn(hold(Logged::new("b", &log).exits_in(5)));
            yield_now().await;
            task.abort();
            turns(3).await;
            DONE
        };
        with(Logged::new("a", &log), body).await.unwrap();
    });
    assert_eq!(lines[2..], ["exit b: cancelled at 0", "exit a: returned at 0", "left b at 5"]);
}

#[test]
fn a_with_belongs_to_the_body_that_awaits_it_wherever_it_was_made() {
    let lines = timed_log_of(async |log| {
        let made_outside = Box::pin(hold(Logged::new("b", &log).exits_in(5)));
        let body = async |_: &mut _| {
            timeout(SECOND, made_outside).await.unwrap_err();
            DONE
        };
        with(Logged::new("a", &log), body).await.unwrap();
    });
    assert_eq!(lines[2..], ["exit b: cancelled at 1", "left b at 6", "exit a: returned at 6"]);
}

// Cancelled again, during the exit.

#[test]
fn an_exit_that_has_begun_goes_on_from_where_it_was_when_its_with_is_dropped() {
    let lines = timed_log_of(async |log| {
        let done = with(Logged::new("a", &log).exits_in(3), async |_| DONE);
        timeout(SECOND, done).await.unwrap_err();
        log.say("goes on");
    });
    assert_eq!(lines, ["enter a at 0", "exit a: returned at 0", "goes on at 1", "left a at 3"]);
}

#[test]
fn an_exit_after_a_cancellation_is_not_cancelled_again_by_aborting_the_task() {
    let lines = timed_log_of(async |log| {
        let task = spawn(hold(Logged::new("a", &log).exits_in(3)));
        yield_now().await;
        task.abort();
        sleep(SECOND).await;
        assert!(!task.abort(), "the task has ended; its exit is the loop's");
        assert!(matches!(task.await, Err(JoinError::Cancelled)));
    });
    assert_eq!(lines, ["enter a at 0", "exit a: cancelled at 0", "left a at 3"]);
}

#[test]
fn a_nest_dropped_during_the_innermost_exit_leaves_the_others_after_it() {
    let lines = timed_log_of(async |log| {
        timeout(SECOND, nest(&log, async || DONE)).await.unwrap_err();
    });
    assert_eq!(
        lines[3..],
        [
            "exit c: returned at 0",
            "left c at 3",
            "exit b: cancelled at 3",
            "left b at 5",
            "exit a: cancelled at 5",
            "left a at 6",
        ],
    );
}

#[test]
fn an_exit_that_waits_for_those_inside_it_goes_on_waiting_when_it_is_dropped() {
    let lines = timed_log_of(async |log| {
        let body = async |_: &mut _| {
            gives_up(log.clone(), 5).await;
            DONE
        };
        // At 2, the exit of `a` has begun, and waits.
        timeout(2 * SECOND, with(Logged::new("a", &log), body)).await.unwrap_err();
        log.say("goes on");
    });
    assert_eq!(
        lines[2..],
        ["exit inside: cancelled at 1", "goes on at 2", "left inside at 6", "exit a: returned at 6"],
    );
}

#[test]
fn what_an_exit_that_is_dropped_returns_is_dropped_too() {
    let lines = log_of(async |log| {
        let says = SaysOnDrop(log.clone(), "the value is dropped");
        let done = with(Logged::new("a", &log).exits_in(3), async |_| Ok::<_, ()>(says));
        assert!(timeout(SECOND, done).await.is_err());
    });
    assert_eq!(lines, ["enter a", "exit a: returned", "left a", "the value is dropped"]);
}

// What an exit may do.

#[test]
fn an_exit_after_a_cancellation_may_await_what_it_spawns_also_after_the_end_of_main() {
    struct AsksATask(Log);
    impl AsyncContext<(), &'static str> for AsksATask {
        type Value = Log;
        async fn enter(self) -> Result<Log, &'static str> {
            Ok(self.0)
        }
        async fn exit(log: Log, outcome: Outcome<(), &'static str>) -> Outcome<(), &'static str> {
            log.say(sleeper(3).await.unwrap());
            outcome
        }
    }
    let lines = timed_log_of(async |log| {
        drop(spawn(hold(AsksATask(log))));
        yield_now().await;
    });
    assert_eq!(lines, ["3 at 3"]);
}

#[test]
fn an_exit_may_have_contexts_of_its_own() {
    struct Outer(Log);
    impl AsyncContext<(), &'static str> for Outer {
        type Value = Log;
        async fn enter(self) -> Result<Log, &'static str> {
            Ok(self.0)
        }
        async fn exit(log: Log, outcome: Outcome<(), &'static str>) -> Outcome<(), &'static str> {
            with(Logged::new("own", &log), async |_| DONE).await.unwrap();
            outcome
        }
    }
    let lines = log_of(async |log| {
        timeout(SECOND, hold(Outer(log.clone()))).await.unwrap_err();
    });
    assert_eq!(lines, ["enter own", "exit own: returned"]);
}

// Exits that panic.

/// Panics as it is left, after it has given up on something that takes so many seconds.
struct PanicsAtExit(Log, u32);

impl AsyncContext<(), &'static str> for PanicsAtExit {
    type Value = Self;

    async fn enter(self) -> Result<Self, &'static str> {
        Ok(self)
    }

    async fn exit(me: Self, _outcome: Outcome<(), &'static str>) -> Outcome<(), &'static str> {
        if me.1 > 0 {
            gives_up(me.0, me.1).await;
        }
        panic!("stuck in the door")
    }
}

#[test]
fn an_exit_that_panics_has_its_panic_go_on_in_place_of_the_outcome() {
    let lines = log_of(async |log| {
        let inner = async |_: &mut _| with(PanicsAtExit(log.clone(), 0), async |_| Err("no bread")).await;
        let panic = panic_at(with(Logged::new("a", &log), inner)).await;
        log.say(panic);
    });
    assert_eq!(lines, ["enter a", "exit a: panicked", "stuck in the door"]);
}

#[test]
fn a_cancelled_exit_that_panics_harms_nobody_and_the_exit_around_it_runs() {
    let lines = log_of(async |log| {
        let inner = async |_: &mut _| hold(PanicsAtExit(log.clone(), 0)).await;
        timeout(SECOND, with(Logged::new("a", &log), inner)).await.unwrap_err();
        sleep(SECOND).await;
        log.say("the loop goes on");
    });
    assert_eq!(lines, ["enter a", "exit a: cancelled", "the loop goes on"]);
}

/// The scope was not settled when the exit did not come to its end.
#[test]
fn what_an_exit_that_panics_has_left_to_the_loop_is_over_before_the_exit_around_it() {
    let lines = timed_log_of(async |log| {
        let inner = async |_: &mut _| with(PanicsAtExit(log.clone(), 5), async |_| DONE).await;
        assert_eq!(panic_at(with(Logged::new("a", &log), inner)).await, "stuck in the door");
    });
    assert_eq!(lines[2..], ["exit inside: cancelled at 1", "left inside at 6", "exit a: panicked at 6"]);
}

#[test]
fn what_a_cancelled_exit_that_panics_has_left_to_the_loop_is_over_before_the_exit_around_it() {
    let lines = timed_log_of(async |log| {
        let inner = async |_: &mut _| hold(PanicsAtExit(log.clone(), 5)).await;
        timeout(SECOND, with(Logged::new("a", &log), inner)).await.unwrap_err();
    });
    assert_eq!(lines[2..], ["exit inside: cancelled at 2", "left inside at 7", "exit a: cancelled at 7"]);
}

// The loop's grace.

#[test]
fn an_exit_is_given_the_loops_grace() {
    let log = Log::default();
    let theirs = log.clone();
    let ((), ended_at) = run_with_grace(5 * SECOND, async move {
        drop(spawn(hold(Logged::new("a", &theirs).exits_in(4))));
        yield_now().await;
    });
    assert_eq!((log.count("left a"), ended_at), (1, 4 * SECOND));
}

#[test]
fn an_exit_that_outlives_the_grace_is_cancelled() {
    let log = Log::default();
    let theirs = log.clone();
    let ((), ended_at) = run_with_grace(3 * SECOND, async move {
        drop(spawn(hold(Logged::new("a", &theirs).exits_in(4))));
        yield_now().await;
    });
    assert_eq!((log.count("exit a"), log.count("left a"), ended_at), (1, 0, 3 * SECOND));
}

#[test]
fn an_exit_behind_one_that_outlives_the_grace_does_not_begin() {
    let log = Log::default();
    let theirs = log.clone();
    let ((), ended_at) = run_with_grace(4 * SECOND, async move {
        drop(spawn(async move { nest(&theirs, async || pending().await).await }));
        yield_now().await;
    });
    assert_eq!(log.take()[3..], ["exit c: cancelled", "left c", "exit b: cancelled"]);
    assert_eq!(ended_at, 4 * SECOND);
}

#[test]
fn a_with_inside_a_clean_up_that_outlives_the_grace_is_not_left() {
    let log = Log::default();
    let theirs = log.clone();
    let ((), ended_at) = run_with_grace(3 * SECOND, async move {
        assert!(spawn_clean_up(hold(Logged::new("a", &theirs))).is_ok());
    });
    assert_eq!(log.take(), ["enter a"]);
    assert_eq!(ended_at, 3 * SECOND);
}

#[test]
fn the_grace_is_ten_seconds_if_it_is_not_set() {
    let lines = timed_log_of(async |log| {
        drop(spawn(hold(Logged::new("nine", &log).exits_in(9))));
        drop(spawn(hold(Logged::new("eleven", &log).exits_in(11))));
        yield_now().await;
    });
    assert_eq!(lines[4..], ["left nine at 9"]);
}

#[test]
fn while_main_runs_an_exit_has_all_the_time_it_takes() {
    let lines = timed_log_of(async |log| {
        timeout(SECOND, hold(Logged::new("a", &log).exits_in(3600))).await.unwrap_err();
        sleep(4000 * SECOND).await;
    });
    assert_eq!(lines[2..], ["left a at 3601"]);
}

#[test]
#[cfg_attr(miri, ignore = "Miri starts no processes")]
fn a_clean_up_that_is_cancelled_by_the_grace_is_reported() {
    let report = stderr_of(|| {
        let log = Log::default();
        run_with_grace(3 * SECOND, async move {
            drop(spawn(hold(Logged::new("a", &log).exits_in(4))));
            yield_now().await;
        });
    });
    assert!(
        report.contains("1 clean-up(s) took longer than the grace of 3s, and were cancelled"),
        "{report}"
    );
}

// Without a loop.

#[test]
fn outside_of_a_loop_it_panics_and_says_what_to_do() {
    let log = Log::default();
    let panic = panic_of(|| block_on(hold(Logged::new("a", &log))));
    assert!(panic.contains("`with` needs an event loop that runs on this thread"), "{panic}");
    assert!(panic.contains("await it inside `step4::run`"), "{panic}");
    assert_eq!(log.take(), NOTHING, "before anything was entered");
}

#[test]
#[cfg_attr(miri, ignore = "the library behind the pool's queues is unsound in the eyes of Miri")]
fn in_a_task_of_a_thread_pool_it_panics() {
    struct Nothing;
    impl AsyncContext<(), ()> for Nothing {
        type Value = ();
        async fn enter(self) -> Result<(), ()> {
            Ok(())
        }
        async fn exit(_: (), outcome: Outcome<(), ()>) -> Outcome<(), ()> {
            outcome
        }
    }
    let pool = ThreadPool::new(1).unwrap();
    // Its future is not `Send`, so a task must drive it by hand.
    let task = pool.spawn(async { block_on(with(Nothing, async |()| Ok(()))) });
    let error = block_on(task).unwrap_err().to_string();
    assert!(error.contains("`with` needs an event loop"), "{error}");
}

#[test]
#[cfg_attr(miri, ignore = "Miri starts no processes")]
fn dropped_after_its_loop_has_ended_its_exit_does_not_run_and_that_is_reported() {
    let report = stderr_of(|| {
        let log = Log::default();
        let mut held = Box::pin(hold(Logged::new("a", &log)));
        let (kept,) = run(async move {
            assert!(poll_once(&mut held).await.is_pending());
            (held,)
        });
        drop(kept);
        assert_eq!(log.take(), ["enter a"]);
    });
    assert!(report.contains("dropped where no event loop runs, and its exit did not run"), "{report}");
}

// Interrupts.

/// Interrupts its body with an outcome, when it is time.
struct Interrupts<T>(Log, Duration, fn() -> Outcome<T, &'static str>);

impl<T: 'static> AsyncContext<T, &'static str> for Interrupts<T> {
    type Value = Self;

    async fn enter(self) -> Result<Self, &'static str> {
        Ok(self)
    }

    async fn exit(me: Self, outcome: Outcome<T, &'static str>) -> Outcome<T, &'static str> {
        me.0.say(format_args!("exit: {}", support::ending(&outcome)));
        outcome
    }

    fn interrupt(me: &Self) -> impl Future<Output = Outcome<T, &'static str>> + use<T> {
        let (time, outcome) = (me.1, me.2);
        async move {
            if !time.is_zero() {
                sleep(time).await;
            }
            outcome()
        }
    }
}

#[test]
fn a_context_may_interrupt_its_body() {
    let lines = timed_log_of(async |log| {
        let body = async |_: &mut _| {
            let _says = SaysOnDrop(log.clone(), "the body is dropped");
            pending().await
        };
        let interrupts = Interrupts(log.clone(), SECOND, || Outcome::Failed("enough"));
        let outcome: Done = with(interrupts, body).await;
        log.say(outcome.unwrap_err());
    });
    assert_eq!(lines, ["the body is dropped at 1", "exit: failed \"enough\" at 1", "enough at 1"]);
}

#[test]
fn an_interrupt_may_return_a_value_in_the_bodys_place() {
    let outcome =
        run(with(Interrupts(Log::default(), SECOND, || Outcome::Returned(7)), async |_| pending().await));
    assert_eq!(outcome, Ok(7));
}

#[test]
fn an_interrupt_that_is_ready_together_with_the_body_has_come_first() {
    let outcome =
        run(with(Interrupts(Log::default(), Duration::ZERO, || Outcome::Returned(7)), async |_| Ok(8)));
    assert_eq!(outcome, Ok(7));
}

#[test]
fn an_interrupt_that_comes_after_the_body_is_none() {
    let lines = log_of(async |log| {
        let outcome = with(Interrupts(log.clone(), 2 * SECOND, || Outcome::Failed("too late")), async |_| {
            sleep(SECOND).await;
            DONE
        });
        assert_eq!(outcome.await, DONE);
        sleep(3 * SECOND).await;
    });
    assert_eq!(lines, ["exit: returned"]);
}

#[test]
fn what_is_entered_in_an_interrupted_body_is_left_before_the_exit() {
    let lines = timed_log_of(async |log| {
        let interrupts = Interrupts(log.clone(), SECOND, || Outcome::Failed("enough"));
        let outcome = with(interrupts, async |_| hold(Logged::new("a", &log).exits_in(5)).await);
        assert_eq!(outcome.await, Err("enough"));
    });
    assert_eq!(
        lines,
        ["enter a at 0", "exit a: cancelled at 1", "left a at 6", "exit: failed \"enough\" at 6"],
    );
}

#[test]
fn a_body_of_which_an_inner_exit_is_interrupted_waits_for_that_exit() {
    let lines = timed_log_of(async |log| {
        let interrupts = Interrupts(log.clone(), SECOND, || Outcome::Failed("enough"));
        let outcome =
            with(interrupts, async |_| with(Logged::new("a", &log).exits_in(5), async |_| DONE).await);
        assert_eq!(outcome.await, Err("enough"));
    });
    assert_eq!(
        lines,
        ["enter a at 0", "exit a: returned at 0", "left a at 5", "exit: failed \"enough\" at 5"],
    );
}

#[test]
fn an_interrupt_that_panics_leaves_the_context_as_a_body_that_panics_does() {
    let lines = log_of(async |log| {
        let interrupts = Interrupts(log.clone(), SECOND, || panic!("stuck in the clock"));
        let panic = panic_at(with(interrupts, async |_| pending::<Done>().await)).await;
        log.say(panic);
    });
    assert_eq!(lines, ["exit: panicked", "stuck in the clock"]);
}

// How it is driven.

#[test]
fn a_with_whose_every_part_is_ready_is_ready_at_once() {
    run(async {
        let log = Log::default();
        let mut ended = Box::pin(with(Logged::new("a", &log), async |_| DONE));
        assert!(matches!(poll_once(&mut ended).await, Poll::Ready(Ok(()))));
    });
}

#[test]
fn its_body_may_borrow_from_around_it() {
    run(async {
        let (log, mut count) = (Log::default(), 0);
        for _ in 0..3 {
            with(Logged::new("a", &log), async |_| {
                count += 1;
                DONE
            })
            .await
            .unwrap();
        }
        assert_eq!(count, 3);
    });
}

#[test]
fn a_with_moves_between_tasks_as_any_future_does() {
    let lines = timed_log_of(async |log| {
        let mut held = Box::pin(with(Logged::new("a", &log).exits_in(2), async |_| {
            sleep(2 * SECOND).await;
            DONE
        }));
        assert!(poll_once(&mut held).await.is_pending());
        sleep(SECOND).await;
        spawn(held).await.unwrap().unwrap();
        log.say("after");
    });
    assert_eq!(lines, ["enter a at 0", "exit a: returned at 2", "left a at 4", "after at 4"]);
}

#[test]
fn a_loop_on_the_same_thread_starts_without_what_the_last_one_was_inside_of() {
    let log = Log::default();
    let theirs = log.clone();
    run_with_grace(Duration::ZERO, async move {
        drop(spawn(hold(Logged::new("a", &theirs).exits_in(1))));
        yield_now().await;
    });
    log.take();
    let theirs = log.clone();
    run(async move {
        timeout(SECOND, hold(Logged::new("b", &theirs).exits_in(1))).await.unwrap_err();
    });
    assert_eq!(log.take(), ["enter b", "exit b: cancelled", "left b"]);
}

#[test]
fn its_body_is_polled_when_it_was_woken_and_no_more_often() {
    let polls = Rc::new(Cell::new(0));
    let count = Rc::clone(&polls);
    run(async move {
        let log = Log::default();
        let mut naps = Box::pin(async {
            sleep(SECOND).await;
            sleep(SECOND).await;
        });
        let counted = poll_fn(|cx| {
            count.set(count.get() + 1);
            naps.as_mut().poll(cx)
        });
        let body = async |_: &mut _| {
            counted.await;
            DONE
        };
        with(Logged::new("a", &log), body).await.unwrap();
        assert_eq!(now(), 2 * SECOND);
    });
    assert_eq!(polls.get(), 3);
}
