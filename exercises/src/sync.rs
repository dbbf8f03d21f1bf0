//! Whose atomics, locks and threads a model-checked exercise uses: std's, or the model checker's.
//!
//! The feature `loom` swaps them all at once, so that the same text runs as a program and as a model. Names are those
//! of std: `exercises::sync::{Mutex, Condvar, atomic, thread}`. Both record what they do: std's when a thread sleeps at a
//! condition variable, the model's every step.

#[cfg(not(feature = "loom"))]
pub use std::{
    sync::{Arc, Mutex, MutexGuard, atomic},
    thread,
};

#[cfg(feature = "loom")]
pub use crate::model::steps::{Arc, Condvar, Mutex, MutexGuard, atomic, thread};

#[cfg(not(feature = "loom"))]
pub use as_a_program::Condvar;

#[cfg(not(feature = "loom"))]
mod as_a_program {
    use std::sync::{LockResult, MutexGuard};

    use timeline::probe;

    use crate::counts::uncounted;

    /// Std's, and the recording knows who sleeps there.
    #[derive(Debug, Default)]
    pub struct Condvar(std::sync::Condvar);

    impl Condvar {
        /// Makes one.
        #[must_use]
        pub const fn new() -> Self {
            Self(std::sync::Condvar::new())
        }

        /// Gives the lock back and sleeps until somebody notifies; then takes the lock again.
        ///
        /// # Errors
        ///
        /// As std's: if a thread has panicked under the lock.
        pub fn wait<'a, T>(&self, guard: MutexGuard<'a, T>) -> LockResult<MutexGuard<'a, T>> {
            uncounted(|| probe::parked(None));
            let guard = self.0.wait(guard);
            uncounted(probe::unparked);
            guard
        }

        /// Waits until `condition` no longer holds.
        ///
        /// # Errors
        ///
        /// As std's: if a thread has panicked under the lock.
        pub fn wait_while<'a, T>(
            &self,
            mut guard: MutexGuard<'a, T>,
            mut condition: impl FnMut(&mut T) -> bool,
        ) -> LockResult<MutexGuard<'a, T>> {
            while condition(&mut *guard) {
                guard = self.wait(guard)?;
            }
            Ok(guard)
        }

        /// Wakes one who sleeps here, if there is any.
        pub fn notify_one(&self) {
            self.0.notify_one();
        }

        /// Wakes all who sleep here.
        pub fn notify_all(&self) {
            self.0.notify_all();
        }
    }
}
