//! Exercise `async-counter` (step 5, easy): an async iterator by hand, and the loop over it.
//!
//! An async iterator is an iterator that may have to wait for its next item. `Counter` waits once before each of its
//! numbers: a stand-in for the sleep in the note's program. `for_each` is `async for`, as a function:
//!
//! ```text
//! async for item in items:
//!     await body(item)
//! ```
//!
//! # Contract
//!
//! - Asked for a number, the counter is pending in the first poll: it waits once before each.
//! - By the end of that poll it has asked, once, to be polled again.
//! - Polled again, it gives the next number: 0, 1, 2, and so on.
//! - After so many numbers as it was made for it says `None`, without a wait.
//! - `for_each` runs the body for each item, in order, and is over when the items are.
//! - One thing at a time: while a body is pending, nobody asks for the next item.
//! - So another task has its turns where something is really pending: two loops over counters alternate.
//!
//! Check it with `cargo course check async-counter`.
#![allow(clippy::todo, reason = "this is an exercise")]

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
        todo!("async-counter: wait once, then give the next number")
    }
}

/// Runs `body` for each of the items.
async fn for_each<I, B>(mut items: I, mut body: impl FnMut(I::Item) -> B)
where
    I: AsyncIterator + Unpin,
    B: Future<Output = ()>,
{
    todo!("async-counter: await an item, then its body, and so on")
}

#[cfg(test)]
#[path = "../checks/async-counter.rs"]
mod checks;
