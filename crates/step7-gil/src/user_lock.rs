//! A user's lock: Python's `threading.Lock`. The GIL is not one: it is let go between any two switch points.
//!
//! It is step 6's semaphore with one permit. A task would await it; a thread blocks on it, with step 2's `block_on`.

use step2::block_on;
use step6::Semaphore;

/// A lock that a program takes and gives back, by instructions.
#[derive(Debug)]
pub(crate) struct UserLock(Semaphore);

impl UserLock {
    pub(crate) fn new() -> Self {
        Self(Semaphore::new(1))
    }

    /// Takes it, if it is free and nobody waits.
    pub(crate) fn try_acquire(&self) -> bool {
        self.0.try_acquire().map(|permit| permit.forget()).is_some()
    }

    /// Waits for it. Whoever waits must not hold the GIL: the one who could give this lock back needs it.
    pub(crate) fn acquire(&self) {
        block_on(self.0.acquire()).forget();
    }

    /// Gives it back, whoever has it. Returns false if nobody had.
    pub(crate) fn release(&self) -> bool {
        let was_taken = self.0.free() == 0;
        if was_taken {
            self.0.add(1);
        }
        was_taken
    }
}
