//! Exercise `lost-wakeup` (step 2, hard): mend a sleep that sleeps through its alarm.
//!
//! A thread looks whether it was woken, and sleeps if it was not. What you find here nearly works: every test that you are likely
//! to write passes. A model checker tries every order of the threads' steps, and finds the one that hangs.
//!
//! # Contract
//!
//! - A wake that comes before the sleep ends it at once.
//! - A wake that comes during the sleep ends it.
//! - Whenever the wake comes, the sleep ends: none is lost.
//! - A sleep uses the wake up: the next one waits for the next wake.
//! - What was written before a wake is seen after the sleep.
//!
//! Check it with `cargo course check lost-wakeup`.

use exercises::sync::{Condvar, Mutex};

use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};

use exercises::sync::atomic::AtomicBool;

/// Puts one thread to sleep until another wakes it.
struct Park {
    woken: AtomicBool,
    lock: Mutex<()>,
    signal: Condvar,
}

impl Park {
    fn new() -> Self {
        Self { woken: AtomicBool::new(false), lock: Mutex::new(()), signal: Condvar::new() }
    }

    /// Sleeps until it is woken, or has been woken since the last sleep.
    fn park(&self) {
        while !self.woken.load(Acquire) {
            let guard = self.lock.lock().expect("nothing panics under this lock");
            drop(self.signal.wait(guard));
        }
        self.woken.store(false, Relaxed);
    }

    /// Ends the sleep, or else the next one.
    fn wake(&self) {
        self.woken.store(true, Release);
        self.signal.notify_one();
    }
}

#[cfg(test)]
#[path = "../checks/lost-wakeup.rs"]
mod checks;
