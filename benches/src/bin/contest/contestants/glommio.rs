//! glommio: one thread on io_uring.
//!
//! A task of it counts its wakers in 16 bits: sizes above 32,000 in the rows of timers, where one task waits for all of
//! them, end it with a failed assertion.

use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::mpsc::Sender;
use std::time::Duration;

use futures_lite::{AsyncReadExt, AsyncWriteExt};
use glommio::channels::local_channel::{LocalReceiver, LocalSender, new_bounded};
use glommio::net::{TcpListener, TcpStream};
use glommio::timer::Timer;
use glommio::{LocalExecutorBuilder, executor, spawn_local};

use super::{Contestant, NO_LOOP, ONE_THREAD, Part};
use crate::rows::RowId;
use crate::work::echo::{self, MESSAGE};
use crate::work::{Joins, Resets, Tasks, Timers, memory, one_thread, timers};

pub(crate) const GLOMMIO: Contestant = Contestant { name: "glommio", what: "glommio on io_uring", part };

fn part(row: RowId) -> Part {
    Part::In(match row {
        RowId::SpawnOne => one_thread::spawn_and_join::<Local>,
        RowId::YieldOneTask => one_thread::yield_alone::<Local>,
        RowId::YieldOne => one_thread::yield_among_many::<Local>,
        RowId::SignalOne => one_thread::signal::<Local>,
        RowId::ChannelOne => one_thread::channel::<Local, Channel>,
        RowId::TimerSet => timers::set_and_drop::<Local>,
        RowId::TimerReset => timers::reset::<Local>,
        RowId::Sleeps => timers::sleeps::<Local>,
        RowId::TaskBytes => memory::tasks::<Local>,
        RowId::EchoOne => |plan| echo::one_thread(plan, serve_on_one_thread),
        RowId::ForkOne => one_thread::fork_and_join::<Local>,
        RowId::TimerBytes => {
            return Part::Out(
                "a task of it counts 32,767 wakers at most, and here one task waits for all timers",
            );
        }
        RowId::Threads | RowId::BlockOn => return Part::Out(NO_LOOP),
        RowId::SpawnTwo
        | RowId::YieldTwo
        | RowId::SignalTwo
        | RowId::ChannelTwo
        | RowId::EchoTwo
        | RowId::ForkTwo => return Part::Out(ONE_THREAD),
    })
}

struct Local;

impl Tasks for Local {
    fn run<T: 'static>(main: impl Future<Output = T> + 'static) -> T {
        LocalExecutorBuilder::default().make().expect("the system has io_uring").run(main)
    }

    fn start(task: impl Future<Output = ()> + 'static) {
        spawn_local(task).detach();
    }

    async fn yield_now() {
        executor().yield_now().await;
    }
}

impl Joins for Local {
    fn spawn<T: 'static>(task: impl Future<Output = T> + 'static) -> impl Future<Output = T> + 'static {
        spawn_local(task)
    }
}

impl Timers for Local {
    fn sleep(time: Duration) -> impl Future + 'static {
        Timer::new(time)
    }
}

impl Resets for Local {
    type Sleep = Timer;

    fn resettable(time: Duration) -> Timer {
        Timer::new(time)
    }

    fn reset(timer: Pin<&mut Timer>, time: Duration) {
        timer.get_mut().reset(time);
    }
}

struct Channel;

impl crate::work::Channel for Channel {
    type Sender = LocalSender<u64>;
    type Receiver = LocalReceiver<u64>;

    fn channel() -> (Self::Sender, Self::Receiver) {
        new_bounded(1)
    }

    async fn send(sender: &mut Self::Sender, number: u64) {
        sender.send(number).await.expect("the receiver is there");
    }

    async fn recv(receiver: &mut Self::Receiver) -> u64 {
        receiver.recv().await.expect("the sender is there")
    }
}

fn serve_on_one_thread(address: Sender<SocketAddr>) {
    Local::run(async move {
        let listener = TcpListener::bind("127.0.0.1:0").expect("there is a free port");
        address
            .send(listener.local_addr().expect("a listener has an address"))
            .expect("the client waits for it");
        loop {
            let stream = listener.accept().await.expect("descriptors are left");
            stream.set_nodelay(true).expect("a TCP socket can");
            Local::start(serve(stream));
        }
    });
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
