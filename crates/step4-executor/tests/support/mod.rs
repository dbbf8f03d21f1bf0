//! What the tests of this step share: a loop on a manual clock, tasks that sleep, and a guard that says it was dropped.
#![allow(dead_code, reason = "each test file uses its own part")]
#![allow(clippy::unwrap_used, reason = "a test may")]

use std::cell::Cell;
use std::future::Future;
use std::rc::Rc;
use std::time::Duration;

use step3::{Clock, ManualClock, sleep};
use step4::{EventLoop, JoinHandle, spawn};

pub(crate) const SECOND: Duration = Duration::from_secs(1);

/// Runs `main` on a clock that moves only as the loop sleeps.
pub(crate) fn run<F: Future + 'static>(main: F) -> F::Output
where
    F::Output: 'static,
{
    EventLoop::with_clock(Clock::from(&ManualClock::new())).unwrap().run(main)
}

/// Starts a task that sleeps for so many seconds, and returns that.
pub(crate) fn sleeper(seconds: u32) -> JoinHandle<u32> {
    spawn(async move {
        sleep(seconds * SECOND).await;
        seconds
    })
}

/// Sets its flag when it is dropped.
pub(crate) struct SetOnDrop(pub(crate) Rc<Cell<bool>>);

impl Drop for SetOnDrop {
    fn drop(&mut self) {
        self.0.set(true);
    }
}
