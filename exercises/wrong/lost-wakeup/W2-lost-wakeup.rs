//! A wrong answer to `lost-wakeup`: the sleeper looks under the lock, but the flag is set without it.

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

    fn park(&self) {
        let mut guard = self.lock.lock().expect("nothing panics under this lock");
        while !self.woken.load(Acquire) {
            guard = self.signal.wait(guard).expect("nothing panics under this lock");
        }
        self.woken.store(false, Relaxed);
    }

    fn wake(&self) {
        self.woken.store(true, Release);
        self.signal.notify_one();
    }
}

#[cfg(test)]
#[path = "../../checks/lost-wakeup.rs"]
mod checks;
