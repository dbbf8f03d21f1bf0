//! Whose threads, locks and channels the pool uses: std's and crossbeam's, or a model checker's.
//!
//! The features `loom` and `shuttle` swap them, so that step 2's models run the very code that ships.

#[cfg(not(any(feature = "loom", feature = "shuttle")))]
pub(crate) use ::crossbeam_channel;
#[cfg(not(any(feature = "loom", feature = "shuttle")))]
pub(crate) use std::{
    sync::{Mutex, mpsc},
    thread,
};

#[cfg(any(feature = "loom", feature = "shuttle"))]
pub(crate) use modelled::{
    crossbeam_channel,
    sync::{Mutex, mpsc},
    thread,
};
