//! A wrong answer to `deadline-to-slot`: a deadline fires at the tick in which it lies.

use std::time::Duration;

/// Which level, and which slot on it.
type Place = (u32, u64);

/// With ten digits, when now is 3862: where 3867, 3870, 3900 and 4001 wait.
const BY_EYE: [Place; 4] = [(0, 7), (1, 7), (2, 9), (3, 4)];

/// Returns the tick at which a deadline fires, both counted from the clock's beginning.
fn tick(deadline: Duration) -> u64 {
    let nanos = u64::try_from(deadline.as_nanos()).expect("no clock runs for five hundred years");
    nanos / 1_000_000
}

/// Returns where a deadline waits in a wheel of 64 slots a level.
fn place(deadline: u64, now: u64) -> Place {
    let differing = deadline ^ now;
    // The `| 1` counts "they do not differ at all" as "they differ in the last digit".
    let level = (differing | 1).ilog2() / 6;
    (level, (deadline >> (6 * level)) % 64)
}

#[cfg(test)]
#[path = "../../checks/deadline-to-slot.rs"]
mod checks;
