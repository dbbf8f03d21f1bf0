//! One check: records what happens in it, and ends it when nothing happens any more.
//!
//! ```text
//!   test thread     check(|watch| { ... })  events ──▶ recording
//!   watchdog        ...looks...looks...                   │ no new event for a while, or far too many
//!                                                         ▼
//!                                     says where every task stands, and ends the process
//! ```
//!
//! # Invariants
//!
//! 1. The watchdog prints past the capture of the test harness, since the process ends before that is shown.
//! 2. A check that ends, well or by a panic, ends its watchdog.
//!
//! Recorded time is a count of events, not the system's: the same run is drawn the same way every time.

use std::fmt::Write as _;
use std::io::Write as _;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use std::{env, fs, process, thread};

use timeline::{Inherited, Kind, TaskId, TextOptions, Timeline};

use crate::ManualClock;
use crate::counts::{self, uncounted};
use crate::misconception::said;

/// How long a check may go without a new event.
const PATIENCE: Duration = Duration::from_secs(5);
/// How many events are too many: no check needs so many, and an endless loop soon has them.
const TOO_MANY: usize = 100_000;
/// Where the drawing of a check that has passed goes, and how wide it is: set by the tool.
const DRAW_TO: &str = "EXERCISES_DRAW_TO";
const DRAW_WIDTH: &str = "EXERCISES_DRAW_WIDTH";
/// A shorter patience in milliseconds, for the maintainers' checks of answers that hang.
const PATIENCE_MS: &str = "EXERCISES_PATIENCE_MS";

/// Runs one check: `body` is recorded, and ended with a report if it hangs.
///
/// ```
/// exercises::check(|_watch| {
///     exercises::note("one");
///     assert_eq!(exercises::notes(), ["one"]);
/// });
/// ```
pub fn check(body: impl FnOnce(&Watch)) {
    // Ten milliseconds apart, so that a drawing has a column or more for each event.
    let ticks = AtomicU64::new(0);
    run(move || Duration::from_millis(10 * ticks.fetch_add(1, Relaxed)), body);
}

/// Does as [`check`], with the times of `clock` in the recording.
///
/// ```
/// use std::time::Duration;
///
/// let clock = exercises::ManualClock::new();
/// exercises::check_at(&clock, |_watch| clock.advance(Duration::from_secs(2)));
/// ```
pub fn check_at(clock: &ManualClock, body: impl FnOnce(&Watch)) {
    let clock = clock.clone();
    run(move || clock.now(), body);
}

fn run(now: impl Fn() -> Duration + Send + Sync + 'static, body: impl FnOnce(&Watch)) {
    let (allocations, timeline) = timeline::record_with(now, || {
        let watch = Watch { shared: Arc::new(Shared::default()) };
        let (shared, recording) = (Arc::clone(&watch.shared), timeline::inherit());
        thread::spawn(move || shared.guard(&recording));
        counts::allocations(|| body(&watch))
    });
    draw(&timeline);
    counts::report(&timeline, allocations);
}

/// Watches over a check until it is dropped.
pub struct Watch {
    shared: Arc<Shared>,
}

impl Watch {
    /// Says which mistake it is if the check hangs from here on.
    ///
    /// ```
    /// exercises::check(|watch| {
    ///     watch.a_hang_means("W2-wake-under-lock", "the waker was called under the lock that it takes itself");
    ///     watch.a_hang_means_nothing_special();
    /// });
    /// ```
    pub fn a_hang_means(&self, code: &str, text: &str) {
        self.shared.lock().meaning = uncounted(|| Some(said(code, text)));
    }

    /// Takes back what [`a_hang_means`](Self::a_hang_means) said.
    pub fn a_hang_means_nothing_special(&self) {
        self.shared.lock().meaning = None;
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.shared.lock().over = true;
        self.shared.ended.notify_all();
    }
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    ended: Condvar,
}

#[derive(Default)]
struct State {
    over: bool,
    meaning: Option<String>,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The watchdog's life: it ends with the check (invariant 2), or ends the process.
    fn guard(&self, recording: &Inherited) {
        let patience = patience();
        let mut seen = (0, Instant::now());
        let mut state = self.lock();
        while !state.over {
            let waited = self.ended.wait_timeout(state, patience / 20);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
            let events = recording.so_far().map_or(0, |timeline| timeline.events.len());
            if events != seen.0 {
                seen = (events, Instant::now());
            }
            let hangs = seen.1.elapsed() >= patience;
            if !state.over && (hangs || events > TOO_MANY) {
                let what = if hangs {
                    format!("hang: nothing has happened for {patience:?}")
                } else {
                    format!("hang: {events} events, and no end; the last of them are a circle")
                };
                let timeline = recording.so_far().unwrap_or_default();
                end(&what, state.meaning.as_deref(), &timeline);
            }
        }
    }
}

/// Prints the report, past any capture (invariant 1), and ends the process as a failed test does.
fn end(what: &str, meaning: Option<&str>, timeline: &Timeline) -> ! {
    let mut report = String::new();
    for line in [Some(what), meaning].into_iter().flatten() {
        let _infallible = writeln!(report, "{line}");
    }
    for line in standing(timeline) {
        let _infallible = writeln!(report, "  {line}");
    }
    let _closed = std::io::stderr().lock().write_all(report.as_bytes());
    process::exit(101);
}

/// Says of every task where it stands, and what was noted last.
fn standing(timeline: &Timeline) -> Vec<String> {
    let mut lines: Vec<String> =
        (0..).zip(&timeline.tasks).map(|(at, _)| task(timeline, TaskId(at))).collect();
    if let Some(note) = timeline.notes().last() {
        lines.push(format!("the last that was noted: {note}"));
    }
    if lines.is_empty() {
        lines.push("nothing was recorded before".to_owned());
    }
    lines
}

/// "task 0 receiver: pending, 1 poll, 0 wakes, last waker dropped inside its poll 1".
fn task(timeline: &Timeline, id: TaskId) -> String {
    let (mut polls, mut wakes, mut state, mut waker) = (0, 0, "never polled", String::new());
    for event in &timeline.events {
        match &event.kind {
            Kind::PollBegin { task } if *task == id => {
                polls += 1;
                state = "in the middle of a poll";
            }
            Kind::PollEnd { task, ready } if *task == id => state = if *ready { "ready" } else { "pending" },
            Kind::Woken { task } if *task == id => wakes += 1,
            Kind::Note { text } if *text == last_waker_dropped(timeline.task_name(id)) => {
                let place = if event.task == Some(id) { "inside its" } else { "after" };
                waker = format!(", last waker dropped {place} poll {polls}");
            }
            _ => {}
        }
    }
    let plural = |n: u32, what: &str| format!("{n} {what}{}", if n == 1 { "" } else { "s" });
    let (polls, wakes) = (plural(polls, "poll"), plural(wakes, "wake"));
    format!("{id} {}: {state}, {polls}, {wakes}{waker}", timeline.task_name(id))
}

/// What [`Task`](crate::Task) notes when nobody has a waker of it any more.
pub(crate) fn last_waker_dropped(task: &str) -> String {
    format!("{LAST_WAKER}{task} is dropped, uncalled")
}

/// How such a note begins.
pub(crate) const LAST_WAKER: &str = "the last waker of ";

fn patience() -> Duration {
    let set = env::var(PATIENCE_MS).ok().and_then(|text| text.parse().ok());
    set.map_or(PATIENCE, Duration::from_millis)
}

/// Draws a check that has passed, if the tool asks for it and there is something to see.
fn draw(timeline: &Timeline) {
    let Some(file) = env::var_os(DRAW_TO).filter(|_| !timeline.tasks.is_empty()) else { return };
    let width = env::var(DRAW_WIDTH).ok().and_then(|text| text.parse().ok()).unwrap_or(80);
    let drawing = timeline.text(&TextOptions { width, color: false });
    fs::write(file, drawing).expect("the tool has named a file that can be written");
}
