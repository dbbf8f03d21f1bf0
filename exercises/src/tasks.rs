//! A small event loop, for exercises on tasks: what step 4's loop does, in little code and without its speed.
//!
//! ```text
//!   spawn ──▶ queue ──▶ poll ── Ready ──▶ outcome, wake who awaits it
//!               ▲        └ Pending
//!               └── wake ───┘
//! ```
//!
//! # Invariants
//!
//! 1. Tasks run first in, first out. A task that is woken twice before it runs, runs once.
//! 2. An aborted task is dropped at its next turn, and not before.
//! 3. What is left when the main future ends, or can go on no more, is dropped before `run` returns.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

use timeline::probe;

use crate::counts::uncounted;

type Body = Pin<Box<dyn Future<Output = ()>>>;

/// What a thread's loop has: its tasks by their numbers, and whose turn it is.
#[derive(Default)]
struct Here {
    bodies: RefCell<Vec<Option<Body>>>,
    queue: Arc<Mutex<VecDeque<Arc<Turn>>>>,
}

thread_local! {
    static HERE: RefCell<Option<Rc<Here>>> = const { RefCell::new(None) };
}

/// What a task's wakers hold.
struct Turn {
    number: usize,
    is_queued: AtomicBool,
    is_aborted: AtomicBool,
    queue: Arc<Mutex<VecDeque<Arc<Turn>>>>,
}

impl Turn {
    fn key(self: &Arc<Self>) -> usize {
        Arc::as_ptr(self).addr()
    }

    fn enqueue(self: &Arc<Self>) {
        if !self.is_queued.swap(true, SeqCst) {
            lock(&self.queue).push_back(Arc::clone(self));
        }
    }
}

impl Wake for Turn {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        uncounted(|| probe::woken(self.key()));
        self.enqueue();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Says that a task was aborted, or its loop is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cancelled;

/// What a task and its handle share.
struct Ending<T> {
    outcome: Option<Result<T, Cancelled>>,
    is_over: bool,
    joiner: Option<Waker>,
}

/// The task's side of it: whichever way the task ends, this says so.
struct Ends<T>(Rc<RefCell<Ending<T>>>);

impl<T> Ends<T> {
    fn end(&self, outcome: Result<T, Cancelled>) {
        let mut ending = self.0.borrow_mut();
        if ending.is_over {
            return;
        }
        ending.is_over = true;
        ending.outcome = Some(outcome);
        let joiner = ending.joiner.take();
        drop(ending);
        if let Some(joiner) = joiner {
            joiner.wake();
        }
    }
}

impl<T> Drop for Ends<T> {
    fn drop(&mut self) {
        self.end(Err(Cancelled));
    }
}

/// A future that leaves its output with the handle. It is dropped before that says that it is over.
struct Spawned<F: Future> {
    future: Pin<Box<F>>,
    ends: Ends<F::Output>,
}

impl<F: Future> Future for Spawned<F> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.future.as_mut().poll(cx).map(|output| self.ends.end(Ok(output)))
    }
}

/// Awaits or aborts a task. Dropped, it detaches the task, which runs on by itself.
#[must_use = "dropping the handle detaches the task; say so with `drop` if that is meant"]
pub struct JoinHandle<T> {
    turn: Arc<Turn>,
    ending: Rc<RefCell<Ending<T>>>,
}

impl<T> JoinHandle<T> {
    /// Asks for the task to be dropped at its next turn.
    pub fn abort(&self) {
        if !self.is_finished() {
            self.turn.is_aborted.store(true, SeqCst);
            self.turn.enqueue();
        }
    }

    /// Tells whether the task has ended.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.ending.borrow().is_over
    }
}

impl<T> Future for JoinHandle<T> {
    type Output = Result<T, Cancelled>;

    /// # Panics
    ///
    /// Panics when polled again after it has returned Ready.
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut ending = self.ending.borrow_mut();
        if let Some(outcome) = ending.outcome.take() {
            return Poll::Ready(outcome);
        }
        assert!(!ending.is_over, "a `JoinHandle` was polled after it had returned Ready");
        ending.joiner = Some(cx.waker().clone());
        Poll::Pending
    }
}

impl<T> fmt::Debug for JoinHandle<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JoinHandle").field("finished", &self.is_finished()).finish_non_exhaustive()
    }
}

/// Starts a task on this thread's loop, under a name for the recording. It is scheduled, not started.
///
/// # Panics
///
/// Panics outside of [`run`].
pub fn spawn<F>(name: &'static str, future: F) -> JoinHandle<F::Output>
where
    F: Future + 'static,
    F::Output: 'static,
{
    let here = HERE.with_borrow(Option::clone).expect("`spawn` is called inside of `run`");
    let ending = Rc::new(RefCell::new(Ending { outcome: None, is_over: false, joiner: None }));
    let body = Spawned { future: Box::pin(future), ends: Ends(Rc::clone(&ending)) };
    let mut bodies = here.bodies.borrow_mut();
    let turn = Arc::new(Turn {
        number: bodies.len(),
        is_queued: AtomicBool::new(false),
        is_aborted: AtomicBool::new(false),
        queue: Arc::clone(&here.queue),
    });
    bodies.push(Some(Box::pin(body)));
    uncounted(|| probe::spawned(turn.key(), name));
    turn.enqueue();
    JoinHandle { turn, ending }
}

/// Lets every other task that can go on have its turn.
pub async fn yield_now() {
    let mut has_yielded = false;
    poll_fn(move |cx| {
        if has_yielded {
            return Poll::Ready(());
        }
        has_yielded = true;
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// Gives a task its turn: drops it if it was aborted, and polls it otherwise.
fn give_turn(here: &Here, turn: &Arc<Turn>) {
    turn.is_queued.store(false, SeqCst);
    // Taken out, so that it may spawn.
    let Some(mut body) = here.bodies.borrow_mut()[turn.number].take() else { return };
    if turn.is_aborted.load(SeqCst) {
        drop(body);
        uncounted(|| probe::cancelled(turn.key()));
        return;
    }
    uncounted(|| probe::poll_begin(turn.key()));
    let poll = body.as_mut().poll(&mut Context::from_waker(&Waker::from(Arc::clone(turn))));
    uncounted(|| probe::poll_end(turn.key(), poll.is_ready()));
    if poll.is_pending() {
        here.bodies.borrow_mut()[turn.number] = Some(body);
    }
}

/// Ends this thread's loop, also when a task panics.
struct Inside(Rc<Here>);

impl Drop for Inside {
    fn drop(&mut self) {
        // One by one, since a destructor may spawn.
        for number in 0.. {
            let Some(body) = self.0.bodies.borrow_mut().get_mut(number).map(Option::take) else { break };
            drop(body);
        }
        lock(&self.0.queue).clear();
        HERE.set(None);
    }
}

/// Runs `main`, and what it spawns; none if `main` is pending and nobody is left who could wake it.
///
/// # Panics
///
/// Panics if a task panics, or a loop is running on this thread already.
///
/// ```
/// use exercises::{run, spawn};
///
/// let sum = run(async {
///     let (one, two) = (spawn("one", async { 1 }), spawn("two", async { 2 }));
///     one.await.unwrap() + two.await.unwrap()
/// });
/// assert_eq!(sum, Some(3));
/// ```
pub fn run<F>(main: F) -> Option<F::Output>
where
    F: Future + 'static,
    F::Output: 'static,
{
    let here = Rc::new(Here::default());
    assert!(HERE.replace(Some(Rc::clone(&here))).is_none(), "a loop is running on this thread already");
    let inside = Inside(here);
    let main = spawn("main", main);
    while !main.is_finished() {
        let Some(next) = lock(&inside.0.queue).pop_front() else { break };
        give_turn(&inside.0, &next);
    }
    drop(inside);
    // What is left of it says that it was cancelled.
    let outcome = main.ending.borrow_mut().outcome.take();
    outcome?.ok()
}

#[cfg(test)]
mod tests {
    use std::future::pending;

    use super::*;
    use crate::{check, note, notes};

    /// Notes when it is dropped.
    struct Says(&'static str);

    impl Drop for Says {
        fn drop(&mut self) {
            note(format!("{} is dropped", self.0));
        }
    }

    #[test]
    fn tasks_run_first_in_first_out_and_are_not_started_by_spawn() {
        check(|_| {
            let task = |name: &'static str| {
                spawn(name, async move {
                    note(name);
                    yield_now().await;
                    note(name);
                })
            };
            let done = run(async move {
                let (a, b) = (task("a"), task("b"));
                note("main");
                (b.await, a.await)
            });
            assert_eq!(done, Some((Ok(()), Ok(()))));
            assert_eq!(notes(), ["main", "a", "b", "a", "b"]);
        });
    }

    #[test]
    fn an_aborted_task_is_dropped_at_its_next_turn() {
        check(|_| {
            let outcome = run(async {
                let says = Says("task");
                let task = spawn("task", async move {
                    let _says = says;
                    pending::<()>().await;
                });
                yield_now().await;
                task.abort();
                task.abort();
                note("it was aborted");
                task.await
            });
            assert_eq!(outcome, Some(Err(Cancelled)));
            assert_eq!(notes(), ["it was aborted", "task is dropped"]);
        });
    }

    #[test]
    fn a_detached_task_runs_on_and_what_is_left_is_dropped() {
        check(|_| {
            let outcome = run(async {
                drop(spawn("detached", async { note("it runs on") }));
                let says = Says("left");
                drop(spawn("left", async move {
                    let _says = says;
                    pending::<()>().await;
                }));
                yield_now().await;
                note("main is over");
                7
            });
            assert_eq!(outcome, Some(7));
            assert_eq!(notes(), ["it runs on", "main is over", "left is dropped"]);
        });
    }

    #[test]
    fn a_main_that_nobody_wakes_has_no_outcome() {
        check(|_| {
            let says = Says("main");
            let main = async move {
                let _says = says;
                pending::<()>().await;
            };
            assert_eq!(run(main), None);
            assert_eq!(notes(), ["main is dropped"]);
            assert_eq!(run(async { 1 }), Some(1), "and the next loop is a new one");
        });
    }

    #[test]
    fn a_panic_ends_the_loop() {
        check(|_| {
            std::panic::catch_unwind(|| run(async { panic!("no bread") })).expect_err("it panics");
            assert_eq!(run(async { 1 }), Some(1));
        });
    }
}
