//! `async with`: what is entered is left again, on every path, exactly once.
//!
//! ```text
//!                         ┌─ returns ─────┐
//!   enter ─ Ok ─▶ body ───┼─ fails ───────┼─▶ exit(value, outcome), awaited here ─▶ the result
//!     │                   ├─ panics ──────┘         │
//!     │                   └─ is dropped ──▶ exit(value, Cancelled) ◀─ dropped, too: the exit goes on from where it was
//!     └─ Err ─▶ the result; there is nothing to leave      └─▶ run by the loop, before `run` returns
//! ```
//!
//! Rust has no asynchronous destructor, so a scope that has to wait for its clean-up is not a value but a function: `with`
//! is the block, and what it knows that a destructor does not is how to await.
//!
//! # Invariants
//!
//! 1. For each `enter` that was `Ok`, `exit` runs exactly once, and to its end. The loop's
//!    [grace](step4::EventLoop::grace) alone can cut that short: what stands behind a clean-up that outlives it does not
//!    begin any more.
//! 2. Exits run in the reverse order of the enters, one after the other, also if the whole nest is dropped at once.
//! 3. A failed or dropped `enter` has no exit. What it had acquired, its own destructors give back.
//! 4. An exit that has begun is not cancelled by cancelling its `with`, however often: the first time, it is handed to the
//!    loop; there is no second time.
//!
//! # Absent on purpose
//!
//! Tasks of a `ThreadPool` cannot use `with`: an exit left behind needs a loop that waits for it.
//!
//! # Source
//!
//! PEP 343 and PEP 492 for enter and exit; Python's own order of events is in the chapter.

use std::fmt;
use std::future::{Future, pending, poll_fn};
use std::io::{self, Write};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Poll, ready};

use step2::{Either, contain, race};
use step5::Scope;
use step5::scope::inside;

use crate::Outcome;

/// Something to be entered and left: Python's `__aenter__` and `__aexit__`.
///
/// `T` and `E` are what the body returns and fails with. A context that does not care is written for all of them:
///
/// ```
/// use std::fmt::Debug;
/// use step6::{AsyncContext, Outcome, with};
///
/// struct Tea;
///
/// struct Cup(u32);
///
/// impl<T: 'static, E: Debug + 'static> AsyncContext<T, E> for Tea {
///     type Value = Cup;
///
///     async fn enter(self) -> Result<Cup, E> {
///         Ok(Cup(3))
///     }
///
///     async fn exit(cup: Cup, outcome: Outcome<T, E>) -> Outcome<T, E> {
///         println!("{} sips left to pour away", cup.0);
///         outcome // Neither suppressed nor replaced.
///     }
/// }
///
/// let drunk = step4::run(with(Tea, async |cup| {
///     cup.0 -= 1;
///     Ok::<_, ()>("one sip")
/// }));
/// assert_eq!(drunk, Ok("one sip"));
/// ```
pub trait AsyncContext<T: 'static, E: fmt::Debug + 'static>: Sized + 'static {
    /// What the body works with: the name after Python's `as`.
    type Value: 'static;

    /// Acquires. If it fails, or is dropped half-way, there is no exit.
    fn enter(self) -> impl Future<Output = Result<Self::Value, E>>;

    /// Gives up what was acquired, and returns the outcome: as it is, or another one in its place.
    ///
    /// If the outcome is `Cancelled`, the one that is returned goes nowhere; a failure is reported on standard error.
    fn exit(value: Self::Value, outcome: Outcome<T, E>) -> impl Future<Output = Outcome<T, E>> + 'static;

    /// Ends the body early with this outcome, once it is ready. The default never is.
    ///
    /// It is polled before the body: if both are ready at once, the body was interrupted. It is dropped with the `with`: so
    /// a context can tell that its `with` was cancelled, also while its exit runs. Until then it is kept, though not polled.
    /// So let it wait for time and events only: a lock that it was granted meanwhile would be kept from the exit.
    fn interrupt(_value: &Self::Value) -> impl Future<Output = Outcome<T, E>> + use<Self, T, E> {
        pending()
    }
}

/// Enters `context`, runs `body` with its value, and leaves it, whatever happens: Python's `async with`.
///
/// Dropping the future leaves the rest to the loop: the exit runs as a clean-up task, after those inside it, and is over
/// before `run` returns. Whoever dropped it, as `timeout` and `abort` do, goes on at once, while Python's canceller waits for
/// the exit. What is entered around it does wait: put a [`time_limit`](crate::time_limit) or a
/// [`TaskGroup`](crate::TaskGroup) around it for Python's order.
///
/// What the body returns may not borrow from around it (`T: 'static`), as it may come to the exit when that is gone.
///
/// Costs two allocations, and one or two more if it is dropped.
///
/// # Errors
///
/// Returns the error of `enter`; or of the body, as the exit has left it.
///
/// # Panics
///
/// Panics outside of an event loop; with the body's panic, after the exit; and if an exit says `Cancelled` although its
/// `with` was not.
pub async fn with<C, T, E, B>(context: C, body: B) -> Result<T, E>
where
    C: AsyncContext<T, E>,
    T: 'static,
    E: fmt::Debug + 'static,
    B: AsyncFnOnce(&mut C::Value) -> Result<T, E>,
{
    assert!(
        step4::is_running(),
        "`with` needs an event loop that runs on this thread, to finish its exit if it is cancelled: await it inside \
         `step4::run`"
    );
    let scope = Scope::new();
    let value = inside(&scope, context.enter()).await?;
    let mut held = Held::<C, T, E> { stage: Stage::Entered(value), scope: Rc::clone(&scope) };
    let mut interrupt = pin!(C::interrupt(held.value()));
    let value = held.value();
    let body = async {
        match race(interrupt.as_mut(), body(value)).await {
            Either::First(outcome) => outcome,
            Either::Second(result) => result.into(),
        }
    };
    let outcome = inside(&scope, caught(body)).await;
    held.exit(outcome).await
}

/// Runs `future`, and drops it; a panic of either is the outcome.
pub(crate) async fn caught<T, E, F: Future<Output: Into<Outcome<T, E>>>>(future: F) -> Outcome<T, E> {
    let mut future = pin!(Some(future));
    poll_fn(|cx| {
        let polled = catch_unwind(AssertUnwindSafe(|| {
            let running = future.as_mut().as_pin_mut().expect("`poll_fn` is not polled after Ready");
            let output = ready!(running.poll(cx));
            future.set(None); // In here, since a destructor may panic, too: then that is how it has ended.
            Poll::Ready(output)
        }));
        match polled {
            Ok(polled) => polled.map(Into::into),
            Err(payload) => {
                contain(|| future.set(None));
                Poll::Ready(Outcome::Panicked(payload))
            }
        }
    })
    .await
}

/// A context that was entered. Dropping it leaves what is left of its exit to the loop.
struct Held<C: AsyncContext<T, E>, T: 'static, E: fmt::Debug + 'static> {
    stage: Stage<C::Value, T, E>,
    scope: Rc<Scope>,
}

enum Stage<V, T, E> {
    Entered(V),
    Exiting(Ending<T, E>),
    Over,
}

/// A future that ends with an outcome.
pub(crate) type Ending<T, E> = Pin<Box<dyn Future<Output = Outcome<T, E>>>>;

impl<C: AsyncContext<T, E>, T: 'static, E: fmt::Debug + 'static> Held<C, T, E> {
    fn value(&mut self) -> &mut C::Value {
        match &mut self.stage {
            Stage::Entered(value) => value,
            Stage::Exiting(_) | Stage::Over => unreachable!("the body runs before the exit"),
        }
    }

    async fn exit(mut self, outcome: Outcome<T, E>) -> Result<T, E> {
        self.begin_exit(outcome);
        let outcome = poll_fn(|cx| {
            let Stage::Exiting(exit) = &mut self.stage else {
                unreachable!("it was begun, and is over once")
            };
            exit.as_mut().poll(cx)
        })
        .await;
        self.stage = Stage::Over;
        match outcome {
            Outcome::Returned(value) => Ok(value),
            Outcome::Failed(error) => Err(error),
            Outcome::Panicked(payload) => resume_unwind(payload),
            Outcome::Cancelled => panic!("an exit returned `Cancelled`, but its `with` was not cancelled"),
        }
    }

    /// Goes from the body to the exit, if it is not there already (invariant 1).
    fn begin_exit(&mut self, outcome: Outcome<T, E>) {
        if let Stage::Entered(value) = std::mem::replace(&mut self.stage, Stage::Over) {
            let scope = Rc::clone(&self.scope);
            self.stage = Stage::Exiting(Box::pin(async move {
                scope.settle().await; // What was dropped in the body is left first (invariant 2).
                let outcome = caught(inside(&scope, async { C::exit(value, outcome).await })).await;
                scope.settle().await; // Also if it has panicked.
                outcome
            }));
        }
    }
}

impl<C: AsyncContext<T, E>, T: 'static, E: fmt::Debug + 'static> Drop for Held<C, T, E> {
    fn drop(&mut self) {
        if let Stage::Entered(_) = self.stage {
            self.begin_exit(Outcome::Cancelled);
        }
        let Stage::Exiting(exit) = std::mem::replace(&mut self.stage, Stage::Over) else { return };
        let reported = async {
            if let Outcome::Failed(error) = exit.await {
                warn(format_args!("a `with` was cancelled, and then its exit failed: {error:?}"));
            }
        };
        if !self.scope.leave_around(reported) {
            warn(format_args!("a `with` was dropped where no event loop runs, and its exit did not run"));
        }
    }
}

/// Not `eprintln!`, which panics if nobody reads the other end.
fn warn(of: fmt::Arguments<'_>) {
    let _unread = writeln!(io::stderr(), "warning: {of}");
}
