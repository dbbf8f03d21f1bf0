//! A wrong answer to `async-counter`: it never waits: the `await` in the loop is thought to give the others a turn.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::{Context, Poll};

/// Gives items one after the other, and may have to wait for each. `None` is the end.
trait AsyncIterator {
    type Item;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>>;
}

/// Waits for the next item.
async fn next<I: AsyncIterator + Unpin>(items: &mut I) -> Option<I::Item> {
    poll_fn(|cx| Pin::new(&mut *items).poll_next(cx)).await
}

/// Gives the numbers below `end`, and waits once before each.
struct Counter {
    number: u32,
    end: u32,
    has_waited: bool,
}

impl Counter {
    fn new(end: u32) -> Self {
        Self { number: 0, end, has_waited: false }
    }
}

impl AsyncIterator for Counter {
    type Item = u32;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<u32>> {
        if self.number == self.end {
            return Poll::Ready(None);
        }
        self.number += 1;
        Poll::Ready(Some(self.number - 1))
    }
}

/// Runs `body` for each of the items.
async fn for_each<I, B>(mut items: I, mut body: impl FnMut(I::Item) -> B)
where
    I: AsyncIterator + Unpin,
    B: Future<Output = ()>,
{
    while let Some(item) = next(&mut items).await {
        body(item).await;
    }
}

#[cfg(test)]
#[path = "../../checks/async-counter.rs"]
mod checks;
