//! Tasks that panic at random: in their polls, their destructors, their wakers, their exits and clean-ups, in blocking jobs and in
//! generators, whatever they hold at the time. Nothing is lost by that: permits, locks, leases, items, tasks and timers are all back
//! afterwards, and the loop and the pool have gone on for all others.
//!
//! All these panics are silent ([`Luck::panic`]). Whatever reaches the panic hook all the same is one of the runtimes' own, and
//! fails the case.
#![allow(clippy::unwrap_used, reason = "a test may")]

mod support;

use std::cell::Cell;
use std::fmt::Debug;
use std::future::Future;
use std::panic::{self, AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::sync::atomic::{AtomicIsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex as Lock, MutexGuard, Once, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::time::{Duration, Instant};
use std::{io, thread};

use fastrand::Rng;
use faults::{Census, alone};
use step2::{Entered, Park, block_on, oneshot, yield_now};
use step3::{Clock, ManualClock, TimerDriver, sleep, timeout};
use step4::{
    EventLoop, IoDriver, JoinError, JoinHandle, Schedule, ThreadPool, gather, gather_settled, join_all,
    select, spawn, spawn_clean_up, spawn_on_pool, unblock,
};
use step5::{AsyncIterator, Receiver, Sender, channel, from_thread, generator};
use step6::{
    AsyncContext, AsyncExitStack, CancelToken, ErrorGroup, Event, Manage, Mutex, Outcome, Pool, RwLock,
    Semaphore, TaskGroup, time_limit, with,
};
use support::{another_process, each_case, ms, this_test};

/// The payload of every panic here.
struct Boom;

/// Who decides what happens, and when something panics; and who counts what is alive.
struct Luck {
    rng: Lock<Rng>,
    /// One in so many chances to panic is taken; none if zero.
    one_in: AtomicIsize,
    alive: AtomicIsize,
    /// How many contexts were entered and not left.
    inside: AtomicIsize,
    mistakes: Lock<Vec<String>>,
}

impl Luck {
    fn new(mut rng: Rng) -> Arc<Self> {
        let one_in = AtomicIsize::new(rng.isize(6..60));
        Arc::new(Self {
            rng: Lock::new(rng),
            one_in,
            alive: AtomicIsize::new(0),
            inside: AtomicIsize::new(0),
            mistakes: Lock::default(),
        })
    }

    fn below(&self, limit: u64) -> u64 {
        self.rng.lock().unwrap().u64(0..limit)
    }

    /// A moment that may be nothing.
    fn moment(&self) -> Duration {
        ms(self.below(6))
    }

    /// Panics, if it comes to that.
    fn panic(&self) {
        let one_in = self.one_in.load(SeqCst);
        if one_in > 0 && self.rng.lock().unwrap().isize(0..one_in) == 0 {
            resume_unwind(Box::new(Boom)); // Past the hook, which would print.
        }
    }

    fn bomb(self: &Arc<Self>) -> Bomb {
        self.alive.fetch_add(1, SeqCst);
        Bomb(Arc::clone(self))
    }

    /// A waker that panics as it is called, and as it is dropped.
    fn waker(self: &Arc<Self>) -> Waker {
        Waker::from(Arc::new(Alarm(self.bomb())))
    }

    /// Only our own panics are to be seen.
    fn expect_ours(&self, error: &JoinError) {
        match error {
            JoinError::Panicked(payload) if !payload.is::<Boom>() => {
                self.mistakes.lock().unwrap().push(format!("{error}"));
            }
            _ => {}
        }
    }
}

/// Counts as alive, and may panic when it is dropped; but not while another panic unwinds, since that ends the process.
struct Bomb(Arc<Luck>);

impl Drop for Bomb {
    fn drop(&mut self) {
        self.0.alive.fetch_sub(1, SeqCst);
        if !thread::panicking() {
            self.0.panic();
        }
    }
}

struct Alarm(Bomb);

impl Wake for Alarm {
    fn wake(self: Arc<Self>) {
        self.0.0.panic();
    }
}

/// A future whose destructor panics too, and not inside of a poll, as that of an `async` block does.
struct Fused<F>(Pin<Box<F>>, Bomb);

impl<F: Future> Future for Fused<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        self.1.0.panic();
        self.0.as_mut().poll(cx)
    }
}

/// What all tasks of a case share.
struct World {
    luck: Arc<Luck>,
    permits: Arc<Semaphore>,
    lock: Mutex<u64>,
    shelf: RwLock<u64>,
    event: Event,
    pool: Pool<Links>,
    sender: Sender<Bomb>,
    receiver: Receiver<Bomb>,
}

const PERMITS: usize = 3;
const LINKS: usize = 2;

/// Makes what the pool lends: each is a bomb.
struct Links(Arc<Luck>);

impl Manage for Links {
    type Resource = Bomb;
    type Error = &'static str;

    async fn connect(&self) -> Result<Bomb, &'static str> {
        let link = self.0.bomb();
        sleep(self.0.moment()).await;
        self.0.panic();
        if self.0.below(5) == 0 { Err("no answer") } else { Ok(link) }
    }

    async fn is_healthy(&self, _link: &mut Bomb) -> bool {
        yield_now().await;
        self.0.panic();
        self.0.below(4) > 0
    }
}

impl World {
    fn new(rng: Rng) -> Arc<Self> {
        let luck = Luck::new(rng);
        let (sender, receiver) = channel(2);
        Arc::new(Self {
            permits: Arc::new(Semaphore::new(PERMITS)),
            lock: Mutex::new(0),
            shelf: RwLock::new(0),
            event: Event::new(),
            pool: Pool::new(LINKS, Links(Arc::clone(&luck))).wait_limit(ms(20)),
            sender,
            receiver,
            luck,
        })
    }

    /// One thing that a task on either executor may do. Who waits for a permit or a lock, holds no other, so its turn comes, unless a
    /// wake is lost; half of them have a time limit, as has who waits for an item or a place for one.
    async fn do_something(self: &Arc<Self>) {
        let luck = &self.luck;
        let _bomb = luck.bomb();
        let limit = luck.moment() + ms(1);
        let perhaps = if luck.below(2) == 0 { Some(limit) } else { None };
        match luck.below(13) {
            0 => yield_now().await,
            1 => sleep(luck.moment()).await,
            2 => {
                let permit = timeout(perhaps, self.permits.acquire_many(1 + luck.below(2) as usize)).await;
                self.linger().await;
                drop(permit);
            }
            3 => {
                let guard = timeout(perhaps, self.lock.lock()).await;
                self.linger().await;
                drop(guard);
            }
            4 => {
                let guard = timeout(perhaps, self.shelf.read()).await;
                self.linger().await;
                drop(guard);
            }
            5 => {
                let guard = timeout(perhaps, self.shelf.write()).await;
                self.linger().await;
                drop(guard);
            }
            6 => {
                if let Ok(lease) = self.pool.lease().await {
                    self.linger().await;
                    match luck.below(3) {
                        0 => lease.discard(),
                        _ => drop(lease),
                    }
                }
            }
            7 => drop(timeout(limit, self.sender.send(luck.bomb())).await),
            8 => drop(timeout(limit, self.receiver.recv()).await),
            9 => {
                let theirs = Arc::clone(luck);
                let job = unblock(move || {
                    theirs.panic();
                    theirs.bomb()
                });
                drop(if luck.below(2) == 0 { Some(job.await) } else { timeout(ms(0), job).await.ok() });
            }
            10 => {
                let (sender, receiver) = oneshot();
                let mut receiver = pin!(receiver);
                let waker = luck.waker();
                poll_once(receiver.as_mut(), &waker);
                self.linger().await;
                drop(sender.send(luck.bomb()));
            }
            11 => {
                let all = (0..luck.below(4)).map(|_| async {
                    luck.panic();
                    yield_now().await;
                    luck.bomb()
                });
                drop(join_all(all).await);
            }
            _ => self.wait_with_bad_wakers().await,
        }
        luck.panic();
    }

    /// What one does with what one holds.
    async fn linger(&self) {
        self.luck.panic();
        sleep(self.luck.moment()).await;
        self.luck.panic();
    }

    /// Waits in every line there is, with wakers that panic, and leaves them all before the turn comes or after.
    async fn wait_with_bad_wakers(&self) {
        let waker = self.luck.waker();
        let mut permit = pin!(self.permits.acquire_many(2));
        let mut guard = pin!(self.lock.lock());
        let mut reads = pin!(self.shelf.read());
        let mut event = pin!(self.event.wait());
        let mut asleep = pin!(sleep(ms(2)));
        let mut item = pin!(self.receiver.recv());
        poll_once(permit.as_mut(), &waker);
        poll_once(guard.as_mut(), &waker);
        poll_once(reads.as_mut(), &waker);
        poll_once(event.as_mut(), &waker);
        poll_once(asleep.as_mut(), &waker);
        poll_once(item.as_mut(), &waker);
        self.linger().await;
        if self.luck.below(4) == 0 {
            self.event.set();
        }
    }

    /// Everything is back, and can be had.
    fn nothing_is_lost(self: Arc<Self>) {
        let luck = Arc::clone(&self.luck);
        luck.one_in.store(0, SeqCst);
        assert_eq!(self.permits.free(), PERMITS, "permits");
        assert!(self.lock.try_lock().is_some(), "the lock");
        assert!(self.shelf.try_write().is_some(), "the shelf");
        assert_eq!(self.pool.lent(), 0, "leases");
        assert!(self.pool.idle() <= LINKS, "more links than there may be");
        // Whoever comes next is served.
        let next = Arc::clone(&self);
        block_on(async move {
            drop(next.permits.acquire_many(PERMITS).await);
            drop((next.lock.lock().await, next.shelf.write().await));
            while !next.receiver.is_empty() {
                drop(next.receiver.recv().await);
            }
            next.sender.send(next.luck.bomb()).await.ok().unwrap();
            drop(next.receiver.recv().await.unwrap());
        });
        let world = Arc::into_inner(self).expect("somebody still has the world");
        drop(world);
        let since = Instant::now();
        while luck.alive.load(SeqCst) != 0 {
            // A producer's thread ends by itself, and nobody waits for it.
            assert!(
                since.elapsed() < ms(20_000),
                "{} alive, after all that could hold it",
                luck.alive.load(SeqCst)
            );
            thread::yield_now();
        }
        assert_eq!(luck.inside.load(SeqCst), 0, "contexts that were entered and not left");
        assert_eq!(*luck.mistakes.lock().unwrap(), Vec::<String>::new());
    }
}

fn poll_once<F: Future>(future: Pin<&mut F>, waker: &Waker) {
    drop(future.poll(&mut Context::from_waker(waker)));
}

/// Awaits a task, or lets go of it in one way or another.
async fn treat<S: Schedule>(luck: &Luck, handle: JoinHandle<Bomb, S>) {
    match luck.below(6) {
        0 => drop(handle),
        1 => {
            handle.abort();
        }
        2 => {
            handle.abort();
            drop(handle.await.inspect_err(|error| luck.expect_ours(error)));
        }
        3 => drop(timeout(luck.moment(), handle).await),
        _ => drop(handle.await.inspect_err(|error| luck.expect_ours(error))),
    }
}

// On the event loop.

type OnLoop = Pin<Box<dyn Future<Output = Bomb>>>;

/// Does several things, some of which are tasks that do the same, and returns a bomb.
///
/// That is made when all the others are gone: Rust forgets what a function is about to return, if a destructor panics after it
/// was made (rust-lang/rust#47949).
fn act(world: Arc<World>, depth: u64) -> OnLoop {
    Box::pin(async move {
        act_several_times(&world, depth).await;
        world.luck.bomb()
    })
}

fn act_several_times(world: &Arc<World>, depth: u64) -> Pin<Box<dyn Future<Output = ()>>> {
    let world = Arc::clone(world);
    Box::pin(async move {
        let luck = Arc::clone(&world.luck);
        let _bomb = luck.bomb();
        for _ in 0..luck.below(5) {
            match luck.below(14) {
                _ if depth == 0 => world.do_something().await,
                0 => treat(&luck, spawn(act(Arc::clone(&world), depth - 1))).await,
                1 => {
                    let fused = Fused(Box::pin(act(Arc::clone(&world), depth - 1)), luck.bomb());
                    treat(&luck, spawn(fused)).await;
                }
                2 => several(&world, depth - 1).await,
                3 => inside_a_door(&world, depth - 1).await,
                4 => inside_a_group(&world, depth - 1).await,
                5 => inside_a_stack(&world, depth - 1).await,
                6 => items(&luck).await,
                7 => {
                    let (world, bomb) = (Arc::clone(&world), luck.bomb());
                    let clean_up = async move {
                        world.do_something().await;
                        bomb
                    };
                    match spawn_clean_up(clean_up) {
                        Ok(handle) => treat(&luck, handle).await,
                        Err(_future) => unreachable!("a loop runs"),
                    }
                }
                _ => world.do_something().await,
            }
        }
    })
}

async fn several(world: &Arc<World>, depth: u64) {
    let luck = &world.luck;
    let mut handles: Vec<_> = (0..luck.below(4)).map(|_| spawn(act(Arc::clone(world), depth))).collect();
    match luck.below(3) {
        0 => drop(gather(handles).await.inspect_err(|error| luck.expect_ours(error))),
        1 => drop(timeout(luck.moment(), gather_settled(handles)).await),
        _ => drop(select(&mut handles).await),
    }
}

/// A context that panics in every place where it can.
struct Door(Arc<Luck>);

impl<T: 'static, E: Debug + From<&'static str> + 'static> AsyncContext<T, E> for Door {
    type Value = Bomb;

    async fn enter(self) -> Result<Bomb, E> {
        let bomb = self.0.bomb();
        sleep(self.0.moment()).await;
        self.0.panic();
        if self.0.below(6) == 0 {
            return Err("shut".into());
        }
        self.0.inside.fetch_add(1, SeqCst);
        Ok(bomb)
    }

    async fn exit(bomb: Bomb, outcome: Outcome<T, E>) -> Outcome<T, E> {
        bomb.0.inside.fetch_sub(1, SeqCst);
        bomb.0.panic();
        sleep(bomb.0.moment()).await;
        bomb.0.panic();
        drop(bomb); // And not when the outcome is on its way to the caller: see `act`.
        outcome
    }

    fn interrupt(bomb: &Bomb) -> impl Future<Output = Outcome<T, E>> + use<T, E> {
        let luck = Arc::clone(&bomb.0);
        async move {
            sleep(ms(8)).await;
            luck.panic();
            std::future::pending().await
        }
    }
}

/// Within a time limit, or a token, or neither.
async fn inside_a_door(world: &Arc<World>, depth: u64) {
    let (luck, theirs) = (&world.luck, Arc::clone(world));
    let block = with(Door(Arc::clone(luck)), async move |_bomb| -> Result<Bomb, Why> {
        Ok(act(theirs, depth).await)
    });
    match luck.below(4) {
        0 => drop(timeout(luck.moment(), block).await),
        1 => drop(with(time_limit(luck.moment()), async move |_deadline| block.await).await),
        2 => {
            let token = CancelToken::new();
            let theirs = token.clone();
            let canceller = spawn(async move {
                sleep(ms(3)).await;
                theirs.cancel();
            });
            drop(token.run(block).await);
            drop(canceller);
        }
        _ => drop(block.await),
    }
}

#[derive(Debug)]
struct Why;

impl From<&'static str> for Why {
    fn from(_text: &'static str) -> Self {
        Self
    }
}

impl From<step3::Elapsed> for Why {
    fn from(_elapsed: step3::Elapsed) -> Self {
        Self
    }
}

async fn inside_a_group(world: &Arc<World>, depth: u64) {
    let (luck, theirs) = (&world.luck, Arc::clone(world));
    let block = with(TaskGroup::new(), async move |group| -> Result<Bomb, ErrorGroup<Why>> {
        let luck = &theirs.luck;
        for _ in 0..luck.below(4) {
            let world = Arc::clone(&theirs);
            let task = async move {
                let bomb = act(Arc::clone(&world), depth).await;
                if world.luck.below(4) == 0 { Err(Why) } else { Ok(bomb) }
            };
            let handle = group.spawn(Fused(Box::pin(task), luck.bomb()));
            if luck.below(2) == 0 {
                drop(handle.await);
            }
        }
        luck.panic();
        Ok(act(Arc::clone(&theirs), 0).await)
    });
    drop(if luck.below(3) == 0 { timeout(luck.moment(), block).await.ok() } else { Some(block.await) });
}

async fn inside_a_stack(world: &Arc<World>, depth: u64) {
    let (luck, theirs) = (&world.luck, Arc::clone(world));
    let block = with(AsyncExitStack::new(), async move |stack| -> Result<Bomb, Why> {
        let luck = &theirs.luck;
        for _ in 0..luck.below(4) {
            let bomb = luck.bomb();
            match luck.below(3) {
                0 => drop(stack.enter(Door(Arc::clone(luck))).await?),
                1 => stack.push_sync(move || bomb.0.panic()),
                _ => stack.push(async move {
                    sleep(bomb.0.moment()).await;
                    bomb.0.panic();
                }),
            }
        }
        Ok(act(Arc::clone(&theirs), depth).await)
    });
    drop(if luck.below(3) == 0 { timeout(luck.moment(), block).await.ok() } else { Some(block.await) });
}

/// Takes some items, or all, of a generator with clean-ups, or of a thread.
async fn items(luck: &Arc<Luck>) {
    let (theirs, count) = (Arc::clone(luck), luck.below(4));
    let mut items = if luck.below(3) > 0 {
        generator(move |y| async move {
            for _ in 0..count {
                let bomb = theirs.bomb();
                y.finally(async move {
                    sleep(bomb.0.moment()).await;
                    bomb.0.panic();
                });
                y.emit(theirs.bomb()).await;
                theirs.panic();
            }
        })
    } else {
        from_thread(move |producer| {
            for _ in 0..count {
                theirs.panic();
                if producer.emit(theirs.bomb()).is_break() {
                    return;
                }
            }
        })
    };
    for _ in 0..luck.below(5) {
        drop(items.next().await);
    }
    match luck.below(3) {
        0 => items.close().await,
        _ => drop(items),
    }
}

/// A park that tells, when it goes, how many timers and sockets it still had.
struct Watched {
    park: TimerDriver<IoDriver>,
    left: Rc<Cell<Option<(usize, usize)>>>,
}

impl Park for Watched {
    fn waker(&self) -> Waker {
        self.park.waker()
    }

    fn park(&mut self, limit: Option<Duration>) -> io::Result<bool> {
        self.park.park(limit)
    }

    fn enter(&self) -> Entered {
        self.park.enter()
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        self.left.set(Some((self.park.timers(), self.park.inner().sockets())));
    }
}

/// Fails the test if a panic is printed: ours are silent.
fn forbid_other_panics(luck: &Arc<Luck>) {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if let Some(luck) = CASE.lock().unwrap().as_ref() {
                luck.mistakes.lock().unwrap().push(info.to_string());
            }
            before(info);
        }));
    });
    *CASE.lock().unwrap() = Some(Arc::clone(luck));
}

/// The case that runs: one at a time.
static CASE: Lock<Option<Arc<Luck>>> = Lock::new(None);

/// No other test runs meanwhile, so that a panic is known to be its own.
fn one_at_a_time() -> MutexGuard<'static, ()> {
    static ONE_AT_A_TIME: Lock<()> = Lock::new(());
    ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Runs `cases` in a process of its own, and looks that it has as many threads and descriptors afterwards as before.
fn nothing_stays(test: &str, cases: impl FnOnce()) {
    alone(test, || {
        let before = Census::take();
        cases();
        before.settles("all cases");
    });
}

#[test]
fn whatever_panics_on_the_event_loop_nothing_is_lost() {
    nothing_stays("whatever_panics_on_the_event_loop_nothing_is_lost", || {
        each_case(1500, |rng| {
            let world = World::new(rng);
            let luck = Arc::clone(&world.luck);
            forbid_other_panics(&luck);
            let theirs = Arc::clone(&world);
            let left = Rc::new(Cell::new(None));
            let park = TimerDriver::new(IoDriver::new().unwrap(), Clock::from(&ManualClock::new()));
            let event_loop = EventLoop::on(Watched { park, left: Rc::clone(&left) });
            let outcome = catch_unwind(AssertUnwindSafe(|| {
                event_loop.run(async move {
                    let luck = Arc::clone(&theirs.luck);
                    let tasks: Vec<_> = (0..8).map(|_| spawn(act(Arc::clone(&theirs), 3))).collect();
                    for task in tasks {
                        treat(&luck, task).await;
                    }
                    luck.bomb()
                })
            }));
            if let Err(payload) = &outcome {
                assert!(payload.is::<Boom>(), "the loop itself has panicked");
            }
            luck.one_in.store(0, SeqCst);
            drop(outcome);
            assert_eq!(left.get(), Some((0, 0)), "timers and sockets");
            world.nothing_is_lost();
        });
    });
}

// On the pool.

fn act_on_pool(world: Arc<World>, depth: u64) -> Pin<Box<dyn Future<Output = Bomb> + Send>> {
    Box::pin(async move {
        act_on_pool_several_times(&world, depth).await;
        world.luck.bomb()
    })
}

fn act_on_pool_several_times(world: &Arc<World>, depth: u64) -> Pin<Box<dyn Future<Output = ()> + Send>> {
    let world = Arc::clone(world);
    Box::pin(async move {
        let luck = Arc::clone(&world.luck);
        let _bomb = luck.bomb();
        for _ in 0..luck.below(5) {
            match luck.below(6) {
                0 if depth > 0 => {
                    treat(&luck, spawn_on_pool(act_on_pool(Arc::clone(&world), depth - 1))).await;
                }
                1 if depth > 0 => {
                    let fused = Fused(Box::pin(act_on_pool(Arc::clone(&world), depth - 1)), luck.bomb());
                    treat(&luck, spawn_on_pool(fused)).await;
                }
                2 if depth > 0 => {
                    let tasks = (0..luck.below(4))
                        .map(|_| spawn_on_pool(act_on_pool(Arc::clone(&world), depth - 1)))
                        .collect::<Vec<_>>();
                    drop(gather(tasks).await.inspect_err(|error| luck.expect_ours(error)));
                }
                _ => world.do_something().await,
            }
        }
    })
}

#[test]
fn whatever_panics_on_the_pool_nothing_is_lost() {
    nothing_stays("whatever_panics_on_the_pool_nothing_is_lost", || {
        each_case(150, |rng| {
            let world = World::new(rng);
            let luck = Arc::clone(&world.luck);
            forbid_other_panics(&luck);
            let pool = ThreadPool::new(3).unwrap();
            let tasks: Vec<_> = (0..12).map(|_| pool.spawn(act_on_pool(Arc::clone(&world), 3))).collect();
            for task in tasks {
                match luck.below(4) {
                    0 => drop(catch_unwind(AssertUnwindSafe(|| drop(task)))),
                    1 => {
                        task.abort();
                    }
                    _ => {
                        let outcome = block_on(task).inspect_err(|error| luck.expect_ours(error));
                        drop(catch_unwind(AssertUnwindSafe(|| drop(outcome))));
                    }
                }
            }
            // All workers are there, and go on: more tasks at once than any one of them could run.
            let together = Arc::new(std::sync::Barrier::new(3));
            let workers: Vec<_> = (0..3)
                .map(|_| {
                    let together = Arc::clone(&together);
                    pool.spawn(async move { together.wait().is_leader() })
                })
                .collect();
            let leaders = block_on(gather(workers)).unwrap().into_iter().filter(|leads| *leads).count();
            assert_eq!(leaders, 1);
            pool.shutdown();
            world.nothing_is_lost();
        });
    });
}

// Two at once.

/// Panics as it is polled, and as it is dropped.
struct Twice;

impl Future for Twice {
    type Output = ();

    fn poll(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<()> {
        resume_unwind(Box::new(Boom))
    }
}

impl Drop for Twice {
    fn drop(&mut self) {
        if !thread::panicking() {
            resume_unwind(Box::new(Boom));
        }
    }
}

#[test]
fn a_task_that_panics_and_then_panics_in_its_destructor_has_panicked_once() {
    let _turn = one_at_a_time();
    let is_ours = |error: JoinError| matches!(error, JoinError::Panicked(payload) if payload.is::<Boom>());
    assert!(is_ours(step4::run(async { spawn(Twice).await.unwrap_err() })));
    let pool = ThreadPool::new(1).unwrap();
    assert!(is_ours(block_on(pool.spawn(Twice)).unwrap_err()));
    assert_eq!(block_on(pool.spawn(async { 7 })).unwrap(), 7);
}

/// Nobody can go on from there: that is Rust's own rule.
#[cfg(unix)]
#[test]
fn a_destructor_that_panics_while_a_panic_unwinds_ends_the_process() {
    use std::os::unix::process::ExitStatusExt;

    struct Bad;

    impl Drop for Bad {
        fn drop(&mut self) {
            panic!("in a destructor");
        }
    }

    const HERE: &str = "FAULTS_TWO_AT_ONCE";
    if std::env::var_os(HERE).is_some() {
        return step4::run(async {
            let _bad = Bad;
            panic!("and while that unwinds");
        });
    }
    let (_turn, test) = (one_at_a_time(), this_test());
    let output = another_process(&test).env(HERE, "").output().unwrap();
    assert_eq!(output.status.signal(), Some(6), "{}", String::from_utf8_lossy(&output.stderr));
}
