//! Whose atomics, locks and threads this crate uses: std's, or a model checker's.
//!
//! The features `loom` and `shuttle` swap them all at once, so that `tests/loom.rs` runs the very code that ships, under every
//! interleaving and every reordering that the memory model allows. Nothing else in the crate names either.

#[cfg(not(any(feature = "loom", feature = "shuttle")))]
pub(crate) use std::{
    sync::atomic::AtomicU8,
    sync::{Condvar, Mutex, MutexGuard},
    thread::{Thread, current, park, park_timeout},
    thread_local,
};

#[cfg(any(feature = "loom", feature = "shuttle"))]
pub(crate) use modelled::{
    sync::atomic::AtomicU8,
    sync::{Condvar, Mutex, MutexGuard},
    thread::{Thread, current, park},
    thread_local,
};

/// A model has no time: a sleep with a limit is over at once, and others may run first.
#[cfg(any(feature = "loom", feature = "shuttle"))]
pub(crate) fn park_timeout(_limit: std::time::Duration) {
    modelled::thread::yield_now();
}
