//! Exercise `exactly-once` (step 6, middling): a block that is left exactly once, whatever happens.
//!
//! A block can end in a way that no line after it sees: its future is dropped, which is how Rust cancels. Only destructors run then,
//! and they cannot await. But they can leave a future behind, for the loop to run.
//!
//! # Contract
//!
//! - If the body returns, the exit is awaited, and nothing is left to the loop.
//! - If the body fails, it is the same, and the error is returned.
//! - If the body panics, the exit is awaited, and then the panic goes on.
//! - If the enter fails, or the block is dropped before it has entered, no exit runs.
//! - If the block is dropped in its body, the whole exit is left to the loop, once; the drop waits for nothing.
//! - If the block is dropped in its exit, the rest of that exit is left to the loop: it goes on from where it was.
//!
//! Check it with `cargo course check exactly-once`.

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
    clean_ups: CleanUps,
    enter: impl Future<Output = Result<(), E>>,
    body: impl Future<Output = Result<T, E>>,
    exit: Exit,
) -> Result<T, E> {
    // BEGIN SOLUTION: enter, run the body `caught`, and leave: here, or by what is left to the loop
    enter.await?;
    let mut held = Held { exit: Some(exit), clean_ups };
    let result = caught(body).await;
    held.leave().await;
    match result {
        Ok(result) => result,
        Err(payload) => resume_unwind(payload),
    }
    // END SOLUTION
}

// BEGIN SOLUTION
//~ // A type of your own, with a destructor, goes here.
/// A block that was entered. Dropping it leaves what there still is of its exit to the loop.
struct Held {
    /// None once it is over.
    exit: Option<Exit>,
    clean_ups: CleanUps,
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
            self.clean_ups.leave(exit);
        }
    }
}
// END SOLUTION

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
#[path = "../checks/exactly-once.rs"]
mod checks;
