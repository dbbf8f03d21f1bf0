//! A bounded channel that blocks at both ends: that of crossbeam-channel, under one lock.

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;

use crate::lock;
use crate::sync::{Condvar, Mutex};

struct Shared<T> {
    state: Mutex<State<T>>,
    changed: Condvar,
}

struct State<T> {
    items: VecDeque<T>,
    limit: usize,
    is_closed: bool,
    receivers: usize,
}

/// Makes a channel with so many places.
#[must_use]
pub fn bounded<T>(limit: usize) -> (Sender<T>, Receiver<T>) {
    let state = State { items: VecDeque::new(), limit, is_closed: false, receivers: 1 };
    let shared = Arc::new(Shared { state: Mutex::new(state), changed: Condvar::new() });
    (Sender(Arc::clone(&shared)), Receiver(shared))
}

/// The end that sends. It is not cloned; when it is dropped, the channel is closed.
pub struct Sender<T>(Arc<Shared<T>>);

/// Gives back what could not be sent.
pub struct Refused<T>(T);

impl<T> Refused<T> {
    /// Returns it.
    pub fn into_inner(self) -> T {
        self.0
    }
}

impl<T> fmt::Debug for Refused<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Refused(..)")
    }
}

impl<T> Sender<T> {
    /// Sends, and waits for a place.
    ///
    /// # Errors
    ///
    /// Gives the item back if nobody receives any more.
    pub fn send(&self, item: T) -> Result<(), Refused<T>> {
        let mut state = lock(&self.0.state);
        while state.receivers > 0 && state.items.len() == state.limit {
            state = self.0.changed.wait(state).expect("nothing panics under this lock");
        }
        self.0.push(state.receivers > 0, state, item)
    }

    /// Sends, if there is a place.
    ///
    /// # Errors
    ///
    /// Gives the item back if there is none, or nobody receives any more.
    pub fn try_send(&self, item: T) -> Result<(), Refused<T>> {
        let state = lock(&self.0.state);
        self.0.push(state.receivers > 0 && state.items.len() < state.limit, state, item)
    }
}

impl<T> Shared<T> {
    fn push(
        &self,
        can: bool,
        mut state: crate::sync::MutexGuard<'_, State<T>>,
        item: T,
    ) -> Result<(), Refused<T>> {
        if !can {
            return Err(Refused(item));
        }
        state.items.push_back(item);
        drop(state);
        self.changed.notify_all();
        Ok(())
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        lock(&self.0.state).is_closed = true;
        self.0.changed.notify_all();
    }
}

/// An end that receives. Clones share what comes.
pub struct Receiver<T>(Arc<Shared<T>>);

impl<T> Receiver<T> {
    fn recv(&self) -> Option<T> {
        let mut state = lock(&self.0.state);
        while state.items.is_empty() && !state.is_closed {
            state = self.0.changed.wait(state).expect("nothing panics under this lock");
        }
        let item = state.items.pop_front();
        drop(state);
        self.0.changed.notify_all();
        item
    }
}

impl<T> Clone for Receiver<T> {
    fn clone(&self) -> Self {
        lock(&self.0.state).receivers += 1;
        Self(Arc::clone(&self.0))
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        lock(&self.0.state).receivers -= 1;
        self.0.changed.notify_all();
    }
}

impl<'a, T> IntoIterator for &'a Receiver<T> {
    type Item = T;
    type IntoIter = Iter<'a, T>;

    fn into_iter(self) -> Iter<'a, T> {
        Iter(self)
    }
}

/// What comes, until the channel is closed and empty.
#[derive(Debug)]
pub struct Iter<'a, T>(&'a Receiver<T>);

impl<T> Iterator for Iter<'_, T> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        self.0.recv()
    }
}

impl<T> fmt::Debug for Sender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sender").finish_non_exhaustive()
    }
}

impl<T> fmt::Debug for Receiver<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receiver").finish_non_exhaustive()
    }
}
