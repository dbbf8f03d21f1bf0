//! Exercise `nested-exits` (step 6, hard): what is entered last is left first, also when all of it is dropped at once.
//!
//! A `Nest` enters one thing in the other, and leaves them from the inside out. When it is dropped, it cannot await, so it leaves
//! the exits to the loop. The loop runs everything that was left to it at the same time, as it runs all its tasks.
//!
//! # Contract
//!
//! - An enter that fails puts no exit on the nest, and its error is returned.
//! - `leave` awaits the exits, the one of what was entered last first; each begins when the one before has ended.
//! - A nest that is dropped leaves its exits to the loop, and the one of what was entered last begins first.
//! - There, too, each begins when the one before has ended.
//! - A `leave` that is dropped in an exit leaves the rest to the loop: that exit goes on from where it was, then come the others.
//! - A nest that has nothing to leave leaves nothing to the loop.
//!
//! Check it with `cargo course check nested-exits`.
#![allow(clippy::todo, reason = "this is an exercise")]

use std::cell::RefCell;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;

/// An exit: nothing of it runs before it is polled.
type Exit = Pin<Box<dyn Future<Output = ()>>>;

/// What was left to the loop. It runs all of them at the same time, to their ends, before it returns.
#[derive(Clone, Default)]
struct CleanUps(Rc<RefCell<Vec<Exit>>>);

impl CleanUps {
    fn leave(&self, exit: Exit) {
        self.0.borrow_mut().push(exit);
    }
}

/// Things that were entered, one in the other.
struct Nest {
    /// In the order of the enters.
    exits: Vec<Exit>,
    clean_ups: CleanUps,
}

impl Nest {
    fn new(clean_ups: CleanUps) -> Self {
        Self { exits: Vec::new(), clean_ups }
    }

    /// Enters, and keeps the exit for later.
    async fn enter<E>(&mut self, enter: impl Future<Output = Result<(), E>>, exit: Exit) -> Result<(), E> {
        todo!("nested-exits: await the enter, and put the exit on the nest if it was entered")
    }

    /// Leaves everything, from the inside out.
    async fn leave(mut self) {
        todo!("nested-exits: await the exits, and keep in mind that this may be dropped at any await")
    }
}

impl Drop for Nest {
    fn drop(&mut self) {
        // Leave to the loop what is still there, and think of how it runs that.
    }
}

#[cfg(test)]
#[path = "../checks/nested-exits.rs"]
mod checks;
