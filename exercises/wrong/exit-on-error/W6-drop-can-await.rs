//! A wrong answer to `exit-on-error`: a guard whose destructor runs the exit, and blocks until it is over.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Waker};
use std::thread;
use std::time::Duration;

struct Leave<F: Future<Output = ()>>(Pin<Box<F>>);

impl<F: Future<Output = ()>> Drop for Leave<F> {
    fn drop(&mut self) {
        while self.0.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending() {
            thread::sleep(Duration::from_millis(1));
        }
    }
}

async fn with<T, E>(
    enter: impl Future<Output = Result<(), E>>,
    body: impl Future<Output = Result<T, E>>,
    exit: impl Future<Output = ()>,
) -> Result<T, E> {
    enter.await?;
    let _leave = Leave(Box::pin(exit));
    body.await
}

#[cfg(test)]
#[path = "../../checks/exit-on-error.rs"]
mod checks;
