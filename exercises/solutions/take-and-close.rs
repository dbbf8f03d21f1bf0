//! Exercise `take-and-close` (step 5, easy): to leave a loop early, at the right item, and to clean up behind it.
//!
//! `take` gives the first items of a source, and leaves the others alone. `first_rows` reads with it from a database, which keeps
//! its connection busy until the rows are closed. To close takes a while, and a destructor cannot wait:
//!
//! ```text
//! async for row in take(rows, n):
//!     found.append(row)
//! await rows.aclose()
//! ```
//!
//! # Contract
//!
//! - `take` gives the items of its source, and is pending where the source is. A wait is no item.
//! - After `n` items it says `None`, and does not ask its source for another one.
//! - The end of its source is its own end: from then on it says `None`, and never asks the source again.
//! - `first_rows` returns the first `n` rows, or all if there are fewer.
//! - Before it returns it awaits the rows' `close`, however the loop has ended.
//!
//! Check it with `cargo course check take-and-close`.

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
        // BEGIN SOLUTION: ask the source, unless it is over
        if self.left == 0 {
            return Poll::Ready(None);
        }
        let poll = Pin::new(&mut self.items).poll_next(cx);
        match poll {
            Poll::Ready(Some(_)) => self.left -= 1,
            Poll::Ready(None) => self.left = 0,
            Poll::Pending => {}
        }
        poll
        // END SOLUTION
    }
}

/// Reads the first rows, and closes.
async fn first_rows<R: AsyncIterator + Close + Unpin>(mut rows: R, n: usize) -> Vec<R::Item> {
    // BEGIN SOLUTION: take the rows, and close what they come from
    let mut found = Vec::new();
    let mut few = take(&mut rows, n);
    while let Some(row) = next(&mut few).await {
        found.push(row);
    }
    rows.close().await;
    found
    // END SOLUTION
}

#[cfg(test)]
#[path = "../checks/take-and-close.rs"]
mod checks;
