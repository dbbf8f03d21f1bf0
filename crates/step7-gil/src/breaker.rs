//! The eval breaker: one word that says whether the interpreter has anything else to do than interpret.
//!
//! An interpreter cannot ask after each instruction whether somebody wants the lock, whether a call is pending: it would do
//! little else. So all of these are bits of one word, which it loads where a switch may fall, and
//! nearly always finds to be zero.
//!
//! ```text
//!   bit 0  DROP_REQUEST   a waiter has waited for a whole interval: let go of the lock
//!   bit 1  PENDING        somebody has left a call for whoever holds the lock
//! ```
//!
//! # Source
//!
//! CPython's `eval_breaker` (`Python/ceval.c`, `ceval_gil.c` of 3.11).

use std::sync::atomic::Ordering::Relaxed;

use crate::sync::AtomicU32;

/// What there is to do besides interpreting.
///
/// All orders are Relaxed: the word carries no data. Whoever acts on a bit takes a lock first, which orders the rest; and a
/// bit that is seen a little later is acted on a little later.
///
/// | method  | from → to   | RMW         | order   | so that                                      |
/// |---------|-------------|-------------|---------|----------------------------------------------|
/// | `set`   | b → b + bit | `fetch_or`  | Relaxed | the holder sees it at one of its next checks |
/// | `clear` | b → b - bit | `fetch_and` | Relaxed | it is not seen again                         |
/// | `get`   | b → b       | `load`      | Relaxed | a check costs one load and one branch        |
///
/// ```
/// use step7::{Breaker, DROP_REQUEST, PENDING};
///
/// let breaker = Breaker::new();
/// assert_eq!(breaker.get(), 0);
/// breaker.set(DROP_REQUEST);
/// breaker.set(PENDING);
/// breaker.clear(DROP_REQUEST);
/// assert_eq!(breaker.get(), PENDING);
/// ```
#[derive(Debug)]
pub struct Breaker(AtomicU32);

/// A waiter wants the lock.
pub const DROP_REQUEST: u32 = 1;
/// A call is pending.
pub const PENDING: u32 = 1 << 1;

impl Breaker {
    /// Makes a breaker with nothing to do.
    #[must_use]
    pub fn new() -> Self {
        Self(AtomicU32::new(0))
    }

    /// Sets a bit.
    pub fn set(&self, bit: u32) {
        self.0.fetch_or(bit, Relaxed);
    }

    /// Clears a bit.
    pub fn clear(&self, bit: u32) {
        self.0.fetch_and(!bit, Relaxed);
    }

    /// Returns the bits that are set.
    #[inline]
    #[must_use]
    pub fn get(&self) -> u32 {
        self.0.load(Relaxed)
    }
}

impl Default for Breaker {
    fn default() -> Self {
        Self::new()
    }
}
