//! Exercise `yield-now` (step 2, easy): two futures, written by hand.
//!
//! `Ready` is over at once, with a value. `YieldNow` gives everyone else a turn before it goes on.
//!
//! # Contract
//!
//! - `ready(value)` is ready in its first poll, with that very value; it wakes nobody and keeps no waker.
//! - `yield_now()` is pending in its first poll.
//! - By the end of that poll it has asked, once, to be polled again.
//! - It is ready in its second poll, and asks for no further one.
//! - So two tasks that yield take turns.
//!
//! Check it with `cargo course check yield-now`.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

/// Is over at once.
struct Ready<T>(Option<T>);

fn ready<T>(value: T) -> Ready<T> {
    Ready(Some(value))
}

impl<T: Unpin> Future for Ready<T> {
    type Output = T;

    fn poll(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<T> {
        // BEGIN SOLUTION: hand the value out
        let value = self.get_mut().0.take().expect("polled again after it had returned Ready");
        Poll::Ready(value)
        // END SOLUTION
    }
}

/// Is pending once.
struct YieldNow {
    yielded: bool,
}

fn yield_now() -> YieldNow {
    YieldNow { yielded: false }
}

impl Future for YieldNow {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        // BEGIN SOLUTION: be pending the first time, and make sure that there is a second
        if self.yielded {
            return Poll::Ready(());
        }
        self.yielded = true;
        cx.waker().wake_by_ref();
        Poll::Pending
        // END SOLUTION
    }
}

#[cfg(test)]
#[path = "../checks/yield-now.rs"]
mod checks;
