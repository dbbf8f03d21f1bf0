//! What the runs share: programs that run on a clock that is made up, and are recorded by it.

use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use step2::{ThreadPark, drive};
use step3::{Clock, ManualClock, TimerDriver};
use step4::EventLoop;
use timeline::{Timeline, probe, record_with};

pub(crate) const fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

pub(crate) const fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// Lets the program that runs say something, in the recording alone.
pub(crate) fn say(text: impl Into<String>) {
    probe::note(|| text.into());
}

/// Records `program` by a manual clock, which it is given.
pub(crate) fn by_hand(program: impl FnOnce(&ManualClock)) -> Timeline {
    let clock = ManualClock::new();
    let now = clock.clone();
    record_with(move || now.now(), || program(&clock)).1
}

/// Runs a future on step 3's driver, and records it.
pub(crate) fn on_timers<F: Future>(program: F) -> Timeline {
    by_hand(|clock| {
        let mut driver = TimerDriver::new(ThreadPark::new(), Clock::from(clock));
        drive(&mut driver, program).expect("a thread can always park");
    })
}

/// Runs a future on step 4's event loop, and records it.
pub(crate) fn on_loop<F: Future<Output = ()> + 'static>(program: F) -> Timeline {
    let clock = ManualClock::new();
    let event_loop = EventLoop::with_clock(Clock::from(&clock)).expect("the system has a selector to give");
    record_with(move || clock.now(), || event_loop.run(program)).1
}

/// Records a future as if it were a task: with a lane of its own, from its first poll on.
pub(crate) async fn seen<F: Future>(name: &'static str, future: F) -> F::Output {
    static NEXT: AtomicUsize = AtomicUsize::new(1);
    // No address is that low, so no task has this key.
    let key = NEXT.fetch_add(1, Relaxed);
    probe::spawned(key, name);
    let mut future = pin!(future);
    std::future::poll_fn(move |cx| {
        probe::poll_begin(key);
        let polled = Pin::as_mut(&mut future).poll(cx);
        probe::poll_end(key, polled.is_ready());
        polled
    })
    .await
}
