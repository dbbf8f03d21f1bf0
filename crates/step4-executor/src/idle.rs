//! Which workers sleep, and whom to wake: as few as possible, and never one too few.
//!
//! A worker that finds nothing to run first *searches* (it looks into the others' queues), then sleeps. Whoever adds work
//! wakes one sleeper, unless somebody searches already and will find it. When a searcher finds something, there may be
//! more, so it wakes the next one before it starts to run: a burst wakes workers one after the other, and no more than
//! there is work for.
//!
//! ```text
//!   running ──▶ searching ──▶ about to sleep ──▶ asleep
//!      ▲            │  ▲            │ looks once more  │ woken: by `notify` it searches,
//!      └────────────┘  └────────────┘                  │ by its own timers and sockets it runs
//!           found                found                 ▼
//! ```
//!
//! # Invariants
//!
//! 1. Work that is added while a worker sleeps and none searches wakes one.
//! 2. Work that is added while one searches is found by it, or by its last look before it sleeps.
//! 3. Of 1 and 2 one always applies: the adder writes the queue, then reads `counts`; the sleeper writes `counts`, then
//!    reads the queues; and a `SeqCst` fence stands between the two in both. So one of them sees the other. This is the
//!    one place that needs sequential consistency; the two locations are `counts` and the queues' ends.
//!
//! | method      | counts                                    | then                                                   |
//! |-------------|-------------------------------------------|--------------------------------------------------------|
//! | `notify`    | sleeping − 1, searching + 1               | the caller wakes that worker                           |
//! | `search`    | searching + 1, if it was 0                | search; or go and sleep, if someone else does          |
//! | `found`     | searching − 1                             | true: it was the last; `notify` in case there is more  |
//! | `sleep`     | sleeping + 1, searching − 1 if it did     | look at all queues once more, then park                |
//! | `resume`    | sleeping − 1, searching + 1, unless `notify` did both | search again: the last look found something |
//! | `awake`     | sleeping − 1, unless `notify` did         | true: it was notified, and searches                    |

use std::sync::atomic::Ordering::{Relaxed, SeqCst};

use crate::sync::{AtomicUsize, Mutex, fence, lock};

const SLEEPING: usize = 1;
const SEARCHING: usize = 1 << 16;

/// Keeps book of the workers that sleep and that search.
#[derive(Debug)]
pub struct Idle {
    /// How many sleep, and how many search. Changed under the lock, read without it.
    counts: AtomicUsize,
    sleepers: Mutex<Vec<usize>>,
}

impl Idle {
    /// Makes one for workers all of whom run.
    #[must_use]
    pub fn new() -> Self {
        Self { counts: AtomicUsize::new(0), sleepers: Mutex::new(Vec::new()) }
    }

    /// To be called after work was added. Returns the worker to wake, if one is needed.
    #[must_use = "the worker returned counts as awake: unpark it"]
    pub fn notify(&self) -> Option<usize> {
        fence(SeqCst);
        let counts = self.counts.load(Relaxed);
        if counts >= SEARCHING || counts == 0 {
            return None;
        }
        let mut sleepers = lock(&self.sleepers);
        if self.counts.load(Relaxed) >= SEARCHING {
            return None;
        }
        let worker = sleepers.pop()?;
        self.counts.fetch_add(SEARCHING - SLEEPING, Relaxed);
        Some(worker)
    }

    /// Begins a search, if nobody else searches.
    #[must_use]
    pub fn search(&self) -> bool {
        let _sleepers = lock(&self.sleepers);
        let nobody = self.counts.load(Relaxed) < SEARCHING;
        if nobody {
            self.counts.fetch_add(SEARCHING, Relaxed);
        }
        nobody
    }

    /// Ends a search that found something. True: the caller must `notify`, as work may have been added unannounced.
    #[must_use = "the last searcher hands the search on"]
    pub fn found(&self) -> bool {
        let _sleepers = lock(&self.sleepers);
        self.counts.fetch_sub(SEARCHING, Relaxed) < 2 * SEARCHING
    }

    /// Announces that `worker` is going to sleep. It must look at all queues once more after this, and then park.
    pub fn sleep(&self, worker: usize, was_searching: bool) {
        let mut sleepers = lock(&self.sleepers);
        sleepers.push(worker);
        if was_searching {
            self.counts.fetch_sub(SEARCHING - SLEEPING, Relaxed);
        } else {
            self.counts.fetch_add(SLEEPING, Relaxed);
        }
        drop(sleepers);
        fence(SeqCst);
    }

    /// Says that the last look of `worker` found something: it does not sleep, and counts as searching again.
    pub fn resume(&self, worker: usize) {
        let mut sleepers = lock(&self.sleepers);
        if take_out(&mut sleepers, worker) {
            self.counts.fetch_add(SEARCHING - SLEEPING, Relaxed);
        }
    }

    /// Says that `worker` is awake again, for whatever reason. True: it was notified, and counts as searching.
    #[must_use = "a notified worker must search"]
    pub fn awake(&self, worker: usize) -> bool {
        let mut sleepers = lock(&self.sleepers);
        let by_itself = take_out(&mut sleepers, worker);
        if by_itself {
            self.counts.fetch_sub(SLEEPING, Relaxed);
        }
        !by_itself
    }
}

/// Takes a worker off the list, and returns whether it was there: `notify` may have been faster.
fn take_out(sleepers: &mut Vec<usize>, worker: usize) -> bool {
    let place = sleepers.iter().position(|&sleeper| sleeper == worker);
    place.map(|place| sleepers.swap_remove(place)).is_some()
}

impl Default for Idle {
    fn default() -> Self {
        Self::new()
    }
}
