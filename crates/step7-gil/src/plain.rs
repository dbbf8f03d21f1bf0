//! Plain counts: safe because one lock guards them all. This is what CPython's GIL is there for.
//!
//! | count | up and down | shared between threads |
//! |---|---|---|
//! | `Rc` | plain | never: the compiler refuses |
//! | `Arc` | atomic, each time | always |
//! | here | plain | yes, under the lock: a [`Py`] is asked for, and nobody without the lock has one |
//!
//! Dropping is the gap: Rust's `Drop` takes no arguments, so nobody can ask it for a token. So it looks whether this
//! thread holds the right lock; if not, it leaves the decrement to whoever holds it next. If the lock itself is gone, nobody
//! will; then those who still have references count them down under one lock for all such orphans.
//!
//! # Invariants
//!
//! 1. The count of an object, and the contents of a list, are used only by the thread that holds the object's lock; and when
//!    that is gone for ever, by the one that holds `ORPHANS`.
//! 2. `HELD` names the lock that this thread holds, from when it has taken it until it lets go.

#![allow(unsafe_code, reason = "plain counts are shared between threads, under a lock")]

use std::cell::{Cell, RefCell, RefMut};
use std::fmt;
use std::sync::{Mutex, PoisonError};

use crate::gil::is_held_here;
use crate::object::{Memory, Unowned};
use crate::{Gil, Py};

/// Plain counts under a [`Gil`].
///
/// ```
/// use step7::{Gil, Plain, Value};
///
/// let gil = Gil::default();
/// let mut thread = gil.thread();
/// let text: Value<Plain> = {
///     let guard = thread.take();
///     let text = Value::text("counted", guard.py());
///     let again = text.clone_ref(guard.py()); // Copying takes a token;
///     drop(again);                            // dropping takes none.
///     text
/// };
/// drop(text); // Without the lock: whoever takes it next will count it down.
/// drop(thread.take());
/// ```
///
/// A reference cannot be copied without the lock:
///
/// ```compile_fail,E0061
/// # fn copy(text: &step7::Value<step7::Plain>) -> step7::Value<step7::Plain> {
/// text.clone_ref()
/// # }
/// ```
#[derive(Debug)]
pub enum Plain {}

/// The count of an object under a [`Gil`].
#[derive(Debug)]
pub struct Head {
    /// So wide that it never wraps, however many references are forgotten.
    references: Cell<u64>,
    /// The number of its lock.
    gil: u64,
}

/// For the objects whose lock is gone. Nobody can have a token for them any more, so they are only counted down.
static ORPHANS: Mutex<()> = Mutex::new(());

// SAFETY: by invariant 1 the count is used by one thread at a time, and the lock orders one after the other; it grows with a
// token of the right lock, which was checked, and shrinks in `release`, which looks whether this thread holds that lock, or
// whether there is none any more: then there is no token either, nor will there be, as numbers are not used twice.
unsafe impl Memory for Plain {
    type Token<'a> = Py<'a>;
    type Head = Head;
    type Guarded<T: Send> = UnderGil<T>;

    fn new_head(py: Py<'_>) -> Head {
        Head { references: Cell::new(1), gil: py.gil().number() }
    }

    #[inline]
    fn check(head: &Head, py: Py<'_>) {
        check_lock(head.gil, py);
    }

    #[inline]
    fn retain(head: &Head, _py: Py<'_>) {
        head.references.set(head.references.get() + 1);
    }

    fn release(object: Unowned<Self>) -> Option<Unowned<Self>> {
        if is_held_here(object.head().gil) { count_down(object) } else { release_without(object) }
    }

    fn guard<T: Send>(value: T, py: Py<'_>) -> UnderGil<T> {
        UnderGil { gil: py.gil().number(), contents: RefCell::new(value) }
    }

    fn into_inner<T: Send>(guarded: UnderGil<T>) -> T {
        guarded.contents.into_inner()
    }

    #[inline]
    fn with<T: Send, R>(guarded: &UnderGil<T>, py: Py<'_>, f: impl FnOnce(&mut T) -> R) -> R {
        f(&mut guarded.borrow_mut(py))
    }

    fn with_both<T: Send, R>(
        one: &UnderGil<T>,
        other: &UnderGil<T>,
        py: Py<'_>,
        f: impl FnOnce(&mut T, &mut T) -> R,
    ) -> R {
        f(&mut one.borrow_mut(py), &mut other.borrow_mut(py))
    }
}

/// Counts one less. The lock is held, or was lost, and then `ORPHANS` is.
#[inline]
fn count_down(object: Unowned<Plain>) -> Option<Unowned<Plain>> {
    let references = &object.head().references;
    references.set(references.get() - 1);
    if references.get() == 0 { Some(object) } else { None }
}

/// Sees to it that one less is counted.
#[cold]
fn release_without(object: Unowned<Plain>) -> Option<Unowned<Plain>> {
    match Gil::of_number(object.head().gil) {
        Some(gil) => {
            let reference = object.into_ref();
            gil.call_soon(move |_py| drop(reference)); // There, the lock is held.
            None
        }
        None => {
            let _guard = ORPHANS.lock().unwrap_or_else(PoisonError::into_inner);
            count_down(object)
        }
    }
}

#[inline]
fn check_lock(gil: u64, py: Py<'_>) {
    assert!(gil == py.gil().number(), "this belongs to another interpreter, with a lock of its own");
}

/// Contents that may be used under a [`Gil`], and not without it.
pub struct UnderGil<T> {
    /// The number of its lock.
    gil: u64,
    contents: RefCell<T>,
}

impl<T> UnderGil<T> {
    #[inline]
    fn borrow_mut(&self, py: Py<'_>) -> RefMut<'_, T> {
        check_lock(self.gil, py);
        self.contents.borrow_mut()
    }
}

impl<T> fmt::Debug for UnderGil<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UnderGil").finish_non_exhaustive() // To look inside takes a token.
    }
}

// SAFETY: the contents are used with a token of the right lock only, which was checked; so by one thread at a time, and the
// lock orders one after the other. They may be dropped elsewhere, so they have to be `Send`.
unsafe impl<T: Send> Sync for UnderGil<T> {}
