//! Probes: what a runtime calls at the moments that matter.
//!
//! ```text
//!  a task      spawned -> poll_begin -> poll_end(pending) -> woken -> poll_begin -> poll_end(ready)
//!  a thread    parked -> unparked
//!  a timer     timer_set -> timer_fired | timer_dropped
//!  a lock      lock_wanted -> lock_taken -> lock_released
//! ```
//!
//! While nobody records, each costs one relaxed load and a branch that is never taken; the rest is out of line. Things
//! are named by a key, such as their address. A key may be used again: [`spawned`] and [`timer_set`] say that this is a
//! new one.
//!
//! ```
//! use timeline::probe;
//!
//! let ((), timeline) = timeline::record(|| {
//!     probe::spawned(0xbeef, "app::fetch::{{closure}}");
//!     probe::poll_begin(0xbeef);
//!     probe::poll_end(0xbeef, true);
//! });
//! assert_eq!(timeline.polls("fetch"), 1);
//! ```

use std::time::Duration;

use crate::{Kind, is_on, recorder::Log, recorder::emit};

/// Tells that a task was made. `name` is its future's [`type_name`](std::any::type_name), which is made short.
#[inline]
pub fn spawned(task: usize, name: &'static str) {
    if is_on() {
        cold(|log| Kind::Spawned { task: log.new_task(task, name) });
    }
}

/// Tells that this thread is about to poll a task. What happens until [`poll_end`] happens inside that task.
#[inline]
pub fn poll_begin(task: usize) {
    if is_on() {
        cold(|log| Kind::PollBegin { task: log.task(task) });
    }
}

/// Tells that the poll is over, and whether the task is.
#[inline]
pub fn poll_end(task: usize, ready: bool) {
    if is_on() {
        cold(|log| Kind::PollEnd { task: log.task(task), ready });
    }
}

/// Tells that a task's waker was called. Who called it is where the event happens: this thread, and the task it polls.
#[inline]
pub fn woken(task: usize) {
    if is_on() {
        cold(|log| Kind::Woken { task: log.task(task) });
    }
}

/// Tells that a task was cancelled: its future is gone.
#[inline]
pub fn cancelled(task: usize) {
    if is_on() {
        cold(|log| Kind::Cancelled { task: log.task(task) });
    }
}

/// Tells that this thread is about to sleep, for `limit` at most.
#[inline]
pub fn parked(limit: Option<Duration>) {
    if is_on() {
        cold(|_| Kind::Parked { limit });
    }
}

/// Tells that this thread sleeps no longer.
#[inline]
pub fn unparked() {
    if is_on() {
        cold(|_| Kind::Unparked);
    }
}

/// Tells that a timer was set, to fire `after` from now.
#[inline]
pub fn timer_set(timer: u64, after: Duration) {
    if is_on() {
        cold(|log| Kind::TimerSet { timer: log.new_timer(timer), after });
    }
}

/// Tells that a timer came due.
#[inline]
pub fn timer_fired(timer: u64) {
    if is_on() {
        cold(|log| Kind::TimerFired { timer: log.timer(timer) });
    }
}

/// Tells that a timer was given up before it came due.
#[inline]
pub fn timer_dropped(timer: u64) {
    if is_on() {
        cold(|log| Kind::TimerDropped { timer: log.timer(timer) });
    }
}

/// Tells that the system reported a source as ready.
#[inline]
pub fn io_ready(source: usize, readable: bool, writable: bool) {
    if is_on() {
        cold(|log| Kind::IoReady { source: log.source(source), readable, writable });
    }
}

/// Tells that a lock is asked for.
#[inline]
pub fn lock_wanted(lock: usize) {
    if is_on() {
        cold(|log| Kind::LockWanted { lock: log.lock(lock) });
    }
}

/// Tells that a lock was got.
#[inline]
pub fn lock_taken(lock: usize) {
    if is_on() {
        cold(|log| Kind::LockTaken { lock: log.lock(lock) });
    }
}

/// Tells that a lock was given back.
#[inline]
pub fn lock_released(lock: usize) {
    if is_on() {
        cold(|log| Kind::LockReleased { lock: log.lock(lock) });
    }
}

/// Tells what the program has to say. `text` is called only while somebody records.
#[inline]
pub fn note(text: impl FnOnce() -> String) {
    if is_on() {
        cold_note(text);
    }
}

/// Keeps the work out of the caller's code, and the branch to it out of the way.
#[cold]
#[inline(never)]
fn cold(kind: impl FnOnce(&mut Log) -> Kind) {
    emit(kind);
}

/// Makes the text before anything is locked: it is foreign code.
#[cold]
#[inline(never)]
fn cold_note(text: impl FnOnce() -> String) {
    let text = text();
    emit(|_| Kind::Note { text });
}
