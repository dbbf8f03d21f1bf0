//! A finished recording, and the questions that tests ask of it.
//!
//! # Invariants
//!
//! 1. `events` are in order of time; those of one instant are in the order in which they were recorded.
//! 2. No event lies after `end`.
//! 3. Every [`ThreadId`](crate::ThreadId) and [`TaskId`] in `events` is an index into `threads` or `tasks`.
//!
//! A recording keeps them by construction; a file is checked when it is loaded. Nothing else is promised of a file: it
//! may end polls that never began, so whatever draws a timeline has to cope with that.

use std::time::Duration;

use crate::{Event, Kind, TaskId, TaskInfo, ThreadInfo};

/// Holds everything that was recorded.
///
/// ```
/// use timeline::probe;
///
/// let ((), timeline) = timeline::record(|| {
///     probe::spawned(1, "app::fetch::{{closure}}");
///     probe::poll_begin(1);
///     probe::poll_end(1, true);
/// });
/// assert_eq!(timeline.polls("fetch"), 1);
/// assert_eq!(timeline.parks(), 0);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Timeline {
    /// How long the recording took.
    pub end: Duration,
    /// The threads; the first is the one that recorded.
    pub threads: Vec<ThreadInfo>,
    /// The tasks, in order of spawning.
    pub tasks: Vec<TaskInfo>,
    /// What happened, in order.
    pub events: Vec<Event>,
}

impl Timeline {
    /// Counts how often tasks called `name` were polled.
    pub fn polls(&self, name: &str) -> usize {
        self.count(|kind| matches!(kind, Kind::PollBegin { task } if self.task_name(*task) == name))
    }

    /// Counts how often tasks called `name` were woken.
    pub fn wakes(&self, name: &str) -> usize {
        self.count(|kind| matches!(kind, Kind::Woken { task } if self.task_name(*task) == name))
    }

    /// Counts how often threads went to sleep.
    pub fn parks(&self) -> usize {
        self.count(|kind| matches!(kind, Kind::Parked { .. }))
    }

    /// Lists what the program said.
    pub fn notes<'a>(&'a self) -> Vec<&'a str> {
        let text = |kind: &'a Kind| if let Kind::Note { text } = kind { Some(text.as_str()) } else { None };
        self.events.iter().filter_map(|event| text(&event.kind)).collect()
    }

    /// Lists, in order, what `say` makes of each event, leaving out those of which it makes nothing.
    ///
    /// ```
    /// use timeline::{Kind, probe};
    ///
    /// let ((), timeline) = timeline::record(|| {
    ///     probe::timer_set(10, std::time::Duration::ZERO);
    ///     probe::timer_fired(10);
    /// });
    /// let timers = timeline.order(|event| match event.kind {
    ///     Kind::TimerSet { timer, .. } => Some(format!("{timer} set")),
    ///     Kind::TimerFired { timer } => Some(format!("{timer} fired")),
    ///     _ => None,
    /// });
    /// assert_eq!(timers, ["timer 0 set", "timer 0 fired"]);
    /// ```
    pub fn order(&self, say: impl FnMut(&Event) -> Option<String>) -> Vec<String> {
        self.events.iter().filter_map(say).collect()
    }

    /// Tells a task's name.
    ///
    /// # Panics
    ///
    /// If `task` is not from this timeline.
    pub fn task_name(&self, task: TaskId) -> &str {
        &self.tasks[task.0 as usize].name
    }

    fn count(&self, is: impl Fn(&Kind) -> bool) -> usize {
        self.events.iter().filter(|event| is(&event.kind)).count()
    }
}
