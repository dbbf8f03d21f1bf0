//! Exercise `latest-waker` (step 2, middling): a channel for one value, whose receiver is a future.
//!
//! The receiver may be polled by one task today and by another tomorrow. Only the last one asked to be woken.
//!
//! # Contract
//!
//! - A value that was sent before the first poll is received in that poll, and nobody is woken.
//! - The receiver is pending while there is no value, and keeps one waker: that of the latest poll.
//! - `send` calls that waker, once, and no older one.
//! - The value is there before the waker is called.
//! - No waker is called under the lock: it is foreign code, and may poll the receiver at once.
//!
//! Check it with `cargo course check latest-waker`.
#![allow(clippy::todo, reason = "this is an exercise")]

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

/// What both halves share.
struct Slot<T> {
    value: Option<T>,
    waker: Option<Waker>,
}

struct Sender<T>(Arc<Mutex<Slot<T>>>);

struct Receiver<T>(Arc<Mutex<Slot<T>>>);

fn oneshot<T>() -> (Sender<T>, Receiver<T>) {
    let slot = Arc::new(Mutex::new(Slot { value: None, waker: None }));
    (Sender(Arc::clone(&slot)), Receiver(slot))
}

impl<T> Sender<T> {
    fn send(self, value: T) {
        todo!("latest-waker: put the value in, and wake whoever waits for it")
    }
}

impl<T> Future for Receiver<T> {
    type Output = T;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        todo!("latest-waker: take the value, or keep the waker")
    }
}

#[cfg(test)]
#[path = "../checks/latest-waker.rs"]
mod checks;
