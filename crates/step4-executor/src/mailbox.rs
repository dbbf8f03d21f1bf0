//! What other threads leave for an event loop: tasks that they have woken.
//!
//! A loop's own queue is plain, so nobody else may push to it. They post to its mailbox, and wake the loop if it sleeps;
//! the loop empties it whenever it looks at its IO.
//!
//! # Invariants
//!
//! 1. A mailbox is never freed, so that a task can name it by a plain reference, for as long as the task is kept. When its
//!    loop has ended, the next loop gets it.
//! 2. Whoever posts into an empty mailbox wakes the owner; whoever comes second need not.
//! 3. A mailbox without an owner takes no letters. All tasks of the last owner are done then, and whoever wanted to wake
//!    one only gives up the letter's reference.

use std::sync::Arc;
use std::task::Waker;

use crate::event_loop::Local;
use crate::sync::{Mutex, lock, process_wide};
use crate::task::Letter;

/// Takes tasks from other threads for one event loop.
pub(crate) struct Mailbox {
    inside: Mutex<Inside>,
}

#[derive(Default)]
struct Inside {
    letters: Vec<Letter<Local>>,
    /// In an `Arc` of ours, since to clone a waker is to run foreign code, and that is not done under a lock.
    owner: Option<Arc<Waker>>,
}

process_wide! {
    /// The mailboxes that have no loop at the moment (invariant 1).
    static FREE: Mutex<Vec<&'static Mailbox>> = Mutex::new(Vec::new());
}

impl Mailbox {
    /// Gives a mailbox to the loop that `owner` wakes.
    pub(crate) fn lease(owner: Waker) -> &'static Mailbox {
        let free = lock(&FREE).pop();
        let mailbox =
            free.unwrap_or_else(|| Box::leak(Box::new(Mailbox { inside: Mutex::new(Inside::default()) })));
        lock(&mailbox.inside).owner = Some(Arc::new(owner));
        mailbox
    }

    /// Takes the mailbox back from a loop all of whose tasks are done.
    pub(crate) fn give_back(&'static self) {
        let Inside { letters, owner } = std::mem::take(&mut *lock(&self.inside));
        for letter in letters {
            let _done_long_ago = letter.open();
        }
        drop(owner);
        lock(&FREE).push(self);
    }

    /// Leaves a letter for the owner, and wakes it if nobody else has.
    pub(crate) fn post(&self, letter: Letter<Local>) {
        let mut inside = lock(&self.inside);
        if inside.owner.is_none() {
            drop(inside);
            let _done_long_ago = letter.open(); // Invariant 3: it only gives up a reference.
            return;
        }
        let owner = if inside.letters.is_empty() { inside.owner.clone() } else { None };
        inside.letters.push(letter);
        drop(inside); // Never wake under a lock.
        if let Some(owner) = owner {
            owner.wake_by_ref();
        }
    }

    /// Moves all letters to `to`, which is empty, and whose memory is used for the next ones.
    pub(crate) fn empty_into(&self, to: &mut Vec<Letter<Local>>) {
        std::mem::swap(&mut lock(&self.inside).letters, to);
    }
}
