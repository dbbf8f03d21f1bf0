//! The model's waiting line: permits, and a list of the tasks that wait for some, first in, first out.

use std::collections::VecDeque;

/// A number of permits, and those who wait for some; a ticket that is not in the line has been granted them.
pub(crate) struct WaitingLine {
    pub(crate) free: usize,
    pub(crate) waiting: VecDeque<Waiter>,
    tickets: usize,
}

pub(crate) struct Waiter {
    pub(crate) ticket: usize,
    wants: usize,
    /// `None`: it was told to look, and will see for itself.
    pub(crate) to_wake: Option<usize>,
}

impl WaitingLine {
    pub(crate) fn new(free: usize) -> Self {
        Self { free, waiting: VecDeque::new(), tickets: 0 }
    }

    /// Takes permits now, or by a ticket that was granted, or gets a ticket. Returns whether they are taken.
    pub(crate) fn take(&mut self, wants: usize, ticket: &mut Option<usize>, task: usize) -> bool {
        if let Some(ticket) = *ticket {
            return !self.has(ticket);
        }
        if self.waiting.is_empty() && wants <= self.free {
            self.free -= wants;
            return true;
        }
        *ticket = Some(self.join(wants, task));
        false
    }

    pub(crate) fn join(&mut self, wants: usize, task: usize) -> usize {
        self.tickets += 1;
        self.waiting.push_back(Waiter { ticket: self.tickets, wants, to_wake: Some(task) });
        self.tickets
    }

    pub(crate) fn has(&self, ticket: usize) -> bool {
        self.waiting.iter().any(|waiter| waiter.ticket == ticket)
    }

    /// Takes a waiter out, or takes back what it was granted.
    pub(crate) fn leave(&mut self, ticket: usize, wants: usize) {
        if self.has(ticket) {
            self.waiting.retain(|waiter| waiter.ticket != ticket);
        } else {
            self.free += wants;
        }
    }

    /// Grants the front of the line what it wants, as long as there is enough. Returns whom to wake.
    pub(crate) fn grant(&mut self) -> Vec<usize> {
        let mut granted = Vec::new();
        while self.waiting.front().is_some_and(|first| first.wants <= self.free) {
            let first = self.waiting.pop_front().unwrap();
            self.free -= first.wants;
            granted.extend(first.to_wake);
        }
        granted
    }

    /// Returns all that wait, who are to look for themselves.
    pub(crate) fn all(&mut self) -> Vec<usize> {
        self.waiting.iter_mut().filter_map(|waiter| waiter.to_wake.take()).collect()
    }
}
