//! A blocking job as a future: a thread of step 1 does the waiting, and wakes us when it is done.
//!
//! Most IO on this planet can only block: files, most database drivers, name lookups. The way out is an old one: let
//! another thread block, and wait for *it* without blocking.
//!
//! ```text
//!   this thread                    a thread of the pool
//!   poll: submit the job  ───────▶ run the job (blocks, and nobody minds)
//!   park                           send the outcome into the oneshot
//!   poll: take the outcome ◀────── wake
//! ```
//!
//! # Invariants
//!
//! 1. Nothing is submitted before the first poll, and nothing is submitted twice.
//! 2. A full queue makes the *future* wait, never the thread: register for room first, then try again, so that room
//!    made between the two is not missed.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;
use std::task::{Poll, Waker};

use step1::BlockingPool;

use crate::oneshot;
use crate::sync::{Mutex, MutexGuard};

/// Runs `job` on a thread of `pool`, and waits for it without blocking this one.
///
/// Costs two allocations, a trip through the pool's queue and a wake from another thread: some tens of microseconds.
/// While the pool's queue is full, the future waits; each job that is taken off the queue then wakes all that wait.
///
/// Dropping the future does not stop a job that has begun: no thread can be stopped from outside. Its output is then
/// dropped. A job that was not submitted yet never runs.
///
/// # Panics
///
/// A panic of the job is raised again here, at the await.
///
/// ```
/// use std::sync::Arc;
///
/// let pool = Arc::new(step1::BlockingPool::new(1, 8));
/// let line = step2::block_on(step2::unblock(&pool, || std::fs::read_to_string("Cargo.toml")));
/// assert!(line.expect("cargo runs this where the file is").contains("step2"));
/// ```
pub fn unblock<F, T>(pool: &Arc<BlockingPool>, job: F) -> impl Future<Output = T> + use<F, T>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    let pool = Arc::clone(pool);
    async move {
        let (sender, receiver) = oneshot();
        submit(pool, move || {
            // Nobody waits any more if this fails; the outcome is dropped, here on the pool's thread.
            let _unwanted = sender.send(catch_unwind(AssertUnwindSafe(job)));
        })
        .await;
        match receiver.await.expect("a pool runs every job that it has accepted") {
            Ok(output) => output,
            Err(panic) => resume_unwind(panic),
        }
    }
}

/// Hands `job` to `pool`, and waits while its queue is full, but not for the job.
///
/// Dropping the future before it is ready means that the job never runs.
///
/// ```
/// use std::sync::Arc;
///
/// let pool = Arc::new(step1::BlockingPool::new(1, 8));
/// let (sender, receiver) = step2::oneshot();
/// step2::block_on(step2::submit(pool, move || sender.send("done").unwrap()));
/// assert_eq!(step2::block_on(receiver), Ok("done"));
/// ```
pub async fn submit(pool: Arc<BlockingPool>, job: impl FnOnce() + Send + 'static) {
    let mut unsent = Some(job);
    let bell = Arc::new(Bell::default());
    std::future::poll_fn(|cx| {
        for registered in [false, true] {
            if registered {
                bell.hang(cx.waker().clone(), &pool);
            }
            let job = unsent.take().expect("`poll_fn` is not polled after Ready");
            match pool.try_execute(job) {
                Ok(()) => return Poll::Ready(()),
                Err(full) => unsent = Some(full.0),
            }
        }
        Poll::Pending
    })
    .await;
}

/// Rings when the pool has room: for the latest waker, and with one callback however often the future is polled.
#[derive(Default)]
struct Bell(Mutex<Hung>);

#[derive(Default)]
struct Hung {
    waker: Option<Waker>,
    is_registered: bool,
}

impl Bell {
    fn hang(self: &Arc<Self>, waker: Waker, pool: &BlockingPool) {
        let mut hung = self.lock();
        let older = hung.waker.replace(waker);
        let was_registered = std::mem::replace(&mut hung.is_registered, true);
        drop(hung);
        drop(older);
        if !was_registered {
            let bell = Arc::clone(self);
            pool.when_room(move || bell.ring());
        }
    }

    fn ring(&self) {
        let hung = std::mem::take(&mut *self.lock());
        hung.waker.into_iter().for_each(Waker::wake);
    }

    fn lock(&self) -> MutexGuard<'_, Hung> {
        self.0.lock().expect("nothing that can panic runs under this lock")
    }
}
