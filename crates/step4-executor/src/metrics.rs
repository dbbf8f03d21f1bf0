//! What an executor holds: how many tasks, timers and sockets, for whoever watches a program from outside.
//!
//! Nothing is counted for this but what the lists, wheels and slabs know anyway, so it costs nothing until somebody asks. A
//! worker's wheel is its own, so there the worker notes the number before it parks.

use crate::event_loop;
use crate::reactor;

/// How much an executor holds at the moment; asked for with [`metrics`] or [`ThreadPool::metrics`](crate::ThreadPool::metrics).
///
/// A number that grows with the age of a program, and not with its load, is a leak.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Metrics {
    /// Tasks that have not ended, whether they run, wait, or stand in a queue.
    pub tasks: usize,
    /// Timers that are set: a sleep has one, and so has a timeout, from its first poll until it is over or dropped.
    ///
    /// One that was dropped on another thread than its own counts until that one parks.
    pub timers: usize,
    /// Sockets that are open, and so registered with a selector.
    pub sockets: usize,
}

/// Counts what the loop that runs on this thread holds; the main future and clean-ups are tasks, too.
///
/// # Panics
///
/// Panics outside of a running loop. A [`ThreadPool`](crate::ThreadPool) has a method for it.
///
/// ```
/// use std::time::Duration;
/// use step4::{Metrics, metrics, run, spawn};
///
/// run(async {
///     let Metrics { tasks, .. } = metrics();
///     assert_eq!(tasks, 1); // This one.
///     let nap = spawn(step3::sleep(Duration::from_secs(3600)));
///     step2::yield_now().await;
///     assert_eq!((metrics().tasks, metrics().timers), (2, 1));
///     nap.abort();
///     assert!(nap.await.is_err());
///     assert_eq!((metrics().tasks, metrics().timers), (1, 0));
/// });
/// ```
#[must_use]
pub fn metrics() -> Metrics {
    assert!(
        event_loop::is_running(),
        "`metrics` needs an event loop that runs on this thread: call it inside `step4::run` \
         (a `ThreadPool` has a method for it)"
    );
    Metrics { tasks: event_loop::tasks(), timers: step3::timers().unwrap_or(0), sockets: reactor::sockets() }
}
