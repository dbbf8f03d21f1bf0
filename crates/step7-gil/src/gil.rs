//! The global interpreter lock: a lock whose holder is asked to let go, and waits until somebody else has taken it.
//!
//! A plain mutex would not do. Its holder unlocks and locks again within nanoseconds, and nobody who sleeps is that fast: the
//! others would starve. So a waiter that has waited for an *interval* sets a drop request; the holder sees it at its next
//! check, lets go, and does not come back before the lock has had another holder.
//!
//! ```text
//!   holder    ─ interprets ───────── check: asked! ─ unlock ─ wait: another one has it? ─ wait for the lock …
//!   waiter    ─ waits 5 ms ─ sets DROP_REQUEST ─ waits ──────── takes it: switch! ─ interprets …
//! ```
//!
//! # Invariants
//!
//! 1. One thread at most holds the lock, and it alone has a [`Py`].
//! 2. Whoever waits is let in within two intervals, if the holder comes to a check within one, and no third thread is
//!    faster.
//! 3. Forced hand-over: who was asked to let go, waits for a switch, but only while somebody waits for the lock. A thread
//!    that ends does not.
//! 4. A panic while the lock is held lets go of it, and poisons nothing.
//! 5. No [`Py`] outlives a check: whatever was seen under the lock may be different after it.
//!
//! # Source
//!
//! CPython's `Python/ceval_gil.c`, by Antoine Pitrou for 3.2; the token that proves possession is PyO3's `Python<'py>`.

use std::cell::Cell;
use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::marker::PhantomData;
use std::sync::atomic::{AtomicU64, Ordering::Acquire, Ordering::Relaxed, fence};
use std::sync::{Arc, PoisonError, Weak};
use std::time::{Duration, Instant};

use timeline::probe;

use crate::sync::{Condvar, Mutex, MutexGuard, thread_local};
use crate::{Breaker, DROP_REQUEST, Figures, PENDING};

/// How long a waiter waits before it asks, if nothing else is said: `sys.getswitchinterval()`.
pub const INTERVAL: Duration = Duration::from_millis(5);

/// Says what a holder that was asked to let go does next.
///
/// ```
/// use step7::{Gil, Handoff};
///
/// let as_before_python_3_2 = Gil::builder().handoff(Handoff::Unforced).build();
/// # drop(as_before_python_3_2);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Handoff {
    /// It waits until another thread has had the lock.
    #[default]
    Forced,
    /// It tries at once to get it back; and usually does.
    Unforced,
}

/// Says when a holder lets go for others.
///
/// ```
/// use step7::{Gil, Policy};
///
/// let as_before_python_3_2 = Gil::builder().policy(Policy::Ticks(100)).build();
/// # drop(as_before_python_3_2);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Policy {
    /// When it is asked, by one who has waited for the interval.
    #[default]
    Interval,
    /// After so many checks, whether or not somebody waits.
    Ticks(u32),
}

/// A global interpreter lock. Clones are the same lock.
///
/// A thread takes it through its [`ThreadState`].
///
/// ```
/// use step7::Gil;
///
/// let gil = Gil::default();
/// let mut thread = gil.thread();
/// {
///     let guard = thread.take();
///     assert!(gil.is_taken());
///     let _proof = guard.py();
/// }
/// assert!(!gil.is_taken());
/// ```
#[derive(Clone)]
pub struct Gil {
    shared: Arc<Shared>,
}

struct Shared {
    /// No other lock has it, ever: an address might be another's, after this one was freed with a guard forgotten.
    number: u64,
    state: Mutex<State>,
    /// For those who wait for the lock.
    free: Condvar,
    /// For those who wait until somebody else has it.
    switched: Condvar,
    breaker: Breaker,
    /// [`PENDING`] is set when one is put in, and cleared only under its lock.
    pending: Mutex<VecDeque<PendingCall>>,
    settings: GilBuilder,
}

/// All locks there are, by their numbers: objects know the number of theirs. It is asked only by who drops a reference
/// without the lock.
static LOCKS: std::sync::Mutex<BTreeMap<u64, Weak<Shared>>> = std::sync::Mutex::new(BTreeMap::new());

fn locks() -> std::sync::MutexGuard<'static, BTreeMap<u64, Weak<Shared>>> {
    LOCKS.lock().unwrap_or_else(PoisonError::into_inner) // Nothing panics in there.
}

impl Drop for Shared {
    fn drop(&mut self) {
        locks().remove(&self.number);
    }
}

thread_local! {
    /// Which lock this thread holds, by its number: the one that it has taken last, and zero if it has let go of one.
    static HELD: Cell<u64> = const { Cell::new(0) };
}

/// Returns whether this thread holds the lock of that number.
#[inline]
pub(crate) fn is_held_here(number: u64) -> bool {
    HELD.with(Cell::get) == number
}

type PendingCall = Box<dyn FnOnce(Py<'_>) + Send>;

/// Numbers locks and threads. Zero is nobody: the last holder of a new lock.
fn next_number() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    NEXT.fetch_add(1, Relaxed)
}

#[derive(Default)]
struct State {
    is_taken: bool,
    waiting: usize,
    last_holder: u64,
    figures: Figures,
    taken_at: Option<Instant>,
}

/// Sets up a [`Gil`].
///
/// ```
/// use std::time::Duration;
/// use step7::{Gil, GilBuilder};
///
/// let builder: GilBuilder = Gil::builder().interval(Duration::from_micros(500));
/// let gil = builder.build();
/// # drop(gil);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct GilBuilder {
    interval: Duration,
    handoff: Handoff,
    policy: Policy,
}

impl GilBuilder {
    /// Sets how long a waiter waits before it asks: `sys.setswitchinterval()`.
    #[must_use]
    pub fn interval(self, interval: Duration) -> Self {
        Self { interval, ..self }
    }

    /// Sets what a holder that was asked does.
    #[must_use]
    pub fn handoff(self, handoff: Handoff) -> Self {
        Self { handoff, ..self }
    }

    /// Sets when a holder lets go.
    #[must_use]
    pub fn policy(self, policy: Policy) -> Self {
        Self { policy, ..self }
    }

    /// Makes the lock.
    #[must_use]
    pub fn build(self) -> Gil {
        let shared = Shared {
            number: next_number(),
            state: Mutex::new(State::default()),
            free: Condvar::default(),
            switched: Condvar::default(),
            breaker: Breaker::new(),
            pending: Mutex::new(VecDeque::new()),
            settings: self,
        };
        let shared = Arc::new(shared);
        locks().insert(shared.number, Arc::downgrade(&shared));
        Gil { shared }
    }
}

impl Gil {
    /// Begins to set one up; what is not set is as in CPython.
    #[must_use]
    pub fn builder() -> GilBuilder {
        GilBuilder { interval: INTERVAL, handoff: Handoff::default(), policy: Policy::default() }
    }

    /// Makes the state of a thread that will take the lock.
    #[must_use]
    pub fn thread(&self) -> ThreadState {
        ThreadState { gil: self.clone(), id: next_number(), ticks: Cell::new(0) }
    }

    /// Returns what there is to do besides interpreting, for whoever holds the lock.
    pub fn breaker(&self) -> &Breaker {
        &self.shared.breaker
    }

    /// Leaves a call for whoever holds the lock: it is made at the holder's next check, or by the next one that takes it.
    ///
    /// If it panics, that goes on in whoever makes it, and the calls behind it are made later. If nobody takes the lock any
    /// more, it is dropped with the lock.
    pub fn call_soon(&self, call: impl FnOnce(Py<'_>) + Send + 'static) {
        let mut pending = self.shared.pending.lock();
        pending.push_back(Box::new(call));
        self.breaker().set(PENDING);
    }

    /// Returns whether somebody holds it.
    #[must_use]
    pub fn is_taken(&self) -> bool {
        self.shared.state.lock().is_taken
    }

    /// Returns what it has seen so far.
    #[must_use]
    pub fn figures(&self) -> Figures {
        self.shared.state.lock().figures.clone()
    }

    /// Returns whether both are the same lock.
    #[must_use]
    pub fn is(&self, other: &Gil) -> bool {
        Arc::ptr_eq(&self.shared, &other.shared)
    }

    /// Returns whether this thread holds it, and has taken no other lock since.
    #[must_use]
    pub fn is_held_here(&self) -> bool {
        is_held_here(self.number())
    }

    /// Returns its number: no other lock has it, ever.
    #[inline]
    pub(crate) fn number(&self) -> u64 {
        self.shared.number
    }

    /// Returns the lock of that number, unless it is gone. If it is, then all that was done under it was done before.
    pub(crate) fn of_number(number: u64) -> Option<Gil> {
        let shared = locks().get(&number).and_then(Weak::upgrade);
        if shared.is_none() {
            fence(Acquire); // Its end may have been seen by that `upgrade` alone, which says nothing about what came before.
        }
        shared.map(|shared| Gil { shared })
    }

    fn mark_held(&self) {
        HELD.with(|held| held.set(self.shared.number));
    }

    /// Names the lock in a recording.
    fn lane(&self) -> usize {
        Arc::as_ptr(&self.shared).addr()
    }

    /// Waits for the lock, asking for it once an interval.
    fn take(&self, id: u64) {
        assert!(
            !self.is_held_here(),
            "this thread holds the lock already, and would wait for itself: use the guard that it has, or another thread"
        );
        let begin = Instant::now();
        let mut state = self.shared.state.lock();
        state.waiting += 1;
        let mut times = 0;
        while state.is_taken {
            self.wait_for_a_turn(&mut state, times);
            times += 1;
        }
        state.waiting -= 1;
        state.is_taken = true;
        if state.last_holder != id {
            state.last_holder = id;
            state.figures.switches += 1;
        }
        self.breaker().clear(DROP_REQUEST); // Whoever still waits asks again.
        state.figures.waits.add(begin.elapsed());
        state.taken_at = Some(Instant::now());
        drop(state);
        self.shared.switched.notify_all();
        self.mark_held();
        probe::lock_taken(self.lane());
    }

    fn wait_for_a_turn(&self, state: &mut MutexGuard<'_, State>, times: u32) {
        if self.shared.settings.policy != Policy::Interval {
            return self.shared.free.wait(state);
        }
        let switches = state.figures.switches;
        let ran_out = self.shared.free.wait_for(state, self.shared.settings.interval, times);
        // If there was a switch meanwhile, the new holder has its interval, too.
        if ran_out && state.is_taken && state.figures.switches == switches {
            state.figures.requests += 1;
            self.breaker().set(DROP_REQUEST);
        }
    }

    /// Lets go of the lock.
    fn release(&self, id: u64, why: Why) {
        HELD.with(|held| held.set(0));
        probe::lock_released(self.lane());
        if why == Why::Asked {
            probe::lock_wanted(self.lane()); // It wants it back, and waits for a switch first.
        }
        let mut state = self.shared.state.lock();
        let asked = self.breaker().get() & DROP_REQUEST != 0;
        state.is_taken = false;
        match why {
            Why::Asked => state.figures.forced += 1,
            Why::ForAWhile | Why::ForGood => state.figures.voluntary += 1,
        }
        if let Some(taken_at) = state.taken_at.take() {
            state.figures.holds.add(taken_at.elapsed());
        }
        drop(state);
        // Not under the lock: parking_lot would pass that to the waiter as well, and so force the hand-over.
        self.shared.free.notify_one();
        if asked && why != Why::ForGood && self.shared.settings.handoff == Handoff::Forced {
            let mut state = self.shared.state.lock();
            while state.last_holder == id && state.waiting > 0 {
                self.shared.switched.wait(&mut state);
            }
        }
    }

    /// Makes the calls that were left for the holder.
    fn make_pending_calls(&self, py: Py<'_>) {
        if self.breaker().get() & PENDING == 0 {
            return;
        }
        let so_many = self.shared.pending.lock().len(); // And not those that they leave, or we might never be done.
        for _ in 0..so_many {
            let call = self.shared.pending.lock().pop_front();
            self.mark_held(); // It is; but if another lock was taken after it, that one is marked.
            if let Some(call) = call {
                call(py);
            }
        }
        let pending = self.shared.pending.lock();
        if pending.is_empty() {
            self.breaker().clear(PENDING);
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Why {
    /// Somebody has asked.
    Asked,
    /// For IO, or native code.
    ForAWhile,
    /// The thread has nothing more to do.
    ForGood,
}

impl Default for Gil {
    fn default() -> Self {
        Self::builder().build()
    }
}

impl fmt::Debug for Gil {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gil").field("is_taken", &self.is_taken()).finish_non_exhaustive()
    }
}

/// One thread's way to a [`Gil`]: CPython's `PyThreadState`.
///
/// ```
/// use step7::{Gil, ThreadState};
///
/// let gil = Gil::default();
/// let mut here: ThreadState = gil.thread();
/// let mut there = gil.thread();
/// std::thread::spawn(move || drop(there.take())).join().unwrap();
/// drop(here.take());
/// assert_eq!(gil.figures().switches, 2);
/// ```
pub struct ThreadState {
    gil: Gil,
    id: u64,
    /// Checks since the lock was taken, for [`Policy::Ticks`].
    ticks: Cell<u32>,
}

impl ThreadState {
    /// Waits for the lock. It is let go when the guard is dropped.
    ///
    /// # Panics
    ///
    /// Panics if this thread holds the lock already, by another state, and has taken no other lock since; and with the panic
    /// of a pending call.
    pub fn take(&mut self) -> GilGuard<'_> {
        // The guard has a state of its own, and so the lock: one that is forgotten keeps it for ever.
        Self { gil: self.gil.clone(), id: self.id, ticks: Cell::new(0) }.hold()
    }

    /// Waits for the lock, for a guard that borrows nothing.
    ///
    /// # Panics
    ///
    /// As [`take`](Self::take).
    #[must_use]
    pub fn hold<'a>(self) -> GilGuard<'a> {
        probe::lock_wanted(self.gil.lane());
        self.gil.take(self.id);
        let guard = GilGuard { thread: self, is_held: true, _borrows: PhantomData, _not_send: PhantomData };
        guard.thread.gil.make_pending_calls(guard.py());
        guard
    }

    /// Returns the lock.
    pub fn gil(&self) -> &Gil {
        &self.gil
    }
}

impl fmt::Debug for ThreadState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ThreadState").field("id", &self.id).finish_non_exhaustive()
    }
}

/// Holds the lock until it is dropped.
///
/// It stays on its thread:
///
/// ```compile_fail,E0277
/// let gil = step7::Gil::default();
/// let mut thread = gil.thread();
/// let guard = thread.take();
/// std::thread::scope(|scope| { scope.spawn(|| drop(guard)); });
/// ```
///
/// And no token outlives it, nor a check in the middle:
///
/// ```compile_fail,E0505
/// let gil = step7::Gil::default();
/// let mut thread = gil.thread();
/// let guard = thread.take();
/// let py = guard.py();
/// drop(guard);
/// let stale = py;
/// ```
///
/// ```compile_fail,E0502
/// let gil = step7::Gil::default();
/// let mut thread = gil.thread();
/// let mut guard = thread.take();
/// let py = guard.py();
/// guard.check();
/// let stale = py;
/// ```
pub struct GilGuard<'a> {
    thread: ThreadState,
    /// False while it has let go; and for good, if it could not take the lock again.
    is_held: bool,
    /// A state that has a guard is not asked for another.
    _borrows: PhantomData<&'a mut ThreadState>,
    _not_send: PhantomData<*const ()>,
}

impl GilGuard<'_> {
    /// Returns the proof that this thread holds the lock.
    ///
    /// # Panics
    ///
    /// Panics if the lock was lost: see [`allow_threads`](Self::allow_threads).
    #[inline]
    #[must_use]
    pub fn py(&self) -> Py<'_> {
        self.assert_held();
        Py { thread: &self.thread }
    }

    #[inline]
    fn assert_held(&self) {
        assert!(self.is_held, "this guard has lost its lock: native code has taken that, and has kept it");
    }

    /// Returns what [`Py::is_due`] does. It is asked so often that it does not look whether the lock is held.
    #[inline]
    pub(crate) fn is_due(&self) -> bool {
        Py { thread: &self.thread }.is_due()
    }

    /// Does what there is to do besides interpreting, if there is anything: makes pending calls, and lets others have the
    /// lock. Returns whether it let go.
    ///
    /// Costs a load and a branch if there is nothing to do.
    #[inline]
    pub fn check(&mut self) -> bool {
        self.is_due() && self.give_way()
    }

    /// Does what a check has found to be due.
    #[cold]
    pub fn give_way(&mut self) -> bool {
        self.thread.gil.make_pending_calls(self.py());
        let is_asked = match self.thread.gil.shared.settings.policy {
            Policy::Interval => self.thread.gil.breaker().get() & DROP_REQUEST != 0,
            Policy::Ticks(limit) => self.thread.ticks.get() >= limit,
        };
        if is_asked {
            self.let_go(Why::Asked, || ());
        }
        is_asked
    }

    /// Lets go of the lock, runs `native`, and takes the lock again: for what blocks, or computes without any object.
    ///
    /// `native` has no token, and cannot have one: all are gone while `self` is borrowed here. (PyO3, whose token is
    /// passed by value, asks for `Send` instead, which a wrapper can pretend.) If it panics, the panic goes on under the
    /// lock.
    ///
    /// # Panics
    ///
    /// Panics with the panic of `native`, and with that of a pending call. Panics if `native` has taken this very lock, and
    /// has kept its guard: that one holds it now, and `self` never does again.
    ///
    /// ```compile_fail,E0502
    /// let gil = step7::Gil::default();
    /// let mut thread = gil.thread();
    /// let mut guard = thread.take();
    /// let py = guard.py();
    /// guard.allow_threads(|| { let stolen = py; });
    /// ```
    ///
    /// ```
    /// let gil = step7::Gil::default();
    /// let mut thread = gil.thread();
    /// let mut guard = thread.take();
    /// let others_could_run = guard.allow_threads(|| !gil.is_taken());
    /// assert!(others_could_run && gil.is_taken());
    /// ```
    pub fn allow_threads<T>(&mut self, native: impl FnOnce() -> T) -> T {
        self.let_go(Why::ForAWhile, native)
    }

    fn let_go<T>(&mut self, why: Why, meanwhile: impl FnOnce() -> T) -> T {
        /// Takes the lock again, also if what runs without it panics (invariant 4).
        struct Again<'g, 'a>(&'g mut GilGuard<'a>, Why);

        impl Drop for Again<'_, '_> {
            fn drop(&mut self) {
                let Self(GilGuard { thread, is_held, .. }, why) = self;
                if *why != Why::Asked {
                    probe::lock_wanted(thread.gil.lane());
                }
                thread.gil.take(thread.id);
                *is_held = true; // Not if that has panicked (invariant 1).
            }
        }

        self.assert_held();
        self.thread.ticks.set(0);
        self.thread.gil.release(self.thread.id, why);
        self.is_held = false;
        let again = Again(self, why);
        let output = meanwhile();
        drop(again); // If that panics, `output` is dropped: it may be the guard that has kept the lock.
        self.thread.gil.make_pending_calls(self.py());
        output
    }
}

impl Drop for GilGuard<'_> {
    fn drop(&mut self) {
        self.thread.ticks.set(0);
        if self.is_held {
            self.thread.gil.release(self.thread.id, Why::ForGood);
        }
    }
}

impl fmt::Debug for GilGuard<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GilGuard").field("thread", &self.thread.id).finish_non_exhaustive()
    }
}

/// Proves that this thread holds a [`Gil`]: whatever needs the lock asks for one.
///
/// It is a reference, free to copy, and stays on its thread. PyO3 calls it `Python<'py>`.
///
/// ```
/// use step7::{Gil, Py};
///
/// fn needs_the_lock(py: Py<'_>) -> bool {
///     py.gil().is_taken()
/// }
///
/// let gil = Gil::default();
/// assert!(needs_the_lock(gil.thread().take().py()));
/// ```
#[derive(Clone, Copy)]
pub struct Py<'g> {
    thread: &'g ThreadState, // Not `Sync`, so this is not `Send`.
}

impl<'g> Py<'g> {
    /// Returns the lock that is held.
    #[must_use]
    pub fn gil(self) -> &'g Gil {
        &self.thread.gil
    }

    /// Returns whether there is something to do besides interpreting: what the interpreter asks at its switch points.
    #[inline]
    #[must_use]
    pub fn is_due(self) -> bool {
        let gil = &self.thread.gil;
        if let Policy::Ticks(limit) = gil.shared.settings.policy {
            self.thread.ticks.set(self.thread.ticks.get() + 1);
            return self.thread.ticks.get() >= limit || gil.breaker().get() != 0;
        }
        gil.breaker().get() != 0
    }
}

impl fmt::Debug for Py<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Py")
    }
}
