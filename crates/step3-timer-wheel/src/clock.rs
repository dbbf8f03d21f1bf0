//! What time it is, or what we say it is.
//!
//! Everything that sleeps takes its time from here. Times are durations since the clock began, so that they add and
//! compare without surprises. All real clocks of a process begin together: a deadline means the same on every thread.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

/// Tells the time: the system's monotonic one, or a manual one.
///
/// Reading a real clock costs some 20 ns, a manual one 1 ns.
///
/// ```
/// use std::time::Duration;
/// use step3::{Clock, ManualClock};
///
/// let manual = ManualClock::new();
/// let clock = Clock::from(&manual);
/// manual.advance(Duration::from_secs(3600));
/// assert_eq!(clock.now(), Duration::from_secs(3600));
/// assert!(Clock::real().now() <= Clock::real().now());
/// ```
#[derive(Clone, Debug)]
pub struct Clock(Kind);

#[derive(Clone, Debug)]
enum Kind {
    Real(Instant),
    Manual(ManualClock),
}

impl Clock {
    /// Makes a clock that follows the system's monotonic one.
    #[must_use]
    pub fn real() -> Self {
        static BEGIN: OnceLock<Instant> = OnceLock::new();
        Self(Kind::Real(*BEGIN.get_or_init(Instant::now)))
    }

    /// Returns the time since the clock began.
    #[must_use]
    pub fn now(&self) -> Duration {
        match &self.0 {
            Kind::Real(begin) => begin.elapsed(),
            Kind::Manual(manual) => manual.now(),
        }
    }

    /// Returns the manual clock behind this one, if it is manual.
    pub(crate) fn as_manual(&self) -> Option<&ManualClock> {
        match &self.0 {
            Kind::Real(_) => None,
            Kind::Manual(manual) => Some(manual),
        }
    }
}

impl From<&ManualClock> for Clock {
    fn from(manual: &ManualClock) -> Self {
        Self(Kind::Manual(manual.clone()))
    }
}

/// Stands still until someone moves it: a clock for tests and demonstrations.
///
/// [`advance`](Self::advance) moves it, as if a computation had taken that long. A [`TimerDriver`](crate::TimerDriver)
/// that would sleep until its next deadline moves it there instead: hours pass in microseconds, in the same order.
/// Clones share one time. Work on other threads takes no time on it, and is waited for if it comes with a
/// [`hold`](crate::hold()), as blocking jobs do. Of sockets it does not know: a `timeout` around those is best tried with a
/// real clock.
///
/// ```
/// use std::time::Duration;
/// use step2::{ThreadPark, drive};
/// use step3::{Clock, ManualClock, TimerDriver, sleep};
///
/// let clock = ManualClock::new();
/// let mut driver = TimerDriver::new(ThreadPark::new(), Clock::from(&clock));
/// drive(&mut driver, sleep(Duration::from_secs(24 * 3600)))?;
/// assert_eq!(clock.now(), Duration::from_secs(24 * 3600));
/// # std::io::Result::Ok(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct ManualClock {
    // Relaxed everywhere: the number is all there is, nothing else is published through it.
    nanos: Arc<AtomicU64>,
}

impl ManualClock {
    /// Makes a clock that stands at zero.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Returns the time since zero.
    #[must_use]
    pub fn now(&self) -> Duration {
        Duration::from_nanos(self.nanos.load(Relaxed))
    }

    /// Moves the clock on by `step`. It stops at its end, 584 years after zero.
    pub fn advance(&self, step: Duration) {
        let step = nanos(step);
        self.nanos.fetch_update(Relaxed, Relaxed, |now| Some(now.saturating_add(step))).ok();
    }
}

/// Counts the nanoseconds, up to the 584 years that 64 bits hold.
pub(crate) fn nanos(time: Duration) -> u64 {
    time.as_nanos().try_into().unwrap_or(u64::MAX)
}
