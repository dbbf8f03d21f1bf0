//! A wrong answer to `take-and-close`: it does not remember that its source has ended.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll};

/// Gives items one after the other, and may have to wait for each. `None` is the end.
trait AsyncIterator {
    type Item;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>>;
}

/// So that one can lend an iterator, and have it back after the loop.
impl<I: AsyncIterator + Unpin> AsyncIterator for &mut I {
    type Item = I::Item;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<I::Item>> {
        Pin::new(&mut **self).poll_next(cx)
    }
}

/// Waits for the next item.
async fn next<I: AsyncIterator + Unpin>(items: &mut I) -> Option<I::Item> {
    poll_fn(|cx| Pin::new(&mut *items).poll_next(cx)).await
}

/// What has to be closed, and has to wait for that.
trait Close {
    async fn close(&mut self);
}

/// Gives the first items of `items`.
struct Take<I> {
    items: I,
    /// How many it may still give.
    left: usize,
}

fn take<I>(items: I, n: usize) -> Take<I> {
    Take { items, left: n }
}

impl<I: AsyncIterator + Unpin> AsyncIterator for Take<I> {
    type Item = I::Item;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<I::Item>> {
        if self.left == 0 {
            return Poll::Ready(None);
        }
        let poll = Pin::new(&mut self.items).poll_next(cx);
        match poll {
            Poll::Ready(Some(_)) => self.left -= 1,
            Poll::Ready(None) | Poll::Pending => {}
        }
        poll
    }
}

/// Reads the first rows, and closes.
async fn first_rows<R: AsyncIterator + Close + Unpin>(mut rows: R, n: usize) -> Vec<R::Item> {
    let mut found = Vec::new();
    let mut few = take(&mut rows, n);
    while let Some(row) = next(&mut few).await {
        found.push(row);
    }
    rows.close().await;
    found
}

#[cfg(test)]
#[path = "../../checks/take-and-close.rs"]
mod checks;
