//! The model checker's locks, atomics and threads. Each step that a thread makes with them is written down.
//!
//! Names and behaviour are std's, as far as an exercise may need them.

use std::ops::{Deref, DerefMut};
use std::panic::Location;
use std::sync::{LockResult, PoisonError};

pub use loom::sync::Arc;

use super::schedule;

/// A lock.
#[derive(Debug)]
pub struct Mutex<T> {
    inner: loom::sync::Mutex<T>,
    number: usize,
}

/// Holds a lock until it is dropped.
#[derive(Debug)]
pub struct MutexGuard<'a, T> {
    /// None once it is dropped, or given to a condition variable.
    inner: Option<loom::sync::MutexGuard<'a, T>>,
    number: usize,
}

impl<T> Mutex<T> {
    /// Makes a lock around `value`.
    pub fn new(value: T) -> Self {
        Self { inner: loom::sync::Mutex::new(value), number: schedule::new_lock() }
    }

    /// Waits until nobody holds the lock, and takes it.
    ///
    /// # Errors
    ///
    /// As std's: if a thread has panicked under the lock.
    #[track_caller]
    pub fn lock(&self) -> LockResult<MutexGuard<'_, T>> {
        let (place, number) = (Location::caller(), self.number);
        schedule::wishes(format!("waits for lock {number}"), place, None);
        let guard = self.inner.lock();
        schedule::done(format!("take lock {number}"), place);
        wrapped(guard, number)
    }

    /// Uses the lock up, and returns what was in it.
    ///
    /// # Errors
    ///
    /// As std's: if a thread has panicked under the lock.
    pub fn into_inner(self) -> LockResult<T> {
        self.inner.into_inner()
    }

    /// Reaches what is in the lock, which nobody else can have.
    ///
    /// # Errors
    ///
    /// As std's: if a thread has panicked under the lock.
    pub fn get_mut(&mut self) -> LockResult<&mut T> {
        self.inner.get_mut()
    }
}

impl<T: Default> Default for Mutex<T> {
    fn default() -> Self {
        Self::new(T::default())
    }
}

fn wrapped<T>(
    guard: LockResult<loom::sync::MutexGuard<'_, T>>,
    number: usize,
) -> LockResult<MutexGuard<'_, T>> {
    let wrap = |inner| MutexGuard { inner: Some(inner), number };
    guard.map(wrap).map_err(|error| PoisonError::new(wrap(error.into_inner())))
}

const HELD: &str = "a guard that can be used has not been given back";

impl<T> Deref for MutexGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.inner.as_ref().expect(HELD)
    }
}

impl<T> DerefMut for MutexGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        self.inner.as_mut().expect(HELD)
    }
}

impl<T> Drop for MutexGuard<'_, T> {
    fn drop(&mut self) {
        // While a panic goes by, the order has been drawn already.
        if self.inner.take().is_some() && !std::thread::panicking() {
            schedule::done(format!("give back lock {}", self.number), None);
        }
    }
}

/// Where threads sleep until they are notified.
#[derive(Debug)]
pub struct Condvar {
    inner: loom::sync::Condvar,
    number: usize,
}

impl Condvar {
    /// Makes one.
    #[must_use]
    pub fn new() -> Self {
        Self { inner: loom::sync::Condvar::new(), number: schedule::new_condvar() }
    }

    /// Gives the lock back and sleeps until somebody notifies; then takes the lock again.
    ///
    /// # Errors
    ///
    /// As std's: if a thread has panicked under the lock.
    #[track_caller]
    pub fn wait<'a, T>(&self, mut guard: MutexGuard<'a, T>) -> LockResult<MutexGuard<'a, T>> {
        let (place, number, lock) = (Location::caller(), self.number, guard.number);
        schedule::wishes(format!("give back lock {lock}, sleep at condvar {number}"), place, Some(number));
        let guard = self.inner.wait(guard.inner.take().expect(HELD));
        schedule::done(format!("awake, take lock {lock}"), place);
        wrapped(guard, lock)
    }

    /// Waits until `condition` no longer holds.
    ///
    /// # Errors
    ///
    /// As std's: if a thread has panicked under the lock.
    #[track_caller]
    pub fn wait_while<'a, T>(
        &self,
        mut guard: MutexGuard<'a, T>,
        mut condition: impl FnMut(&mut T) -> bool,
    ) -> LockResult<MutexGuard<'a, T>> {
        while condition(&mut *guard) {
            guard = self.wait(guard)?;
        }
        Ok(guard)
    }

    /// Wakes one who sleeps here, if there is any.
    #[track_caller]
    pub fn notify_one(&self) {
        self.inner.notify_one();
        let woken = schedule::notified(self.number, false);
        schedule::done(format!("notify_one condvar {}: {woken}", self.number), Location::caller());
    }

    /// Wakes all who sleep here.
    #[track_caller]
    pub fn notify_all(&self) {
        self.inner.notify_all();
        let woken = schedule::notified(self.number, true);
        schedule::done(format!("notify_all condvar {}: {woken}", self.number), Location::caller());
    }
}

impl Default for Condvar {
    fn default() -> Self {
        Self::new()
    }
}

/// Threads.
pub mod thread {
    use std::panic::Location;

    pub use loom::thread::{current, park, yield_now};

    use super::schedule;

    /// Awaits the end of a thread.
    #[derive(Debug)]
    pub struct JoinHandle<T> {
        inner: loom::thread::JoinHandle<T>,
        number: usize,
    }

    /// Starts a thread.
    #[track_caller]
    pub fn spawn<T: 'static>(f: impl FnOnce() -> T + 'static) -> JoinHandle<T> {
        let inner = loom::thread::spawn(f);
        let number = schedule::spawned(inner.thread().id());
        schedule::done(format!("spawn thread {number}"), Location::caller());
        JoinHandle { inner, number }
    }

    impl<T> JoinHandle<T> {
        /// Waits until the thread has ended, and returns what it has returned.
        ///
        /// # Errors
        ///
        /// As std's: if the thread has panicked.
        #[track_caller]
        pub fn join(self) -> std::thread::Result<T> {
            let place = Location::caller();
            schedule::wishes(format!("waits for the end of thread {}", self.number), place, None);
            let outcome = self.inner.join();
            schedule::done(format!("join thread {}", self.number), place);
            outcome
        }
    }
}

/// Atomics.
pub mod atomic {
    use std::panic::Location;

    pub use loom::sync::atomic::{Ordering, fence};

    use super::schedule;

    /// An atomic type, and those of its operations that return the value before.
    macro_rules! atomic {
        ($name:ident, $value:ty, $($fetch:ident)*) => {
            #[doc = concat!("An `", stringify!($value), "` that threads share.")]
            #[derive(Debug)]
            pub struct $name {
                inner: loom::sync::atomic::$name,
                number: usize,
            }

            impl $name {
                /// Makes one.
                #[must_use]
                pub fn new(value: $value) -> Self {
                    let number = schedule::new_atomic(value.to_string());
                    Self { inner: loom::sync::atomic::$name::new(value), number }
                }

                /// Returns a value that was stored; under a weak ordering not always the latest.
                #[track_caller]
                pub fn load(&self, order: Ordering) -> $value {
                    let value = self.inner.load(order);
                    let age = schedule::age(self.number, &value.to_string());
                    self.done("load", &format!("{value}{age}"));
                    value
                }

                /// Stores a value.
                #[track_caller]
                pub fn store(&self, value: $value, order: Ordering) {
                    self.inner.store(value, order);
                    schedule::stored(self.number, value.to_string());
                    self.done("store", &value.to_string());
                }

                $(
                    /// Does as its name says, and returns the value before.
                    #[track_caller]
                    pub fn $fetch(&self, value: $value, order: Ordering) -> $value {
                        let was = self.inner.$fetch(value, order);
                        // What it becomes is std's to say.
                        let copy = std::sync::atomic::$name::new(was);
                        copy.$fetch(value, Ordering::Relaxed);
                        self.becomes(stringify!($fetch), was, copy.into_inner());
                        was
                    }
                )*

                /// Stores `new` if the value is `current`, and returns the value before.
                ///
                /// # Errors
                ///
                /// Returns the value if it is another.
                #[track_caller]
                pub fn compare_exchange(
                    &self,
                    current: $value,
                    new: $value,
                    success: Ordering,
                    failure: Ordering,
                ) -> Result<$value, $value> {
                    let outcome = self.inner.compare_exchange(current, new, success, failure);
                    match outcome {
                        Ok(was) => self.becomes("compare_exchange", was, new),
                        Err(was) => self.done("compare_exchange", &format!("{was}, not {current}")),
                    }
                    outcome
                }

                /// Does as [`compare_exchange`](Self::compare_exchange).
                ///
                /// # Errors
                ///
                /// Returns the value if it is another.
                #[track_caller]
                pub fn compare_exchange_weak(
                    &self,
                    current: $value,
                    new: $value,
                    success: Ordering,
                    failure: Ordering,
                ) -> Result<$value, $value> {
                    self.compare_exchange(current, new, success, failure)
                }

                /// Puts what `change` makes of the value in its place, unless another thread was quicker; then again.
                ///
                /// # Errors
                ///
                /// Returns the value if `change` makes nothing of it.
                #[track_caller]
                pub fn fetch_update(
                    &self,
                    success: Ordering,
                    failure: Ordering,
                    mut change: impl FnMut($value) -> Option<$value>,
                ) -> Result<$value, $value> {
                    let mut was = self.load(failure);
                    while let Some(new) = change(was) {
                        match self.compare_exchange(was, new, success, failure) {
                            Ok(was) => return Ok(was),
                            Err(other) => was = other,
                        }
                    }
                    Err(was)
                }

                #[track_caller]
                fn becomes(&self, what: &str, was: $value, now: $value) {
                    schedule::stored(self.number, now.to_string());
                    self.done(what, &format!("{was} becomes {now}"));
                }

                #[track_caller]
                fn done(&self, what: &str, values: &str) {
                    schedule::done(format!("{what} atomic {}: {values}", self.number), Location::caller());
                }
            }
        };
    }

    atomic!(AtomicBool, bool, swap fetch_and fetch_nand fetch_or fetch_xor);
    atomic!(AtomicU8, u8, swap fetch_add fetch_sub fetch_and fetch_nand fetch_or fetch_xor fetch_max fetch_min);
    atomic!(AtomicU32, u32, swap fetch_add fetch_sub fetch_and fetch_nand fetch_or fetch_xor fetch_max fetch_min);
    atomic!(AtomicU64, u64, swap fetch_add fetch_sub fetch_and fetch_nand fetch_or fetch_xor fetch_max fetch_min);
    atomic!(AtomicUsize, usize, swap fetch_add fetch_sub fetch_and fetch_nand fetch_or fetch_xor fetch_max fetch_min);
}
