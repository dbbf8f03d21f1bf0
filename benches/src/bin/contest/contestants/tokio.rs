//! tokio: a current-thread runtime with `spawn_local` for one thread, the multi-thread one with two workers.
//!
//! The main future is unconstrained: its budget would end a poll of many timers after 128 of them, so that the rest would
//! not be polled. Tasks keep theirs.

use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::mpsc::Sender;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::{Builder, LocalOptions, Runtime};
use tokio::sync::mpsc;
use tokio::task::{spawn_local, unconstrained};
use tokio::time::{Instant, Sleep, sleep};

use super::{Contestant, Part};
use crate::rows::RowId;
use crate::work::echo::{self, MESSAGE};
use crate::work::{
    BlockOn, Joins, Resets, SharedChannel, Tasks, Timers, Unwrapped, Workers, blocking, memory, one_thread,
    timers, two_workers,
};

pub(crate) const TOKIO: Contestant = Contestant {
    name: "tokio",
    what: "tokio: LocalRuntime with spawn_local; the multi-thread runtime",
    part,
};

fn part(row: RowId) -> Part {
    Part::In(match row {
        RowId::SpawnOne => one_thread::spawn_and_join::<Local>,
        RowId::SpawnTwo => two_workers::spawn_and_join::<Multi>,
        RowId::YieldOneTask => one_thread::yield_alone::<Local>,
        RowId::YieldOne => one_thread::yield_among_many::<Local>,
        RowId::YieldTwo => two_workers::yield_among_many::<Multi>,
        RowId::SignalOne => one_thread::signal::<Local>,
        RowId::SignalTwo => two_workers::signal::<Multi>,
        RowId::ChannelOne => one_thread::channel::<Local, Mpsc>,
        RowId::ChannelTwo => two_workers::channel::<Multi, Mpsc>,
        RowId::Threads => blocking::between_threads::<CurrentThread>,
        RowId::TimerSet => timers::set_and_drop::<Local>,
        RowId::TimerReset => timers::reset::<Local>,
        RowId::Sleeps => timers::sleeps::<Local>,
        RowId::TimerBytes => memory::timers::<Local>,
        RowId::TaskBytes => memory::tasks::<Local>,
        RowId::EchoOne => |plan| echo::one_thread(plan, serve_on_one_thread),
        RowId::EchoTwo => |plan| echo::two_workers(plan, serve_on_two_workers),
        RowId::ForkOne => one_thread::fork_and_join::<Local>,
        RowId::ForkTwo => two_workers::fork_and_join::<Multi>,
        RowId::BlockOn => blocking::of_ready::<CurrentThread>,
    })
}

pub(super) struct Local;

impl Tasks for Local {
    fn run<T: 'static>(main: impl Future<Output = T> + 'static) -> T {
        let runtime = Builder::new_current_thread().enable_all().build_local(LocalOptions::default());
        runtime.expect("the system has a selector for us").block_on(unconstrained(main))
    }

    fn start(task: impl Future<Output = ()> + 'static) {
        drop(spawn_local(task));
    }

    fn yield_now() -> impl Future<Output = ()> {
        tokio::task::yield_now()
    }
}

impl Joins for Local {
    fn spawn<T: 'static>(task: impl Future<Output = T> + 'static) -> impl Future<Output = T> + 'static {
        Unwrapped(spawn_local(task))
    }
}

impl Timers for Local {
    fn sleep(time: Duration) -> impl Future + 'static {
        sleep(time)
    }
}

impl Resets for Local {
    type Sleep = Sleep;

    fn resettable(time: Duration) -> Sleep {
        sleep(time)
    }

    fn reset(sleep: Pin<&mut Sleep>, time: Duration) {
        sleep.reset(Instant::now() + time);
    }
}

struct Multi;

impl Workers for Multi {
    fn run<T: Send + 'static>(main: impl Future<Output = T> + Send + 'static) -> T {
        let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build();
        let runtime = runtime.expect("the system has threads and a selector for us");
        let main = runtime.spawn(main);
        runtime.block_on(Unwrapped(main))
    }

    fn start(task: impl Future<Output = ()> + Send + 'static) {
        drop(tokio::spawn(task));
    }

    fn spawn<T: Send + 'static>(
        task: impl Future<Output = T> + Send + 'static,
    ) -> impl Future<Output = T> + Send + 'static {
        Unwrapped(tokio::spawn(task))
    }

    fn yield_now() -> impl Future<Output = ()> + Send {
        tokio::task::yield_now()
    }
}

struct Mpsc;

impl SharedChannel for Mpsc {
    type Sender = mpsc::Sender<u64>;
    type Receiver = mpsc::Receiver<u64>;

    fn channel() -> (Self::Sender, Self::Receiver) {
        mpsc::channel(1)
    }

    async fn send(sender: &mut Self::Sender, number: u64) {
        sender.send(number).await.expect("the receiver is there");
    }

    async fn recv(receiver: &mut Self::Receiver) -> u64 {
        receiver.recv().await.expect("the sender is there")
    }
}

struct CurrentThread(Runtime);

impl BlockOn for CurrentThread {
    fn new() -> Self {
        Self(Builder::new_current_thread().build().expect("the system has what that needs"))
    }

    fn block_on<F: Future>(&mut self, future: F) -> F::Output {
        self.0.block_on(future)
    }
}

fn serve_on_one_thread(address: Sender<SocketAddr>) {
    Local::run(accept(address, |stream| drop(spawn_local(serve(stream)))));
}

fn serve_on_two_workers(address: Sender<SocketAddr>) {
    Multi::run(accept(address, |stream| drop(tokio::spawn(serve(stream)))));
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
