//! Runs a check under the model checker: every order of the threads' steps, one after the other.
//!
//! ```text
//!   steps      the model's locks and atomics ── each step ──▶ schedule   the steps of this order ── drawn ──▶ standard error
//! ```
//!
//! A model that fails may take its process down before the harness has said anything. So the mistake, and the order in which it
//! shows, are said from the panic hook, at the first panic; and each model is best run in a process of its own, as the tool does.

mod schedule;
pub(crate) mod steps;

use std::any::Any;
use std::io::Write as _;
use std::panic;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use crate::misconception::said;

/// Tries every order in which `body`'s threads can run. `code` and `text` say which mistake a deadlock is.
///
/// # Panics
///
/// If any of the orders panics, or leaves a thread asleep for ever.
pub fn model(code: &str, text: &str, body: impl Fn() + Send + Sync + 'static) {
    let meaning = said(code, text);
    let reported = AtomicBool::new(false);
    let default = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        if reported.swap(true, Relaxed) {
            return; // What follows the first panic is loom's own clearing up.
        }
        default(info);
        let is_deadlock = is_deadlock(info.payload());
        let mut report = if is_deadlock { format!("{meaning}\n") } else { String::new() };
        report += &schedule::drawing(is_deadlock);
        let _closed = std::io::stderr().lock().write_all(report.as_bytes());
    }));
    tracing::subscriber::with_default(schedule::Listener, || {
        loom::model::Builder::new().check(move || {
            schedule::begin();
            body();
        });
    });
    schedule::end();
}

/// Tells whether this is loom's panic for threads that all sleep.
fn is_deadlock(payload: &dyn Any) -> bool {
    let message = payload.downcast_ref::<String>().map(String::as_str);
    message
        .or_else(|| payload.downcast_ref::<&str>().copied())
        .is_some_and(|text| text.starts_with("deadlock"))
}

/// Writes a step of this library's own down, if this thread runs a model.
pub(crate) fn step(text: impl FnOnce() -> String) {
    if schedule::is_on() && !std::thread::panicking() {
        schedule::done(text(), None);
    }
}
