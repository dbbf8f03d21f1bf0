//! Exercise `ordered-gather` (step 4, easy): many futures in one task, which wait at the same time.
//!
//! Nothing is spawned here, and no thread is started. Whoever awaits the gather polls it, and it polls its futures.
//!
//! # Contract
//!
//! - Making a gather polls nothing, and the futures are polled where the gather is.
//! - The first poll polls every future, in the order of the arguments.
//! - A future that was ready is not polled again.
//! - While one is pending, so is the gather, and the pending ones have the waker of the latest poll.
//! - The results come in the order of the arguments, whichever was ready first.
//! - A gather of nothing is ready in its first poll.
//!
//! Check it with `cargo course check ordered-gather`.
#![allow(clippy::todo, reason = "this is an exercise")]

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

/// What is gathered. It could be sent to another thread, though nothing has to be.
type Work<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// Awaits all of them.
struct Gather<T> {
    /// What is not ready yet; none in the place of what is.
    works: Vec<Option<Work<T>>>,
    /// A place for each result.
    results: Vec<Option<T>>,
}

fn gather<T>(works: Vec<Work<T>>) -> Gather<T> {
    let results = works.iter().map(|_| None).collect();
    Gather { works: works.into_iter().map(Some).collect(), results }
}

impl<T: Send + Unpin + 'static> Future for Gather<T> {
    type Output = Vec<T>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Vec<T>> {
        let this = self.get_mut();
        todo!("ordered-gather: poll what is not ready yet, and hand out the results when all are there")
    }
}

#[cfg(test)]
#[path = "../checks/ordered-gather.rs"]
mod checks;
