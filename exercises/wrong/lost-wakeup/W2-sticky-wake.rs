//! A wrong answer to `lost-wakeup`: the wake is not used up.

use exercises::sync::{Condvar, Mutex};

/// Puts one thread to sleep until another wakes it.
struct Park {
    /// Whether it was woken since the last sleep. To look at it and to go to sleep is one step, under this lock.
    woken: Mutex<bool>,
    signal: Condvar,
}

impl Park {
    fn new() -> Self {
        Self { woken: Mutex::new(false), signal: Condvar::new() }
    }

    /// Sleeps until it is woken, or has been woken since the last sleep.
    fn park(&self) {
        let mut woken = self.woken.lock().expect("nothing panics under this lock");
        while !*woken {
            woken = self.signal.wait(woken).expect("nothing panics under this lock");
        }
    }

    /// Ends the sleep, or else the next one.
    fn wake(&self) {
        *self.woken.lock().expect("nothing panics under this lock") = true;
        self.signal.notify_one();
    }
}

#[cfg(test)]
#[path = "../../checks/lost-wakeup.rs"]
mod checks;
