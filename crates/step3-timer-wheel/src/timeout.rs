//! A time limit for a future.
//!
//! # Invariants
//!
//! 1. The limit is looked at *first*: when both are ready in the same turn, the limit has won. Nothing is lost by it, as
//!    the future was not polled again; and of two nested limits that end together, only the outer reports.
//! 2. So the limit counts from before the future's first step, however long that step takes. Yet the future is polled at
//!    least once, even if the limit has passed by then: a sleep is always pending at its first poll.
//! 3. When the limit wins, the future is dropped, which cancels it, before the error is seen.

use std::fmt;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use pin_project_lite::pin_project;

use crate::{Sleep, sleep};

/// Runs `future` for at most `limit`, counted from the first poll; `None` is no limit.
///
/// # Errors
///
/// Returns [`Elapsed`] if the limit came first; the future is dropped then.
///
/// ```
/// use std::time::Duration;
/// use step3::{Elapsed, timeout};
///
/// step3::block_on(async {
///     let never = std::future::pending::<()>();
///     assert_eq!(timeout(Duration::from_millis(1), never).await, Err(Elapsed));
///     assert_eq!(timeout(Duration::ZERO, async { 7 }).await, Ok(7));
///     assert_eq!(timeout(None, async { 7 }).await, Ok(7));
/// });
/// ```
pub fn timeout<F: Future>(limit: impl Into<Option<Duration>>, future: F) -> Timeout<F> {
    Timeout { future: Some(future), limit: limit.into().map(sleep) }
}

pin_project! {
    /// A future with a time limit: made by [`timeout`].
    ///
    /// ```
    /// use std::time::Duration;
    /// use step3::{Elapsed, now, timeout};
    ///
    /// step3::block_on(async {
    ///     let mut limited = std::pin::pin!(timeout(Duration::from_secs(3600), std::future::pending::<()>()));
    ///     limited.as_mut().reschedule(Some(now()));
    ///     assert_eq!(limited.await, Err(Elapsed));
    /// });
    /// ```
    #[must_use = "a future does nothing until it is polled"]
    #[derive(Debug)]
    pub struct Timeout<F> {
        #[pin]
        future: Option<F>,
        limit: Option<Sleep>,
    }
}

impl<F> Timeout<F> {
    /// Replaces the limit by a deadline on the driver's clock, or by none.
    ///
    /// Poll it after that: the old limit is gone, and the new one takes effect at the next poll.
    pub fn reschedule(self: Pin<&mut Self>, deadline: Option<Duration>) {
        let limit = self.project().limit;
        match (deadline, limit.as_mut()) {
            (Some(deadline), Some(limit)) => limit.reset(deadline),
            (Some(deadline), None) => *limit = Some(crate::sleep_until(deadline)),
            (None, _) => *limit = None,
        }
    }
}

impl<F: Future> Future for Timeout<F> {
    type Output = Result<F::Output, Elapsed>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let limit = this.limit.as_mut().map(Pin::new);
        if limit.is_some_and(|limit| limit.poll(cx).is_ready()) {
            *this.limit = None;
            this.future.set(None);
            return Poll::Ready(Err(Elapsed));
        }
        let future =
            this.future.as_mut().as_pin_mut().expect("`Timeout` was polled after it had returned Ready");
        let output = ready!(future.poll(cx));
        *this.limit = None;
        this.future.set(None);
        Poll::Ready(Ok(output))
    }
}

/// Says that the time limit came first.
///
/// ```
/// let error = std::io::Error::from(step3::Elapsed);
/// assert_eq!(error.kind(), std::io::ErrorKind::TimedOut);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Elapsed;

impl fmt::Display for Elapsed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the time limit elapsed first")
    }
}

impl std::error::Error for Elapsed {}

impl From<Elapsed> for io::Error {
    fn from(elapsed: Elapsed) -> Self {
        io::Error::new(io::ErrorKind::TimedOut, elapsed)
    }
}
