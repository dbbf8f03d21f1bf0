//! Step 3: timers. A thousand sleeps on one thread, without looking at any of them until it is due.
//!
//! Step 2 could wait for another thread. Now we wait for *time*: the thread parks no longer than until the next
//! deadline, and a [`Wheel`] knows which one that is, and sets and cancels a timer in the same few steps however many
//! there are.
//!
//! ```text
//!   sleep(d).await          ──▶ set (deadline, waker) ──▶ ┌───────┐
//!   TimerDriver::park(None) ──▶ how long may I sleep? ──▶ │ Wheel │
//!                           ◀── the wakers that are due ─ └───────┘
//!          └─▶ the park below (step 2's ThreadPark): sleeps that long, or until a wake
//! ```
//!
//! Read the modules in this order:
//!
//! 1. [`clock`]: what time it is, or what we say it is.
//! 2. [`entries`], [`wheel`]: the data structure, without clocks, threads or locks.
//! 3. [`driver`]: a park that wakes up in time.
//! 4. [`mod@sleep`], [`mod@timeout`], [`mod@interval`]: the futures.
//!
//! # New in this step
//!
//! | name | what it is |
//! |---|---|
//! | [`Clock`] | what time it is: the system's, or a manual one |
//! | [`ManualClock`] | a clock that moves when it is told to, or when there is nothing else to do |
//! | [`Wheel`] | many timers, each set and cancelled in O(1) |
//! | [`Key`] | names one timer in a wheel |
//! | [`TooFar`] | the error of a deadline beyond the wheel's range |
//! | [`TimerDriver`] | a park that wakes up for the next deadline |
//! | [`block_on`] | drives one future that may sleep |
//! | [`now`] | the time on the current driver's clock |
//! | [`try_now`] | the same, if there is a driver |
//! | [`timers`] | how many timers are set with that driver |
//! | [`hold`](hold()) | keeps a manual clock still while others work |
//! | [`Hold`] | what it returns |
//! | [`sleep`](sleep()) | waits for a while |
//! | [`sleep_until`] | waits for a moment |
//! | [`Sleep`] | the future of both |
//! | [`timeout`](timeout()) | gives a future a time limit |
//! | [`Timeout`] | the future of that |
//! | [`Elapsed`] | the error when the limit came first |
//! | [`interval`](interval()) | ticks at a steady pace |
//! | [`Interval`] | the ticks |
//! | [`MissedTicks`] | what to do when they come too late |

mod sync;

pub mod clock;

pub mod entries;

pub mod wheel;

pub mod driver;

pub mod sleep;

pub mod timeout;

pub mod interval;

pub use clock::{Clock, ManualClock};
pub use driver::{Hold, TimerDriver, block_on, hold, now, timers, try_now};
pub use interval::{Interval, MissedTicks, interval};
pub use sleep::{Sleep, sleep, sleep_until};
pub use timeout::{Elapsed, Timeout, timeout};
pub use wheel::{Key, TooFar, Wheel};

/// The chapter's own examples, run as tests.
#[cfg(doctest)]
#[doc = include_str!("../../../chapters/03-timer-wheel.md")]
struct Chapter;
