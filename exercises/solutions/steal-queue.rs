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
        // BEGIN SOLUTION: to the back, under the lock
        self.0.lock().expect("nothing panics under this lock").push_back(task);
        // END SOLUTION
    }

    /// Takes the oldest task.
    fn pop(&self) -> Option<u32> {
        // BEGIN SOLUTION: from the front, under the lock
        self.0.lock().expect("nothing panics under this lock").pop_front()
        // END SOLUTION
    }

    /// Takes half of the tasks of `victim`, rounded up: the first is returned, to be run at once, and the others are put here.
    fn steal_from(&self, victim: &Queue) -> Option<u32> {
        // BEGIN SOLUTION: which locks have to be held at the same time?
        let mut tasks = victim.0.lock().expect("nothing panics under this lock");
        let half = tasks.len().div_ceil(2);
        let mut stolen = tasks.drain(..half).collect::<VecDeque<u32>>();
        drop(tasks);
        let first = stolen.pop_front();
        self.0.lock().expect("nothing panics under this lock").extend(stolen);
        first
        // END SOLUTION
    }
}

#[cfg(test)]
#[path = "../checks/steal-queue.rs"]
mod checks;
