//! TCP echo: the contestant serves, and the client is one thread on epoll, the same for all.
//!
//! Each connection has one message of 64 bytes under way; the client answers each echo with the next. Server and client
//! have a processor each if the server is one thread; two workers share both with the client.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::fd::AsFd;
use std::sync::mpsc::{Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use cpu_time::{ProcessTime, ThreadTime};
use rustix::buffer::spare_capacity;
use rustix::event::epoll;
use rustix::thread::{CpuSet, sched_setaffinity};

use crate::watch::{Plan, Sample};

pub(crate) const MESSAGE: usize = 64;
/// Round trips between two looks at the clock.
const ROUND: usize = 10_000;

/// Serves on an address of its own choice, which it sends, and never returns.
pub(crate) type Serve = fn(Sender<SocketAddr>);

pub(crate) fn one_thread(plan: &Plan, serve: Serve) -> Sample {
    run(plan, serve, true)
}

pub(crate) fn two_workers(plan: &Plan, serve: Serve) -> Sample {
    run(plan, serve, false)
}

fn run(plan: &Plan, serve: Serve, pinned: bool) -> Sample {
    let (sender, receiver) = channel();
    thread::spawn(move || {
        if pinned {
            stay_on(0);
        }
        serve(sender);
    });
    let server = receiver.recv().expect("the server listens");
    if pinned {
        stay_on(1);
    }
    // Never dropped: the server is not meant to see connections end, before the process does.
    Box::leak(Box::new(Client::connect(server, plan.size))).measure(plan.time)
}

/// Keeps this thread on one processor, if there is such a one.
fn stay_on(processor: usize) {
    let mut set = CpuSet::new();
    set.set(processor);
    if let Err(error) = sched_setaffinity(None, &set) {
        eprintln!("warning: could not stay on processor {processor}: {error}");
    }
}

struct Client {
    connections: Vec<TcpStream>,
    epoll: rustix::fd::OwnedFd,
    events: Vec<epoll::Event>,
}

impl Client {
    fn connect(server: SocketAddr, connections: usize) -> Self {
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC).expect("the system has an epoll for us");
        let connect = |n| {
            let stream = TcpStream::connect(server).expect("the server accepts");
            stream.set_nodelay(true).expect("a TCP socket can");
            let data = epoll::EventData::new_u64(n as u64);
            epoll::add(&epoll, stream.as_fd(), data, epoll::EventFlags::IN).expect("a socket can be watched");
            stream
        };
        let connections = (0..connections).map(connect).collect();
        Self { connections, epoll, events: Vec::with_capacity(1024) }
    }

    /// Exchanges messages until the time is up, after a warm-up of one round.
    fn measure(&mut self, limit: Duration) -> Sample {
        for connection in &mut self.connections {
            connection.write_all(&[7; MESSAGE]).expect("the server is there");
        }
        let round = if limit.is_zero() { 1 } else { ROUND };
        self.exchange(round);
        let (begin, process, client) = (Instant::now(), ProcessTime::now(), ThreadTime::now());
        let mut rounds = Vec::new();
        let mut trips = 0;
        while rounds.is_empty() || begin.elapsed() < limit {
            let begin = Instant::now();
            let done = self.exchange(round);
            rounds.push(begin.elapsed().as_nanos() as f64 / done as f64);
            trips += done;
        }
        let (process, client) = (process.elapsed(), client.elapsed());
        rounds.sort_by(f64::total_cmp);
        let each = |time: Duration| time.as_nanos() as f64 / trips as f64;
        Sample::of_time(rounds[rounds.len() / 2], each(process.saturating_sub(client)))
            .with("client_cpu_ns_per_op", each(client))
            .with("rounds", rounds.len() as f64)
    }

    /// Reads at least so many echoes, and sends the next message after each.
    fn exchange(&mut self, trips: usize) -> usize {
        let mut done = 0;
        while done < trips {
            self.events.clear();
            epoll::wait(&self.epoll, spare_capacity(&mut self.events), None).expect("epoll can wait");
            for event in &self.events {
                let data = event.data;
                let connection = &mut self.connections[data.u64() as usize];
                let mut message = [0; MESSAGE];
                connection.read_exact(&mut message).expect("the server echoes"); // Whole: it is small, and sent at once.
                assert_eq!(message, [7; MESSAGE]);
                connection.write_all(&message).expect("the server is there");
                done += 1;
            }
        }
        done
    }
}
