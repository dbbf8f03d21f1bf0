//! A wrong answer to `let-go-for-io`: the lock is held during the call, since others have to wait anyway.

use std::sync::{Condvar, Mutex};

/// The lock. It knows how to be taken and let go, and trusts whoever says so: that is what a guard is for.
#[derive(Default)]
struct Gil {
    is_taken: Mutex<bool>,
    free: Condvar,
}

impl Gil {
    /// Waits until the lock is free, and takes it.
    fn lock(&self) {
        let mut is_taken = self.is_taken.lock().expect("nothing panics under this lock");
        while *is_taken {
            is_taken = self.free.wait(is_taken).expect("nothing panics under this lock");
        }
        *is_taken = true;
    }

    /// Lets go of the lock. Only whoever holds it may.
    fn unlock(&self) {
        *self.is_taken.lock().expect("nothing panics under this lock") = false;
        self.free.notify_one();
    }

    /// Takes the lock, for as long as there is the guard.
    fn take(&self) -> Guard<'_> {
        self.lock();
        Guard { gil: self }
    }
}

/// Holds the lock.
struct Guard<'a> {
    gil: &'a Gil,
}

impl Drop for Guard<'_> {
    fn drop(&mut self) {
        self.gil.unlock();
    }
}

impl Guard<'_> {
    /// Makes a call without the lock.
    fn allow_threads<R>(&mut self, call: impl FnOnce() -> R) -> R {
        call()
    }
}

#[cfg(test)]
#[path = "../../checks/let-go-for-io.rs"]
mod checks;
