//! Descriptors that run out, and come back: an error that says so, a server that waits for better times, and nothing lost.
//!
//! The limit belongs to a process, so each test has a process of its own.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test may")]

use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream as BlockingStream};
use std::sync::Arc;
use std::time::{Duration, Instant};
use std::{env, fs, process, thread};

use cpu_time::ProcessTime;
use faults::{Census, Tally, alone, roll_call, serve};
use rlimit::Resource;
use step2::block_on;
use step3::sleep;
use step4::{
    EventLoop, IoDriver, Metrics, TcpListener, TcpStream, ThreadPool, UdpSocket, metrics, run, spawn,
    spawn_on_pool, unblock,
};
use step6::{Connection, DatabaseAt, DbError, DbErrorKind, Pool, transaction, with};

/// How the system names this error.
const OUT_OF_DESCRIPTORS: &str = "Too many open files";

fn any() -> SocketAddr {
    "127.0.0.1:0".parse().unwrap()
}

/// A lower limit; the old one comes back when it is dropped.
struct Limit {
    before: u64,
}

impl Limit {
    /// Leaves so many descriptors to be opened.
    fn leave(room: usize) -> Self {
        let number = |entry: fs::DirEntry| entry.file_name().to_str().unwrap().parse::<usize>().unwrap();
        // This lists one too many, its own. It has the lowest number that is free, so it is the one to take out again.
        let listed: BTreeSet<_> =
            fs::read_dir("/proc/self/fd").unwrap().map(|entry| number(entry.unwrap())).collect();
        let is_open = |number: &usize| {
            listed.contains(number) && fs::exists(format!("/proc/self/fd/{number}")).unwrap()
        };
        let limit = match room {
            0 => (0..).find(|number| !is_open(number)),
            _ => (0..).filter(|number| !is_open(number)).nth(room - 1).map(|last| last + 1),
        };
        let (before, hard) = Resource::NOFILE.get().unwrap();
        Resource::NOFILE.set(limit.unwrap() as u64, hard).unwrap();
        Self { before }
    }
}

impl Drop for Limit {
    fn drop(&mut self) {
        let (_low, hard) = Resource::NOFILE.get().unwrap();
        Resource::NOFILE.set(self.before, hard).unwrap();
    }
}

/// Connects clients that have asked, and wait. No server need have accepted them: the system keeps them for it.
fn clients(addr: SocketAddr) -> Vec<BlockingStream> {
    let client = |number| {
        let mut stream = BlockingStream::connect(addr).unwrap();
        stream.write_all(&[number; 100]).unwrap();
        stream
    };
    (0..100).map(client).collect()
}

/// Reads each client's answer; and then that one goes, and leaves its descriptor, and the server's, to others.
fn all_are_answered(clients: Vec<BlockingStream>) {
    for (number, mut client) in (0..).zip(clients) {
        let mut answer = [0; 100];
        client.read_exact(&mut answer).unwrap();
        assert_eq!(answer, [number; 100]);
    }
}

/// Watches a server that has had room for ten: it has to try again now and then, but not all the time.
struct Watch {
    start: Instant,
    cpu: ProcessTime,
    refused: u64,
}

impl Watch {
    const TIME: Duration = Duration::from_millis(500);

    fn begin(tally: &Tally) -> Self {
        Self { start: Instant::now(), cpu: ProcessTime::now(), refused: tally.refused() }
    }

    fn end(self, tally: &Tally) {
        let (cpu, time, refused) = (self.cpu.elapsed(), self.start.elapsed(), tally.refused() - self.refused);
        println!("refused {refused} times in {time:?}, with {cpu:?} of a processor");
        assert_eq!((tally.accepted(), tally.ended()), (10, 0));
        assert!(
            refused > 0 && u128::from(refused) <= time.as_millis() / 10 + 1,
            "{refused} times in {time:?}"
        );
        assert!(cpu < time / 4, "{cpu:?} of a processor in {time:?}");
    }
}

#[test]
fn a_server_on_a_loop_rests_without_descriptors_and_goes_on_when_they_are_back() {
    alone("a_server_on_a_loop_rests_without_descriptors_and_goes_on_when_they_are_back", || {
        let before = Census::take();
        run(async {
            let (held, tally) = (metrics(), Arc::<Tally>::default());
            let listener = TcpListener::bind(any()).unwrap();
            let clients = clients(listener.local_addr().unwrap());
            let limit = Limit::leave(10);
            let server = spawn(serve(listener, Arc::clone(&tally), |echo| drop(spawn(echo))));
            while tally.refused() == 0 {
                sleep(Duration::from_millis(1)).await;
            }
            let watch = Watch::begin(&tally);
            sleep(Watch::TIME).await;
            watch.end(&tally);
            unblock(|| all_are_answered(clients)).await;
            while tally.ended() < 100 {
                sleep(Duration::from_millis(1)).await;
            }
            drop(limit);
            server.abort();
            assert!(server.await.is_err());
            assert_eq!((tally.accepted(), tally.surprises()), (100, Vec::new()));
            assert_eq!(metrics(), held, "tasks, timers and sockets");
        });
        before.settles("a server");
    });
}

#[test]
fn a_server_on_a_pool_rests_without_descriptors_and_goes_on_when_they_are_back() {
    alone("a_server_on_a_pool_rests_without_descriptors_and_goes_on_when_they_are_back", || {
        let before = Census::take();
        let (pool, tally) = (ThreadPool::new(2).unwrap(), Arc::<Tally>::default());
        let listener = block_on(pool.spawn(async { TcpListener::bind(any()) })).unwrap().unwrap();
        let clients = clients(listener.local_addr().unwrap());
        let limit = Limit::leave(10);
        let server = pool.spawn(serve(listener, Arc::clone(&tally), |echo| drop(spawn_on_pool(echo))));
        while tally.refused() == 0 {
            thread::sleep(Duration::from_millis(1));
        }
        let watch = Watch::begin(&tally);
        thread::sleep(Watch::TIME);
        watch.end(&tally);
        all_are_answered(clients);
        while tally.ended() < 100 {
            thread::sleep(Duration::from_millis(1));
        }
        drop(limit);
        server.abort();
        assert!(block_on(server).is_err());
        assert_eq!((tally.accepted(), tally.surprises()), (100, Vec::new()));
        while pool.metrics() != Metrics::default() {
            block_on(roll_call(&pool, 2));
        }
        drop(pool);
        before.settles("a server");
    });
}

/// Opens something with no descriptor left, with one, with two, and so on until it opens: each attempt before has to say what is
/// missing, and to close what it had opened.
async fn says_so<T>(what: &str, error: &str, mut open: impl AsyncFnMut() -> Result<T, String>) {
    let before = Census::take();
    for room in 0..40 {
        let limit = Limit::leave(room);
        let opened = open().await.map(drop);
        drop(limit);
        before.settles(what);
        let Err(text) = opened else {
            println!("{what}: takes {room}");
            assert!(room > 0, "{what}: opens without a descriptor");
            return;
        };
        assert!(text.contains(error), "{what}: {text}");
    }
    panic!("{what}: does not open at all");
}

#[test]
fn what_needs_descriptors_that_are_not_there_says_so_and_keeps_none() {
    alone("what_needs_descriptors_that_are_not_there_says_so_and_keeps_none", || {
        let before = Census::take();
        block_on(async {
            let error = |error: std::io::Error| error.to_string();
            let out = OUT_OF_DESCRIPTORS;
            says_so("a selector", out, async || IoDriver::new().map_err(error)).await;
            says_so("a loop", out, async || EventLoop::new().map_err(error)).await;
            says_so("a pool", out, async || ThreadPool::new(3).map_err(error)).await;
        });
        let file = database();
        let path = file.clone();
        run(async move {
            Connection::create(&path).await.unwrap().execute_batch("CREATE TABLE t (n)").await.unwrap();
            let listener = TcpListener::bind(any()).unwrap();
            let addr = listener.local_addr().unwrap();
            let held = metrics();
            let error = |error: std::io::Error| error.to_string();
            let out = OUT_OF_DESCRIPTORS;
            says_so("a listener", out, async || TcpListener::bind(any()).map_err(error)).await;
            says_so("a datagram socket", out, async || UdpSocket::bind(any()).map_err(error)).await;
            says_so("a connection", out, async || TcpStream::connect(addr).await.map_err(error)).await;
            says_so("a file", out, async || step4::fs::read("Cargo.toml").await.map_err(error)).await;
            let error = |error: DbError| {
                assert_eq!(error.kind(), DbErrorKind::CannotOpen);
                error.to_string()
            };
            // SQLite has one text for all reasons for which a file cannot be opened.
            says_so("a database", &path, async || Connection::open(&path).await.map_err(error)).await;
            assert_eq!(metrics(), held, "tasks, timers and sockets");
        });
        fs::remove_file(file).unwrap();
        before.settles("all attempts");
    });
}

/// Names a database that no other test has.
fn database() -> String {
    let file = format!("faults-{}.db", process::id());
    env::temp_dir().join(file).into_os_string().into_string().unwrap()
}

#[test]
fn a_loop_and_a_pool_without_descriptors_do_what_needs_no_new_one() {
    alone("a_loop_and_a_pool_without_descriptors_do_what_needs_no_new_one", || {
        let pool = ThreadPool::new(2).unwrap();
        run(async move {
            let listener = TcpListener::bind(any()).unwrap();
            let client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
            let (server, _peer) = listener.accept().await.unwrap();
            let limit = Limit::leave(0);
            client.write_all(b"on the loop").await.unwrap();
            server.read_exact(&mut [0; 11]).await.unwrap();
            let on_pool = pool.spawn(async {
                sleep(Duration::from_millis(2)).await;
                unblock(|| 6 * 7).await
            });
            assert_eq!(on_pool.await.unwrap(), 42);
            assert_eq!(unblock(|| 6 * 7).await, 42);
            pool.shutdown();
            drop(limit);
        });
    });
}

/// A transaction writes what was there into a second file before it changes anything; without a descriptor it cannot.
#[test]
fn a_transaction_without_a_descriptor_for_its_journal_fails_whole_and_the_next_one_succeeds() {
    alone("a_transaction_without_a_descriptor_for_its_journal_fails_whole_and_the_next_one_succeeds", || {
        let file = database();
        let path = file.clone();
        let before = Census::take();
        run(async move {
            let db = Connection::create(&path).await.unwrap();
            db.execute_batch("CREATE TABLE account (balance INTEGER); INSERT INTO account VALUES (100)")
                .await
                .unwrap();
            let pool = Pool::new(2, DatabaseAt::new(&path));
            let deposit = async |db: Connection| {
                let deposit = with(transaction(db), async |tx| {
                    tx.execute("UPDATE account SET balance = balance + 1", []).await?;
                    tx.execute("UPDATE account SET balance = balance + 1", []).await
                });
                deposit.await
            };
            let limit = Limit::leave(0);
            let failed: DbError = deposit(db.clone()).await.unwrap_err();
            println!("{failed}");
            assert_eq!(failed.kind(), DbErrorKind::CannotOpen);
            assert!(pool.lease().await.is_err());
            assert_eq!((pool.lent(), pool.idle()), (0, 0));
            drop(limit);
            let balance =
                async || db.query("SELECT balance FROM account", []).await.unwrap()[0].get::<i64>("balance");
            assert_eq!(balance().await.unwrap(), 100, "nothing of it has happened");
            deposit(db.clone()).await.unwrap();
            assert_eq!(balance().await.unwrap(), 102);
            let lease = pool.lease().await.unwrap();
            assert_eq!(lease.query("SELECT balance FROM account", []).await.unwrap().len(), 1);
        });
        fs::remove_file(file).unwrap();
        before.settles("a database");
    });
}
