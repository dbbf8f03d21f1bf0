//! Biased counts: the memory of the machine without a global lock.
//!
//! Without the lock, two threads may count the same object at once. If all counts were atomic, that would be safe, and slow:
//! counting is most of what an interpreter does to memory. But nearly every object is used by the thread that made it, and
//! by no other. So an object has two counts: a plain one for its owner, and an atomic one for everybody else.
//!
//! ```text
//!    the owner                         everybody else
//!        │ plain                           │ atomic
//!        ▼                                 ▼
//!   ┌ owner: 7 │ local: 3 │ shared: [ count: −1 | MERGED | QUEUED ] ┐
//!   └──────────┴──────────┴─────────────────────────────────────────┘   references: 3 − 1 = 2
//! ```
//!
//! A reference made on one thread may be dropped on another, so neither count means anything alone: only their sum does.
//! Nobody can see a sum come to zero. So the two are *merged* at some time: the plain one is added to the atomic one, which
//! from then on counts alone.
//!
//! ```text
//!   biased ──┬─ local comes to zero, and nobody else counts ────────────────────────────────────▶ freed
//!            ├─ local comes to zero, others count ──────────────────────────▶ merged ── zero ───▶ freed
//!            └─ another one is to count down from nothing ─▶ queued ────────────┘
//!                                                            at the owner's next check, or its end
//! ```
//!
//! Without the queue, an object whose last reference is dropped elsewhere would stay for ever, with `local` above zero. So
//! a thread that is to count down from nothing does not: it leaves its reference in the owner's queue
//! ([`owner`](crate::owner)).
//!
//! Both counts of an object are in one cache line. While others count, the owner's plain count is slower, too, if they do
//! it on another core.
//!
//! # Invariants
//!
//! 1. `local` plus the count in `shared` is the number of references. A reference in a queue is one of them.
//! 2. `local` is used by the owner only, and once that has ended, under the table's lock. While there is an owner it is
//!    above zero.
//! 3. An object is queued once at most: only as long as `shared` is zero, flags and all, and it never is again.
//! 4. An object is merged once at most. After that it has no owner, `local` counts no more, and whoever brings the count to
//!    zero frees it.
//! 5. An immortal object is not counted, and not freed.
//! 6. A thread that waits for a lock of contents has no other, or one at a lower address: so no two wait for each other.
//!
//! # Transitions
//!
//! Here "elsewhere" is any thread but the owner; once an object is merged, that is all of them. The owner's other counts are
//! plain.
//!
//! | method                  | from → to               | RMW         | order   | so that                                        |
//! |-------------------------|-------------------------|-------------|---------|------------------------------------------------|
//! | `retain` (elsewhere)    | count + 1               | `fetch_add` | Relaxed | nothing: the caller has a reference to copy    |
//! | `release` (elsewhere)   | count − 1 · 0 → QUEUED  | CAS loop    | AcqRel  | whoever frees sees the last uses of all others |
//! | `release` (owner, last) | unchanged: 0            | `load`      | Acquire | as `release`, for those that came and went     |
//! | `merge`                 | + local, + MERGED       | `fetch_add` | AcqRel  | as `release`                                   |
//!
//! For 0 → QUEUED nothing would do: the reference is not given up, and changes hands under the table's lock. `owner` is
//! Relaxed: a thread finds its own number there only if it has put it there, and not taken it away; what others find
//! is looked up under the table's lock.
//!
//! # Source
//!
//! Choi, Shull, Torrellas, *Biased Reference Counting: Minimizing Atomic Operations in Garbage Collection*, PACT 2018, as in
//! PEP 703 and CPython 3.13 (`Objects/object.c`, `Python/brc.c`). Immortal objects are PEP 683's. CPython takes one more
//! reference to an object in the merge itself; here the queue's is dropped after it, like any other.

#![allow(unsafe_code, reason = "plain counts are shared between threads, each used by its owner alone")]

use std::io::{self, Write};
use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed};

use crate::Here;
use crate::object::{Memory, Ref, Unowned};
use crate::owner::{IMMORTAL, NOBODY, current, leave_to_owner};
use crate::sync::{AtomicI64, AtomicU64, Canary, Cell, Mutex, process_wide};

const QUEUED: i64 = 1;
const MERGED: i64 = 1 << 1;
/// One reference.
const ONE: i64 = 1 << 2;
/// Far more references than anyone has, and far fewer than would wrap the count.
const TOO_MANY: i64 = i64::MAX / 2;

/// Biased counts: plain for an object's [`Owner`](crate::Owner), atomic for all other threads.
///
/// ```
/// use step7::{Biased, Owner, Value};
///
/// let owner = Owner::attach();
/// let text: Value<Biased> = Value::text("shared", owner.here());
/// std::thread::scope(|scope| {
///     scope.spawn(|| {
///         let other = Owner::attach();
///         let again = text.clone_ref(other.here()); // Atomic: it is not ours.
///         assert!(again.is_true(other.here()));
///     });
///     drop(text.clone_ref(owner.here())); // Plain, at the same time.
/// });
/// ```
#[derive(Debug)]
pub enum Biased {}

/// The two counts of an object.
#[derive(Debug)]
pub struct Counts {
    owner: AtomicU64,
    local: Cell<u32>,
    /// The count, and the flags.
    shared: AtomicI64,
    memory: Canary,
}

impl Counts {
    /// Returns the number of the thread that owns the object.
    #[inline]
    pub(crate) fn owner(&self) -> u64 {
        self.memory.shared();
        self.owner.load(Relaxed)
    }

    /// Counts one more for another thread than the owner.
    fn retain_elsewhere(&self) {
        if self.shared.fetch_add(ONE, Relaxed) > TOO_MANY {
            too_many_references();
        }
    }

    /// Counts one less for another thread than the owner.
    fn release_elsewhere(&self) -> Left {
        let step = |shared| Some(if shared == 0 { QUEUED } else { shared - ONE });
        let (Ok(before) | Err(before)) = self.shared.fetch_update(AcqRel, Relaxed, step);
        match before {
            0 => Left::ToTheOwner,
            before if is_nothing(before - ONE) => Left::Nothing,
            _ => Left::Others,
        }
    }

    /// Gives up ownership, when the plain count has come to zero. True: there is no other count.
    #[cold]
    fn is_unused_elsewhere(&self) -> bool {
        self.shared.load(Acquire) == 0 || self.merge()
    }

    /// Adds the plain count to the atomic one, for good. True: nothing is left.
    ///
    /// The caller may use `local` (invariant 2), and the object was not merged before (invariant 4).
    pub(crate) fn merge(&self) -> bool {
        let merged = i64::from(self.local.get()) * ONE + MERGED;
        self.owner.store(NOBODY, Relaxed); // Not after it is merged: then somebody else may have freed it.
        is_nothing(self.shared.fetch_add(merged, AcqRel) + merged)
    }
}

/// What a thread that is not the owner leaves behind.
enum Left {
    /// Other references.
    Others,
    /// No reference: the object is to be freed.
    Nothing,
    /// The reference that it was to give back. The owner's queue is to have it.
    ToTheOwner,
}

/// Returns whether that says that there is no reference.
fn is_nothing(shared: i64) -> bool {
    shared & !QUEUED == MERGED
}

/// Ends the process, as `Arc` does: a count that wraps would free an object in use.
#[cold]
fn too_many_references() -> ! {
    let reason = "an object has more references than can be counted: are some forgotten?";
    let _unread = writeln!(io::stderr(), "{reason}"); // A panic of `eprintln!` could be caught, and the count go on.
    std::process::abort();
}

// SAFETY: by invariant 1 the two counts are as many as there are references, wherever they were made and dropped. The owner
// says `Some` if its own come to zero and there are no others; then the object was never queued nor merged, so nobody else
// says it. Or else it was merged, and that count comes to zero once (invariant 4). The orders above show whoever frees the
// last uses of all others. Heads are shared: the atomic count as it is, the plain one is used by its owner only (invariant 2), and
// which thread that is, is found by its own number and not by who has the reference.
unsafe impl Memory for Biased {
    type Token<'a> = Here<'a>;
    type Head = Counts;
    type Guarded<T: Send> = Locked<T>;

    fn new_head(here: Here<'_>) -> Counts {
        Counts {
            owner: AtomicU64::new(here.number()),
            local: Cell::new(1),
            shared: AtomicI64::new(0),
            memory: Canary::default(),
        }
    }

    /// Any is good: there is one memory for the whole process.
    #[inline]
    fn check(_counts: &Counts, _here: Here<'_>) {}

    #[inline]
    fn retain(counts: &Counts, here: Here<'_>) {
        let owner = counts.owner();
        if owner == here.number() {
            let Some(local) = counts.local.get().checked_add(1) else { too_many_references() };
            counts.local.set(local);
        } else if owner != IMMORTAL {
            counts.retain_elsewhere();
        }
    }

    #[inline]
    fn release(object: Unowned<Self>) -> Option<Unowned<Self>> {
        let counts = object.head();
        let owner = counts.owner();
        if owner == current() {
            let left = counts.local.get() - 1;
            counts.local.set(left);
            (left == 0 && counts.is_unused_elsewhere()).then_some(object)
        } else if owner == IMMORTAL {
            None
        } else {
            release_elsewhere(object)
        }
    }

    /// The same object for the same text, for the whole process, and not counted.
    fn constant(text: &str, here: Here<'_>) -> Ref<Self> {
        let mut constants = CONSTANTS.lock();
        let at = constants.binary_search_by(|known| known.as_text().cmp(&Some(text))).unwrap_or_else(|at| {
            let object = Ref::<Self>::text(text, here).into_unowned();
            object.head().owner.store(IMMORTAL, Relaxed); // Nobody else has it yet.
            constants.insert(at, object.into_ref());
            at
        });
        constants[at].clone_ref(here)
    }

    fn guard<T: Send>(value: T, _here: Here<'_>) -> Locked<T> {
        Locked(Mutex::new(value))
    }

    fn into_inner<T: Send>(guarded: Locked<T>) -> T {
        guarded.0.into_inner()
    }

    fn with<T: Send, R>(guarded: &Locked<T>, here: Here<'_>, f: impl FnOnce(&mut T) -> R) -> R {
        let _use = here.begin_use();
        f(&mut guarded.0.lock())
    }

    fn with_both<T: Send, R>(
        one: &Locked<T>,
        other: &Locked<T>,
        here: Here<'_>,
        f: impl FnOnce(&mut T, &mut T) -> R,
    ) -> R {
        assert!(!std::ptr::eq(one, other), "these are the same contents");
        let _use = here.begin_use();
        // The lower address first, whoever asks (invariant 6).
        let (mut one, mut other) = if std::ptr::from_ref(one) < std::ptr::from_ref(other) {
            let one = one.0.lock();
            (one, other.0.lock())
        } else {
            let other = other.0.lock();
            (one.0.lock(), other)
        };
        f(&mut one, &mut other)
    }
}

fn release_elsewhere(object: Unowned<Biased>) -> Option<Unowned<Biased>> {
    match object.head().release_elsewhere() {
        Left::Others => None,
        Left::Nothing => Some(object),
        // What comes back is merged, and so it is not left to anybody twice.
        Left::ToTheOwner => leave_to_owner(object).and_then(release_elsewhere),
    }
}

process_wide! {
    /// The constants of all programs, in order, each once. They are never freed.
    static CONSTANTS: Mutex<Vec<Ref<Biased>>> = Mutex::new(Vec::new());
}

/// Contents behind a lock of their own.
///
/// A thread uses one at a time, or two together; to use one within the use of another panics, even if they are not the
/// same. CPython allows it, and lets go of the outer lock when it has to wait for the inner one (*critical sections*).
#[derive(Debug)]
pub struct Locked<T>(Mutex<T>);
