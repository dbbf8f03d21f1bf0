//! may: coroutines with stacks of their own, on two workers. They wait by parking, not by being polled.

use std::hint::black_box;
use std::io::{Read, Write};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::{Acquire, Release};
use std::sync::mpsc::Sender;

use may::coroutine::yield_now;
use may::go;
use may::net::{TcpListener, TcpStream};
use may::sync::Blocker;

use super::{Contestant, Part};
use crate::rows::RowId;
use crate::watch::{Plan, Sample, Watch};
use crate::work::echo::{self, MESSAGE};

pub(crate) const MAY: Contestant =
    Contestant { name: "may", what: "may: coroutines with stacks, on two workers", part };

fn part(row: RowId) -> Part {
    Part::In(match row {
        RowId::SpawnTwo => |plan| run(plan, spawn_and_join),
        RowId::YieldTwo => |plan| run(plan, yield_among_many),
        RowId::SignalTwo => |plan| run(plan, signal),
        RowId::EchoTwo => |plan| echo::two_workers(plan, serve),
        RowId::ForkTwo => {
            return Part::Out("every call would have a stack of its own: more than the system has maps for");
        }
        RowId::ChannelTwo => return Part::Out("its channels have no bound"),
        RowId::Threads | RowId::BlockOn => return Part::Out("its coroutines are not futures"),
        _ => return Part::Out("it runs coroutines on several threads: see the rows with two workers"),
    })
}

/// Runs a workload as a coroutine.
fn run(plan: &Plan, work: fn(Plan) -> Sample) -> Sample {
    may::config().set_workers(2);
    let plan = *plan;
    go!(move || work(plan)).join().expect("the workload does not panic")
}

fn spawn_and_join(plan: Plan) -> Sample {
    let size = plan.size;
    let batches = plan.repeats(20_000);
    let mut handles = Vec::with_capacity(size);
    let mut watch = Watch::new(plan.time);
    while watch.begin() {
        for _ in 0..batches {
            handles.extend((0..size).map(|n| go!(move || black_box(n))));
            let numbers = handles.drain(..).map(|handle| handle.join().expect("it does not panic"));
            assert_eq!(numbers.sum::<usize>(), size * (size - 1) / 2);
        }
        watch.end(batches * size);
    }
    watch.sample()
}

fn yield_among_many(plan: Plan) -> Sample {
    let (tasks, yields) = (plan.size, plan.repeats(1_000_000));
    let mut watch = Watch::new(plan.time);
    while watch.begin() {
        let work = |_| {
            go!(move || {
                for _ in 0..yields {
                    yield_now();
                }
            })
        };
        let handles: Vec<_> = (0..tasks).map(work).collect();
        handles.into_iter().for_each(|handle| handle.join().expect("it does not panic"));
        watch.end(tasks * yields);
    }
    watch.sample()
}

/// A flag, and what its waiter blocks on.
struct Slot {
    is_set: AtomicBool,
    blocker: Blocker,
}

impl Slot {
    fn set(&self) {
        self.is_set.store(true, Release);
        self.blocker.unpark();
    }

    fn wait(&self) {
        while !self.is_set.swap(false, Acquire) {
            self.blocker.park(None).expect("nobody cancels it");
        }
    }
}

fn signal(plan: Plan) -> Sample {
    let trips = plan.size;
    let mut watch = Watch::new(plan.time);
    while watch.begin() {
        let slot = || Arc::new(Slot { is_set: AtomicBool::new(false), blocker: Blocker::new(true) });
        let (ping, pong) = (slot(), slot());
        let (pinged, ponger) = (Arc::clone(&ping), Arc::clone(&pong));
        let first = go!(move || {
            for _ in 0..trips {
                ping.set();
                pong.wait();
            }
        });
        let second = go!(move || {
            for _ in 0..trips {
                pinged.wait();
                ponger.set();
            }
        });
        first.join().expect("it does not panic");
        second.join().expect("it does not panic");
        watch.end(trips);
    }
    watch.sample()
}

fn serve(address: Sender<SocketAddr>) {
    may::config().set_workers(2);
    let accept = go!(move || {
        let listener = TcpListener::bind("127.0.0.1:0").expect("there is a free port");
        address
            .send(listener.local_addr().expect("a listener has an address"))
            .expect("the client waits for it");
        for stream in listener.incoming() {
            let stream = stream.expect("descriptors are left");
            stream.set_nodelay(true).expect("a TCP socket can");
            go!(move || serve_one(stream));
        }
    });
    accept.join().expect("it does not panic");
}

fn serve_one(mut stream: TcpStream) {
    let mut message = [0; MESSAGE];
    loop {
        match stream.read(&mut message).expect("the client is there") {
            0 => return,
            n => stream.write_all(&message[..n]).expect("the client is there"),
        }
    }
}
