//! Whose atomics, locks and threads a model-checked exercise uses: std's, or the model checker's.
//!
//! The feature `loom` swaps them all at once, so that the same text runs as a program and as a model. Names are those
//! of std: `exercises::sync::{Mutex, Condvar, atomic, thread}`.

#[cfg(not(feature = "loom"))]
pub use std::{
    sync::{Arc, Condvar, Mutex, MutexGuard, atomic},
    thread,
};

#[cfg(feature = "loom")]
pub use loom::{
    sync::{Arc, Condvar, Mutex, MutexGuard, atomic},
    thread,
};
