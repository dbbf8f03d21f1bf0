//! monoio: one thread on io_uring.
//!
//! It has neither a channel nor a `yield_now` of its own; ours stands in for the latter.

use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::mpsc::Sender;
use std::time::Duration;

use monoio::io::{AsyncReadRent, AsyncWriteRentExt};
use monoio::net::{TcpListener, TcpStream};
use monoio::time::{Instant, Sleep, sleep};
use monoio::{IoUringDriver, RuntimeBuilder, spawn};

use super::{Contestant, NO_LOOP, ONE_THREAD, Part};
use crate::rows::RowId;
use crate::work::echo::{self, MESSAGE};
use crate::work::{Joins, Resets, Tasks, Timers, memory, one_thread, timers};

pub(crate) const MONOIO: Contestant =
    Contestant { name: "monoio", what: "monoio on io_uring, its timers enabled", part };

fn part(row: RowId) -> Part {
    Part::In(match row {
        RowId::SpawnOne => one_thread::spawn_and_join::<Local>,
        RowId::YieldOneTask => one_thread::yield_alone::<Local>,
        RowId::YieldOne => one_thread::yield_among_many::<Local>,
        RowId::SignalOne => one_thread::signal::<Local>,
        RowId::TimerSet => timers::set_and_drop::<Local>,
        RowId::TimerReset => timers::reset::<Local>,
        RowId::Sleeps => timers::sleeps::<Local>,
        RowId::TimerBytes => memory::timers::<Local>,
        RowId::TaskBytes => memory::tasks::<Local>,
        RowId::EchoOne => |plan| echo::one_thread(plan, serve_on_one_thread),
        RowId::ForkOne => one_thread::fork_and_join::<Local>,
        RowId::ChannelOne => return Part::Out("it has no channel"),
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
        let runtime = RuntimeBuilder::<IoUringDriver>::new().enable_timer().build();
        runtime.expect("the system has io_uring").block_on(main)
    }

    fn start(task: impl Future<Output = ()> + 'static) {
        drop(spawn(task));
    }

    fn yield_now() -> impl Future<Output = ()> {
        step2::yield_now()
    }
}

impl Joins for Local {
    fn spawn<T: 'static>(task: impl Future<Output = T> + 'static) -> impl Future<Output = T> + 'static {
        spawn(task)
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

fn serve_on_one_thread(address: Sender<SocketAddr>) {
    Local::run(async move {
        let listener = TcpListener::bind("127.0.0.1:0").expect("there is a free port");
        address
            .send(listener.local_addr().expect("a listener has an address"))
            .expect("the client waits for it");
        loop {
            let (stream, _) = listener.accept().await.expect("descriptors are left");
            stream.set_nodelay(true).expect("a TCP socket can");
            Local::start(serve(stream));
        }
    });
}

/// The buffer travels into the kernel and back.
async fn serve(mut stream: TcpStream) {
    let mut message = Vec::with_capacity(MESSAGE);
    loop {
        let (n, read) = stream.read(message).await;
        if n.expect("the client is there") == 0 {
            return;
        }
        let (written, mut emptied) = stream.write_all(read).await;
        written.expect("the client is there");
        emptied.clear();
        message = emptied;
    }
}
