//! The timeline in the trace-event format, which <https://ui.perfetto.dev> and `chrome://tracing` show.
//!
//! ```text
//! process 1  threads    one track each: slices for running, parked and waiting for a lock,
//!                       inside of them slices for polls; instants for everything else
//! process 2  tasks      one track each: slices for running, ready and waiting
//! arrows                from a wake, on the waker's track, to the next poll of the woken task
//! ```
//!
//! # Source
//!
//! *Trace Event Format*, Nicholas Duca and Dan Sinclair, Google, 2016.

use std::time::Duration;

use serde::Serialize;

use crate::{
    Event, Kind, Timeline,
    event::nanos,
    lanes::{Lane, lanes},
    log,
};

const THREADS: u32 = 1;
const TASKS: u32 = 2;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct File {
    display_time_unit: &'static str,
    trace_events: Vec<Trace>,
}

/// One entry; what `ph` is decides which of the optional fields it has.
#[derive(Serialize)]
struct Trace {
    ph: &'static str,
    pid: u32,
    tid: u32,
    /// In microseconds, as are durations.
    ts: f64,
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    dur: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cat: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<usize>,
    /// The scope of an instant.
    #[serde(skip_serializing_if = "Option::is_none")]
    s: Option<&'static str>,
    /// Where an arrow ends: `e` is the slice around that point.
    #[serde(skip_serializing_if = "Option::is_none")]
    bp: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    args: Option<Args>,
}

#[derive(Serialize)]
struct Args {
    name: String,
}

impl Trace {
    fn new(ph: &'static str, (pid, tid): (u32, u32), at: Duration, name: String) -> Trace {
        let (ts, none) = (micros(at), None);
        Trace { ph, pid, tid, ts, name, dur: None, cat: none, id: None, s: none, bp: none, args: None }
    }

    /// Gives a name to a process or a track.
    fn naming(what: &str, track: (u32, u32), name: &str) -> Trace {
        let args = Some(Args { name: name.to_string() });
        Trace { args, ..Trace::new("M", track, Duration::ZERO, what.to_string()) }
    }

    fn arrow(ph: &'static str, track: (u32, u32), at: Duration, wake: usize) -> Trace {
        let bp = (ph == "f").then_some("e");
        Trace { cat: Some("wake"), id: Some(wake), bp, ..Trace::new(ph, track, at, "wake".to_string()) }
    }
}

impl Timeline {
    /// Writes the timeline as a trace for Perfetto or Chrome.
    pub fn chrome_json(&self) -> String {
        let mut trace_events = vec![
            Trace::naming("process_name", (THREADS, 0), "threads"),
            Trace::naming("process_name", (TASKS, 0), "tasks"),
        ];
        for (lane, row) in lanes(self).iter().zip(0..) {
            track(&mut trace_events, lane, self.track(row));
        }
        // The wakes that no poll has answered yet, by task.
        let mut unanswered = vec![Vec::new(); self.tasks.len()];
        for (index, event) in self.events.iter().enumerate() {
            trace_events.push(self.entry(event));
            self.arrows(&mut trace_events, index, event, &mut unanswered);
        }
        let file = File { display_time_unit: "ms", trace_events };
        let text = serde_json::to_string(&file).expect("there is nothing in a trace that JSON cannot hold");
        // One entry a line: no string holds a raw line break, and `},{` inside of one has its quotes escaped.
        text.replace("},{\"ph\"", "},\n{\"ph\"") + "\n"
    }

    /// The process and track of a row: threads come first, then tasks.
    fn track(&self, row: u32) -> (u32, u32) {
        let threads = u32::try_from(self.threads.len()).unwrap_or(u32::MAX);
        // Tracks count from 1: some viewers keep 0 for the process itself.
        if row < threads { (THREADS, row + 1) } else { (TASKS, row - threads + 1) }
    }

    fn entry(&self, event: &Event) -> Trace {
        let track = (THREADS, event.thread.0 + 1);
        let name = || log::what(self, &event.kind);
        match event.kind {
            Kind::PollBegin { task } => {
                Trace::new("B", track, event.at, format!("{task} {}", self.task_name(task)))
            }
            Kind::PollEnd { .. } => Trace::new("E", track, event.at, String::new()),
            _ => Trace { s: Some("t"), ..Trace::new("i", track, event.at, name()) },
        }
    }

    fn arrows(&self, to: &mut Vec<Trace>, index: usize, event: &Event, unanswered: &mut [Vec<usize>]) {
        match event.kind {
            Kind::Woken { task } => {
                to.push(Trace::arrow("s", (THREADS, event.thread.0 + 1), event.at, index));
                unanswered[task.0 as usize].push(index);
            }
            Kind::PollBegin { task } => {
                let wakes = unanswered[task.0 as usize].drain(..);
                to.extend(wakes.map(|wake| Trace::arrow("f", (TASKS, task.0 + 1), event.at, wake)));
            }
            _ => {}
        }
    }
}

/// Names a lane's track and fills it with slices.
fn track(to: &mut Vec<Trace>, lane: &Lane, track: (u32, u32)) {
    to.push(Trace::naming("thread_name", track, &lane.label));
    to.extend(lane.spans.iter().map(|span| {
        let dur = Some(micros(span.to - span.from));
        Trace { dur, ..Trace::new("X", track, span.from, span.state.name().to_string()) }
    }));
}

fn micros(time: Duration) -> f64 {
    nanos::of(time) as f64 / 1000.0
}
