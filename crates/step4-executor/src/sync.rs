//! Whose atomics and locks the protocols of this step use: std's, or the model checker's.
//!
//! The feature `loom` swaps them, so that `tests/loom.rs` runs the very code that ships under every interleaving and
//! every reordering that the memory model allows.

#[cfg(not(feature = "loom"))]
pub(crate) use std::sync::{
    Mutex, MutexGuard,
    atomic::{AtomicU32, AtomicUsize, fence},
};

#[cfg(feature = "loom")]
pub(crate) use loom::sync::{
    Mutex, MutexGuard,
    atomic::{AtomicU32, AtomicUsize, fence},
};

/// Takes a lock under which nothing can panic, so that it is never poisoned.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().expect("nothing that can panic runs under this lock")
}

/// Stands for plain memory in the eyes of the model checker, which sees nothing else of it.
///
/// The model fails if an exclusive use is not ordered before and after all others. In a real build it takes no space
/// and does nothing.
#[derive(Default)]
pub(crate) struct Canary(#[cfg(feature = "loom")] loom::cell::UnsafeCell<()>);

impl Canary {
    #[inline(always)]
    pub(crate) fn shared(&self) {
        #[cfg(feature = "loom")]
        self.0.with(|_| ());
    }

    #[inline(always)]
    pub(crate) fn exclusive(&self) {
        #[cfg(feature = "loom")]
        self.0.with_mut(|_| ());
    }
}
