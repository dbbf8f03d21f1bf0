//! A wrong answer to `nested-exits`: each exit is left to the loop by itself.

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
        enter.await?;
        self.exits.push(exit);
        Ok(())
    }

    /// Leaves everything, from the inside out.
    async fn leave(mut self) {
        // Each stays on the nest until it is over, for the destructor to find.
        while let Some(exit) = self.exits.last_mut() {
            exit.await;
            self.exits.pop();
        }
    }
}

impl Drop for Nest {
    fn drop(&mut self) {
        let exits = std::mem::take(&mut self.exits);
        if exits.is_empty() {
            return;
        }
        for exit in exits.into_iter().rev() {
            self.clean_ups.leave(exit);
        }
    }
}

#[cfg(test)]
#[path = "../../checks/nested-exits.rs"]
mod checks;
