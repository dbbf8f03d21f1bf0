//! The event loop: many tasks on one thread. `run` is `asyncio.run`, `spawn` is `create_task`.
//!
//! ```text
//!          spawn, wake                       wake from another thread
//!               │                                     │
//!               ▼                                     ▼
//!   first ┌─── queue ───┐ last                   ┌ mailbox ┐
//!         └──────┬──────┘ ◀───────────────────── └─────────┘ emptied before each turn
//!                ▼
//!   a turn: run up to 61 tasks, first in, first out
//!                │
//!                ▼
//!   park: queue empty? sleep until a wake, a timer or a socket; else only look at them
//! ```
//!
//! # Invariants
//!
//! 1. Ready tasks run first in, first out. What a turn adds stands behind what was there.
//! 2. A task woken twice before it runs, runs once.
//! 3. Timers and sockets are looked at after 61 polls at the latest, so that a busy queue cannot starve them.
//! 4. When `run` returns, no task of it is left: those that were are cancelled, and their destructors have run; but
//!    clean-ups have run to their ends before, unless they took longer than the grace.
//! 5. A thread runs one loop at a time; its queue and its tasks are plain thread-locals, and need no lock.
//!
//! # Absent on purpose
//!
//! No priorities, and no slot for "the task just woken": whoever woke first runs first.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::future::Future;
use std::io::{self, Write};
use std::pin::pin;
use std::ptr;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use step2::{Entered, Park, contain};
use step3::{Clock, TimerDriver};

use crate::mailbox::Mailbox;
use crate::reactor::IoDriver;
use crate::schedule::{Schedule, Sealed};
use crate::sync::thread_local;
use crate::task::local::LocalState;
use crate::task::{JoinError, JoinHandle, Letter, Runnable, TaskList, new_task};
use crate::{blocking, budget, hog, steal};

/// How many tasks run before the loop looks at timers and sockets: the look costs a system call, a poll perhaps 10 ns.
/// A prime, so that it does not fall in step with the rounds of a program.
const TURN: u32 = 61;

/// Enough for a rollback or a good-bye; and a program that hangs in one ends all the same.
const GRACE: Duration = Duration::from_secs(10);

/// Runs `main` to completion on this thread, and everything that it spawns.
///
/// What is still running when `main` ends is cancelled, and its destructors are run, before `run` returns. The futures
/// need not be `Send`: nothing leaves this thread.
///
/// # Panics
///
/// Panics if a loop is running on this thread already, if the system refuses to open a selector for IO, and with
/// the panic of `main`, if that panics.
///
/// ```
/// use step4::{run, spawn};
///
/// let sum = run(async {
///     let (a, b) = (spawn(async { 1 }), spawn(async { 2 }));
///     a.await.unwrap() + b.await.unwrap()
/// });
/// assert_eq!(sum, 3);
/// ```
pub fn run<F>(main: F) -> F::Output
where
    F: Future + 'static,
    F::Output: 'static,
{
    refuse_a_loop_inside_a_loop();
    EventLoop::new().expect("the system refused to open a selector for IO").run(main)
}

/// Starts `future` as a task of this thread's loop, and returns a handle to await or abort it.
///
/// The task is scheduled, not started: it runs when the current one waits. It goes on whether or not anyone awaits the
/// handle. Costs one piece of memory, which mostly is one that an earlier task has left. Await the handle: to block the loop's own thread on it (as `step2::block_on` would) is to
/// wait for a task that cannot run meanwhile.
///
/// On its way into the task, the future is moved on the stack, in debug builds some ten times. So one of more than some ten
/// kilobytes, as with a large array across an await, is better boxed before: `spawn(Box::pin(future))`.
///
/// # Panics
///
/// Panics outside of a running loop.
///
/// ```
/// step4::run(async {
///     let task = step4::spawn(async { "done" });
///     assert_eq!(task.await.unwrap(), "done");
/// });
/// ```
pub fn spawn<F>(future: F) -> JoinHandle<F::Output>
where
    F: Future + 'static,
    F::Output: 'static,
{
    let Some(mailbox) = HOME.get() else {
        panic!(
            "`spawn` needs an event loop that runs on this thread: call it inside `step4::run` \
             (in a task of a `ThreadPool`, use `step4::spawn_on_pool`)"
        )
    };
    // A clean-up may need tasks of its own: they share its privilege.
    start(future, Local { mailbox }, IN_CLEAN_UP.get())
}

/// Puts a new task on its list and into the queue.
fn start<F>(future: F, local: Local, is_clean_up: bool) -> JoinHandle<F::Output>
where
    F: Future + 'static,
    F::Output: 'static,
{
    let (task, handle) = new_task(future, local);
    if is_clean_up {
        task.state().set_clean_up();
    }
    HERE.with(|here| {
        here.list(is_clean_up).borrow_mut().add(&task);
        here.enqueue(task);
    });
    if ENDING.get().includes(is_clean_up) {
        handle.abort(); // It is dropped at its turn.
    }
    handle
}

/// Starts `future` as a task that the loop finishes before [`run`] returns, even if nobody waits for it.
///
/// For what must be done after a cancellation, and may have to wait for it: a destructor cannot wait, but it can leave a
/// task behind. Other tasks are cancelled when the main future ends; this one is given the loop's
/// [grace](EventLoop::grace), together with the tasks that it spawns. What outlives the grace is cancelled after all, and
/// reported on standard error. May be called by destructors, also while the loop ends.
///
/// # Errors
///
/// Gives the future back if no loop runs on this thread.
///
/// ```
/// use std::{cell::Cell, rc::Rc, time::Duration};
///
/// let is_done = Rc::new(Cell::new(false));
/// let flag = Rc::clone(&is_done);
/// step4::run(async {
///     let clean_up = step4::spawn_clean_up(async move {
///         step3::sleep(Duration::from_millis(5)).await;
///         flag.set(true);
///     });
///     drop(clean_up.ok().unwrap()); // The handle; nobody waits for it.
/// });
/// assert!(is_done.get());
/// ```
pub fn spawn_clean_up<F>(future: F) -> Result<JoinHandle<F::Output>, F>
where
    F: Future + 'static,
    F::Output: 'static,
{
    let Some(mailbox) = HOME.get() else { return Err(future) };
    Ok(start(future, Local { mailbox }, true))
}

/// Returns whether a loop runs on this thread, so that tasks can be spawned.
///
/// ```
/// assert!(!step4::is_running());
/// assert!(step4::run(async { step4::is_running() }));
/// ```
#[must_use]
pub fn is_running() -> bool {
    HOME.get().is_some()
}

thread_local! {
    /// The mailbox of the loop that runs on this thread: also what tells home from elsewhere.
    static HOME: Cell<Option<&'static Mailbox>> = const { Cell::new(None) };
    static HERE: Here = const { Here::new() };
    /// Whether the task that runs, or ran last, is a clean-up.
    static IN_CLEAN_UP: Cell<bool> = const { Cell::new(false) };
    /// What is cancelled because the loop ends: what a destructor spawns of that, is cancelled before it starts.
    static ENDING: Cell<Ending> = const { Cell::new(Ending::Nothing) };
}

/// What this thread's loop has to run, and all its tasks: together, so that a spawn looks up one thread-local.
struct Here {
    queue: RefCell<VecDeque<Runnable<Local>>>,
    tasks: RefCell<TaskList<Local>>,
    clean_ups: RefCell<TaskList<Local>>,
}

impl Here {
    const fn new() -> Self {
        Self {
            queue: RefCell::new(VecDeque::new()),
            tasks: RefCell::new(TaskList::new()),
            clean_ups: RefCell::new(TaskList::new()),
        }
    }

    /// Puts a runnable task at the end of the queue.
    #[inline]
    fn enqueue(&self, task: Runnable<Local>) {
        self.queue.borrow_mut().push_back(task);
    }

    /// Returns the list of all clean-ups, or of all other tasks.
    fn list(&self, of_clean_ups: bool) -> &RefCell<TaskList<Local>> {
        if of_clean_ups { &self.clean_ups } else { &self.tasks }
    }
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Ending {
    Nothing,
    Tasks,
    CleanUpsToo,
}

impl Ending {
    /// Returns whether such tasks are being cancelled.
    fn includes(self, clean_ups: bool) -> bool {
        self >= if clean_ups { Ending::CleanUpsToo } else { Ending::Tasks }
    }
}

/// Schedules a task on the event loop where it was spawned.
///
/// ```
/// use step4::{JoinHandle, Local, run, spawn};
///
/// run(async {
///     let task: JoinHandle<u32, Local> = spawn(async { 7 }); // `Local` is what a handle has if nothing is said.
///     assert_eq!(task.await.unwrap(), 7);
/// });
/// ```
#[derive(Clone, Copy)]
pub struct Local {
    mailbox: &'static Mailbox,
}

impl Sealed for Local {}

impl Schedule for Local {
    type State = LocalState;

    fn is_home(&self) -> bool {
        HOME.get().is_some_and(|home| ptr::eq(home, self.mailbox))
    }

    fn schedule(&self, task: Runnable<Self>, home: bool) {
        if home {
            HERE.with(|here| here.enqueue(task));
        } else {
            self.mailbox.post(Letter::new(task));
        }
    }

    #[inline]
    fn schedule_again(task: Runnable<Self>) {
        HERE.with(|here| here.enqueue(task));
    }

    fn forget(&self, task: &Runnable<Self>) {
        HERE.with(|here| here.list(task.state().is_clean_up()).borrow_mut().remove(task));
    }
}

/// Runs tasks on one thread; how that thread sleeps is up to the park `P`.
///
/// The usual one sleeps in the system's selector and knows timers. Any other will do, for tests or for programs that need
/// neither:
///
/// ```
/// use step2::ThreadPark;
/// use step4::{EventLoop, spawn};
///
/// let answer = EventLoop::on(ThreadPark::new()).run(async { spawn(async { 42 }).await.unwrap() });
/// assert_eq!(answer, 42);
/// ```
#[derive(Debug)]
pub struct EventLoop<P: Park = TimerDriver<IoDriver>> {
    park: P,
    grace: Duration,
}

impl EventLoop {
    /// Makes a loop with timers and sockets.
    ///
    /// # Errors
    ///
    /// Returns the system's error if it cannot open a selector, as when file descriptors have run out.
    pub fn new() -> io::Result<Self> {
        Self::with_clock(Clock::real())
    }

    /// Makes a loop with timers and sockets whose time is told by `clock`.
    ///
    /// # Errors
    ///
    /// As [`new`](EventLoop::new).
    pub fn with_clock(clock: Clock) -> io::Result<Self> {
        Ok(Self::on(TimerDriver::new(IoDriver::new()?, clock)))
    }
}

impl<P: Park> EventLoop<P> {
    /// Makes a loop that sleeps in `park`.
    pub fn on(park: P) -> Self {
        Self { park, grace: GRACE }
    }

    /// Sets how long the loop waits for [clean-ups](spawn_clean_up) after the main future has ended; 10 seconds if not set.
    #[must_use]
    pub fn grace(self, grace: Duration) -> Self {
        Self { grace, ..self }
    }

    /// Runs `main` to completion, as [`run`] does.
    ///
    /// # Panics
    ///
    /// As [`run`]; and if the park fails.
    pub fn run<F>(self, main: F) -> F::Output
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        refuse_a_loop_inside_a_loop();
        let _jobs = Jobs; // Dropped after the park: a job that is left may need what the park holds until then.
        let Self { mut park, grace } = self;
        let mut running = Running::begin(&mut park, grace);
        let main = spawn(main);
        while !main.is_finished() {
            running.turn();
            if !main.is_finished() {
                running.look(None);
            }
        }
        drop(running);
        outcome(main).unwrap_or_else(|error| error.resume())
    }
}

fn refuse_a_loop_inside_a_loop() {
    assert!(
        HOME.get().is_none() && !steal::is_worker(),
        "an event loop is running on this thread already: `await` the future, or `spawn` it, instead of calling `run`"
    );
}

/// Takes the outcome of a task that is done.
fn outcome<T>(task: JoinHandle<T>) -> Result<T, JoinError> {
    match pin!(task).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(outcome) => outcome,
        Poll::Pending => unreachable!("a task that is done has an outcome, and the budget is full"),
    }
}

/// A loop that runs. Dropping it ends it, on every path (invariant 4).
struct Running<'a, P: Park> {
    park: &'a mut P,
    grace: Duration,
    home: &'static Mailbox,
    letters: Vec<Letter<Local>>,
    _entered: Entered,
}

impl<'a, P: Park> Running<'a, P> {
    fn begin(park: &'a mut P, grace: Duration) -> Self {
        let home = Mailbox::lease(park.waker());
        let entered = park.enter();
        HOME.set(Some(home));
        Self { park, grace, home, letters: Vec::new(), _entered: entered }
    }

    /// Runs what is ready, up to a turn's worth.
    fn turn(&mut self) {
        self.home.empty_into(&mut self.letters);
        HERE.with(|here| self.letters.drain(..).filter_map(Letter::open).for_each(|task| here.enqueue(task)));
        for _ in 0..TURN {
            let Some(task) = next() else { return };
            budget::refill();
            IN_CLEAN_UP.set(task.state().is_clean_up());
            hog::watch(|| task.run());
        }
    }

    /// Looks at timers and sockets; sleeps in them if there is nothing else to do, for `limit` at most.
    fn look(&mut self, limit: Option<Duration>) {
        let idle = HERE.with(|here| here.queue.borrow().is_empty());
        let limit = if idle { limit } else { Some(Duration::ZERO) };
        self.park.park(limit).expect("the event loop's park failed");
    }

    /// Cancels all tasks, or all clean-ups, and runs until their destructors are done.
    fn cancel(&mut self, what: Ending) {
        ENDING.set(what);
        let clean_ups = what == Ending::CleanUpsToo;
        HERE.with(|here| here.list(clean_ups).borrow().abort_all());
        while count(clean_ups) > 0 {
            self.turn();
        }
    }

    /// Runs clean-ups to their ends, and those that come up meanwhile, but not for longer than the grace.
    fn finish_clean_ups(&mut self) {
        let deadline = now().saturating_add(self.grace);
        while count(true) > 0 {
            let left = deadline.saturating_sub(now());
            if left.is_zero() {
                let (late, grace) = (count(true), self.grace);
                // Not `eprintln!`, which panics if nobody reads the other end.
                let _unread = writeln!(
                    io::stderr(),
                    "warning: {late} clean-up(s) took longer than the grace of {grace:?}, and were cancelled"
                );
                return;
            }
            self.turn();
            if count(true) > 0 {
                self.look(Some(left));
            }
        }
    }
}

/// Takes the first task of the queue.
fn next() -> Option<Runnable<Local>> {
    HERE.with(|here| here.queue.borrow_mut().pop_front())
}

/// Counts the unfinished clean-ups, or the other unfinished tasks.
fn count(clean_ups: bool) -> usize {
    HERE.with(|here| here.list(clean_ups).borrow().len())
}

/// Counts all unfinished tasks.
pub(crate) fn tasks() -> usize {
    count(false) + count(true)
}

/// Returns the time on the park's clock, or on the system's if the park has none.
fn now() -> Duration {
    step3::try_now().unwrap_or_else(|| Clock::real().now())
}

impl<P: Park> Drop for Running<'_, P> {
    fn drop(&mut self) {
        let _left = Left; // Whatever happens in here, this thread can run another loop.
        self.cancel(Ending::Tasks);
        // If the park fails now, that was reported; what is left is cancelled all the same, or the next loop would find it.
        contain(|| self.finish_clean_ups());
        self.cancel(Ending::CleanUpsToo);
        budget::refill();
        self.home.give_back();
    }
}

/// Takes the loop off this thread when it is dropped.
struct Left;

impl Drop for Left {
    fn drop(&mut self) {
        ENDING.set(Ending::Nothing);
        IN_CLEAN_UP.set(false);
        HOME.set(None);
    }
}

/// Waits for the loop's blocking jobs when it is dropped.
struct Jobs;

impl Drop for Jobs {
    fn drop(&mut self) {
        blocking::end();
    }
}
