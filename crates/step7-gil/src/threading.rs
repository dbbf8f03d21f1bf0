//! How the threads of a machine get along: with a lock for them all, or without.
//!
//! The machine is written once, on these two traits. What implements them is [`Gil`], and `Free`.
//!
//! ```text
//!   Machine<T> ── T::attach ──▶ Attached ── token, is_due, give_way, allow_threads ──▶ Fiber<T::Memory>
//! ```

use crate::object::Memory;
use crate::{Gil, GilGuard, PENDING, Plain, Py};

/// A way for threads to share an interpreter.
pub trait Threading: Clone + Send + Sync + 'static {
    /// How objects are counted.
    type Memory: Memory;
    /// What a thread has while it may interpret.
    type Attached<'a>: Attached<Self::Memory>;

    /// Lets this thread interpret while `body` runs, waiting until it may.
    fn attach<R>(&self, body: impl FnOnce(&mut Self::Attached<'_>) -> R) -> R;

    /// Makes every thread's next check find something to do, even if there is nothing.
    fn interrupt(&self);
}

/// The right to interpret, on one thread.
pub trait Attached<M: Memory> {
    /// Returns the proof of it, good until the next call that takes `&mut self`.
    fn token(&self) -> M::Token<'_>;

    /// Returns whether there is something to do besides interpreting: what is asked at each switch point.
    fn is_due(&self) -> bool;

    /// Does that.
    fn give_way(&mut self);

    /// Runs what blocks, or computes without any object, while other threads may interpret.
    fn allow_threads<R>(&mut self, native: impl FnOnce() -> R) -> R;
}

impl Threading for Gil {
    type Memory = Plain;
    type Attached<'a> = GilGuard<'a>;

    fn attach<R>(&self, body: impl FnOnce(&mut GilGuard<'_>) -> R) -> R {
        body(&mut self.thread().take())
    }

    fn interrupt(&self) {
        self.breaker().set(PENDING);
    }
}

impl Attached<Plain> for GilGuard<'_> {
    fn token(&self) -> Py<'_> {
        self.py()
    }

    #[inline]
    fn is_due(&self) -> bool {
        GilGuard::is_due(self)
    }

    fn give_way(&mut self) {
        GilGuard::give_way(self);
    }

    fn allow_threads<R>(&mut self, native: impl FnOnce() -> R) -> R {
        GilGuard::allow_threads(self, native)
    }
}
