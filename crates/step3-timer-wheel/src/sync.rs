//! Whose atomics and thread-locals the driver uses: std's, or a model checker's.
//!
//! The features `loom` and `shuttle` swap them, so that `tests/loom.rs` runs the very code that ships.

#[cfg(not(any(feature = "loom", feature = "shuttle")))]
pub(crate) use std::{sync::atomic::AtomicUsize, thread_local};

#[cfg(any(feature = "loom", feature = "shuttle"))]
pub(crate) use modelled::{sync::atomic::AtomicUsize, thread_local};
