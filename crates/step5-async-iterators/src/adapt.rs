//! Adapters for one item at a time: what `Iterator` has, for items that may have to be waited for.
//!
//! | adapter | gives | of its own accord |
//! |---|---|---|
//! | [`Map`], [`Enumerate`] | an item for an item | |
//! | [`Filter`] | some of the items | asks in a loop, and pays |
//! | [`Take`], [`TakeWhile`] | the items up to a point | stops asking |
//! | [`Fuse`] | the same items | remembers the end |
//! | [`Chain`] | the items of one, then of the other | |
//! | [`Zip`] | pairs | keeps an item until the other is there |
//! | [`Collect`], [`Fold`] | one output: they are futures | ask in a loop, and pay |
//!
//! The methods of [`AsyncIterator`] make them. The closures are ordinary ones; to await something for each item, give
//! futures and [`buffered`](AsyncIterator::buffered) with 1, or write the loop.
//!
//! # Invariants
//!
//! 1. An adapter that returns `Pending` has taken no item out, or keeps it in itself: `Zip` one at most. So nothing is
//!    lost if its `next` is dropped, as [`aiter`](crate::aiter) demands.
//! 2. `Take`, `TakeWhile`, `Fuse`, `Chain` and `Zip` go on returning `None` after their end, and do not ask an iterator
//!    that has ended. The others ask again, and do what the iterator in them does then.
//!
//! # Absent on purpose
//!
//! Closures that return futures, and dozens of other adapters: [`into_stream`](AsyncIterator::into_stream) leads to those
//! of `futures::StreamExt`.

use std::future::Future;
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

pin_project! {
    /// Waits for all items, and returns them in a collection: made by [`AsyncIterator::collect`].
    ///
    /// Dropping it drops what it has collected.
    ///
    /// ```
    /// use step5::{AsyncIterator, from_iter};
    ///
    /// let word: String = step4::run(from_iter(["a", "b"]).collect());
    /// assert_eq!(word, "ab");
    /// ```
    #[must_use = "a future does nothing until it is polled"]
    pub struct Collect<I, C> {
        #[pin]
        pub(crate) items: I,
        pub(crate) collection: C,
    }
}

impl<I: AsyncIterator, C: Default + Extend<I::Item>> Future for Collect<I, C> {
    type Output = C;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<C> {
        let mut this = self.project();
        while let Some(item) = ready!(poll_next_and_pay(this.items.as_mut(), cx)) {
            this.collection.extend([item]);
        }
        Poll::Ready(std::mem::take(this.collection))
    }
}

pin_project! {
    /// Waits for all items, and works each into one value: made by [`AsyncIterator::fold`].
    ///
    /// ```
    /// use step5::{AsyncIterator, from_iter};
    ///
    /// let sum = from_iter([1, 2, 3]).fold(0, |sum, n| sum + n);
    /// assert_eq!(step4::run(sum), 6);
    /// ```
    #[must_use = "a future does nothing until it is polled"]
    pub struct Fold<I, T, F> {
        #[pin]
        pub(crate) items: I,
        // None only while `f` has it, and after the end.
        pub(crate) value: Option<T>,
        pub(crate) f: F,
    }
}

impl<I: AsyncIterator, T, F: FnMut(T, I::Item) -> T> Future for Fold<I, T, F> {
    type Output = T;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        const AGAIN: &str = "`Fold` was polled after it had returned Ready";
        let mut this = self.project();
        while let Some(item) = ready!(poll_next_and_pay(this.items.as_mut(), cx)) {
            let value = this.value.take().expect(AGAIN);
            *this.value = Some((this.f)(value, item));
        }
        Poll::Ready(this.value.take().expect(AGAIN))
    }
}
