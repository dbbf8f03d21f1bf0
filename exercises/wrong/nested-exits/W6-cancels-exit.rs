//! A wrong answer to `nested-exits`: each exit is taken off the nest before it is awaited.

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
        while let Some(exit) = self.exits.pop() {
            exit.await;
        }
    }
}

impl Drop for Nest {
    fn drop(&mut self) {
        let exits = std::mem::take(&mut self.exits);
        if exits.is_empty() {
            return;
        }
        // One future for all of them, since the loop would begin several at the same time.
        self.clean_ups.leave(Box::pin(async {
            for exit in exits.into_iter().rev() {
                exit.await;
            }
        }));
    }
}

#[cfg(test)]
#[path = "../../checks/nested-exits.rs"]
mod checks;
