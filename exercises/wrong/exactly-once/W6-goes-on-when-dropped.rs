//! A wrong answer to `exactly-once`: the exit stands after the body, where a dropped future never comes.

use std::cell::RefCell;
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::Poll;
use std::thread;

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
    _clean_ups: CleanUps,
    enter: impl Future<Output = Result<(), E>>,
    body: impl Future<Output = Result<T, E>>,
    exit: Exit,
) -> Result<T, E> {
    enter.await?;
    let result = caught(body).await;
    exit.await;
    match result {
        Ok(result) => result,
        Err(payload) => resume_unwind(payload),
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
