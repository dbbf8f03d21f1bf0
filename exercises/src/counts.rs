//! What a check has taken: counted for the tool, which compares two answers by it.
//!
//! Allocations are those of the check's own thread, without what this library takes for itself: recording an event
//! allocates, and so does each waker of a [`Task`](crate::Task). The allocator that counts is another crate's; it is part of
//! every program that this library is part of.

use std::{env, fs};

use timeline::{Kind, Timeline};

/// Where the counts of a check that has passed go: set by the tool.
const COUNT_TO: &str = "EXERCISES_COUNT_TO";

/// Runs `f`, and returns how often it has asked for memory.
pub(crate) fn allocations(f: impl FnOnce()) -> u64 {
    allocation_counter::measure(f).count_total
}

/// Runs `f` without counting its allocations.
pub(crate) fn uncounted<R>(f: impl FnOnce() -> R) -> R {
    let mut value = None;
    allocation_counter::opt_out(|| value = Some(f()));
    value.expect("`opt_out` runs what it is given")
}

/// Writes the counts down, one a line, if the tool asks for them.
pub(crate) fn report(timeline: &Timeline, allocations: u64) {
    let Some(file) = env::var_os(COUNT_TO) else { return };
    let count = |is: fn(&Kind) -> bool| timeline.events.iter().filter(|event| is(&event.kind)).count();
    let polls = count(|kind| matches!(kind, Kind::PollBegin { .. }));
    let wakes = count(|kind| matches!(kind, Kind::Woken { .. }));
    let parks = timeline.parks();
    let text = format!("polls = {polls}\nwakes = {wakes}\nparks = {parks}\nallocations = {allocations}\n");
    fs::write(file, text).expect("the tool has named a file that can be written");
}
