//! What the checks of the exercises are made of. A learner needs nothing of it but [`sync`] and the small event loop
//! ([`run`], [`spawn`]), and those in few exercises.
//!
//! ```text
//!   step2/latest-waker.rs        what you edit      ──┐
//!   solutions/latest-waker.rs    an answer          ──┼── mod checks ──▶ checks/latest-waker.rs ──▶ this library
//!   wrong/latest-waker/….rs      a mistaken answer  ──┘
//! ```
//!
//! Every check runs inside [`check`], which records it and watches over it: a program that makes no progress is ended, and
//! says where it stands. [`Task`] polls a future by hand and counts its wakes, [`Gate`] keeps futures waiting until it is
//! opened, [`Script`] plays the other side of a connection, [`ManualClock`] is a time that stands still until it is moved, and
//! [`Random`] makes numbers to try an answer with. What happened in which order is read from the recording ([`events`],
//! [`notes`]), never from what was printed.
//!
//! What a check has taken in polls, wakes, parks and allocations is counted as well, for whoever compares two answers.
//!
//! A check that recognises a mistake says so with [`misconception`]; the tool then explains it.
#![forbid(unsafe_code)]

mod check;
mod counts;
mod misconception;

mod clock;
mod gate;
mod order;
mod random;
mod script;
mod task;
mod tasks;

#[cfg(feature = "loom")]
mod model;
pub mod sync;

pub use check::{Watch, check, check_at};
pub use clock::ManualClock;
pub use gate::Gate;
pub use misconception::misconception;
#[cfg(feature = "loom")]
pub use model::model;
pub use order::{events, note, notes};
pub use random::Random;
pub use script::{Act, Script};
pub use task::{CountingWaker, Task, busy_waker};
pub use tasks::{Cancelled, JoinHandle, run, spawn, yield_now};
