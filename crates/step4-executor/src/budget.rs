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
use std::task::{Context, Poll, ready};

/// Enough for a batch of messages, and some microseconds of work.
const UNITS_PER_POLL: u32 = 128;

thread_local! {
    static LEFT: Cell<u32> = const { Cell::new(UNITS_PER_POLL) };
    static TIMES_USED_UP: Cell<u32> = const { Cell::new(0) };
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
    if left == 0 {
        // Full again at once: who drives futures without an executor has nobody to refill it.
        refill();
        TIMES_USED_UP.set(TIMES_USED_UP.get().wrapping_add(1));
        cx.waker().wake_by_ref();
        return Poll::Pending;
    }
    LEFT.set(left - 1);
    Poll::Ready(())
}

/// Spends one unit, and does `work` if there was one.
pub(crate) fn spend_on<T>(cx: &mut Context<'_>, work: impl FnOnce(&mut Context<'_>) -> Poll<T>) -> Poll<T> {
    ready!(spend(cx));
    work(cx)
}

/// Returns how often this thread's budget was used up: if that has changed, it is time to give way.
///
/// For those who poll many futures in a row. Each would get on with a full budget after the one that used it up.
pub(crate) fn times_used_up() -> u32 {
    TIMES_USED_UP.get()
}

/// Fills the budget up, before a poll.
pub(crate) fn refill() {
    LEFT.set(UNITS_PER_POLL);
}
