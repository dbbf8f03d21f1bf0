//! Ways in and out: from an iterator, from a stream, and into a stream.
//!
//! ```text
//!   Iterator ──from_iter──▶ ┌───────────────┐ ──into_stream──▶ ┌──────────────────────┐
//!                           │ AsyncIterator │                  │ futures_core::Stream │
//!                           └───────────────┘ ◀──from_stream── └──────────────────────┘
//! ```
//!
//! Rust's stable library has no `AsyncIterator` yet. What libraries agree on is `Stream`, whose one method has the same
//! shape as ours, so the bridges are a line each. They are types of their own, rather than one implementation for all
//! streams: a type that is both would have two methods `map`, and the compiler would ask which.
//!
//! # Invariants
//!
//! 1. [`IntoStream`] pays for each item (invariant 3 of [`aiter`](crate::aiter)): the loop around it is not ours, and
//!    knows of no budget. [`FromStream`] need not: whoever asks *it* in a loop is ours, and pays.
//!
//! # Absent on purpose
//!
//! No `size_hint`, and no `poll_fn`: an async iterator by hand is a type with one method.

use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;
use pin_project_lite::pin_project;

use crate::AsyncIterator;
use crate::aiter::poll_next_and_pay;

/// Makes an async iterator of an iterator. It is always ready; that others have a turn is up to the loop around it.
///
/// ```
/// use step5::{AsyncIterator, from_iter};
///
/// step4::run(async {
///     let mut letters = from_iter("ab".chars());
///     assert_eq!(letters.next().await, Some('a'));
///     assert_eq!(letters.next().await, Some('b'));
///     assert_eq!(letters.next().await, None);
/// });
/// ```
pub fn from_iter<I: IntoIterator>(items: I) -> FromIter<I::IntoIter> {
    FromIter { items: items.into_iter() }
}

/// Gives the items of an iterator: made by [`from_iter`].
///
/// May be asked after its end if the iterator may.
///
/// ```
/// use std::ops::Range;
/// use step5::{AsyncIterator, FromIter, from_iter};
///
/// let numbers: FromIter<Range<u32>> = from_iter(0..3);
/// assert_eq!(step4::run(numbers.collect::<Vec<_>>()), [0, 1, 2]);
/// ```
#[must_use = "an async iterator does nothing until it is asked for an item"]
#[derive(Clone, Debug)]
pub struct FromIter<I> {
    items: I,
}

/// It hands out no pinned reference to the iterator in it, so that may move.
impl<I> Unpin for FromIter<I> {}

impl<I: Iterator> AsyncIterator for FromIter<I> {
    type Item = I::Item;

    fn poll_next(mut self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<Option<I::Item>> {
        Poll::Ready(self.items.next())
    }
}

/// Makes an async iterator of a stream, such as a channel's receiver from another library.
///
/// ```
/// use step5::{for_await, from_stream};
///
/// step4::run(async {
///     let (sender, receiver) = async_channel::bounded(1);
///     step4::spawn(async move {
///         sender.send("ping").await.expect("the receiver is still there");
///     });
///     for_await!(word in from_stream(receiver) => {
///         assert_eq!(word, "ping");
///     });
/// });
/// ```
pub fn from_stream<S: Stream>(stream: S) -> FromStream<S> {
    FromStream { stream }
}

pin_project! {
    /// Gives the items of a stream: made by [`from_stream`].
    ///
    /// May be asked after its end if the stream may.
    ///
    /// ```
    /// use futures::stream::{Iter, iter};
    /// use step5::{AsyncIterator, FromStream, from_stream};
    ///
    /// let numbers: FromStream<Iter<_>> = from_stream(iter([1, 2]));
    /// assert_eq!(step4::run(numbers.collect::<Vec<_>>()), [1, 2]);
    /// ```
    #[must_use = "an async iterator does nothing until it is asked for an item"]
    #[derive(Clone, Debug)]
    pub struct FromStream<S> {
        #[pin]
        stream: S,
    }
}

impl<S: Stream> AsyncIterator for FromStream<S> {
    type Item = S::Item;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<S::Item>> {
        self.project().stream.poll_next(cx)
    }
}

pin_project! {
    /// Is a stream for other libraries: made by [`AsyncIterator::into_stream`].
    ///
    /// It spends one unit of the task's [`budget`](step4::budget) for an item (invariant 1).
    ///
    /// ```
    /// use futures::StreamExt;
    /// use step5::{AsyncIterator, FromIter, IntoStream, from_iter};
    ///
    /// let stream: IntoStream<FromIter<_>> = from_iter(1..=5).into_stream();
    /// assert_eq!(step4::run(stream.chunks(2).collect::<Vec<_>>()), [vec![1, 2], vec![3, 4], vec![5]]);
    /// ```
    #[must_use = "a stream does nothing until it is polled"]
    #[derive(Clone, Debug)]
    pub struct IntoStream<I> {
        #[pin]
        pub(crate) items: I,
    }
}

impl<I: AsyncIterator> Stream for IntoStream<I> {
    type Item = I::Item;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<I::Item>> {
        poll_next_and_pay(self.project().items, cx)
    }
}
