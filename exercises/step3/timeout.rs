//! Exercise `timeout` (step 3, middling): a future and a time limit, side by side.
//!
//! The limit is a future as well, such as a sleep: it is over when the time is up.
//!
//! # Contract
//!
//! - While both are pending, so is the timeout; each poll of it polls both.
//! - If the future is over first, its output is the outcome, and the limit is dropped by then.
//! - If the limit is over first, the outcome is `Elapsed`, and the future is dropped by then.
//! - If both are over in the same turn, the limit has won, and the future was not polled again.
//!
//! Check it with `cargo course check timeout`.
#![allow(clippy::todo, reason = "this is an exercise")]

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

/// The limit came first.
#[derive(Debug, PartialEq, Eq)]
struct Elapsed;

/// A future in a box, so that it may be polled and moved. Setting the place of one to `None` drops it.
type Boxed<T> = Option<Pin<Box<dyn Future<Output = T>>>>;

struct Timeout<T> {
    future: Boxed<T>,
    limit: Boxed<()>,
}

fn timeout<T>(
    future: impl Future<Output = T> + 'static,
    limit: impl Future<Output = ()> + 'static,
) -> Timeout<T> {
    Timeout { future: Some(Box::pin(future)), limit: Some(Box::pin(limit)) }
}

impl<T> Future for Timeout<T> {
    type Output = Result<T, Elapsed>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Timeout { future, limit } = &mut *self;
        let (Some(running), Some(waiting)) = (future.as_mut(), limit.as_mut()) else {
            panic!("`Timeout` was polled after it had returned Ready");
        };
        todo!("timeout: poll `running` and `waiting`, and drop both when there is an outcome")
    }
}

#[cfg(test)]
#[path = "../checks/timeout.rs"]
mod checks;
