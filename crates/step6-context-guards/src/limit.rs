//! A time limit for a whole block: `async with asyncio.timeout(…)`.
//!
//! Step 3's `timeout` drops a future and returns at once. This is a context: it returns when all that was entered inside it is
//! left, and its body can ask for the deadline, and move it.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Poll, Waker};
use std::time::Duration;

use step2::wake_quietly;
use step3::{Elapsed, Sleep, now, sleep_until};

use crate::{AsyncContext, Outcome};

/// Makes a context whose body may take `limit`, counted from its beginning; `None` is no limit.
///
/// When the limit comes first, the body is dropped, what is entered inside it is left, and then the `with` fails with
/// step 3's `Elapsed`. Of two nested limits that end together, only the outer one reports.
///
/// ```
/// use std::time::Duration;
/// use step3::Elapsed;
/// use step6::{time_limit, with};
///
/// let outcome = step4::run(with(time_limit(Duration::from_millis(1)), async |_limit| {
///     std::future::pending::<()>().await;
///     Ok(())
/// }));
/// assert_eq!(outcome, Err(Elapsed));
/// ```
pub fn time_limit(limit: impl Into<Option<Duration>>) -> TimeLimit {
    TimeLimit { limit: limit.into() }
}

/// A limit that is not running yet: made by [`time_limit`].
///
/// ```
/// let limit: step6::TimeLimit = step6::time_limit(None);
/// assert_eq!(step4::run(step6::with(limit, async |_| Ok::<_, step3::Elapsed>(7))), Ok(7));
/// ```
#[derive(Debug)]
pub struct TimeLimit {
    limit: Option<Duration>,
}

/// The limit of the block that runs.
///
/// ```
/// use std::time::Duration;
/// use step6::{Deadline, time_limit, with};
///
/// step4::run(with(time_limit(Duration::from_millis(1)), async |deadline: &mut Deadline| {
///     deadline.reschedule(None); // As long as you like, after all.
///     step3::sleep(Duration::from_millis(5)).await;
///     Ok::<_, step3::Elapsed>(())
/// }))
/// .unwrap();
/// ```
pub struct Deadline {
    shared: Rc<Shared>,
}

struct Shared {
    at: Cell<Option<Duration>>,
    alarm: RefCell<Option<Sleep>>,
    waker: RefCell<Option<Waker>>,
    has_elapsed: Cell<bool>,
}

impl Deadline {
    /// Returns when the limit ends, on the loop's clock.
    #[must_use]
    pub fn at(&self) -> Option<Duration> {
        self.shared.at.get()
    }

    /// Sets when it ends, on the loop's clock; `None` is never.
    pub fn reschedule(&mut self, at: Option<Duration>) {
        self.shared.at.set(at);
        self.shared.alarm.replace(at.map(sleep_until));
        let waker = self.shared.waker.take();
        waker.into_iter().for_each(wake_quietly); // The new alarm has to be set, by whoever runs the block.
    }

    /// Returns whether it has ended the block.
    #[must_use]
    pub fn has_elapsed(&self) -> bool {
        self.shared.has_elapsed.get()
    }
}

impl fmt::Debug for Deadline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Deadline").field("at", &self.at()).finish_non_exhaustive()
    }
}

impl<T: 'static, E: From<Elapsed> + fmt::Debug + 'static> AsyncContext<T, E> for TimeLimit {
    type Value = Deadline;

    async fn enter(self) -> Result<Deadline, E> {
        let at = self.limit.map(|limit| now().saturating_add(limit));
        let shared = Shared {
            at: Cell::new(at),
            alarm: RefCell::new(at.map(sleep_until)),
            waker: RefCell::new(None),
            has_elapsed: Cell::new(false),
        };
        Ok(Deadline { shared: Rc::new(shared) })
    }

    async fn exit(_deadline: Deadline, outcome: Outcome<T, E>) -> Outcome<T, E> {
        outcome
    }

    fn interrupt(deadline: &Deadline) -> impl Future<Output = Outcome<T, E>> + use<T, E> {
        let shared = Rc::clone(&deadline.shared);
        poll_fn(move |cx| {
            shared.waker.replace(Some(cx.waker().clone()));
            let is_over =
                shared.alarm.borrow_mut().as_mut().is_some_and(|alarm| Pin::new(alarm).poll(cx).is_ready());
            if !is_over {
                return Poll::Pending;
            }
            shared.has_elapsed.set(true);
            Poll::Ready(Outcome::Failed(Elapsed.into()))
        })
    }
}
