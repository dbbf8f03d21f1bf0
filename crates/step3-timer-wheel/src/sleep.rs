//! Waiting for time to pass.
//!
//! ```text
//!   After(d) ─┐ first poll                    ┌─ due already: yield once ─▶ Yielded ─▶ Ready
//!   Until(t) ─┴─────────────▶ read the clock ─┤
//!                                             ├─ set a timer ─▶ Set ─ fired ─▶ Ready
//!                                             │                 └─ dropped: the timer is taken out
//!                                             └─ due after the clock's end ─▶ Never
//! ```
//!
//! # Invariants
//!
//! 1. `sleep(d)` counts from the first poll, not from the call: a future is inert until then, like a coroutine.
//! 2. What is due at once is pending exactly once, so that `sleep(ZERO)` is a turn for everyone else.
//! 3. While it is Set, the latest waker is in the wheel. In every other state, nothing is.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use Unset::{After, Done, Never, Until, Yielded};

use crate::clock::nanos;
use crate::driver::{LAST_TICK, Registration, Timers, cancel, current};

/// Waits for `time` to pass, counted from the first poll.
///
/// Never returns early, and late by at most a millisecond and the time until the loop's next turn. `Duration::ZERO`
/// lets everyone else have a turn; `Duration::MAX` waits for ever, as does whatever ends when a clock of 64 bits has
/// run out, after 584 years. Setting, polling and cancelling take O(1), however many others sleep. Dropping it cancels
/// it, and leaves nothing behind.
///
/// # Panics
///
/// Panics when polled outside of a timer driver: await it inside [`block_on`](crate::block_on()), `step4::run` or a task
/// of a `ThreadPool`.
///
/// ```
/// use std::time::Duration;
///
/// step3::block_on(async {
///     step3::sleep(Duration::from_millis(2)).await;
/// });
/// ```
pub fn sleep(time: Duration) -> Sleep {
    Sleep { state: State::Unset(After(nanos(time))) }
}

/// Waits until the driver's clock shows `deadline` (see [`now`](crate::now)); yields once if that has passed.
///
/// In all else as [`sleep`].
pub fn sleep_until(deadline: Duration) -> Sleep {
    Sleep { state: State::Unset(until(deadline)) }
}

/// Waits for a while or for a moment: the future of [`sleep`] and [`sleep_until`].
///
/// It may move to another thread between two polls, and be reset at any time.
///
/// ```
/// use std::time::Duration;
/// use step3::{Sleep, now, sleep};
///
/// step3::block_on(async {
///     let mut nap: Sleep = sleep(Duration::from_secs(3600));
///     nap.reset(now() + Duration::from_millis(1));
///     nap.await;
/// });
/// ```
#[must_use = "a future does nothing until it is polled"]
#[derive(Debug)]
pub struct Sleep {
    state: State,
}

/// The states without a timer are an enum of their own, as that takes less room: a registration holds a number that is
/// never zero, so zero can mean that there is none.
#[derive(Debug)]
enum State {
    Set { deadline: u64, timer: Registration },
    Unset(Unset),
}

#[derive(Clone, Copy, Debug)]
enum Unset {
    After(u64),
    Until(u64),
    Yielded,
    Never,
    Done,
}

/// A moment that no clock can show is no moment: a clock that stands at its end has not come there.
fn until(deadline: Duration) -> Unset {
    u64::try_from(deadline.as_nanos()).map_or(Never, Until)
}

impl Sleep {
    /// Makes it wait until `deadline` instead, whatever it did before. Takes O(1).
    ///
    /// Poll it after that: the old timer is gone, and the new one is set at the next poll.
    pub fn reset(&mut self, deadline: Duration) {
        self.disarm(until(deadline));
    }

    /// Goes to `next`, and takes the timer out of the wheel if there is one.
    fn disarm(&mut self, next: Unset) {
        if let State::Set { timer, .. } = self.state {
            self.state = State::Unset(next);
            cancel(timer);
        } else {
            self.state = State::Unset(next);
        }
    }

    /// Sets the timer, or yields if the deadline has passed.
    fn arm(&mut self, timers: &Timers, deadline: u64, has_passed: bool, cx: &Context<'_>) {
        if has_passed {
            self.state = State::Unset(Yielded);
            cx.waker().wake_by_ref();
        } else if deadline > LAST_TICK {
            self.state = State::Unset(Never);
        } else {
            let waker = cx.waker().clone();
            self.state = State::Set { deadline, timer: timers.set(deadline, waker) };
        }
    }
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        match self.state {
            State::Set { deadline, timer } => {
                let timers = current();
                if timers.has_fired(timer, deadline) {
                    self.state = State::Unset(Done);
                    return Poll::Ready(());
                }
                if !timers.renew(timer, cx.waker()) {
                    // It fires in this turn, or we are on another thread now, or the deadline is beyond the wheel's range.
                    if timers.has_passed(deadline) {
                        self.disarm(Done);
                        return Poll::Ready(());
                    }
                    self.disarm(Until(deadline));
                    self.arm(&timers, deadline, false, cx);
                }
            }
            State::Unset(After(time)) => {
                let timers = current();
                self.arm(&timers, timers.now().saturating_add(time), time == 0, cx);
            }
            State::Unset(Until(deadline)) => {
                let timers = current();
                self.arm(&timers, deadline, timers.has_passed(deadline), cx);
            }
            State::Unset(Never) => {}
            State::Unset(Yielded) => {
                self.state = State::Unset(Done);
                return Poll::Ready(());
            }
            State::Unset(Done) => {
                panic!("`Sleep` was polled after it had returned Ready; `reset` makes it wait again")
            }
        }
        Poll::Pending
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        self.disarm(Done);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sleep_takes_24_bytes() {
        assert_eq!(size_of::<Sleep>(), 24);
    }
}
