//! A lock for many readers, or one writer.
//!
//! A reader takes one permit, a writer takes all there are. The line is first in, first out, for both: readers behind a
//! waiting writer wait as well, so that it is not passed by for ever.
//!
//! ```text
//!   free: 2^29   line: ─ reader ─ reader ─ WRITER ─ reader       the first two read together,
//!                        1        1        2^29     1            then one writes, then the last one reads
//! ```
//!
//! # Invariants
//!
//! 1. While a writer has all permits, it has the value, and no reader shares it. So it may be changed without unsafe code:
//!    the value's `Arc` has one owner.
//! 2. A reader gives up its share of the value before its permit.

use std::fmt;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use crate::Semaphore;
use crate::sync::{Mutex as Slot, lock};

/// What a writer takes: more readers than there is memory for.
const ALL: usize = 1 << 29;

/// Gives the value inside to many readers at once, or to one writer.
///
/// In all else as [`Mutex`](crate::Mutex).
///
/// ```
/// use step6::RwLock;
///
/// step4::run(async {
///     let prices = RwLock::new(vec![3, 5]);
///     {
///         let (one, another) = (prices.read().await, prices.read().await);
///         assert_eq!(one[0] + another[1], 8);
///         assert!(prices.try_write().is_none());
///     }
///     prices.write().await.push(8);
///     assert_eq!(prices.into_inner(), [3, 5, 8]);
/// });
/// ```
pub struct RwLock<T> {
    turn: Semaphore,
    /// Empty while there is a writer.
    value: Slot<Option<Arc<T>>>,
}

impl<T> RwLock<T> {
    /// Makes a lock with `value` in it.
    pub fn new(value: T) -> Self {
        Self { turn: Semaphore::new(ALL), value: Slot::new(Some(Arc::new(value))) }
    }

    /// Waits until no writer has it, and none waits before us. Dropping the future gives up the place in the line.
    pub async fn read(&self) -> ReadGuard<'_, T> {
        self.turn.acquire().await.forget(); // The guard gives it back.
        ReadGuard::new(self)
    }

    /// Waits until nobody has it. Dropping the future gives up the place in the line.
    pub async fn write(&self) -> WriteGuard<'_, T> {
        self.turn.acquire_many(ALL).await.forget();
        WriteGuard::new(self)
    }

    /// Takes it for reading if no writer has it, and nobody waits.
    pub fn try_read(&self) -> Option<ReadGuard<'_, T>> {
        self.turn.try_acquire()?.forget();
        Some(ReadGuard::new(self))
    }

    /// Takes it for writing if nobody has it, and nobody waits.
    pub fn try_write(&self) -> Option<WriteGuard<'_, T>> {
        self.turn.try_acquire_many(ALL)?.forget();
        Some(WriteGuard::new(self))
    }

    /// Gives the value out for good.
    ///
    /// # Panics
    ///
    /// Panics if a guard was leaked (`mem::forget`): the value is lost with it.
    pub fn into_inner(self) -> T {
        let value = lock(&self.value).take().expect("a guard of this lock was leaked, and the value with it");
        Arc::into_inner(value).expect("a guard of this lock was leaked, and shares the value")
    }
}

impl<T> fmt::Debug for RwLock<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RwLock").field("readers_or_all", &(ALL - self.turn.free())).finish_non_exhaustive()
    }
}

/// Shares the value of an [`RwLock`] with other readers until it is dropped.
///
/// ```
/// # step4::run(async {
/// let lock = step6::RwLock::new(7);
/// let guard: step6::ReadGuard<'_, i32> = lock.read().await;
/// assert_eq!(*guard, 7);
/// # });
/// ```
#[must_use = "the lock is free again when this is dropped"]
pub struct ReadGuard<'a, T> {
    lock: &'a RwLock<T>,
    /// There until the guard is dropped.
    value: Option<Arc<T>>,
}

impl<'a, T> ReadGuard<'a, T> {
    fn new(rwlock: &'a RwLock<T>) -> Self {
        let value = lock(&rwlock.value).clone();
        Self { lock: rwlock, value }
    }
}

impl<T> Deref for ReadGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.value.as_deref().expect("invariant 1: there is no writer while we have a permit")
    }
}

impl<T> Drop for ReadGuard<'_, T> {
    fn drop(&mut self) {
        self.value = None;
        self.lock.turn.add(1);
    }
}

/// Has the value of an [`RwLock`] for itself until it is dropped.
///
/// ```
/// # step4::run(async {
/// let lock = step6::RwLock::new(7);
/// let mut guard: step6::WriteGuard<'_, i32> = lock.write().await;
/// *guard += 1;
/// # });
/// ```
#[must_use = "the lock is free again when this is dropped"]
pub struct WriteGuard<'a, T> {
    lock: &'a RwLock<T>,
    /// There until the guard is dropped, and nowhere else.
    value: Option<Arc<T>>,
}

impl<'a, T> WriteGuard<'a, T> {
    fn new(rwlock: &'a RwLock<T>) -> Self {
        let value = lock(&rwlock.value).take();
        Self { lock: rwlock, value }
    }
}

impl<T> Deref for WriteGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.value.as_deref().expect("it is there until the guard is dropped")
    }
}

impl<T> DerefMut for WriteGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        self.value.as_mut().and_then(Arc::get_mut).expect("invariant 1: a writer shares it with nobody")
    }
}

impl<T> Drop for WriteGuard<'_, T> {
    fn drop(&mut self) {
        *lock(&self.lock.value) = self.value.take();
        self.lock.turn.add(ALL);
    }
}

impl<T: fmt::Debug> fmt::Debug for ReadGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<T: fmt::Debug> fmt::Debug for WriteGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}
