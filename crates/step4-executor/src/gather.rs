//! Waiting for many: all of them, in the order of the arguments.
//!
//! | | its children | first error | dropped half-way |
//! |---|---|---|---|
//! | [`gather`] | tasks, which run in any case | returned at once; the others run on | aborts the children |
//! | [`try_gather`] | the same, and their own `Err` counts as an error | as above | as above |
//! | [`gather_settled`] | the same | an outcome like any other | as above |
//! | [`join_all`] | futures, in the task that awaits it: nothing runs before | no such thing | drops them |
//!
//! The first three are Python's. `join_all` shows the other kind of concurrency: many futures taking turns inside *one*
//! task, where nothing is spawned and nothing outlives the await.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use crate::children::Children;
use crate::schedule::Schedule;
use crate::task::{JoinError, JoinHandle};

/// Awaits all tasks, and returns their outputs in the order of the handles: Python's `gather`.
///
/// The tasks run whether or not this is awaited: they were spawned. Dropping it before its end aborts those that are
/// not done, as cancelling a `gather` does in Python.
///
/// # Errors
///
/// Returns the first panic or cancellation, as soon as it happens; the other tasks run on, detached.
///
/// ```
/// use step4::{gather, run, spawn};
///
/// let outputs = run(async { gather([spawn(async { 1 }), spawn(async { 2 })]).await });
/// assert_eq!(outputs.unwrap(), [1, 2]);
/// ```
pub fn gather<T, S: Schedule>(
    handles: impl IntoIterator<Item = JoinHandle<T, S>>,
) -> impl Future<Output = Result<Vec<T>, JoinError>> {
    Gather::new(handles, |outcome| outcome)
}

/// Does as [`gather`] for tasks that return a `Result`: their own errors count as well.
///
/// # Errors
///
/// Returns the first error, panic or cancellation, as soon as it happens; the other tasks run on, detached.
///
/// ```
/// use std::io;
/// use step4::{run, spawn, try_gather};
///
/// let outcome: io::Result<Vec<u32>> = run(async {
///     let good = spawn(async { Ok(1) });
///     let bad = spawn(async { Err(io::Error::other("no bread")) });
///     try_gather([good, bad]).await
/// });
/// assert_eq!(outcome.unwrap_err().to_string(), "no bread");
/// ```
pub fn try_gather<T, E: From<JoinError>, S: Schedule>(
    handles: impl IntoIterator<Item = JoinHandle<Result<T, E>, S>>,
) -> impl Future<Output = Result<Vec<T>, E>> {
    Gather::new(handles, |outcome| outcome?)
}

/// Awaits all tasks, and returns every outcome, good or bad, in the order of the handles.
///
/// Python's `gather(..., return_exceptions=True)`. In all else as [`gather`].
///
/// ```
/// use step4::{gather_settled, run, spawn};
///
/// let outcomes = run(async { gather_settled([spawn(async { 1 }), spawn(async { panic!("no bread") })]).await });
/// assert!(outcomes[0].is_ok() && outcomes[1].is_err());
/// ```
pub async fn gather_settled<T, S: Schedule>(
    handles: impl IntoIterator<Item = JoinHandle<T, S>>,
) -> Vec<Result<T, JoinError>> {
    match Gather::new(handles, Ok::<_, Never>).await {
        Ok(outcomes) => outcomes,
        Err(never) => match never {},
    }
}

enum Never {}

/// Runs futures together inside the current task, and returns their outputs in the order of the arguments.
///
/// Nothing is spawned: they take turns when this is polled, and are dropped with it. Costs two allocations a future, and
/// one poll a wake.
///
/// ```
/// use std::time::Duration;
/// use step4::{join_all, run};
///
/// let outputs = run(join_all([20, 10].map(|n| async move {
///     step3::sleep(Duration::from_millis(n)).await;
///     n
/// })));
/// assert_eq!(outputs, [20, 10]);
/// ```
pub async fn join_all<F: Future>(futures: impl IntoIterator<Item = F>) -> Vec<F::Output> {
    let mut children = Children::new(futures);
    let mut outputs: Vec<Option<F::Output>> = (0..children.len()).map(|_| None).collect();
    while let Some((number, output)) = std::future::poll_fn(|cx| children.poll_next(cx)).await {
        outputs[number] = Some(output);
    }
    in_order(outputs)
}

/// Unwraps the outputs of children all of which are done.
fn in_order<T>(outputs: Vec<Option<T>>) -> Vec<T> {
    outputs.into_iter().map(|output| output.expect("each child is done once")).collect()
}

/// The future of the three gathers. They differ in what counts as an error, which `judge` says.
struct Gather<T, S: Schedule, R, E> {
    children: Children<JoinHandle<T, S>>,
    outputs: Vec<Option<R>>,
    judge: fn(Result<T, JoinError>) -> Result<R, E>,
}

impl<T, S: Schedule, R, E> Gather<T, S, R, E> {
    fn new(
        handles: impl IntoIterator<Item = JoinHandle<T, S>>,
        judge: fn(Result<T, JoinError>) -> Result<R, E>,
    ) -> Self {
        let children = Children::new(handles);
        let outputs = (0..children.len()).map(|_| None).collect();
        Self { children, outputs, judge }
    }
}

/// Nothing in it is pinned: the children are boxed.
impl<T, S: Schedule, R, E> Unpin for Gather<T, S, R, E> {}

impl<T, S: Schedule, R, E> Future for Gather<T, S, R, E> {
    type Output = Result<Vec<R>, E>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        while let Some((number, outcome)) = ready!(self.children.poll_next(cx)) {
            match (self.judge)(outcome) {
                Ok(output) => self.outputs[number] = Some(output),
                Err(error) => {
                    drop(self.children.take_unfinished()); // Detaches them: they run on.
                    return Poll::Ready(Err(error));
                }
            }
        }
        Poll::Ready(Ok(in_order(std::mem::take(&mut self.outputs))))
    }
}

impl<T, S: Schedule, R, E> Drop for Gather<T, S, R, E> {
    fn drop(&mut self) {
        for handle in self.children.take_unfinished() {
            handle.abort();
        }
    }
}
