//! A wrong answer to `steal-queue`: both locks are held, so that no task is ever outside of a queue.

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
        self.0.lock().expect("nothing panics under this lock").push_back(task);
    }

    /// Takes the oldest task.
    fn pop(&self) -> Option<u32> {
        self.0.lock().expect("nothing panics under this lock").pop_front()
    }

    /// Takes half of the tasks of `victim`, rounded up: the first is returned, to be run at once, and the others are put here.
    fn steal_from(&self, victim: &Queue) -> Option<u32> {
        let mut own = self.0.lock().expect("nothing panics under this lock");
        let mut tasks = victim.0.lock().expect("nothing panics under this lock");
        let half = tasks.len().div_ceil(2);
        let first = tasks.pop_front();
        if first.is_some() {
            own.extend(tasks.drain(..half - 1));
        }
        first
    }
}

#[cfg(test)]
#[path = "../../checks/steal-queue.rs"]
mod checks;
