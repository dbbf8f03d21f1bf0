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
//! 1. A number stands in `ready` at most once, and its child is polled once for each time.
//! 2. A child is dropped as soon as it is done, or has panicked, and not polled again. Its number goes to a later child; a wake by its
//!    old waker is then a poll for nothing.
//! 3. No waker is called under the lock.

use std::collections::VecDeque;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

use slab::Slab;

use crate::budget;
use crate::sync::{Mutex, MutexGuard, lock};

/// Runs futures of one type together, inside whoever polls it. Each is polled once at first, then when it was woken.
///
/// ```
/// use step4::children::Children;
///
/// step4::run(async {
///     let mut children = Children::new([std::future::ready("a")]);
///     children.push(std::future::ready("b"));
///     assert_eq!(std::future::poll_fn(|cx| children.poll_next(cx)).await, Some((0, "a")));
///     assert_eq!(std::future::poll_fn(|cx| children.poll_next(cx)).await, Some((1, "b")));
///     assert_eq!(std::future::poll_fn(|cx| children.poll_next(cx)).await, None);
/// });
/// ```
pub struct Children<F> {
    futures: Slab<(Pin<Box<F>>, Waker)>,
    ready: Arc<Ready>,
}

struct Ready(Mutex<Inside>);

#[derive(Default)]
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
    /// Takes in `futures`, and numbers them from 0 on. Polls none of them.
    pub fn new(futures: impl IntoIterator<Item = F>) -> Self {
        let ready = Arc::new(Ready(Mutex::default()));
        let mut children = Self { futures: Slab::new(), ready };
        for future in futures {
            children.push(future);
        }
        children
    }

    /// Takes in one more, and returns its number: the smallest that no unfinished child has. Polls nothing.
    pub fn push(&mut self, future: F) -> usize {
        let entry = self.futures.vacant_entry();
        let number = entry.key();
        let waker = Waker::from(Arc::new(ChildWaker { number, ready: Arc::clone(&self.ready) }));
        entry.insert((Box::pin(future), waker));
        self.ready.add(number);
        number
    }

    /// Returns how many are not done yet.
    #[must_use]
    pub fn len(&self) -> usize {
        self.futures.len()
    }

    /// Returns whether all are done.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.futures.is_empty()
    }

    /// Returns the next child that is done, with its number; `None` when all have been returned.
    pub fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<(usize, F::Output)>> {
        if self.is_empty() {
            return Poll::Ready(None);
        }
        self.ready.set_parent(cx.waker());
        // No further than one round: a child that wakes itself goes behind the parent's other business.
        let round = self.ready.lock().queue.len();
        for _ in 0..round {
            let Some(number) = self.ready.next() else { break };
            let Some((future, waker)) = self.futures.get_mut(number) else { continue };
            let mut child = Context::from_waker(waker);
            match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(&mut child))) {
                Ok(Poll::Pending) => {}
                Ok(Poll::Ready(output)) => {
                    drop(self.futures.remove(number));
                    return Poll::Ready(Some((number, output)));
                }
                Err(panic) => {
                    drop(self.futures.remove(number)); // It will not be polled again (invariant 2).
                    resume_unwind(panic);
                }
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
        std::mem::take(&mut self.futures).into_iter().map(|(_number, (future, _waker))| future)
    }
}

impl<F> std::fmt::Debug for Children<F> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Children").field("unfinished", &self.futures.len()).finish_non_exhaustive()
    }
}

impl Ready {
    fn lock(&self) -> MutexGuard<'_, Inside> {
        lock(&self.0)
    }

    fn set_parent(&self, waker: &Waker) {
        let newer = waker.clone();
        let older = self.lock().parent.replace(newer);
        drop(older);
    }

    /// Queues a child that is new. A number that is used again may still stand there: then it is polled, as it should.
    fn add(&self, number: usize) {
        let mut inside = self.lock();
        if inside.is_queued.len() <= number {
            inside.is_queued.resize(number + 1, false);
        }
        if !std::mem::replace(&mut inside.is_queued[number], true) {
            inside.queue.push_back(number);
        }
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
