//! Adapters that keep several things going. (Of the others, `zip` alone overlaps two waits.)
//!
//! ```text
//!   the iterator's futures   a window of three                  given out
//!
//!   … h g f ──────────────▶ [ e: runs   d: done   c: runs ] ──▶ b a       buffered: d waits for c
//!   … h g ────────────────▶ [ f: runs   e: runs   c: runs ] ──▶ d b a     buffer_unordered: d makes room
//! ```
//!
//! | adapter | overlaps | keeps, while it is pending |
//! |---|---|---|
//! | [`Buffered`] | up to `n` futures, and asking for more | them, and outputs that are not due |
//! | [`BufferUnordered`] | up to `n` futures, and asking for more | them |
//! | [`Merge`] | the waiting of two iterators | nothing |
//!
//! **Nothing here is a task.** The futures in a window get on only while somebody asks for the next item. While the
//! loop's body awaits something else they all stand still: a reply that came in is not read, and their own time limits
//! pass. This is the *buffered stall*. What must get on by itself is spawned; its `JoinHandle` is a future as any other.
//!
//! # Invariants
//!
//! 1. A window never holds more than `n` futures. A `Buffered` counts the outputs that are not due yet, too, so that one
//!    slow future cannot pile up all others behind it.
//! 2. As long as there is room in the window, the iterator is asked for more whenever we are. Each future taken in is
//!    paid for, since that is a loop (invariant 3 of [`aiter`](crate::aiter)).
//! 3. All three go on returning `None` after their end, without asking again.
//! 4. A panic of a future goes on in whoever asks, and takes no other future with it: who asks again gets the other outputs.
//!
//! # Absent on purpose
//!
//! No limit of zero, which could never start anything; and no buffer of items between two tasks: that is a channel.

use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;
use step4::children::Children;

use crate::AsyncIterator;
use crate::adapt::Fuse;
use crate::aiter::poll_next_and_pay;

pin_project! {
    /// Runs the futures that an iterator gives, and hands out their outputs as they come: made by
    /// [`AsyncIterator::buffer_unordered`].
    ///
    /// ```
    /// use std::time::Duration;
    /// use step5::{AsyncIterator, from_iter};
    ///
    /// let naps = from_iter([30, 10]).map(|ms| async move {
    ///     step3::sleep(Duration::from_millis(ms)).await;
    ///     ms
    /// });
    /// assert_eq!(step4::run(naps.buffer_unordered(2).collect::<Vec<_>>()), [10, 30]);
    /// ```
    #[must_use = "an async iterator does nothing until it is asked for an item"]
    pub struct BufferUnordered<I, F> {
        #[pin]
        items: Fuse<I>,
        running: Children<F>,
        limit: usize,
    }
}

impl<I: AsyncIterator<Item = F>, F: Future> BufferUnordered<I, F> {
    pub(crate) fn new(items: I, limit: usize) -> Self {
        assert!(limit > 0, "`buffer_unordered(0)` could never start a future");
        Self { items: items.fuse(), running: Children::new([]), limit }
    }
}

impl<I: AsyncIterator<Item = F>, F: Future> AsyncIterator for BufferUnordered<I, F> {
    type Item = F::Output;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<F::Output>> {
        let mut this = self.project();
        while this.running.len() < *this.limit
            && let Some(future) = poll_another(this.items.as_mut(), cx)
        {
            this.running.push(future);
        }
        match ready!(this.running.poll_next(cx)) {
            Some((_number, output)) => Poll::Ready(Some(output)),
            None if this.items.has_ended() => Poll::Ready(None),
            None => Poll::Pending,
        }
    }
}

/// Asks for another item, and pays. Returns `None` if there is none now, or none any more.
fn poll_another<I: AsyncIterator>(items: Pin<&mut Fuse<I>>, cx: &mut Context<'_>) -> Option<I::Item> {
    match poll_next_and_pay(items, cx) {
        Poll::Ready(item) => item,
        Poll::Pending => None,
    }
}

pin_project! {
    /// Runs the futures that an iterator gives, and hands out their outputs in the order of the iterator: made by
    /// [`AsyncIterator::buffered`].
    ///
    /// ```
    /// use std::time::Duration;
    /// use step5::{AsyncIterator, from_iter};
    ///
    /// let naps = from_iter([30, 10]).map(|ms| async move {
    ///     step3::sleep(Duration::from_millis(ms)).await;
    ///     ms
    /// });
    /// assert_eq!(step4::run(naps.buffered(2).collect::<Vec<_>>()), [30, 10]);
    /// ```
    #[must_use = "an async iterator does nothing until it is asked for an item"]
    pub struct Buffered<I, F: Future> {
        #[pin]
        items: Fuse<I>,
        running: Children<F>,
        // By the number of a child: which item it is, counted from the first that there was.
        places: Vec<usize>,
        // The outputs from item `given` on; none as long as its future runs.
        window: VecDeque<Option<F::Output>>,
        given: usize,
        limit: usize,
    }
}

impl<I: AsyncIterator<Item = F>, F: Future> Buffered<I, F> {
    pub(crate) fn new(items: I, limit: usize) -> Self {
        assert!(limit > 0, "`buffered(0)` could never start a future");
        let (places, window) = (Vec::new(), VecDeque::new());
        Self { items: items.fuse(), running: Children::new([]), places, window, given: 0, limit }
    }

    /// Takes in a future, behind all others.
    fn push(self: Pin<&mut Self>, future: F) {
        let this = self.project();
        let number = this.running.push(future);
        if this.places.len() <= number {
            this.places.resize(number + 1, 0);
        }
        this.places[number] = *this.given + this.window.len();
        this.window.push_back(None);
    }
}

impl<I: AsyncIterator<Item = F>, F: Future> AsyncIterator for Buffered<I, F> {
    type Item = F::Output;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<F::Output>> {
        loop {
            while self.window.len() < self.limit
                && let Some(future) = poll_another(self.as_mut().project().items, cx)
            {
                self.as_mut().push(future);
            }
            let this = self.as_mut().project();
            while let Poll::Ready(Some((number, output))) = this.running.poll_next(cx) {
                this.window[this.places[number] - *this.given] = Some(output);
            }
            let is_done = match this.window.front() {
                Some(output) => output.is_some(),
                None if this.items.has_ended() => return Poll::Ready(None),
                None => return Poll::Pending,
            };
            if !is_done && !this.running.is_empty() {
                return Poll::Pending;
            }
            *this.given += 1;
            if let Some(output) = this.window.pop_front().flatten() {
                return Poll::Ready(Some(output));
            }
            // Its future has panicked: nothing will come for this place (invariant 4).
        }
    }
}

pin_project! {
    /// Gives the items of two iterators as they come, until both have ended: made by [`AsyncIterator::merge`].
    ///
    /// After each item the other one is asked first. So if both always have one, they alternate.
    ///
    /// ```
    /// use step5::{AsyncIterator, from_iter};
    ///
    /// let both = from_iter(["a", "b", "c"]).merge(from_iter(["x"]));
    /// assert_eq!(step4::run(both.collect::<Vec<_>>()), ["a", "x", "b", "c"]);
    /// ```
    #[must_use = "an async iterator does nothing until it is asked for an item"]
    pub struct Merge<A, B> {
        #[pin]
        first: Fuse<A>,
        #[pin]
        second: Fuse<B>,
        is_turn_of_second: bool,
    }
}

impl<A: AsyncIterator, B: AsyncIterator<Item = A::Item>> Merge<A, B> {
    pub(crate) fn new(first: A, second: B) -> Self {
        Self { first: first.fuse(), second: second.fuse(), is_turn_of_second: false }
    }
}

impl<A: AsyncIterator, B: AsyncIterator<Item = A::Item>> AsyncIterator for Merge<A, B> {
    type Item = A::Item;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<A::Item>> {
        let this = self.project();
        let item = ready!(if *this.is_turn_of_second {
            poll_in_order(this.second, this.first, cx)
        } else {
            poll_in_order(this.first, this.second, cx)
        });
        *this.is_turn_of_second = !*this.is_turn_of_second;
        Poll::Ready(item)
    }
}

/// Asks one, and the other if there is nothing from the one.
fn poll_in_order<A: AsyncIterator, B: AsyncIterator<Item = A::Item>>(
    one: Pin<&mut Fuse<A>>,
    other: Pin<&mut Fuse<B>>,
    cx: &mut Context<'_>,
) -> Poll<Option<A::Item>> {
    let from_one = one.poll_next(cx);
    if let Poll::Ready(Some(_)) = from_one {
        return from_one;
    }
    match other.poll_next(cx) {
        // The other has ended, so it depends on the one.
        Poll::Ready(None) => from_one,
        from_other => from_other,
    }
}
