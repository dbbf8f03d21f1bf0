//! `AsyncExitStack`: contexts that are entered one by one, and left in reverse order by the one `with` around them.
#![allow(clippy::unwrap_used, reason = "a test may")]

mod support;

use std::cell::RefCell;
use std::future::{Future, pending, ready};
use std::rc::Rc;

use step2::yield_now;
use step3::{Elapsed, now, sleep, timeout};
use step4::spawn;
use step6::{
    AsyncContext, AsyncExitStack, Deadline, ErrorGroup, Key, Outcome, TaskError, TaskGroup, time_limit, with,
};
use support::{
    DONE, Done, FailsToEnter, Log, Logged, Makes, SECOND, SaysOnDrop, hold, log_of, panic_at, panic_of, run,
    timed_log_of,
};

type Stack = AsyncExitStack<(), &'static str>;

/// Runs `body` with a new stack.
async fn with_stack(body: impl AsyncFnOnce(&mut Stack) -> Done) -> Done {
    with(Stack::new(), body).await
}

// Last in, first out.

#[test]
fn what_was_entered_is_left_in_reverse_order() {
    let lines = log_of(async |log| {
        let done = with_stack(async |stack| {
            for name in ["a", "b", "c"] {
                stack.enter(Logged::new(name, &log)).await?;
            }
            log.say("body");
            DONE
        });
        done.await.unwrap();
    });
    assert_eq!(
        lines,
        ["enter a", "enter b", "enter c", "body", "exit c: returned", "exit b: returned", "exit a: returned"],
    );
}

#[test]
fn contexts_futures_and_functions_are_left_in_one_order() {
    let lines = timed_log_of(async |log| {
        let done = with_stack(async |stack| {
            stack.enter(Logged::new("a", &log).exits_in(1)).await?;
            let function = log.clone();
            stack.push_sync(move || function.say("a function"));
            stack.enter(Logged::new("b", &log).exits_in(1)).await?;
            let future = log.clone();
            stack.push(async move {
                sleep(SECOND).await;
                future.say("a future");
            });
            assert_eq!(stack.len(), 4);
            DONE
        });
        done.await.unwrap();
    });
    assert_eq!(
        lines[2..],
        [
            "a future at 1",
            "exit b: returned at 1",
            "left b at 2",
            "a function at 2",
            "exit a: returned at 2",
            "left a at 3",
        ],
    );
}

#[test]
fn an_empty_stack_changes_nothing() {
    run(async {
        let outcome = with_stack(async |stack| {
            assert!(stack.is_empty());
            Err("no bread")
        });
        assert_eq!(outcome.await, Err("no bread"));
    });
}

#[test]
fn functions_run_also_when_the_body_fails_and_when_it_panics() {
    let lines = log_of(async |log| {
        for fails in [true, false] {
            let theirs = log.clone();
            let body = async |stack: &mut Stack| {
                stack.push_sync(move || theirs.say("a function"));
                assert!(fails, "no butter");
                Err("no bread")
            };
            if fails {
                log.say(with_stack(body).await.unwrap_err());
            } else {
                log.say(panic_at(with_stack(body)).await);
            }
        }
    });
    assert_eq!(lines, ["a function", "no bread", "a function", "no butter"]);
}

// Values.

#[test]
fn a_key_reaches_the_value_in_the_stack() {
    /// Has a number while it is entered.
    struct Number(u32);
    impl AsyncContext<(), &'static str> for Number {
        type Value = u32;
        async fn enter(self) -> Result<u32, &'static str> {
            Ok(self.0)
        }
        async fn exit(number: u32, _: Outcome<(), &'static str>) -> Outcome<(), &'static str> {
            if number == 15 {
                Outcome::Returned(())
            } else {
                Outcome::Failed("not what the body has made of it")
            }
        }
    }
    let outcome = run(with_stack(async |stack| {
        let five = stack.enter(Number(5)).await?;
        let ten: Key<u32> = stack.enter(Number(15)).await?;
        stack[five] += stack[ten] - 5;
        DONE
    }));
    assert_eq!(outcome, DONE);
}

const NOT_HERE: &str = "this key is of another stack, or of one from which all was popped";

#[test]
fn a_key_of_another_stack_panics() {
    let panic = panic_of(|| {
        run(with_stack(async |stack| {
            let other = &mut Stack::new();
            let _at_0 = other.enter(Logged::new("a", &Log::default())).await?;
            let at_1 = other.enter(Logged::new("b", &Log::default())).await?;
            let _absent = &stack[at_1];
            DONE
        }))
    });
    assert!(panic.starts_with(NOT_HERE), "{panic}");
}

#[test]
fn a_key_of_another_stack_panics_also_where_this_one_has_a_value_of_its_type() {
    let panic = panic_of(|| {
        run(with_stack(async |stack| {
            let log = Log::default();
            let other = &mut Stack::new();
            let of_another = other.enter(Logged::new("b", &log)).await?;
            stack.enter(Logged::new("a", &log)).await?;
            let _wrong = &stack[of_another];
            DONE
        }))
    });
    assert!(panic.starts_with(NOT_HERE), "{panic}");
}

#[test]
fn a_key_of_something_that_was_popped_panics() {
    let panic = panic_of(|| {
        run(with_stack(async |stack| {
            let key = stack.enter(Logged::new("a", &Log::default())).await?;
            let _popped = stack.pop_all();
            let _absent = &mut stack[key];
            DONE
        }))
    });
    assert!(panic.starts_with(NOT_HERE), "{panic}");
}

// Outcomes.

#[test]
fn each_exit_is_given_what_the_one_above_has_made_of_the_outcome() {
    let lines = log_of(async |log| {
        let outcome = with_stack(async |stack| {
            stack.enter(Logged::new("a", &log)).await?;
            stack.enter(Makes(|_| Outcome::Failed("no butter"))).await?;
            stack.enter(Logged::new("b", &log)).await?;
            stack.enter(Makes(|_| Outcome::Returned(()))).await?;
            stack.enter(Logged::new("c", &log)).await?;
            Err("no bread")
        });
        assert_eq!(outcome.await, Err("no butter"));
    });
    assert_eq!(
        lines[3..],
        ["exit c: failed \"no bread\"", "exit b: returned", "exit a: failed \"no butter\""]
    );
}

#[test]
fn an_error_that_is_suppressed_is_hidden_from_all_below_and_from_the_caller() {
    let lines = log_of(async |log| {
        let outcome = with_stack(async |stack| {
            stack.enter(Logged::new("a", &log)).await?;
            stack.enter(Makes(|_| Outcome::Returned(()))).await?;
            Err("no bread")
        });
        assert_eq!(outcome.await, DONE);
    });
    assert_eq!(lines, ["enter a", "exit a: returned"]);
}

#[test]
fn a_failed_enter_leaves_what_was_entered_before_and_nothing_else() {
    let lines = log_of(async |log| {
        let outcome = with_stack(async |stack| {
            stack.enter(Logged::new("a", &log)).await?;
            stack.enter(Logged::new("b", &log)).await?;
            stack.enter(FailsToEnter("no door", 1)).await?;
            unreachable!("the question mark has left the body");
        });
        assert_eq!(outcome.await, Err("no door"));
    });
    assert_eq!(lines[2..], ["exit b: failed \"no door\"", "exit a: failed \"no door\""]);
}

#[test]
fn a_failed_enter_that_the_body_shrugs_off_pushes_nothing() {
    let lines = log_of(async |log| {
        let outcome = with_stack(async |stack| {
            stack.enter(Logged::new("a", &log)).await?;
            assert!(stack.enter(FailsToEnter("no door", 0)).await.is_err());
            assert_eq!(stack.len(), 1);
            DONE
        });
        assert_eq!(outcome.await, DONE);
    });
    assert_eq!(lines, ["enter a", "exit a: returned"]);
}

#[test]
fn an_enter_that_is_dropped_half_way_pushes_nothing() {
    let lines = log_of(async |log| {
        let outcome = with_stack(async |stack| {
            let slow = stack.enter(Logged::new("a", &log).enters_in(3));
            assert!(timeout(SECOND, slow).await.is_err());
            assert!(stack.is_empty());
            DONE
        });
        assert_eq!(outcome.await, DONE);
    });
    assert_eq!(lines, ["enter a"]);
}

// Panics.

#[test]
fn a_panic_in_one_goes_on_to_the_next() {
    let lines = log_of(async |log| {
        let panic = panic_at(with_stack(async |stack| {
            stack.enter(Logged::new("a", &log)).await?;
            stack.push_sync(|| panic!("stuck in the door"));
            stack.enter(Logged::new("b", &log)).await?;
            DONE
        }));
        log.say(panic.await);
    });
    assert_eq!(lines[2..], ["exit b: returned", "exit a: panicked", "stuck in the door"]);
}

#[test]
fn a_later_panic_takes_the_place_of_an_earlier_one() {
    let panic = panic_of(|| {
        run(with_stack(async |stack| {
            stack.push_sync(|| panic!("the last"));
            stack.push(async { panic!("the second") });
            panic!("the first")
        }))
    });
    assert_eq!(panic, "the last");
}

#[test]
fn a_panic_in_one_may_be_made_an_error_by_one_below() {
    let outcome = run(with_stack(async |stack| {
        stack.enter(Makes(|_| Outcome::Failed("it panicked"))).await?;
        stack.push_sync(|| panic!("stuck in the door"));
        DONE
    }));
    assert_eq!(outcome, Err("it panicked"));
}

/// Panics when its `exit` is called, before there is a future.
struct PanicsAtTheCall;

impl AsyncContext<(), &'static str> for PanicsAtTheCall {
    type Value = ();

    async fn enter(self) -> Done {
        DONE
    }

    fn exit(
        _: (),
        outcome: Outcome<(), &'static str>,
    ) -> impl Future<Output = Outcome<(), &'static str>> + 'static {
        if outcome.is_returned() {
            panic!("stuck before the door");
        }
        ready(outcome)
    }
}

#[test]
fn a_panic_before_there_is_an_exit_to_await_goes_on_to_the_next() {
    let lines = log_of(async |log| {
        let panic = panic_at(with_stack(async |stack| {
            stack.enter(Logged::new("a", &log)).await?;
            stack.enter(PanicsAtTheCall).await?;
            DONE
        }));
        log.say(panic.await);
    });
    assert_eq!(lines, ["enter a", "exit a: panicked", "stuck before the door"]);
}

// Cancellation.

#[test]
fn all_are_left_one_after_the_other_when_the_body_is_dropped() {
    let lines = timed_log_of(async |log| {
        let held = with_stack(async |stack| {
            stack.enter(Logged::new("a", &log).exits_in(2)).await?;
            let function = log.clone();
            stack.push_sync(move || function.say("a function"));
            stack.enter(Logged::new("b", &log).exits_in(3)).await?;
            pending().await
        });
        timeout(SECOND, held).await.unwrap_err();
        log.say("goes on");
    });
    assert_eq!(
        lines[2..],
        [
            "goes on at 1",
            "exit b: cancelled at 1",
            "left b at 4",
            "a function at 4",
            "exit a: cancelled at 4",
            "left a at 6",
        ],
    );
}

#[test]
fn a_stack_that_is_dropped_during_an_exit_goes_on_from_there() {
    let lines = timed_log_of(async |log| {
        let done = with_stack(async |stack| {
            stack.enter(Logged::new("a", &log).exits_in(2)).await?;
            stack.enter(Logged::new("b", &log).exits_in(3)).await?;
            DONE
        });
        timeout(SECOND, done).await.unwrap_err();
    });
    assert_eq!(lines[2..], ["exit b: returned at 0", "left b at 3", "exit a: returned at 3", "left a at 5"],);
}

#[test]
fn a_with_in_the_body_is_left_before_what_is_on_the_stack() {
    let lines = timed_log_of(async |log| {
        let held = with_stack(async |stack| {
            stack.enter(Logged::new("a", &log)).await?;
            hold(Logged::new("b", &log).exits_in(3)).await
        });
        timeout(SECOND, held).await.unwrap_err();
    });
    assert_eq!(lines[2..], ["exit b: cancelled at 1", "left b at 4", "exit a: cancelled at 4"]);
}

/// Gives up, as it is left, on a context that takes five seconds to leave.
struct GivesUpAtExit(Log);

impl AsyncContext<(), &'static str> for GivesUpAtExit {
    type Value = Self;

    async fn enter(self) -> Result<Self, &'static str> {
        Ok(self)
    }

    async fn exit(me: Self, outcome: Outcome<(), &'static str>) -> Outcome<(), &'static str> {
        timeout(SECOND, hold(Logged::new("inside", &me.0).exits_in(5))).await.unwrap_err();
        outcome
    }
}

/// Only the stack as a whole had a scope: the exits below did not wait.
#[test]
fn what_one_exit_has_left_to_the_loop_is_over_before_the_next_one() {
    let lines = timed_log_of(async |log| {
        let done = with_stack(async |stack| {
            stack.enter(Logged::new("a", &log)).await?;
            stack.enter(GivesUpAtExit(log.clone())).await?;
            DONE
        });
        done.await.unwrap();
    });
    assert_eq!(lines[2..], ["exit inside: cancelled at 1", "left inside at 6", "exit a: returned at 6"]);
}

// Interrupts.

#[test]
fn a_time_limit_on_the_stack_interrupts_the_body() {
    let lines = timed_log_of(async |log| {
        let outcome = with(AsyncExitStack::new(), async |stack| {
            stack.enter(Logged::new("a", &log)).await?;
            stack.enter(time_limit(SECOND)).await?;
            stack.enter(Logged::new("b", &log).exits_in(3)).await?;
            let _says = SaysOnDrop(log.clone(), "the body is dropped");
            pending::<Result<(), Elapsed>>().await
        });
        assert_eq!(outcome.await, Err(Elapsed));
    });
    assert_eq!(
        lines[2..],
        [
            "the body is dropped at 1",
            "exit b: failed Elapsed at 1",
            "left b at 4",
            "exit a: failed Elapsed at 4",
        ],
    );
}

#[test]
fn a_time_limit_entered_late_interrupts_the_body_all_the_same() {
    run(async {
        let outcome = with(AsyncExitStack::new(), async |stack| {
            sleep(5 * SECOND).await;
            stack.enter(time_limit(SECOND)).await?;
            pending::<Result<(), Elapsed>>().await
        });
        assert_eq!(outcome.await, Err(Elapsed));
        assert_eq!(now(), 6 * SECOND);
    });
}

#[test]
fn of_two_time_limits_the_earlier_one_interrupts_the_body() {
    run(async {
        let outcome = with(AsyncExitStack::new(), async |stack| {
            stack.enter(time_limit(3 * SECOND)).await?;
            stack.enter(time_limit(2 * SECOND)).await?;
            pending::<Result<(), Elapsed>>().await
        });
        assert_eq!(outcome.await, Err(Elapsed));
        assert_eq!(now(), 2 * SECOND);
    });
}

#[test]
fn a_time_limit_on_the_stack_is_moved_through_its_key() {
    run(async {
        let outcome = with(AsyncExitStack::new(), async |stack| {
            let limit: Key<Deadline> = stack.enter(time_limit(SECOND)).await?;
            stack[limit].reschedule(Some(3 * SECOND));
            sleep(2 * SECOND).await;
            stack[limit].reschedule(Some(5 * SECOND));
            pending::<Result<(), Elapsed>>().await
        });
        assert_eq!(outcome.await, Err(Elapsed));
        assert_eq!(now(), 5 * SECOND);
    });
}

#[test]
fn a_failing_task_of_a_group_on_the_stack_interrupts_the_body() {
    let lines = timed_log_of(async |log| {
        let outcome = with(AsyncExitStack::new(), async |stack| {
            stack.enter(Logged::new("a", &log)).await?;
            let group = stack.enter(TaskGroup::new()).await?;
            stack.enter(Logged::new("b", &log)).await?;
            stack[group].spawn(async {
                sleep(SECOND).await;
                Err::<(), _>("no bread")
            });
            pending::<Result<(), ErrorGroup<_>>>().await
        });
        let error = outcome.await.unwrap_err();
        assert!(matches!(error.errors[..], [TaskError::Failed("no bread")]));
    });
    assert_eq!(
        lines[2..],
        ["exit b: cancelled at 1", "exit a: failed ErrorGroup([Failed(\"no bread\")]) at 1"],
    );
}

/// The children's exits were waited for at the end of the stack, and no earlier.
#[test]
fn what_an_aborted_task_of_a_group_had_entered_is_left_before_what_is_below_the_group() {
    let lines = timed_log_of(async |log| {
        let outcome = with(AsyncExitStack::new(), async |stack| {
            stack.enter(Logged::new("below", &log)).await?;
            let group = stack.enter(TaskGroup::new()).await?;
            let child = hold(Logged::new("child's", &log).exits_in(5));
            stack[group].spawn(child);
            sleep(SECOND).await;
            Err::<(), _>(ErrorGroup::from("no bread"))
        });
        assert!(outcome.await.is_err());
    });
    assert_eq!(
        lines[2..],
        [
            "exit child's: cancelled at 1",
            "left child's at 6",
            "exit below: failed ErrorGroup([Failed(\"no bread\")]) at 6",
        ],
    );
}

// Taking all off.

#[test]
fn what_was_popped_is_left_with_the_stack_that_has_it() {
    let lines = log_of(async |log| {
        let kept = with(AsyncExitStack::<Stack, &'static str>::new(), async |own| {
            own.enter(Logged::new("own", &log)).await?;
            let stack = &mut Stack::new();
            let a = stack.enter(Logged::new("a", &log)).await?;
            stack.enter(Logged::new("b", &log)).await?;
            let popped = stack.pop_all();
            assert!(stack.is_empty());
            let _the_key_is_good_there = &popped[a];
            Ok(popped)
        });
        let kept = kept.await.unwrap();
        log.say("between");
        with(kept, async |_| DONE).await.unwrap();
    });
    assert_eq!(
        lines,
        [
            "enter own",
            "enter a",
            "enter b",
            "exit own: returned",
            "between",
            "exit b: returned",
            "exit a: returned",
        ],
    );
}

#[test]
fn a_stack_goes_on_after_all_was_popped() {
    let lines = log_of(async |log| {
        let mut popped = None;
        let done = with_stack(async |stack| {
            stack.enter(Logged::new("a", &log)).await?;
            popped = Some(stack.pop_all());
            stack.enter(Logged::new("b", &log)).await?;
            DONE
        });
        done.await.unwrap();
        with(popped.unwrap(), async |_| Err("no bread")).await.unwrap_err();
    });
    assert_eq!(lines, ["enter a", "enter b", "exit b: returned", "exit a: failed \"no bread\""]);
}

/// The `with` watched what was on the stack when it began, and the stack had another list by then.
#[test]
fn a_time_limit_that_is_popped_interrupts_the_body_it_is_moved_to_and_no_other() {
    run(async {
        let mut popped = None;
        let first = with(AsyncExitStack::new(), async |stack| {
            stack.enter(time_limit(2 * SECOND)).await?;
            popped = Some(stack.pop_all());
            sleep(SECOND).await;
            Ok::<_, Elapsed>(())
        });
        assert_eq!(first.await, Ok(()));
        let second = with(popped.unwrap(), async |_| pending::<Result<(), Elapsed>>().await);
        assert_eq!(second.await, Err(Elapsed));
        assert_eq!(now(), 2 * SECOND);
    });
}

#[test]
fn a_body_is_not_interrupted_by_a_limit_that_was_popped_off_its_stack() {
    run(async {
        let outcome = with(AsyncExitStack::new(), async |stack| {
            stack.enter(time_limit(SECOND)).await?;
            yield_now().await;
            let _popped = stack.pop_all();
            sleep(2 * SECOND).await;
            Ok::<_, Elapsed>(())
        });
        assert_eq!(outcome.await, Ok(()));
    });
}

#[test]
fn a_body_is_interrupted_by_a_limit_that_is_entered_after_all_was_popped() {
    run(async {
        let outcome = with(AsyncExitStack::new(), async |stack| {
            let _nothing = stack.pop_all();
            stack.enter(time_limit(SECOND)).await?;
            sleep(5 * SECOND).await;
            Ok::<_, Elapsed>(())
        });
        assert_eq!(outcome.await, Err(Elapsed));
        assert_eq!(now(), SECOND);
    });
}

#[test]
fn a_popped_stack_that_is_dropped_runs_destructors_and_no_exit() {
    let lines = log_of(async |log| {
        let done = with_stack(async |stack| {
            stack.enter(Logged::new("a", &log)).await?;
            let says = SaysOnDrop(log.clone(), "dropped");
            stack.push_sync(move || drop(says));
            drop(stack.pop_all());
            DONE
        });
        done.await.unwrap();
    });
    assert_eq!(lines, ["enter a", "dropped"]);
}

// Stacks in stacks.

#[test]
fn a_stack_may_be_entered_on_a_stack() {
    let lines = log_of(async |log| {
        let done = with_stack(async |outer| {
            outer.enter(Logged::new("a", &log)).await?;
            let inner = outer.enter(Stack::new()).await?;
            outer.enter(Logged::new("c", &log)).await?;
            let inner = &mut outer[inner];
            inner.enter(Logged::new("b", &log)).await?;
            DONE
        });
        done.await.unwrap();
    });
    assert_eq!(lines[3..], ["exit c: returned", "exit b: returned", "exit a: returned"]);
}

#[test]
fn a_task_that_is_aborted_leaves_its_stack() {
    let log = Rc::new(RefCell::new(Vec::new()));
    let theirs = Rc::clone(&log);
    run(async move {
        let task = spawn(with_stack(async move |stack: &mut Stack| {
            for name in ["a", "b"] {
                let lines = Rc::clone(&theirs);
                stack.push_sync(move || lines.borrow_mut().push(name));
            }
            pending().await
        }));
        yield_now().await;
        task.abort();
        task.await.unwrap_err();
    });
    assert_eq!(*log.borrow(), ["b", "a"]);
}
