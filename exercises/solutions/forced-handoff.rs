//! Exercise `forced-handoff` (step 7, middling): a lock whose holder is asked to let go, and waits until another thread has had it.
//!
//! A thread that computes unlocks and locks again within nanoseconds. Nobody who sleeps is that fast, so the others would starve.
//! Hence the request, and the wait for the switch. The real lock lets an interval pass before it asks; here whoever waits asks at once.
//!
//! # Contract
//!
//! - `take` takes a lock that is free, and asks nobody for anything.
//! - Who finds the lock taken asks its holder to let go, and waits; to take the lock ends the request.
//! - One thread at most holds the lock.
//! - Who was asked comes back from `check` with the lock, and after another thread has had it.
//! - Nobody waits for ever, neither for the lock nor for the switch.
//!
//! Check it with `cargo course check forced-handoff`.

use exercises::sync::atomic::{AtomicBool, Ordering::Relaxed};
use exercises::sync::{Condvar, Mutex, MutexGuard};

/// A lock that all threads of an interpreter share. Its threads have numbers, from 1 on.
struct Gil {
    /// The drop request: whether the holder was asked to let go. Beside the state, so that a check costs one load if it was not.
    asked: AtomicBool,
    state: Mutex<State>,
    /// For those who wait for the lock.
    free: Condvar,
    /// For those who wait until somebody else has it.
    switched: Condvar,
}

struct State {
    is_taken: bool,
    /// Who has taken it last. 0 is nobody.
    last_holder: usize,
}

impl Gil {
    fn new() -> Self {
        Self {
            asked: AtomicBool::new(false),
            state: Mutex::new(State { is_taken: false, last_holder: 0 }),
            free: Condvar::new(),
            switched: Condvar::new(),
        }
    }

    #[track_caller] // So that the model checker names the line that calls this.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("nothing panics under this lock")
    }

    /// Waits for the lock, and asks its holder to let go.
    fn take(&self, me: usize) {
        // BEGIN SOLUTION: ask while it is taken; then take it, end the request, announce the switch
        let mut state = self.lock();
        while state.is_taken {
            self.asked.store(true, Relaxed);
            state = self.free.wait(state).expect("nothing panics under this lock");
        }
        *state = State { is_taken: true, last_holder: me };
        self.asked.store(false, Relaxed); // Whoever still waits was woken as well, and asks again.
        self.switched.notify_all();
        // END SOLUTION
    }

    /// Lets go of the lock for good.
    fn release(&self) {
        self.lock().is_taken = false;
        self.free.notify_all();
    }

    /// Is called by the holder now and then: lets others have the lock if they have asked.
    fn check(&self, me: usize) {
        if !self.asked.load(Relaxed) {
            return;
        }
        // BEGIN SOLUTION: let go, wait until another thread has had the lock, and take it again
        let mut state = self.lock();
        state.is_taken = false;
        self.free.notify_all();
        while state.last_holder == me {
            state = self.switched.wait(state).expect("nothing panics under this lock");
        }
        drop(state);
        self.take(me);
        // END SOLUTION
    }
}

#[cfg(test)]
#[path = "../checks/forced-handoff.rs"]
mod checks;
