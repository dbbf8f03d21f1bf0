//! Whose locks and atomics this step uses: parking_lot's and std's, or the model checker's.
//!
//! The feature `loom` swaps them, so that `tests/loom.rs` and `tests/loom_biased.rs` run the very code that ships under every interleaving. In the
//! model there is no time: a wait with a limit runs out at once, the first time, and then waits without one.

#[cfg(not(feature = "loom"))]
use std::time::Duration;

#[cfg(not(feature = "loom"))]
pub(crate) use std::{
    cell::Cell,
    sync::atomic::{AtomicI64, AtomicU32, AtomicU64},
};

#[cfg(feature = "loom")]
pub(crate) use loom::{
    cell::Cell,
    sync::atomic::{AtomicI64, AtomicU32, AtomicU64},
};

// Loom's threads take turns on one thread of the system, where they would share what is std's.
#[cfg(not(feature = "loom"))]
pub(crate) use std::thread_local;

#[cfg(feature = "loom")]
macro_rules! modelled_thread_local {
    ($(#[$doc:meta])* static $name:ident: $type:ty = const { $initial:expr };) => {
        loom::thread_local! { $(#[$doc])* static $name: $type = $initial; }
    };
}

#[cfg(feature = "loom")]
pub(crate) use modelled_thread_local as thread_local;

/// Makes a static. In the model each execution has its own.
#[cfg(not(feature = "loom"))]
macro_rules! process_wide {
    ($(#[$doc:meta])* static $name:ident: $type:ty = $initial:expr;) => {
        $(#[$doc])* static $name: $type = $initial;
    };
}

#[cfg(feature = "loom")]
macro_rules! process_wide {
    ($(#[$doc:meta])* static $name:ident: $type:ty = $initial:expr;) => {
        loom::lazy_static! { $(#[$doc])* static ref $name: $type = $initial; }
    };
}

pub(crate) use process_wide;

/// Stands for the memory of an object in the eyes of the model checker, which sees nothing else of it.
///
/// The model fails if the memory is not freed, or if that is not ordered after all its uses. In a real build this takes no
/// space and does nothing.
#[derive(Debug, Default)]
pub(crate) struct Canary(#[cfg(feature = "loom")] modelled::Memory);

impl Canary {
    #[inline(always)]
    pub(crate) fn shared(&self) {
        #[cfg(feature = "loom")]
        self.0.shared();
    }
}

#[cfg(not(feature = "loom"))]
pub(crate) use parking_lot::{Mutex, MutexGuard};

#[cfg(not(feature = "loom"))]
#[derive(Default)]
pub(crate) struct Condvar(parking_lot::Condvar);

#[cfg(not(feature = "loom"))]
impl Condvar {
    pub(crate) fn wait<T>(&self, guard: &mut MutexGuard<'_, T>) {
        self.0.wait(guard);
    }

    /// Waits for `limit` at most. Returns whether it ran out. `_times` says how often this wait was tried before.
    pub(crate) fn wait_for<T>(&self, guard: &mut MutexGuard<'_, T>, limit: Duration, _times: u32) -> bool {
        self.0.wait_for(guard, limit).timed_out()
    }

    pub(crate) fn notify_one(&self) {
        self.0.notify_one();
    }

    pub(crate) fn notify_all(&self) {
        self.0.notify_all();
    }
}

#[cfg(feature = "loom")]
pub(crate) use modelled::{Condvar, Mutex, MutexGuard};

/// Loom's lock and condition variable, with parking_lot's ways.
#[cfg(feature = "loom")]
mod modelled {
    use std::ops::{Deref, DerefMut};
    use std::time::Duration;

    const NOT_POISONED: &str = "nothing panics under these locks";

    #[derive(Debug)]
    pub(crate) struct Memory {
        cell: loom::cell::UnsafeCell<()>,
        _allocation: loom::alloc::Track<()>,
    }

    impl Memory {
        pub(crate) fn shared(&self) {
            self.cell.with(|_| ());
        }
    }

    impl Default for Memory {
        fn default() -> Self {
            Self { cell: loom::cell::UnsafeCell::new(()), _allocation: loom::alloc::Track::new(()) }
        }
    }

    impl Drop for Memory {
        fn drop(&mut self) {
            self.cell.with_mut(|_| ());
        }
    }

    #[derive(Debug, Default)]
    pub(crate) struct Mutex<T>(loom::sync::Mutex<T>);

    pub(crate) struct MutexGuard<'a, T> {
        mutex: &'a loom::sync::Mutex<T>,
        guard: Option<loom::sync::MutexGuard<'a, T>>,
    }

    #[derive(Default)]
    pub(crate) struct Condvar(loom::sync::Condvar);

    impl<T> Mutex<T> {
        pub(crate) fn new(value: T) -> Self {
            Self(loom::sync::Mutex::new(value))
        }

        pub(crate) fn into_inner(self) -> T {
            self.0.into_inner().expect(NOT_POISONED)
        }

        pub(crate) fn lock(&self) -> MutexGuard<'_, T> {
            MutexGuard { mutex: &self.0, guard: Some(self.0.lock().expect(NOT_POISONED)) }
        }
    }

    impl<T> Deref for MutexGuard<'_, T> {
        type Target = T;

        fn deref(&self) -> &T {
            self.guard.as_deref().expect("it is out only while we wait")
        }
    }

    impl<T> DerefMut for MutexGuard<'_, T> {
        fn deref_mut(&mut self) -> &mut T {
            self.guard.as_deref_mut().expect("it is out only while we wait")
        }
    }

    impl Condvar {
        pub(crate) fn wait<T>(&self, guard: &mut MutexGuard<'_, T>) {
            let inner = guard.guard.take().expect("it is out only while we wait");
            guard.guard = Some(self.0.wait(inner).expect(NOT_POISONED));
        }

        pub(crate) fn wait_for<T>(
            &self,
            guard: &mut MutexGuard<'_, T>,
            _limit: Duration,
            times: u32,
        ) -> bool {
            if times > 0 {
                self.wait(guard);
                return false;
            }
            guard.guard = None; // No `yield_now`: then it would go on only when all others wait or have ended.
            guard.guard = Some(guard.mutex.lock().expect(NOT_POISONED));
            true
        }

        pub(crate) fn notify_one(&self) {
            self.0.notify_one();
        }

        pub(crate) fn notify_all(&self) {
            self.0.notify_all();
        }
    }
}
