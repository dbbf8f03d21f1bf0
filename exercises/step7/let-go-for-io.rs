//! Exercise `let-go-for-io` (step 7, easy): let go of the lock for a call that blocks, and take it again.
//!
//! Who waits for a file or a socket has no use for the interpreter. So the interpreter's lock is let go around the call:
//! `Py_BEGIN_ALLOW_THREADS` and `Py_END_ALLOW_THREADS` in CPython. Whoever has a guard may rely on the lock, also when the call
//! has panicked.
//!
//! # Contract
//!
//! - While the call runs, the lock is free: another thread can take it.
//! - So two threads that have taken the lock can both be in their calls at once.
//! - After the call the lock is held again, and the call's result is returned.
//! - To have it again, it waits until it is free.
//! - After a call that panics the lock is held again, before the panic goes on.
//!
//! Check it with `cargo course check let-go-for-io`.
#![allow(clippy::todo, reason = "this is an exercise")]

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

// Here is room for a type of your own.

impl Guard<'_> {
    /// Makes a call without the lock.
    fn allow_threads<R>(&mut self, call: impl FnOnce() -> R) -> R {
        todo!("let-go-for-io: let go, call, and take the lock again whatever the call does")
    }
}

#[cfg(test)]
#[path = "../checks/let-go-for-io.rs"]
mod checks;
