//! Whose atomics, locks and threads this crate uses: std's, or the model checker's.
//!
//! The feature `loom` swaps them all at once, so that `tests/loom.rs` runs the very code that ships, under every
//! interleaving and every reordering that the memory model allows. Nothing else in the crate names either.

#[cfg(not(feature = "loom"))]
pub(crate) use std::{
    sync::atomic::AtomicU8,
    sync::{Mutex, MutexGuard},
    thread::{Thread, current, park, park_timeout},
    thread_local,
};

#[cfg(feature = "loom")]
pub(crate) use loom::{
    sync::atomic::AtomicU8,
    sync::{Mutex, MutexGuard},
    thread::{Thread, current, park},
};

/// Loom makes a thread-local when it is first used: it has no constant ones.
#[cfg(feature = "loom")]
macro_rules! loom_thread_local {
    ($(#[$attribute:meta])* static $name:ident: $type:ty = const $value:block;) => {
        loom::thread_local! { $(#[$attribute])* static $name: $type = $value; }
    };
}
#[cfg(feature = "loom")]
pub(crate) use loom_thread_local as thread_local;

/// Loom has no time: a sleep with a limit is over at once, and others may run first.
#[cfg(feature = "loom")]
pub(crate) fn park_timeout(_limit: std::time::Duration) {
    loom::thread::yield_now();
}
