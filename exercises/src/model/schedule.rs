//! The steps of one order of the threads, and their drawing: a lane for each thread, a line for each step.
//!
//! ```text
//!     main                          thread 1
//!     spawn thread 1                                              checks/lost-wakeup.rs:50
//!     load: false                                                 lost-wakeup.rs:38
//!                                   store true                    lost-wakeup.rs:47
//! ```
//!
//! # Invariants
//!
//! 1. The model checker changes threads only *before* a step. A step that is written down when it is done is in its place,
//!    therefore; what a thread is about to do is kept apart, as its wish, until then.
//! 2. A thread falls asleep at a condition variable in the middle of a call. [`Listener`] hears of that from the model checker.
//! 3. All of it happens on one thread of the system, which plays all threads of the model.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::fmt::{Debug, Write as _};
use std::panic::Location;

use loom::thread::{ThreadId, current};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

/// How many steps are drawn: the last ones.
const DRAWN: usize = 60;

/// Where a step is in the text of the program.
pub(super) type Place = &'static Location<'static>;

thread_local! {
    static SCHEDULE: RefCell<Schedule> = RefCell::default();
}

#[derive(Default)]
struct Schedule {
    is_on: bool,
    /// How many orders have begun.
    orders: usize,
    /// The threads, in the order in which they were spawned, which is how the model checker numbers them.
    threads: Vec<ThreadId>,
    steps: Vec<Step>,
    /// What each thread is about to do, if it is in the middle of a call.
    wishes: Vec<Option<Wish>>,
    /// Who sleeps at each condition variable, by its number; first in, first out.
    sleepers: Vec<VecDeque<usize>>,
    locks: usize,
    /// The latest value of each atomic, by its number: a load under a weak ordering may return an older one.
    atomics: Vec<String>,
}

struct Step {
    thread: usize,
    text: String,
    place: Option<Place>,
}

struct Wish {
    text: String,
    place: Place,
    /// The condition variable at which it is about to sleep.
    condvar: Option<usize>,
}

/// Begins another order.
pub(super) fn begin() {
    let main = current().id();
    SCHEDULE.with_borrow_mut(|schedule| {
        let orders = schedule.orders + 1;
        *schedule = Schedule { is_on: true, orders, threads: vec![main], ..Schedule::default() };
    });
}

/// Ends the model, or what is to be told of it: after a failure, what is left of it is only cleared up.
pub(super) fn end() {
    SCHEDULE.with_borrow_mut(|schedule| schedule.is_on = false);
}

/// Tells whether an order is running on this thread of the system.
pub(super) fn is_on() -> bool {
    SCHEDULE.with_borrow(|schedule| schedule.is_on)
}

/// Takes note of a thread that was just spawned, and returns its number.
pub(super) fn spawned(id: ThreadId) -> usize {
    SCHEDULE.with_borrow_mut(|schedule| schedule.lane(id))
}

/// Returns the number of a new lock.
pub(super) fn new_lock() -> usize {
    SCHEDULE.with_borrow_mut(|schedule| {
        schedule.locks += 1;
        schedule.locks
    })
}

/// Returns the number of a new condition variable.
pub(super) fn new_condvar() -> usize {
    SCHEDULE.with_borrow_mut(|schedule| {
        schedule.sleepers.push(VecDeque::new());
        schedule.sleepers.len()
    })
}

/// Returns the number of a new atomic.
pub(super) fn new_atomic(value: String) -> usize {
    SCHEDULE.with_borrow_mut(|schedule| {
        schedule.atomics.push(value);
        schedule.atomics.len()
    })
}

/// Takes note of an atomic's new value.
pub(super) fn stored(atomic: usize, value: String) {
    SCHEDULE.with_borrow_mut(|schedule| schedule.atomics[atomic - 1] = value);
}

/// Says of a value that was loaded what there is to say: that it was not the latest.
pub(super) fn age(atomic: usize, value: &str) -> &'static str {
    SCHEDULE
        .with_borrow(|schedule| if schedule.atomics[atomic - 1] == value { "" } else { " (an older value)" })
}

/// Writes down a step of the running thread that is done.
pub(super) fn done(text: impl Into<String>, place: impl Into<Option<Place>>) {
    if !is_on() {
        return;
    }
    let thread = current().id();
    SCHEDULE.with_borrow_mut(|schedule| {
        let thread = schedule.lane(thread);
        schedule.wishes[thread] = None;
        schedule.steps.push(Step { thread, text: text.into(), place: place.into() });
    });
}

/// Says what the running thread is about to do: it may have to wait, and perhaps for ever.
pub(super) fn wishes(text: impl Into<String>, place: Place, condvar: Option<usize>) {
    if !is_on() {
        return;
    }
    let thread = current().id();
    SCHEDULE.with_borrow_mut(|schedule| {
        let thread = schedule.lane(thread);
        schedule.wishes[thread] = Some(Wish { text: text.into(), place, condvar });
    });
}

/// Says who is woken at a condition variable: the first, or all.
pub(super) fn notified(condvar: usize, all: bool) -> String {
    SCHEDULE.with_borrow_mut(|schedule| {
        let line = &mut schedule.sleepers[condvar - 1];
        let count = if all { line.len() } else { line.len().min(1) };
        let woken: Vec<String> = line.drain(..count).map(name).collect();
        if woken.is_empty() {
            "nobody sleeps there".to_owned()
        } else {
            format!("wakes {}", woken.join(", "))
        }
    })
}

fn name(thread: usize) -> String {
    if thread == 0 { "main".to_owned() } else { format!("thread {thread}") }
}

impl Schedule {
    fn lane(&mut self, id: ThreadId) -> usize {
        let known = self.threads.iter().position(|thread| *thread == id);
        let lane = known.unwrap_or_else(|| {
            self.threads.push(id);
            self.threads.len() - 1
        });
        self.wishes.resize_with(self.threads.len(), || None);
        lane
    }

    /// A thread that the model checker puts to sleep (invariant 2).
    fn sleeps(&mut self, thread: usize) {
        let Some(wish) = self.wishes.get_mut(thread).and_then(Option::as_mut) else { return };
        let Some(condvar) = wish.condvar.take() else { return };
        let text = std::mem::replace(&mut wish.text, "sleeps".to_owned());
        self.steps.push(Step { thread, text, place: Some(wish.place) });
        self.sleepers[condvar - 1].push_back(thread);
    }

    fn drawing(&self, is_deadlock: bool) -> String {
        let mut lines: Vec<(usize, &str, String)> =
            self.steps.iter().map(|step| (step.thread, step.text.as_str(), place(step.place))).collect();
        let ends: Vec<(usize, String, String)> = self
            .wishes
            .iter()
            .enumerate()
            .filter_map(|(thread, wish)| {
                let wish = wish.as_ref()?;
                Some((thread, format!("{} for ever", wish.text), place(Some(wish.place))))
            })
            .collect();
        if is_deadlock {
            lines.extend(ends.iter().map(|(thread, text, place)| (*thread, text.as_str(), place.clone())));
        }
        let skipped = lines.len().saturating_sub(DRAWN);
        let widths: Vec<usize> = (0..self.threads.len())
            .map(|lane| {
                let texts = lines[skipped..].iter().filter(|line| line.0 == lane).map(|line| line.1.len());
                texts.chain([name(lane).len()]).max().unwrap_or(0) + 2
            })
            .collect();
        let mut text =
            format!("schedule: it fails in this order of steps, number {} of those tried\n", self.orders);
        if skipped > 0 {
            let _infallible = writeln!(text, "  | ... {skipped} steps before");
        }
        let mut line = |cells: Vec<&str>, place: &str| {
            let cells = cells.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}"));
            let line = format!("  | {}{place}", cells.collect::<String>());
            let _infallible = writeln!(text, "{}", line.trim_end());
        };
        let names: Vec<String> = (0..self.threads.len()).map(name).collect();
        line(names.iter().map(String::as_str).collect(), "");
        for (thread, step, place) in &lines[skipped..] {
            let cells = (0..self.threads.len()).map(|lane| if lane == *thread { *step } else { "" });
            line(cells.collect(), place);
        }
        text
    }
}

/// Draws the order that is running, or has just ended, and ends the model.
pub(super) fn drawing(is_deadlock: bool) -> String {
    SCHEDULE.with_borrow_mut(|schedule| {
        schedule.is_on = false;
        schedule.drawing(is_deadlock)
    })
}

/// "lost-wakeup.rs:38": the file is the answer's, unless it says that it is the checks'.
fn place(place: Option<Place>) -> String {
    let Some(place) = place else { return String::new() };
    let path = place.file().replace('\\', "/");
    let mut parts = path.rsplit('/');
    let file = parts.next().unwrap_or_default();
    let folder = if parts.next() == Some("checks") { "checks/" } else { "" };
    format!("{folder}{file}:{}", place.line())
}

/// Hears from the model checker when a thread falls asleep. It says so as an event for the log, "park".
pub(super) struct Listener;

impl Subscriber for Listener {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.is_event() && metadata.target() == "loom::rt"
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut park = Park::default();
        event.record(&mut park);
        if let (true, Some(thread)) = (park.is_park, park.thread) {
            SCHEDULE.with_borrow_mut(|schedule| schedule.sleeps(thread));
        }
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

/// What an event says: its message, and its thread as "Id(1)".
#[derive(Default)]
struct Park {
    is_park: bool,
    thread: Option<usize>,
}

impl Visit for Park {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        let text = format!("{value:?}");
        match field.name() {
            "message" => self.is_park = text == "park",
            "thread" => {
                self.thread = text.strip_prefix("Id(").and_then(|rest| rest.strip_suffix(')')?.parse().ok());
            }
            _ => {}
        }
    }
}
