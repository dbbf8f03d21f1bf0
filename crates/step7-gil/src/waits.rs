//! What threads of the machine wait for outside the interpreter: users' locks, and the end of a sleep. `stop` ends both.
//!
//! A user's lock is Python's `threading.Lock`. The interpreter's own lock is none: it is let go between any two switch
//! points. Nor is it one of step 6: a task awaits that, and its thread goes on; a thread of the machine blocks.
//!
//! # Invariants
//!
//! 1. Nobody waits here while they hold the interpreter's lock: the one they wait for may need it.
//! 2. After `stop` nobody waits any more.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::{Duration, Instant};

use crate::sync::{Condvar, Mutex};

/// The users' locks of a machine, and whether it was stopped.
pub(crate) struct Waits {
    /// Which of the locks are taken.
    taken: Mutex<Box<[bool]>>,
    changed: Condvar,
    /// Written under the lock of `taken`, so that nobody falls asleep past it. To read it a little late does no harm.
    is_stopped: AtomicBool,
}

impl Waits {
    pub(crate) fn new(locks: usize) -> Self {
        let taken = Mutex::new(vec![false; locks].into());
        Self { taken, changed: Condvar::default(), is_stopped: AtomicBool::new(false) }
    }

    /// Takes a lock, if it is free.
    pub(crate) fn try_acquire(&self, lock: u32) -> bool {
        let mut taken = self.taken.lock();
        !std::mem::replace(&mut taken[lock as usize], true)
    }

    /// Waits until it has a lock, or the machine is stopped.
    pub(crate) fn acquire(&self, lock: u32) {
        let mut taken = self.taken.lock();
        while taken[lock as usize] && !self.is_stopped() {
            self.changed.wait(&mut taken);
        }
        taken[lock as usize] = true;
    }

    /// Gives a lock back, whoever has it. Returns false if nobody had.
    pub(crate) fn release(&self, lock: u32) -> bool {
        let was_taken = std::mem::replace(&mut self.taken.lock()[lock as usize], false);
        self.changed.notify_all(); // All of them: they wait for different things.
        was_taken
    }

    /// Waits for a while, or until the machine is stopped.
    pub(crate) fn sleep(&self, time: Duration) {
        let begin = Instant::now();
        let mut taken = self.taken.lock();
        let mut times = 0;
        while let Some(left) = time.checked_sub(begin.elapsed()).filter(|left| !left.is_zero())
            && !self.is_stopped()
        {
            self.changed.wait_for(&mut taken, left, times);
            times += 1;
        }
    }

    /// Ends all waiting, for good.
    pub(crate) fn stop(&self) {
        let taken = self.taken.lock();
        self.is_stopped.store(true, Relaxed);
        drop(taken);
        self.changed.notify_all();
    }

    pub(crate) fn is_stopped(&self) -> bool {
        self.is_stopped.load(Relaxed)
    }
}
