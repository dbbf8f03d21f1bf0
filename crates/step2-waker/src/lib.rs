//! Step 2: coroutines by hand. How a thread sleeps until somebody wakes it.
//!
//! Step 1 paid for every wait with a thread. Here one thread runs a computation that can *stop in the middle*: a
//! [`Future`]. When it cannot go on it returns `Pending`, and leaves a [`Waker`](std::task::Waker)
//! with whoever can say when to look again. Between the two, the thread sleeps, and how it sleeps is one trait,
//! [`Park`], that carries all the later steps.
//!
//! Read the modules in this order:
//!
//! 1. [`park`]: the trait, and a thread that sleeps without missing a wake; [`lost_wakeup`]: the same, done wrong.
//! 2. [`waker`]: the four functions behind a `Waker`, written by hand over an `Arc`.
//! 3. [`state_machine`]: what the compiler makes of an `async fn`, as an enum.
//! 4. [`block_on`](mod@block_on): poll, park, poll again. The smallest runtime there is.
//! 5. [`oneshot`](mod@oneshot): one value from one thread to one future; [`unblock`](mod@unblock): a job on a thread of
//!    step 1, awaited.
//! 6. [`combine`]: two futures in one.
//!
//! # New in this step
//!
//! | name | what it is |
//! |---|---|
//! | [`Park`] | how a thread sleeps when nothing can run |
//! | [`Entered`] | while it lives, what a park drives is current on this thread |
//! | [`ParkToken`] | one wake, kept until it is used: what a park is built on |
//! | [`ThreadPark`] | a park that puts the thread to sleep in the kernel |
//! | [`waker_by_hand`] | a `Waker` over an `Arc`, from a vtable of our own |
//! | [`wake_quietly`] | a wake that survives a waker that panics |
//! | [`contain`] | the same for any foreign code |
//! | [`MainMachine`] | the note's `main`, as the enum the compiler would write |
//! | [`block_on`](block_on()) | drives one future on this thread |
//! | [`drive`] | the same, on a park of your choice |
//! | [`unblock`](unblock()) | a blocking job as a future |
//! | [`submit`] | the first half of that: hands a job over |
//! | [`oneshot`](oneshot()) | a channel for one value |
//! | [`Sender`] | its sending half |
//! | [`Receiver`] | its receiving half, a future |
//! | [`Closed`] | what the receiver gets when there will be no value |
//! | [`join`] | two futures at once, until both are done |
//! | [`race`] | two futures at once, until one is done |
//! | [`Either`] | which of two it was |
//! | [`yield_now`] | gives everyone else a turn |

mod sync;

pub mod park;

pub mod lost_wakeup;

pub mod waker;

pub mod state_machine;

pub mod block_on;

pub mod oneshot;

pub mod unblock;

pub mod combine;

pub use block_on::{block_on, drive};
pub use combine::{Either, join, race, yield_now};
pub use oneshot::{Closed, Receiver, Sender, oneshot};
pub use park::{Entered, Park, ParkToken, ThreadPark};
pub use state_machine::MainMachine;
pub use unblock::{submit, unblock};
pub use waker::{contain, wake_quietly, waker_by_hand};

/// The chapter's own examples, run as tests.
#[cfg(doctest)]
#[doc = include_str!("../../../chapters/02-waker.md")]
struct Chapter;
