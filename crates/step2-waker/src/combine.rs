//! Two futures in one: wait for both, or for whichever is first.
//!
//! Neither starts a task or a thread. Both children are polled by whoever polls the pair, with the pair's waker: when
//! one child wakes, both are looked at. That is cheap for two, and wrong for a thousand (step 4 has sets for those).
//!
//! # Invariants
//!
//! 1. A child is not polled again after it was Ready, and is dropped no later than the pair.
//! 2. The first child is polled before the second, in every poll: the order is part of the contract.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

/// Runs two futures at once, and returns both outputs.
///
/// Two waits of one second take one second. Dropping it cancels both.
///
/// ```
/// let (a, b) = step2::block_on(step2::join(async { 1 }, async { "two" }));
/// assert_eq!((a, b), (1, "two"));
/// ```
pub fn join<A: Future, B: Future>(first: A, second: B) -> impl Future<Output = (A::Output, B::Output)> {
    Join { first: Child::Running { future: first }, second: Child::Running { future: second } }
}

/// Runs two futures at once until one is done, and drops the other: that cancels it.
///
/// If both are ready in the same poll, the first one wins.
///
/// ```
/// use step2::{Either, block_on, race};
///
/// let winner = block_on(race(std::future::pending::<()>(), async { "done" }));
/// assert_eq!(winner, Either::Second("done"));
/// ```
pub fn race<A: Future, B: Future>(first: A, second: B) -> impl Future<Output = Either<A::Output, B::Output>> {
    Race { first: Child::Running { future: first }, second: Child::Running { future: second } }
}

/// Gives everyone else a turn: it is pending once, and asks to be polled again.
///
/// ```
/// step2::block_on(step2::yield_now());
/// ```
pub async fn yield_now() {
    let mut yielded = false;
    std::future::poll_fn(|cx| {
        if std::mem::replace(&mut yielded, true) {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// Says which of two it was.
///
/// ```
/// let which: step2::Either<u8, &str> = step2::Either::First(1);
/// assert!(matches!(which, step2::Either::First(1)));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Either<A, B> {
    /// The first of the two.
    First(A),
    /// The second of the two.
    Second(B),
}

pin_project! {
    /// A future, then its output, then nothing.
    #[project = ChildAt]
    enum Child<F: Future> {
        Running { #[pin] future: F },
        Finished { output: Option<F::Output> },
    }
}

impl<F: Future> Child<F> {
    /// Polls a child that still runs, and keeps its output. Returns whether it is finished.
    fn advance(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> bool {
        if let ChildAt::Running { future } = self.as_mut().project() {
            match future.poll(cx) {
                Poll::Pending => return false,
                Poll::Ready(output) => self.set(Child::Finished { output: Some(output) }),
            }
        }
        true
    }

    /// Takes the output of a finished child.
    fn take(self: Pin<&mut Self>) -> F::Output {
        match self.project() {
            ChildAt::Finished { output } => output.take().expect("polled again after it had returned Ready"),
            ChildAt::Running { .. } => unreachable!("only finished children are taken"),
        }
    }
}

pin_project! {
    #[must_use = "a future does nothing until it is polled"]
    struct Join<A: Future, B: Future> { #[pin] first: Child<A>, #[pin] second: Child<B> }
}

impl<A: Future, B: Future> Future for Join<A, B> {
    type Output = (A::Output, B::Output);

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let first_is_done = this.first.as_mut().advance(cx);
        let second_is_done = this.second.as_mut().advance(cx);
        if first_is_done && second_is_done {
            Poll::Ready((this.first.take(), this.second.take()))
        } else {
            Poll::Pending
        }
    }
}

pin_project! {
    #[must_use = "a future does nothing until it is polled"]
    struct Race<A: Future, B: Future> { #[pin] first: Child<A>, #[pin] second: Child<B> }
}

impl<A: Future, B: Future> Future for Race<A, B> {
    type Output = Either<A::Output, B::Output>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        if this.first.as_mut().advance(cx) {
            Poll::Ready(Either::First(this.first.take()))
        } else if this.second.as_mut().advance(cx) {
            Poll::Ready(Either::Second(this.second.take()))
        } else {
            Poll::Pending
        }
    }
}
