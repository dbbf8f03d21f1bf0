//! What threads of the machine wait for outside the interpreter: users' locks, and the end of a sleep. `stop` ends both.
//!
//! A user's lock is Python's `threading.Lock`: step 6's semaphore with one permit. A task would await it, and its thread
//! would go on; a thread of the machine blocks on it. The interpreter's own lock is no user's lock: it is let go between any
//! two switch points.
//!
//! # Invariants
//!
//! 1. Nobody waits here while they hold the interpreter's lock: the one they wait for may need it.
//! 2. After `stop` nobody waits any more.

use std::time::Duration;

use step3::{block_on, sleep};
use step6::{CancelToken, Semaphore};

use crate::sync::Mutex;

/// The users' locks of a machine, and whether it was stopped.
pub(crate) struct Waits {
    locks: Box<[Semaphore]>,
    /// Who gives a lock back looks first whether it is taken: one at a time.
    releasing: Mutex<()>,
    stop: CancelToken,
}

impl Waits {
    pub(crate) fn new(locks: usize) -> Self {
        let locks = (0..locks).map(|_| Semaphore::new(1)).collect();
        Self { locks, releasing: Mutex::new(()), stop: CancelToken::new() }
    }

    /// Takes a lock, if it is free and nobody waits for it.
    pub(crate) fn try_acquire(&self, lock: u32) -> bool {
        self.locks[lock as usize].try_acquire().map(|permit| permit.forget()).is_some()
    }

    /// Waits until it has a lock, or the machine is stopped.
    pub(crate) fn acquire(&self, lock: u32) {
        if let Ok(permit) = block_on(self.stop.run(self.locks[lock as usize].acquire())) {
            permit.forget();
        }
    }

    /// Gives a lock back, whoever has it. Returns false if nobody had.
    pub(crate) fn release(&self, lock: u32) -> bool {
        let lock = &self.locks[lock as usize];
        let _one_at_a_time = self.releasing.lock();
        let was_taken = lock.free() == 0;
        if was_taken {
            lock.add(1);
        }
        was_taken
    }

    /// Waits for a while, or until the machine is stopped.
    pub(crate) fn sleep(&self, time: Duration) {
        let _ = block_on(self.stop.run(sleep(time)));
    }

    /// Ends all waiting, for good.
    pub(crate) fn stop(&self) {
        self.stop.cancel();
    }

    pub(crate) fn is_stopped(&self) -> bool {
        self.stop.is_cancelled()
    }
}
