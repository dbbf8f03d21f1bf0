//! Exercise `deadline-to-slot` (step 3, easy): where in the wheel does a deadline wait?
//!
//! It waits on the level of the highest digit in which it differs from now, in the slot that this digit of the deadline names.
//! Level 0 is the last digit. Do it by eye with ten digits first; then write it for 64, where a digit is six bits.
//!
//! # Contract
//!
//! - `BY_EYE`: level and slot, with ten digits, of the deadlines 3867, 3870, 3900 and 4001, when now is 3862.
//! - `tick` is the first tick that is not before the deadline: a tick is a millisecond.
//! - `place` of a deadline that differs from now in the last digit alone, or not at all, is on level 0.
//! - `place` of any other goes by the highest digit that differs, however near the deadline is.
//! - `place` is right for any deadline and any now before it.
//!
//! Check it with `cargo course check deadline-to-slot`.
#![allow(clippy::todo, reason = "this is an exercise")]

use std::time::Duration;

/// Which level, and which slot on it.
type Place = (u32, u64);

/// With ten digits, when now is 3862: where 3867, 3870, 3900 and 4001 wait.
const BY_EYE: [Place; 4] = [(9, 9), (9, 9), (9, 9), (9, 9)];

/// Returns the tick at which a deadline fires, both counted from the clock's beginning.
fn tick(deadline: Duration) -> u64 {
    let nanos = u64::try_from(deadline.as_nanos()).expect("no clock runs for five hundred years");
    todo!("deadline-to-slot: nanoseconds to ticks, never early")
}

/// Returns where a deadline waits in a wheel of 64 slots a level.
fn place(deadline: u64, now: u64) -> Place {
    todo!("deadline-to-slot: which digit differs, and what is it in the deadline?")
}

#[cfg(test)]
#[path = "../checks/deadline-to-slot.rs"]
mod checks;
