//! Adapters that look at the clock: not too slow, not too fast.
//!
//! | adapter | waits for | keeps, while it is pending |
//! |---|---|---|
//! | [`TimeoutEach`] | an item, and at the same time for its limit | the limit |
//! | [`Throttle`] | first the rest of the pause, then an item | the pause |
//!
//! After their end, both ask again, and do what the iterator in them does then.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use pin_project_lite::pin_project;
use step3::{Elapsed, Sleep, now, sleep_until};

use crate::AsyncIterator;

pin_project! {
    /// Limits the time that each item may take: made by [`AsyncIterator::timeout_each`].
    ///
    /// The time counts from when the item is asked for. When it is over, an [`Elapsed`] comes in the item's place; who
    /// asks once more waits for the same item, with a new limit. An item that is there is given even if it is late, as
    /// whoever asks may have been busy elsewhere. (A [`timeout`](step3::timeout()) looks at its limit first.)
    ///
    /// ```
    /// use std::time::Duration;
    /// use step3::Elapsed;
    /// use step5::{AsyncIterator, from_iter};
    ///
    /// step4::run(async {
    ///     let naps = from_iter([80]).map(|ms| step3::sleep(Duration::from_millis(ms)));
    ///     let mut limited = naps.buffered(1).timeout_each(Duration::from_millis(50));
    ///     assert_eq!(limited.next().await, Some(Err(Elapsed)));
    ///     assert_eq!(limited.next().await, Some(Ok(())));
    ///     assert_eq!(limited.next().await, None);
    /// });
    /// ```
    #[must_use = "an async iterator does nothing until it is asked for an item"]
    #[derive(Debug)]
    pub struct TimeoutEach<I> {
        #[pin]
        pub(crate) items: I,
        pub(crate) each: Duration,
        // The limit of the item that was asked for.
        pub(crate) limit: Option<Sleep>,
    }
}

impl<I: AsyncIterator> AsyncIterator for TimeoutEach<I> {
    type Item = Result<I::Item, Elapsed>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.project();
        let each = *this.each;
        // A moment, not a span: what the iterator does in its first poll counts as well. No timer is set yet.
        let limit = this.limit.get_or_insert_with(|| sleep_until(now().saturating_add(each)));
        let outcome = match this.items.poll_next(cx) {
            Poll::Ready(item) => item.map(Ok),
            Poll::Pending => {
                ready!(Pin::new(limit).poll(cx));
                Some(Err(Elapsed))
            }
        };
        *this.limit = None;
        Poll::Ready(outcome)
    }
}

pin_project! {
    /// Lets some time pass between two items: made by [`AsyncIterator::throttle`].
    ///
    /// The pause begins when an item is given, and the iterator is not asked before it is over; so it limits how often
    /// an iterator does whatever it does for an item. The end comes after a pause, too.
    ///
    /// ```
    /// use std::time::Duration;
    /// use step3::now;
    /// use step5::{AsyncIterator, from_iter};
    ///
    /// let pause = Duration::from_millis(5);
    /// step4::run(async move {
    ///     let mut slow = from_iter([1, 2]).throttle(pause);
    ///     slow.next().await;
    ///     let first = now();
    ///     slow.next().await;
    ///     assert!(now() - first >= pause);
    /// });
    /// ```
    #[must_use = "an async iterator does nothing until it is asked for an item"]
    #[derive(Debug)]
    pub struct Throttle<I> {
        #[pin]
        pub(crate) items: I,
        pub(crate) pause: Duration,
        // The rest of the pause after the last item.
        pub(crate) rest: Option<Sleep>,
    }
}

impl<I: AsyncIterator> AsyncIterator for Throttle<I> {
    type Item = I::Item;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<I::Item>> {
        let this = self.project();
        if let Some(rest) = this.rest {
            ready!(Pin::new(rest).poll(cx));
            *this.rest = None;
        }
        let item = ready!(this.items.poll_next(cx));
        if item.is_some() {
            *this.rest = Some(sleep_until(now().saturating_add(*this.pause)));
        }
        Poll::Ready(item)
    }
}
