//! Exercise `exit-on-error` (step 6, easy): a block that is left properly, also when its body fails.
//!
//! `async with` has three parts: enter, body, exit. Each is a future here, and may take a while. A future runs nothing before it
//! is polled, so you decide which of them run, and when.
//!
//! # Contract
//!
//! - Enter, body and exit run one after the other: each begins when the one before has ended.
//! - The block is over when its exit is, and not before; then it returns what the body has returned.
//! - If the body fails, the exit runs all the same.
//! - It is awaited then, too; after it comes the body's error.
//! - If the enter fails, neither body nor exit runs, and its error is returned.
//!
//! Check it with `cargo course check exit-on-error`.

use std::future::Future;

/// Runs `body` between `enter` and `exit`.
async fn with<T, E>(
    enter: impl Future<Output = Result<(), E>>,
    body: impl Future<Output = Result<T, E>>,
    exit: impl Future<Output = ()>,
) -> Result<T, E> {
    // BEGIN SOLUTION: enter, run the body, and leave on every way out of it
    enter.await?;
    let result = body.await;
    exit.await;
    result
    // END SOLUTION
}

#[cfg(test)]
#[path = "../checks/exit-on-error.rs"]
mod checks;
