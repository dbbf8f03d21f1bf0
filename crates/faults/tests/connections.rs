//! Ten thousand connections at once, most of whose peers reset, vanish, dawdle or do not read: all bytes come back, and nothing
//! stays.
//!
//! What was held is counted on the executor itself and by the system. Memory is compared between waves of connections: the
//! first ones take what an allocator keeps, and those after them no more.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test may")]

use std::cell::Cell;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream as BlockingStream};
use std::process::{Child, Command, Stdio};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::thread;
use std::time::Duration;

use faults::{Census, Tally, alone, roll_call, serve};
use socket2::SockRef;
use step2::block_on;
use step3::{sleep, timeout};
use step4::{Metrics, TcpListener, TcpStream, ThreadPool, gather, metrics, run, spawn, spawn_on_pool};

const WAVES: usize = 3;

/// How much more memory there may be after a wave than after the one before: less than half a kibibyte for a connection.
const TOLERANCE: usize = 4 << 20;

fn any() -> SocketAddr {
    "127.0.0.1:0".parse().unwrap()
}

/// How many connections at once: 10,000, or what the system allows a process.
fn connections() -> usize {
    let limit = usize::try_from(rlimit::increase_nofile_limit(u64::MAX).unwrap()).unwrap_or(usize::MAX);
    let connections = limit.saturating_sub(200).min(10_000);
    if connections < 10_000 {
        println!("only {connections} connections: a process may have no more than {limit} descriptors here");
    }
    connections
}

fn clients(addr: SocketAddr) -> Child {
    let clients = Command::new(env!("CARGO_BIN_EXE_clients"))
        .args([addr.to_string(), connections().to_string()])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn();
    clients.unwrap()
}

/// Returns whether all clients are there: each has its task and its socket, and is waited for with a time limit.
fn are_all_open(held: Metrics) -> bool {
    held.sockets > connections() && held.tasks > connections() && held.timers >= connections()
}

/// Lets the clients begin.
fn begin(clients: &mut Child) {
    println!("all are open: {:?}", Census::take());
    clients.stdin.take().unwrap().write_all(b"\n").unwrap();
}

/// Holds what one wave has shown to what it has to be.
fn judge(clients: Child, tally: &Tally) {
    let connections = connections() as u64;
    let clients = clients.wait_with_output().unwrap();
    assert!(clients.status.success(), "a client did not get back what it sent: see above");
    let said = String::from_utf8(clients.stdout).unwrap();
    let received: u64 = said.split(' ').next().unwrap().parse().unwrap();
    println!("{connections} connections, {received} bytes came back, {} resets", tally.reset());
    assert_eq!((tally.accepted(), tally.ended()), (connections, connections));
    assert!(tally.echoed() >= received && received > 500 * connections);
    assert!(tally.reset() >= connections / 10, "15 of 100 reset their connections");
    assert_eq!((tally.refused(), tally.surprises()), (0, Vec::new()));
}

/// Holds the memory after each wave to that after the one before. What leaks, leaks in every wave; that it grows in one may be an
/// allocator that keeps more. (The sanitizers keep what was freed, to see who uses it.)
fn does_not_grow(after: &[Census]) {
    let grown = after.windows(2).map(|pair| pair[1].grown_since(pair[0])).min().unwrap();
    assert!(grown < TOLERANCE || cfg!(sanitized), "{grown} bytes more after each wave: {after:?}");
}

#[test]
fn a_loop_holds_ten_thousand_connections_and_nothing_after_them() {
    alone("a_loop_holds_ten_thousand_connections_and_nothing_after_them", || {
        let before = Census::take();
        run(async {
            let (held, own, mut after) = (metrics(), Census::take(), Vec::new());
            for _ in 0..WAVES {
                let (listener, tally) = (TcpListener::bind(any()).unwrap(), Arc::<Tally>::default());
                let mut clients = clients(listener.local_addr().unwrap());
                let server = spawn(serve(listener, Arc::clone(&tally), |echo| drop(spawn(echo))));
                while !are_all_open(metrics()) {
                    sleep(Duration::from_millis(5)).await;
                }
                begin(&mut clients);
                while clients.try_wait().unwrap().is_none() || tally.ended() < tally.accepted() {
                    sleep(Duration::from_millis(5)).await;
                }
                judge(clients, &tally);
                server.abort();
                assert!(server.await.is_err());
                assert_eq!(metrics(), held, "tasks, timers and sockets");
                own.settles("a wave of connections");
                after.push(Census::take());
            }
            does_not_grow(&after);
        });
        before.settles("a loop");
    });
}

#[test]
fn a_pool_holds_ten_thousand_connections_and_nothing_after_them() {
    alone("a_pool_holds_ten_thousand_connections_and_nothing_after_them", || {
        let before = Census::take();
        let pool = ThreadPool::new(2).unwrap();
        block_on(pool.spawn(async {})).unwrap();
        let (own, mut after) = (Census::take(), Vec::new());
        for _ in 0..WAVES {
            let tally = Arc::<Tally>::default();
            let listener = block_on(pool.spawn(async { TcpListener::bind(any()) })).unwrap().unwrap();
            let mut clients = clients(listener.local_addr().unwrap());
            let server = pool.spawn(serve(listener, Arc::clone(&tally), |echo| drop(spawn_on_pool(echo))));
            while !are_all_open(pool.metrics()) {
                thread::sleep(Duration::from_millis(5));
            }
            begin(&mut clients);
            while clients.try_wait().unwrap().is_none() || tally.ended() < tally.accepted() {
                thread::sleep(Duration::from_millis(5));
            }
            judge(clients, &tally);
            server.abort();
            assert!(block_on(server).is_err());
            holds_nothing(&pool, 2);
            own.settles("a wave of connections");
            after.push(Census::take());
        }
        does_not_grow(&after);
        drop(pool);
        before.settles("a pool");
    });
}

/// Waits until nothing is left on the pool: a task is taken off its list a moment after its handle was answered.
fn holds_nothing(pool: &ThreadPool, workers: usize) {
    for _ in 0..1_000 {
        block_on(roll_call(pool, workers));
        if pool.metrics() == Metrics::default() {
            return;
        }
        thread::sleep(Duration::from_millis(1));
    }
    panic!("{:?} are left", pool.metrics());
}

/// Connects and asks; each attempt that takes longer than `patience` is given up, and counted, and made again.
async fn insist(addr: SocketAddr, patience: Option<Duration>, given_up: &Cell<usize>) {
    let stream = loop {
        match timeout(patience, TcpStream::connect(addr)).await {
            Ok(connected) => break connected.unwrap(),
            Err(_elapsed) => given_up.set(given_up.get() + 1),
        }
    };
    let question: Vec<u8> = stream.local_addr().unwrap().to_string().into_bytes();
    stream.write_all(&question).await.unwrap();
    let mut answer = vec![0; question.len()];
    stream.read_exact(&mut answer).await.unwrap();
    assert_eq!(answer, question);
}

/// The system keeps some thousand connections for a server that does not accept, and lets the others wait. So there is a crowd
/// before the door: some give up and come again, some wait, some leave before it is opened. All that stay are let in.
#[test]
fn a_storm_of_connects_against_a_full_backlog_is_served_in_the_end() {
    alone("a_storm_of_connects_against_a_full_backlog_is_served_in_the_end", || {
        let storm = connections().min(9_000) / 3;
        let before = Census::take();
        run(async move {
            let held = metrics();
            let (listener, tally) = (TcpListener::bind(any()).unwrap(), Arc::<Tally>::default());
            let addr = listener.local_addr().unwrap();
            for _ in 0..100 {
                let gone = BlockingStream::connect(addr).unwrap();
                SockRef::from(&gone).set_linger(Some(Duration::ZERO)).unwrap();
            }
            let given_up = Rc::new(Cell::new(0));
            let crowd = (0..storm).map(|number| {
                let patience = (number % 2 == 0).then_some(Duration::from_millis(300));
                let given_up = Rc::clone(&given_up);
                spawn(async move { insist(addr, patience, &given_up).await })
            });
            let crowd: Vec<_> = crowd.collect();
            while given_up.get() == 0 {
                sleep(Duration::from_millis(10)).await;
            }
            let server = spawn(serve(listener, Arc::clone(&tally), |echo| drop(spawn(echo))));
            gather(crowd).await.unwrap();
            println!("{storm} were served, after {} had given up; {} resets", given_up.get(), tally.reset());
            while tally.ended() < tally.accepted() {
                sleep(Duration::from_millis(5)).await;
            }
            assert!(tally.accepted() >= storm as u64);
            assert_eq!((tally.refused(), tally.surprises()), (0, Vec::new()));
            server.abort();
            assert!(server.await.is_err());
            assert_eq!(metrics(), held, "tasks, timers and sockets");
        });
        before.settles("a storm");
    });
}

/// A hundred threads connect and ask while the server's only worker is kept busy by others: a plain client, without our sockets,
/// sees nothing of it but time.
#[test]
fn clients_of_std_are_answered_by_a_pool_whose_workers_are_busy() {
    alone("clients_of_std_are_answered_by_a_pool_whose_workers_are_busy", || {
        let before = Census::take();
        let (pool, tally, answered) =
            (ThreadPool::new(1).unwrap(), Arc::<Tally>::default(), AtomicUsize::new(0));
        let listener = block_on(pool.spawn(async { TcpListener::bind(any()) })).unwrap().unwrap();
        let addr = listener.local_addr().unwrap();
        let server = pool.spawn(serve(listener, Arc::clone(&tally), |echo| drop(spawn_on_pool(echo))));
        let busy: Vec<_> = (0..100)
            .map(|_| {
                pool.spawn(async {
                    loop {
                        step2::yield_now().await;
                    }
                })
            })
            .collect();
        thread::scope(|scope| {
            for number in 0..100_u8 {
                let answered = &answered;
                scope.spawn(move || {
                    let mut stream = BlockingStream::connect(addr).unwrap();
                    for _ in 0..10 {
                        stream.write_all(&[number; 300]).unwrap();
                        let mut answer = [0; 300];
                        stream.read_exact(&mut answer).unwrap();
                        assert_eq!(answer, [number; 300]);
                    }
                    answered.fetch_add(1, Relaxed);
                });
            }
        });
        assert_eq!(answered.into_inner(), 100);
        busy.into_iter().chain([server]).for_each(|task| {
            task.abort();
            assert!(block_on(task).is_err());
        });
        holds_nothing(&pool, 1);
        drop(pool);
        before.settles("a busy pool");
    });
}
