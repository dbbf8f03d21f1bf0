//! What runs at once: each load is a task, or some, that do a round, check what came of it, rest, and begin again.
//!
//! They rest for so long that two processors are some two thirds busy: a machine without a pause would show late timers, and not
//! whose fault they are.

use std::future::{Future, pending};
use std::hint::black_box;
use std::io;
use std::net::{Shutdown, SocketAddr};
use std::panic::resume_unwind;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::atomic::{AtomicBool, AtomicU64};
use std::sync::{Arc, Mutex as StdMutex, MutexGuard};
use std::time::{Duration, Instant};
use std::{env, fs, process, thread};

use faults::{Tally, serve};
use step2::{join, yield_now};
use step3::{interval, sleep, timeout};
use step4::{
    JoinError, JoinHandle, Schedule, Stealing, TcpListener, TcpStream, ThreadPool, gather_settled, join_all,
    spawn, spawn_on_pool, unblock,
};
use step5::{Receiver, Sender, channel};
use step6::{Connection, DatabaseAt, DbError, Mutex, Pool, PoolError, Semaphore, transaction, with};

const HOUR: Duration = Duration::from_secs(3600);

/// What a load does. The figures have a column for each.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Load {
    /// Sleeps, time limits that pass, others that do not, intervals.
    Timers,
    /// Clients of the echo servers, that come, ask and go, or go without their answer.
    Sockets,
    /// Trees of tasks on the pool, whose workers steal the branches.
    Stealing,
    /// Jobs that block.
    Blocking,
    /// Transactions, some of which are given up in the middle.
    Database,
    /// Items through channels: inside of a task, and from the loop to the pool.
    Channels,
    /// Critical sections, and permits, for some of which nobody waits to the end.
    Locks,
    /// Tasks that panic, or are aborted.
    Chaos,
}

impl Load {
    pub(crate) const ALL: [Load; 8] = [
        Load::Timers,
        Load::Sockets,
        Load::Stealing,
        Load::Blocking,
        Load::Database,
        Load::Channels,
        Load::Locks,
        Load::Chaos,
    ];
}

/// What the loads have done, and what the watch over them needs.
#[derive(Default)]
pub(crate) struct Soak {
    is_over: AtomicBool,
    done: [AtomicU64; Load::ALL.len()],
    late_on_loop: StdMutex<Vec<Duration>>,
    late_on_pool: StdMutex<Vec<Duration>>,
    surprises: StdMutex<Vec<String>>,
}

impl Soak {
    /// Has all loads end after their round.
    pub(crate) fn end(&self) {
        self.is_over.store(true, Relaxed);
    }

    fn goes_on(&self) -> bool {
        !self.is_over.load(Relaxed)
    }

    fn did(&self, load: Load, operations: u64) {
        self.done[load as usize].fetch_add(operations, Relaxed);
    }

    /// Returns how many operations of each kind there were.
    pub(crate) fn done(&self) -> [u64; Load::ALL.len()] {
        [0, 1, 2, 3, 4, 5, 6, 7].map(|load| self.done[load].load(Relaxed))
    }

    /// Returns by how much the timers were late since this was last asked: on the loop, and on the pool.
    pub(crate) fn take_lateness(&self) -> [Vec<Duration>; 2] {
        [&self.late_on_loop, &self.late_on_pool].map(|late| std::mem::take(&mut *lock(late)))
    }

    /// Returns what was not as it had to be.
    pub(crate) fn surprises(&self) -> Vec<String> {
        lock(&self.surprises).clone()
    }

    fn expect(&self, holds: bool, what: impl FnOnce() -> String) {
        let mut surprises = lock(&self.surprises);
        if !holds && surprises.len() < 20 {
            surprises.push(what());
        }
    }
}

fn lock<T>(mutex: &StdMutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().expect("nothing panics under this lock")
}

/// All that was started.
pub(crate) struct Loads {
    pub(crate) on_loop: Vec<JoinHandle<()>>,
    pub(crate) on_pool: Vec<JoinHandle<(), Stealing>>,
    /// They are there for as long as this is.
    pub(crate) servers: Vec<Server>,
}

/// Aborts a server when it is dropped.
pub(crate) enum Server {
    OnLoop(JoinHandle<()>),
    OnPool(JoinHandle<(), Stealing>),
}

impl Drop for Server {
    fn drop(&mut self) {
        match self {
            Server::OnLoop(server) => server.abort(),
            Server::OnPool(server) => server.abort(),
        };
    }
}

/// Starts all loads.
pub(crate) async fn start(soak: &Arc<Soak>, pool: &ThreadPool) -> Loads {
    let bind = || TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).expect("the loopback is there");
    let listener = bind();
    let addr_on_loop = listener.local_addr().expect("it is bound");
    let on_loop = spawn(serve(listener, Arc::<Tally>::default(), |echo| drop(spawn(echo))));
    let bound = pool.spawn(async move {
        let listener = bind();
        let addr = listener.local_addr().expect("it is bound");
        let serving = serve(listener, Arc::<Tally>::default(), |echo| drop(spawn_on_pool(echo)));
        (spawn_on_pool(serving), addr)
    });
    let (on_pool, addr_on_pool) = bound.await.expect("nothing panics there");
    let servers = vec![Server::OnLoop(on_loop), Server::OnPool(on_pool)];

    let (sender, receiver) = channel(16);
    let of = || Arc::clone(soak);
    let mut on_loop = vec![
        spawn(lateness(of(), |soak| &soak.late_on_loop)),
        spawn(ticks(of())),
        spawn(database(of())),
        spawn(send(of(), sender)),
        spawn(channels(of())),
        spawn(locks(of())),
        spawn(chaos(of(), spawn)),
        spawn(blocking(of())),
    ];
    let mut on_pool = vec![
        pool.spawn(lateness(of(), |soak| &soak.late_on_pool)),
        pool.spawn(ticks(of())),
        pool.spawn(receive(of(), receiver)),
        pool.spawn(stealing(of())),
        pool.spawn(channels(of())),
        pool.spawn(locks(of())),
        pool.spawn(chaos(of(), spawn_on_pool)),
        pool.spawn(blocking(of())),
    ];
    for _ in 0..4 {
        on_loop.extend([spawn(timers(of())), spawn(sockets(of(), addr_on_pool))]);
        on_pool.extend([pool.spawn(timers(of())), pool.spawn(sockets(of(), addr_on_loop))]);
    }
    Loads { on_loop, on_pool, servers }
}

/// Waits for a while that is another one each time, so that the loads do not fall in step.
async fn rest(milliseconds: u64) {
    sleep(Duration::from_micros(fastrand::u64(500..1500) * milliseconds)).await;
}

/// Notes by how much sleeps are late.
async fn lateness(soak: Arc<Soak>, list: fn(&Soak) -> &StdMutex<Vec<Duration>>) {
    while soak.goes_on() {
        let due = Instant::now() + Duration::from_millis(3);
        sleep(Duration::from_millis(3)).await;
        lock(list(&soak)).push(due.elapsed());
    }
}

async fn timers(soak: Arc<Soak>) {
    while soak.goes_on() {
        join_all((0..50).map(nap)).await;
        soak.did(Load::Timers, 50);
        rest(5).await;
    }
}

async fn nap(number: usize) {
    let time = Duration::from_micros(fastrand::u64(0..30_000));
    match number % 3 {
        0 => sleep(time).await,
        1 => assert!(timeout(time, pending::<()>()).await.is_err()),
        _ => assert!(timeout(HOUR, sleep(time)).await.is_ok()),
    }
}

async fn ticks(soak: Arc<Soak>) {
    let mut ticks = interval(Duration::from_millis(2));
    while soak.goes_on() {
        ticks.tick().await;
        soak.did(Load::Timers, 1);
    }
}

async fn sockets(soak: Arc<Soak>, addr: SocketAddr) {
    while soak.goes_on() {
        let outcome = visit(addr).await;
        soak.expect(outcome.is_ok(), || format!("a client was not served: {outcome:?}"));
        soak.did(Load::Sockets, 1);
        rest(30).await;
    }
}

/// Connects, asks up to four times, and goes: mostly in good order.
async fn visit(addr: SocketAddr) -> io::Result<()> {
    let stream = TcpStream::connect(addr).await?;
    for _ in 0..fastrand::usize(1..=4) {
        let question: Vec<u8> = (0..fastrand::usize(1..8000)).map(|_| fastrand::u8(..)).collect();
        stream.write_all(&question).await?;
        if fastrand::u8(..20) == 0 {
            return Ok(()); // With the answer on its way.
        }
        let mut answer = vec![0; question.len()];
        stream.read_exact(&mut answer).await?;
        if answer != question {
            return Err(io::Error::other("another answer than was asked for"));
        }
    }
    stream.shutdown(Shutdown::Write)?;
    match stream.read(&mut [0]).await? {
        0 => Ok(()),
        _ => Err(io::Error::other("more than was asked for")),
    }
}

async fn stealing(soak: Arc<Soak>) {
    while soak.goes_on() {
        let leaves = tree(7).await;
        soak.expect(leaves == 128, || format!("{leaves} leaves instead of 128"));
        soak.did(Load::Stealing, leaves);
        rest(4).await;
    }
}

/// Spawns two branches, and adds up their leaves.
fn tree(depth: u32) -> Pin<Box<dyn Future<Output = u64> + Send>> {
    Box::pin(async move {
        if depth == 0 {
            return u64::from((0..10_000_u32).map(black_box).max() == Some(9_999));
        }
        let (left, right) = (spawn_on_pool(tree(depth - 1)), spawn_on_pool(tree(depth - 1)));
        let lost = |error: JoinError| error.resume();
        left.await.unwrap_or_else(lost) + right.await.unwrap_or_else(lost)
    })
}

async fn blocking(soak: Arc<Soak>) {
    while soak.goes_on() {
        let jobs = (0..8_u64).map(|number| {
            unblock(move || {
                thread::sleep(Duration::from_micros(300));
                number
            })
        });
        let sum: u64 = join_all(jobs).await.into_iter().sum();
        soak.expect(sum == 28, || format!("jobs return {sum} instead of 28"));
        soak.did(Load::Blocking, 8);
        rest(10).await;
    }
}

/// Sends until the end of the soak, one after the other, to a task on the pool.
async fn send(soak: Arc<Soak>, sender: Sender<u64>) {
    let mut next = 0;
    while soak.goes_on() {
        for _ in 0..50 {
            let sent = sender.send(next).await;
            soak.expect(sent.is_ok(), || "the receiver is gone".to_owned());
            next += 1;
        }
        rest(3).await;
    }
}

async fn receive(soak: Arc<Soak>, receiver: Receiver<u64>) {
    let mut expected = 0;
    while let Some(item) = receiver.recv().await {
        soak.expect(item == expected, || format!("item {item} instead of {expected}"));
        soak.did(Load::Channels, 1);
        expected = item + 1;
    }
}

async fn channels(soak: Arc<Soak>) {
    while soak.goes_on() {
        let (sender, receiver) = channel(4);
        let senders = (0..3).map(|_| {
            let sender = sender.clone();
            async move {
                for item in 1..=20_u64 {
                    sender.send(item).await.map_err(drop).unwrap_or_default();
                }
            }
        });
        let senders: Vec<_> = senders.collect();
        drop(sender);
        let receivers = (0..2).map(|_| {
            let receiver = receiver.clone();
            async move {
                let mut sum = 0;
                while let Some(item) = receiver.recv().await {
                    sum += item;
                }
                sum
            }
        });
        let (_sent, sums) = join(join_all(senders), join_all(receivers.collect::<Vec<_>>())).await;
        let sum: u64 = sums.into_iter().sum();
        soak.expect(sum == 3 * 210, || format!("{sum} was received instead of 630"));
        soak.did(Load::Channels, 60);
        rest(5).await;
    }
}

async fn locks(soak: Arc<Soak>) {
    let (count, permits) = (Mutex::new(0), Semaphore::new(3));
    while soak.goes_on() {
        *count.lock().await = 0;
        let adders = (0..10).map(|_| async {
            for _ in 0..5 {
                let mut guard = count.lock().await;
                let before = *guard;
                yield_now().await;
                *guard = before + 1;
            }
        });
        let holders = (0..10).map(|_| async {
            let patience = Duration::from_micros(fastrand::u64(0..4000));
            if let Ok(_permit) = timeout(patience, permits.acquire()).await {
                sleep(Duration::from_millis(1)).await;
            }
        });
        join(join_all(adders), join_all(holders)).await;
        let (count, free) = (*count.lock().await, permits.free());
        soak.expect((count, free) == (50, 3), || format!("{count} additions of 50, {free} permits of 3"));
        soak.did(Load::Locks, 60);
        rest(5).await;
    }
}

/// What `chaos` spawns.
type Job = Pin<Box<dyn Future<Output = usize> + Send>>;

async fn chaos<S: Schedule>(soak: Arc<Soak>, spawn: impl Fn(Job) -> JoinHandle<usize, S>) {
    while soak.goes_on() {
        let start = |number| {
            spawn(Box::pin(async move {
                nap(number).await;
                if number % 10 == 0 {
                    resume_unwind(Box::new("as planned")); // Unlike `panic!`, this prints nothing.
                }
                number
            }))
        };
        let tasks: Vec<_> = (0..40).map(start).collect();
        yield_now().await;
        for task in tasks.iter().skip(1).step_by(4) {
            task.abort();
        }
        for (number, outcome) in gather_settled(tasks).await.into_iter().enumerate() {
            let is_expected = match &outcome {
                Ok(output) => *output == number && number % 10 != 0,
                Err(JoinError::Panicked(_)) => number % 10 == 0,
                Err(JoinError::Cancelled) => number % 4 == 1,
            };
            soak.expect(is_expected, || format!("task {number} ends with {outcome:?}"));
        }
        soak.did(Load::Chaos, 40);
        rest(10).await;
    }
}

/// A database in a file, which is gone when this is dropped.
struct File(PathBuf);

impl Drop for File {
    fn drop(&mut self) {
        let _is_gone = fs::remove_file(&self.0);
    }
}

async fn database(soak: Arc<Soak>) {
    let file = File(env::temp_dir().join(format!("soak-{}.db", process::id())));
    let outcome = transfers(&soak, &file).await;
    soak.expect(outcome.is_ok(), || format!("the database: {outcome:?}"));
}

/// Moves money between ten accounts. Whatever is given up in the middle, there is as much afterwards.
async fn transfers(soak: &Soak, file: &File) -> Result<(), PoolError<DbError>> {
    let db = Connection::create(&file.0).await.map_err(PoolError::Connect)?;
    let accounts = "CREATE TABLE account (id INTEGER PRIMARY KEY, balance INTEGER);
        INSERT INTO account (balance) VALUES (9), (9), (9), (9), (9), (9), (9), (9), (9), (9)";
    db.execute_batch(accounts).await.map_err(PoolError::Connect)?;
    let pool = Pool::new(3, DatabaseAt::new(&file.0));
    while soak.goes_on() {
        let transfers = (0..4).map(|number| {
            let pool = pool.clone();
            // One in four is given up, somewhere.
            let patience = (number == 0).then(|| Duration::from_micros(fastrand::u64(0..5000)));
            timeout(patience, transfer(pool, fastrand::i64(1..=10), fastrand::i64(1..=10)))
        });
        for outcome in join_all(transfers).await.into_iter().flatten() {
            outcome?;
        }
        let total = db.query("SELECT sum(balance) AS total FROM account", []).await;
        let total = total.and_then(|rows| rows[0].get::<i64>("total"));
        soak.expect(total == Ok(90), || format!("the accounts have {total:?} instead of 90"));
        soak.did(Load::Database, 4);
        rest(15).await;
    }
    Ok(())
}

async fn transfer(pool: Pool<DatabaseAt>, from: i64, to: i64) -> Result<(), PoolError<DbError>> {
    let lease = pool.lease().await?;
    let both = with(transaction(Connection::clone(&lease)), async |tx| {
        tx.execute("UPDATE account SET balance = balance - 1 WHERE id = ?", [from.into()]).await?;
        tx.execute("UPDATE account SET balance = balance + 1 WHERE id = ?", [to.into()]).await?;
        Ok(())
    });
    both.await.map_err(PoolError::Connect)
}
