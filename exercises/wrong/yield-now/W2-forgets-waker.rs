//! A wrong answer to `yield-now`: it is pending, and asks nobody to poll it again.

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
        let value = self.get_mut().0.take().expect("polled again after it had returned Ready");
        Poll::Ready(value)
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

    fn poll(mut self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<()> {
        if self.yielded {
            return Poll::Ready(());
        }
        self.yielded = true;
        Poll::Pending
    }
}

#[cfg(test)]
#[path = "../../checks/yield-now.rs"]
mod checks;
