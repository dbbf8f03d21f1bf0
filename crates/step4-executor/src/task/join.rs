//! What `spawn` returns: a handle to await the outcome of a task, or to abort it.

use std::any::Any;
use std::fmt;
use std::io;

pub use crate::task::raw::JoinHandle;

/// Says whose the outcome of a task is.
#[doc(hidden)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// A handle waits for it.
    Wanted,
    /// The handle is gone: whoever learns this drops it.
    Unwanted,
}

/// Says why a task has no output.
///
/// ```
/// use step4::{JoinError, run, spawn};
///
/// let error = run(async { spawn(async { panic!("no bread") }).await.unwrap_err() });
/// assert_eq!(error.to_string(), "the task panicked: no bread");
/// assert!(matches!(error, JoinError::Panicked(_)));
/// ```
pub enum JoinError {
    /// It was aborted, or its executor ended before it did.
    Cancelled,
    /// It panicked, with this payload.
    Panicked(Box<dyn Any + Send>),
}

impl JoinError {
    /// Goes on with the task's panic in this thread, if it was one.
    ///
    /// # Panics
    ///
    /// Panics with the task's payload, or with a message if the task was cancelled.
    pub fn resume(self) -> ! {
        match self {
            JoinError::Cancelled => panic!("the task was cancelled"),
            JoinError::Panicked(payload) => std::panic::resume_unwind(payload),
        }
    }
}

impl fmt::Display for JoinError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            JoinError::Cancelled => f.write_str("the task was cancelled"),
            JoinError::Panicked(payload) => write!(f, "the task panicked: {}", message(payload.as_ref())),
        }
    }
}

/// Returns the text of a panic's payload, which is a string nearly always.
fn message(payload: &(dyn Any + Send)) -> &str {
    let text = payload.downcast_ref::<&str>().copied();
    text.or_else(|| payload.downcast_ref::<String>().map(String::as_str)).unwrap_or("(no message)")
}

impl fmt::Debug for JoinError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            JoinError::Cancelled => f.write_str("Cancelled"),
            JoinError::Panicked(payload) => {
                f.debug_tuple("Panicked").field(&message(payload.as_ref())).finish()
            }
        }
    }
}

impl std::error::Error for JoinError {}

impl From<JoinError> for io::Error {
    fn from(error: JoinError) -> Self {
        match error {
            JoinError::Cancelled => io::Error::new(io::ErrorKind::Interrupted, "the task was cancelled"),
            JoinError::Panicked(_) => io::Error::other(error.to_string()),
        }
    }
}
