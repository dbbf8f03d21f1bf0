//! Exercise `steal-queue` (step 4, hard): a worker's queue, which other workers steal from.
//!
//! A worker that has nothing to do steals from one that has too much. It does so while the victim goes on with its own work, and
//! perhaps while the victim steals, too. Tasks are numbers here.
//!
//! # Contract
//!
//! - `pop` takes the oldest task: the owner takes tasks in the order of its pushes.
//! - `steal_from` takes half of the victim's tasks, rounded up, and leaves the rest.
//! - It takes the oldest ones, returns the first of them, and puts the others behind the thief's own, in their order.
//! - From an empty queue it takes nothing, and returns none.
//! - When an owner pops while a thief steals, every task is taken once: none is lost, and none is taken twice.
//! - Two that steal from each other at the same time come to an end.
//!
//! Check it with `cargo course check steal-queue`.
#![allow(clippy::todo, reason = "this is an exercise")]

use std::collections::VecDeque;

use exercises::sync::Mutex;

/// The tasks of one worker, the oldest in front.
struct Queue(Mutex<VecDeque<u32>>);

impl Queue {
    fn new() -> Self {
        Self(Mutex::new(VecDeque::new()))
    }

    /// Adds a task at the back.
    fn push(&self, task: u32) {
        todo!("steal-queue: to the back, under the lock")
    }

    /// Takes the oldest task.
    fn pop(&self) -> Option<u32> {
        todo!("steal-queue: from the front, under the lock")
    }

    /// Takes half of the tasks of `victim`, rounded up: the first is returned, to be run at once, and the others are put here.
    fn steal_from(&self, victim: &Queue) -> Option<u32> {
        todo!("steal-queue: which locks have to be held at the same time?")
    }
}

#[cfg(test)]
#[path = "../checks/steal-queue.rs"]
mod checks;
