//! A wrong answer to `two-objects`: two arguments are taken for two objects.

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

/// Locks two different objects in the order of their addresses, and returns their guards in the order of the arguments.
fn lock_both<'a>(a: &'a Object, b: &'a Object) -> [MutexGuard<'a, i64>; 2] {
    if a.address() < b.address() {
        let first = a.lock();
        [first, b.lock()]
    } else {
        let first = b.lock();
        [a.lock(), first]
    }
}

/// Moves an amount from one object to the other.
fn transfer(from: &Object, to: &Object, amount: i64) {
    let [mut from, mut to] = lock_both(from, to);
    *from -= amount;
    *to += amount;
}

/// Adds up what two objects have at one moment.
fn sum(a: &Object, b: &Object) -> i64 {
    let [a, b] = lock_both(a, b);
    *a + *b
}

#[cfg(test)]
#[path = "../../checks/two-objects.rs"]
mod checks;
