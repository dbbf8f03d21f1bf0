//! What can go wrong with a database: each says what it was, loses nothing, and leaves everything else in order.
#![allow(clippy::unwrap_used, reason = "a test may")]

#[path = "support/scratch.rs"]
mod scratch;
mod support;

use std::fs::{self, OpenOptions};
use std::io::{Seek, SeekFrom, Write};
use std::rc::Rc;
use std::time::Duration;

use scratch::Scratch;
use step2::join;
use step3::{now, sleep, timeout};
use step4::{gather, run as run_really, spawn};
use step5::AsyncIterator;
use step6::{Connection, DatabaseAt, DbError, DbErrorKind, Pool, PoolError, transaction, with};
use support::{SECOND, run};

const ENTRIES: &str = "CREATE TABLE entries (n INTEGER)";

const INSERT: &str = "INSERT INTO entries VALUES (1)";

/// How long one waits for another connection's lock.
const PATIENCE: Duration = Duration::from_secs(5);

async fn open(file: &Scratch) -> Connection {
    Connection::open(file.path()).await.unwrap()
}

async fn count(db: &Connection) -> i64 {
    db.query("SELECT count(*) AS count FROM entries", []).await.unwrap()[0].get("count").unwrap()
}

/// Has someone else lock the file, so that nobody can read it.
fn locked(file: &Scratch) -> rusqlite::Connection {
    let outside = file.outside();
    outside.execute_batch("BEGIN EXCLUSIVE").unwrap();
    outside
}

// Locked.

#[test]
fn a_statement_on_a_locked_file_waits_for_five_seconds_and_says_so() {
    let file = Scratch::database(ENTRIES);
    run(async move {
        let db = open(&file).await;
        let lock = locked(&file);
        let error = db.execute(INSERT, []).await.unwrap_err();
        assert_eq!((error.kind(), now()), (DbErrorKind::Busy, PATIENCE));
        assert_eq!(error.to_string(), format!("could not run `{INSERT}`: database is locked"));
        drop(lock);
        assert_eq!(db.execute(INSERT, []).await, Ok(1));
        assert_eq!((count(&db).await, now()), (1, PATIENCE));
    });
}

#[test]
fn a_query_on_a_locked_file_waits_for_five_seconds_and_says_so() {
    let file = Scratch::database(ENTRIES);
    run(async move {
        let db = open(&file).await;
        let _lock = locked(&file);
        let error = db.query("SELECT n FROM entries", []).await.unwrap_err();
        assert_eq!((error.kind(), now()), (DbErrorKind::Busy, PATIENCE));
    });
}

#[test]
fn rows_of_a_locked_file_wait_for_five_seconds_and_say_so() {
    let file = Scratch::database(ENTRIES);
    run(async move {
        let mut db = open(&file).await;
        let _lock = locked(&file);
        let all = db.rows("SELECT n FROM entries", []).collect::<Vec<_>>().await;
        assert_eq!(all.len(), 1);
        assert_eq!((all[0].as_ref().unwrap_err().kind(), now()), (DbErrorKind::Busy, PATIENCE));
    });
}

#[test]
fn a_batch_on_a_locked_file_waits_for_five_seconds_and_says_so() {
    let file = Scratch::database(ENTRIES);
    run(async move {
        let db = open(&file).await;
        let _lock = locked(&file);
        assert_eq!(db.execute_batch(INSERT).await.unwrap_err().kind(), DbErrorKind::Busy);
        assert_eq!(now(), PATIENCE);
    });
}

#[test]
fn a_transaction_on_a_locked_file_waits_for_five_seconds_and_says_so() {
    let file = Scratch::database(ENTRIES);
    run(async move {
        let db = open(&file).await;
        let lock = locked(&file);
        let refused = with(transaction(db.clone()), async |_| -> Result<(), DbError> { panic!("it runs") });
        let error = refused.await.unwrap_err();
        assert_eq!((error.kind(), now()), (DbErrorKind::Busy, PATIENCE));
        assert_eq!(error.to_string(), "could not begin a transaction: database is locked");
        drop(lock);
        assert_eq!(count(&db).await, 0);
    });
}

/// Opening used to wait on a thread, in the system's time, as SQLite does if nobody tells it otherwise.
#[test]
fn opening_a_locked_file_waits_for_five_seconds_on_the_loops_clock_and_says_so() {
    let file = Scratch::database(ENTRIES);
    run(async move {
        let _lock = locked(&file);
        let error = Connection::open(file.path()).await.unwrap_err();
        assert_eq!((error.kind(), now()), (DbErrorKind::Busy, PATIENCE));
        let expected = format!("could not open the database {}: database is locked", file.path().display());
        assert_eq!(error.to_string(), expected);
    });
}

#[test]
fn a_commit_that_a_reader_keeps_from_the_file_waits_and_then_is_rolled_back() {
    let file = Scratch::database(&format!("{ENTRIES}; {INSERT}"));
    run(async move {
        let db = open(&file).await;
        let reader = file.outside();
        reader.execute_batch("BEGIN; SELECT n FROM entries").unwrap();
        let writes = with(transaction(db.clone()), async |tx| tx.execute(INSERT, []).await);
        let error = writes.await.unwrap_err();
        assert_eq!((error.kind(), now()), (DbErrorKind::Busy, PATIENCE));
        assert_eq!(error.to_string(), "could not commit a transaction: database is locked");
        drop(reader);
        file.can_be_written_at_once();
        assert_eq!(count(&db).await, 1);
    });
}

#[test]
fn a_statement_goes_on_when_the_lock_is_released() {
    let file = Scratch::database(ENTRIES);
    run(async move {
        let db = open(&file).await;
        let lock = locked(&file);
        let release = async {
            sleep(3 * SECOND).await;
            drop(lock);
        };
        assert_eq!(join(db.execute(INSERT, []), release).await.0, Ok(1));
        assert!((3 * SECOND..3 * SECOND + SECOND / 5).contains(&now()), "{:?}", now());
    });
}

#[test]
fn a_statement_goes_on_when_the_lock_is_released_in_the_systems_time_too() {
    let file = Scratch::database(ENTRIES);
    run_really(async move {
        let db = open(&file).await;
        let lock = locked(&file);
        let begin = now();
        let release = async {
            sleep(Duration::from_millis(30)).await;
            drop(lock);
        };
        assert_eq!(join(db.execute(INSERT, []), release).await.0, Ok(1));
        assert!(now() - begin >= Duration::from_millis(30));
    });
}

#[test]
fn whoever_waits_for_a_lock_holds_no_thread() {
    let file = Scratch::database(ENTRIES);
    run(async move {
        let lock = locked(&file);
        // Many more than there are threads.
        let waiting = (0..100).map(|_| {
            let path = file.path().to_owned();
            spawn(async move { Connection::open(path).await.map(drop) })
        });
        let waiting = spawn(gather(waiting.collect::<Vec<_>>()));
        sleep(SECOND).await;
        drop(lock);
        let opened = timeout(SECOND, waiting).await.unwrap().unwrap().unwrap();
        assert!(opened.iter().all(Result::is_ok));
    });
}

#[test]
fn twenty_connections_write_transactions_to_one_file_and_all_succeed() {
    let file = Rc::new(Scratch::database(ENTRIES));
    let theirs = Rc::clone(&file);
    run(async move {
        let writers = (0..20).map(|n| {
            let file = Rc::clone(&theirs);
            spawn(async move {
                let db = open(&file).await;
                let writes = with(transaction(db), async |tx| {
                    tx.execute("INSERT INTO entries VALUES (?)", [n.into()]).await?;
                    tx.execute("INSERT INTO entries VALUES (?)", [n.into()]).await
                });
                writes.await.unwrap();
            })
        });
        gather(writers).await.unwrap();
    });
    assert_eq!(file.number("SELECT count(*) FROM entries"), 40);
    // Nobody has written in between.
    assert_eq!(file.number("SELECT count(*) FROM entries a JOIN entries b ON b.rowid = a.rowid + 1 AND b.n = a.n AND a.rowid % 2 = 1"), 20);
}

// Not to be opened.

#[test]
fn a_file_that_is_not_there_is_named() {
    let file = Scratch::nothing();
    run(async move {
        let error = Connection::open(file.path()).await.unwrap_err();
        assert_eq!(error.kind(), DbErrorKind::CannotOpen);
        let text = error.to_string();
        assert!(text.contains(&*file.path().to_string_lossy()) && text.contains("unable to open"), "{text}");
    });
}

#[test]
fn a_folder_is_no_database() {
    let folder = Scratch::nothing();
    fs::create_dir(folder.path()).unwrap();
    run(async move {
        let error = Connection::create(folder.path()).await.unwrap_err();
        assert_eq!(error.kind(), DbErrorKind::CannotOpen);
        assert!(error.to_string().contains(&*folder.path().to_string_lossy()), "{error}");
    });
}

#[test]
fn a_file_of_something_else_is_no_database() {
    let file = Scratch::nothing();
    let text =
        "These are a hundred and some bytes of plain text, which nobody has ever taken for a database. "
            .repeat(9);
    fs::write(file.path(), &text).unwrap();
    run(async move {
        let error = Connection::open(file.path()).await.unwrap_err();
        assert_eq!(error.kind(), DbErrorKind::Damaged);
        assert!(error.to_string().contains("file is not a database"), "{error}");
        assert_eq!(fs::read_to_string(file.path()).unwrap(), text, "it is as it was");
    });
}

#[cfg(unix)]
#[test]
fn a_read_only_file_can_be_read_and_not_written() {
    let file = Scratch::database(&format!("{ENTRIES}; {INSERT}"));
    run(async move {
        // To the owner of all files, no file is read-only: the connection has to say so.
        let db = Connection::open(format!("file:{}?mode=ro", file.path().display())).await.unwrap();
        assert_eq!(count(&db).await, 1);
        let error = db.execute(INSERT, []).await.unwrap_err();
        assert_eq!(error.kind(), DbErrorKind::Other);
        assert!(error.to_string().contains("attempt to write a readonly database"), "{error}");
        assert_eq!(count(&db).await, 1);
    });
}

#[cfg(unix)]
#[test]
fn a_transaction_on_a_read_only_file_fails_with_its_first_write() {
    let file = Scratch::database(ENTRIES);
    run(async move {
        let db = Connection::open(format!("file:{}?mode=ro", file.path().display())).await.unwrap();
        let refused = with(transaction(db.clone()), async |tx| {
            assert_eq!(tx.query("SELECT n FROM entries", []).await, Ok(vec![]));
            tx.execute(INSERT, []).await
        });
        assert!(refused.await.unwrap_err().to_string().contains("attempt to write a readonly database"));
        assert_eq!(count(&db).await, 0);
    });
}

// Wrong statements.

/// Runs a statement that is wrong, returns its error, and sees that the connection is as good as before.
fn error_of(sql: &'static str, parameters: usize) -> DbError {
    run(async move {
        let db = Connection::in_memory().await.unwrap();
        let tables = "PRAGMA foreign_keys = ON;
            CREATE TABLE entries (n INTEGER NOT NULL UNIQUE); INSERT INTO entries VALUES (1);
            CREATE TABLE details (n INTEGER REFERENCES entries (n))";
        db.execute_batch(tables).await.unwrap();
        let error = db.execute(sql, vec![7.into(); parameters]).await.unwrap_err();
        let queried = db.query(sql, vec![7.into(); parameters]).await.unwrap_err();
        assert_eq!(queried.kind(), error.kind());
        assert_eq!(db.execute("INSERT INTO entries VALUES (2)", []).await, Ok(1));
        assert_eq!(count(&db).await, 2);
        error
    })
}

fn assert_error(sql: &'static str, parameters: usize, kind: DbErrorKind, reason: &str) {
    let error = error_of(sql, parameters);
    assert_eq!(error.kind(), kind);
    assert_eq!(error.to_string(), format!("could not run `{sql}`: {reason}"));
}

#[test]
fn wrong_sql_is_quoted_with_what_is_wrong_about_it() {
    assert_error("SELEC 1", 0, DbErrorKind::Sql, "near \"SELEC\": syntax error");
}

#[test]
fn a_table_that_is_not_there_is_named() {
    assert_error("INSERT INTO nowhere VALUES (1)", 0, DbErrorKind::Sql, "no such table: nowhere");
}

#[test]
fn too_few_parameters_are_counted() {
    let reason = "Wrong number of parameters passed to query. Got 1, needed 2";
    assert_error("INSERT INTO entries VALUES (?), (?)", 1, DbErrorKind::Sql, reason);
}

#[test]
fn too_many_parameters_are_counted() {
    let reason = "Wrong number of parameters passed to query. Got 2, needed 1";
    assert_error("INSERT INTO entries VALUES (?)", 2, DbErrorKind::Sql, reason);
}

#[test]
fn more_than_one_statement_is_refused_and_none_is_run() {
    let sql = "INSERT INTO entries VALUES (8); INSERT INTO entries VALUES (9)";
    assert_error(sql, 0, DbErrorKind::Sql, "more than one statement");
}

#[test]
fn a_second_entry_in_a_unique_column_is_refused() {
    let reason = "UNIQUE constraint failed: entries.n";
    assert_error("INSERT INTO entries VALUES (1)", 0, DbErrorKind::Constraint, reason);
}

#[test]
fn nothing_in_a_column_that_is_not_null_is_refused() {
    let reason = "NOT NULL constraint failed: entries.n";
    assert_error("INSERT INTO entries VALUES (NULL)", 0, DbErrorKind::Constraint, reason);
}

#[test]
fn a_reference_to_nothing_is_refused() {
    let reason = "FOREIGN KEY constraint failed";
    assert_error("INSERT INTO details VALUES (5)", 0, DbErrorKind::Constraint, reason);
}

#[test]
fn an_insert_of_many_rows_of_which_one_is_refused_inserts_none() {
    assert_eq!(error_of("INSERT INTO entries VALUES (5), (6), (1)", 0).kind(), DbErrorKind::Constraint);
}

// Damaged files, and dead connections in a pool.

/// Makes a database of many pages, and a pool of one connection to it that was used before.
async fn used_pool() -> (Pool<DatabaseAt>, Scratch) {
    let file = Scratch::database(&format!("{ENTRIES}; CREATE INDEX by_n ON entries (n)"));
    let outside = file.outside();
    let many =
        "INSERT INTO entries WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 10000)
        SELECT n FROM c";
    outside.execute_batch(many).unwrap();
    drop(outside);
    let pool = Pool::new(1, DatabaseAt::new(file.path())).wait_limit(SECOND);
    assert_eq!(sum(&pool).await, Ok(50_005_000));
    (pool, file)
}

async fn sum(pool: &Pool<DatabaseAt>) -> Result<i64, PoolError<DbError>> {
    let lease = pool.lease().await?;
    let rows =
        lease.query("SELECT sum(n) AS sum FROM entries NOT INDEXED", []).await.map_err(PoolError::Connect)?;
    Ok(rows[0].get("sum").unwrap())
}

fn kind(error: &PoolError<DbError>) -> Option<DbErrorKind> {
    match error {
        PoolError::Connect(error) => Some(error.kind()),
        PoolError::TimedOut { .. } => None,
    }
}

/// Damages the file under a pool, sees that everybody is told, restores it, and sees that all goes on.
fn damage_and_restore(damage: impl FnOnce(&Scratch) + 'static, expected: DbErrorKind) {
    run(async move {
        let (pool, file) = used_pool().await;
        let good = fs::read(file.path()).unwrap();
        damage(&file);
        for _ in 0..3 {
            let error = sum(&pool).await.unwrap_err();
            assert_eq!(kind(&error), Some(expected), "{error}");
            assert_eq!(pool.lent(), 0);
        }
        fs::write(file.path(), good).unwrap();
        assert_eq!(sum(&pool).await, Ok(50_005_000));
        assert_eq!((pool.lent(), pool.idle()), (0, 1));
    });
}

fn overwrite(file: &Scratch, from: u64, bytes: &[u8]) {
    let mut file = OpenOptions::new().write(true).open(file.path()).unwrap();
    file.seek(SeekFrom::Start(from)).unwrap();
    file.write_all(bytes).unwrap();
}

#[test]
fn a_header_that_is_overwritten_under_a_pool_is_noticed_and_forgotten_when_it_is_good_again() {
    damage_and_restore(|file| overwrite(file, 0, &[7; 100]), DbErrorKind::Damaged);
}

#[test]
fn a_file_that_is_cut_off_under_a_pool_is_noticed_and_forgotten_when_it_is_good_again() {
    let cut = |file: &Scratch| {
        OpenOptions::new().write(true).open(file.path()).unwrap().set_len(3 * 4096).unwrap();
    };
    damage_and_restore(cut, DbErrorKind::Damaged);
}

#[test]
fn a_file_that_becomes_something_else_under_a_pool_is_noticed_and_forgotten_when_it_is_good_again() {
    damage_and_restore(|file| fs::write(file.path(), vec![b'x'; 50_000]).unwrap(), DbErrorKind::Damaged);
}

#[test]
#[cfg_attr(not(unix), ignore = "elsewhere, a file that is open cannot be removed")]
fn a_file_that_is_lost_under_a_pool_is_noticed_and_forgotten_when_it_is_there_again() {
    damage_and_restore(|file| fs::remove_file(file.path()).unwrap(), DbErrorKind::CannotOpen);
}

#[test]
fn a_damaged_page_is_an_error_of_the_statement_that_reads_it_and_of_no_other() {
    run(async {
        let (pool, file) = used_pool().await;
        drop(pool);
        overwrite(&file, 3 * 4096, &vec![0xff; 10 * 4096]);
        let db = open(&file).await;
        let error = db.query("SELECT sum(n) FROM entries NOT INDEXED", []).await.unwrap_err();
        assert_eq!(error.kind(), DbErrorKind::Damaged);
        assert!(error.to_string().contains("database disk image is malformed"), "{error}");
        assert_eq!(db.query("SELECT 1", []).await.unwrap().len(), 1);
    });
}

#[test]
fn a_file_that_is_damaged_inside_a_transaction_is_an_error_and_the_lease_comes_back() {
    run(async {
        let (pool, file) = used_pool().await;
        let good = fs::read(file.path()).unwrap();
        let lease = pool.lease().await.unwrap();
        let outcome = with(transaction(lease), async |tx| {
            overwrite(&file, 3 * 4096, &vec![0xff; good.len() - 3 * 4096]);
            tx.query("SELECT n FROM entries ORDER BY n DESC", []).await
        });
        assert_eq!(outcome.await.unwrap_err().kind(), DbErrorKind::Damaged);
        assert_eq!(pool.lent(), 0);
        fs::write(file.path(), good).unwrap();
        assert_eq!(sum(&pool).await, Ok(50_005_000));
    });
}

#[test]
fn a_connection_that_is_closed_during_its_transaction_is_closed_after_it_and_replaced() {
    run(async {
        let (pool, _file) = used_pool().await;
        let lease = pool.lease().await.unwrap();
        let clone = (*lease).clone();
        let writes = with(transaction(lease), async |tx| {
            let closing = spawn(async move { clone.close().await });
            sleep(SECOND).await;
            tx.execute(INSERT, []).await?;
            Ok::<_, DbError>(closing)
        });
        writes.await.unwrap().await.unwrap().unwrap();
        assert_eq!(sum(&pool).await, Ok(50_005_001));
        assert_eq!((pool.lent(), pool.idle()), (0, 1));
    });
}

#[test]
fn a_pool_that_cannot_connect_says_why_to_each_who_asks_and_goes_on_when_it_can() {
    let file = Scratch::nothing();
    run(async move {
        let pool = Pool::new(1, DatabaseAt::new(file.path())).wait_limit(SECOND);
        let askers = (0..5).map(|_| {
            let pool = pool.clone();
            spawn(async move { pool.lease().await.map(drop) })
        });
        for asked in gather(askers).await.unwrap() {
            assert_eq!(kind(&asked.unwrap_err()), Some(DbErrorKind::CannotOpen));
        }
        assert_eq!((pool.lent(), pool.idle()), (0, 0));
        Connection::create(file.path()).await.unwrap().execute_batch(ENTRIES).await.unwrap();
        assert_eq!(pool.lease().await.unwrap().execute(INSERT, []).await, Ok(1));
    });
}

#[test]
fn a_pool_on_a_file_that_is_locked_for_long_says_so_and_goes_on_when_it_is_free() {
    run(async {
        let (pool, file) = used_pool().await;
        let lock = locked(&file);
        assert_eq!(kind(&sum(&pool).await.unwrap_err()), Some(DbErrorKind::Busy));
        assert_eq!(pool.lent(), 0);
        drop(lock);
        assert_eq!(sum(&pool).await, Ok(50_005_000));
    });
}
