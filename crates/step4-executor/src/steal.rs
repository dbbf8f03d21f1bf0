//! A pool of workers that take tasks from each other: the second executor on the same task.
//!
//! ```text
//!   spawned or woken outside ──▶ injector ─┐
//!                                          ▼ a batch, when the own queue is empty, and every 61 polls
//!   worker 0: own queue ◀── woken here    run ── park: its own timers and sockets
//!   worker 1: own queue ◀── woken here    run ── park: its own timers and sockets
//!                 └──────── steals half of it when it has nothing ────────▶
//! ```
//!
//! Each worker is an event loop in small: a queue, and a park with timers and sockets of its own. What is new is that a
//! queue may be emptied from its other end by somebody else. So tasks wander, and what they hold must be `Send`.
//!
//! # Invariants
//!
//! 1. A runnable task is in exactly one queue, or in the hands of one worker.
//! 2. While work is queued and workers sleep, one searches or is being woken (see [`crate::idle`]). A batch is in nobody's
//!    queue for a moment: so whoever has taken one without having searched wakes a worker, in case it looked just then.
//! 3. A pool that ends aborts its tasks, runs until the last one is gone, and joins its threads; then nothing is left.
//! 4. A task is on the list of the *site* where it was spawned, whoever runs it. Each worker is a site, and the outside is one.
//!    A site that is closed and empty is over; it is over once, and the workers stop when all are.
//!
//! # Sites
//!
//! One list of all tasks has one lock, and one count of who still needs the pool is one word: with two workers, the cache
//! line of each goes back and forth with every task that begins or ends. Most tasks end where they were spawned, so each worker
//! keeps a list and a count of its own, and only tasks that were stolen touch another's.
//!
//! # Absent on purpose
//!
//! No slot for the task woken last: it would wait behind a hog, where nobody can steal it. No thread that serves all
//! timers and sockets: those that a task sets on a worker are served by that worker, and late if another task holds it.

use std::cell::RefCell;
use std::fmt;
use std::future::Future;
use std::io;
use std::ptr;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::task::Waker;
use std::time::Duration;

use step2::Park;
use step3::{Clock, TimerDriver};

use crate::idle::Idle;
use crate::metrics::Metrics;
use crate::reactor::{IoDriver, Reactor};
use crate::schedule::{Schedule, Sealed};
use crate::sync::crossbeam_deque::{Injector, Steal, Stealer, Worker as Queue};
use crate::sync::{AtomicBool, AtomicUsize, Mutex, MutexGuard, lock, thread, thread_local};
use crate::task::shared::SharedState;
use crate::task::{JoinHandle, Runnable, TaskList, new_task};
use crate::{blocking, budget, hog};

/// How many polls between two looks at timers, sockets and the injector, as in the event loop.
const TURN: u32 = 61;

/// Runs `Send` tasks on several threads, which steal from each other.
///
/// Dropping it ends it, as [`shutdown`](Self::shutdown) does. A handle may be awaited anywhere, also outside of the pool.
///
/// ```
/// use step4::ThreadPool;
///
/// let pool = ThreadPool::new(2)?;
/// let answer = pool.spawn(async { 6 * 7 });
/// assert_eq!(step2::block_on(answer).unwrap(), 42);
/// # std::io::Result::Ok(())
/// ```
pub struct ThreadPool {
    /// The workers' sites, and the one of the outside at the end.
    sites: Vec<Arc<Site>>,
    threads: Vec<thread::JoinHandle<()>>,
    reactors: Vec<Arc<Reactor>>,
    blocking: blocking::Pool,
}

struct Shared {
    injector: Injector<Runnable<Stealing>>,
    stealers: Vec<Stealer<Runnable<Stealing>>>,
    unparkers: Vec<Waker>,
    idle: Idle,
    /// How many sites are not over.
    open: AtomicUsize,
    /// Set when the pool has ended and its last task is gone: the workers go home. Relaxed, as `open` is: neither carries data,
    /// and the wake that comes after it makes it visible to those who sleep, or are about to.
    stop: AtomicBool,
}

/// Where tasks are spawned: a worker, or the outside. Keeps those that are unfinished, wherever they run.
///
/// Each worker has its own, so that they need not wait for each other's lock, nor for each other's counts.
struct Site {
    shared: Arc<Shared>,
    tasks: Mutex<Tasks>,
    /// How many timers the worker had set when it last parked.
    timers: AtomicUsize,
}

/// The unfinished tasks of a site: closed when the pool ends, and over when the last is gone after that.
struct Tasks {
    list: TaskList<Stealing>,
    closed: bool,
    over: bool,
}

/// Schedules a task on the workers of a [`ThreadPool`].
///
/// ```
/// use step4::{JoinHandle, Stealing, ThreadPool};
///
/// let pool = ThreadPool::new(1)?;
/// let task: JoinHandle<u32, Stealing> = pool.spawn(async { 7 });
/// let elsewhere = std::thread::spawn(|| step2::block_on(task)); // Unlike a `Local` one, this handle may leave its thread.
/// assert_eq!(elsewhere.join().unwrap().unwrap(), 7);
/// # std::io::Result::Ok(())
/// ```
#[derive(Clone)]
pub struct Stealing {
    site: Arc<Site>,
}

thread_local! {
    static WORKER: RefCell<Option<Rc<Local>>> = const { RefCell::new(None) };
}

/// What a worker's own thread knows of it.
struct Local {
    queue: Queue<Runnable<Stealing>>,
    site: Arc<Site>,
}

impl Local {
    fn push(&self, task: Runnable<Stealing>) {
        self.queue.push(task);
        self.site.shared.wake_one();
    }
}

/// Starts `future` on the pool whose worker calls this, as [`ThreadPool::spawn`] does.
///
/// # Panics
///
/// Panics on any other thread.
///
/// ```
/// use step4::{ThreadPool, spawn_on_pool};
///
/// let pool = ThreadPool::new(2)?;
/// let sum = pool.spawn(async { spawn_on_pool(async { 1 }).await.unwrap() + 1 });
/// assert_eq!(step2::block_on(sum).unwrap(), 2);
/// # std::io::Result::Ok(())
/// ```
pub fn spawn_on_pool<F>(future: F) -> JoinHandle<F::Output, Stealing>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    let Some(local) = this_worker() else {
        panic!(
            "`spawn_on_pool` needs a worker: call it in a task of a `ThreadPool` (elsewhere, use `ThreadPool::spawn`)"
        )
    };
    local.site.spawn(future, |task| local.push(task))
}

/// Returns this thread's worker. A thread whose thread-locals are gone already has none.
fn this_worker() -> Option<Rc<Local>> {
    WORKER.try_with(|worker| worker.borrow().clone()).ok().flatten()
}

/// Returns whether this thread is a worker of a pool.
pub(crate) fn is_worker() -> bool {
    this_worker().is_some()
}

impl ThreadPool {
    /// Starts `workers` threads.
    ///
    /// # Errors
    ///
    /// Returns the system's error if it cannot start a thread, or open a selector for each.
    ///
    /// # Panics
    ///
    /// Panics if `workers` is zero.
    pub fn new(workers: usize) -> io::Result<Self> {
        assert!(workers > 0, "a thread pool needs at least one worker");
        let mut parks = Vec::new();
        for _ in 0..workers {
            parks.push(IoDriver::new()?);
        }
        let queues: Vec<_> = (0..workers).map(|_| Queue::new_fifo()).collect();
        let shared = Arc::new(Shared {
            injector: Injector::new(),
            stealers: queues.iter().map(Queue::stealer).collect(),
            unparkers: parks.iter().map(Park::waker).collect(),
            idle: Idle::new(),
            open: AtomicUsize::new(workers + 1),
            stop: AtomicBool::new(false),
        });
        let sites = (0..=workers).map(|_| Site::new(&shared)).collect();
        let reactors = parks.iter().map(IoDriver::reactor).collect();
        let mut pool = Self { sites, threads: Vec::new(), reactors, blocking: blocking::Pool::default() };
        for (number, (park, queue)) in parks.into_iter().zip(queues).enumerate() {
            let (site, blocking) = (Arc::clone(&pool.sites[number]), pool.blocking.clone());
            let inherited = timeline::inherit();
            let name = format!("worker {number}");
            let work = move || {
                let _lane = inherited.enter(&format!("worker {number}"));
                Worker::new(number, queue, site).work(park, blocking);
            };
            pool.threads.push(thread::Builder::new().name(name).spawn(work)?);
        }
        Ok(pool)
    }

    /// Starts `future` as a task of this pool, and returns a handle to await or abort it.
    ///
    /// On a worker it goes to that worker's queue, else to the one that all share. A pool that has ended gives back a
    /// task that is cancelled.
    pub fn spawn<F>(&self, future: F) -> JoinHandle<F::Output, Stealing>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        let shared = self.shared();
        match this_worker() {
            Some(local) if local.is_of(shared) => local.site.spawn(future, |task| local.push(task)),
            _ => self.outside().spawn(future, |task| shared.inject(task)),
        }
    }

    /// Counts what the pool holds. Timers are those that each worker had set when it last looked at its timers and sockets.
    ///
    /// ```
    /// use step4::ThreadPool;
    ///
    /// let pool = ThreadPool::new(2)?;
    /// let endless = pool.spawn(std::future::pending::<()>());
    /// assert_eq!(pool.metrics().tasks, 1);
    /// endless.abort();
    /// assert!(step2::block_on(endless).is_err());
    /// assert_eq!(pool.metrics().tasks, 0);
    /// # std::io::Result::Ok(())
    /// ```
    #[must_use]
    pub fn metrics(&self) -> Metrics {
        Metrics {
            tasks: self.sites.iter().map(|site| site.tasks().list.len()).sum(),
            timers: self.sites.iter().map(|site| site.timers.load(Relaxed)).sum(),
            sockets: self.reactors.iter().map(|reactor| reactor.sockets()).sum(),
        }
    }

    fn outside(&self) -> &Arc<Site> {
        self.sites.last().expect("the outside has a site")
    }

    fn shared(&self) -> &Shared {
        &self.outside().shared
    }

    /// Ends the pool: aborts all tasks, waits until the last one is dropped, and joins the threads.
    ///
    /// A task that is in the middle of a poll is aborted when that poll ends. Called by one of its own tasks or
    /// blocking jobs, it aborts all but waits for nothing: the workers end by themselves when that one has.
    pub fn shutdown(self) {
        drop(self);
    }
}

impl Drop for ThreadPool {
    fn drop(&mut self) {
        self.sites.iter().for_each(|site| site.close());
        if self.shared().is_on_worker() || self.blocking.is_served_here() {
            return; // The task or job that drops the pool is one that it would have to wait for.
        }
        for thread in self.threads.drain(..) {
            // A worker catches every panic of a task; what is left is a bug of ours, which the hook has reported.
            let _reported = thread.join();
        }
    }
}

impl fmt::Debug for ThreadPool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ThreadPool").field("workers", &self.threads.len()).finish_non_exhaustive()
    }
}

impl Site {
    fn new(shared: &Arc<Shared>) -> Arc<Self> {
        let tasks = Tasks { list: TaskList::new(), closed: false, over: false };
        Arc::new(Self { shared: Arc::clone(shared), tasks: Mutex::new(tasks), timers: AtomicUsize::new(0) })
    }

    fn tasks(&self) -> MutexGuard<'_, Tasks> {
        lock(&self.tasks)
    }

    fn spawn<F>(
        self: &Arc<Self>,
        future: F,
        enqueue: impl FnOnce(Runnable<Stealing>),
    ) -> JoinHandle<F::Output, Stealing>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        let (task, handle) = new_task(future, Stealing { site: Arc::clone(self) });
        let closed = {
            let mut tasks = self.tasks();
            tasks.list.add(&task);
            tasks.closed
        };
        if closed {
            // Nobody may be left to run it, so it is dropped here and now.
            handle.abort();
            task.run();
        } else {
            enqueue(task);
        }
        handle
    }

    fn close(&self) {
        let mut tasks = self.tasks();
        tasks.closed = true;
        tasks.list.abort_all();
        self.end_if_over(tasks);
    }

    /// Notes that the last task is gone from a site that is closed; after the last site, the workers stop.
    fn end_if_over(&self, mut tasks: MutexGuard<'_, Tasks>) {
        if tasks.closed && tasks.list.len() == 0 && !tasks.over {
            tasks.over = true;
            if self.shared.open.fetch_sub(1, Relaxed) == 1 {
                self.shared.stop();
            }
        }
    }
}

impl Local {
    /// Returns whether this is a worker of that pool.
    fn is_of(&self, shared: &Shared) -> bool {
        ptr::eq(&raw const *self.site.shared, shared)
    }
}

impl Shared {
    /// Puts a runnable task into this worker's queue, or else into the injector, and wakes a worker if one is needed.
    fn enqueue(&self, task: Runnable<Stealing>) {
        let mut task = Some(task);
        // A thread whose thread-locals are gone already is no worker.
        let _is_gone = WORKER.try_with(|worker| {
            if let Some(local) = &*worker.borrow()
                && local.is_of(self)
            {
                task.take().into_iter().for_each(|task| local.push(task));
            }
        });
        if let Some(task) = task {
            self.inject(task);
        }
    }

    /// Puts a runnable task where every worker finds it.
    fn inject(&self, task: Runnable<Stealing>) {
        self.injector.push(task);
        self.wake_one();
    }

    fn wake_one(&self) {
        if let Some(worker) = self.idle.notify() {
            self.unparkers[worker].wake_by_ref();
        }
    }

    fn stop(&self) {
        self.stop.store(true, Relaxed);
        self.unparkers.iter().for_each(Waker::wake_by_ref);
    }

    fn is_on_worker(&self) -> bool {
        this_worker().is_some_and(|local| local.is_of(self))
    }

    fn has_work(&self) -> bool {
        !self.injector.is_empty() || self.stealers.iter().any(|stealer| !stealer.is_empty())
    }
}

impl Sealed for Stealing {}

impl Schedule for Stealing {
    type State = SharedState;

    fn is_home(&self) -> bool {
        false
    }

    fn schedule(&self, task: Runnable<Self>, _home: bool) {
        self.site.shared.enqueue(task);
    }

    fn schedule_again(task: Runnable<Self>) {
        WORKER.with_borrow(|worker| {
            worker.as_ref().expect("only workers poll tasks").push(task);
        });
    }

    fn forget(&self, task: &Runnable<Self>) {
        let mut tasks = self.site.tasks();
        tasks.list.remove(task);
        self.site.end_if_over(tasks);
    }
}

struct Worker {
    number: usize,
    local: Rc<Local>,
    shared: Arc<Shared>,
}

impl Worker {
    fn new(number: usize, queue: Queue<Runnable<Stealing>>, site: Arc<Site>) -> Self {
        let shared = Arc::clone(&site.shared);
        Self { number, local: Rc::new(Local { queue, site }), shared }
    }

    fn work(self, park: IoDriver, blocking: blocking::Pool) {
        let mut park = TimerDriver::new(park, Clock::real());
        let _entered = park.enter();
        blocking::share(blocking);
        WORKER.set(Some(Rc::clone(&self.local)));
        let mut polls = 0;
        while let Some(task) = self.next(&mut park, polls == 0) {
            budget::refill();
            hog::watch(|| task.run());
            polls = (polls + 1) % TURN;
            if polls == 0 {
                self.park(&mut park, Some(Duration::ZERO));
            }
        }
        drop(WORKER.take());
        blocking::end();
    }

    /// Returns a task to run, and sleeps until there is one; `None` when the pool has ended.
    ///
    /// `injected_first`, now and then: else a worker that is never idle would never come to what was spawned outside.
    fn next(&self, park: &mut TimerDriver<IoDriver>, injected_first: bool) -> Option<Runnable<Stealing>> {
        if injected_first && let Some(task) = self.injected() {
            self.shared.wake_one(); // For the rest of the batch (invariant 2).
            return Some(task);
        }
        if let Some(task) = self.own() {
            return Some(task);
        }
        let mut searching = false;
        while !self.shared.stop.load(Relaxed) {
            searching = searching || self.shared.idle.search();
            if searching && let Some(task) = self.own().or_else(|| self.injected()).or_else(|| self.stolen())
            {
                if self.shared.idle.found() {
                    self.shared.wake_one();
                }
                return Some(task);
            }
            self.shared.idle.sleep(self.number, searching);
            searching = if self.shared.has_work() {
                self.shared.idle.resume(self.number);
                true
            } else {
                self.park(park, None);
                self.shared.idle.awake(self.number)
            };
        }
        None
    }

    fn park(&self, park: &mut TimerDriver<IoDriver>, limit: Option<Duration>) {
        self.local.site.timers.store(park.timers(), Relaxed);
        park.park(limit).expect("the worker's park failed");
    }

    fn own(&self) -> Option<Runnable<Stealing>> {
        self.local.queue.pop()
    }

    fn injected(&self) -> Option<Runnable<Stealing>> {
        until_settled(|| self.shared.injector.steal_batch_and_pop(&self.local.queue))
    }

    /// Takes half of another worker's queue, beginning with its neighbour's.
    fn stolen(&self) -> Option<Runnable<Stealing>> {
        let stealers = &self.shared.stealers;
        let mut others = (1..stealers.len()).map(|step| &stealers[(self.number + step) % stealers.len()]);
        others.find_map(|other| until_settled(|| other.steal_batch_and_pop(&self.local.queue)))
    }
}

/// Repeats an attempt that collided with another thread's.
fn until_settled<T>(mut attempt: impl FnMut() -> Steal<T>) -> Option<T> {
    loop {
        match attempt() {
            Steal::Success(task) => return Some(task),
            Steal::Empty => return None,
            Steal::Retry => {}
        }
    }
}
