//! Whose locks the protocols of this step use: std's, or the model checker's.
//!
//! The feature `loom` swaps them, so that `tests/loom.rs` runs the very code that ships under every interleaving.

#[cfg(not(feature = "loom"))]
pub(crate) use std::sync::{Arc, Mutex, MutexGuard, atomic::AtomicU64};

#[cfg(feature = "loom")]
pub(crate) use loom::sync::{Arc, Mutex, MutexGuard, atomic::AtomicU64};

/// Takes a lock under which nothing can panic, so that it is never poisoned.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().expect("nothing that can panic runs under this lock")
}
