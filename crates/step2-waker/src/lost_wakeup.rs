//! The lost wake-up: a sleep that looks right, and sleeps through its alarm.
//!
//! ```text
//!   sleeper                         waker
//!   woken? no
//!                                   woken = true
//!                                   unpark            <- nobody sleeps yet: the signal is gone
//!   sleep ............................................. for ever
//! ```
//!
//! Between looking and sleeping there is a gap, and a condition variable remembers nothing. [`ForgetfulPark`] has
//! that gap; [`ThreadPark`](crate::ThreadPark) closes it by announcing the sleep *in the same word* that the wake
//! writes to. `tests/loom.rs` lets the model checker find the bug in the first, and fail to find it in the second.

use std::sync::atomic::Ordering::{Acquire, Release};

use crate::sync::{AtomicU8, Condvar, Mutex};

/// Loses wake-ups. Here to be looked at, not to be used.
///
/// ```
/// use std::time::Duration;
/// use step2::lost_wakeup::ForgetfulPark;
///
/// let park = ForgetfulPark::new();
/// // The wake falls into the gap between looking and sleeping, and the sleep is not cut short by it.
/// let woken_in_time = park.park_with_gap(Duration::from_millis(20), || park.wake());
/// assert!(!woken_in_time, "the wake was lost");
/// ```
#[derive(Debug)]
pub struct ForgetfulPark {
    woken: AtomicU8,
    lock: Mutex<()>,
    signal: Condvar,
}

impl ForgetfulPark {
    /// Makes one that nobody has woken.
    #[must_use]
    pub fn new() -> Self {
        Self { woken: AtomicU8::new(0), lock: Mutex::new(()), signal: Condvar::new() }
    }

    /// Sets the flag, and signals whoever sleeps *now*.
    pub fn wake(&self) {
        self.woken.store(1, Release);
        self.signal.notify_one();
    }

    /// Looks at the flag, and sleeps if it is not set.
    pub fn park(&self) {
        if self.woken.load(Acquire) == 0 {
            // Here is the gap: a wake at this point signals nobody.
            let guard = self.lock.lock().expect("nothing panics under this lock");
            drop(self.signal.wait(guard));
        }
    }

    /// Does as [`park`](Self::park), runs `gap` in the gap, and gives up after `limit`.
    ///
    /// Returns whether a wake ended the sleep, or made it unnecessary.
    pub fn park_with_gap(&self, limit: std::time::Duration, gap: impl FnOnce()) -> bool {
        if self.woken.load(Acquire) == 1 {
            return true;
        }
        gap();
        let guard = self.lock.lock().expect("nothing panics under this lock");
        match self.signal.wait_timeout(guard, limit) {
            Ok((_guard, outcome)) => !outcome.timed_out(),
            Err(_poisoned) => false,
        }
    }
}

impl Default for ForgetfulPark {
    fn default() -> Self {
        Self::new()
    }
}
