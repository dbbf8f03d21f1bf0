//! What an async iterator is: an iterator that may have to wait for its next item.
//!
//! ```text
//!   for_await!(item in it => { body })
//!
//!   body runs ──▶ next().await ─┬─ Ready(Some(item)) ──▶ body runs        nobody else had a turn
//!                               ├─ Pending ─ … wake ───▶ look again       other tasks ran meanwhile
//!                               └─ Ready(None) ────────▶ the loop is over
//! ```
//!
//! Nothing in here is concurrent: while the body runs, the iterator stands still; while the iterator waits, the body
//! does. Only *other tasks* get something done meanwhile, and only if the iterator really has to wait.
//!
//! # Invariants
//!
//! 1. A `poll_next` that was pending has lost nothing: whoever asks next gets the same item. So a [`Next`] may be dropped
//!    at any time.
//! 2. After `Ready(None)` nobody asks again, unless the iterator says that one may.
//! 3. Whoever asks in a loop pays: one unit of the task's [`budget`] for an item. So a thousand items that are
//!    ready at once do not starve the other tasks, whoever wrote the iterator.

use std::future::Future;
use std::ops::DerefMut;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use step4::budget;

use crate::adapt::{Enumerate, Filter, Fuse, Map, Take, TakeWhile};
use crate::concurrent::{BufferUnordered, Buffered, Merge};
use crate::consume::{Collect, Fold};
use crate::from::IntoStream;
use crate::pace::{Throttle, TimeoutEach};
use crate::pair::{Chain, Zip};

/// Gives items one after the other, and may have to wait for each.
///
/// Python's `__anext__`, with `None` for `StopAsyncIteration`. One method is to be written; [`next`](Self::next) and
/// [`for_await!`](crate::for_await) are how it is used.
///
/// ```
/// use std::pin::Pin;
/// use std::task::{Context, Poll};
/// use step5::AsyncIterator;
///
/// /// Counts down. It never waits, as a future may be ready at its first poll.
/// struct Countdown(u32);
///
/// impl AsyncIterator for Countdown {
///     type Item = u32;
///
///     fn poll_next(mut self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<Option<u32>> {
///         self.0 = match self.0.checked_sub(1) {
///             Some(left) => left,
///             None => return Poll::Ready(None),
///         };
///         Poll::Ready(Some(self.0))
///     }
/// }
///
/// step4::run(async {
///     let mut countdown = Countdown(2);
///     assert_eq!(countdown.next().await, Some(1));
///     assert_eq!(countdown.next().await, Some(0));
///     assert_eq!(countdown.next().await, None);
/// });
/// ```
///
/// Two consumers of one iterator are refused when it is compiled, since asking takes `&mut`; Python finds out when it
/// runs (`asynchronous generator is already running`):
///
/// ```compile_fail,E0499
/// # use step5::AsyncIterator;
/// async fn two_at_once(mut items: impl AsyncIterator<Item = u32> + Unpin) {
///     let (first, second) = (items.next(), items.next());
///     step2::join(first, second).await;
/// }
/// ```
#[must_use = "an async iterator does nothing until it is asked for an item"]
pub trait AsyncIterator {
    /// What it gives.
    type Item;

    /// Returns the next item, `None` at the end, or `Pending` if there is none yet; then the context's waker is called
    /// when it is worth while to ask again.
    ///
    /// Never asked again after `None`, unless the implementor's docs allow it.
    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>>;

    /// Waits for the next item: Python's `anext`. `None` is the end.
    ///
    /// Dropping the future loses no item: it is kept for whoever asks this iterator next. It spends one unit of the task's [`budget`].
    fn next(&mut self) -> Next<'_, Self>
    where
        Self: Sized + Unpin,
    {
        Next { iterator: self }
    }

    /// Turns each item into another.
    fn map<T, F>(self, f: F) -> Map<Self, F>
    where
        Self: Sized,
        F: FnMut(Self::Item) -> T,
    {
        Map { items: self, f }
    }

    /// Numbers the items from 0 on.
    fn enumerate(self) -> Enumerate<Self>
    where
        Self: Sized,
    {
        Enumerate { items: self, count: 0 }
    }

    /// Gives the items for which `keep` is true.
    fn filter<F>(self, keep: F) -> Filter<Self, F>
    where
        Self: Sized,
        F: FnMut(&Self::Item) -> bool,
    {
        Filter { items: self, keep }
    }

    /// Gives the first `n` items, and leaves those after them alone.
    fn take(self, n: usize) -> Take<Self>
    where
        Self: Sized,
    {
        Take { items: self, left: n }
    }

    /// Gives the items before the first for which `keep` is false; that one is dropped.
    fn take_while<F>(self, keep: F) -> TakeWhile<Self, F>
    where
        Self: Sized,
        F: FnMut(&Self::Item) -> bool,
    {
        TakeWhile { items: self, keep, has_ended: false }
    }

    /// Goes on returning `None` after the end.
    fn fuse(self) -> Fuse<Self>
    where
        Self: Sized,
    {
        Fuse { items: Some(self) }
    }

    /// Gives these items, then those of `other`.
    fn chain<B>(self, other: B) -> Chain<Self, B>
    where
        Self: Sized,
        B: AsyncIterator<Item = Self::Item>,
    {
        Chain { first: self.fuse(), second: other.fuse() }
    }

    /// Gives pairs of these items and those of `other`, until one of the two ends. Both are waited for at once.
    fn zip<B>(self, other: B) -> Zip<Self, B>
    where
        Self: Sized,
        B: AsyncIterator,
    {
        Zip::new(self, other)
    }

    /// Waits for all items, and returns them in a collection.
    fn collect<C>(self) -> Collect<Self, C>
    where
        Self: Sized,
        C: Default + Extend<Self::Item>,
    {
        Collect { items: self, collection: C::default() }
    }

    /// Waits for all items, and works each into a value that is `first` before there is any.
    fn fold<T, F>(self, first: T, f: F) -> Fold<Self, T, F>
    where
        Self: Sized,
        F: FnMut(T, Self::Item) -> T,
    {
        Fold { items: self, value: Some(first), f }
    }

    /// Runs the items, which are futures, at most `n` at once; hands out their outputs in the order of the items.
    ///
    /// They get on only while one asks for the next output (see [`concurrent`](crate::concurrent)).
    ///
    /// # Panics
    ///
    /// Panics if `n` is 0.
    fn buffered(self, n: usize) -> Buffered<Self, Self::Item>
    where
        Self: Sized,
        Self::Item: Future,
    {
        Buffered::new(self, n)
    }

    /// Runs the items, which are futures, at most `n` at once; hands out their outputs as they come.
    ///
    /// They get on only while one asks for the next output (see [`concurrent`](crate::concurrent)).
    ///
    /// # Panics
    ///
    /// Panics if `n` is 0.
    fn buffer_unordered(self, n: usize) -> BufferUnordered<Self, Self::Item>
    where
        Self: Sized,
        Self::Item: Future,
    {
        BufferUnordered::new(self, n)
    }

    /// Gives the items of both as they come, taking turns, until both have ended.
    fn merge<B>(self, other: B) -> Merge<Self, B>
    where
        Self: Sized,
        B: AsyncIterator<Item = Self::Item>,
    {
        Merge::new(self, other)
    }

    /// Gives [`Elapsed`](step3::Elapsed) instead of an item that is not there in time; one may ask for it again.
    fn timeout_each(self, limit: Duration) -> TimeoutEach<Self>
    where
        Self: Sized,
    {
        TimeoutEach { items: self, each: limit, limit: None }
    }

    /// Lets at least `pause` pass between two items. The first comes at once.
    fn throttle(self, pause: Duration) -> Throttle<Self>
    where
        Self: Sized,
    {
        Throttle { items: self, pause, rest: None }
    }

    /// Turns it into a stream, for libraries that take one.
    fn into_stream(self) -> IntoStream<Self>
    where
        Self: Sized,
    {
        IntoStream { items: self }
    }
}

impl<I: AsyncIterator + Unpin + ?Sized> AsyncIterator for &mut I {
    type Item = I::Item;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<I::Item>> {
        Pin::new(&mut **self).poll_next(cx)
    }
}

impl<I: AsyncIterator + Unpin + ?Sized> AsyncIterator for Box<I> {
    type Item = I::Item;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<I::Item>> {
        Pin::new(&mut **self).poll_next(cx)
    }
}

impl<P: DerefMut<Target: AsyncIterator>> AsyncIterator for Pin<P> {
    type Item = <P::Target as AsyncIterator>::Item;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.as_deref_mut().poll_next(cx)
    }
}

/// Asks for the next item, and pays for it (invariant 3): for whoever asks in a loop.
pub(crate) fn poll_next_and_pay<I: AsyncIterator + ?Sized>(
    iterator: Pin<&mut I>,
    cx: &mut Context<'_>,
) -> Poll<Option<I::Item>> {
    ready!(budget::spend(cx));
    iterator.poll_next(cx)
}

/// Waits for the next item of an iterator: the future of [`AsyncIterator::next`].
///
/// ```
/// use step5::{AsyncIterator, Next, from_iter};
///
/// step4::run(async {
///     let mut numbers = from_iter([1, 2]);
///     let next: Next<'_, _> = numbers.next();
///     drop(next); // Giving up costs nothing:
///     assert_eq!(numbers.next().await, Some(1));
/// });
/// ```
#[must_use = "a future does nothing until it is polled"]
#[derive(Debug)]
pub struct Next<'a, I: ?Sized> {
    iterator: &'a mut I,
}

impl<I: AsyncIterator + Unpin + ?Sized> Future for Next<'_, I> {
    type Output = Option<I::Item>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        poll_next_and_pay(Pin::new(&mut *self.iterator), cx)
    }
}
