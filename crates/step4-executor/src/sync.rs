//! Whose atomics, locks, threads, queues and selectors this step uses: those of std, crossbeam and mio, or a model checker's.
//!
//! The features `loom` and `shuttle` swap them, so that the models run the very code that ships: `tests/loom.rs` and the
//! modules called `model` under every interleaving and every reordering that the memory model allows, `tests/shuttle.rs` under
//! many random interleavings.

#[cfg(not(any(feature = "loom", feature = "shuttle")))]
pub(crate) use ::{crossbeam_deque, mio};
#[cfg(not(any(feature = "loom", feature = "shuttle")))]
pub(crate) use std::{
    sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, fence},
    sync::{Mutex, MutexGuard},
    thread, thread_local,
};

#[cfg(any(feature = "loom", feature = "shuttle"))]
pub(crate) use modelled::{
    crossbeam_deque, mio, process_wide,
    sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, fence},
    sync::{Mutex, MutexGuard},
    thread, thread_local,
};

/// Makes a static. In a model each execution has its own.
#[cfg(not(any(feature = "loom", feature = "shuttle")))]
macro_rules! process_wide {
    ($(#[$doc:meta])* static $name:ident: $type:ty = $initial:expr;) => {
        $(#[$doc])* static $name: $type = $initial;
    };
}
#[cfg(not(any(feature = "loom", feature = "shuttle")))]
pub(crate) use process_wide;

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
