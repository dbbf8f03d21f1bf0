//! Exercise `budget` (step 4, hard): a task that always has something to do, and gives way all the same.
//!
//! A task that awaits only what is ready is never pending, so it has the thread to itself for as long as its peer sends. So
//! whatever may be ready without end spends a unit of a budget first. The budget is filled up before each poll of a task; when it
//! is used up, the task is pending once although it could go on.
//!
//! # Contract
//!
//! - After a refill, `spend` is ready `UNITS` times, and then pending.
//! - A `spend` that is pending has asked, once, to be polled again.
//! - `receive` hands the letters out in order, and then none.
//! - A `receive` that was refused takes no letter: it comes with the next poll.
//! - `WithBudget` fills the budget up before each poll of its future, and returns what the future returns.
//! - One poll gets `UNITS` letters, from however many inboxes.
//! - So a hog and a modest task take turns.
//!
//! Check it with `cargo course check budget`.
#![allow(clippy::todo, reason = "this is an exercise")]

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

/// How many units a task may spend in one poll.
const UNITS: u32 = 4;

/// How many units are left in this poll. All that runs on one thread shares one budget.
#[derive(Default)]
struct Budget {
    left: Cell<u32>,
}

impl Budget {
    /// Fills it up.
    fn refill(&self) {
        todo!("budget: as many units as a poll may spend")
    }

    /// Spends a unit. Pending: there is none left.
    fn spend(&self, cx: &Context<'_>) -> Poll<()> {
        todo!("budget: go on while there are units, and give way otherwise")
    }
}

/// Letters that have all come already.
struct Inbox {
    letters: RefCell<VecDeque<&'static str>>,
    budget: Rc<Budget>,
}

impl Inbox {
    fn new(letters: &[&'static str], budget: &Rc<Budget>) -> Self {
        let letters = RefCell::new(letters.iter().copied().collect());
        Self { letters, budget: Rc::clone(budget) }
    }

    /// Receives the next letter, for a unit of the budget; none if there is no more.
    fn receive(&self, cx: &Context<'_>) -> Poll<Option<&'static str>> {
        todo!("budget: which comes first, the letter or the price?")
    }
}

/// A task: what an executor polls.
struct WithBudget<F> {
    future: Pin<Box<F>>,
    budget: Rc<Budget>,
}

impl<F: Future> WithBudget<F> {
    fn new(future: F, budget: &Rc<Budget>) -> Self {
        Self { future: Box::pin(future), budget: Rc::clone(budget) }
    }
}

impl<F: Future> Future for WithBudget<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        todo!("budget: poll the future, with a full budget")
    }
}

#[cfg(test)]
#[path = "../checks/budget.rs"]
mod checks;
