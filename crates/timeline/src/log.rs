//! The events in words, one a line: which, when, who, what. A time is written where it changes.
//!
//! ```text
//! 15  1.000 s  main    wakes up
//! 16           main    timer 0 fires
//! 17           main    wakes task 1 io_operation
//! 18           main    polls task 1 io_operation
//! 19           task 1  wakes task 0 main
//! ```

use std::mem;

use crate::{
    Event, Kind, TaskId, Timeline,
    columns::{pad, width, wrap},
    units::{Unit, short},
};

/// Of a list longer than both together, the first so many events are shown and the last so many.
const FIRST: usize = 80;
const LAST: usize = 20;
/// The columns that the words of an event have at least. There is always room: the narrowest chart has 40 columns, the
/// longest time takes 17 and a number of nine digits would be of a recording that fills the memory.
const LEAST_WHAT: usize = 8;
/// The lines that one event may take.
const MOST_LINES: usize = 5;

/// Writes the events, in lines of at most `columns`.
pub(crate) fn lines(timeline: &Timeline, columns: usize) -> Vec<String> {
    let all = timeline.events.len();
    let (first, last) = if all <= FIRST + LAST { (all, all) } else { (FIRST, all - LAST) };
    let mut table = Table::new(timeline, columns);
    let mut lines: Vec<String> = (0..first).flat_map(|i| table.event(i)).collect();
    if first < last {
        lines.push(format!("... {} events left out ...", last - first));
    }
    lines.extend((last..all).flat_map(|i| table.event(i)));
    lines
}

/// The widths of the columns, and what was last written in the one that is not repeated.
struct Table<'a> {
    timeline: &'a Timeline,
    unit: Unit,
    number: usize,
    time: usize,
    who: usize,
    what: usize,
    last_time: String,
}

impl<'a> Table<'a> {
    fn new(timeline: &'a Timeline, columns: usize) -> Table<'a> {
        let unit = Unit::of(timeline.end);
        let number = timeline.events.len().to_string().len();
        let time = unit.fixed(timeline.end).len();
        let longest = timeline.events.iter().map(|event| width(&who(timeline, event))).max().unwrap_or(0);
        // Two blanks between columns make six. What happened needs the room most.
        let rest = columns.saturating_sub(number + time + 6);
        let who = longest.min(columns / 4).min(rest.saturating_sub(LEAST_WHAT));
        let what = (rest - who).max(LEAST_WHAT);
        Table { timeline, unit, number, time, who, what, last_time: String::new() }
    }

    fn event(&mut self, i: usize) -> Vec<String> {
        let event = &self.timeline.events[i];
        let time = self.unit.fixed(event.at);
        let shown = if time == self.last_time { "" } else { &time };
        let who = pad(&who(self.timeline, event), self.who);
        let mut head = format!("{:>1$}  {shown:>2$}  {who}  ", i + 1, self.number, self.time);
        self.last_time = time;

        let mut what = wrap(&what(self.timeline, &event.kind), self.what);
        if what.len() > MOST_LINES {
            what.truncate(MOST_LINES - 1);
            what.push("...".to_string());
        }
        let indent = " ".repeat(width(&head));
        what.iter().map(|line| mem::replace(&mut head, indent.clone()) + line).collect()
    }
}

/// Names the task that was being polled, and else the thread; both if there is more than one thread.
fn who(timeline: &Timeline, event: &Event) -> String {
    let thread = &timeline.threads[event.thread.0 as usize].name;
    match event.task {
        Some(task) if timeline.threads.len() > 1 => format!("{thread} > {task}"),
        Some(task) => task.to_string(),
        None => thread.clone(),
    }
}

/// Says what happened. The subject is the thread, or the task that it was polling.
pub(crate) fn what(timeline: &Timeline, kind: &Kind) -> String {
    let named = |task: &TaskId| format!("{task} {}", timeline.task_name(*task));
    match kind {
        Kind::ThreadStarted => "starts".to_string(),
        Kind::ThreadEnded => "ends".to_string(),
        Kind::Spawned { task } => format!("spawns {}", named(task)),
        Kind::PollBegin { task } => format!("polls {}", named(task)),
        Kind::PollEnd { task, ready: true } => format!("{} is done", named(task)),
        Kind::PollEnd { task, ready: false } => format!("{} is pending", named(task)),
        Kind::Woken { task } => format!("wakes {}", named(task)),
        Kind::Cancelled { task } => format!("cancels {}", named(task)),
        Kind::Parked { limit: Some(limit) } => format!("parks for {} at most", short(*limit)),
        Kind::Parked { limit: None } => "parks until woken".to_string(),
        Kind::Unparked => "wakes up".to_string(),
        Kind::TimerSet { timer, after } => format!("sets {timer} to {} from now", short(*after)),
        Kind::TimerFired { timer } => format!("{timer} fires"),
        Kind::TimerDropped { timer } => format!("gives {timer} up"),
        Kind::IoReady { source, readable, writable } => {
            format!("{source} is {}", ready(*readable, *writable))
        }
        Kind::LockWanted { lock } => format!("wants {lock}"),
        Kind::LockTaken { lock } => format!("takes {lock}"),
        Kind::LockReleased { lock } => format!("lets go of {lock}"),
        Kind::Note { text } => format!("says \"{text}\""),
    }
}

fn ready(readable: bool, writable: bool) -> &'static str {
    match (readable, writable) {
        (true, true) => "readable and writable",
        (true, false) => "readable",
        (false, true) => "writable",
        (false, false) => "ready for nothing",
    }
}
