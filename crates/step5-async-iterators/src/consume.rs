//! What makes one output of all items: these are futures.
//!
//! Both ask in a loop, and pay for each item. Dropping one drops what it has gathered so far.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;

use crate::AsyncIterator;
use crate::aiter::poll_next_and_pay;

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
