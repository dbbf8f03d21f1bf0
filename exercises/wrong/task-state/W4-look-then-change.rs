//! A wrong answer to `task-state`: it looks at the state, and changes it after that.

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
        let state = self.0.load(Ordering::Acquire);
        self.0.store(state | SCHEDULED, Ordering::Release);
        state == 0
    }

    /// Begins a poll: a scheduled task was taken out of the queue.
    fn start(&self) {
        self.0.swap(RUNNING, Ordering::Acquire);
    }

    /// Ends a poll that was pending. True: the task was woken meanwhile, and the caller has to queue it.
    fn pause(&self) -> bool {
        let state = self.0.load(Ordering::Acquire);
        self.0.store(state & !RUNNING, Ordering::Release);
        state & SCHEDULED != 0
    }

    /// Ends a poll that was ready.
    fn finish(&self) {
        self.0.store(DONE, Ordering::Release);
    }
}

#[cfg(test)]
#[path = "../../checks/task-state.rs"]
mod checks;
