//! A wrong answer to `exactly-once`: a destructor that runs the exit, and blocks until it is over.

use std::cell::RefCell;
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::Duration;

/// An exit: nothing of it runs before it is polled.
type Exit = Pin<Box<dyn Future<Output = ()>>>;

/// What was left to the loop. It runs all of them to their ends, before it returns.
#[derive(Clone, Default)]
struct CleanUps(Rc<RefCell<Vec<Exit>>>);

impl CleanUps {
    fn leave(&self, exit: Exit) {
        self.0.borrow_mut().push(exit);
    }
}

/// Runs `body` between `enter` and `exit`.
async fn with<T, E>(
    clean_ups: CleanUps,
    enter: impl Future<Output = Result<(), E>>,
    body: impl Future<Output = Result<T, E>>,
    exit: Exit,
) -> Result<T, E> {
    enter.await?;
    let mut held = Held { exit: Some(exit), _clean_ups: clean_ups };
    let result = caught(body).await;
    held.leave().await;
    match result {
        Ok(result) => result,
        Err(payload) => resume_unwind(payload),
    }
}

/// A block that was entered. Dropping it runs its exit.
struct Held {
    /// None once it is over.
    exit: Option<Exit>,
    _clean_ups: CleanUps,
}

impl Held {
    async fn leave(&mut self) {
        // It stays where it is while it runs: whoever drops this in the middle finds it there.
        if let Some(exit) = &mut self.exit {
            exit.as_mut().await;
        }
        self.exit = None;
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        if let Some(exit) = self.exit.take() {
            block_on(exit);
        }
    }
}

fn block_on(mut exit: Exit) {
    while exit.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending() {
        thread::sleep(Duration::from_millis(1));
    }
}

/// Runs `future`, and returns its panic as an error. `resume_unwind` makes a panic of that again.
async fn caught<F: Future>(future: F) -> thread::Result<F::Output> {
    let mut future = pin!(future);
    poll_fn(|cx| match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(cx))) {
        Ok(poll) => poll.map(Ok),
        Err(payload) => Poll::Ready(Err(payload)),
    })
    .await
}

#[cfg(test)]
#[path = "../../checks/exactly-once.rs"]
mod checks;
