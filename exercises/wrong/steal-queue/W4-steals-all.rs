//! A wrong answer to `steal-queue`: the thief takes all that there is.

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
        let mut tasks = victim.0.lock().expect("nothing panics under this lock");
        let mut stolen = std::mem::take(&mut *tasks);
        drop(tasks);
        let first = stolen.pop_front();
        self.0.lock().expect("nothing panics under this lock").extend(stolen);
        first
    }
}

#[cfg(test)]
#[path = "../../checks/steal-queue.rs"]
mod checks;
