//! What the tests of this step share: a driver on a manual clock, wakers that say when they were called, and many
//! futures in one.
#![allow(dead_code, reason = "each test file uses its own part")]

use std::any::Any;
use std::fmt;
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use step2::{Park, ThreadPark, drive};
use step3::{Clock, ManualClock, TimerDriver};
use timeline::{Event, Kind, Timeline, record_with};

pub(crate) type Driver = TimerDriver<ThreadPark>;

pub(crate) const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

pub(crate) const fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

pub(crate) const fn days(days: u64) -> Duration {
    secs(days * 24 * 3600)
}

/// Makes a manual clock, and a driver that follows it.
pub(crate) fn manual() -> (ManualClock, Driver) {
    let clock = ManualClock::new();
    let driver = TimerDriver::new(ThreadPark::new(), Clock::from(&clock));
    (clock, driver)
}

/// Runs `future` on a manual clock.
pub(crate) fn run<F: Future>(future: F) -> F::Output {
    let (_, mut driver) = manual();
    drive(&mut driver, future).expect("a thread can always park")
}

/// Runs `future` on a manual clock, and records it.
pub(crate) fn record<F: Future>(future: F) -> (F::Output, Timeline) {
    let (clock, mut driver) = manual();
    record_with(move || clock.now(), || drive(&mut driver, future).expect("a thread can always park"))
}

/// Parks `driver` once, with no limit but its own timers.
pub(crate) fn park(driver: &mut Driver) {
    driver.park(None).expect("a thread can always park");
}

/// Wakes what is due, and lets no time pass.
pub(crate) fn look(driver: &mut Driver) {
    driver.park(Some(Duration::ZERO)).expect("a thread can always park");
}

/// Polls `future` once, with `waker`.
pub(crate) fn poll<F: Future + Unpin>(future: &mut F, waker: &Waker) -> Poll<F::Output> {
    Pin::new(future).poll(&mut Context::from_waker(waker))
}

/// Polls many futures at once, in their order, until all are done.
pub(crate) async fn all<'a>(futures: impl IntoIterator<Item = Pin<Box<dyn Future<Output = ()> + 'a>>>) {
    let mut futures: Vec<_> = futures.into_iter().collect();
    poll_fn(|cx| {
        futures.retain_mut(|future| future.as_mut().poll(cx).is_pending());
        if futures.is_empty() { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
}

/// Notes which wakers were called, in order.
#[derive(Clone, Default)]
pub(crate) struct Wakes(Arc<Mutex<Vec<String>>>);

impl Wakes {
    /// Makes a waker that notes `name`.
    pub(crate) fn waker(&self, name: impl fmt::Display) -> Waker {
        struct Named(String, Wakes);
        impl Wake for Named {
            fn wake(self: Arc<Self>) {
                self.1.note(&self.0);
            }
        }
        Waker::from(Arc::new(Named(name.to_string(), self.clone())))
    }

    pub(crate) fn note(&self, name: &str) {
        self.0.lock().expect("nothing panics under this lock").push(name.to_string());
    }

    /// Returns what was noted since the last call.
    pub(crate) fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.0.lock().expect("nothing panics under this lock"))
    }
}

/// Does what it is told to when it is woken, once.
pub(crate) struct Does<F>(Mutex<Option<F>>);

impl<F: FnOnce() + Send + 'static> Does<F> {
    pub(crate) fn waker(act: F) -> Waker {
        Waker::from(Arc::new(Does(Mutex::new(Some(act)))))
    }
}

impl<F: FnOnce() + Send + 'static> Wake for Does<F> {
    fn wake(self: Arc<Self>) {
        let act = self.0.lock().expect("nothing panics under this lock").take();
        if let Some(act) = act {
            act();
        }
    }
}

/// Counts the events of one kind.
pub(crate) fn count(timeline: &Timeline, is: impl Fn(&Kind) -> bool) -> usize {
    timeline.order(|Event { kind, .. }| is(kind).then(String::new)).len()
}

/// Returns what `act` panics with.
pub(crate) fn panic_of(act: impl FnOnce()) -> String {
    let panic: Box<dyn Any + Send> =
        catch_unwind(AssertUnwindSafe(act)).expect_err("it should have panicked");
    match panic.downcast::<String>() {
        Ok(text) => *text,
        Err(panic) => panic.downcast::<&str>().expect("panics say something").to_string(),
    }
}
