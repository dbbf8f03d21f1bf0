//! Tasks that do not outlive the block that has started them: Python's `TaskGroup`, or *structured concurrency*.
//!
//! ```text
//!   with(TaskGroup::new(), async |group| {          │ group        body      a        b
//!       let a = group.spawn(…);                     │              ├ spawn ──┐
//!       let b = group.spawn(…);                     │              ├ spawn ───────────┐
//!       a.await                                     │              ·  waits  ✗ fails  ·
//!   })                                              │ a has failed: the body is dropped, b is aborted,
//!                                                   │ b's clean-up is waited for; then: Err([a's error])
//! ```
//!
//! # Invariants
//!
//! 1. When `with` returns, all tasks of the group have ended, and whatever they had entered is left.
//! 2. The first failure, of a task or of the body, aborts all others. Nobody's abortion is a failure.
//! 3. Errors stand in the order in which they happened; the body's is the last.
//!
//! # Source
//!
//! Smith, *Notes on structured concurrency*, 2018 (trio); Python 3.11's `asyncio.TaskGroup` for what happens when.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use step2::{Receiver, oneshot};
use step4::{JoinError, JoinHandle, spawn};
use step5::Scope;
use step5::scope::inside;

use crate::context::caught;
use crate::{AsyncContext, Event, Outcome};

/// Starts tasks that end before the block does: a context for [`with`](crate::with).
///
/// It is its own value, and may be cloned, so that its tasks can start others in the group.
///
/// ```
/// use step6::{ErrorGroup, TaskGroup, with};
///
/// let both = step4::run(with(TaskGroup::new(), async |group| {
///     let one = group.spawn(async { Ok(1) });
///     let two = group.spawn(async { Ok(2) });
///     Ok(one.await.zip(two.await))
/// }));
/// let both: Result<_, ErrorGroup<()>> = both;
/// assert_eq!(both.unwrap(), Some((1, 2)));
///
/// let error: ErrorGroup<&str> = step4::run(with(TaskGroup::new(), async |group| {
///     group.spawn(async { Err::<(), _>("no bread") });
///     std::future::pending::<()>().await; // Is not waited for.
///     Ok(())
/// }))
/// .unwrap_err();
/// assert_eq!(error.to_string(), "1 failure in a task group: no bread");
/// ```
pub struct TaskGroup<E> {
    shared: Rc<Shared<E>>,
}

struct Shared<E> {
    /// Those that have not ended, by the order of their start.
    tasks: RefCell<BTreeMap<u64, JoinHandle<()>>>,
    started: Cell<u64>,
    errors: RefCell<Vec<TaskError<E>>>,
    has_failed: Event,
    /// Set while no task is left.
    all_ended: Event,
    stage: Cell<Stage>,
    /// What its tasks leave to the loop is left in here. It lies inside the scope in which the group was entered.
    scope: RefCell<Option<Rc<Scope>>>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    New,
    Open,
    /// Everything is being aborted; what is spawned now, as well.
    Aborting,
    Over,
}

impl<E> Shared<E> {
    fn abort_all(&self) {
        self.stage.set(Stage::Aborting);
        for task in self.tasks.borrow().values() {
            task.abort();
        }
    }

    /// Takes note of a failure, and aborts all others (invariant 2).
    fn fail(&self, error: TaskError<E>) {
        self.errors.borrow_mut().push(error);
        self.abort_all();
        self.has_failed.set();
    }
}

/// A task's place in its group, which it leaves when its future is dropped: ended or aborted.
struct Place<E> {
    shared: Rc<Shared<E>>,
    number: u64,
}

impl<E> Drop for Place<E> {
    fn drop(&mut self) {
        let handle = self.shared.tasks.borrow_mut().remove(&self.number);
        drop(handle);
        if self.shared.tasks.borrow().is_empty() {
            self.shared.all_ended.set();
        }
    }
}

/// Is there as long as the group's `with`. If that is cancelled while the exit waits for the tasks, they are aborted.
struct Waiter<E> {
    shared: Rc<Shared<E>>,
}

impl<E> Drop for Waiter<E> {
    fn drop(&mut self) {
        if self.shared.stage.get() == Stage::Open {
            self.shared.abort_all();
        }
    }
}

impl<E: 'static> TaskGroup<E> {
    /// Makes a group. It takes tasks once it is entered.
    #[must_use]
    pub fn new() -> Self {
        let shared = Shared {
            tasks: RefCell::default(),
            started: Cell::new(0),
            errors: RefCell::default(),
            has_failed: Event::new(),
            all_ended: Event::new(),
            stage: Cell::new(Stage::New),
            scope: RefCell::default(),
        };
        Self { shared: Rc::new(shared) }
    }

    /// Starts a task in the group: Python's `tg.create_task`.
    ///
    /// Its error is the group's, its value the handle's. If the group is aborting, it is aborted before it starts.
    ///
    /// # Panics
    ///
    /// Panics if the group was not entered yet, or is over.
    pub fn spawn<R: 'static>(
        &self,
        future: impl Future<Output = Result<R, E>> + 'static,
    ) -> GroupHandle<R, E> {
        let stage = self.shared.stage.get();
        assert!(stage != Stage::New, "this task group was not entered: use it inside `with`");
        assert!(stage != Stage::Over, "this task group is over: nothing would wait for the task");
        let (sender, output) = oneshot();
        let number = self.shared.started.replace(self.shared.started.get() + 1);
        let place = Place { shared: Rc::clone(&self.shared), number };
        let scope = self.shared.scope.borrow().clone().expect("it was entered inside `with`");
        let task = spawn(async move {
            // What the task leaves behind if it is aborted, the group's `with` waits for (invariant 1).
            match inside(&scope, caught(future)).await {
                Outcome::Returned(value) => drop(sender.send(value)), // The handle may be gone.
                Outcome::Failed(error) => place.shared.fail(TaskError::Failed(error)),
                Outcome::Panicked(payload) => {
                    place.shared.fail(TaskError::Panicked(JoinError::Panicked(payload)));
                }
                Outcome::Cancelled => unreachable!("whoever is cancelled does not come here"),
            }
        });
        if stage == Stage::Aborting {
            task.abort();
        }
        self.shared.all_ended.clear();
        self.shared.tasks.borrow_mut().insert(number, task);
        GroupHandle { output, number, shared: Rc::clone(&self.shared) }
    }

    /// Returns how many of its tasks have not ended.
    #[must_use]
    pub fn len(&self) -> usize {
        self.shared.tasks.borrow().len()
    }

    /// Returns whether all of its tasks have ended.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl<T: 'static, E: fmt::Debug + 'static> AsyncContext<T, ErrorGroup<E>> for TaskGroup<E> {
    type Value = Self;

    async fn enter(self) -> Result<Self, ErrorGroup<E>> {
        assert!(self.shared.stage.get() == Stage::New, "this task group was entered before: make a new one");
        self.shared.stage.set(Stage::Open);
        self.shared.scope.replace(Some(Scope::new()));
        Ok(self)
    }

    async fn exit(group: Self, outcome: Outcome<T, ErrorGroup<E>>) -> Outcome<T, ErrorGroup<E>> {
        let shared = &group.shared;
        if !outcome.is_returned() {
            shared.abort_all();
        }
        let scope = shared.scope.borrow().clone().expect("it was entered");
        // To leave what the tasks had entered may have taken tasks of the group.
        while !group.is_empty() || !scope.is_settled() {
            if !group.is_empty() {
                shared.all_ended.wait().await;
            }
            scope.settle().await;
        }
        shared.stage.set(Stage::Over);
        shared.scope.take();
        let mut errors = shared.errors.take();
        match outcome {
            Outcome::Failed(body) => {
                errors.extend(body.errors); // The last one (invariant 3).
                Outcome::Failed(ErrorGroup { errors })
            }
            Outcome::Returned(value) if !errors.is_empty() => {
                drop(value); // Now: were the errors on their way to the caller, Rust would forget them if this panics.
                Outcome::Failed(ErrorGroup { errors })
            }
            Outcome::Cancelled if !errors.is_empty() => Outcome::Failed(ErrorGroup { errors }),
            other => other,
        }
    }

    /// The first failure ends the body.
    fn interrupt(group: &Self) -> impl Future<Output = Outcome<T, ErrorGroup<E>>> + use<T, E> {
        let waiter = Waiter { shared: Rc::clone(&group.shared) };
        async move {
            waiter.shared.has_failed.wait().await;
            Outcome::Cancelled
        }
    }
}

impl<E> Clone for TaskGroup<E> {
    fn clone(&self) -> Self {
        Self { shared: Rc::clone(&self.shared) }
    }
}

impl<E: 'static> Default for TaskGroup<E> {
    fn default() -> Self {
        Self::new()
    }
}

impl<E> fmt::Debug for TaskGroup<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let running = self.shared.tasks.borrow().len();
        f.debug_struct("TaskGroup").field("running", &running).finish_non_exhaustive()
    }
}

/// Awaits the value of a task in a [`TaskGroup`]; dropping it changes nothing for the task.
///
/// `None` if there is no value, because the task was aborted, or has failed, which is the group's to report.
///
/// ```
/// use step6::{GroupHandle, TaskGroup, with};
///
/// step4::run(with(TaskGroup::<()>::new(), async |group| {
///     let idle: GroupHandle<(), ()> = group.spawn(std::future::pending());
///     idle.abort();
///     assert_eq!(idle.await, None); // To be aborted alone is no failure.
///     Ok(())
/// }))
/// .unwrap();
/// ```
pub struct GroupHandle<R, E> {
    output: Receiver<R>,
    number: u64,
    shared: Rc<Shared<E>>,
}

impl<R, E> GroupHandle<R, E> {
    /// Aborts this one task. Returns false if it has ended already.
    pub fn abort(&self) -> bool {
        self.shared.tasks.borrow().get(&self.number).is_some_and(JoinHandle::abort)
    }
}

impl<R, E> Future for GroupHandle<R, E> {
    type Output = Option<R>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<R>> {
        Pin::new(&mut self.output).poll(cx).map(Result::ok)
    }
}

impl<R, E> fmt::Debug for GroupHandle<R, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GroupHandle").field("number", &self.number).finish_non_exhaustive()
    }
}

/// What went wrong in a [`TaskGroup`], in the order in which it happened; an error of the body comes last.
///
/// ```
/// use step6::{ErrorGroup, TaskError};
///
/// let group = ErrorGroup::from("no bread"); // What `?` does with an error in the body.
/// assert!(matches!(group.errors[..], [TaskError::Failed("no bread")]));
/// ```
pub struct ErrorGroup<E> {
    /// One for each failure.
    pub errors: Vec<TaskError<E>>,
}

/// Says how one task, or the body, of a group has failed.
///
/// ```
/// assert_eq!(step6::TaskError::Failed("no bread").to_string(), "no bread");
/// ```
pub enum TaskError<E> {
    /// It returned this error.
    Failed(E),
    /// It panicked.
    Panicked(JoinError),
}

impl<E> From<E> for ErrorGroup<E> {
    fn from(error: E) -> Self {
        Self { errors: vec![TaskError::Failed(error)] }
    }
}

impl<E: fmt::Display> fmt::Display for TaskError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failed(error) => error.fmt(f),
            Self::Panicked(error) => error.fmt(f),
        }
    }
}

impl<E: fmt::Debug> fmt::Debug for TaskError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failed(error) => f.debug_tuple("Failed").field(error).finish(),
            Self::Panicked(error) => error.fmt(f),
        }
    }
}

impl<E: fmt::Display> fmt::Display for ErrorGroup<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plural = if self.errors.len() == 1 { "" } else { "s" };
        write!(f, "{} failure{plural} in a task group", self.errors.len())?;
        for (at, error) in self.errors.iter().enumerate() {
            write!(f, "{} {error}", if at == 0 { ":" } else { ";" })?;
        }
        Ok(())
    }
}

impl<E: fmt::Debug> fmt::Debug for ErrorGroup<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ErrorGroup").field(&self.errors).finish()
    }
}

impl<E: fmt::Debug + fmt::Display> std::error::Error for ErrorGroup<E> {}

impl<E: fmt::Debug + fmt::Display> std::error::Error for TaskError<E> {}
