//! A wrong answer to `budget`: each inbox has a budget of its own, which it fills up when it has refused once.

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
        self.left.set(UNITS);
    }

    /// Spends a unit. Pending: there is none left.
    fn spend(&self, cx: &Context<'_>) -> Poll<()> {
        let left = self.left.get();
        if left == 0 {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        self.left.set(left - 1);
        Poll::Ready(())
    }
}

/// Letters that have all come already.
struct Inbox {
    letters: RefCell<VecDeque<&'static str>>,
    budget: Budget,
}

impl Inbox {
    fn new(letters: &[&'static str], budget: &Rc<Budget>) -> Self {
        let letters = RefCell::new(letters.iter().copied().collect());
        let own = Budget::default();
        own.left.set(budget.left.get().max(UNITS));
        Self { letters, budget: own }
    }

    /// Receives the next letter, for a unit of the budget; none if there is no more.
    fn receive(&self, cx: &Context<'_>) -> Poll<Option<&'static str>> {
        if self.budget.spend(cx).is_pending() {
            self.budget.refill();
            return Poll::Pending;
        }
        Poll::Ready(self.letters.borrow_mut().pop_front())
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
        self.budget.refill();
        self.future.as_mut().poll(cx)
    }
}

#[cfg(test)]
#[path = "../../checks/budget.rs"]
mod checks;
