//! A wrong answer to `deadline-to-slot`: the level is that of how far off the deadline is.

use std::time::Duration;

/// Which level, and which slot on it.
type Place = (u32, u64);

/// With ten digits, when now is 3862: where 3867, 3870, 3900 and 4001 wait.
const BY_EYE: [Place; 4] = [(0, 7), (0, 0), (1, 0), (2, 0)];

/// Returns the tick at which a deadline fires, both counted from the clock's beginning.
fn tick(deadline: Duration) -> u64 {
    let nanos = u64::try_from(deadline.as_nanos()).expect("no clock runs for five hundred years");
    nanos.div_ceil(1_000_000)
}

/// Returns where a deadline waits in a wheel of 64 slots a level.
fn place(deadline: u64, now: u64) -> Place {
    let ahead = deadline - now;
    let level = ahead.max(1).ilog(64);
    (level, (deadline >> (6 * level)) % 64)
}

#[cfg(test)]
#[path = "../../checks/deadline-to-slot.rs"]
mod checks;
