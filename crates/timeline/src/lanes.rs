//! Lanes: what each thread and each task was doing at any time, worked out from the events.
//!
//! ```text
//!  a thread   started -> runs <-> parked          a task   spawned -> ready <-> runs -> done
//!                         ^  \                                          ^         |
//!                         |   v                                         |         v     any state -> cancelled
//!                        wants a lock                                 woken <- waits
//!
//!  a timer    set -> fired | dropped
//! ```
//!
//! # Invariants
//!
//! 1. The spans of a lane are in order of time and do not overlap.
//! 2. A span of length 0 is one of running: a moment in which something ran is worth showing, one of waiting is not.
//! 3. Two spans that touch differ in state.

use std::time::Duration;

use crate::{Event, Kind, TaskId, ThreadId, Timeline, TimerId, units};

/// What a lane shows over a span of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// The thread runs; the task is being polled.
    Running,
    /// The task could run, but no thread polls it.
    Ready,
    /// The task waits to be woken; the timer, to come due.
    Waiting,
    /// The thread sleeps.
    Parked,
    /// The thread wants a lock.
    Locked,
}

impl State {
    pub(crate) fn name(self) -> &'static str {
        match self {
            State::Running => "runs",
            State::Ready => "ready",
            State::Waiting => "waits",
            State::Parked => "parked",
            State::Locked => "waits for a lock",
        }
    }
}

/// How a task ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    Done,
    Cancelled,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) state: State,
    pub(crate) from: Duration,
    pub(crate) to: Duration,
}

/// Whose lane it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Who {
    Thread(ThreadId),
    Task(TaskId),
    Timer(TimerId),
}

/// One thread's, task's or timer's life.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Lane {
    pub(crate) label: String,
    pub(crate) spans: Vec<Span>,
    pub(crate) ending: Option<(Duration, Ending)>,
    /// What the lane is doing, and since when.
    now: Option<(State, Duration)>,
    /// A thread asked for a lock; a task was woken while it was being polled.
    pending: bool,
}

/// Works out all lanes: threads first, then tasks in order of spawning.
pub(crate) fn lanes(timeline: &Timeline) -> Vec<Lane> {
    let mut lanes = empty(timeline);
    let (threads, tasks) = lanes.split_at_mut(timeline.threads.len());
    for event in &timeline.events {
        threads[event.thread.0 as usize].on_thread(event);
        if let Some(task) = event.kind.subject() {
            tasks[task.0 as usize].on_task(event);
        }
    }
    for lane in &mut lanes {
        lane.turn(timeline.end, None);
    }
    lanes
}

/// Works out the lanes of all timers, in the order in which they were set.
pub(crate) fn timers(timeline: &Timeline) -> Vec<(TimerId, Lane)> {
    let mut lanes: Vec<(TimerId, Lane)> = Vec::new();
    for event in &timeline.events {
        let found = match event.kind {
            Kind::TimerSet { timer, after } => {
                let label = format!("{timer}: {}", units::short(after));
                lanes.push((timer, Lane { label, now: Some((State::Waiting, event.at)), ..Lane::default() }));
                continue;
            }
            Kind::TimerFired { timer } => Some((timer, Ending::Done)),
            Kind::TimerDropped { timer } => Some((timer, Ending::Cancelled)),
            _ => None,
        };
        if let Some((timer, ending)) = found
            && let Some((_, lane)) = lanes.iter_mut().find(|(known, _)| *known == timer)
        {
            lane.end(event.at, ending);
        }
    }
    for (_, lane) in &mut lanes {
        lane.turn(timeline.end, None);
    }
    lanes
}

fn empty(timeline: &Timeline) -> Vec<Lane> {
    let digits = timeline.tasks.len().saturating_sub(1).to_string().len();
    let threads = timeline.threads.iter().map(|thread| format!("thread {}", thread.name));
    let tasks = timeline.tasks.iter().zip(0..).map(|(task, i)| format!("task {i:>digits$} {}", task.name));
    threads.chain(tasks).map(|label| Lane { label, ..Lane::default() }).collect()
}

impl Lane {
    fn on_thread(&mut self, event: &Event) {
        let asleep = matches!(self.now, Some((State::Parked, _)));
        match event.kind {
            Kind::ThreadEnded => return self.turn(event.at, None),
            Kind::LockWanted { .. } => self.pending = true,
            // A task that has to wait for a lock gives its thread back: the thread does not wait for it.
            Kind::LockTaken { .. } | Kind::PollEnd { .. } => self.pending = false,
            Kind::ThreadStarted | Kind::Parked { .. } | Kind::Unparked => {}
            _ => return,
        }
        let parks = matches!(event.kind, Kind::Parked { .. }) || asleep && event.kind != Kind::Unparked;
        let state = match (self.pending, parks) {
            (true, _) => State::Locked,
            (false, true) => State::Parked,
            (false, false) => State::Running,
        };
        self.turn(event.at, Some(state));
    }

    fn on_task(&mut self, event: &Event) {
        let state = match event.kind {
            // What comes after the end, such as the wake of a waker that was kept, changes nothing.
            _ if self.ending.is_some() => return,
            Kind::PollEnd { ready: true, .. } => return self.end(event.at, Ending::Done),
            Kind::Cancelled { .. } => return self.end(event.at, Ending::Cancelled),
            Kind::PollBegin { .. } => State::Running,
            Kind::PollEnd { .. } if !self.pending => State::Waiting,
            Kind::Woken { .. } if matches!(self.now, Some((State::Running, _))) => {
                self.pending = true;
                return;
            }
            _ => State::Ready,
        };
        self.pending = false;
        self.turn(event.at, Some(state));
    }

    fn end(&mut self, at: Duration, ending: Ending) {
        self.turn(at, None);
        self.ending = Some((at, ending));
    }

    /// Ends the present state and begins the next.
    fn turn(&mut self, at: Duration, next: Option<State>) {
        if let Some((state, from)) = self.now.take()
            && (from < at || state == State::Running)
        {
            self.push(Span { state, from, to: at });
        }
        self.now = next.map(|state| (state, at));
    }

    fn push(&mut self, span: Span) {
        match self.spans.last_mut() {
            Some(last) if last.state == span.state && last.to == span.from => last.to = span.to,
            _ => self.spans.push(span),
        }
    }
}
