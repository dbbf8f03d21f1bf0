//! Exercise `two-objects` (step 7, hard): a lock for each object, and operations that need two objects at once.
//!
//! Without the GIL each object has a lock of its own. What needs two objects takes two locks, and then the order matters: two
//! threads that take the same locks in different orders may wait for each other for ever. Addresses are an order that all threads
//! agree on, whatever they were called with. A model checker tries every order of their steps.
//!
//! # Contract
//!
//! - `transfer` takes the amount from one object and adds it to the other, and `sum` adds up both.
//! - The same object may come twice: a transfer changes nothing then, and the sum is twice its number.
//! - Two transfers in opposite directions both come to their end.
//! - No sum is taken in the middle of a transfer.
//! - Three transfers in a circle all come to their end.
//!
//! Check it with `cargo course check two-objects`.
#![allow(clippy::todo, reason = "this is an exercise")]

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

// Here is room for a function of your own.

/// Moves an amount from one object to the other.
fn transfer(from: &Object, to: &Object, amount: i64) {
    todo!("two-objects: take both locks, and then write both numbers")
}

/// Adds up what two objects have at one moment.
fn sum(a: &Object, b: &Object) -> i64 {
    todo!("two-objects: take both locks, and then look at both numbers")
}

#[cfg(test)]
#[path = "../checks/two-objects.rs"]
mod checks;
