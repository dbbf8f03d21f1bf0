//! Blocking IO, and what waiting costs.
//!
//! A program that waits two seconds for its IO takes two seconds, and next to no CPU time: the kernel parks its thread
//! and gives the processor to others. Waits that follow each other add up. To overlap them we need something else to
//! go on with while we wait, and the oldest answer is more threads, which cost a stack each.
//!
//! Read the modules in this order: `error`, then what there is to wait for (`codec`, `connection`, `serve`, `database`,
//! `errand`), then `measure`, then who waits (`job`, `pool`, `strategy`), and last the answer that is none (`spin`).
//!
//! ```text
//!                 the waits    threads         CPU
//! sequential      add up       the caller's    ~ 0
//! thread_each     overlap      one an errand   ~ 0
//! pooled          n overlap    n               ~ 0
//! spin            overlap      the caller's    all of it
//! ```
//!
//! What none of them can do is wait for many things on one thread, asleep. That is the next step's question.
//!
//! ## New in this step
//!
//! | name | what it is |
//! |---|---|
//! | [`BlockingPool`] | so many threads that run jobs, so many jobs that wait |
//! | [`Database`] | SQLite, with a table of users |
//! | [`Errand`] | a file to read, a server to ask, a database to query |
//! | [`Error`] | what was being done, and what was wrong |
//! | [`Full`] | a job given back because the pool had no room for it |
//! | [`Job`] | the outcome of a job that the pool has accepted |
//! | [`LineCodec`] | bytes to lines and back, without IO |
//! | [`Options`] | how a server behaves: its delay, its longest line |
//! | [`Server`] | a server that runs until it is dropped |
//! | [`Spun`] | what busy polling brought, and how often it looked |
//! | [`Usage`] | what a piece of work cost: wall time, CPU time, threads |
//! | [`measure`] | runs a piece of work and tells what it cost |
//! | [`pooled`] | runs errands on a pool's threads |
//! | [`sequential`] | runs errands one after the other |
//! | [`serve`] | serves lines, with a thread per connection |
//! | [`spin`] | asks all servers at once from one thread, without ever sleeping |
//! | [`thread_each`] | runs each errand on a thread of its own |
#![forbid(unsafe_code)]

mod sync;

mod error;

mod codec;
mod connection;
mod serve;

mod database;
mod errand;

mod measure;

mod job;
mod pool;
mod strategy;

mod spin;

pub use codec::LineCodec;
pub use database::Database;
pub use errand::Errand;
pub use error::Error;
pub use job::{Full, Job};
pub use measure::{Usage, measure};
pub use pool::BlockingPool;
pub use serve::{Options, Server, serve};
pub use spin::{Spun, spin};
pub use strategy::{pooled, sequential, thread_each};

/// The chapter's own examples, run as tests.
#[cfg(doctest)]
#[doc = include_str!("../../../chapters/01-blocking-io.md")]
struct Chapter;
