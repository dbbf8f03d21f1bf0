//! Time for the demo that has no runtime: its threads block.

use std::{
    sync::{Arc, Mutex, PoisonError},
    thread,
    time::{Duration, Instant},
};

use super::Stage;
use crate::probe;

/// Measures time and sleeps through it, in earnest or by hand.
///
/// By hand there is one time for all clones, and a sleep moves it on by its length at once. So the sleeps of several
/// threads add up: by hand, this is for programs of one thread.
///
/// ```no_run
/// use std::time::Duration;
/// use timeline::demo::{Stage, Time};
///
/// let time = Time::for_stage(&Stage::from_args());
/// let before = time.now();
/// time.sleep(Duration::from_secs(2));
/// assert!(time.now() - before >= Duration::from_secs(2));
/// ```
#[derive(Clone, Debug)]
pub struct Time(Source);

#[derive(Clone, Debug)]
enum Source {
    Real(Instant),
    Manual(Arc<Mutex<Duration>>),
}

impl Time {
    /// Takes the kind of time that the command line asks for. It begins at 0.
    pub fn for_stage(stage: &Stage) -> Time {
        Time(if stage.is_manual() { Source::Manual(Arc::default()) } else { Source::Real(Instant::now()) })
    }

    /// Tells the time since this was made.
    pub fn now(&self) -> Duration {
        match &self.0 {
            Source::Real(start) => start.elapsed(),
            Source::Manual(now) => *now.lock().unwrap_or_else(PoisonError::into_inner),
        }
    }

    /// Blocks this thread, and records that it does.
    pub fn sleep(&self, length: Duration) {
        probe::parked(Some(length));
        match &self.0 {
            Source::Real(_) => thread::sleep(length),
            Source::Manual(now) => {
                let mut now = now.lock().unwrap_or_else(PoisonError::into_inner);
                *now = now.saturating_add(length);
            }
        }
        probe::unparked();
    }
}
