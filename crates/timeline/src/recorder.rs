//! The recorder: one recording's clock and log, and each thread's way to it.
//!
//! ```text
//!   thread        CURRENT (thread-local)              Recorder (shared)
//!   ------        ----------------------              -----------------
//!   probe ----->  which recorder, which lane,  -----> now()
//!                 which polls are going on     -----> log: events, and numbers for addresses
//! ```
//!
//! The thread-local is magic, so here is why: a probe sits deep in a runtime and has nobody to ask for a recorder, and a
//! global one would mix the events of tests that run side by side in one process.
//!
//! # Invariants
//!
//! 1. The clock is foreign code, which may use probes and locks of its own. So it is neither called nor dropped while
//!    `CURRENT` is borrowed or the log is locked.
//! 2. The log is locked before `CURRENT` is borrowed, never after.

use std::{
    cell::RefCell,
    collections::HashMap,
    hash::Hash,
    mem,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread,
    time::Duration,
};

use crate::{Event, Kind, LockId, SourceId, TaskId, TaskInfo, ThreadId, ThreadInfo, Timeline, TimerId, name};

thread_local! {
    static CURRENT: RefCell<Option<Current>> = const { RefCell::new(None) };
}

/// A thread's part in a recording.
pub(crate) struct Current {
    recorder: Arc<Recorder>,
    thread: ThreadId,
    /// The tasks that are being polled, outermost first.
    polls: Vec<TaskId>,
}

impl Current {
    pub(crate) fn new(recorder: &Arc<Recorder>, reserved: ThreadId, name: &str) -> Current {
        let thread = recorder.log().lane(reserved, name);
        Current { recorder: Arc::clone(recorder), thread, polls: Vec::new() }
    }
}

/// Puts this thread into a recording, or out of it, and returns what it was in before.
pub(crate) fn set_current(new: Option<Current>) -> Option<Current> {
    CURRENT.with_borrow_mut(|current| mem::replace(current, new))
}

/// Tells this thread's recorder and lane; none while the thread is being torn down.
pub(crate) fn current() -> Option<(Arc<Recorder>, ThreadId)> {
    let both = |current: &Current| (Arc::clone(&current.recorder), current.thread);
    CURRENT.try_with(|current| current.borrow().as_ref().map(both)).ok().flatten()
}

/// Records the event that `kind` makes, if this thread takes part in a recording.
pub(crate) fn emit(kind: impl FnOnce(&mut Log) -> Kind) {
    let Some((recorder, thread)) = current() else { return };
    let at = recorder.now();
    let mut log = recorder.log();
    if log.open {
        let kind = kind(&mut log);
        let task = CURRENT.with_borrow_mut(|current| context(&mut current.as_mut()?.polls, &kind));
        log.timeline.events.push(Event { at, thread, task, kind });
    }
}

/// Tells inside whose poll an event happens, and takes note of polls that begin and end.
fn context(polls: &mut Vec<TaskId>, kind: &Kind) -> Option<TaskId> {
    if let Kind::PollEnd { task, .. } = kind {
        // Polls inside this one, if any are left, never reported their end: a panic ran past them.
        let this = polls.iter().rposition(|poll| poll == task);
        polls.truncate(this.unwrap_or(polls.len()));
    }
    let around = polls.last().copied();
    if let Kind::PollBegin { task } = kind {
        polls.push(*task);
    }
    around
}

/// One recording.
pub(crate) struct Recorder {
    now: Box<dyn Fn() -> Duration + Send + Sync>,
    start: Duration,
    log: Mutex<Log>,
}

impl Recorder {
    pub(crate) fn new(now: Box<dyn Fn() -> Duration + Send + Sync>) -> Recorder {
        let start = now();
        Recorder { now, start, log: Mutex::new(Log { open: true, ..Log::default() }) }
    }

    /// Makes a lane for a thread to come.
    pub(crate) fn reserve(&self) -> ThreadId {
        let threads = &mut self.log().timeline.threads;
        threads.push(ThreadInfo { name: String::new() });
        ThreadId(last(threads))
    }

    /// Takes the recording out. Threads that go on after this write nothing more.
    pub(crate) fn finish(&self) -> Timeline {
        let end = self.now();
        let mut timeline = mem::take(&mut *self.log()).timeline;
        // Two threads may read the clock in one order and get the lock in the other. The sort is stable.
        timeline.events.sort_by_key(|event| event.at);
        timeline.end = timeline.events.last().map_or(end, |last| last.at.max(end));
        drop_unused_lanes(&mut timeline);
        timeline
    }

    /// Copies what has been recorded so far, and lets the recording go on. Does not ask the clock: looking changes nothing.
    pub(crate) fn so_far(&self) -> Timeline {
        let mut timeline = self.log().timeline.clone();
        timeline.events.sort_by_key(|event| event.at);
        timeline.end = timeline.events.last().map_or(Duration::ZERO, |last| last.at);
        drop_unused_lanes(&mut timeline);
        timeline
    }

    fn now(&self) -> Duration {
        (self.now)().saturating_sub(self.start)
    }

    /// Locks the log. Each change to it is a single push or insert, so a panic under the lock leaves it whole.
    fn log(&self) -> MutexGuard<'_, Log> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a recording has seen so far, and the numbers it has given.
#[derive(Default)]
pub(crate) struct Log {
    open: bool,
    timeline: Timeline,
    lanes: HashMap<thread::ThreadId, ThreadId>,
    tasks: HashMap<usize, TaskId>,
    timers: Numbers<u64>,
    locks: Numbers<usize>,
    sources: Numbers<usize>,
}

impl Log {
    /// Gives this thread the lane it had before, or else the reserved one.
    fn lane(&mut self, reserved: ThreadId, name: &str) -> ThreadId {
        let lane = *self.lanes.entry(thread::current().id()).or_insert(reserved);
        if let Some(new) = self.timeline.threads.get_mut(reserved.0 as usize).filter(|_| lane == reserved) {
            new.name = name.to_string();
        }
        lane
    }

    /// Numbers a task that has just been made. Its address may have been another task's before.
    pub(crate) fn new_task(&mut self, key: usize, type_name: &str) -> TaskId {
        self.timeline.tasks.push(TaskInfo { name: name::pretty(type_name) });
        let task = TaskId(last(&self.timeline.tasks));
        self.tasks.insert(key, task);
        task
    }

    /// Finds a task's number. One whose making went unseen gets a number now.
    pub(crate) fn task(&mut self, key: usize) -> TaskId {
        match self.tasks.get(&key) {
            Some(task) => *task,
            None => self.new_task(key, ""),
        }
    }

    /// Numbers a timer that has just been set.
    pub(crate) fn new_timer(&mut self, key: u64) -> TimerId {
        TimerId(self.timers.renew(key))
    }

    pub(crate) fn timer(&mut self, key: u64) -> TimerId {
        TimerId(self.timers.find(key))
    }

    pub(crate) fn lock(&mut self, key: usize) -> LockId {
        LockId(self.locks.find(key))
    }

    pub(crate) fn source(&mut self, key: usize) -> SourceId {
        SourceId(self.sources.find(key))
    }
}

/// Numbers things from 0 up, by first appearance.
struct Numbers<K> {
    next: u32,
    of: HashMap<K, u32>,
}

impl<K> Default for Numbers<K> {
    fn default() -> Numbers<K> {
        Numbers { next: 0, of: HashMap::new() }
    }
}

impl<K: Hash + Eq> Numbers<K> {
    fn find(&mut self, key: K) -> u32 {
        match self.of.get(&key) {
            Some(number) => *number,
            None => self.renew(key),
        }
    }

    fn renew(&mut self, key: K) -> u32 {
        let number = self.next;
        self.next += 1;
        self.of.insert(key, number);
        number
    }
}

/// The index of the last item, which has just been pushed.
fn last<T>(items: &[T]) -> u32 {
    u32::try_from(items.len() - 1).expect("four billion threads or tasks do not fit into memory")
}

/// Takes out lanes that were reserved for threads that never came, and renumbers the others.
fn drop_unused_lanes(timeline: &mut Timeline) {
    let mut renumbered = vec![None; timeline.threads.len()];
    for event in &timeline.events {
        renumbered[event.thread.0 as usize] = Some(event.thread);
    }
    for (next, used) in (0..).zip(renumbered.iter_mut().flatten()) {
        *used = ThreadId(next);
    }
    for event in &mut timeline.events {
        event.thread = renumbered[event.thread.0 as usize].expect("the loop above saw this event");
    }
    let mut lanes = renumbered.into_iter();
    timeline.threads.retain(|_| lanes.next().flatten().is_some());
}
