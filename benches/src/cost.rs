//! What one way of running a workload costs.
//!
//! | figure | what it is | where it is from |
//! |---|---|---|
//! | wall | from the beginning to the end | `step1::measure`, the fastest of five runs: what else runs here can only make it longer |
//! | CPU | processors' time, all threads of the process together | the same run |
//! | switches | how often a thread was taken off its processor: it went to sleep, or others had their turn | `getrusage`, the same run |
//! | threads | those that took part, the caller's included | [`counting`](crate::counting), in a run of its own |
//! | heap | the most memory at a time that was allocated, without the threads' stacks | as above |
//! | allocations | how often memory was asked for | as above |
//! | resident | by how much the process grew in memory that it really used, with stacks and code; to some 100 KiB | `getrusage`, the first run |
//! | polls | of tasks, and of what a `block_on` drives | a recording, in a run of its own |
//! | wakes | how often a waker of these was called | as above |
//! | sleeps | how often a loop or a `block_on` parked its thread | as above |
//!
//! The switches stand for system calls, which cannot be counted from inside a process. They say more: a system call that
//! does not have to wait costs a fraction of one that does.
//!
//! Threads that block by themselves (step 1's, a lock's) are not recorded as sleeps; their switches count. A thread of step 7's
//! machine that waits for a user's lock, or sleeps, does so in a `block_on`; so it has polls.
//!
//! # Absent on purpose
//!
//! What `from_thread` does on its own thread is not recorded: see step 5's `producer`.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use step1::{Usage, measure};
use timeline::{Kind, record};

use crate::Way;
use crate::counting::{Counted, count};

/// How many runs are timed; the fastest one counts.
const TIMED: usize = 5;

/// The figures of one way.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Cost {
    /// The checksum.
    pub done: u64,
    /// From the beginning to the end.
    pub wall: Duration,
    /// The processors' time.
    pub cpu: Duration,
    /// Those that took part.
    pub threads: usize,
    /// How often a thread was taken off its processor.
    pub switches: Option<u64>,
    /// The most bytes at a time.
    pub heap: usize,
    /// By how many bytes the process grew.
    pub resident: Option<u64>,
    /// How often memory was asked for.
    pub allocations: usize,
    /// How often a future was polled by an executor.
    pub polls: usize,
    /// How often a waker was called.
    pub wakes: usize,
    /// How often a thread parked.
    pub sleeps: usize,
}

impl Cost {
    /// Runs `way` eight times, and returns what that cost.
    ///
    /// For `resident`, the process must not have run anything else before.
    ///
    /// # Panics
    ///
    /// Panics if two runs return different checksums.
    #[must_use]
    pub fn of(way: &Way) -> Self {
        let small = System::now();
        let done = way.run();
        let grown = System::now();
        let runs = (0..TIMED).map(|_| timed(way, done));
        let fastest = runs.min_by_key(|(usage, _)| usage.wall).expect("there is more than none");
        let (Usage { wall, cpu, .. }, switches) = fastest;
        let (counted_checksum, counted) = count(|| way.run());
        let (recorded_checksum, timeline) = record(|| way.run());
        assert_eq!((counted_checksum, recorded_checksum), (done, done), "the same work in every run");
        let of_kind = |is: fn(&Kind) -> bool| timeline.events.iter().filter(|event| is(&event.kind)).count();
        let Counted { allocations, peak: heap, threads } = counted;
        Self {
            done,
            wall,
            cpu,
            threads,
            switches,
            heap,
            resident: small.zip(grown).map(|(small, grown)| grown.resident - small.resident),
            allocations,
            polls: of_kind(|kind| matches!(kind, Kind::PollBegin { .. })),
            wakes: of_kind(|kind| matches!(kind, Kind::Woken { .. })),
            sleeps: timeline.parks(),
        }
    }
}

fn timed(way: &Way, done: u64) -> (Usage, Option<u64>) {
    let before = System::now();
    let (again, usage) = measure(|| way.run());
    let after = System::now();
    assert_eq!(again, done, "the same work in every run");
    (usage, before.zip(after).map(|(before, after)| after.switches - before.switches))
}

/// What the system knows of this process.
#[derive(Clone, Copy)]
struct System {
    switches: u64,
    /// The most bytes in memory, so far.
    resident: u64,
}

impl System {
    #[cfg(unix)]
    fn now() -> Option<Self> {
        use nix::sys::resource::{UsageWho, getrusage};

        let usage = getrusage(UsageWho::RUSAGE_SELF).ok()?;
        let switches = usage.voluntary_context_switches() + usage.involuntary_context_switches();
        // macOS tells bytes, all others KiB.
        let unit = if cfg!(target_os = "macos") { 1 } else { 1024 };
        Some(Self { switches: switches.unsigned_abs(), resident: usage.max_rss().unsigned_abs() * unit })
    }

    #[cfg(not(unix))]
    fn now() -> Option<Self> {
        None
    }
}
