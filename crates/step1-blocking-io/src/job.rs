//! What a pool's queue holds, and what its callers hold meanwhile.
//!
//! ```text
//! caller               queue                         a pool's thread
//! ------               -----                         ---------------
//! submit ──────────>   Answered { job, outcome }     run: job() ──┐
//! Job::wait <───────────────────────────────────────── outcome ───┘
//! try_execute ─────>   Bare(job)                     run: job()
//! Full(job) <─ no room
//! ```
//!
//! # Invariants
//!
//! 1. [`Answered::run`](Work::run) sends exactly one outcome, whether the job returns or panics.
//! 2. What a job owned has been dropped before its outcome is sent.

use std::any::Any;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;

use crate::sync::mpsc::{Receiver, Sender, channel};

/// Holds the outcome of a job that a [`BlockingPool`](crate::BlockingPool) has accepted.
///
/// Dropping it lets the job run on, unobserved.
///
/// # Examples
///
/// ```
/// let pool = step1::BlockingPool::new(1, 1);
/// let job = pool.submit(|| "done");
/// assert_eq!(job.wait().unwrap(), "done");
/// ```
#[derive(Debug)]
#[must_use = "the job's panic is lost if nobody waits for it"]
pub struct Job<T> {
    outcome: Receiver<thread::Result<T>>,
}

impl<T> Job<T> {
    /// Blocks this thread until the job is over, and returns its value.
    ///
    /// What the job owned has been dropped by then. A job that waits for another of the same pool may wait for ever:
    /// its own thread might be the one that was to run it.
    ///
    /// # Errors
    ///
    /// Returns the payload of the job's panic, as [`JoinHandle::join`](thread::JoinHandle::join) does.
    pub fn wait(self) -> thread::Result<T> {
        self.outcome.recv().expect("a pool runs what it has accepted, and then this is answered")
    }
}

/// Gives back a job for which a [`BlockingPool`](crate::BlockingPool)'s queue had no room.
///
/// # Examples
///
/// ```
/// use std::sync::mpsc::channel;
/// use step1::{BlockingPool, Full};
///
/// let (let_go, held) = channel::<()>();
/// let pool = BlockingPool::new(1, 1);
/// let first = pool.submit(move || held.recv()); // soon occupies the thread
/// let second = pool.submit(|| ()); // occupies the queue once the first has left it
/// let Err(Full(job)) = pool.try_submit(|| 42) else { panic!("there is no room") };
/// assert_eq!(job(), 42); // so we do it ourselves
/// drop(let_go);
/// # let _ = (first.wait(), second.wait());
/// ```
pub struct Full<F>(pub F);

impl<F> fmt::Debug for Full<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Full(..)")
    }
}

impl<F> fmt::Display for Full<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the pool's queue was full")
    }
}

impl<F> std::error::Error for Full<F> {}

/// What waits in the queue. `Any` lets a job that found no room be had back as what it was.
pub(crate) trait Work: Any + Send {
    fn run(self: Box<Self>);
}

/// A job that tells nobody how it ended.
pub(crate) struct Bare<F>(pub(crate) F);

impl<F: FnOnce() + Send + 'static> Work for Bare<F> {
    fn run(self: Box<Self>) {
        (self.0)();
    }
}

/// A job whose outcome goes to its [`Job`].
pub(crate) struct Answered<F, T> {
    pub(crate) job: F,
    outcome: Sender<thread::Result<T>>,
}

impl<F, T> Answered<F, T> {
    pub(crate) fn new(job: F) -> (Self, Job<T>) {
        let (sender, outcome) = channel();
        (Self { job, outcome: sender }, Job { outcome })
    }
}

impl<F, T> Work for Answered<F, T>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    fn run(self: Box<Self>) {
        let Self { job, outcome } = *self;
        let result = catch_unwind(AssertUnwindSafe(job));
        drop(outcome.send(result)); // Nobody waits for it: so be it.
    }
}
