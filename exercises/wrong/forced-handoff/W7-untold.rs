//! A wrong answer to `forced-handoff`: nobody tells those who wait for a switch that there was one.

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
        let mut state = self.lock();
        while state.is_taken {
            self.asked.store(true, Relaxed);
            state = self.free.wait(state).expect("nothing panics under this lock");
        }
        *state = State { is_taken: true, last_holder: me };
        self.asked.store(false, Relaxed); // Whoever still waits was woken as well, and asks again.
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
        let mut state = self.lock();
        state.is_taken = false;
        self.free.notify_all();
        while state.last_holder == me {
            state = self.switched.wait(state).expect("nothing panics under this lock");
        }
        drop(state);
        self.take(me);
    }
}

#[cfg(test)]
#[path = "../../checks/forced-handoff.rs"]
mod checks;
