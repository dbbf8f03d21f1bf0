//! A park that wakes up for the next deadline.
//!
//! ```text
//!   TimerDriver<P>::park(limit):   sleep in P for min(limit, next deadline - now)
//!                                  turn the wheel to now, and wake what is due, in order of the deadlines
//! ```
//!
//! The futures of this step find the wheel through a thread-local that `Park::enter` sets. So setting a timer
//! takes no lock; and a `Sleep` names its wheel by number only, so that it may move to another thread. If it is dropped
//! *there*, it leaves a note for the wheel's owner, who throws the timer out at its next park.
//!
//! # Invariants
//!
//! 1. A tick is a millisecond. Deadlines round up to ticks and the time rounds down, so a timer is never early, and late
//!    by at most a tick and the time until the next park. Deadlines of one tick count as equal.
//! 2. Neither the wheel nor the thread-local is borrowed while a waker is called, cloned or dropped: foreign code may set
//!    timers, drop sleeps, and run drivers of its own.
//! 3. A waker that panics takes nothing with it: the others are woken, and the park returns.
//! 4. A deadline more than a tick after the last reading of a real clock counts as still to come, without another reading.
//!    If it has passed all the same, since the thread has computed for so long, its timer fires at the next park.
//! 5. A manual clock does not move while there is a [`Hold`]. Whoever lets go of one has woken first whom it worked for, so
//!    the driver looks at the holds before it looks for wakes.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::future::Future;
use std::io;
use std::num::NonZeroU64;
use std::rc::Rc;
use std::sync::atomic::{
    AtomicU64,
    Ordering::{Acquire, Relaxed, Release},
};
use std::sync::{Arc, Mutex};
use std::task::Waker;
use std::time::Duration;

use step2::{Entered, Park, ThreadPark, contain, drive, wake_quietly};
use timeline::probe;

use crate::clock::nanos;
use crate::sync::{AtomicUsize, thread_local};
use crate::{Clock, Key, ManualClock, Wheel};

const NANOS_PER_TICK: u64 = 1_000_000;
/// As far ahead as the wheel is asked to look. What is due later is set again when this has passed; so of two such that one jump of
/// the clock passes, the one set first fires first.
const FARTHEST_TICKS: u64 = Wheel::<Waker>::RANGE - 1;
/// The last whole tick that a clock of 64 bits can show, in nanoseconds. What is due later is never due.
pub(crate) const LAST_TICK: u64 = u64::MAX / NANOS_PER_TICK * NANOS_PER_TICK;

/// Runs `future` to completion on this thread; it may use the timers of this step.
///
/// ```
/// use std::time::Duration;
///
/// step3::block_on(step3::sleep(Duration::from_millis(1)));
/// ```
pub fn block_on<F: Future>(future: F) -> F::Output {
    drive(&mut TimerDriver::new(ThreadPark::new(), Clock::real()), future).expect("a thread can always park")
}

/// Returns the time on the clock of this thread's current driver, since that clock began.
///
/// # Panics
///
/// Panics outside of a driver, as [`sleep`](crate::sleep()) does.
#[must_use]
pub fn now() -> Duration {
    Duration::from_nanos(current().now())
}

/// Returns the time on the clock of this thread's current driver, or `None` if there is no driver.
#[must_use]
pub fn try_now() -> Option<Duration> {
    CURRENT.with_borrow(|current| current.as_ref().map(|timers| timers.clock.now()))
}

/// Returns how many timers are set with this thread's current driver, or `None` if there is no driver.
///
/// As [`TimerDriver::timers`], from inside.
///
/// ```
/// use std::time::Duration;
/// use step3::{block_on, sleep, timeout, timers};
///
/// assert_eq!(timers(), None);
/// block_on(async {
///     let nested = timeout(Duration::from_secs(3600), async {
///         sleep(Duration::from_millis(1)).await;
///         timers() // The limit's own; the sleep's has fired.
///     });
///     assert_eq!(nested.await, Ok(Some(1)));
///     assert_eq!(timers(), Some(0));
/// });
/// ```
#[must_use]
pub fn timers() -> Option<usize> {
    CURRENT.with_borrow(|current| current.as_ref().map(|timers| timers.wheel.borrow().len()))
}

/// Keeps the current driver's manual clock still until it is dropped; does nothing if the clock is real, or there is none.
///
/// For work on other threads, whose end a manual clock would otherwise jump over: while it is held, the driver sleeps until
/// somebody wakes it, as if no deadline was set. Send it along with the work, and drop it *after* the wake that tells
/// of the work's end. `step4::unblock` does so.
///
/// ```
/// use std::time::Duration;
/// use step2::{ThreadPark, drive, oneshot};
/// use step3::{Clock, ManualClock, TimerDriver, hold, timeout};
///
/// let clock = Clock::from(&ManualClock::new());
/// let job_in_time = async {
///     let (sender, receiver) = oneshot();
///     let hold = hold();
///     std::thread::spawn(move || {
///         std::thread::sleep(Duration::from_millis(5)); // Work, of which the clock knows nothing.
///         sender.send("done").unwrap();
///         drop(hold);
///     });
///     timeout(Duration::from_millis(1), receiver).await
/// };
/// let outcome = drive(&mut TimerDriver::new(ThreadPark::new(), clock), job_in_time)?;
/// assert_eq!(outcome, Ok(Ok("done")));
/// # std::io::Result::Ok(())
/// ```
pub fn hold() -> Hold {
    let timers = CURRENT.with_borrow(Option::clone).filter(|timers| timers.clock.as_manual().is_some());
    Hold {
        held: timers.map(|timers| {
            timers.holds.fetch_add(1, Relaxed);
            (Arc::clone(&timers.holds), timers.waker.clone())
        }),
    }
}

/// Keeps a manual clock still while it lives: made by [`hold`].
///
/// ```
/// let hold: step3::Hold = step3::hold(); // There is no driver here: nothing to keep still.
/// drop(hold);
/// ```
#[must_use = "the clock is held only while this lives"]
#[derive(Debug)]
pub struct Hold {
    /// The driver's count of holds, and the waker of its sleep.
    held: Option<(Arc<AtomicUsize>, Waker)>,
}

impl Hold {
    /// Returns whether there is a manual clock that it keeps still.
    #[must_use]
    pub fn is_effective(&self) -> bool {
        self.held.is_some()
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        if let Some((holds, waker)) = self.held.take() {
            // Release: the driver that sees this count sees the wakes before it, too (invariant 5).
            holds.fetch_sub(1, Release);
            wake_quietly(waker); // Nobody else may be left to wake it.
        }
    }
}

/// Wakes up for the next deadline, and sleeps in `P` until then.
///
/// ```
/// use std::time::Duration;
/// use step2::{ThreadPark, drive, join};
/// use step3::{Clock, TimerDriver, sleep};
///
/// let mut driver = TimerDriver::new(ThreadPark::new(), Clock::real());
/// let begin = std::time::Instant::now();
/// drive(&mut driver, join(sleep(Duration::from_millis(20)), sleep(Duration::from_millis(30))))?;
/// assert!(begin.elapsed() >= Duration::from_millis(30)); // Both at once: 30 ms, not 50.
/// # std::io::Result::Ok(())
/// ```
#[derive(Debug)]
pub struct TimerDriver<P> {
    park: P,
    timers: Rc<Timers>,
}

impl<P: Park> TimerDriver<P> {
    /// Puts timers on top of `park`, which tell the time by `clock`.
    #[must_use]
    pub fn new(park: P, clock: Clock) -> Self {
        let timers = Rc::new(Timers::new(clock, park.waker()));
        Self { park, timers }
    }

    /// Returns how many timers are set. Those whose `Sleep` was dropped where this driver is not current count until its
    /// next park.
    #[must_use]
    pub fn timers(&self) -> usize {
        self.timers.wheel.borrow().len()
    }

    /// Returns the park below.
    pub fn inner(&self) -> &P {
        &self.park
    }
}

impl<P: Park> Park for TimerDriver<P> {
    fn waker(&self) -> Waker {
        self.park.waker()
    }

    fn park(&mut self, limit: Option<Duration>) -> io::Result<bool> {
        self.timers.throw_out_dropped_elsewhere();
        let until_next = self.timers.until_next();
        let sleep = match (limit, until_next) {
            (Some(limit), Some(next)) => Some(limit.min(next)),
            (limit, next) => limit.or(next),
        };
        let woken = match self.timers.clock.as_manual() {
            None => self.park.park(sleep)?,
            Some(manual) => park_manually(&mut self.park, manual, &self.timers.holds, sleep)?,
        };
        Ok(self.timers.fire() | woken)
    }

    fn enter(&self) -> Entered {
        let below = self.park.enter();
        let before = CURRENT.replace(Some(Rc::clone(&self.timers)));
        Entered::new(move || {
            // The thread-local is free again when the timers are dropped, if they are: their wakers are foreign code.
            drop(CURRENT.replace(before));
            drop(below);
        })
    }
}

/// Moves a manual clock by `sleep`, unless somebody can run, or has a hold; without a deadline, sleeps in earnest.
fn park_manually(
    park: &mut impl Park,
    clock: &ManualClock,
    holds: &AtomicUsize,
    sleep: Option<Duration>,
) -> io::Result<bool> {
    if holds.load(Acquire) > 0 {
        // Not recorded: how often this thread sleeps meanwhile is a race with others, and takes no time on the clock.
        // What is due already fires all the same: no time has to pass for that.
        return timeline::unrecorded(|| park.park(sleep.filter(Duration::is_zero)));
    }
    // Whoever was woken goes on first, and takes no time: a real clock would not have moved either.
    if park.park(Some(Duration::ZERO))? {
        return Ok(true);
    }
    match sleep {
        None => park.park(None),
        Some(sleep) => {
            if !sleep.is_zero() {
                probe::parked(Some(sleep));
                clock.advance(sleep);
                probe::unparked();
            }
            Ok(false)
        }
    }
}

thread_local! {
    static CURRENT: RefCell<Option<Rc<Timers>>> = const { RefCell::new(None) };
}

/// Returns the timers of this thread's current driver: shared, not borrowed (invariant 2).
pub(crate) fn current() -> Rc<Timers> {
    CURRENT.with_borrow(Option::clone).unwrap_or_else(|| {
        panic!(
            "no timer driver on this thread: await sleeps, timeouts and intervals inside `step3::block_on`, \
             `step4::run` or a task of a `ThreadPool`"
        )
    })
}

/// Names one timer of one wheel.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Registration {
    wheel: NonZeroU64,
    key: Key,
}

/// The wheel of one driver, with its clock.
#[derive(Debug)]
pub(crate) struct Timers {
    /// Not zero, so that a `Sleep` can say in the same place that it has no timer.
    id: NonZeroU64,
    clock: Clock,
    /// What the clock showed when it was last read, in nanoseconds.
    last_reading: Cell<u64>,
    /// What was due by this time, in nanoseconds, has fired. Nothing is set for a time that was read before.
    fired_until: Cell<u64>,
    /// Ends the driver's sleep.
    waker: Waker,
    /// How many [`Hold`]s there are.
    holds: Arc<AtomicUsize>,
    wheel: RefCell<Wheel<Waker>>,
}

impl Timers {
    fn new(clock: Clock, waker: Waker) -> Self {
        static NEXT_ID: AtomicU64 = AtomicU64::new(1);
        let id = NonZeroU64::new(NEXT_ID.fetch_add(1, Relaxed))
            .expect("64 bits of drivers take centuries to make");
        dropped_elsewhere().insert(id, Vec::new());
        let mut wheel = Wheel::new();
        let now = nanos(clock.now());
        // The wheel begins at tick zero, and is empty: turning it to the present costs nothing.
        assert!(wheel.pop(now / NANOS_PER_TICK).is_none());
        Self {
            id,
            clock,
            last_reading: Cell::new(now),
            fired_until: Cell::new(0),
            waker,
            holds: Arc::default(),
            wheel: RefCell::new(wheel),
        }
    }

    /// Returns the time in nanoseconds.
    pub(crate) fn now(&self) -> u64 {
        let now = nanos(self.clock.now());
        self.last_reading.set(now);
        now
    }

    /// Says whether `deadline` has passed. Reads a real clock only if it may just have (invariant 4).
    pub(crate) fn has_passed(&self, deadline: u64) -> bool {
        let last_reading = self.last_reading.get();
        let is_far =
            deadline.saturating_sub(last_reading) > NANOS_PER_TICK && self.clock.as_manual().is_none();
        deadline <= last_reading || !is_far && deadline <= self.now()
    }

    /// Says whether a timer set for `deadline` has fired for sure. Its entry is not looked at: of many that fire together,
    /// most have left the processor's cache by the time their sleeps are polled.
    pub(crate) fn has_fired(&self, timer: Registration, deadline: u64) -> bool {
        timer.wheel == self.id && deadline <= self.fired_until.get()
    }

    /// Sets a timer, for no later than [`LAST_TICK`]. Takes O(1).
    pub(crate) fn set(&self, deadline: u64, waker: Waker) -> Registration {
        let mut wheel = self.wheel.borrow_mut();
        let tick = deadline.div_ceil(NANOS_PER_TICK).min(wheel.now() + FARTHEST_TICKS);
        let key = wheel.insert(tick, waker).expect("within the wheel's range");
        probe::timer_set(key.bits(), Duration::from_nanos(deadline.saturating_sub(self.now_if_recorded())));
        Registration { wheel: self.id, key }
    }

    /// Returns the time, but reads the clock only if somebody will look at it.
    fn now_if_recorded(&self) -> u64 {
        if timeline::is_on() { self.now() } else { 0 }
    }

    /// Replaces the waker of a timer that is still set. Returns false if it has fired, or is another wheel's.
    pub(crate) fn renew(&self, timer: Registration, waker: &Waker) -> bool {
        if timer.wheel != self.id {
            return false;
        }
        let known = match self.wheel.borrow_mut().get_mut(timer.key) {
            None => return false,
            Some(known) => known.will_wake(waker),
        };
        if !known {
            let newer = waker.clone();
            let older = self.wheel.borrow_mut().get_mut(timer.key).map(|slot| std::mem::replace(slot, newer));
            drop(older);
        }
        true
    }

    /// Returns how long to sleep until the next deadline, if there is one.
    fn until_next(&self) -> Option<Duration> {
        let next = self.wheel.borrow().next()?;
        Some(Duration::from_nanos((next * NANOS_PER_TICK).saturating_sub(self.now())))
    }

    /// Wakes all that is due. Returns whether anything was.
    fn fire(&self) -> bool {
        if self.wheel.borrow().is_empty() {
            return false;
        }
        let tick = self.now() / NANOS_PER_TICK;
        let mut fired = false;
        loop {
            let due = self.wheel.borrow_mut().pop(tick);
            let Some((key, waker)) = due else { break };
            fired = true;
            probe::timer_fired(key.bits());
            wake_quietly(waker);
        }
        self.fired_until.set(tick * NANOS_PER_TICK);
        fired
    }

    fn throw_out_dropped_elsewhere(&self) {
        if WAITING.load(Relaxed) == 0 {
            return;
        }
        let keys = dropped_elsewhere().get_mut(&self.id).map(std::mem::take).unwrap_or_default();
        WAITING.fetch_sub(keys.len(), Relaxed);
        for key in keys {
            let waker = self.wheel.borrow_mut().remove(key);
            contain(|| drop(waker)); // Only now: the wheel is not borrowed any more (invariant 2).
        }
    }
}

impl Drop for Timers {
    fn drop(&mut self) {
        let keys = dropped_elsewhere().remove(&self.id).unwrap_or_default();
        WAITING.fetch_sub(keys.len(), Relaxed);
        // Whoever sleeps on looks again, and sets its timer with the driver that it finds then.
        let mut wheel = std::mem::take(self.wheel.get_mut());
        while let Some((_key, waker)) = wheel.pop(u64::MAX) {
            wake_quietly(waker);
        }
    }
}

/// Takes a timer out of its wheel: at once if that is this thread's, else at its owner's next park. Takes O(1).
pub(crate) fn cancel(timer: Registration) {
    let removed = CURRENT.try_with(|current| match &*current.borrow() {
        Some(timers) if timers.id == timer.wheel => Some(timers.wheel.borrow_mut().remove(timer.key)),
        _ => None,
    });
    if let Ok(Some(fired_or_removed)) = removed {
        if fired_or_removed.is_some() {
            probe::timer_dropped(timer.key.bits());
        }
    } else if let Some(keys) = dropped_elsewhere().get_mut(&timer.wheel) {
        keys.push(timer.key);
        WAITING.fetch_add(1, Relaxed);
    }
}

/// Timers whose `Sleep` was dropped on another thread than their wheel's, by wheel; a wheel that is gone has no list.
static DROPPED_ELSEWHERE: Mutex<BTreeMap<NonZeroU64, Vec<Key>>> = Mutex::new(BTreeMap::new());
/// How many keys stand in those lists: only a hint, which saves the lock.
static WAITING: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(0);

fn dropped_elsewhere() -> std::sync::MutexGuard<'static, BTreeMap<NonZeroU64, Vec<Key>>> {
    DROPPED_ELSEWHERE.lock().expect("nothing panics under this lock")
}
