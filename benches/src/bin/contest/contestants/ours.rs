//! Ours: step 4's event loop and thread pool, step 3's timers, step 5's channel, step 2's `block_on`.

use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::mpsc::Sender;
use std::time::Duration;

use step4::{EventLoop, TcpListener, TcpStream, ThreadPool, spawn, spawn_on_pool};

use super::{Contestant, Part};
use crate::rows::RowId;
use crate::work::echo::{self, MESSAGE};
use crate::work::{
    BlockOn, Joins, Resets, SharedChannel, Tasks, Timers, Unwrapped, Workers, blocking, memory, one_thread,
    timers, two_workers,
};

pub(crate) const OURS: Contestant = Contestant { name: "ours", what: "steps 2 to 5 of this workspace", part };

fn part(row: RowId) -> Part {
    Part::In(match row {
        RowId::SpawnOne => one_thread::spawn_and_join::<Loop>,
        RowId::SpawnTwo => two_workers::spawn_and_join::<Pool>,
        RowId::YieldOneTask => one_thread::yield_alone::<Loop>,
        RowId::YieldOne => one_thread::yield_among_many::<Loop>,
        RowId::YieldTwo => two_workers::yield_among_many::<Pool>,
        RowId::SignalOne => one_thread::signal::<Loop>,
        RowId::SignalTwo => two_workers::signal::<Pool>,
        RowId::ChannelOne => one_thread::channel::<Loop, Channel>,
        RowId::ChannelTwo => two_workers::channel::<Pool, Channel>,
        RowId::Threads => blocking::between_threads::<Step2>,
        RowId::TimerSet => timers::set_and_drop::<Loop>,
        RowId::TimerReset => timers::reset::<Loop>,
        RowId::Sleeps => timers::sleeps::<Loop>,
        RowId::TimerBytes => memory::timers::<Loop>,
        RowId::TaskBytes => memory::tasks::<Loop>,
        RowId::EchoOne => |plan| echo::one_thread(plan, serve_on_loop),
        RowId::EchoTwo => |plan| echo::two_workers(plan, serve_on_pool),
        RowId::ForkOne => one_thread::fork_and_join::<Loop>,
        RowId::ForkTwo => two_workers::fork_and_join::<Pool>,
        RowId::BlockOn => blocking::of_ready::<Step2>,
    })
}

struct Loop;

impl Tasks for Loop {
    fn run<T: 'static>(main: impl Future<Output = T> + 'static) -> T {
        EventLoop::new().expect("the system has a selector for us").run(main)
    }

    fn start(task: impl Future<Output = ()> + 'static) {
        drop(spawn(task));
    }

    fn yield_now() -> impl Future<Output = ()> {
        step2::yield_now()
    }
}

impl Joins for Loop {
    fn spawn<T: 'static>(task: impl Future<Output = T> + 'static) -> impl Future<Output = T> + 'static {
        Unwrapped(spawn(task))
    }
}

impl Timers for Loop {
    fn sleep(time: Duration) -> impl Future + 'static {
        step3::sleep(time)
    }
}

impl Resets for Loop {
    type Sleep = step3::Sleep;

    fn resettable(time: Duration) -> Self::Sleep {
        step3::sleep(time)
    }

    fn reset(sleep: Pin<&mut Self::Sleep>, time: Duration) {
        sleep.get_mut().reset(step3::now() + time);
    }
}

struct Pool;

impl Workers for Pool {
    fn run<T: Send + 'static>(main: impl Future<Output = T> + Send + 'static) -> T {
        let pool = ThreadPool::new(2).expect("the system has threads and selectors for us");
        step2::block_on(Unwrapped(pool.spawn(main)))
    }

    fn start(task: impl Future<Output = ()> + Send + 'static) {
        drop(spawn_on_pool(task));
    }

    fn spawn<T: Send + 'static>(
        task: impl Future<Output = T> + Send + 'static,
    ) -> impl Future<Output = T> + Send + 'static {
        Unwrapped(spawn_on_pool(task))
    }

    fn yield_now() -> impl Future<Output = ()> + Send {
        step2::yield_now()
    }
}

struct Channel;

impl SharedChannel for Channel {
    type Sender = step5::Sender<u64>;
    type Receiver = step5::Receiver<u64>;

    fn channel() -> (Self::Sender, Self::Receiver) {
        step5::channel(1)
    }

    async fn send(sender: &mut Self::Sender, number: u64) {
        sender.send(number).await.expect("the receiver is there");
    }

    async fn recv(receiver: &mut Self::Receiver) -> u64 {
        receiver.recv().await.expect("the sender is there")
    }
}

struct Step2;

impl BlockOn for Step2 {
    fn new() -> Self {
        Self
    }

    fn block_on<F: Future>(&mut self, future: F) -> F::Output {
        step2::block_on(future)
    }
}

fn serve_on_loop(address: Sender<SocketAddr>) {
    Loop::run(accept(address, |stream| drop(spawn(serve(stream)))));
}

fn serve_on_pool(address: Sender<SocketAddr>) {
    Pool::run(accept(address, |stream| drop(spawn_on_pool(serve(stream)))));
}

async fn accept(address: Sender<SocketAddr>, start: impl Fn(TcpStream)) {
    let any = "127.0.0.1:0".parse().expect("an address");
    let listener = TcpListener::bind(any).expect("there is a free port");
    address.send(listener.local_addr().expect("a listener has an address")).expect("the client waits for it");
    loop {
        let (stream, _) = listener.accept().await.expect("descriptors are left");
        stream.set_nodelay(true).expect("a TCP socket can");
        start(stream);
    }
}

async fn serve(stream: TcpStream) {
    let mut message = [0; MESSAGE];
    loop {
        match stream.read(&mut message).await.expect("the client is there") {
            0 => return,
            n => stream.write_all(&message[..n]).await.expect("the client is there"),
        }
    }
}
