//! What the tests of this step share: a loop on a manual clock, a log of what happened and when, contexts that log,
//! panics as texts, and wakers that count or do harm.
#![allow(dead_code, reason = "each test file uses its own part")]
#![allow(clippy::unwrap_used, reason = "a test may")]

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::fmt;
use std::future::{Future, pending, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::process::Command;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use step2::yield_now;
use step3::{Clock, ManualClock, now, sleep};
use step4::{EventLoop, JoinHandle, spawn};
use step6::{AsyncContext, Outcome, with};

pub(crate) const SECOND: Duration = Duration::from_secs(1);

/// What most bodies return: nothing, or the reason why not.
pub(crate) type Done = Result<(), &'static str>;

pub(crate) const DONE: Done = Ok(());

// Running.

/// Runs `main` on a clock that moves only as the loop sleeps.
pub(crate) fn run<F: Future + 'static>(main: F) -> F::Output
where
    F::Output: 'static,
{
    EventLoop::with_clock(Clock::from(&ManualClock::new())).unwrap().run(main)
}

/// Runs `main` as [`run`] does, with this grace for clean-ups; returns also when that was over.
pub(crate) fn run_with_grace<F: Future + 'static>(grace: Duration, main: F) -> (F::Output, Duration)
where
    F::Output: 'static,
{
    let clock = ManualClock::new();
    let output = EventLoop::with_clock(Clock::from(&clock)).unwrap().grace(grace).run(main);
    (output, clock.now())
}

/// Runs `main` as [`run`] does, and returns what it and its clean-ups have logged.
pub(crate) fn log_of(main: impl AsyncFnOnce(Log) + 'static) -> Vec<String> {
    let log = Log::default();
    let theirs = log.clone();
    run(async move { main(theirs).await });
    log.take()
}

/// Does as [`log_of`]; each line says at which second it was written.
pub(crate) fn timed_log_of(main: impl AsyncFnOnce(Log) + 'static) -> Vec<String> {
    log_of(async |log| main(log.timed()).await)
}

/// Runs `scenario` in a process of its own, which is this test once more, and returns what that writes to standard error.
pub(crate) fn stderr_of(scenario: impl FnOnce()) -> String {
    const IS_CHILD: &str = "STEP6_TEST_IS_CHILD";
    if std::env::var_os(IS_CHILD).is_some() {
        scenario();
        std::process::exit(0);
    }
    let thread = std::thread::current();
    let test = thread.name().expect("the harness names a test's thread after the test");
    let child = Command::new(std::env::current_exe().unwrap())
        .args([test, "--exact", "--nocapture", "--test-threads=1"])
        .env(IS_CHILD, "yes")
        .output()
        .unwrap();
    let stderr = String::from_utf8(child.stderr).unwrap();
    assert!(child.status.success(), "{stderr}");
    stderr
}

// Logging.

/// Lines, in the order in which they were written.
#[derive(Clone, Default)]
pub(crate) struct Log {
    lines: Rc<RefCell<Vec<String>>>,
    is_timed: bool,
}

impl Log {
    /// Returns a handle to the same log that writes the time behind each line.
    pub(crate) fn timed(&self) -> Self {
        Self { lines: Rc::clone(&self.lines), is_timed: true }
    }

    pub(crate) fn say(&self, what: impl fmt::Display) {
        let line = if self.is_timed { format!("{what} at {}", now().as_secs()) } else { what.to_string() };
        self.lines.borrow_mut().push(line);
    }

    /// Returns the lines that were written since the last call.
    pub(crate) fn take(&self) -> Vec<String> {
        self.lines.take()
    }

    /// Returns how many lines begin with this.
    pub(crate) fn count(&self, begin: &str) -> usize {
        self.lines.borrow().iter().filter(|line| line.starts_with(begin)).count()
    }
}

/// Logs its text when it is dropped.
pub(crate) struct SaysOnDrop(pub(crate) Log, pub(crate) &'static str);

impl Drop for SaysOnDrop {
    fn drop(&mut self) {
        self.0.say(self.1);
    }
}

// Contexts.

/// A context that logs how it is entered and left, and takes its time for it if it is told to. Changes no outcome.
///
/// ```text
/// enter a              exit a: failed "no bread"       (or: returned, panicked, cancelled)
/// entered a            left a                          (if it takes time)
/// ```
#[derive(Clone)]
pub(crate) struct Logged {
    name: &'static str,
    log: Log,
    enters_in: u32,
    exits_in: u32,
}

impl Logged {
    pub(crate) fn new(name: &'static str, log: &Log) -> Self {
        Self { name, log: log.clone(), enters_in: 0, exits_in: 0 }
    }

    /// Lets `enter` take so many seconds.
    pub(crate) fn enters_in(self, seconds: u32) -> Self {
        Self { enters_in: seconds, ..self }
    }

    /// Lets `exit` take so many seconds.
    pub(crate) fn exits_in(self, seconds: u32) -> Self {
        Self { exits_in: seconds, ..self }
    }
}

impl<T: 'static, E: fmt::Debug + 'static> AsyncContext<T, E> for Logged {
    type Value = Logged;

    async fn enter(self) -> Result<Logged, E> {
        self.log.say(format_args!("enter {}", self.name));
        if self.enters_in > 0 {
            sleep(self.enters_in * SECOND).await;
            self.log.say(format_args!("entered {}", self.name));
        }
        Ok(self)
    }

    async fn exit(me: Logged, outcome: Outcome<T, E>) -> Outcome<T, E> {
        me.log.say(format_args!("exit {}: {}", me.name, ending(&outcome)));
        if me.exits_in > 0 {
            sleep(me.exits_in * SECOND).await;
            me.log.say(format_args!("left {}", me.name));
        }
        outcome
    }
}

/// Says which outcome it is.
pub(crate) fn ending<T, E: fmt::Debug>(outcome: &Outcome<T, E>) -> String {
    match outcome {
        Outcome::Returned(_) => "returned".to_owned(),
        Outcome::Failed(error) => format!("failed {error:?}"),
        Outcome::Panicked(_) => "panicked".to_owned(),
        Outcome::Cancelled => "cancelled".to_owned(),
    }
}

/// A context whose `enter` fails, after so many seconds.
pub(crate) struct FailsToEnter(pub(crate) &'static str, pub(crate) u32);

impl<T: 'static> AsyncContext<T, &'static str> for FailsToEnter {
    type Value = ();

    async fn enter(self) -> Result<(), &'static str> {
        if self.1 > 0 {
            sleep(self.1 * SECOND).await;
        }
        Err(self.0)
    }

    async fn exit(_value: (), _outcome: Outcome<T, &'static str>) -> Outcome<T, &'static str> {
        unreachable!("it was never entered")
    }
}

/// A context whose `exit` makes another outcome of the one it is given.
pub(crate) struct Makes<T: 'static>(pub(crate) fn(Outcome<T, &'static str>) -> Outcome<T, &'static str>);

impl<T: 'static> AsyncContext<T, &'static str> for Makes<T> {
    type Value = Self;

    async fn enter(self) -> Result<Self, &'static str> {
        Ok(self)
    }

    async fn exit(me: Self, outcome: Outcome<T, &'static str>) -> Outcome<T, &'static str> {
        me.0(outcome)
    }
}

/// Enters `context`, and never leaves it of its own accord.
pub(crate) async fn hold<C: AsyncContext<(), &'static str>>(context: C) -> Done {
    with(context, async |_| {
        pending::<()>().await;
        DONE
    })
    .await
}

// Polling, panics, turns.

/// Polls `future` once, on behalf of the task that awaits this.
pub(crate) async fn poll_once<F: Future + Unpin>(future: &mut F) -> Poll<F::Output> {
    poll_fn(|cx| Poll::Ready(Pin::new(&mut *future).poll(cx))).await
}

/// Polls `future` once, with a waker that does nothing.
pub(crate) fn poll<F: Future + Unpin>(future: &mut F) -> Poll<F::Output> {
    poll_with(future, Waker::noop())
}

/// Polls `future` once, with `waker`.
pub(crate) fn poll_with<F: Future + Unpin>(future: &mut F, waker: &Waker) -> Poll<F::Output> {
    Pin::new(future).poll(&mut Context::from_waker(waker))
}

/// Begins a future that has to wait, and returns it.
pub(crate) fn begun<F: Future>(future: F) -> Pin<Box<F>> {
    let mut future = Box::pin(future);
    assert!(poll(&mut future).is_pending(), "it should have to wait");
    future
}

/// Polls `future` once, and returns its output, which is to be there at once.
pub(crate) fn at_once<F: Future>(future: F) -> F::Output {
    match poll(&mut Box::pin(future)) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("it should not have to wait"),
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

/// Lets everyone else have so many turns.
pub(crate) async fn turns(count: usize) {
    for _ in 0..count {
        yield_now().await;
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

/// Starts a task that sleeps for so many seconds, and returns that.
pub(crate) fn sleeper(seconds: u32) -> JoinHandle<u32> {
    spawn(async move {
        sleep(seconds * SECOND).await;
        seconds
    })
}

// Wakers.

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

/// Makes a waker that calls `f` whenever it is woken, and when it is dropped: for an `f` that uses the very lock which
/// has the waker.
pub(crate) fn waker_that(f: impl Fn() + Send + Sync + 'static) -> Waker {
    struct Calls<F: Fn() + Send + Sync>(F);
    impl<F: Fn() + Send + Sync> Wake for Calls<F> {
        fn wake(self: Arc<Self>) {
            self.0(); // And once more, when this is the last of it.
        }
    }
    impl<F: Fn() + Send + Sync> Drop for Calls<F> {
        fn drop(&mut self) {
            self.0();
        }
    }
    Waker::from(Arc::new(Calls(f)))
}
