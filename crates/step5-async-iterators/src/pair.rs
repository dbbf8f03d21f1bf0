//! Adapters of two iterators, in step: one after the other, or side by side.
//!
//! ```text
//!   chain   a b c │ x y        zip   (a, x) (b, y) │ the end: c has no partner
//! ```
//!
//! # Invariants
//!
//! 1. A `Zip` that returns `Pending` keeps one item at most, for the next time: dropping its `next` loses none.
//! 2. Both go on returning `None` after their end, and do not ask an iterator that has ended.
//!
//! # Absent on purpose
//!
//! What interleaves two iterators as their items come is concurrent: [`Merge`](crate::concurrent::Merge).

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;

use crate::AsyncIterator;
use crate::adapt::Fuse;

pin_project! {
    /// Gives the items of one, then those of another: made by [`AsyncIterator::chain`].
    ///
    /// ```
    /// use step5::{AsyncIterator, from_iter};
    ///
    /// let both = from_iter([1, 2]).chain(from_iter([3]));
    /// assert_eq!(step4::run(both.collect::<Vec<_>>()), [1, 2, 3]);
    /// ```
    #[must_use = "an async iterator does nothing until it is asked for an item"]
    pub struct Chain<A, B> {
        #[pin]
        pub(crate) first: Fuse<A>,
        #[pin]
        pub(crate) second: Fuse<B>,
    }
}

impl<A: AsyncIterator, B: AsyncIterator<Item = A::Item>> AsyncIterator for Chain<A, B> {
    type Item = A::Item;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<A::Item>> {
        let this = self.project();
        match ready!(this.first.poll_next(cx)) {
            None => this.second.poll_next(cx),
            item => Poll::Ready(item),
        }
    }
}

pin_project! {
    /// Gives pairs, until one of the two ends: made by [`AsyncIterator::zip`].
    ///
    /// Asks both at once, so that two waits of a second take one second. Where the second is shorter, the item of the
    /// first that finds no other is dropped with the `Zip`.
    ///
    /// ```
    /// use step5::{AsyncIterator, from_iter};
    ///
    /// let pairs = from_iter([1, 2]).zip(from_iter("abc".chars()));
    /// assert_eq!(step4::run(pairs.collect::<Vec<_>>()), [(1, 'a'), (2, 'b')]);
    /// ```
    #[must_use = "an async iterator does nothing until it is asked for an item"]
    pub struct Zip<A: AsyncIterator, B: AsyncIterator> {
        #[pin]
        first: Side<A>,
        #[pin]
        second: Side<B>,
    }
}

impl<A: AsyncIterator, B: AsyncIterator> Zip<A, B> {
    pub(crate) fn new(first: A, second: B) -> Self {
        Self {
            first: Side { items: first.fuse(), kept: None },
            second: Side { items: second.fuse(), kept: None },
        }
    }
}

impl<A: AsyncIterator, B: AsyncIterator> AsyncIterator for Zip<A, B> {
    type Item = (A::Item, B::Item);

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let mut this = self.project();
        let first = this.first.as_mut().poll_fill(cx);
        if first == Poll::Ready(false) {
            return Poll::Ready(None);
        }
        let second = this.second.as_mut().poll_fill(cx);
        if second == Poll::Ready(false) {
            return Poll::Ready(None);
        }
        ready!(first);
        ready!(second);
        Poll::Ready(this.first.take().zip(this.second.take()))
    }
}

pin_project! {
    /// One side of a [`Zip`], with the item that waits for its partner.
    struct Side<I: AsyncIterator> {
        #[pin]
        items: Fuse<I>,
        kept: Option<I::Item>,
    }
}

impl<I: AsyncIterator> Side<I> {
    /// Sees to it that an item is kept. Returns whether one is; if not, this side has ended.
    fn poll_fill(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<bool> {
        let this = self.project();
        if this.kept.is_none() {
            *this.kept = ready!(this.items.poll_next(cx));
        }
        Poll::Ready(this.kept.is_some())
    }

    fn take(self: Pin<&mut Self>) -> Option<I::Item> {
        self.project().kept.take()
    }
}
