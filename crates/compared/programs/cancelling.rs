//! Cancelling: when it arrives, what runs then, and who can refuse it.

use std::cell::RefCell;
use std::rc::Rc;

use compared::{Finally, ms, say};
use step2::yield_now;
use step3::sleep;
use step4::{JoinError, JoinHandle, spawn};
use step6::{CancelToken, Cancelled};

/// Cancelled before its first step, a body never runs.
pub(crate) async fn before_the_first_step() {
    async fn body() {
        say!("never printed");
    }

    let task = spawn(body());
    task.abort();
    if let Err(JoinError::Cancelled) = task.await {
        say!("cancelled");
    }
}

/// It arrives at the await where the task waits, and nothing after that runs.
pub(crate) async fn delivered_at_the_await() {
    async fn body() {
        let _finally = Finally("clean-up");
        say!("before the await");
        sleep(ms(1000)).await;
        say!("never printed");
    }

    let task = spawn(body());
    yield_now().await;
    task.abort();
    say!("asked for");
    if let Err(JoinError::Cancelled) = task.await {
        say!("cancelled");
    }
}

/// What is done cannot be cancelled.
pub(crate) async fn too_late() {
    async fn body() -> u32 {
        7
    }

    let task = spawn(body());
    say!("{}", if task.abort() { "now" } else { "too late" });
    yield_now().await;
    let task = spawn(body());
    yield_now().await;
    say!("{}", if task.abort() { "now" } else { "too late" });
    say!("{}", task.await.unwrap());
}

/// Who cancels itself runs on to its next wait.
pub(crate) async fn of_oneself() {
    type Slot = Rc<RefCell<Option<JoinHandle<()>>>>;

    async fn body(own: Slot) {
        own.borrow().as_ref().unwrap().abort(); // There is no `current_task`: it is given its own handle.
        say!("still running");
        yield_now().await;
        say!("never printed");
    }

    let slot = Slot::default();
    let task = spawn(body(Rc::clone(&slot)));
    slot.replace(Some(task));
    yield_now().await;
    let task = slot.take().unwrap();
    if let Err(JoinError::Cancelled) = task.await {
        say!("cancelled");
    }
}

/// A task that is asked to stop may await its clean-up.
pub(crate) async fn a_clean_up_that_waits() {
    async fn body(token: CancelToken) {
        if token.run(sleep(ms(1000))).await == Err(Cancelled) {
            sleep(ms(40)).await;
            say!("said good-bye");
        }
    }

    let token = CancelToken::new();
    let task = spawn(body(token.clone()));
    yield_now().await;
    token.cancel();
    task.await.unwrap();
    say!("over");
}

/// Refusing a cancellation.
pub(crate) async fn refused() {
    async fn body() -> &'static str {
        sleep(ms(1000)).await;
        sleep(ms(40)).await;
        "done"
    }

    let task = spawn(body());
    yield_now().await;
    task.abort();
    match task.await {
        Ok(output) => say!("{output}"),
        Err(_) => say!("cancelled"),
    }
}

/// Cancelling a task that awaits another task.
pub(crate) async fn a_waiter_and_what_it_waits_for() {
    async fn work() {
        sleep(ms(40)).await;
        say!("work is done");
    }

    let child = spawn(work());

    let waiter = async {
        child.await.unwrap();
    };

    let waiting = spawn(waiter);
    yield_now().await;
    waiting.abort();
    sleep(ms(80)).await;
    say!("over");
}
