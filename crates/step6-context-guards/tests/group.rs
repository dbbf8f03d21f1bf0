//! `TaskGroup`: tasks that end before the block does, and what becomes of their errors.
#![allow(clippy::unwrap_used, reason = "a test may")]

mod support;

use std::cell::{Cell, RefCell};
use std::future::{Future, pending};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use step2::yield_now;
use step3::{now, sleep, timeout};
use step4::spawn;
use step6::{AsyncContext, ErrorGroup, GroupHandle, Outcome, TaskError, TaskGroup, with};
use support::{
    DONE, Done, Log, Logged, SECOND, SaysOnDrop, hold, log_of, panic_at, panic_of, poll_once, run,
    timed_log_of, turns,
};

type Group = TaskGroup<&'static str>;
type Errors = ErrorGroup<&'static str>;

/// Runs `body` with a new group.
async fn with_group<T: 'static>(
    body: impl AsyncFnOnce(&mut Group) -> Result<T, Errors>,
) -> Result<T, Errors> {
    with(Group::new(), body).await
}

/// Says its text after so many seconds.
async fn says(log: Log, seconds: u32, what: &'static str) -> Done {
    sleep(seconds * SECOND).await;
    log.say(what);
    DONE
}

/// Fails after so many seconds.
async fn fails(seconds: u32, error: &'static str) -> Done {
    sleep(seconds * SECOND).await;
    Err(error)
}

/// Returns what an outcome says: `ok`, or the errors with commas in between.
fn told<T>(outcome: Result<T, Errors>) -> String {
    match outcome {
        Ok(_) => "ok".to_owned(),
        Err(group) => group.errors.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
    }
}

// Waiting for all.

#[test]
fn it_waits_for_all_its_tasks_after_the_body() {
    let lines = timed_log_of(async |log| {
        let outcome = with_group(async |group| {
            group.spawn(says(log.clone(), 3, "a"));
            group.spawn(says(log.clone(), 1, "b"));
            log.say("the end of the body");
            Ok(())
        });
        log.say(told(outcome.await));
    });
    assert_eq!(lines, ["the end of the body at 0", "b at 1", "a at 3", "ok at 3"]);
}

#[test]
fn its_tasks_run_while_the_body_waits_and_need_not_be_awaited() {
    let lines = timed_log_of(async |log| {
        let outcome = with_group(async |group| {
            group.spawn(says(log.clone(), 1, "a"));
            sleep(2 * SECOND).await;
            log.say("the end of the body");
            Ok(())
        });
        log.say(told(outcome.await));
    });
    assert_eq!(lines, ["a at 1", "the end of the body at 2", "ok at 2"]);
}

#[test]
fn without_tasks_it_is_over_at_once() {
    run(async {
        let mut ended = Box::pin(with_group(async |_| Ok(7)));
        let polled = poll_once(&mut ended).await;
        assert!(matches!(polled, std::task::Poll::Ready(Ok(7))));
    });
}

#[test]
fn it_ends_when_all_of_its_tasks_have_ended_before_the_body() {
    run(async {
        let outcome = with_group(async |group| {
            group.spawn(async { DONE });
            yield_now().await;
            assert!(group.is_empty());
            group.spawn(async { DONE });
            assert_eq!(group.len(), 1, "and it goes on from empty");
            Ok(())
        });
        assert_eq!(told(outcome.await), "ok");
    });
}

#[test]
fn the_body_gets_the_values_of_its_tasks_from_their_handles() {
    run(async {
        let outcome = with_group(async |group| {
            let (one, two) = (group.spawn(async { Ok(1) }), group.spawn(async { Ok("two") }));
            Ok((two.await, one.await))
        });
        assert_eq!(outcome.await.unwrap(), (Some("two"), Some(1)));
    });
}

#[test]
fn a_task_whose_handle_is_dropped_runs_on() {
    let lines = log_of(async |log| {
        let outcome = with_group(async |group| {
            drop(group.spawn(says(log.clone(), 1, "a")));
            Ok(())
        });
        log.say(told(outcome.await));
    });
    assert_eq!(lines, ["a", "ok"]);
}

#[test]
fn tasks_are_scheduled_first_in_first_out_and_not_started() {
    let lines = log_of(async |log| {
        let outcome = with_group(async |group| {
            for name in ["a", "b", "c"] {
                let log = log.clone();
                group.spawn(async move {
                    log.say(name);
                    DONE
                });
            }
            log.say("body");
            Ok(())
        });
        outcome.await.unwrap();
    });
    assert_eq!(lines, ["body", "a", "b", "c"]);
}

// The first failure.

#[test]
fn the_first_failure_cancels_the_siblings_and_the_await_of_the_body() {
    let lines = timed_log_of(async |log| {
        let outcome = with_group(async |group| {
            let sibling = SaysOnDrop(log.clone(), "the sibling is dropped");
            group.spawn(async move {
                let _sibling = sibling;
                pending::<Done>().await
            });
            group.spawn(fails(1, "no bread"));
            let _body = SaysOnDrop(log.clone(), "the body is dropped");
            pending::<()>().await;
            Ok(())
        });
        log.say(told(outcome.await));
    });
    assert_eq!(lines.len(), 3);
    assert!(lines.contains(&"the sibling is dropped at 1".to_owned()), "{lines:?}");
    assert!(lines.contains(&"the body is dropped at 1".to_owned()), "{lines:?}");
    assert_eq!(lines[2], "no bread at 1");
}

#[test]
fn a_failure_after_the_body_has_ended_cancels_the_siblings() {
    run(async {
        let outcome = with_group(async |group| {
            group.spawn(fails(1, "no bread"));
            group.spawn(fails(3600, "too late"));
            Ok(())
        });
        assert_eq!((told(outcome.await), now()), ("no bread".to_owned(), SECOND));
    });
}

#[test]
fn a_failure_of_the_body_cancels_the_tasks() {
    let lines = timed_log_of(async |log| {
        let outcome = with_group(async |group| {
            let sibling = SaysOnDrop(log.clone(), "the task is dropped");
            group.spawn(async move {
                let _sibling = sibling;
                pending::<Done>().await
            });
            sleep(SECOND).await;
            Err::<(), _>("no bread")?;
            Ok(())
        });
        log.say(told(outcome.await));
    });
    assert_eq!(lines, ["the task is dropped at 1", "no bread at 1"]);
}

#[test]
fn a_body_that_returns_in_the_turn_in_which_a_task_fails_has_failed() {
    run(async {
        let outcome = with_group(async |group| {
            let failing = group.spawn(async { Err::<(), _>("no bread") });
            assert_eq!(failing.await, None);
            unreachable!("the failure interrupts the body before it hears of the handle");
        });
        assert_eq!(told::<()>(outcome.await), "no bread");
    });
}

#[test]
fn a_task_that_has_returned_before_a_failure_is_not_touched_by_it() {
    let lines = timed_log_of(async |log| {
        let outcome = with_group(async |group| {
            group.spawn(says(log.clone(), 1, "a"));
            group.spawn(fails(2, "no bread"));
            Ok(())
        });
        log.say(told(outcome.await));
    });
    assert_eq!(lines, ["a at 1", "no bread at 2"]);
}

// Errors in order.

#[test]
fn after_the_first_failure_no_other_task_comes_to_fail() {
    run(async {
        let outcome = with_group(async |group| {
            group.spawn(fails(3, "third"));
            group.spawn(fails(1, "first"));
            group.spawn(fails(2, "second"));
            Ok(())
        });
        assert_eq!((told(outcome.await), now()), ("first".to_owned(), SECOND));
    });
}

#[test]
fn of_two_tasks_that_are_to_fail_in_one_turn_the_first_aborts_the_second() {
    run(async {
        let outcome = with_group(async |group| {
            group.spawn(fails(1, "first"));
            group.spawn(fails(1, "second"));
            Ok(())
        });
        assert_eq!(told(outcome.await), "first");
    });
}

#[test]
fn a_task_that_has_had_no_turn_when_the_body_fails_is_aborted_before_it_starts() {
    run(async {
        let outcome = with_group(async |group| {
            group.spawn(async { Err::<(), _>("the task's") });
            Err::<(), _>("the body's".into())
        });
        assert_eq!(told(outcome.await), "the body's");
    });
}

/// The exit, which aborts the tasks, begins when what the body has left to the loop is over: a task may fail before.
#[test]
fn the_error_of_the_body_stands_behind_that_of_a_task() {
    run(async {
        let outcome = with_group(async |group| {
            group.spawn(fails(3, "the task's"));
            let given_up = hold(Logged::new("a", &Log::default()).exits_in(5));
            assert!(timeout(SECOND, given_up).await.is_err());
            Err::<(), _>("the body's".into())
        });
        assert_eq!((told(outcome.await), now()), ("the task's, the body's".to_owned(), 6 * SECOND));
    });
}

#[test]
fn a_body_that_passes_on_a_group_of_errors_has_them_all_at_the_end() {
    run(async {
        let inner = async || {
            with_group(async |group| {
                group.spawn(fails(1, "inner"));
                pending::<Result<(), _>>().await
            })
            .await
        };
        let outcome = with_group(async |_outer| {
            let mut errors = inner().await.unwrap_err();
            errors.errors.push(TaskError::Failed("body"));
            Err::<(), _>(errors)
        });
        assert_eq!(told(outcome.await), "inner, body");
    });
}

#[test]
fn a_group_of_errors_says_how_many_and_which() {
    let errors = Errors { errors: vec![TaskError::Failed("no bread"), TaskError::Failed("no butter")] };
    assert_eq!(errors.to_string(), "2 failures in a task group: no bread; no butter");
}

// Abortion is no failure.

#[test]
fn a_task_that_is_aborted_alone_is_no_error() {
    let lines = timed_log_of(async |log| {
        let outcome = with_group(async |group| {
            let idle: GroupHandle<(), _> = group.spawn(async { pending().await });
            group.spawn(says(log.clone(), 2, "the sibling"));
            sleep(SECOND).await;
            assert!(idle.abort());
            assert_eq!(idle.await, None);
            log.say("the body goes on");
            Ok(())
        });
        log.say(told(outcome.await));
    });
    assert_eq!(lines, ["the body goes on at 1", "the sibling at 2", "ok at 2"]);
}

#[test]
fn a_task_that_has_ended_cannot_be_aborted() {
    run(async {
        let outcome = with_group(async |group| {
            let task = group.spawn(async { Ok(7) });
            yield_now().await;
            assert!(!task.abort());
            Ok(task.await)
        });
        assert_eq!(outcome.await.unwrap(), Some(7));
    });
}

#[test]
fn a_handle_that_is_kept_for_after_the_group_has_the_value() {
    run(async {
        let kept = Rc::new(RefCell::new(None));
        let outcome = with_group(async |group| {
            *kept.borrow_mut() = Some(group.spawn(async { Ok(7) }));
            Ok(())
        });
        outcome.await.unwrap();
        let handle = kept.take().unwrap();
        assert!(!handle.abort());
        assert_eq!(handle.await, Some(7));
    });
}

// Panics.

#[test]
fn a_panic_of_a_task_is_an_error_among_the_others_and_cancels_them() {
    run(async {
        let outcome = with_group(async |group| {
            group.spawn(async {
                sleep(SECOND).await;
                assert!(now() < SECOND, "no bread");
                DONE
            });
            group.spawn(fails(3600, "too late"));
            pending::<Result<(), _>>().await
        });
        assert_eq!((told(outcome.await), now()), ("the task panicked: no bread".to_owned(), SECOND));
    });
}

/// It used to be heard by nobody, so that the group was a success.
#[test]
fn a_panic_of_the_destructor_of_a_task_that_has_returned_is_an_error_among_the_others() {
    struct Returns;

    impl Future for Returns {
        type Output = Done;

        fn poll(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<Done> {
            Poll::Ready(DONE)
        }
    }

    impl Drop for Returns {
        fn drop(&mut self) {
            panic!("no bread");
        }
    }

    run(async {
        let outcome = with_group(async |group| {
            drop(group.spawn(Returns));
            sleep(SECOND).await;
            Ok(())
        });
        assert_eq!(told(outcome.await), "the task panicked: no bread");
    });
}

/// It was dropped when the errors were on their way to the caller, and Rust forgets such a value if there is a panic just then.
#[test]
fn errors_are_not_forgotten_if_what_the_body_has_returned_panics_as_it_is_dropped() {
    struct Bomb;

    impl Drop for Bomb {
        fn drop(&mut self) {
            panic!("no bread");
        }
    }

    let error = Rc::new(());
    let theirs = Rc::clone(&error);
    let panic = panic_of(|| {
        run(async {
            let outcome = with(TaskGroup::new(), async move |group: &mut TaskGroup<Rc<()>>| {
                drop(group.spawn(async move {
                    sleep(SECOND).await;
                    Err::<(), _>(theirs)
                }));
                Ok(Bomb)
            });
            drop(outcome.await);
        });
    });
    assert_eq!(panic, "no bread");
    assert_eq!(Rc::strong_count(&error), 1, "the error is gone, too");
}

#[test]
fn a_panic_of_the_body_goes_on_after_all_tasks_have_ended() {
    let lines = timed_log_of(async |log| {
        let body = async |group: &mut Group| -> Result<(), Errors> {
            let child = hold(Logged::new("child's", &log).exits_in(3));
            group.spawn(child);
            sleep(SECOND).await;
            panic!("no bread")
        };
        let panic = panic_at(with_group(body)).await;
        log.say(panic);
    });
    assert_eq!(lines[1..], ["exit child's: cancelled at 1", "left child's at 4", "no bread at 4"]);
}

// Whatever its tasks have entered is left.

#[test]
fn a_task_aborted_inside_a_with_has_left_it_before_the_group_ends() {
    let lines = timed_log_of(async |log| {
        let outcome = with_group(async |group| {
            group.spawn(hold(Logged::new("child's", &log).exits_in(5)));
            group.spawn(fails(1, "no bread"));
            Ok(())
        });
        log.say(told(outcome.await));
    });
    assert_eq!(lines[1..], ["exit child's: cancelled at 1", "left child's at 6", "no bread at 6"]);
}

#[test]
fn a_task_aborted_alone_inside_a_with_has_left_it_before_the_group_ends() {
    let lines = timed_log_of(async |log| {
        let outcome = with_group(async |group| {
            let child = group.spawn(hold(Logged::new("child's", &log).exits_in(5)));
            sleep(SECOND).await;
            child.abort();
            assert_eq!(child.await, None);
            log.say("the end of the body");
            Ok(())
        });
        log.say(told(outcome.await));
    });
    assert_eq!(
        lines[1..],
        ["exit child's: cancelled at 1", "the end of the body at 1", "left child's at 6", "ok at 6"],
    );
}

#[test]
fn a_with_around_the_group_is_left_after_all_of_this() {
    let lines = timed_log_of(async |log| {
        let inner = async |_: &mut _| {
            with_group(async |group| {
                group.spawn(hold(Logged::new("child's", &log).exits_in(5)));
                pending::<Result<(), Errors>>().await
            })
            .await
        };
        timeout(SECOND, with(Logged::new("outer", &log), inner)).await.unwrap_err();
    });
    assert_eq!(
        lines[2..],
        ["exit child's: cancelled at 1", "left child's at 6", "exit outer: cancelled at 6"]
    );
}

#[test]
fn a_with_inside_the_body_is_left_before_the_tasks_are_waited_for() {
    let lines = timed_log_of(async |log| {
        let outcome = with_group(async |group| {
            group.spawn(fails(1, "no bread"));
            with(Logged::new("body's", &log).exits_in(2), async |_| pending::<Result<(), Errors>>().await)
                .await
        });
        log.say(told(outcome.await));
    });
    assert_eq!(lines[1..], ["exit body's: cancelled at 1", "left body's at 3", "no bread at 3"]);
}

// Spawning from elsewhere.

#[test]
fn a_task_may_spawn_others_in_its_group() {
    let lines = timed_log_of(async |log| {
        let outcome = with_group(async |group| {
            let (theirs, lines) = (group.clone(), log.clone());
            group.spawn(async move {
                sleep(SECOND).await;
                theirs.spawn(says(lines, 1, "the grandchild"));
                DONE
            });
            Ok(())
        });
        log.say(told(outcome.await));
    });
    assert_eq!(lines, ["the grandchild at 2", "ok at 2"]);
}

#[test]
fn a_group_of_tasks_that_spawn_their_successors_ends_with_the_last() {
    fn generation(group: &Group, left: u32, count: &Rc<Cell<u32>>) {
        count.set(count.get() + 1);
        let (theirs, count) = (group.clone(), Rc::clone(count));
        group.spawn(async move {
            if left > 0 {
                generation(&theirs, left - 1, &count);
            }
            DONE
        });
    }
    let count = Rc::new(Cell::new(0));
    let total = Rc::clone(&count);
    run(async move {
        let outcome = with_group(async |group| {
            generation(group, 99, &count);
            Ok(())
        });
        assert_eq!(told(outcome.await), "ok");
    });
    assert_eq!(total.get(), 100);
}

#[test]
fn a_task_outside_of_the_group_may_spawn_in_it_while_it_lasts() {
    let lines = timed_log_of(async |log| {
        let outcome = with_group(async |group| {
            let (theirs, lines) = (group.clone(), log.clone());
            let outside = spawn(async move { drop(theirs.spawn(says(lines, 1, "from outside"))) });
            outside.await.unwrap();
            Ok(())
        });
        log.say(told(outcome.await));
    });
    assert_eq!(lines, ["from outside at 1", "ok at 1"]);
}

/// Spawns a task in its group, which logs that it has started, when it is dropped.
struct SpawnsOnDrop(Group, Log);

impl Drop for SpawnsOnDrop {
    fn drop(&mut self) {
        let log = self.1.clone();
        let says = SaysOnDrop(self.1.clone(), "dropped");
        self.0.spawn(async move {
            let _says = says;
            log.say("started");
            DONE
        });
        self.1.say("spawned");
    }
}

#[test]
fn what_is_spawned_while_the_group_aborts_is_dropped_before_it_starts() {
    let lines = log_of(async |log| {
        let outcome = with_group(async |group| {
            let spawns = SpawnsOnDrop(group.clone(), log.clone());
            group.spawn(async move {
                let _spawns = spawns;
                pending::<Done>().await
            });
            group.spawn(fails(1, "no bread"));
            Ok(())
        });
        log.say(told(outcome.await));
    });
    assert_eq!(lines, ["spawned", "dropped", "no bread"]);
}

#[test]
fn what_a_childs_exit_spawns_while_the_group_aborts_is_aborted_too() {
    /// Spawns in its group as it is left, and awaits that.
    struct SpawnsAtExit(Group, Log);
    impl AsyncContext<(), &'static str> for SpawnsAtExit {
        type Value = Self;
        async fn enter(self) -> Result<Self, &'static str> {
            Ok(self)
        }
        async fn exit(me: Self, outcome: Outcome<(), &'static str>) -> Outcome<(), &'static str> {
            let asked = me.0.spawn(async { DONE });
            me.1.say(format_args!("{:?}", asked.await));
            outcome
        }
    }
    let lines = log_of(async |log| {
        let outcome = with_group(async |group| {
            group.spawn(hold(SpawnsAtExit(group.clone(), log.clone())));
            group.spawn(fails(1, "no bread"));
            Ok(())
        });
        log.say(told(outcome.await));
    });
    assert_eq!(lines, ["None", "no bread"]);
}

// Use out of turn.

#[test]
fn a_group_that_was_not_entered_takes_no_task() {
    let panic = panic_of(|| run(async { drop(Group::new().spawn(async { DONE })) }));
    assert_eq!(panic, "this task group was not entered: use it inside `with`");
}

#[test]
fn a_group_that_is_over_takes_no_task() {
    run(async {
        let mut kept = None;
        let outcome = with_group(async |group| {
            kept = Some(group.clone());
            Ok(())
        });
        outcome.await.unwrap();
        let panic = panic_at(async { drop(kept.unwrap().spawn(async { DONE })) }).await;
        assert_eq!(panic, "this task group is over: nothing would wait for the task");
    });
}

#[test]
fn a_group_cannot_be_entered_twice() {
    run(async {
        let group = Group::new();
        with(group.clone(), async |_| Ok::<_, Errors>(())).await.unwrap();
        let panic = panic_at(with(group, async |_| Ok::<_, Errors>(()))).await;
        assert_eq!(panic, "this task group was entered before: make a new one");
    });
}

// A group that is cancelled.

#[test]
fn a_group_dropped_in_its_body_aborts_its_tasks_and_is_left_by_the_loop() {
    let lines = timed_log_of(async |log| {
        let held = with_group(async |group| {
            group.spawn(hold(Logged::new("child's", &log).exits_in(3)));
            pending::<Result<(), _>>().await
        });
        assert!(timeout(SECOND, held).await.is_err());
        log.say("goes on");
        sleep(10 * SECOND).await;
        log.say("the end");
    });
    assert_eq!(
        lines[1..],
        ["goes on at 1", "exit child's: cancelled at 1", "left child's at 4", "the end at 11"],
    );
}

/// The exit went on without its `with`, and waited for tasks that nobody had aborted, until the end of the loop.
#[test]
fn a_group_dropped_while_it_waits_for_its_tasks_aborts_them() {
    let lines = timed_log_of(async |log| {
        let held = with_group(async |group| {
            let says = SaysOnDrop(log.clone(), "the task is dropped");
            group.spawn(async move {
                let _says = says;
                pending::<Done>().await
            });
            Ok(())
        });
        assert!(timeout(SECOND, held).await.is_err());
        sleep(SECOND).await;
        log.say("the end");
    });
    assert_eq!(lines, ["the task is dropped at 1", "the end at 2"]);
}

#[test]
fn a_stack_dropped_while_its_group_waits_for_its_tasks_aborts_them() {
    let lines = timed_log_of(async |log| {
        let held = with(step6::AsyncExitStack::new(), async |stack| {
            stack.enter(Logged::new("below", &log)).await?;
            let group = stack.enter(Group::new()).await?;
            stack[group].spawn(hold(Logged::new("child's", &log).exits_in(3)));
            Ok::<_, Errors>(())
        });
        assert!(timeout(SECOND, held).await.is_err());
        sleep(10 * SECOND).await;
        log.say("the end");
    });
    assert_eq!(
        lines[2..],
        ["exit child's: cancelled at 1", "left child's at 4", "exit below: returned at 4", "the end at 11"],
    );
}

#[test]
fn a_group_whose_task_is_aborted_aborts_its_tasks_in_turn() {
    let lines = timed_log_of(async |log| {
        let theirs = log.clone();
        let task = spawn(async move {
            with_group(async |outer| {
                let lines = theirs.clone();
                outer.spawn(async move {
                    let inner = with_group(async |inner| {
                        inner.spawn(hold(Logged::new("grandchild's", &lines).exits_in(3)));
                        Ok(())
                    });
                    inner.await.map_err(|_| "the inner group failed")
                });
                Ok(())
            })
            .await
        });
        sleep(SECOND).await;
        task.abort();
        task.await.unwrap_err();
        sleep(10 * SECOND).await;
        log.say("the end");
    });
    assert_eq!(lines[1..], ["exit grandchild's: cancelled at 1", "left grandchild's at 4", "the end at 11"]);
}

#[test]
fn a_group_that_is_cancelled_by_the_end_of_main_leaves_what_its_tasks_have_entered() {
    let lines = timed_log_of(async |log| {
        drop(spawn(async move {
            with_group(async |group| {
                group.spawn(hold(Logged::new("child's", &log).exits_in(3)));
                Ok(())
            })
            .await
        }));
        turns(3).await;
    });
    assert_eq!(lines, ["enter child's at 0", "exit child's: cancelled at 0", "left child's at 3"]);
}

// Many.

#[test]
fn ten_thousand_tasks_are_waited_for() {
    run(async {
        let count = Rc::new(Cell::new(0_u32));
        let outcome = with_group(async |group| {
            for n in 0..10_000 {
                let count = Rc::clone(&count);
                group.spawn(async move {
                    sleep((n % 7) * SECOND).await;
                    count.set(count.get() + 1);
                    DONE
                });
            }
            assert_eq!(group.len(), 10_000);
            Ok(())
        });
        assert_eq!((told(outcome.await), count.get(), now()), ("ok".to_owned(), 10_000, 6 * SECOND));
    });
}

#[test]
fn ten_thousand_tasks_are_aborted_by_one_failure() {
    run(async {
        let dropped = Log::default();
        let outcome = with_group(async |group| {
            for _ in 0..10_000 {
                let says = SaysOnDrop(dropped.clone(), "dropped");
                group.spawn(async move {
                    let _says = says;
                    pending::<Done>().await
                });
            }
            group.spawn(fails(1, "no bread"));
            Ok(())
        });
        assert_eq!(told(outcome.await), "no bread");
        assert_eq!(dropped.take().len(), 10_000);
    });
}

#[test]
fn a_group_costs_its_waiter_no_poll_for_each_task() {
    async fn waiter() {
        let outcome = with_group(async |group| {
            for n in 0..100 {
                group.spawn(async move {
                    sleep(n * SECOND).await;
                    DONE
                });
            }
            Ok(())
        });
        outcome.await.unwrap();
    }
    let ((), timeline) = timeline::record(|| run(waiter()));
    assert_eq!(timeline.polls("waiter"), 2, "at the begin, and when the last task has ended");
}
