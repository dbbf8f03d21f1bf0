//! What a task's flags and counts must do, whoever keeps them.
//!
//! ```text
//!             start              finish
//!   QUEUED ──────────▶ RUNNING ──────────▶ DONE
//!      ▲                  │ pause
//!      │ wake             ▼
//!      └──────────────── idle           a wake while RUNNING: QUEUED again as soon as the poll has ended
//! ```

use std::io::{self, Write};
use std::task::Waker;

use crate::task::join::Outcome;

/// Keeps the flags, the counts and the joiner's waker of one task.
///
/// `home` says whether the caller is on the task's home thread. `#[must_use]` results are duties.
pub trait State: 'static {
    /// Makes the state of a new task: queued, with a reference for the executor's list and one for the handle.
    fn new() -> Self;

    /// Wakes the task. True: the caller must schedule it.
    #[must_use = "a wake that wins the race must schedule the task, or it is lost"]
    fn wake(&self, home: bool) -> bool;

    /// Begins a poll. True: the task was aborted, and the caller drops the future instead.
    fn start(&self) -> bool;

    /// Ends a poll that was pending. True: it was woken meanwhile, and the caller must schedule it again.
    #[must_use = "a task woken during its poll must be scheduled again, or the wake is lost"]
    fn pause(&self) -> bool;

    /// Ends the task, and says whether its handle still waits for the outcome.
    fn finish(&self) -> Outcome;

    /// Returns whether the task has ended: its outcome is in place.
    fn is_done(&self) -> bool;

    /// Asks for the task to be dropped instead of polled. True: the caller must schedule it.
    ///
    /// Does nothing to a task that is done.
    #[must_use = "a task to be dropped must be scheduled, or it stays for ever"]
    fn abort(&self) -> bool;

    /// Counts one more waker.
    fn retain(&self, home: bool);

    /// Counts one waker less. True: that was the last reference, and the caller must free the task.
    #[must_use = "the last reference must free the task, or it leaks"]
    fn release(&self, home: bool) -> bool;

    /// Gives up the executor's reference, after `finish`. True: it was the last.
    #[must_use = "the last reference must free the task, or it leaks"]
    fn release_list(&self) -> bool;

    /// Says that the handle is gone. `Outcome::Unwanted`: the task is done, and the caller must drop its outcome.
    fn detach(&self) -> Outcome;

    /// Gives up the handle's reference, after `detach` or with the outcome. True: it was the last.
    #[must_use = "the last reference must free the task, or it leaks"]
    fn release_handle(&self) -> bool;

    /// Keeps the waker of whoever awaits the handle; the latest wins.
    fn set_joiner(&self, waker: &Waker);

    /// Takes that waker, to wake it.
    fn take_joiner(&self) -> Option<Waker>;

    /// Returns where the task stands in its executor's list.
    fn list_index(&self) -> u32;

    /// Remembers where the task stands in its executor's list.
    fn set_list_index(&self, index: u32);
}

/// Ends the process, as `Arc` does: a count that wraps would free a task in use.
pub(super) fn too_many_wakers() -> ! {
    // Only a program that forgets clones comes here.
    let reason = "a task has more wakers than can be counted: are clones of a waker forgotten?";
    let _unread = writeln!(io::stderr(), "{reason}"); // A panic of `eprintln!` could be caught, and the count go on.
    std::process::abort();
}
