//! Blocking work beside the loop: step 1's threads, and step 2's way to await them.
//!
//! A loop, and a pool of workers, gets its threads when something first asks for them, and waits for their jobs when it
//! ends: as `asyncio.to_thread` and `asyncio.run` do.

use std::cell::{Cell, RefCell};
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::pin;
use std::sync::{Arc, OnceLock};
use std::task::Poll;

use step1::BlockingPool;
use step2::{oneshot, submit};

use crate::sync::thread_local;

/// As Python's `ThreadPoolExecutor`: a few more threads than cores, since they wait most of the time.
fn threads() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from) + 4
}

/// How many jobs may stand in the queue; beyond that, the futures wait with their jobs.
const QUEUE: usize = 1024;

/// Threads for blocking jobs, which start when the first job comes. Clones share them.
#[derive(Clone, Default)]
pub(crate) struct Pool(Arc<OnceLock<Arc<BlockingPool>>>);

impl Pool {
    fn get(&self) -> Arc<BlockingPool> {
        Arc::clone(self.0.get_or_init(|| Arc::new(BlockingPool::new(threads(), QUEUE))))
    }

    /// Returns whether the calling thread is one of these.
    pub(crate) fn is_served_here(&self) -> bool {
        SERVES.get() == self.name()
    }

    /// Names the pool while it lives, by its address.
    fn name(&self) -> usize {
        Arc::as_ptr(&self.0).addr()
    }
}

thread_local! {
    static POOL: RefCell<Pool> = RefCell::default();
    /// On a thread for blocking jobs: the name of its pool.
    static SERVES: Cell<usize> = const { Cell::new(0) };
}

/// Runs `job` on a thread where it may block, and waits for it without blocking this one.
///
/// Python's `asyncio.to_thread`. Nothing happens before the first poll. Dropping the future does not stop a job that has
/// begun or stands in the queue. See [`step2::unblock`](step2::unblock()) for what it costs. A manual clock stands still
/// meanwhile; so on such a clock, a job that waits for what a task does after a sleep waits for ever.
///
/// # Panics
///
/// A panic of the job is raised again here, at the await.
///
/// ```
/// let text = step4::run(async { step4::unblock(|| std::fs::read_to_string("Cargo.toml")).await });
/// assert!(text.unwrap().contains("step4"));
/// ```
pub async fn unblock<T, F>(job: F) -> T
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    let hold = step3::hold();
    let pool = POOL.with_borrow(Pool::clone);
    // On a manual clock, threads of the system's own time have no place in a recording.
    let threads = if hold.is_effective() { timeline::unrecorded(|| pool.get()) } else { pool.get() };
    let (sender, receiver) = oneshot();
    let name = pool.name();
    let job = move || {
        SERVES.set(name);
        drop(sender.send(catch_unwind(AssertUnwindSafe(job)))); // If nobody waits, the output goes here and now.
        drop(hold); // Whoever waits for either was woken: a manual clock may move again.
    };
    submit(threads, job).await;
    let outcome = pending_once(receiver).await.expect("a pool runs every job that it has accepted");
    outcome.unwrap_or_else(|panic| resume_unwind(panic))
}

/// Awaits `future`, and is pending at first even if that is ready: how often a task is polled shall not depend on a race
/// between threads, and neither shall what is recorded.
async fn pending_once<F: Future>(future: F) -> F::Output {
    let (mut future, mut at_once, mut is_first) = (pin!(future), None, true);
    poll_fn(|cx| {
        if let Some(output) = at_once.take() {
            return output;
        }
        let polled = future.as_mut().poll(cx);
        if !std::mem::take(&mut is_first) || polled.is_pending() {
            return polled;
        }
        at_once = Some(polled);
        timeline::unrecorded(|| cx.waker().wake_by_ref());
        Poll::Pending
    })
    .await
}

/// Makes this thread use `pool`, as the workers of one `ThreadPool` do.
pub(crate) fn share(pool: Pool) {
    POOL.set(pool);
}

/// Lets go of this thread's pool. If nobody else uses it, its jobs are waited for.
pub(crate) fn end() {
    drop(POOL.take());
}
