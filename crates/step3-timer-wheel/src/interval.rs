//! Ticks at a steady pace.
//!
//! # Invariants
//!
//! 1. The first tick comes one period after the first poll; each later one is planned from the *plan*, not from when the
//!    last one was taken, so that lateness does not add up.
//! 2. A `tick` dropped half-way loses nothing: the next one waits for the same moment.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use crate::clock::nanos;
use crate::{Sleep, now, sleep_until};

/// Says what an interval does when ticks were missed, because nobody took them in time.
///
/// With a period of 10 and the ticks 10 and 20 missed, at time 25 (the tick of 10 is taken at once in any case):
///
/// | policy | the next ticks |
/// |---|---|
/// | `Burst` | 25 (for 20), 30, 40: none is left out |
/// | `Delay` | 35, 45: the plan starts anew |
/// | `Skip` | 30, 40: those missed are left out |
///
/// ```
/// use std::time::Duration;
/// use step3::{MissedTicks, interval};
///
/// let _ticks = interval(Duration::from_secs(1)).missed_ticks(MissedTicks::Skip);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MissedTicks {
    /// Makes up for them, one after the other, without waiting.
    #[default]
    Burst,
    /// Counts the period from now.
    Delay,
    /// Goes on with the next planned tick that is still to come.
    Skip,
}

/// Ticks every `period`, for the first time one period after the first poll.
///
/// # Panics
///
/// Panics if `period` is zero.
///
/// ```
/// use std::time::Duration;
///
/// step3::block_on(async {
///     let mut ticks = step3::interval(Duration::from_millis(2));
///     let first = ticks.tick().await;
///     let second = ticks.tick().await;
///     assert_eq!(second - first, Duration::from_millis(2)); // The planned times; the real ones are a little later.
/// });
/// ```
#[must_use]
pub fn interval(period: Duration) -> Interval {
    assert!(!period.is_zero(), "an interval needs a period longer than zero");
    Interval { period, policy: MissedTicks::default(), plan: None }
}

/// Ticks at a steady pace: made by [`interval`].
///
/// ```
/// use std::time::Duration;
/// use step3::{Interval, interval, timeout};
///
/// step3::block_on(async {
///     let mut ticks: Interval = interval(Duration::from_millis(5));
///     assert!(timeout(Duration::from_millis(1), ticks.tick()).await.is_err(), "too early");
///     ticks.tick().await; // The same tick: giving up on it has not lost it.
/// });
/// ```
#[derive(Debug)]
pub struct Interval {
    period: Duration,
    policy: MissedTicks,
    /// The next planned tick, with the sleep that waits for it; none before the first poll.
    plan: Option<(Duration, Sleep)>,
}

impl Interval {
    /// Sets what happens to missed ticks.
    #[must_use]
    pub fn missed_ticks(mut self, policy: MissedTicks) -> Self {
        self.policy = policy;
        self
    }

    /// Waits for the next tick, and returns the time for which it was planned.
    ///
    /// Dropping the returned future loses no tick.
    pub async fn tick(&mut self) -> Duration {
        poll_fn(|cx| self.poll_tick(cx)).await
    }

    /// Polls for the next tick.
    pub fn poll_tick(&mut self, cx: &mut Context<'_>) -> Poll<Duration> {
        let (planned, sleep) = self.plan.get_or_insert_with(|| {
            let first = now().saturating_add(self.period);
            (first, sleep_until(first))
        });
        ready!(Pin::new(sleep).poll(cx));
        let planned = *planned;
        let next = self.after(planned, now());
        self.plan = Some((next, sleep_until(next)));
        Poll::Ready(planned)
    }

    /// Plans the tick after the one planned for `last`, which is taken at `now`.
    fn after(&self, last: Duration, now: Duration) -> Duration {
        let next = last.saturating_add(self.period);
        if next > now {
            return next;
        }
        match self.policy {
            MissedTicks::Burst => next,
            MissedTicks::Delay => now.saturating_add(self.period),
            MissedTicks::Skip => {
                let since_planned = Duration::from_nanos(nanos(now - last) % nanos(self.period));
                now.saturating_add(self.period - since_planned)
            }
        }
    }
}
