//! A wrong answer to `two-objects`: each object is locked while it is used, one after the other.

use exercises::sync::{Mutex, MutexGuard};

/// An object with a lock of its own.
struct Object {
    number: Mutex<i64>,
}

impl Object {
    fn new(number: i64) -> Self {
        Self { number: Mutex::new(number) }
    }

    #[track_caller] // So that the model checker names the line that calls this.
    fn lock(&self) -> MutexGuard<'_, i64> {
        self.number.lock().expect("nothing panics under this lock")
    }

    /// Where it is: no two objects that are alive have the same address.
    fn address(&self) -> usize {
        std::ptr::from_ref(self).addr()
    }
}

/// Moves an amount from one object to the other.
fn transfer(from: &Object, to: &Object, amount: i64) {
    if from.address() == to.address() {
        return;
    }
    *from.lock() -= amount;
    *to.lock() += amount;
}

/// Adds up what two objects have at one moment.
fn sum(a: &Object, b: &Object) -> i64 {
    let first = *a.lock();
    let second = *b.lock();
    first + second
}

#[cfg(test)]
#[path = "../../checks/two-objects.rs"]
mod checks;
