//! Owners: the threads of the machine without a lock, and what others leave for them to merge.
//!
//! Without a global lock nobody takes turns. All that a thread has is a number: it makes it the *owner* of the objects that
//! it creates, whose counts it may change as plain numbers. In the words of CPython, such a thread is *attached*.
//!
//! ```text
//!   thread A (number 7)                        process-wide table                  thread B (number 8)
//!   attach ───────────────────────────────────▶ 7: [          ]
//!      │                                        7: [ object x ] ◀── leaves x, and sets A's breaker
//!   check: PENDING ── takes them, merges ◀───── 7: [          ]
//!   detach ── merges the rest ────────────────▶ (no 7)          ◀── finds nobody: merges x itself
//! ```
//!
//! # Invariants
//!
//! 1. A number is never used twice, and only the thread whose `current` it is uses the plain counts of its objects.
//! 2. A number is in the table exactly while its thread is attached. It leaves the table with nothing queued, and its thread
//!    uses no plain count after that.
//! 3. So who has the table's lock, and finds that an owner is not in it, may use the plain counts of that owner's objects;
//!    and the lock orders that after all that the owner did.
//! 4. The breaker is set under the lock under which an object is queued, and cleared before the queue is taken: so what is
//!    queued is seen.
//! 5. The table's lock is taken last, and nothing is freed under it.
//!
//! The table costs nothing until an object is queued, which happens to it once at most. CPython has a few hundred tables
//! instead of one, so that threads which queue do not wait for each other.
//!
//! # Source
//!
//! CPython's `Python/brc.c` (3.13), by Sam Gross.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::marker::PhantomData;
use std::mem::take;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use crate::biased::Biased;
use crate::object::{Ref, Unowned};
use crate::sync::{Mutex, process_wide, thread_local};
use crate::{Breaker, PENDING};

/// Owns what has been merged: no thread has this number.
pub(crate) const NOBODY: u64 = 0;
/// Owns what is never freed: no thread has this number either.
pub(crate) const IMMORTAL: u64 = 1;
/// The number of a thread that is not attached. It owns nothing.
const NOT_ATTACHED: u64 = 2;

thread_local! {
    /// The number of this thread.
    static CURRENT: Cell<u64> = const { Cell::new(NOT_ATTACHED) };
}

process_wide! {
    /// Who is attached, and what is queued for them.
    static ATTACHED: Mutex<BTreeMap<u64, Queue>> = Mutex::new(BTreeMap::new());
}

/// What others have left for an owner to merge.
struct Queue {
    /// Each is counted: the queue has it.
    objects: Vec<Ref<Biased>>,
    breaker: Arc<Breaker>,
}

/// Returns the number of this thread.
#[inline]
pub(crate) fn current() -> u64 {
    CURRENT.with(Cell::get)
}

/// Makes each attached thread's next check find something to do.
pub(crate) fn interrupt_all() {
    ATTACHED.lock().values().for_each(|queue| queue.breaker.set(PENDING));
}

/// A thread that is attached: it may use objects, and owns those that it makes.
///
/// It detaches when this is dropped. Its objects live on; whoever drops them then merges their counts. If this is forgotten
/// instead, or not asked to [`check`](Self::check) for long, what others leave for it stays where it is.
///
/// ```
/// use step7::{Biased, Owner, Value};
///
/// let owner = Owner::attach();
/// let text: Value<Biased> = Value::text("counted", owner.here());
/// let again = text.clone_ref(owner.here()); // Plain: it is ours.
/// let other = std::thread::spawn(move || drop(again)); // Nothing to count down from there: left for us.
/// other.join().unwrap();
/// owner.check(); // We merge it.
/// ```
///
/// It stays on its thread:
///
/// ```compile_fail,E0277
/// let owner = step7::Owner::attach();
/// std::thread::spawn(move || drop(owner));
/// ```
#[derive(Debug)]
pub struct Owner {
    number: u64,
    breaker: Arc<Breaker>,
    /// Whether it uses contents right now: see [`Here::begin_use`].
    is_using: Cell<bool>,
    _not_send: PhantomData<*const ()>,
}

impl Owner {
    /// Attaches this thread. Costs a lock that all threads share, as does the end of it.
    ///
    /// # Panics
    ///
    /// Panics if it is attached already.
    #[must_use]
    pub fn attach() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(NOT_ATTACHED + 1);
        assert!(current() == NOT_ATTACHED, "this thread is attached already");
        let (number, breaker) = (NEXT.fetch_add(1, Relaxed), Arc::new(Breaker::new()));
        let queue = Queue { objects: Vec::new(), breaker: Arc::clone(&breaker) };
        ATTACHED.lock().insert(number, queue);
        CURRENT.with(|current| current.set(number));
        Self { number, breaker, is_using: Cell::new(false), _not_send: PhantomData }
    }

    /// Returns the proof that this thread is attached.
    #[must_use]
    #[inline]
    pub fn here(&self) -> Here<'_> {
        Here { owner: self }
    }

    /// Returns what there is to do besides interpreting. `PENDING`: there are objects to merge.
    #[must_use]
    pub fn breaker(&self) -> &Breaker {
        &self.breaker
    }

    /// Merges what others have left, if there is anything. Returns whether there was.
    ///
    /// Costs a load and a branch if there is nothing.
    #[inline]
    pub fn check(&self) -> bool {
        let is_due = self.breaker.get() & PENDING != 0;
        if is_due {
            self.merge_queued();
        }
        is_due
    }

    /// Merges what others have left. What nobody has a reference to any more is freed.
    #[cold]
    pub fn merge_queued(&self) {
        self.breaker.clear(PENDING); // Before we look (invariant 4).
        let queued = ATTACHED.lock().get_mut(&self.number).map(|queue| take(&mut queue.objects));
        self.merge(queued.unwrap_or_default());
    }

    fn merge(&self, queued: Vec<Ref<Biased>>) {
        for reference in queued {
            let object = reference.into_unowned();
            // Else it was merged meanwhile: our count came to zero after the object was marked as queued.
            if object.head().owner() == self.number {
                object.head().merge(); // Never the last: the queue's own is left.
            }
            drop(object.into_ref());
        }
    }

    /// Runs `f` as if this thread was not attached: what it drops, it drops as any other thread would; and it may attach.
    pub(crate) fn detached<R>(&mut self, f: impl FnOnce() -> R) -> R {
        /// Attaches the thread again, also if `f` panics.
        struct Again(u64);

        impl Drop for Again {
            fn drop(&mut self) {
                CURRENT.with(|current| current.set(self.0));
            }
        }

        let _again = Again(self.number);
        CURRENT.with(|current| current.set(NOT_ATTACHED));
        f()
    }

    /// Leaves the table, if nothing is queued; else returns that.
    fn leave(&self) -> Option<Vec<Ref<Biased>>> {
        let mut attached = ATTACHED.lock(); // Until it has left: nothing is queued in between (invariant 2).
        let queued = attached.get_mut(&self.number).map(|queue| take(&mut queue.objects))?;
        if queued.is_empty() {
            attached.remove(&self.number);
            return None;
        }
        Some(queued)
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        // What is merged may free objects, and those others, and meanwhile there may be more in the queue.
        while let Some(queued) = self.leave() {
            self.merge(queued);
        }
        CURRENT.with(|current| current.set(NOT_ATTACHED));
    }
}

/// Proves that this thread is attached: whatever uses objects asks for one.
///
/// It is a reference, free to copy, and stays on its thread; it is to the machine without a lock what a
/// [`Py`](crate::Py) is to the one with it. It does not prove that the thread is alone: nothing does.
///
/// ```
/// use step7::{Biased, Here, Owner, Value};
///
/// fn greeting(here: Here<'_>) -> Value<Biased> {
///     Value::text("hello", here)
/// }
///
/// let owner = Owner::attach();
/// assert!(greeting(owner.here()).is_true(owner.here()));
/// ```
///
/// ```compile_fail,E0277
/// let owner = step7::Owner::attach();
/// let here = owner.here();
/// std::thread::scope(|scope| { scope.spawn(move || { let stolen = here; }); });
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Here<'a> {
    owner: &'a Owner, // Not `Sync`, so this is not `Send`.
}

impl<'a> Here<'a> {
    #[inline]
    pub(crate) fn number(self) -> u64 {
        self.owner.number
    }

    /// Begins a use of contents, which ends when the value is dropped. A thread has one at a time, so it never waits for a
    /// lock while it keeps others waiting for another.
    ///
    /// # Panics
    ///
    /// Panics if there is one already.
    #[inline]
    pub(crate) fn begin_use(self) -> Use<'a> {
        assert!(!self.owner.is_using.replace(true), "contents are used within the use of others");
        Use { is_using: &self.owner.is_using }
    }
}

/// A use of contents.
pub(crate) struct Use<'a> {
    is_using: &'a Cell<bool>,
}

impl Drop for Use<'_> {
    #[inline]
    fn drop(&mut self) {
        self.is_using.set(false);
    }
}

/// Leaves a reference to its object's owner. If the owner has ended, or the object was merged meanwhile, it is given back:
/// it is merged now.
pub(crate) fn leave_to_owner(object: Unowned<Biased>) -> Option<Unowned<Biased>> {
    let mut attached = ATTACHED.lock();
    let owner = object.head().owner(); // Under the lock, so it is not older than what an owner that has ended has done.
    if let Some(queue) = attached.get_mut(&owner) {
        queue.objects.push(object.into_ref());
        queue.breaker.set(PENDING);
        return None;
    }
    if owner != NOBODY {
        object.head().merge(); // Its owner has ended (invariant 3). Never the last: we have one.
    }
    Some(object)
}
