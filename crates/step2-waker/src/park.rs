//! How a thread sleeps when nothing can run, and never sleeps through a wake.
//!
//! A thread that decides to sleep does two things: it looks whether it has been woken, and it goes to sleep. A wake that
//! falls between the two must not be lost. So a wake leaves a **token**, and a sleep uses the token up:
//!
//! ```text
//!              notify                      notify (and the caller must unpark)
//!   EMPTY ───────────────▶ NOTIFIED ◀─────────────────────────── PARKED
//!     ▲ ◀───────────────────  end                                  ▲ │ end (woken, timed out, or for no reason)
//!     │                                                            │ │
//!     └──────────────────────── begin ─────────────────────────────┘ ▼ EMPTY
//! ```
//!
//! # Invariants
//!
//! 1. A `notify` that happens before a `begin` makes that `begin` say "do not sleep".
//! 2. A `notify` that finds PARKED tells its caller to unpark: exactly one caller per sleep hears it.
//! 3. Whatever was written before a `notify` is seen after the `end` that uses its token up.
//!
//! # Absent on purpose
//!
//! No count: ten wakes before a sleep are one wake. Whoever was woken looks at *all* that may have changed.

use std::fmt;
use std::io;
use std::marker::PhantomData;
use std::sync::Arc;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use std::task::{Wake, Waker};
use std::time::Duration;

use timeline::probe;

use crate::sync::{AtomicU8, Thread, current, park, park_timeout};
use crate::waker_by_hand;

/// Says how a thread sleeps when nothing can run. The handle that wakes it is a [`Waker`].
///
/// Every step after this one sleeps in its own way behind this trait, and runs the same futures.
pub trait Park {
    /// Returns a waker that ends the current sleep, or else the next one.
    ///
    /// It may be cloned, sent to any thread, called any number of times, and kept after the park is gone: then it does
    /// nothing.
    fn waker(&self) -> Waker;

    /// Sleeps until a wake, at most for `limit` if there is one.
    ///
    /// Returns at once if a waker was called since the last `park`; those calls are used up together. It may also
    /// return early for no reason: callers look again and come back. Takes `&mut self`, since only the owner sleeps.
    ///
    /// Returns whether anything has happened: a waker was called, or what this park drives has woken somebody.
    ///
    /// # Errors
    ///
    /// Returns the system's error if it cannot sleep at all; a thread always can.
    fn park(&mut self, limit: Option<Duration>) -> io::Result<bool>;

    /// Makes what this park drives current on this thread, until the returned guard is dropped.
    ///
    /// A thread's own sleep drives nothing else, so there is nothing to do. The parks of later steps drive timers and
    /// sockets besides, and the futures that use those find them through this.
    fn enter(&self) -> Entered {
        Entered::default()
    }
}

/// Keeps what a park drives current on this thread. Dropping it brings back what was current before.
///
/// ```
/// use step2::{Park, ThreadPark};
///
/// let park = ThreadPark::new();
/// let _entered = park.enter();
/// ```
#[derive(Default)]
#[must_use = "what was entered is current only while this guard lives"]
pub struct Entered {
    leave: Option<Box<dyn FnOnce()>>,
}

impl Entered {
    /// Makes a guard that calls `leave` when it is dropped: for those who write a park.
    pub fn new(leave: impl FnOnce() + 'static) -> Self {
        Self { leave: Some(Box::new(leave)) }
    }
}

impl Drop for Entered {
    fn drop(&mut self) {
        if let Some(leave) = self.leave.take() {
            leave();
        }
    }
}

impl fmt::Debug for Entered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Entered").finish_non_exhaustive()
    }
}

const EMPTY: u8 = 0;
const NOTIFIED: u8 = 1;
const PARKED: u8 = 2;

/// Keeps one wake until it is used: the state of a thread that sleeps, or is about to.
///
/// | method   | from → to               | RMW                | order   | so that                                             |
/// |----------|-------------------------|--------------------|---------|-----------------------------------------------------|
/// | `notify` | any → NOTIFIED          | `swap`             | Release | the sleeper sees what was written before the wake   |
/// | `begin`  | EMPTY → PARKED · N → N  | `compare_exchange` | Relaxed | nothing: `end` always follows, and reads the wake   |
/// | `end`    | any → EMPTY             | `swap`             | Acquire | it sees what every `notify` since the last one wrote |
///
/// ```
/// let token = step2::ParkToken::new();
/// assert!(!token.notify(), "nobody sleeps: nobody to unpark");
/// assert!(!token.begin(), "woken already: do not sleep");
/// assert!(token.end(), "and that uses the wake up");
/// assert!(token.begin(), "nobody has woken us since");
/// assert!(token.notify(), "now somebody sleeps: the caller must unpark");
/// ```
#[derive(Debug)]
pub struct ParkToken(AtomicU8);

impl ParkToken {
    /// Makes a token that nobody has notified.
    #[must_use]
    pub fn new() -> Self {
        Self(AtomicU8::new(EMPTY))
    }

    /// Leaves a wake. Returns true if the owner may be asleep: then the caller must end that sleep.
    #[must_use = "if this returns true and nobody unparks, the owner sleeps on"]
    pub fn notify(&self) -> bool {
        self.0.swap(NOTIFIED, Release) == PARKED
    }

    /// Announces a sleep. Returns false if there is a wake already: the owner must not sleep, and `end` uses it up.
    #[must_use = "sleeping although this returned false loses a wake"]
    pub fn begin(&self) -> bool {
        self.0.compare_exchange(EMPTY, PARKED, Relaxed, Relaxed).is_ok()
    }

    /// Ends the sleep, whether or not there was one, and uses up the wake. Returns whether there was a wake.
    pub fn end(&self) -> bool {
        self.0.swap(EMPTY, Acquire) == NOTIFIED
    }
}

impl Default for ParkToken {
    fn default() -> Self {
        Self::new()
    }
}

/// Puts the thread that made it to sleep in the kernel until a waker is called.
///
/// Making one costs an allocation, waking a sleeping thread a system call (and tens of microseconds until it runs).
///
/// It stays on its thread, because it is that thread that is unparked:
///
/// ```compile_fail
/// let mut park = step2::ThreadPark::new();
/// std::thread::spawn(move || step2::Park::park(&mut park, None));
/// ```
///
/// ```
/// use step2::{Park, ThreadPark};
///
/// let mut park = ThreadPark::new();
/// let waker = park.waker();
/// let other = std::thread::spawn(move || waker.wake());
/// park.park(None)?; // Sleeps until the other thread has called the waker, even if that has happened by now.
/// # other.join().expect("the thread only wakes us");
/// # std::io::Result::Ok(())
/// ```
#[derive(Debug)]
pub struct ThreadPark {
    sleeper: Arc<Sleeper>,
    stays_here: PhantomData<*const ()>,
}

#[derive(Debug)]
struct Sleeper {
    token: ParkToken,
    thread: Thread,
}

impl ThreadPark {
    /// Makes a park for the current thread.
    #[must_use]
    pub fn new() -> Self {
        let sleeper = Sleeper { token: ParkToken::new(), thread: current() };
        Self { sleeper: Arc::new(sleeper), stays_here: PhantomData }
    }

    /// Says whether there is just one waker, and it has not been called since the last sleep.
    #[inline]
    pub(crate) fn is_as_new(&self) -> bool {
        // Relaxed, so the last call of a waker that is gone may be missed. That costs one early return from `park`.
        Arc::strong_count(&self.sleeper) == 2 && self.sleeper.token.0.load(Relaxed) == EMPTY
    }
}

impl Default for ThreadPark {
    fn default() -> Self {
        Self::new()
    }
}

impl Park for ThreadPark {
    fn waker(&self) -> Waker {
        waker_by_hand(Arc::clone(&self.sleeper))
    }

    fn park(&mut self, limit: Option<Duration>) -> io::Result<bool> {
        let token = &self.sleeper.token;
        if limit != Some(Duration::ZERO) && token.begin() {
            probe::parked(limit);
            // The thread may be unparked by someone else too; then this returns early, as the trait allows.
            match limit {
                None => park(),
                Some(limit) => park_timeout(limit),
            }
            probe::unparked();
        }
        Ok(token.end())
    }
}

impl Wake for Sleeper {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        probe::woken(Arc::as_ptr(self).addr());
        if self.token.notify() {
            self.thread.unpark();
        }
    }
}
