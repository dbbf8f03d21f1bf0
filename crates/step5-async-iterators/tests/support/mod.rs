//! What the tests of this step share: a loop on a manual clock, notes of what happened when, panics as texts, iterators
//! that are slow or strict, and a count of turns.
#![allow(dead_code, reason = "each test file uses its own part")]
#![allow(clippy::unwrap_used, reason = "a test may")]

use std::any::Any;
use std::cell::Cell;
use std::collections::VecDeque;
use std::fmt;
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::task::{Context, Poll, Wake, Waker, ready};
use std::time::Duration;

use step2::yield_now;
use step3::{Clock, ManualClock, Sleep, now, sleep};
use step4::{EventLoop, spawn};
use step5::AsyncIterator;
use timeline::probe::note;

pub(crate) const SECOND: Duration = Duration::from_secs(1);

/// Runs `main` on a clock that moves only as the loop sleeps.
pub(crate) fn run<F: Future + 'static>(main: F) -> F::Output
where
    F::Output: 'static,
{
    EventLoop::with_clock(Clock::from(&ManualClock::new())).unwrap().run(main)
}

/// Runs `main` as [`run`] does, and returns what was noted meanwhile.
pub(crate) fn notes_of(main: impl Future<Output = ()> + 'static) -> Vec<String> {
    let ((), timeline) = timeline::record(|| run(main));
    timeline.notes().into_iter().map(str::to_owned).collect()
}

/// Notes what is said, and when it is on the loop's clock.
pub(crate) fn say(what: impl fmt::Display) {
    note(|| format!("{what} at {}", now().as_secs()));
}

/// Notes its name when it is dropped.
pub(crate) struct SaysOnDrop(pub(crate) &'static str);

impl Drop for SaysOnDrop {
    fn drop(&mut self) {
        note(|| self.0.to_owned());
    }
}

/// Returns what the panic of `f` says.
pub(crate) fn panic_of<R>(f: impl FnOnce() -> R) -> String {
    message(catch_unwind(AssertUnwindSafe(|| drop(f()))).expect_err("it should have panicked"))
}

/// Awaits `future`, which is to panic, and returns what the panic says.
pub(crate) async fn panic_at<F: Future>(future: F) -> String {
    let mut future = Box::pin(future);
    poll_fn(|cx| match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(cx).is_ready())) {
        Ok(ended) => {
            assert!(!ended, "it should have panicked");
            Poll::Pending
        }
        Err(panic) => Poll::Ready(message(panic)),
    })
    .await
}

fn message(panic: Box<dyn Any + Send>) -> String {
    panic
        .downcast::<String>()
        .map_or_else(|panic| panic.downcast::<&str>().unwrap().to_string(), |text| *text)
}

/// Polls `future` once, with a waker that does nothing.
pub(crate) fn poll<F: Future + Unpin>(future: &mut F) -> Poll<F::Output> {
    poll_with(future, Waker::noop())
}

/// Polls `future` once, with `waker`.
pub(crate) fn poll_with<F: Future + Unpin>(future: &mut F, waker: &Waker) -> Poll<F::Output> {
    Pin::new(future).poll(&mut Context::from_waker(waker))
}

/// Counts how often it is woken.
#[derive(Default)]
pub(crate) struct Wakes(AtomicUsize);

impl Wakes {
    pub(crate) fn waker(self: &Arc<Self>) -> Waker {
        Waker::from(Arc::clone(self))
    }

    /// Returns how often it was woken since the last call.
    pub(crate) fn take(&self) -> usize {
        self.0.swap(0, SeqCst)
    }
}

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, SeqCst);
    }
}

/// Sleeps for so many seconds, and returns that.
pub(crate) async fn sleeper(seconds: u32) -> u32 {
    sleep(seconds * SECOND).await;
    seconds
}

/// Gives each number after having slept for so many seconds, counted from when it is asked for.
pub(crate) fn slowly(seconds: impl IntoIterator<Item = u32>) -> Slowly {
    Slowly { left: seconds.into_iter().collect(), sleep: None }
}

pub(crate) struct Slowly {
    left: VecDeque<u32>,
    sleep: Option<Sleep>,
}

impl AsyncIterator for Slowly {
    type Item = u32;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<u32>> {
        let Some(&seconds) = self.left.front() else { return Poll::Ready(None) };
        let sleep = self.sleep.get_or_insert_with(|| sleep(seconds * SECOND));
        ready!(Pin::new(sleep).poll(cx));
        self.sleep = None;
        Poll::Ready(self.left.pop_front())
    }
}

/// Counts how often `items` are asked for, and panics if that happens after their end.
pub(crate) fn strict<I: AsyncIterator>(items: I) -> (Strict<I>, Rc<Cell<usize>>) {
    let asked = Rc::new(Cell::new(0));
    (Strict { items: Some(Box::pin(items)), asked: Rc::clone(&asked) }, asked)
}

pub(crate) struct Strict<I> {
    items: Option<Pin<Box<I>>>,
    asked: Rc<Cell<usize>>,
}

impl<I: AsyncIterator> AsyncIterator for Strict<I> {
    type Item = I::Item;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<I::Item>> {
        self.asked.set(self.asked.get() + 1);
        let item = ready!(self.items.as_mut().expect("nobody asks after the end").as_mut().poll_next(cx));
        if item.is_none() {
            self.items = None;
        }
        Poll::Ready(item)
    }
}

/// Awaits `work` beside a task that always wants a turn, and returns how many turns that had.
pub(crate) async fn turns_beside(work: impl Future) -> usize {
    let turns = Rc::new(Cell::new(0));
    let counter = Rc::clone(&turns);
    let other = spawn(async move {
        loop {
            counter.set(counter.get() + 1);
            yield_now().await;
        }
    });
    work.await;
    other.abort();
    turns.get()
}
