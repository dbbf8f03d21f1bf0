//! smol, in its parts: async-executor, async-io, async-net, async-channel.
//!
//! The executors are the static ones, which keep no list of their tasks: the fastest that async-executor has.

use std::cell::Cell;
use std::future::{Future, pending};
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Once;
use std::sync::mpsc::Sender;
use std::thread;
use std::time::Duration;

use async_channel::bounded;
use async_executor::{LocalExecutor, StaticExecutor, StaticLocalExecutor};
use async_io::{Timer, block_on};
use async_net::{TcpListener, TcpStream};
use futures_lite::future::yield_now;
use futures_lite::{AsyncReadExt, AsyncWriteExt};

use super::{Contestant, Part};
use crate::rows::RowId;
use crate::work::echo::{self, MESSAGE};
use crate::work::{
    BlockOn, Joins, Resets, SharedChannel, Tasks, Timers, Workers, blocking, memory, one_thread, timers,
    two_workers,
};

pub(crate) const SMOL: Contestant = Contestant {
    name: "smol",
    what: "smol's parts: async-executor, async-io, async-net, async-channel",
    part,
};

fn part(row: RowId) -> Part {
    Part::In(match row {
        RowId::SpawnOne => one_thread::spawn_and_join::<Local>,
        RowId::SpawnTwo => two_workers::spawn_and_join::<Pool>,
        RowId::YieldOneTask => one_thread::yield_alone::<Local>,
        RowId::YieldOne => one_thread::yield_among_many::<Local>,
        RowId::YieldTwo => two_workers::yield_among_many::<Pool>,
        RowId::SignalOne => one_thread::signal::<Local>,
        RowId::SignalTwo => two_workers::signal::<Pool>,
        RowId::ChannelOne => one_thread::channel::<Local, Channel>,
        RowId::ChannelTwo => two_workers::channel::<Pool, Channel>,
        RowId::Threads => blocking::between_threads::<AsyncIo>,
        RowId::TimerSet => timers::set_and_drop::<Local>,
        RowId::TimerReset => timers::reset::<Local>,
        RowId::Sleeps => timers::sleeps::<Local>,
        RowId::TimerBytes => memory::timers::<Local>,
        RowId::TaskBytes => memory::tasks::<Local>,
        RowId::EchoOne => |plan| echo::one_thread(plan, serve_on_one_thread),
        RowId::EchoTwo => |plan| echo::two_workers(plan, serve_on_two_workers),
        RowId::ForkOne => one_thread::fork_and_join::<Local>,
        RowId::ForkTwo => two_workers::fork_and_join::<Pool>,
        RowId::BlockOn => blocking::of_ready::<AsyncIo>,
    })
}

struct Local;

thread_local! {
    static LOCAL: Cell<Option<&'static StaticLocalExecutor>> = const { Cell::new(None) };
}

fn local() -> &'static StaticLocalExecutor {
    LOCAL.get().expect("the executor runs")
}

impl Tasks for Local {
    fn run<T: 'static>(main: impl Future<Output = T> + 'static) -> T {
        let executor = LocalExecutor::new().leak();
        LOCAL.set(Some(executor));
        block_on(executor.run(main))
    }

    fn start(task: impl Future<Output = ()> + 'static) {
        local().spawn(task).detach();
    }

    fn yield_now() -> impl Future<Output = ()> {
        yield_now()
    }
}

impl Joins for Local {
    fn spawn<T: 'static>(task: impl Future<Output = T> + 'static) -> impl Future<Output = T> + 'static {
        local().spawn(task)
    }
}

impl Timers for Local {
    fn sleep(time: Duration) -> impl Future + 'static {
        Timer::after(time)
    }
}

impl Resets for Local {
    type Sleep = Timer;

    fn resettable(time: Duration) -> Timer {
        Timer::after(time)
    }

    fn reset(timer: Pin<&mut Timer>, time: Duration) {
        timer.get_mut().set_after(time);
    }
}

struct Pool;

static POOL: StaticExecutor = StaticExecutor::new();

impl Workers for Pool {
    fn run<T: Send + 'static>(main: impl Future<Output = T> + Send + 'static) -> T {
        static START: Once = Once::new();
        START.call_once(|| {
            for _ in 0..2 {
                thread::spawn(|| block_on(POOL.run(pending::<()>())));
            }
        });
        futures_lite::future::block_on(POOL.spawn(main))
    }

    fn start(task: impl Future<Output = ()> + Send + 'static) {
        POOL.spawn(task).detach();
    }

    fn spawn<T: Send + 'static>(
        task: impl Future<Output = T> + Send + 'static,
    ) -> impl Future<Output = T> + Send + 'static {
        POOL.spawn(task)
    }

    fn yield_now() -> impl Future<Output = ()> + Send {
        yield_now()
    }
}

struct Channel;

impl SharedChannel for Channel {
    type Sender = async_channel::Sender<u64>;
    type Receiver = async_channel::Receiver<u64>;

    fn channel() -> (Self::Sender, Self::Receiver) {
        bounded(1)
    }

    async fn send(sender: &mut Self::Sender, number: u64) {
        sender.send(number).await.expect("the receiver is there");
    }

    async fn recv(receiver: &mut Self::Receiver) -> u64 {
        receiver.recv().await.expect("the sender is there")
    }
}

/// What smol calls `block_on`: it also drives timers and sockets while it waits.
struct AsyncIo;

impl BlockOn for AsyncIo {
    fn new() -> Self {
        Self
    }

    fn block_on<F: Future>(&mut self, future: F) -> F::Output {
        block_on(future)
    }
}

fn serve_on_one_thread(address: Sender<SocketAddr>) {
    Local::run(accept(address, |stream| Local::start(serve(stream))));
}

fn serve_on_two_workers(address: Sender<SocketAddr>) {
    Pool::run(accept(address, |stream| Pool::start(serve(stream))));
}

async fn accept(address: Sender<SocketAddr>, start: impl Fn(TcpStream)) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("there is a free port");
    address.send(listener.local_addr().expect("a listener has an address")).expect("the client waits for it");
    loop {
        let (stream, _) = listener.accept().await.expect("descriptors are left");
        stream.set_nodelay(true).expect("a TCP socket can");
        start(stream);
    }
}

async fn serve(mut stream: TcpStream) {
    let mut message = [0; MESSAGE];
    loop {
        match stream.read(&mut message).await.expect("the client is there") {
            0 => return,
            n => stream.write_all(&message[..n]).await.expect("the client is there"),
        }
    }
}
