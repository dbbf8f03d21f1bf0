//! What a coroutine object is: inert until it is driven.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use compared::{Finally, say};
use step2::yield_now;

/// Calling a coroutine function runs nothing of it; awaiting does.
pub(crate) async fn calling_it_runs_nothing() {
    async fn greet() -> u32 {
        say!("hello");
        7
    }

    let coroutine = greet();
    say!("called");
    say!("{}", coroutine.await);
}

async fn two_steps() -> &'static str {
    say!("first step");
    yield_now().await;
    say!("second step");
    "the value"
}

/// Driven by hand it stops, goes on, and ends with a value.
pub(crate) fn driven_by_hand() {
    let mut cx = Context::from_waker(Waker::noop());
    let mut coroutine = pin!(two_steps());
    assert!(coroutine.as_mut().poll(&mut cx).is_pending());
    say!("it waits");
    if let Poll::Ready(value) = coroutine.as_mut().poll(&mut cx) {
        say!("it ended with {value}");
    }
}

/// Driving it after its end is an error.
pub(crate) fn driven_after_its_end() {
    let mut cx = Context::from_waker(Waker::noop());
    let mut coroutine = pin!(two_steps());
    assert!(coroutine.as_mut().poll(&mut cx).is_pending());
    if coroutine.as_mut().poll(&mut cx).is_ready() {
        say!("the end");
    }
    if catch_unwind(AssertUnwindSafe(|| coroutine.as_mut().poll(&mut cx))).is_err() {
        say!("an error");
    }
}

/// Closing it while it waits runs its clean-up, and nothing after the await.
pub(crate) fn closed_while_it_waits() {
    async fn work() {
        let _finally = Finally("clean-up");
        say!("working");
        yield_now().await;
        say!("never printed");
    }

    let mut coroutine = Box::pin(work());
    assert!(coroutine.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    drop(coroutine);
    say!("closed");
}

/// Closing it before its start.
pub(crate) fn closed_before_its_start() {
    async fn work(_finally: Finally) {
        say!("working");
    }

    let coroutine = work(Finally("clean-up"));
    drop(coroutine);
    say!("closed");
}

/// Throwing it away before its start runs nothing of it, and is warned of.
pub(crate) fn never_awaited() {
    async fn work() {
        say!("working");
    }

    let coroutine = work(); // As a statement of its own, `work();` is what the compiler warns of.
    drop(coroutine);
    say!("nothing has run");
}
