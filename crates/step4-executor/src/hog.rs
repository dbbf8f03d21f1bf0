//! Reports a poll that held its thread for too long.
//!
//! While one task computes, no other runs: the price of taking turns by agreement. A poll of 100 ms or more is a mistake
//! nearly always (a blocking call, or a computation that belongs on another thread), so debug builds say so, as
//! asyncio's debug mode does. Release builds do not read the clock.

use std::io::{self, Write};
use std::time::Duration;

use step3::Clock;
use timeline::probe;

const TOO_LONG: Duration = Duration::from_millis(100);

/// Runs `poll`, and reports it in debug builds if it took too long.
pub(crate) fn watch(poll: impl FnOnce()) {
    if !cfg!(debug_assertions) {
        return poll();
    }
    let begin = now();
    poll();
    let took = now().saturating_sub(begin);
    if took >= TOO_LONG {
        probe::note(|| format!("slow poll: {took:?}"));
        // Not `eprintln!`, which panics if nobody reads the other end.
        let _unread = writeln!(
            io::stderr(),
            "warning: a task held its thread for {took:?} in one poll, and no other could run: \
             use `step4::unblock` for calls that block, and `yield_now` in long computations"
        );
    }
}

/// Reads the clock of this thread's timers, so that tests can make time pass; else the system's.
fn now() -> Duration {
    step3::try_now().unwrap_or_else(|| Clock::real().now())
}
