//! A semaphore: so many may go on at once, and the others wait in line.
//!
//! It is step 5's [`Permits`] behind a lock. All of this step's locks are made of it.
//!
//! # Invariants
//!
//! 1. First in, first out: whoever asks waits behind those who wait already, even if there is enough for them.
//! 2. A permit is given back exactly once, when its guard is dropped. One that was granted to a future which is then
//!    dropped, goes to the next in line.
//! 3. No waker is cloned, called or dropped under the lock.

use std::fmt;
use std::future::Future;
use std::ops::Deref;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker, ready};

use step2::wake_quietly;
use step4::budget;
use step5::{Permits, Ticket};

use crate::sync::{Mutex, MutexGuard, lock};

/// Lets so many go on at once: Python's `asyncio.Semaphore`.
///
/// It may be shared between threads. Each operation takes a lock for a few instructions.
///
/// ```
/// use step6::Semaphore;
///
/// step4::run(async {
///     let semaphore = Semaphore::new(2);
///     let first = semaphore.acquire().await;
///     let _second = semaphore.acquire().await;
///     assert!(semaphore.try_acquire().is_none());
///     drop(first);
///     assert!(semaphore.try_acquire().is_some());
/// });
/// ```
pub struct Semaphore {
    permits: Mutex<Permits>,
}

impl Semaphore {
    /// Makes a semaphore with so many permits.
    #[must_use]
    pub fn new(permits: usize) -> Self {
        Self { permits: Mutex::new(Permits::new(permits)) }
    }

    /// Waits for a permit. It is given back when the guard is dropped.
    ///
    /// Dropping the future gives up the place in the line.
    pub fn acquire(&self) -> Acquire<&Self> {
        self.acquire_many(1)
    }

    /// Waits for so many permits at once. Those who ask for less wait behind it.
    ///
    /// It waits for ever if there are never so many.
    pub fn acquire_many(&self, permits: usize) -> Acquire<&Self> {
        Acquire { semaphore: Some(self), wants: permits, ticket: None }
    }

    /// Does as [`acquire`](Self::acquire); the permit keeps the semaphore alive, and may go anywhere.
    pub fn acquire_owned(self: Arc<Self>) -> Acquire<Arc<Self>> {
        Acquire { semaphore: Some(self), wants: 1, ticket: None }
    }

    /// Takes a permit if there is one and nobody waits.
    #[must_use = "the permit is given back when this is dropped"]
    pub fn try_acquire(&self) -> Option<Permit<&Self>> {
        self.try_acquire_many(1)
    }

    /// Takes so many permits if they are there and nobody waits.
    #[must_use = "the permits are given back when this is dropped"]
    pub fn try_acquire_many(&self, permits: usize) -> Option<Permit<&Self>> {
        let is_taken = self.lock().take(permits);
        is_taken.then(|| Permit { semaphore: self, permits })
    }

    /// Adds permits: more than there were at first, if you like.
    pub fn add(&self, permits: usize) {
        let next = {
            let mut line = self.lock();
            line.give(permits);
            line.grant()
        };
        self.wake(next);
    }

    /// Returns how many permits are free.
    #[must_use]
    pub fn free(&self) -> usize {
        self.lock().free()
    }

    fn lock(&self) -> MutexGuard<'_, Permits> {
        lock(&self.permits)
    }

    /// Wakes the one who was granted something, and grants and wakes those behind it, if there is enough.
    fn wake(&self, mut next: Option<Waker>) {
        while let Some(waker) = next {
            wake_quietly(waker);
            next = self.lock().grant();
        }
    }
}

impl fmt::Debug for Semaphore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Semaphore").field("free", &self.free()).finish_non_exhaustive()
    }
}

/// Waits for permits: the future of [`Semaphore::acquire`] and its like.
///
/// ```
/// use step6::{Acquire, Semaphore};
///
/// step4::run(async {
///     let semaphore = Semaphore::new(1);
///     let acquire: Acquire<&Semaphore> = semaphore.acquire();
///     drop(acquire); // Costs nobody anything.
///     let _permit = semaphore.acquire().await;
/// });
/// ```
#[must_use = "a future does nothing until it is polled"]
pub struct Acquire<S: Deref<Target = Semaphore>> {
    /// Taken when it is ready.
    semaphore: Option<S>,
    wants: usize,
    ticket: Option<Ticket>,
}

impl<S: Deref<Target = Semaphore> + Unpin> Future for Acquire<S> {
    type Output = Permit<S>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Permit<S>> {
        ready!(budget::spend(cx));
        let this = self.get_mut();
        let semaphore = this.semaphore.as_ref().expect("`Acquire` was polled after it had returned Ready");
        let mut spare = None; // A clone of the waker that is not needed is dropped without the lock.
        loop {
            let mut permits = semaphore.lock();
            if permits.claim(this.wants, &mut this.ticket) {
                break;
            }
            if permits.stay(this.wants, &mut this.ticket, cx.waker(), &mut spare) {
                return Poll::Pending;
            }
            drop(permits);
            spare = Some(cx.waker().clone());
        }
        let semaphore = this.semaphore.take().expect("it was there a moment ago");
        let permit = Permit { semaphore, permits: this.wants };
        drop(spare); // If it panics, the permit goes back; Rust would forget it, were it on its way to the caller already.
        Poll::Ready(permit)
    }
}

impl<S: Deref<Target = Semaphore>> Drop for Acquire<S> {
    fn drop(&mut self) {
        if let (Some(semaphore), Some(ticket)) = (&self.semaphore, self.ticket.take()) {
            let (mine, next) = {
                let mut permits = semaphore.lock();
                (permits.leave(&ticket), permits.grant())
            };
            semaphore.wake(next);
            drop(mine); // Last: it is foreign code, whose panic must not keep the next one from its turn.
        }
    }
}

/// Gives its permits back when it is dropped.
///
/// ```
/// use std::sync::Arc;
/// use step6::{Permit, Semaphore};
///
/// step4::run(async {
///     let semaphore = Arc::new(Semaphore::new(1));
///     let permit: Permit<Arc<Semaphore>> = Arc::clone(&semaphore).acquire_owned().await;
///     std::thread::spawn(move || drop(permit)).join().unwrap();
///     assert_eq!(semaphore.free(), 1);
/// });
/// ```
#[must_use = "the permits are given back when this is dropped"]
pub struct Permit<S: Deref<Target = Semaphore>> {
    semaphore: S,
    permits: usize,
}

impl<S: Deref<Target = Semaphore>> Permit<S> {
    /// Keeps the permits for ever: there are fewer from now on.
    pub fn forget(mut self) {
        self.permits = 0;
    }
}

impl<S: Deref<Target = Semaphore>> Drop for Permit<S> {
    fn drop(&mut self) {
        if self.permits > 0 {
            self.semaphore.add(self.permits);
        }
    }
}

impl<S: Deref<Target = Semaphore>> fmt::Debug for Permit<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Permit").field("permits", &self.permits).finish_non_exhaustive()
    }
}

impl<S: Deref<Target = Semaphore>> fmt::Debug for Acquire<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Acquire").field("wants", &self.wants).finish_non_exhaustive()
    }
}
