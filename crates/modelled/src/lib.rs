//! What a model checker cannot see into, rebuilt on what it can: other crates' queues and channels, the system's selector,
//! thread-locals.
//!
//! A checker decides who goes on whenever a thread uses one of *its* locks and atomics. So a step names those in its `sync.rs`,
//! and this crate has the rest: a module for each library that a step shares memory through, with its names and its promises,
//! over the checker's locks. There is nothing clever in here: what the library does in one step, the stand-in does under
//! one lock, and what it does in several, in as many.
//!
//! | feature | checker | for |
//! |---|---|---|
//! | `loom` | every interleaving, every reordering | a protocol of some atomics, two or three threads |
//! | `shuttle` | many random interleavings, no reordering | whole runtimes |
//!
//! # Absent on purpose
//!
//! No time: a wait with a limit is over at once. What no step calls.
#![cfg(any(feature = "loom", feature = "shuttle"))]

mod local;

pub mod crossbeam_channel;

pub mod crossbeam_deque;

pub mod mio;

#[cfg(feature = "loom")]
pub use loom as checker;
#[cfg(all(feature = "shuttle", not(feature = "loom")))]
pub use shuttle as checker;

pub use checker::{sync, thread};
pub use local::LocalKey;

use sync::{Mutex, MutexGuard};

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().expect("nothing panics under these locks")
}
