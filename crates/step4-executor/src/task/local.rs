//! The state of a task that stays on one thread: plain numbers at home, one atomic for everyone else.
//!
//! An uncontended atomic read-modify-write costs some 6 to 12 ns, a plain addition 1. A task of the event loop is woken,
//! cloned and dropped on its own thread nearly always. So the state is **biased** towards that thread: it keeps flags and
//! a count in plain cells; every other thread uses `elsewhere`, an atomic word of its own.
//!
//! ```text
//!   at home:     flags  [ QUEUED | RUNNING | DONE | ABORTED | HANDLE | MERGED | LONE | CLEAN_UP ]  refs  (a plain count)
//!   elsewhere:   word   [ count ................ | MERGED | POSTED ]              (one atomic)
//! ```
//!
//! CLEAN_UP is no part of the protocol: it is set before the task is first queued, and says on which of the loop's lists it is.
//!
//! # Counting in two places
//!
//! A waker made at home may be dropped elsewhere, and the other way round. So neither number means anything alone; only
//! their sum does, and either may be "negative". That is no trouble while the task is unfinished: the loop's list holds
//! a reference, nobody needs to look for zero. When it finishes, home adds its number to the word, once, and sets MERGED.
//! From then on the word alone counts, for home as well, and whoever brings it to nothing frees the task.
//!
//! Nor may the two drift apart for ever. A task that awaits other threads all its life clones its waker at home and has it
//! used up elsewhere, each time: after some hours both numbers would be as far from zero as they can be. So whenever
//! its own is `FAR` from zero, home moves it to the word, where the other half is.
//!
//! There is a shortcut, and nearly every task takes it: if nobody elsewhere has ever touched the word, and the handle has
//! the only reference left (LONE), nobody ever will. Then even the merge is left out.
//!
//! # The next loop's thread
//!
//! A task names its home by a mailbox, which the next loop gets when this one has ended, maybe on another thread. To the
//! wakers that are left of this loop's tasks, that thread is home: it reads their flags, as the handles that are left do
//! here. So from `release_list` on nobody writes a flag or the plain count. What was written before is seen there, since
//! mailboxes change hands under a lock.
//!
//! # Waking from elsewhere
//!
//! The first to set POSTED puts the task into its home's mailbox; that is a reference too (the bit itself stands for it).
//! Home clears the bit when it takes the task out, and then wakes it as it would any other.
//!
//! # Transitions of the word
//!
//! | method (elsewhere)  | from → to              | RMW         | order   | so that                                         |
//! |---------------------|------------------------|-------------|---------|-------------------------------------------------|
//! | `wake`              | open → POSTED          | CAS loop    | Release | the next poll sees what this waker wrote        |
//! | `accept` (home)     | POSTED → open          | `fetch_and` | AcqRel  | it sees every `wake`; and as `release`          |
//! | `retain`            | count + 1              | `fetch_add` | Relaxed | nothing: the caller has a reference to copy     |
//! | `release`           | count − 1              | `fetch_sub` | AcqRel  | whoever frees sees the last uses of all others  |
//! | `release_list` (home) | + refs, MERGED       | `fetch_add` | AcqRel  | as `release`                                    |
//! | `release_list` (home) | unchanged: LONE      | `load`      | Acquire | as `release`, for those who came and went       |
//! | `even_out` (home)   | + refs                 | `fetch_add` | Relaxed | nothing: the list has a reference meanwhile     |
//!
//! # Source
//!
//! Choi, Shull, Torrellas, *Biased Reference Counting*, PACT 2018, as used for Python's objects in PEP 703. Theirs has a
//! queue for objects whose plain count must be merged early; the loop's own reference makes that unnecessary here.

use std::cell::Cell;
use std::fmt;
use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release};
use std::task::Waker;

use crate::sync::AtomicU32;
use crate::task::join::Outcome;
use crate::task::state::{State, too_many_wakers};

const QUEUED: u32 = 1;
const DONE: u32 = 2;
const ABORTED: u32 = 4;
const HANDLE: u32 = 8;

/// In `flags`: the count has moved to the word. In the word: it is here now.
const MERGED: u32 = 16;
/// The handle has the only reference, and nobody can make another.
const LONE: u32 = 32;
const RUNNING: u32 = 64;
const CLEAN_UP: u32 = 128;

const POSTED: u32 = 1;
const MERGED_WORD: u32 = 2;
const ONE: u32 = 4;
/// Far more references than anyone has, and far fewer than would wrap the count.
const TOO_MANY: i32 = 1 << 28;
/// How far from zero the plain count may be. Rarely enough to cost nothing; and in unit tests, so often that they see it.
const FAR: i32 = if cfg!(test) { 8 } else { 1 << 20 };

/// Keeps the state of a task that stays on its home thread. The cells are touched on that thread only.
pub struct LocalState {
    flags: Cell<u32>,
    refs: Cell<i32>,
    elsewhere: AtomicU32,
    list_index: Cell<u32>,
    joiner: Cell<Option<Waker>>,
}

/// What to do with a task taken out of the mailbox.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Accepted {
    /// It was idle: put it into the queue.
    Schedule,
    /// It is queued already, or done.
    Nothing,
    /// It was done, and this was the last reference: free it.
    Free,
}

impl LocalState {
    /// Takes a wake that came through the mailbox. Called at home.
    #[must_use = "this is the other half of a wake from elsewhere"]
    pub(crate) fn accept(&self) -> Accepted {
        let word = self.elsewhere.fetch_and(!POSTED, AcqRel);
        if word == MERGED_WORD | POSTED {
            Accepted::Free
        } else if word & MERGED_WORD != 0 {
            // It is done. Others have references; once they are gone so is the task: do not look at it again.
            Accepted::Nothing
        } else if self.wake(true) {
            Accepted::Schedule
        } else {
            Accepted::Nothing
        }
    }

    /// Makes a new task a clean-up.
    pub(crate) fn set_clean_up(&self) {
        self.set(CLEAN_UP);
    }

    /// Returns whether the loop finishes the task before it ends.
    pub(crate) fn is_clean_up(&self) -> bool {
        self.has(CLEAN_UP)
    }

    fn has(&self, flag: u32) -> bool {
        self.flags.get() & flag != 0
    }

    fn set(&self, flag: u32) {
        self.flags.set(self.flags.get() | flag);
    }

    fn clear(&self, flag: u32) {
        self.flags.set(self.flags.get() & !flag);
    }

    /// Counts one less in the word. True: nothing is left.
    fn release_elsewhere(&self) -> bool {
        self.elsewhere.fetch_sub(ONE, AcqRel) == MERGED_WORD + ONE
    }

    fn retain_elsewhere(&self) {
        self.add_elsewhere(1);
    }

    fn add_elsewhere(&self, references: i32) {
        let before = self.elsewhere.fetch_add(in_word(references), Relaxed);
        // Signed, since the word may be "negative" until it is merged.
        if before.cast_signed() / ONE.cast_signed() > TOO_MANY {
            too_many_wakers();
        }
    }

    /// Moves the plain count to the word. Called at home, before the merge.
    #[cold]
    fn even_out(&self) {
        self.add_elsewhere(self.refs.take());
    }
}

/// Returns what to add to the word for so many references.
fn in_word(references: i32) -> u32 {
    references.cast_unsigned().wrapping_mul(ONE)
}

impl fmt::Debug for LocalState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalState")
            .field("flags", &self.flags)
            .field("refs", &self.refs)
            .finish_non_exhaustive()
    }
}

impl State for LocalState {
    fn new() -> Self {
        Self {
            flags: Cell::new(QUEUED | HANDLE),
            refs: Cell::new(2),
            elsewhere: AtomicU32::new(0),
            list_index: Cell::new(0),
            joiner: Cell::new(None),
        }
    }

    fn wake(&self, home: bool) -> bool {
        if home {
            let idle = !self.has(QUEUED | RUNNING | DONE);
            // Not if it is done: "home" may be the next loop's thread by now.
            if !self.has(DONE) {
                self.set(QUEUED);
            }
            return idle;
        }
        // A word already POSTED is written all the same: what this waker wrote must travel with it.
        let posted = |word| (word & MERGED_WORD == 0).then_some(word | POSTED);
        matches!(self.elsewhere.fetch_update(Release, Relaxed, posted), Ok(before) if before & POSTED == 0)
    }

    fn start(&self) -> bool {
        self.flags.set(self.flags.get() & !QUEUED | RUNNING);
        self.has(ABORTED)
    }

    fn pause(&self) -> bool {
        self.clear(RUNNING);
        self.has(QUEUED)
    }

    fn finish(&self) -> Outcome {
        self.set(DONE);
        if self.has(HANDLE) { Outcome::Wanted } else { Outcome::Unwanted }
    }

    fn is_done(&self) -> bool {
        self.has(DONE)
    }

    fn abort(&self) -> bool {
        if !self.has(DONE) {
            self.set(ABORTED);
        }
        self.wake(true)
    }

    fn retain(&self, home: bool) {
        if home && !self.has(MERGED) {
            self.refs.set(self.refs.get() + 1);
            if self.refs.get() == FAR {
                self.even_out();
            }
        } else {
            self.retain_elsewhere();
        }
    }

    fn release(&self, home: bool) -> bool {
        if home && !self.has(MERGED) {
            // Not the last: before the merge the list has one, and after LONE there are no wakers.
            self.refs.set(self.refs.get() - 1);
            if self.refs.get() == -FAR {
                self.even_out();
            }
            false
        } else {
            self.release_elsewhere()
        }
    }

    fn release_list(&self) -> bool {
        let refs = self.refs.get() - 1;
        self.refs.set(refs);
        let handle = self.has(HANDLE);
        if refs == i32::from(handle) && self.elsewhere.load(Acquire) == 0 {
            self.set(LONE);
            return !handle;
        }
        self.set(MERGED);
        let merged = in_word(refs).wrapping_add(MERGED_WORD);
        self.elsewhere.fetch_add(merged, AcqRel).wrapping_add(merged) == MERGED_WORD
    }

    fn detach(&self) -> Outcome {
        // Once the list's reference is gone the flags are never written again: see "The next loop's thread".
        if !self.has(MERGED | LONE) {
            self.clear(HANDLE);
        }
        if self.has(DONE) { Outcome::Unwanted } else { Outcome::Wanted }
    }

    fn release_handle(&self) -> bool {
        if self.has(LONE) { true } else { self.release(true) }
    }

    fn set_joiner(&self, waker: &Waker) {
        let joiner = match self.joiner.take() {
            Some(known) if known.will_wake(waker) => known,
            _older => waker.clone(),
        };
        self.joiner.set(Some(joiner));
    }

    fn take_joiner(&self) -> Option<Waker> {
        self.joiner.take()
    }

    fn list_index(&self) -> u32 {
        self.list_index.get()
    }

    fn set_list_index(&self, index: u32) {
        self.list_index.set(index);
    }
}

#[cfg(all(test, not(feature = "loom")))]
mod tests {
    use super::*;

    fn elsewhere(state: &LocalState) -> i32 {
        state.elsewhere.load(Relaxed).cast_signed() / ONE.cast_signed()
    }

    /// A server's main task awaited a channel from other threads: at each item its waker was cloned at home and used up
    /// elsewhere. After 2^28 items, some minutes, the plain count said "too many wakers", and the process was aborted, though
    /// there was one waker at a time.
    #[test]
    fn wakers_that_are_made_at_home_and_dropped_elsewhere_do_not_add_up() {
        let state = LocalState::new();
        for [made_at_home, dropped_at_home] in [[true, false], [false, true]] {
            for _ in 0..1000 {
                state.retain(made_at_home);
                assert!(!state.release(dropped_at_home));
                assert!(state.refs.get().abs() < FAR && elsewhere(&state).abs() <= FAR + 2);
            }
            assert_eq!(state.refs.get() + elsewhere(&state), 2, "the list's and the handle's");
        }
        assert_eq!(state.finish(), Outcome::Wanted);
        assert!(!state.release_list());
        assert!(state.release_handle());
    }
}
