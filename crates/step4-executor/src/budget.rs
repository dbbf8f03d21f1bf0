//! A budget against hogs: how much a task may get done in one poll.
//!
//! A future that awaits only what is ready at once never returns `Pending`, and so never gives way: a peer that sends
//! faster than we read would have the thread to itself. So whatever may be ready again and again (sockets, join handles,
//! later channels) spends one unit a time; when all are spent, it is pending once although it could go on, and asks to be
//! polled again. Everyone else has a turn in between.
//!
//! # Source
//!
//! Lerche, *Reducing tail latencies with automatic cooperative task yielding*, 2020 (tokio).

use std::cell::Cell;
use std::task::{Context, Poll};

use crate::sync::thread_local;

/// Enough for a batch of messages, and some microseconds of work.
const UNITS_PER_POLL: i32 = 128;
/// Who goes on after so many refusals has no executor that would fill the budget up, such as a `block_on`.
const REFUSALS: i32 = 32;

thread_local! {
    /// How many units are left; below zero, how many were refused since.
    static LEFT: Cell<i32> = const { Cell::new(UNITS_PER_POLL) };
}

/// Spends one unit. Ready: go on. Pending: the budget is used up, and the task will be polled again.
///
/// Call it before the work, in every `poll` that a task could find ready without end.
///
/// ```
/// use std::task::Poll;
///
/// // Ready each time, but not a hog: other tasks run in between.
/// step4::run(async {
///     for _ in 0..10_000 {
///         std::future::poll_fn(|cx| step4::budget::spend(cx)).await;
///     }
/// });
/// ```
pub fn spend(cx: &Context<'_>) -> Poll<()> {
    let left = LEFT.get();
    LEFT.set(if left > -REFUSALS { left - 1 } else { UNITS_PER_POLL });
    if left > 0 {
        return Poll::Ready(());
    }
    cx.waker().wake_by_ref();
    Poll::Pending
}

/// Returns whether something was refused in this poll, so that it is time to give way.
pub(crate) fn is_used_up() -> bool {
    LEFT.get() < 0
}

/// Fills the budget up, before a poll.
pub(crate) fn refill() {
    LEFT.set(UNITS_PER_POLL);
}
