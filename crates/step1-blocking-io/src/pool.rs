//! Threads that run jobs: so many at once, so many waiting, and no more.
//!
//! ```text
//! submit ── blocks while full ──┐                        ┌─ pool 1: take, tell of room, run
//! try_submit ─ Full: job back ──┼─> [ job job job ] ─────┼─ pool 2: take, tell of room, run
//! try_execute ─ Full: job back ─┘     queue_limit        └─ pool 3: asleep, queue empty
//! ```
//!
//! A thread per errand overlaps as many waits as there are errands, and pays a thread for each. A pool sets the price
//! beforehand. It is also how a thread that must not block, such as an event loop's, has others block in its place.
//!
//! # Invariants
//!
//! 1. A job that was accepted runs, exactly once, even if the pool is dropped first.
//! 2. Neither a job's panic nor a callback's ends a thread: the pool has all its threads until it is dropped.
//! 3. No foreign code runs under a lock.
//!
//! # Absent on purpose
//!
//! Threads never grow in number and never retire; a job, once accepted, cannot be cancelled.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::{fmt, mem};

use timeline::probe::note;

use crate::job::{Answered, Bare, Full, Job, Work};
use crate::measure;
use crate::sync::Mutex;
use crate::sync::crossbeam_channel::{Receiver, Sender, bounded};
use crate::sync::thread::{self, JoinHandle};

/// Runs jobs on a fixed number of threads.
///
/// Dropping the pool waits for every job that was accepted, then for its threads to end. Dropped on one of its own
/// threads, by a job that held the last reference to it, it cannot wait for itself: the jobs are still finished, but
/// nobody waits for them.
///
/// # Examples
///
/// ```
/// let pool = step1::BlockingPool::new(2, 8);
/// let squares: Vec<_> = (1..=3).map(|n| pool.submit(move || n * n)).collect();
/// let squares: Vec<_> = squares.into_iter().map(|job| job.wait().unwrap()).collect();
/// assert_eq!(squares, [1, 4, 9]);
/// ```
pub struct BlockingPool {
    /// `None` only while the pool is being dropped: closing the queue is what sends the threads home.
    queue: Option<Sender<Box<dyn Work>>>,
    threads: Vec<JoinHandle<()>>,
    room: Arc<Room>,
}

impl BlockingPool {
    /// Starts `threads` threads over a queue of up to `queue_limit` waiting jobs.
    ///
    /// # Panics
    ///
    /// Panics if either number is 0, or if the system refuses a thread.
    pub fn new(threads: usize, queue_limit: usize) -> Self {
        assert!(threads > 0, "a pool without threads would never run a job");
        // Without a queue there would be room only while a thread is idle, and nothing tells of that moment.
        assert!(queue_limit > 0, "a pool without a queue would have no room to tell of");
        let (queue, jobs) = bounded(queue_limit);
        let room = Arc::new(Room::default());
        let start = |n| {
            let (jobs, room) = (jobs.clone(), Arc::clone(&room));
            let thread = measure::start(format!("pool {n}"), move || run_jobs(&jobs, &room));
            thread.unwrap_or_else(|error| panic!("could not start thread {n} of a pool: {error}"))
        };
        Self { queue: Some(queue), threads: (1..=threads).map(start).collect(), room }
    }

    /// Queues `job`, and blocks this thread while the queue is full.
    ///
    /// That is back-pressure: who brings jobs faster than they are done is slowed down, and memory does not grow. On
    /// one of the pool's own threads it may block for ever, since that thread can then take nothing off the queue.
    pub fn submit<F, T>(&self, job: F) -> Job<T>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        let (work, handle) = Answered::new(job);
        self.queue().send(Box::new(work)).expect("the threads hold the other end while there is a pool");
        handle
    }

    /// Queues `job`, or gives it back at once if the queue is full.
    ///
    /// # Errors
    ///
    /// Returns [`Full`] with the job in it.
    pub fn try_submit<F, T>(&self, job: F) -> Result<Job<T>, Full<F>>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        let (work, handle) = Answered::new(job);
        self.try_push(work).map(|()| handle).map_err(|Full(work)| Full(work.job))
    }

    /// Does as [`try_submit`](Self::try_submit), for a job that has its own way to tell how it ended.
    ///
    /// Nobody hears of such a job's panic, beyond what the panic prints.
    ///
    /// # Errors
    ///
    /// Returns [`Full`] with the job in it.
    pub fn try_execute<F: FnOnce() + Send + 'static>(&self, job: F) -> Result<(), Full<F>> {
        self.try_push(Bare(job)).map_err(|Full(Bare(job))| Full(job))
    }

    /// Calls `callback`, once, on a pool thread, the next time that a job has been taken off the queue.
    ///
    /// For a caller that must not block, this stands in for [`submit`](Self::submit): *register, then try again*. The
    /// room may have come between the first try and the registering, and in that case nobody is going to call.
    ///
    /// ```text
    /// loop {
    ///     try_execute(job)  -> Ok: done      -> Full(job): go on
    ///     when_room(call me)
    ///     try_execute(job)  -> Ok: done      -> Full(job): come back when called
    /// }
    /// ```
    ///
    /// All callbacks that are registered are called at once, and the room may be gone when its turn comes: a call is a
    /// reason to try, not a promise. A callback must not block. Its panic is contained. If no job is taken any more, it
    /// is dropped with the pool, uncalled (and if it owns the pool, never); that cannot happen to whoever found the
    /// queue full after registering.
    pub fn when_room(&self, callback: impl FnOnce() + Send + 'static) {
        self.room.register(Box::new(callback));
    }

    fn try_push<W: Work>(&self, work: W) -> Result<(), Full<W>> {
        self.queue().try_send(Box::new(work)).map_err(|refused| {
            let work: Box<dyn Any> = refused.into_inner();
            Full(*work.downcast().expect("what comes back is what was sent"))
        })
    }

    fn queue(&self) -> &Sender<Box<dyn Work>> {
        self.queue.as_ref().expect("only `drop` takes it")
    }
}

impl Drop for BlockingPool {
    fn drop(&mut self) {
        self.queue = None;
        let me = thread::current().id();
        if self.threads.iter().any(|thread| thread.thread().id() == me) {
            return; // Waiting for this thread would be for ever; waiting for the others may be, if they wait for it.
        }
        for thread in self.threads.drain(..) {
            thread.join().expect("by invariant 2, they return");
        }
    }
}

impl fmt::Debug for BlockingPool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BlockingPool").field("threads", &self.threads.len()).finish_non_exhaustive()
    }
}

/// Who wants to hear that a job has left the queue.
#[derive(Default)]
struct Room {
    callbacks: Mutex<Vec<Callback>>,
}

type Callback = Box<dyn FnOnce() + Send>;

impl Room {
    fn register(&self, callback: Callback) {
        self.callbacks.lock().expect("nothing panics under this lock").push(callback);
    }

    fn tell(&self) {
        // The guard is dropped at the end of this statement, so that the callbacks run without it (invariant 3).
        let callbacks = mem::take(&mut *self.callbacks.lock().expect("nothing panics under this lock"));
        for callback in callbacks {
            contain(callback);
        }
    }
}

/// The life of a pool's thread: it ends when the pool has been dropped and the queue is empty.
fn run_jobs(jobs: &Receiver<Box<dyn Work>>, room: &Room) {
    for job in jobs {
        room.tell();
        note(|| "job begins".to_owned());
        contain(|| job.run());
        note(|| "job ends".to_owned());
    }
}

/// Runs foreign code so that its panic ends here.
fn contain(foreign: impl FnOnce()) {
    if let Err(payload) = catch_unwind(AssertUnwindSafe(foreign)) {
        // Even the payload is foreign, and may panic as it is dropped. What that leaves behind, nobody drops.
        mem::forget(catch_unwind(AssertUnwindSafe(|| drop(payload))));
    }
}
