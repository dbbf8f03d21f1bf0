//! The state of a task that wanders between threads: one atomic word.
//!
//! ```text
//!   word   [ references ............ | HANDLE | ABORTED | DONE | RUNNING | QUEUED ]
//! ```
//!
//! | method     | from → to                                | RMW         | order   | so that                                      |
//! |------------|------------------------------------------|-------------|---------|----------------------------------------------|
//! | `wake`     | idle → Q · R → R+Q                       | `fetch_or`  | Release | the next poll sees what the waker wrote      |
//! | `abort`    | + ABORTED; else as `wake`                | `fetch_or`  | Release | as `wake`                                    |
//! | `start`    | Q → R                                    | `fetch_add` | Acquire | it sees every `wake`, `abort` and `pause`    |
//! | `pause`    | R → idle · R+Q → Q                       | `fetch_and` | Release | the next poll, on any thread, sees this one  |
//! | `finish`   | R → DONE                                 | `fetch_add` | Release | the joiner (`is_done`, Acquire) sees the output |
//! | `detach`   | − HANDLE                                 | `fetch_and` | Acquire | it sees the output, which it then has to drop |
//! | `retain`   | references + 1                           | `fetch_add` | Relaxed | nothing: the caller has a reference to copy  |
//! | `release`  | references − 1                           | `fetch_sub` | AcqRel  | whoever frees sees the last uses of all others |

use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release};
use std::task::Waker;

use crate::sync::{AtomicUsize, Mutex, lock};
use crate::task::join::Outcome;
use crate::task::state::{State, too_many_wakers};

const QUEUED: usize = 1;
const RUNNING: usize = 2;
const DONE: usize = 4;
const ABORTED: usize = 8;
const HANDLE: usize = 16;
const ONE: usize = 32;

/// Keeps the state of a task that any thread may run.
#[derive(Debug)]
pub struct SharedState {
    word: AtomicUsize,
    /// Read and written under the list's lock only, so that any ordering will do.
    list_index: std::sync::atomic::AtomicU32,
    joiner: Mutex<Option<Waker>>,
}

impl SharedState {
    fn release_one(&self) -> bool {
        self.word.fetch_sub(ONE, AcqRel) < 2 * ONE
    }
}

impl State for SharedState {
    fn new() -> Self {
        Self {
            word: AtomicUsize::new(QUEUED | HANDLE | (2 * ONE)),
            list_index: std::sync::atomic::AtomicU32::new(0),
            joiner: Mutex::new(None),
        }
    }

    fn wake(&self, _home: bool) -> bool {
        self.word.fetch_or(QUEUED, Release) & (QUEUED | RUNNING | DONE) == 0
    }

    fn start(&self) -> bool {
        self.word.fetch_add(RUNNING - QUEUED, Acquire) & ABORTED != 0
    }

    fn pause(&self) -> bool {
        self.word.fetch_and(!RUNNING, Release) & QUEUED != 0
    }

    fn finish(&self) -> Outcome {
        let before = self.word.fetch_add(DONE - RUNNING, Release);
        if before & HANDLE != 0 { Outcome::Wanted } else { Outcome::Unwanted }
    }

    fn is_done(&self) -> bool {
        self.word.load(Acquire) & DONE != 0
    }

    fn abort(&self) -> bool {
        self.word.fetch_or(ABORTED | QUEUED, Release) & (QUEUED | RUNNING | DONE) == 0
    }

    fn retain(&self, _home: bool) {
        if self.word.fetch_add(ONE, Relaxed) > usize::MAX / 2 {
            too_many_wakers();
        }
    }

    fn release(&self, _home: bool) -> bool {
        self.release_one()
    }

    fn release_list(&self) -> bool {
        self.release_one()
    }

    fn detach(&self) -> Outcome {
        let before = self.word.fetch_and(!HANDLE, Acquire);
        if before & DONE != 0 { Outcome::Unwanted } else { Outcome::Wanted }
    }

    fn release_handle(&self) -> bool {
        self.release_one()
    }

    fn set_joiner(&self, waker: &Waker) {
        let newer = waker.clone();
        let older = lock(&self.joiner).replace(newer);
        drop(older); // Not under the lock: a waker is foreign code.
    }

    fn take_joiner(&self) -> Option<Waker> {
        lock(&self.joiner).take()
    }

    fn list_index(&self) -> u32 {
        self.list_index.load(Relaxed)
    }

    fn set_list_index(&self, index: u32) {
        self.list_index.store(index, Relaxed);
    }
}
