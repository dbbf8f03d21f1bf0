//! Waiting for some: the first, or each as it comes.
//!
//! Neither cancels anything: tasks that were not waited for run on.

use std::future::{Future, poll_fn};

use crate::children::Children;
use crate::schedule::Schedule;
use crate::task::{JoinError, JoinHandle};
use crate::{Local, spawn};

/// Waits until one of the tasks is done, takes it out of `handles`, and returns its outcome.
///
/// Returns `None` at once if there are no handles. If several are done, the first in the order of the handles is taken.
/// Dropping the future, as a `timeout` around it does, leaves all handles where they are, and all tasks running. Each
/// call looks at each handle: for many, take [`as_completed`].
///
/// ```
/// use step4::{run, select, spawn};
///
/// run(async {
///     let mut tasks = vec![spawn(std::future::pending()), spawn(async { 7 })];
///     assert_eq!(select(&mut tasks).await.unwrap().unwrap(), 7);
///     assert_eq!(tasks.len(), 1, "the other is still there, and still runs");
/// });
/// ```
pub async fn select<T, S: Schedule>(handles: &mut Vec<JoinHandle<T, S>>) -> Option<Result<T, JoinError>> {
    if handles.is_empty() {
        return None;
    }
    let (number, outcome) = {
        let mut children = Children::new(handles.iter_mut());
        poll_fn(|cx| children.poll_next(cx)).await?
    };
    drop(handles.remove(number));
    Some(outcome)
}

/// Hands out the outcomes of tasks in the order in which they end: Python's `as_completed`.
///
/// ```
/// use std::time::Duration;
/// use step4::{as_completed, run, spawn};
///
/// run(async {
///     let mut outcomes = as_completed([20, 10].map(|n| {
///         spawn(async move {
///             step3::sleep(Duration::from_millis(n)).await;
///             n
///         })
///     }));
///     assert_eq!(outcomes.next().await.unwrap().unwrap(), 10);
///     assert_eq!(outcomes.next().await.unwrap().unwrap(), 20);
///     assert!(outcomes.next().await.is_none());
/// });
/// ```
pub fn as_completed<T, S: Schedule>(
    handles: impl IntoIterator<Item = JoinHandle<T, S>>,
) -> AsCompleted<T, S> {
    AsCompleted { children: Children::new(handles) }
}

/// The outcomes of tasks as they come: made by [`as_completed`]. Dropping it detaches the tasks that are left.
///
/// ```
/// use step4::{AsCompleted, as_completed, run, spawn};
///
/// run(async {
///     let mut none: AsCompleted<u32> = as_completed([]);
///     assert!(none.next().await.is_none());
///     assert_eq!(as_completed([spawn(async { 7 })]).next().await.unwrap().unwrap(), 7);
/// });
/// ```
pub struct AsCompleted<T, S: Schedule = Local> {
    children: Children<JoinHandle<T, S>>,
}

impl<T, S: Schedule> AsCompleted<T, S> {
    /// Waits for the next task to end, and returns its outcome; `None` when all have been returned.
    ///
    /// An error comes at its turn, and ends nothing. Dropping the future loses no outcome.
    pub async fn next(&mut self) -> Option<Result<T, JoinError>> {
        let (_number, outcome) = poll_fn(|cx| self.children.poll_next(cx)).await?;
        Some(outcome)
    }
}

impl<T, S: Schedule> std::fmt::Debug for AsCompleted<T, S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AsCompleted").finish_non_exhaustive()
    }
}

/// Protects work from the cancellation of whoever waits for it: Python's `shield`.
///
/// The work becomes a task at once. Dropping the returned handle, or a future that awaits it, detaches that task. It is
/// `spawn` under another name: in Rust, letting go of a task never stops it.
///
/// ```
/// use std::time::Duration;
/// use step3::{sleep, timeout};
///
/// step4::run(async {
///     let (sender, receiver) = step2::oneshot();
///     let work = step4::shield(async move {
///         sleep(Duration::from_millis(20)).await;
///         sender.send("finished all the same").unwrap();
///     });
///     assert!(timeout(Duration::from_millis(1), work).await.is_err(), "the waiter gave up");
///     assert_eq!(receiver.await.unwrap(), "finished all the same");
/// });
/// ```
pub fn shield<F>(work: F) -> JoinHandle<F::Output>
where
    F: Future + 'static,
    F::Output: 'static,
{
    spawn(work)
}
