//! The executors of the crate futures: `LocalPool` for one thread, `ThreadPool` with two, and its channel.
//!
//! It has no `yield_now` of its own: ours stands in, which is the same few lines as anyone's.

use std::cell::RefCell;
use std::future::Future;
use std::sync::OnceLock;

use futures::SinkExt;
use futures::StreamExt;
use futures::channel::mpsc;
use futures::executor::{LocalPool, LocalSpawner, ThreadPool, block_on};
use futures::task::{LocalSpawnExt, SpawnExt};

use super::{Contestant, Part};
use crate::rows::RowId;
use crate::work::{BlockOn, Joins, SharedChannel, Tasks, Workers, blocking, memory, one_thread, two_workers};

pub(crate) const FUTURES: Contestant = Contestant {
    name: "futures",
    what: "the crate futures: LocalPool, ThreadPool, its channel and block_on",
    part,
};

fn part(row: RowId) -> Part {
    Part::In(match row {
        RowId::SpawnOne => one_thread::spawn_and_join::<Local>,
        RowId::SpawnTwo => two_workers::spawn_and_join::<Pool>,
        RowId::YieldOneTask => one_thread::yield_alone::<Local>,
        RowId::YieldOne => one_thread::yield_among_many::<Local>,
        RowId::SignalOne => one_thread::signal::<Local>,
        RowId::SignalTwo => two_workers::signal::<Pool>,
        RowId::ChannelOne => one_thread::channel::<Local, Channel>,
        RowId::ChannelTwo => two_workers::channel::<Pool, Channel>,
        RowId::Threads => blocking::between_threads::<Blocking>,
        RowId::TaskBytes => memory::tasks::<Local>,
        RowId::ForkOne => one_thread::fork_and_join::<Local>,
        RowId::ForkTwo => two_workers::fork_and_join::<Pool>,
        RowId::BlockOn => blocking::of_ready::<Blocking>,
        RowId::TimerSet | RowId::TimerReset | RowId::Sleeps | RowId::TimerBytes => {
            return Part::Out("it has no timers");
        }
        RowId::YieldTwo => {
            return Part::Out(
                "its pool polls a task that wakes itself again at once: nobody else has a turn",
            );
        }
        RowId::EchoOne | RowId::EchoTwo => return Part::Out("it has no sockets"),
    })
}

struct Local;

thread_local! {
    static SPAWNER: RefCell<Option<LocalSpawner>> = const { RefCell::new(None) };
}

fn with_spawner<T>(spawn: impl FnOnce(&LocalSpawner) -> T) -> T {
    SPAWNER.with_borrow(|spawner| spawn(spawner.as_ref().expect("the pool runs")))
}

impl Tasks for Local {
    fn run<T: 'static>(main: impl Future<Output = T> + 'static) -> T {
        let mut pool = LocalPool::new();
        SPAWNER.set(Some(pool.spawner()));
        pool.run_until(main)
    }

    fn start(task: impl Future<Output = ()> + 'static) {
        with_spawner(|spawner| spawner.spawn_local(task)).expect("the pool runs");
    }

    fn yield_now() -> impl Future<Output = ()> {
        step2::yield_now()
    }
}

impl Joins for Local {
    fn spawn<T: 'static>(task: impl Future<Output = T> + 'static) -> impl Future<Output = T> + 'static {
        with_spawner(|spawner| spawner.spawn_local_with_handle(task)).expect("the pool runs")
    }
}

struct Pool;

fn pool() -> &'static ThreadPool {
    static POOL: OnceLock<ThreadPool> = OnceLock::new();
    POOL.get_or_init(|| ThreadPool::builder().pool_size(2).create().expect("the system has threads for us"))
}

impl Workers for Pool {
    fn run<T: Send + 'static>(main: impl Future<Output = T> + Send + 'static) -> T {
        block_on(Self::spawn(main))
    }

    fn start(task: impl Future<Output = ()> + Send + 'static) {
        pool().spawn_ok(task);
    }

    fn spawn<T: Send + 'static>(
        task: impl Future<Output = T> + Send + 'static,
    ) -> impl Future<Output = T> + Send + 'static {
        pool().spawn_with_handle(task).expect("the pool runs")
    }

    fn yield_now() -> impl Future<Output = ()> + Send {
        step2::yield_now()
    }
}

/// Room for one: a place for each sender, and none besides.
struct Channel;

impl SharedChannel for Channel {
    type Sender = mpsc::Sender<u64>;
    type Receiver = mpsc::Receiver<u64>;

    fn channel() -> (Self::Sender, Self::Receiver) {
        mpsc::channel(0)
    }

    async fn send(sender: &mut Self::Sender, number: u64) {
        // Not `send`, which waits besides until the number has been taken out.
        sender.feed(number).await.expect("the receiver is there");
    }

    async fn recv(receiver: &mut Self::Receiver) -> u64 {
        receiver.next().await.expect("the sender is there")
    }
}

struct Blocking;

impl BlockOn for Blocking {
    fn new() -> Self {
        Self
    }

    fn block_on<F: Future>(&mut self, future: F) -> F::Output {
        block_on(future)
    }
}
