//! A database that other *processes* lock, and that dies with them: who waits for a lock gets it, or is told; and after a process
//! that was killed in the middle of whatever it did, the file is as it was before or after, and never in between.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test may")]

mod support;

use std::env;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Stdio};
use std::rc::Rc;
use std::time::Duration;
use std::{fs, thread};

use fastrand::Rng;
use step3::{now, sleep};
use step4::{JoinHandle, gather, run, spawn, unblock};
use step6::{Connection, DatabaseAt, DbError, DbErrorKind, Pool, transaction, with};
use support::{Folder, another_process, each_case, ms, this_test};

/// How many accounts there are, and what is in all of them together: transfers never change that.
const ACCOUNTS: i64 = 200;
const EACH: i64 = 100;

const FILE: &str = "FAULTS_DATABASE";

/// Another process, which runs the same test as this one, but its other half.
struct Other {
    process: Child,
    to: ChildStdin,
    from: BufReader<ChildStdout>,
}

impl Other {
    fn start(path: &Path) -> Self {
        Self::start_test(&this_test(), path)
    }

    fn start_test(test: &str, path: &Path) -> Self {
        let mut command = another_process(test);
        command.env(FILE, path).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = command.spawn().unwrap();
        let (to, from) = (process.stdin.take().unwrap(), process.stdout.take().unwrap());
        Self { process, to, from: BufReader::new(from) }
    }

    /// Waits until it says `word`.
    fn says(&mut self, word: &str) {
        let mut line = String::new();
        while self.from.read_line(&mut line).unwrap() > 0 {
            if line.trim_end().ends_with(word) {
                return;
            }
            line.clear();
        }
        panic!("it has ended, and has not said `{word}`");
    }

    fn go_on(&mut self) {
        self.to.write_all(b"\n").unwrap();
    }
}

impl Drop for Other {
    /// As `kill -9` does.
    fn drop(&mut self) {
        let _ended_before = self.process.kill();
        self.process.wait().unwrap();
    }
}

/// The path, if this is the other process.
fn in_other() -> Option<PathBuf> {
    env::var_os(FILE).map(PathBuf::from)
}

fn say(word: &str) {
    println!("{word}");
}

fn wait_for_go_on() {
    std::io::stdin().read_line(&mut String::new()).unwrap();
}

fn outside(path: &Path) -> rusqlite::Connection {
    let outside = rusqlite::Connection::open(path).unwrap();
    outside.busy_timeout(Duration::ZERO).unwrap();
    outside
}

fn make(path: &Path) {
    let accounts = format!(
        "CREATE TABLE accounts (id INTEGER PRIMARY KEY, balance INTEGER, filler BLOB);
        INSERT INTO accounts WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < {ACCOUNTS})
        SELECT i, {EACH}, zeroblob(2000) FROM n"
    );
    outside(path).execute_batch(&accounts).unwrap();
}

async fn total(db: &Connection) -> Result<i64, DbError> {
    db.query("SELECT sum(balance) AS sum FROM accounts", []).await?[0].get("sum")
}

async fn assert_sound(db: &Connection) {
    let rows = db.query("PRAGMA integrity_check", []).await.unwrap();
    assert_eq!(rows[0].get::<String>("integrity_check").unwrap(), "ok");
    assert_eq!(total(db).await, Ok(ACCOUNTS * EACH));
}

const TAKE: &str = "UPDATE accounts SET balance = balance - ? WHERE id = ?";

async fn transfer(pool: &Pool<DatabaseAt>, from: i64, to: i64, amount: i64) -> Result<(), DbError> {
    let lease = pool.lease().await?;
    with(transaction(lease), async |tx| {
        tx.execute(TAKE, [amount.into(), from.into()]).await?;
        tx.execute(TAKE, [(-amount).into(), to.into()]).await?;
        Ok(())
    })
    .await
}

/// Holds a lock until it is told to go on, or is killed.
fn hold_lock(path: &Path) {
    let outside = outside(path);
    outside.execute_batch("BEGIN EXCLUSIVE; UPDATE accounts SET balance = 0").unwrap();
    say("locked");
    wait_for_go_on();
    outside.execute_batch("ROLLBACK").unwrap();
    say("unlocked");
    wait_for_go_on();
}

/// Makes a database, and another process that holds its lock.
fn locked_by_another() -> (Folder, PathBuf, Other) {
    let folder = Folder::new();
    let path = folder.join("a.db");
    make(&path);
    let mut other = Other::start(&path);
    other.says("locked");
    (folder, path, other)
}

/// Starts so many transfers, each in a task of its own.
fn start_transfers(pool: &Pool<DatabaseAt>, count: i64) -> Vec<JoinHandle<Result<(), DbError>>> {
    let start = |n| {
        let pool = pool.clone();
        spawn(async move { transfer(&pool, n, n + 1, 5).await })
    };
    (0..count).map(start).collect()
}

#[test]
fn a_lock_of_another_process_is_waited_for() {
    if let Some(path) = in_other() {
        return hold_lock(&path);
    }
    let (_folder, path, mut other) = locked_by_another();
    run(async move {
        let pool = Pool::new(4, DatabaseAt::new(&path));
        let transfers = start_transfers(&pool, 20);
        sleep(ms(150)).await;
        assert!(transfers.iter().all(|transfer| !transfer.is_finished()), "it is locked");
        other.go_on();
        for outcome in gather(transfers).await.unwrap() {
            outcome.unwrap();
        }
        assert_eq!(pool.lent(), 0);
        assert_sound(&pool.lease().await.unwrap()).await;
    });
}

#[test]
fn a_lock_of_a_process_that_is_killed_is_free_at_once() {
    if let Some(path) = in_other() {
        return hold_lock(&path);
    }
    let (_folder, path, other) = locked_by_another();
    run(async move {
        let pool = Pool::new(2, DatabaseAt::new(&path));
        let waiting = start_transfers(&pool, 10);
        sleep(ms(50)).await;
        unblock(move || drop(other)).await;
        for outcome in gather(waiting).await.unwrap() {
            outcome.unwrap();
        }
        assert_sound(&pool.lease().await.unwrap()).await;
    });
}

#[test]
fn a_lock_that_stays_is_an_error_after_five_seconds_and_the_pool_goes_on_after_it() {
    if let Some(path) = in_other() {
        return hold_lock(&path);
    }
    let (_folder, path, mut other) = locked_by_another();
    run(async move {
        let pool = Pool::new(2, DatabaseAt::new(&path));
        let began = now();
        let error = transfer(&pool, 0, 1, 5).await.unwrap_err();
        assert_eq!(error.kind(), DbErrorKind::Busy, "{error}");
        assert!(now() - began >= Duration::from_secs(5), "it has waited for {:?} only", now() - began);
        assert_eq!(pool.lent(), 0);
        other.go_on();
        other.says("unlocked");
        transfer(&pool, 0, 1, 5).await.unwrap();
        assert_sound(&pool.lease().await.unwrap()).await;
    });
}

/// The other process has changed most of the file, on the disk as well, and its journal knows how it was: SQLite calls that one hot.
#[test]
fn what_a_killed_process_had_half_written_is_undone_by_whoever_opens_the_file_next() {
    if let Some(path) = in_other() {
        let outside = outside(&path);
        outside.execute_batch("PRAGMA cache_size = 2; PRAGMA cache_spill = 1; BEGIN").unwrap();
        outside.execute_batch("UPDATE accounts SET balance = 0, filler = randomblob(2000)").unwrap();
        say("half written");
        return wait_for_go_on();
    }
    let folder = Folder::new();
    let path = folder.join("a.db");
    make(&path);
    // One connection that is there from before, in a pool, and one that comes later.
    run(async move {
        let pool = Pool::new(1, DatabaseAt::new(&path));
        assert_sound(&pool.lease().await.unwrap()).await;
        let before = fs::read(&path).unwrap();
        let mut other = Other::start(&path);
        other.says("half written");
        unblock(move || drop(other)).await;
        let journal = path.with_extension("db-journal");
        assert!(fs::metadata(&journal).unwrap().len() > 0, "it was killed with a hot journal");
        assert_ne!(fs::read(&path).unwrap(), before, "the file is half written");
        assert_sound(&pool.lease().await.unwrap()).await;
        assert!(!journal.exists() || fs::metadata(&journal).unwrap().len() == 0);
        assert_sound(&Connection::open(&path).await.unwrap()).await;
    });
}

/// Transfers money until it is killed: on a pool, with tasks that are cancelled in between.
fn transfer_for_ever(path: PathBuf) {
    run(async move {
        let pool = Pool::new(3, DatabaseAt::new(path));
        let tasks = (0..6).map(|seed| {
            let (pool, mut rng) = (pool.clone(), Rng::with_seed(seed));
            spawn(async move {
                loop {
                    let (from, to) = (rng.i64(0..ACCOUNTS), rng.i64(0..ACCOUNTS));
                    let transfer = transfer(&pool, from, to, rng.i64(1..50));
                    drop(step3::timeout(ms(rng.u64(1..30)), transfer).await);
                }
            })
        });
        say("begun");
        gather(tasks).await.unwrap();
    });
}

#[test]
fn our_own_process_killed_at_any_moment_leaves_all_money_in_place() {
    if let Some(path) = in_other() {
        return transfer_for_ever(path);
    }
    let test = this_test();
    each_case(8, move |mut rng| {
        let folder = Folder::new();
        let path = folder.join("a.db");
        make(&path);
        for _ in 0..2 {
            let mut others: Vec<_> = (0..2).map(|_| Other::start_test(&test, &path)).collect();
            others.iter_mut().for_each(|other| other.says("begun"));
            thread::sleep(ms(rng.u64(0..120)));
            drop(others);
            let path = path.clone();
            run(async move {
                let pool = Pool::new(1, DatabaseAt::new(&path));
                assert_sound(&pool.lease().await.unwrap()).await;
                transfer(&pool, 0, 1, 1).await.unwrap();
            });
        }
    });
}

/// A backup program, say, that puts another file in the place of the one that is in use.
#[test]
fn a_file_that_another_process_replaces_is_the_one_that_the_next_lease_sees() {
    let folder = Folder::new();
    let (path, other) = (folder.join("a.db"), folder.join("b.db"));
    make(&path);
    make(&other);
    outside(&other).execute_batch("UPDATE accounts SET balance = 1 WHERE id = 0").unwrap();
    run(async move {
        let pool = Rc::new(Pool::new(2, DatabaseAt::new(&path)));
        let (first, second) = (pool.lease().await.unwrap(), pool.lease().await.unwrap());
        assert_eq!(total(&first).await, Ok(ACCOUNTS * EACH));
        drop((first, second));
        fs::rename(&other, &path).unwrap();
        for _ in 0..3 {
            let lease = pool.lease().await.unwrap();
            assert_eq!(total(&lease).await, Ok(ACCOUNTS * EACH - EACH + 1));
        }
        fs::remove_file(&path).unwrap();
        assert!(pool.lease().await.is_err(), "there is none");
        assert_eq!(pool.lent(), 0);
        make(&path);
        assert_sound(&pool.lease().await.unwrap()).await;
    });
}
