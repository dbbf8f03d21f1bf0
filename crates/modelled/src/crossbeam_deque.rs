//! Queues that others steal from: those of crossbeam-deque, each under one lock.
//!
//! A batch is taken in two steps, as there: between them its tasks are in no queue that anybody can look into.

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;

use crate::lock;
use crate::sync::Mutex;

/// How many tasks a batch has at most.
const BATCH: usize = 32;

/// What came of an attempt to steal.
#[derive(Debug)]
pub enum Steal<T> {
    /// There was nothing.
    Empty,
    /// This is stolen.
    Success(T),
    /// Somebody else was at it: try again.
    Retry,
}

struct Queue<T>(Mutex<VecDeque<T>>);

impl<T> Queue<T> {
    fn new() -> Self {
        Self(Mutex::new(VecDeque::new()))
    }

    fn push(&self, task: T) {
        lock(&self.0).push_back(task);
    }

    fn is_empty(&self) -> bool {
        lock(&self.0).is_empty()
    }

    /// Takes half, puts all but the first into `into`, and returns the first.
    fn steal_batch_and_pop(&self, into: &Worker<T>) -> Steal<T> {
        if has_collided() {
            return Steal::Retry;
        }
        let mut batch: VecDeque<T> = {
            let mut queue = lock(&self.0);
            let so_many = queue.len().div_ceil(2).min(BATCH);
            queue.drain(..so_many).collect()
        };
        let Some(first) = batch.pop_front() else { return Steal::Empty };
        if !batch.is_empty() {
            lock(&into.0.0).extend(batch);
        }
        Steal::Success(first)
    }
}

/// Says now and then that two were at the same queue. Loom's models would have twice as many executions, each time.
fn has_collided() -> bool {
    #[cfg(feature = "shuttle")]
    return shuttle::rand::Rng::gen_ratio(&mut shuttle::rand::thread_rng(), 1, 8);
    #[cfg(not(feature = "shuttle"))]
    false
}

/// A queue that all push to, and all steal from.
pub struct Injector<T>(Queue<T>);

impl<T> Injector<T> {
    /// Makes an empty one.
    #[must_use]
    #[expect(clippy::new_without_default, reason = "nobody needs it")]
    pub fn new() -> Self {
        Self(Queue::new())
    }

    /// Puts a task at the end.
    pub fn push(&self, task: T) {
        self.0.push(task);
    }

    /// Returns whether there is nothing.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Takes a batch: its first task is returned, the others go into `into`.
    pub fn steal_batch_and_pop(&self, into: &Worker<T>) -> Steal<T> {
        self.0.steal_batch_and_pop(into)
    }
}

/// A queue whose owner alone pushes and pops.
pub struct Worker<T>(Arc<Queue<T>>);

impl<T> Worker<T> {
    /// Makes an empty one, first in, first out.
    #[must_use]
    pub fn new_fifo() -> Self {
        Self(Arc::new(Queue::new()))
    }

    /// Puts a task at the end.
    pub fn push(&self, task: T) {
        self.0.push(task);
    }

    /// Takes the first task.
    #[must_use]
    pub fn pop(&self) -> Option<T> {
        lock(&self.0.0).pop_front()
    }

    /// Returns the others' end of it.
    #[must_use]
    pub fn stealer(&self) -> Stealer<T> {
        Stealer(Arc::clone(&self.0))
    }
}

/// The end of a worker's queue that others steal from.
pub struct Stealer<T>(Arc<Queue<T>>);

impl<T> Stealer<T> {
    /// Returns whether there is nothing.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Takes half of it: the first task is returned, the others go into `into`.
    pub fn steal_batch_and_pop(&self, into: &Worker<T>) -> Steal<T> {
        self.0.steal_batch_and_pop(into)
    }
}

impl<T> fmt::Debug for Worker<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Worker").finish_non_exhaustive()
    }
}

impl<T> fmt::Debug for Stealer<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stealer").finish_non_exhaustive()
    }
}

impl<T> fmt::Debug for Injector<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Injector").finish_non_exhaustive()
    }
}
