//! Two ways to end a task early: `abort`, which drops its future, and asking it to stop, which it may take its time over.
#![allow(clippy::unwrap_used, reason = "a test may")]

use std::cell::{Cell, RefCell};
use std::future::{Future, pending};
use std::rc::Rc;
use std::time::Duration;

use step2::{Either, oneshot, race, yield_now};
use step3::{now, sleep};
use step4::{JoinError, JoinHandle, spawn};

mod support;
use support::{SetOnDrop, run};

/// Returns a flag, and a guard that sets it.
fn flag() -> (Rc<Cell<bool>>, SetOnDrop) {
    let flag = Rc::new(Cell::new(false));
    (Rc::clone(&flag), SetOnDrop(flag))
}

#[test]
fn aborted_before_its_first_step_a_body_never_runs() {
    run(async {
        let (dropped, guard) = flag();
        let task = spawn(async move {
            let _guard = guard;
            unreachable!("it was aborted before");
        });
        assert!(task.abort());
        assert!(!dropped.get(), "asked for, not done yet");
        assert!(matches!(task.await, Err::<(), _>(JoinError::Cancelled)));
        assert!(dropped.get(), "what it was given is dropped all the same");
    });
}

#[test]
fn a_cancellation_is_delivered_at_the_await() {
    run(async {
        let log = Rc::new(RefCell::new(Vec::new()));
        let (lines, (dropped, guard)) = (Rc::clone(&log), flag());
        let task = spawn(async move {
            let _guard = guard;
            lines.borrow_mut().push("before the await");
            sleep(Duration::from_secs(1)).await;
            lines.borrow_mut().push("after the await");
        });
        yield_now().await;
        task.abort();
        assert!(!dropped.get(), "at its next turn");
        assert!(matches!(task.await, Err(JoinError::Cancelled)));
        assert_eq!(*log.borrow(), ["before the await"]);
        assert!(dropped.get());
        assert_eq!(now(), Duration::ZERO);
    });
}

#[test]
fn an_abort_is_false_when_the_task_is_done() {
    run(async {
        let task = spawn(async { 7 });
        yield_now().await;
        assert!(!task.abort());
        assert_eq!(task.await.unwrap(), 7, "and takes nothing from it");
    });
}

#[test]
fn an_abort_twice_is_an_abort_once() {
    async fn aborted() {
        pending::<()>().await;
    }
    let ((), timeline) = timeline::record(|| {
        run(async {
            let task = spawn(aborted());
            yield_now().await;
            assert!(task.abort());
            assert!(task.abort());
            task.await.unwrap_err();
        });
    });
    let cancelled = timeline.order(|event| match event.kind {
        timeline::Kind::Cancelled { task } => Some(timeline.task_name(task).to_string()),
        _ => None,
    });
    assert_eq!(cancelled, ["aborted"]);
    assert_eq!(timeline.polls("aborted"), 1);
}

/// Spawns a task that gets its own handle.
fn spawn_with_own_handle<F, Fut>(body: F) -> Rc<RefCell<Option<JoinHandle<Fut::Output>>>>
where
    F: FnOnce(Rc<RefCell<Option<JoinHandle<Fut::Output>>>>) -> Fut,
    Fut: Future + 'static,
{
    let slot = Rc::new(RefCell::new(None));
    *slot.borrow_mut() = Some(spawn(body(Rc::clone(&slot))));
    slot
}

#[test]
fn a_task_that_aborts_itself_runs_to_its_next_pending_await() {
    run(async {
        let log = Rc::new(RefCell::new(Vec::new()));
        let lines = Rc::clone(&log);
        let slot = spawn_with_own_handle(|own| async move {
            assert!(own.borrow().as_ref().unwrap().abort());
            lines.borrow_mut().push("still running");
            async { lines.borrow_mut().push("an await that is ready") }.await;
            yield_now().await;
            lines.borrow_mut().push("after an await that is not");
        });
        yield_now().await;
        let task = slot.borrow_mut().take().unwrap();
        assert!(matches!(task.await, Err(JoinError::Cancelled)));
        assert_eq!(*log.borrow(), ["still running", "an await that is ready"]);
    });
}

#[test]
fn a_task_that_aborts_itself_and_comes_to_its_end_has_an_output() {
    run(async {
        let slot = spawn_with_own_handle(|own| async move {
            own.borrow().as_ref().unwrap().abort();
            "the end"
        });
        yield_now().await;
        let task = slot.borrow_mut().take().unwrap();
        assert_eq!(task.await.unwrap(), "the end");
        yield_now().await;
    });
}

#[test]
fn a_task_woken_and_aborted_is_not_polled_again() {
    run(async {
        let (sender, receiver) = oneshot::<()>();
        let task = spawn(async move {
            receiver.await.unwrap();
            unreachable!("it was aborted, if after it was woken");
        });
        yield_now().await;
        sender.send(()).unwrap();
        task.abort();
        assert!(matches!(task.await, Err::<(), _>(JoinError::Cancelled)));
    });
}

#[test]
fn aborting_a_waiter_leaves_what_it_waits_for() {
    run(async {
        let (done, flag) = flag();
        let child = spawn(async move {
            sleep(Duration::from_secs(1)).await;
            drop(flag);
        });
        let waiter = spawn(async move { child.await.unwrap() });
        yield_now().await;
        waiter.abort();
        assert!(matches!(waiter.await, Err(JoinError::Cancelled)));
        assert!(!done.get());
        sleep(Duration::from_secs(2)).await;
        assert!(done.get(), "in Python an await passes its cancellation on to the task; a handle does not");
    });
}

#[test]
fn a_task_that_is_asked_to_stop_may_await_its_clean_up() {
    run(async {
        let (stop, stopped) = oneshot();
        let task = spawn(async move {
            let work = sleep(Duration::from_secs(3600));
            match race(stopped, work).await {
                Either::First(_) => {
                    sleep(Duration::from_secs(1)).await; // A clean-up that waits.
                    "cleaned up"
                }
                Either::Second(()) => "worked to the end",
            }
        });
        yield_now().await;
        stop.send(()).unwrap();
        assert_eq!(task.await.unwrap(), "cleaned up");
        assert_eq!(now(), Duration::from_secs(1));
    });
}

#[test]
fn a_destructor_may_spawn_the_clean_up_that_it_cannot_await() {
    struct CleansUp(Rc<Cell<bool>>);
    impl Drop for CleansUp {
        fn drop(&mut self) {
            let done = Rc::clone(&self.0);
            drop(spawn(async move {
                sleep(Duration::from_secs(1)).await;
                done.set(true);
            }));
        }
    }
    run(async {
        let done = Rc::new(Cell::new(false));
        let held = CleansUp(Rc::clone(&done));
        let task = spawn(async move {
            let _held = held;
            pending::<()>().await;
        });
        task.abort();
        task.await.unwrap_err();
        sleep(Duration::from_secs(2)).await;
        assert!(done.get());
    });
}
