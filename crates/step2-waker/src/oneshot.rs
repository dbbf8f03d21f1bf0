//! One value, from anywhere, to one future that waits for it.
//!
//! ```text
//!   Waiting(latest waker) ── send ──▶ Sent(value) ── poll ──▶ Over
//!          └── either half is dropped ─────────────────────▶ Over
//! ```
//!
//! # Invariants
//!
//! 1. The *latest* waker wins: a future may be polled by one task today and by another tomorrow, and only the last one
//!    asked to be woken.
//! 2. A waker is never called, cloned or dropped under the lock: wakers are foreign code, and may come back here.
//! 3. A value is delivered, or given back to the sender, or dropped with the last half; never forgotten.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use crate::sync::{Mutex, MutexGuard};

/// Makes a channel for one value.
///
/// Costs one allocation; sending and receiving take a lock for a few instructions.
///
/// ```
/// let (sender, receiver) = step2::oneshot();
/// std::thread::spawn(move || sender.send("done"));
/// assert_eq!(step2::block_on(receiver), Ok("done"));
/// ```
pub fn oneshot<T>() -> (Sender<T>, Receiver<T>) {
    let slot = Arc::new(Slot(Mutex::new(State::Waiting(None))));
    (Sender { slot: Arc::clone(&slot) }, Receiver { slot, taken: false })
}

/// Sends the value of a [`oneshot`]. Dropping it without sending closes the channel.
///
/// ```
/// let (sender, receiver) = step2::oneshot();
/// drop(receiver);
/// assert_eq!(sender.send(7), Err(7), "nobody waits for it: here it is back");
/// ```
pub struct Sender<T> {
    slot: Arc<Slot<T>>,
}

/// Receives the value of a [`oneshot`], as a future.
///
/// Dropping it loses nothing: a value not yet sent is given back to its sender, one already sent is dropped.
///
/// ```
/// let (sender, receiver) = step2::oneshot::<u32>();
/// drop(sender);
/// assert_eq!(step2::block_on(receiver), Err(step2::Closed));
/// ```
#[must_use = "a future does nothing until it is polled"]
pub struct Receiver<T> {
    slot: Arc<Slot<T>>,
    taken: bool,
}

/// Says that the sender was dropped without a value.
///
/// ```
/// assert_eq!(step2::Closed.to_string(), "the sender was dropped without sending a value");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Closed;

struct Slot<T>(Mutex<State<T>>);

enum State<T> {
    Waiting(Option<Waker>),
    Sent(T),
    Over,
}

impl<T> Slot<T> {
    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.0.lock().expect("nothing that can panic runs under this lock (invariant 2)")
    }

    /// Puts `state` in and returns what was there, to be used and dropped without the lock.
    fn replace(&self, state: State<T>) -> State<T> {
        std::mem::replace(&mut *self.lock(), state)
    }
}

impl<T> Sender<T> {
    /// Sends `value` and wakes the receiver.
    ///
    /// # Errors
    ///
    /// Gives the value back if the receiver is gone.
    pub fn send(self, value: T) -> Result<(), T> {
        let waker = {
            let mut state = self.slot.lock();
            match &mut *state {
                State::Waiting(waker) => {
                    let waker = waker.take();
                    *state = State::Sent(value);
                    waker
                }
                State::Sent(_) | State::Over => return Err(value),
            }
        };
        if let Some(waker) = waker {
            waker.wake();
        }
        Ok(())
    }

    /// Returns whether the receiver is gone, so that no value is wanted any more.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        matches!(*self.slot.lock(), State::Over)
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        let waker = {
            let mut state = self.slot.lock();
            let State::Waiting(waker) = &mut *state else { return };
            let waker = waker.take();
            *state = State::Over;
            waker
        };
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

impl<T> Future for Receiver<T> {
    type Output = Result<T, Closed>;

    /// # Panics
    ///
    /// Panics when polled again after it has returned Ready.
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        assert!(!this.taken, "a oneshot `Receiver` was polled after it had returned Ready");
        let latest = cx.waker().clone();
        let outcome = {
            let mut state = this.slot.lock();
            match &mut *state {
                State::Waiting(waker) => Err(waker.replace(latest)),
                State::Sent(_) | State::Over => Ok(std::mem::replace(&mut *state, State::Over)),
            }
        };
        match outcome {
            Err(_older_waker) => Poll::Pending,
            Ok(state) => {
                this.taken = true;
                match state {
                    State::Sent(value) => Poll::Ready(Ok(value)),
                    State::Waiting(_) | State::Over => Poll::Ready(Err(Closed)),
                }
            }
        }
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        drop(self.slot.replace(State::Over));
    }
}

impl<T> fmt::Debug for Sender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sender").finish_non_exhaustive()
    }
}

impl<T> fmt::Debug for Receiver<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receiver").finish_non_exhaustive()
    }
}

impl fmt::Display for Closed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the sender was dropped without sending a value")
    }
}

impl std::error::Error for Closed {}
