//! A wrong answer to `steal-queue`: it looks how many there are, and takes so many of what is there later.

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
        let oldest = |tasks: &VecDeque<u32>| -> VecDeque<u32> {
            tasks.iter().copied().take(tasks.len().div_ceil(2)).collect()
        };
        let mut stolen = oldest(&victim.0.lock().expect("nothing panics under this lock"));
        for _ in &stolen {
            victim.pop();
        }
        let first = stolen.pop_front();
        self.0.lock().expect("nothing panics under this lock").extend(stolen);
        first
    }
}

#[cfg(test)]
#[path = "../../checks/steal-queue.rs"]
mod checks;
