//! The workloads, generic over what a runtime can do, so that all do the same.
//!
//! A runtime is a type with these traits; calls are resolved when it is compiled, and cost nothing.

pub(crate) mod blocking;
pub(crate) mod echo;
pub(crate) mod memory;
pub(crate) mod one_thread;
pub(crate) mod timers;
pub(crate) mod two_workers;

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

/// Runs tasks on one thread.
pub(crate) trait Tasks: 'static {
    /// Runs `main`, and what it starts, on this thread.
    fn run<T: 'static>(main: impl Future<Output = T> + 'static) -> T;

    /// Starts a task that nobody will join.
    fn start(task: impl Future<Output = ()> + 'static);

    /// Gives all other tasks a turn.
    fn yield_now() -> impl Future<Output = ()>;
}

/// Has tasks with results.
pub(crate) trait Joins: Tasks {
    fn spawn<T: 'static>(task: impl Future<Output = T> + 'static) -> impl Future<Output = T> + 'static;
}

/// Runs tasks on two workers. `main` is itself a task on one of them.
pub(crate) trait Workers: 'static {
    fn run<T: Send + 'static>(main: impl Future<Output = T> + Send + 'static) -> T;

    fn start(task: impl Future<Output = ()> + Send + 'static);

    fn spawn<T: Send + 'static>(
        task: impl Future<Output = T> + Send + 'static,
    ) -> impl Future<Output = T> + Send + 'static;

    fn yield_now() -> impl Future<Output = ()> + Send;
}

/// Has a channel of numbers with room for one, for one thread at least.
pub(crate) trait Channel: 'static {
    type Sender: 'static;
    type Receiver: 'static;

    fn channel() -> (Self::Sender, Self::Receiver);
    fn send(sender: &mut Self::Sender, number: u64) -> impl Future<Output = ()>;
    fn recv(receiver: &mut Self::Receiver) -> impl Future<Output = u64>;
}

/// The same between threads.
pub(crate) trait SharedChannel: 'static {
    type Sender: Send + 'static;
    type Receiver: Send + 'static;

    fn channel() -> (Self::Sender, Self::Receiver);
    fn send(sender: &mut Self::Sender, number: u64) -> impl Future<Output = ()> + Send;
    fn recv(receiver: &mut Self::Receiver) -> impl Future<Output = u64> + Send;
}

impl<C: SharedChannel> Channel for C {
    type Sender = <C as SharedChannel>::Sender;
    type Receiver = <C as SharedChannel>::Receiver;

    fn channel() -> (Self::Sender, Self::Receiver) {
        <C as SharedChannel>::channel()
    }

    fn send(sender: &mut Self::Sender, number: u64) -> impl Future<Output = ()> {
        <C as SharedChannel>::send(sender, number)
    }

    fn recv(receiver: &mut Self::Receiver) -> impl Future<Output = u64> {
        <C as SharedChannel>::recv(receiver)
    }
}

/// Has sleeps.
pub(crate) trait Timers: Tasks {
    fn sleep(time: Duration) -> impl Future + 'static;
}

/// Has sleeps that can be set anew.
pub(crate) trait Resets: Timers {
    type Sleep: Future;

    fn resettable(time: Duration) -> Self::Sleep;
    fn reset(sleep: Pin<&mut Self::Sleep>, time: Duration);
}

/// Drives a future on the calling thread.
pub(crate) trait BlockOn {
    /// Makes what has to be made once a thread.
    fn new() -> Self;

    fn block_on<F: Future>(&mut self, future: F) -> F::Output;
}

/// A join handle whose task does not fail: the outcome without its `Result`.
pub(crate) struct Unwrapped<H>(pub(crate) H);

impl<T, E: std::fmt::Debug, H: Future<Output = Result<T, E>> + Unpin> Future for Unwrapped<H> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        Pin::new(&mut self.0)
            .poll(cx)
            .map(|outcome| outcome.expect("the task neither fails nor is cancelled"))
    }
}

/// Returns how many calls `fib(n)` makes, itself included.
pub(crate) fn calls(n: usize) -> usize {
    let (mut one_less, mut calls) = (1, 1);
    for _ in 1..n {
        (one_less, calls) = (calls, one_less + calls + 1);
    }
    calls
}
