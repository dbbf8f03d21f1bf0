//! Runs a check under the model checker: every order of the threads' steps, one after the other.
//!
//! A model that fails may take its process down before the harness has said anything. So the mistake is said from the panic
//! hook, at the first panic; and each model is best run in a process of its own, as the tool does.

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
        if is_deadlock(info.payload()) {
            let _closed = writeln!(std::io::stderr().lock(), "{meaning}");
        }
    }));
    loom::model(body);
}

/// Tells whether this is loom's panic for threads that all sleep.
fn is_deadlock(payload: &dyn Any) -> bool {
    let message = payload.downcast_ref::<String>().map(String::as_str);
    message
        .or_else(|| payload.downcast_ref::<&str>().copied())
        .is_some_and(|text| text.starts_with("deadlock"))
}
