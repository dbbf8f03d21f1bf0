//! A wrong answer to `timeout`: the loser stays until the timeout itself is dropped.

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
        let outcome = if waiting.as_mut().poll(cx).is_ready() {
            Err(Elapsed)
        } else if let Poll::Ready(output) = running.as_mut().poll(cx) {
            Ok(output)
        } else {
            return Poll::Pending;
        };
        Poll::Ready(outcome)
    }
}

#[cfg(test)]
#[path = "../../checks/timeout.rs"]
mod checks;
