//! Transactions: all or nothing, on every path, and nobody in between.
#![allow(clippy::unwrap_used, reason = "a test may")]

#[path = "support/scratch.rs"]
mod scratch;
mod support;

use std::cell::{Cell, RefCell};
use std::future::{Future, pending};
use std::rc::Rc;
use std::time::Duration;

use scratch::Scratch;
use step2::{join, yield_now};
use step3::{Elapsed, now, sleep, timeout};
use step4::{gather, spawn};
use step5::for_await;
use step6::{Connection, DbError, DbErrorKind, Mutex, Transaction, transaction, with};
use support::{SECOND, begun, panic_at, poll_once, run, turns};

const ENTRIES: &str = "CREATE TABLE entries (n INTEGER)";

/// Takes minutes, unless it is stopped.
const SLOW_INSERT: &str = "INSERT INTO entries WITH RECURSIVE count(n) AS \
    (SELECT 1 UNION ALL SELECT n + 1 FROM count WHERE n < 1000000000) SELECT n FROM count";

/// A database in memory with a table of entries.
async fn in_memory() -> Connection {
    let db = Connection::in_memory().await.unwrap();
    db.execute_batch(ENTRIES).await.unwrap();
    db
}

async fn entries(db: &Connection) -> Vec<i64> {
    let rows = db.query("SELECT n FROM entries ORDER BY rowid", []).await.unwrap();
    rows.iter().map(|row| row.get("n").unwrap()).collect()
}

async fn insert(tx: &Transaction<Connection>, n: i64) -> Result<usize, DbError> {
    tx.execute("INSERT INTO entries VALUES (?)", [n.into()]).await
}

/// Begins a transaction that inserts 1 and then never ends.
async fn insert_and_wait(db: Connection) -> Result<(), DbError> {
    with(transaction(db), async |tx| {
        insert(tx, 1).await?;
        pending().await
    })
    .await
}

#[test]
fn a_body_that_returns_is_committed() {
    run(async {
        let db = in_memory().await;
        let last = with(transaction(db.clone()), async |tx| {
            insert(tx, 1).await?;
            insert(tx, 2).await?;
            Ok::<_, DbError>("done")
        });
        assert_eq!(last.await, Ok("done"));
        assert_eq!(entries(&db).await, [1, 2]);
    });
}

#[test]
fn a_transaction_of_nothing_is_fine() {
    run(async {
        let empty = with(transaction(in_memory().await), async |_| Ok::<(), DbError>(()));
        assert_eq!(empty.await, Ok(()));
    });
}

#[test]
fn a_body_that_fails_is_rolled_back_and_its_error_is_the_result() {
    run(async {
        let db = in_memory().await;
        let failed = with(transaction(db.clone()), async |tx| {
            insert(tx, 1).await?;
            tx.execute("INSERT INTO nowhere VALUES (1)", []).await
        });
        assert!(failed.await.unwrap_err().to_string().contains("no such table: nowhere"));
        assert_eq!(entries(&db).await, [0_i64; 0]);
    });
}

#[test]
fn a_statement_that_fails_and_is_forgiven_undoes_nothing_else() {
    run(async {
        let db = in_memory().await;
        let forgiving = with(transaction(db.clone()), async |tx| {
            insert(tx, 1).await?;
            assert!(tx.execute("INSERT INTO nowhere VALUES (1)", []).await.is_err());
            insert(tx, 2).await
        });
        assert_eq!(forgiving.await, Ok(1));
        assert_eq!(entries(&db).await, [1, 2]);
    });
}

#[test]
fn a_body_that_panics_is_rolled_back_before_the_panic_goes_on() {
    run(async {
        let db = in_memory().await;
        let panics = with(transaction(db.clone()), async |tx| -> Result<(), DbError> {
            insert(tx, 1).await?;
            panic!("no bread")
        });
        assert_eq!(panic_at(panics).await, "no bread");
        assert_eq!(entries(&db).await, [0_i64; 0]);
    });
}

/// Begins a transaction that never ends, has `cancel` do so, and returns what another program sees then.
fn left_by<F: Future<Output = ()>>(cancel: impl FnOnce(Connection, Rc<Scratch>) -> F + 'static) -> i64 {
    let file = Rc::new(Scratch::database(ENTRIES));
    let theirs = Rc::clone(&file);
    run(async move {
        let db = Connection::open(theirs.path()).await.unwrap();
        cancel(db, theirs).await;
    });
    file.can_be_written_at_once();
    file.number("SELECT count(*) FROM entries")
}

#[test]
fn a_body_that_is_dropped_is_rolled_back() {
    let left = left_by(|db, file| async move {
        let mut waits = Box::pin(insert_and_wait(db.clone()));
        while !file.is_being_written() {
            assert!(poll_once(&mut waits).await.is_pending());
            yield_now().await;
        }
        drop(waits);
        assert_eq!(entries(&db).await, [0_i64; 0], "which waits for the rollback");
        file.can_be_written_at_once();
    });
    assert_eq!(left, 0);
}

#[test]
fn a_body_that_runs_into_a_timeout_is_rolled_back() {
    let left = left_by(|db, file| async move {
        assert_eq!(timeout(SECOND, insert_and_wait(db.clone())).await, Err(Elapsed));
        assert_eq!(entries(&db).await, [0_i64; 0]);
        file.can_be_written_at_once();
    });
    assert_eq!(left, 0);
}

#[test]
fn a_body_whose_task_is_aborted_is_rolled_back() {
    let left = left_by(|db, file| async move {
        let task = spawn(insert_and_wait(db.clone()));
        sleep(SECOND).await;
        assert!(file.is_being_written() && task.abort());
        assert!(task.await.is_err());
        assert_eq!(entries(&db).await, [0_i64; 0]);
        file.can_be_written_at_once();
    });
    assert_eq!(left, 0);
}

#[test]
fn a_body_that_is_cancelled_by_the_end_of_main_is_rolled_back_before_run_returns() {
    let left = left_by(|db, file| async move {
        drop(spawn(insert_and_wait(db)));
        sleep(SECOND).await;
        assert!(file.is_being_written());
    });
    assert_eq!(left, 0);
}

#[test]
fn a_body_that_is_cancelled_without_any_grace_leaves_nothing_open() {
    let file = Rc::new(Scratch::database(ENTRIES));
    let theirs = Rc::clone(&file);
    support::run_with_grace(Duration::ZERO, async move {
        let db = Connection::open(theirs.path()).await.unwrap();
        drop(spawn(insert_and_wait(db)));
        sleep(SECOND).await;
        assert!(theirs.is_being_written());
    });
    file.can_be_written_at_once();
    assert_eq!(file.number("SELECT count(*) FROM entries"), 0);
}

#[test]
fn a_connection_whose_rollback_did_not_run_rolls_back_before_its_next_statement() {
    let file = Rc::new(Scratch::database(ENTRIES));
    let theirs = Rc::clone(&file);
    let (db, _) = support::run_with_grace(Duration::ZERO, async move {
        let db = Connection::open(theirs.path()).await.unwrap();
        drop(spawn(insert_and_wait(db.clone())));
        sleep(SECOND).await;
        db
    });
    run(async move {
        assert_eq!(entries(&db).await, [0_i64; 0]);
        file.can_be_written_at_once();
    });
}

#[test]
fn a_commit_that_has_begun_is_finished_although_its_with_is_dropped() {
    run(async {
        let db = in_memory().await;
        let is_returning = Rc::new(Cell::new(false));
        let flag = Rc::clone(&is_returning);
        let mut writes = Box::pin(with(transaction(db.clone()), async |tx| {
            insert(tx, 1).await?;
            flag.set(true);
            Ok::<(), DbError>(())
        }));
        while !is_returning.get() {
            assert!(poll_once(&mut writes).await.is_pending());
            yield_now().await;
        }
        drop(writes);
        assert_eq!(entries(&db).await, [1]);
    });
}

/// Makes a family: a child needs its parent when its transaction ends.
async fn family() -> Connection {
    let db = Connection::in_memory().await.unwrap();
    let tables = "PRAGMA foreign_keys = ON; CREATE TABLE parent (id INTEGER PRIMARY KEY);
        CREATE TABLE child (parent INTEGER REFERENCES parent DEFERRABLE INITIALLY DEFERRED)";
    db.execute_batch(tables).await.unwrap();
    db
}

#[test]
fn a_commit_that_fails_is_the_error_of_the_block() {
    run(async {
        let db = family().await;
        let orphan = with(transaction(db), async |tx| tx.execute("INSERT INTO child VALUES (7)", []).await);
        let error = orphan.await.unwrap_err();
        assert_eq!(error.kind(), DbErrorKind::Constraint);
        assert_eq!(error.to_string(), "could not commit a transaction: FOREIGN KEY constraint failed");
    });
}

#[test]
fn a_commit_that_fails_is_rolled_back_and_the_connection_goes_on() {
    run(async {
        let db = family().await;
        let orphan =
            with(transaction(db.clone()), async |tx| tx.execute("INSERT INTO child VALUES (7)", []).await);
        orphan.await.unwrap_err();
        assert_eq!(db.query("SELECT * FROM child", []).await, Ok(vec![]));
        let both = with(transaction(db.clone()), async |tx| {
            tx.execute("INSERT INTO child VALUES (7)", []).await?;
            tx.execute("INSERT INTO parent VALUES (7)", []).await
        });
        assert_eq!(both.await, Ok(1));
        assert_eq!(db.query("SELECT * FROM child", []).await.unwrap().len(), 1);
    });
}

#[test]
fn what_a_transaction_has_written_it_sees_and_nobody_else_does_before_the_commit() {
    let file = Scratch::database(ENTRIES);
    run(async move {
        let db = Connection::open(file.path()).await.unwrap();
        let seen = with(transaction(db), async |tx| {
            insert(tx, 1).await?;
            assert_eq!(tx.query("SELECT n FROM entries", []).await?.len(), 1);
            Ok::<_, DbError>(file.number("SELECT count(*) FROM entries"))
        });
        assert_eq!(seen.await, Ok(0));
        assert_eq!(file.number("SELECT count(*) FROM entries"), 1);
    });
}

#[test]
fn statements_of_others_on_the_same_connection_wait_until_it_has_ended() {
    run(async {
        let db = in_memory().await;
        let writes = with(transaction(db.clone()), async |tx| {
            insert(tx, 1).await?;
            sleep(SECOND).await;
            insert(tx, 2).await
        });
        let reads = async {
            sleep(SECOND / 2).await;
            let rows = db.query("SELECT n FROM entries", []).await.unwrap();
            (rows.len(), now())
        };
        let (written, read) = join(writes, reads).await;
        assert_eq!((written, read), (Ok(1), (2, SECOND)));
    });
}

#[test]
fn statements_and_transactions_stand_in_one_line() {
    run(async {
        let db = in_memory().await;
        let order = Rc::new(RefCell::new(Vec::new()));
        let mut tasks = Vec::new();
        for n in 0..6 {
            let (db, order) = (db.clone(), Rc::clone(&order));
            tasks.push(spawn(async move {
                if n % 2 == 0 {
                    let writes = with(transaction(db), async |tx| {
                        turns(3).await;
                        insert(tx, n).await
                    });
                    writes.await.unwrap();
                } else {
                    db.execute("INSERT INTO entries VALUES (?)", [n.into()]).await.unwrap();
                }
                order.borrow_mut().push(n);
            }));
        }
        gather(tasks).await.unwrap();
        assert_eq!((entries(&db).await, order.take()), ((0..6).collect(), (0..6).collect()));
    });
}

#[test]
fn statements_of_one_body_may_overlap_and_run_one_after_the_other() {
    run(async {
        let db = in_memory().await;
        let both = with(transaction(db.clone()), async |tx| {
            let (one, two) = join(insert(tx, 1), insert(tx, 2)).await;
            one.and(two)
        });
        assert_eq!(both.await, Ok(1));
        assert_eq!(entries(&db).await, [1, 2]);
    });
}

#[test]
fn two_connections_take_turns_with_the_file() {
    let file = Scratch::database(ENTRIES);
    run(async move {
        let writers = (0..2).map(|n| {
            let path = file.path().to_owned();
            spawn(async move {
                let db = Connection::open(path).await.unwrap();
                let writes = with(transaction(db), async |tx| {
                    insert(tx, n).await?;
                    sleep(SECOND).await;
                    insert(tx, n).await
                });
                writes.await.unwrap();
            })
        });
        gather(writers).await.unwrap();
        assert!(now() >= 2 * SECOND, "one after the other");
        let entries = entries(&Connection::open(file.path()).await.unwrap()).await;
        assert!(entries == [0, 0, 1, 1] || entries == [1, 1, 0, 0], "{entries:?}");
    });
}

/// It went unnoticed, and what came after it was told that the transaction had been rolled back: of one that was committed.
#[test]
fn a_statement_that_ends_its_transaction_is_an_error() {
    run(async {
        for (sql, left) in [("COMMIT", vec![1_i64]), ("ROLLBACK", vec![])] {
            let db = in_memory().await;
            let ended = with(transaction(db.clone()), async |tx| {
                insert(tx, 1).await?;
                let error = tx.execute_batch(sql).await.unwrap_err();
                assert_eq!(error.kind(), DbErrorKind::Sql);
                assert!(error.to_string().contains("it ended the transaction"), "{error}");
                let error = insert(tx, 2).await.unwrap_err();
                assert_eq!(error.kind(), DbErrorKind::RolledBack);
                assert!(error.to_string().ends_with("the transaction has ended before that"), "{error}");
                Ok::<(), DbError>(())
            });
            assert_eq!(ended.await.unwrap_err().kind(), DbErrorKind::RolledBack);
            assert_eq!(entries(&db).await, left);
        }
    });
}

// A statement that is given up inside.

#[test]
fn after_a_write_that_was_given_up_half_way_statements_fail_and_nothing_is_committed() {
    let file = Scratch::database(ENTRIES);
    run(async move {
        let db = Connection::open(file.path()).await.unwrap();
        let ended = with(transaction(db.clone()), async |tx| {
            insert(tx, 1).await?;
            let before = file.path().metadata().unwrap().len();
            let mut slow = Box::pin(tx.execute(SLOW_INSERT, []));
            // It has begun when it has more to write than it may keep in memory.
            while file.path().metadata().unwrap().len() == before {
                assert!(poll_once(&mut slow).await.is_pending());
                yield_now().await;
            }
            drop(slow);
            let error = insert(tx, 2).await.unwrap_err();
            assert_eq!(error.kind(), DbErrorKind::RolledBack);
            Ok::<(), DbError>(())
        });
        let error = ended.await.unwrap_err();
        assert_eq!(error.kind(), DbErrorKind::RolledBack);
        assert_eq!(
            error.to_string(),
            "could not commit a transaction: the transaction has ended before that"
        );
        assert_eq!(entries(&db).await, [0_i64; 0]);
        file.can_be_written_at_once();
    });
}

/// Its statements may be over when it is given up, and others not begun: there is nothing to interrupt then.
#[test]
fn after_a_batch_that_was_given_up_half_way_nothing_is_committed() {
    let file = Scratch::database(ENTRIES);
    let batch = "INSERT INTO entries VALUES (1);".repeat(100_000);
    run(async move {
        let db = Connection::open(file.path()).await.unwrap();
        let ended = with(transaction(db.clone()), async |tx| {
            let mut running = Box::pin(tx.execute_batch(&batch));
            while !file.is_being_written() {
                assert!(poll_once(&mut running).await.is_pending());
                yield_now().await;
            }
            drop(running);
            Ok::<(), DbError>(())
        });
        assert_eq!(ended.await.unwrap_err().kind(), DbErrorKind::RolledBack);
        assert_eq!(entries(&db).await, [0_i64; 0]);
    });
}

#[test]
fn rows_that_are_left_early_undo_nothing() {
    run(async {
        let db = in_memory().await;
        let writes = with(transaction(db.clone()), async |tx| {
            insert(tx, 1).await?;
            let endless = "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c) SELECT n FROM c";
            for_await!(row in tx.rows(endless, []) => {
                if row?.get::<i64>("n")? == 50 {
                    break;
                }
            });
            insert(tx, 2).await
        });
        assert_eq!(writes.await, Ok(1));
        assert_eq!(entries(&db).await, [1, 2]);
    });
}

#[test]
fn a_statement_that_is_given_up_before_it_has_begun_undoes_nothing() {
    run(async {
        let db = in_memory().await;
        let writes = with(transaction(db.clone()), async |tx| {
            let first = begun(insert(tx, 1));
            drop(begun(insert(tx, 2))); // It waits for the first.
            first.await
        });
        assert_eq!(writes.await, Ok(1));
        assert_eq!(entries(&db).await, [1]);
    });
}

// A BEGIN that is given up.

#[test]
fn a_begin_that_is_given_up_at_any_moment_leaves_nothing_open() {
    let file = Scratch::database(ENTRIES);
    run(async move {
        let db = Connection::open(file.path()).await.unwrap();
        for attempt in 0..100 {
            let mut beginning = begun(insert_and_wait(db.clone()));
            turns(10 * attempt).await;
            let _still_waits = poll_once(&mut beginning).await;
            drop(beginning);
            assert_eq!(entries(&db).await, [0_i64; 0], "attempt {attempt}");
            file.can_be_written_at_once();
        }
    });
}

#[test]
fn a_begin_that_is_given_up_while_it_waits_for_its_turn_passes_that_on() {
    run(async {
        let db = in_memory().await;
        let mut first = begun(db.query("SELECT 1", []));
        drop(begun(insert_and_wait(db.clone())));
        let behind = begun(db.execute("INSERT INTO entries VALUES (7)", []));
        assert!(first.as_mut().await.is_ok());
        assert_eq!(timeout(SECOND, behind).await, Ok(Ok(1)));
    });
}

#[test]
fn a_begin_that_is_given_up_while_it_waits_for_a_lock_never_begins() {
    let file = Scratch::database(ENTRIES);
    run(async move {
        let db = Connection::open(file.path()).await.unwrap();
        let outside = file.outside();
        outside.execute_batch("BEGIN IMMEDIATE").unwrap();
        assert_eq!(timeout(SECOND, insert_and_wait(db.clone())).await, Err(Elapsed));
        outside.execute_batch("COMMIT").unwrap();
        sleep(10 * SECOND).await;
        file.can_be_written_at_once();
        assert_eq!(entries(&db).await, [0_i64; 0]);
    });
}

// A suspension point is a switch point.

const DEPOSITS: usize = 100;

async fn account() -> Connection {
    let db = Connection::in_memory().await.unwrap();
    db.execute_batch("CREATE TABLE account (balance INTEGER); INSERT INTO account VALUES (0)").await.unwrap();
    db
}

async fn balance(db: &Connection) -> i64 {
    db.query("SELECT balance FROM account", []).await.unwrap()[0].get("balance").unwrap()
}

/// Runs all deposits at once, each as a task, and returns the balance afterwards.
async fn after_all<F: Future<Output = ()> + 'static>(deposit: impl Fn(Connection) -> F) -> i64 {
    let db = account().await;
    gather((0..DEPOSITS).map(|_| spawn(deposit(db.clone())))).await.unwrap();
    balance(&db).await
}

#[test]
fn a_hundred_deposits_that_read_and_await_and_write_leave_one() {
    run(async {
        let left = after_all(|db| async move {
            let read = balance(&db).await;
            db.execute("UPDATE account SET balance = ?", [(read + 1).into()]).await.unwrap();
        });
        assert_eq!(left.await, 1);
    });
}

#[test]
fn a_hundred_deposits_under_a_mutex_leave_a_hundred() {
    run(async {
        let lock = Rc::new(Mutex::new(()));
        let left = after_all(move |db| {
            let lock = Rc::clone(&lock);
            async move {
                let _guard = lock.lock().await;
                let read = balance(&db).await;
                db.execute("UPDATE account SET balance = ?", [(read + 1).into()]).await.unwrap();
            }
        });
        assert_eq!(left.await, 100);
    });
}

#[test]
fn a_hundred_deposits_in_transactions_leave_a_hundred() {
    run(async {
        let left = after_all(|db| async move {
            let deposit = with(transaction(db), async |tx| {
                let read = tx.query("SELECT balance FROM account", []).await?[0].get::<i64>("balance")?;
                tx.execute("UPDATE account SET balance = ?", [(read + 1).into()]).await
            });
            assert_eq!(deposit.await, Ok::<_, DbError>(1));
        });
        assert_eq!(left.await, 100);
    });
}

#[test]
fn a_hundred_deposits_without_an_await_in_between_leave_a_hundred() {
    run(async {
        let left = after_all(|db| async move {
            db.execute("UPDATE account SET balance = balance + 1", []).await.unwrap();
        });
        assert_eq!(left.await, 100);
    });
}

#[test]
fn a_hundred_deposits_into_a_variable_lose_as_much_by_an_await_and_nothing_without() {
    let deposit_all = |awaits: bool| {
        let balance = Rc::new(Cell::new(0));
        let left = Rc::clone(&balance);
        run(async move {
            let deposits = (0..DEPOSITS).map(|_| {
                let balance = Rc::clone(&balance);
                spawn(async move {
                    let read = balance.get();
                    if awaits {
                        yield_now().await;
                    }
                    balance.set(read + 1);
                })
            });
            gather(deposits).await.unwrap();
        });
        left.get()
    };
    assert_eq!((deposit_all(true), deposit_all(false)), (1, 100));
}
