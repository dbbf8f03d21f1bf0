//! Exercise `task-state` (step 4, middling): whose turn it is, in one word.
//!
//! A task is idle, scheduled (in the queue), running or done. Its wakers are called on any thread and at any moment, also in the
//! middle of its poll. `wake` and `pause` return true to say: "you have to put it into the queue". If they say so to nobody, a wake
//! is lost; if they say so to two, the task is in the queue twice, and two threads poll it at once.
//!
//! # Contract
//!
//! - The wake of an idle task says that it has to be queued.
//! - The wake of a scheduled task says nothing: it is in the queue already.
//! - The wake of a running task says nothing yet: the end of the poll does, once.
//! - The wake of a task that is done says nothing.
//! - Of two wakes at once, one says that it has to be queued.
//! - Whenever a wake comes, a poll follows it: none is lost, and the task is never queued twice.
//! - What was written before a wake is seen by the poll that follows it.
//!
//! Check it with `cargo course check task-state`.
#![allow(clippy::todo, reason = "this is an exercise")]

use std::sync::atomic::Ordering;

use exercises::sync::atomic::AtomicUsize;

/// The task is in the queue, or has to go there when its poll is over.
const SCHEDULED: usize = 1;
/// It is being polled.
const RUNNING: usize = 2;
/// Its future has returned Ready.
const DONE: usize = 4;

/// Where a task stands; 0 is idle.
struct State(AtomicUsize);

impl State {
    /// Makes the state of an idle task.
    fn new() -> Self {
        Self(AtomicUsize::new(0))
    }

    /// Wakes the task. True: the caller has to queue it.
    fn wake(&self) -> bool {
        todo!("task-state: remember the wake, and say whether the task was idle")
    }

    /// Begins a poll: a scheduled task was taken out of the queue.
    fn start(&self) {
        todo!("task-state: from scheduled to running")
    }

    /// Ends a poll that was pending. True: the task was woken meanwhile, and the caller has to queue it.
    fn pause(&self) -> bool {
        todo!("task-state: from running to idle, or to scheduled if it was woken")
    }

    /// Ends a poll that was ready.
    fn finish(&self) {
        todo!("task-state: from running to done")
    }
}

#[cfg(test)]
#[path = "../checks/task-state.rs"]
mod checks;
