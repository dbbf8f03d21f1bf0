//! Adapters for one item at a time: what `Iterator` has, for items that may have to be waited for.
//!
//! | adapter | gives | of its own accord |
//! |---|---|---|
//! | [`Map`], [`Enumerate`] | an item for an item | |
//! | [`Filter`] | some of the items | asks in a loop, and pays |
//! | [`Take`], [`TakeWhile`] | the items up to a point | stops asking |
//! | [`Fuse`] | the same items | remembers the end |
//!
//! The methods of [`AsyncIterator`] make them. The closures are ordinary ones; to await something for each item, give
//! futures and [`buffered`](AsyncIterator::buffered) with 1, or write the loop.
//!
//! # Invariants
//!
//! 1. An adapter that returns `Pending` has taken no item out. So nothing is lost if its `next` is dropped, as
//!    [`aiter`](crate::aiter) demands.
//! 2. `Take`, `TakeWhile` and `Fuse` go on returning `None` after their end, and do not ask an iterator that has ended.
//!    The others ask again, and do what the iterator in them does then.
//!
//! # Absent on purpose
//!
//! Closures that return futures, and dozens of other adapters: [`into_stream`](AsyncIterator::into_stream) leads to those
//! of `futures::StreamExt`.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;

use crate::AsyncIterator;
use crate::aiter::poll_next_and_pay;

pin_project! {
    /// Turns each item into another: made by [`AsyncIterator::map`].
    ///
    /// ```
    /// use step5::{AsyncIterator, from_iter};
    ///
    /// let squares = from_iter(1..=3).map(|n| n * n);
    /// assert_eq!(step4::run(squares.collect::<Vec<_>>()), [1, 4, 9]);
    /// ```
    #[must_use = "an async iterator does nothing until it is asked for an item"]
    pub struct Map<I, F> {
        #[pin]
        pub(crate) items: I,
        pub(crate) f: F,
    }
}

impl<I: AsyncIterator, T, F: FnMut(I::Item) -> T> AsyncIterator for Map<I, F> {
    type Item = T;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        let this = self.project();
        this.items.poll_next(cx).map(|item| item.map(this.f))
    }
}

pin_project! {
    /// Numbers the items from 0 on: made by [`AsyncIterator::enumerate`].
    ///
    /// ```
    /// use step5::{AsyncIterator, from_iter};
    ///
    /// let numbered = from_iter(["a", "b"]).enumerate();
    /// assert_eq!(step4::run(numbered.collect::<Vec<_>>()), [(0, "a"), (1, "b")]);
    /// ```
    #[must_use = "an async iterator does nothing until it is asked for an item"]
    pub struct Enumerate<I> {
        #[pin]
        pub(crate) items: I,
        pub(crate) count: usize,
    }
}

impl<I: AsyncIterator> AsyncIterator for Enumerate<I> {
    type Item = (usize, I::Item);

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.project();
        let Some(item) = ready!(this.items.poll_next(cx)) else { return Poll::Ready(None) };
        let number = *this.count;
        *this.count += 1;
        Poll::Ready(Some((number, item)))
    }
}

pin_project! {
    /// Gives the items that pass a test: made by [`AsyncIterator::filter`].
    ///
    /// ```
    /// use step5::{AsyncIterator, from_iter};
    ///
    /// let even = from_iter(1..=6).filter(|n| n % 2 == 0);
    /// assert_eq!(step4::run(even.collect::<Vec<_>>()), [2, 4, 6]);
    /// ```
    #[must_use = "an async iterator does nothing until it is asked for an item"]
    pub struct Filter<I, F> {
        #[pin]
        pub(crate) items: I,
        pub(crate) keep: F,
    }
}

impl<I: AsyncIterator, F: FnMut(&I::Item) -> bool> AsyncIterator for Filter<I, F> {
    type Item = I::Item;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<I::Item>> {
        let mut this = self.project();
        loop {
            match ready!(poll_next_and_pay(this.items.as_mut(), cx)) {
                Some(item) if !(this.keep)(&item) => {}
                item_or_end => return Poll::Ready(item_or_end),
            }
        }
    }
}

pin_project! {
    /// Gives the first few items: made by [`AsyncIterator::take`].
    ///
    /// Does not ask once more to learn that there are no others, and does not ask at all for the first 0.
    ///
    /// ```
    /// use step5::{AsyncIterator, from_iter};
    ///
    /// step4::run(async {
    ///     let mut numbers = from_iter(1..);
    ///     assert_eq!((&mut numbers).take(2).collect::<Vec<_>>().await, [1, 2]);
    ///     assert_eq!(numbers.next().await, Some(3));
    /// });
    /// ```
    #[must_use = "an async iterator does nothing until it is asked for an item"]
    pub struct Take<I> {
        #[pin]
        pub(crate) items: I,
        pub(crate) left: usize,
    }
}

impl<I: AsyncIterator> AsyncIterator for Take<I> {
    type Item = I::Item;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<I::Item>> {
        let this = self.project();
        if *this.left == 0 {
            return Poll::Ready(None);
        }
        let item = ready!(this.items.poll_next(cx));
        *this.left = if item.is_some() { *this.left - 1 } else { 0 };
        Poll::Ready(item)
    }
}

pin_project! {
    /// Gives the items before the first that fails a test: made by [`AsyncIterator::take_while`].
    ///
    /// That one is dropped: it has to be taken out to be looked at.
    ///
    /// ```
    /// use step5::{AsyncIterator, from_iter};
    ///
    /// let small = from_iter([1, 2, 30, 4]).take_while(|n| *n < 10);
    /// assert_eq!(step4::run(small.collect::<Vec<_>>()), [1, 2]);
    /// ```
    #[must_use = "an async iterator does nothing until it is asked for an item"]
    pub struct TakeWhile<I, F> {
        #[pin]
        pub(crate) items: I,
        pub(crate) keep: F,
        pub(crate) has_ended: bool,
    }
}

impl<I: AsyncIterator, F: FnMut(&I::Item) -> bool> AsyncIterator for TakeWhile<I, F> {
    type Item = I::Item;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<I::Item>> {
        let this = self.project();
        if *this.has_ended {
            return Poll::Ready(None);
        }
        let item = ready!(this.items.poll_next(cx)).filter(this.keep);
        *this.has_ended = item.is_none();
        Poll::Ready(item)
    }
}

pin_project! {
    /// Goes on returning `None` after the end: made by [`AsyncIterator::fuse`].
    ///
    /// Drops the iterator at its end, and so does not ask it again, whatever it would do.
    ///
    /// ```
    /// use step5::{AsyncIterator, from_iter};
    ///
    /// step4::run(async {
    ///     let mut numbers = from_iter([1]).fuse();
    ///     assert_eq!(numbers.next().await, Some(1));
    ///     assert_eq!(numbers.next().await, None);
    ///     assert_eq!(numbers.next().await, None);
    /// });
    /// ```
    #[must_use = "an async iterator does nothing until it is asked for an item"]
    #[derive(Debug)]
    pub struct Fuse<I> {
        #[pin]
        pub(crate) items: Option<I>,
    }
}

impl<I> Fuse<I> {
    /// Returns whether the end has been seen.
    pub(crate) fn has_ended(&self) -> bool {
        self.items.is_none()
    }
}

impl<I: AsyncIterator> AsyncIterator for Fuse<I> {
    type Item = I::Item;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<I::Item>> {
        let mut items = self.project().items;
        let Some(some_items) = items.as_mut().as_pin_mut() else { return Poll::Ready(None) };
        let item = ready!(some_items.poll_next(cx));
        if item.is_none() {
            items.set(None);
        }
        Poll::Ready(item)
    }
}
