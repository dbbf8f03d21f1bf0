//! A lock that is awaited, and may be held across an `await`.
//!
//! ```text
//!   free:  turn: 1 permit     value: [ box ]
//!   held:  turn: 0 permits    value: [     ]     the guard has the box
//! ```
//!
//! Whoever has the permit takes the value out of the lock, and puts it back at the end. So the value needs no unsafe
//! code: it is simply not there for anyone else. One moves a pointer, whatever the value's size.
//!
//! # Invariants
//!
//! 1. The value is in its place whenever the permit is free: a guard puts it back first, and then gives up the permit.
//! 2. First in, first out, without barging, and a waiter that gives up is skipped: as [`Semaphore`] promises.
//!
//! # Absent on purpose
//!
//! No poisoning, as in asyncio: who panics while it holds the lock leaves the value as it is. And not re-entrant: a task
//! that locks it twice waits for itself, for ever.

use std::fmt;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use crate::Semaphore;
use crate::sync::{Mutex as Slot, lock};

/// Gives one task at a time the value inside: Python's `asyncio.Lock`, with what it protects.
///
/// To hold it across an `await` is what it is for; if you do not, `std`'s mutex is faster. It may be shared between
/// threads.
///
/// ```
/// use step6::Mutex;
///
/// step4::run(async {
///     let balance = Mutex::new(0);
///     let deposit = async || {
///         let mut balance = balance.lock().await;
///         let read = *balance;
///         step2::yield_now().await; // Others run here, and none of them gets the balance.
///         *balance = read + 1;
///     };
///     step4::join_all((0..100).map(|_| deposit())).await;
///     assert_eq!(*balance.lock().await, 100);
/// });
/// ```
pub struct Mutex<T> {
    turn: Semaphore,
    value: Slot<Option<Box<T>>>,
}

impl<T> Mutex<T> {
    /// Makes a lock with `value` in it.
    pub fn new(value: T) -> Self {
        Self { turn: Semaphore::new(1), value: Slot::new(Some(Box::new(value))) }
    }

    /// Waits for the lock. Dropping the future gives up the place in the line.
    pub async fn lock(&self) -> MutexGuard<T, &Self> {
        let permit = self.turn.acquire().await;
        permit.forget(); // The guard gives it back.
        MutexGuard::new(self)
    }

    /// Does as [`lock`](Self::lock); the guard keeps the lock alive, and may go anywhere: to another thread, too.
    pub async fn lock_owned(self: Arc<Self>) -> MutexGuard<T, Arc<Self>> {
        let permit = self.turn.acquire().await;
        permit.forget();
        MutexGuard::new(self)
    }

    /// Takes the lock if it is free and nobody waits.
    pub fn try_lock(&self) -> Option<MutexGuard<T, &Self>> {
        self.turn.try_acquire()?.forget();
        Some(MutexGuard::new(self))
    }

    /// Returns whether somebody holds it.
    #[must_use]
    pub fn is_locked(&self) -> bool {
        self.turn.free() == 0
    }

    /// Gives the value out for good.
    ///
    /// # Panics
    ///
    /// Panics if a guard was leaked (`mem::forget`): the value is lost with it.
    pub fn into_inner(self) -> T {
        let value = lock(&self.value).take();
        *value.expect("a guard of this lock was leaked, and the value with it")
    }
}

impl<T: Default> Default for Mutex<T> {
    fn default() -> Self {
        Self::new(T::default())
    }
}

impl<T> fmt::Debug for Mutex<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mutex").field("is_locked", &self.is_locked()).finish_non_exhaustive()
    }
}

/// Has the value of a [`Mutex`], and gives it back when it is dropped. `M` is how it reaches the lock.
///
/// ```
/// use std::sync::Arc;
/// use step6::{Mutex, MutexGuard};
///
/// step4::run(async {
///     let names = Arc::new(Mutex::new(vec!["Ada"]));
///     let mut guard: MutexGuard<Vec<&str>, Arc<Mutex<Vec<&str>>>> = Arc::clone(&names).lock_owned().await;
///     step4::unblock(move || guard.push("Grace")).await; // The lock goes along, and is free when the job is done.
///     assert_eq!(*names.lock().await, ["Ada", "Grace"]);
/// });
/// ```
#[must_use = "the lock is free again when this is dropped"]
pub struct MutexGuard<T, M: Deref<Target = Mutex<T>>> {
    mutex: M,
    /// There until the guard is dropped.
    value: Option<Box<T>>,
}

impl<T, M: Deref<Target = Mutex<T>>> MutexGuard<T, M> {
    /// Takes the value out, for one who has taken the turn.
    fn new(mutex: M) -> Self {
        let value = lock(&mutex.value).take();
        assert!(value.is_some(), "invariant 1: whose turn it is finds the value");
        Self { mutex, value }
    }
}

impl<T, M: Deref<Target = Mutex<T>>> Deref for MutexGuard<T, M> {
    type Target = T;

    fn deref(&self) -> &T {
        self.value.as_deref().expect("it is there until the guard is dropped")
    }
}

impl<T, M: Deref<Target = Mutex<T>>> DerefMut for MutexGuard<T, M> {
    fn deref_mut(&mut self) -> &mut T {
        self.value.as_deref_mut().expect("it is there until the guard is dropped")
    }
}

impl<T, M: Deref<Target = Mutex<T>>> Drop for MutexGuard<T, M> {
    fn drop(&mut self) {
        *lock(&self.mutex.value) = self.value.take();
        self.mutex.turn.add(1);
    }
}

impl<T: fmt::Debug, M: Deref<Target = Mutex<T>>> fmt::Debug for MutexGuard<T, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}
