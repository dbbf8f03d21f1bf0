//! Many futures in one, each with a waker of its own: only those that were woken are polled.
//!
//! Step 2's `join` polls both children whoever was woken. For a thousand children that would be a thousand polls a wake.
//! Here each child's waker puts the child's number into a queue, and wakes the parent.
//!
//! ```text
//!   child 2's waker ──▶ ready: [ 5, 2 ] ──▶ the parent's waker
//!                                 │
//!                     next poll:  └─▶ poll children 5 and 2, in this order, and no other
//! ```
//!
//! # Invariants
//!
//! 1. A child stands in `ready` at most once, and is polled once for each time.
//! 2. A child is dropped as soon as it is done, and not polled again.
//! 3. No waker is called under the lock.

use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll, Wake, Waker};

use crate::budget;

/// Futures of one type that run together. All are polled once at first.
pub(crate) struct Children<F> {
    futures: Vec<Option<(Pin<Box<F>>, Waker)>>,
    unfinished: usize,
    ready: Arc<Ready>,
}

struct Ready(Mutex<Inside>);

struct Inside {
    queue: VecDeque<usize>,
    is_queued: Vec<bool>,
    parent: Option<Waker>,
}

struct ChildWaker {
    number: usize,
    ready: Arc<Ready>,
}

impl<F: Future> Children<F> {
    pub(crate) fn new(futures: impl IntoIterator<Item = F>) -> Self {
        let futures: Vec<_> = futures.into_iter().map(Box::pin).collect();
        let unfinished = futures.len();
        let inside =
            Inside { queue: (0..unfinished).collect(), is_queued: vec![true; unfinished], parent: None };
        let ready = Arc::new(Ready(Mutex::new(inside)));
        let with_waker = |(number, future)| {
            let waker = Waker::from(Arc::new(ChildWaker { number, ready: Arc::clone(&ready) }));
            Some((future, waker))
        };
        let futures = futures.into_iter().enumerate().map(with_waker).collect();
        Self { futures, unfinished, ready }
    }

    pub(crate) fn len(&self) -> usize {
        self.futures.len()
    }

    /// Returns the next child that is done, with its number; `None` when all have been returned.
    pub(crate) fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<(usize, F::Output)>> {
        if self.unfinished == 0 {
            return Poll::Ready(None);
        }
        self.ready.set_parent(cx.waker());
        // No further than one round: a child that wakes itself goes behind the parent's other business.
        let round = self.ready.lock().queue.len();
        for _ in 0..round {
            let Some(number) = self.ready.next() else { break };
            let child = &mut self.futures[number];
            let Some((future, waker)) = child else { continue };
            if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(waker)) {
                *child = None;
                self.unfinished -= 1;
                return Poll::Ready(Some((number, output)));
            }
            if budget::is_used_up() {
                // The others would get nothing done either. They keep their places for the next poll.
                cx.waker().wake_by_ref();
                break;
            }
        }
        Poll::Pending
    }

    /// Takes out the children that are not done yet.
    pub(crate) fn take_unfinished(&mut self) -> impl Iterator<Item = Pin<Box<F>>> {
        self.unfinished = 0;
        std::mem::take(&mut self.futures).into_iter().flatten().map(|(future, _waker)| future)
    }
}

impl Ready {
    fn lock(&self) -> MutexGuard<'_, Inside> {
        self.0.lock().expect("nothing that can panic runs under this lock")
    }

    fn set_parent(&self, waker: &Waker) {
        let newer = waker.clone();
        let older = self.lock().parent.replace(newer);
        drop(older);
    }

    fn next(&self) -> Option<usize> {
        let mut inside = self.lock();
        let number = inside.queue.pop_front()?;
        inside.is_queued[number] = false;
        Some(number)
    }
}

impl Wake for ChildWaker {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        let mut inside = self.ready.lock();
        if std::mem::replace(&mut inside.is_queued[self.number], true) {
            return;
        }
        inside.queue.push_back(self.number);
        let parent = inside.parent.take();
        drop(inside);
        if let Some(parent) = parent {
            parent.wake();
        }
    }
}
