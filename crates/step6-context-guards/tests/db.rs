//! A connection: values, rows, the order of statements, what becomes of one that is given up, and closing.
#![allow(clippy::unwrap_used, reason = "a test may")]

#[path = "support/scratch.rs"]
mod scratch;
mod support;

use std::cell::RefCell;
use std::future::{Future, pending};
use std::pin::pin;
use std::rc::Rc;
use std::sync::mpsc;
use std::time::Duration;

use scratch::Scratch;
use step2::{Either, join, race, yield_now};
use step3::{Elapsed, now, sleep, timeout};
use step4::{run as run_really, spawn, unblock};
use step5::{AsyncIterator, for_await};
use step6::{Connection, DbError, DbErrorKind, Row, Value, connect, transaction, with};
use support::{SECOND, begun, panic_at, poll_once, run, turns};

const ENTRIES: &str = "CREATE TABLE entries (n INTEGER)";

/// Takes minutes, unless it is stopped.
const SLOW_INSERT: &str = "INSERT INTO entries WITH RECURSIVE count(n) AS \
    (SELECT 1 UNION ALL SELECT n + 1 FROM count WHERE n < 1000000000) SELECT n FROM count";

/// Has a lock on the file meanwhile, as it begins with the table.
const SLOW_SELECT: &str = "WITH RECURSIVE count(n) AS \
    (SELECT count(*) FROM entries UNION ALL SELECT n + 1 FROM count WHERE n < 1000000000) SELECT max(n) FROM count";

/// A database in memory with a table of entries.
async fn in_memory() -> Connection {
    let db = Connection::in_memory().await.unwrap();
    db.execute_batch(ENTRIES).await.unwrap();
    db
}

async fn count(db: &Connection) -> i64 {
    db.query("SELECT count(*) AS count FROM entries", []).await.unwrap()[0].get("count").unwrap()
}

async fn entries(db: &Connection) -> Vec<i64> {
    let rows = db.query("SELECT n FROM entries ORDER BY rowid", []).await.unwrap();
    rows.iter().map(|row| row.get("n").unwrap()).collect()
}

async fn insert(db: &Connection, n: i64) -> Result<usize, DbError> {
    db.execute("INSERT INTO entries VALUES (?)", [n.into()]).await
}

/// Runs `statement` until something says that it has begun, and gives it up.
async fn give_up_when<F: Future>(has_begun: impl Fn() -> bool, statement: F) {
    let mut statement = Box::pin(statement);
    while !has_begun() {
        assert!(poll_once(&mut statement).await.is_pending(), "it should take minutes");
        yield_now().await;
    }
}

// Values and rows.

#[test]
fn parameters_stand_for_the_question_marks_in_their_order() {
    run(async {
        let db = in_memory().await;
        let rows = db.query("SELECT ? AS a, ? AS b, ?1 AS c", [1.into(), 2.into()]).await.unwrap();
        assert_eq!(rows[0].values(), [Value::from(1), Value::from(2), Value::from(1)]);
    });
}

#[test]
fn a_parameter_is_data_whatever_it_looks_like() {
    run(async {
        let db = in_memory().await;
        let evil = "'); DROP TABLE entries; --".to_owned();
        let rows = db.query("SELECT ? AS text", [evil.clone().into()]).await.unwrap();
        assert_eq!(rows[0].get::<String>("text").unwrap(), evil);
        assert_eq!(count(&db).await, 0, "the table is there");
    });
}

/// Sends a value through the database.
async fn there_and_back(value: impl Into<Value>) -> Row {
    let db = in_memory().await;
    db.query("SELECT ? AS v", [value.into()]).await.unwrap().remove(0)
}

#[test]
fn integers_come_back_as_they_went_in() {
    run(async {
        for n in [0, -1, i64::MIN, i64::MAX] {
            assert_eq!(there_and_back(n).await.get::<i64>("v").unwrap(), n);
        }
    });
}

#[test]
fn numbers_with_a_point_come_back_as_they_went_in() {
    run(async {
        for x in [0.1, -1e300, f64::INFINITY] {
            assert_eq!(there_and_back(x).await.get::<f64>("v").unwrap().to_bits(), x.to_bits());
        }
    });
}

#[test]
fn texts_come_back_as_they_went_in() {
    run(async {
        for text in ["", "Grüße, 世界 🦀", "a\0b", "line\nbreak"] {
            assert_eq!(there_and_back(text.to_owned()).await.get::<String>("v").unwrap(), text);
        }
    });
}

#[test]
fn bytes_come_back_as_they_went_in() {
    run(async {
        let bytes: Vec<Vec<u8>> = vec![vec![], (0..=255).collect(), vec![0; 100_000]];
        for blob in bytes {
            assert_eq!(there_and_back(blob.clone()).await.get::<Vec<u8>>("v").unwrap(), blob);
        }
    });
}

#[test]
fn null_is_none_and_no_value_of_another_type() {
    run(async {
        let row = there_and_back(Value::Null).await;
        assert_eq!(row.get::<Option<i64>>("v").unwrap(), None);
        let error = row.get::<i64>("v").unwrap_err();
        assert_eq!(error.kind(), DbErrorKind::Sql);
        assert!(error.to_string().contains("column `v`"), "{error}");
    });
}

#[test]
fn a_value_of_another_type_is_an_error_that_names_the_column() {
    run(async {
        let error = there_and_back("seven".to_owned()).await.get::<i64>("v").unwrap_err();
        assert_eq!(error.kind(), DbErrorKind::Sql);
        assert!(error.to_string().contains("column `v`"), "{error}");
    });
}

#[test]
fn a_number_that_is_too_large_for_the_type_is_an_error() {
    run(async {
        let error = there_and_back(300).await.get::<u8>("v").unwrap_err();
        assert!(error.to_string().contains("300"), "{error}");
    });
}

#[test]
fn text_that_is_no_utf8_is_an_error() {
    run(async {
        let db = in_memory().await;
        let error = db.query("SELECT CAST(x'ff' AS TEXT) AS v", []).await.unwrap_err();
        assert!(error.to_string().contains("utf-8"), "{error}");
        assert_eq!(insert(&db, 1).await, Ok(1));
    });
}

#[test]
fn columns_and_values_stand_in_the_order_of_the_statement() {
    run(async {
        let rows = in_memory().await.query("SELECT 1 AS b, 2 AS a", []).await.unwrap();
        assert_eq!(rows[0].columns(), ["b", "a"]);
        assert_eq!(rows[0].values(), [Value::from(1), Value::from(2)]);
    });
}

#[test]
fn a_query_without_a_result_gives_no_rows() {
    run(async {
        assert_eq!(in_memory().await.query("SELECT n FROM entries", []).await, Ok(vec![]));
    });
}

#[test]
fn execute_says_how_many_rows_have_changed() {
    run(async {
        let db = in_memory().await;
        assert_eq!(db.execute("INSERT INTO entries VALUES (1), (2), (3)", []).await, Ok(3));
        assert_eq!(db.execute("UPDATE entries SET n = 0 WHERE n > ?", [1.into()]).await, Ok(2));
        assert_eq!(db.execute("DELETE FROM entries WHERE n = 7", []).await, Ok(0));
    });
}

#[test]
fn rows_come_one_by_one_in_their_order_and_all_of_them() {
    run(async {
        let mut db = in_memory().await;
        let sql =
            "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < ?) SELECT n FROM c";
        let mut seen = Vec::new();
        for_await!(row in db.rows(sql, [1000.into()]) => {
            seen.push(row.unwrap().get::<i64>("n").unwrap());
        });
        assert_eq!(seen, (1..=1000).collect::<Vec<_>>());
    });
}

#[test]
fn rows_that_nobody_asks_for_are_not_looked_for() {
    run(async {
        let mut db = in_memory().await;
        drop(db.rows("INSERT INTO entries VALUES (1)", []));
        assert_eq!(count(&db).await, 0);
    });
}

#[test]
fn the_connection_is_free_at_once_when_its_rows_are_left() {
    run(async {
        let mut db = in_memory().await;
        let endless = "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c) SELECT n FROM c";
        for_await!(row in db.rows(endless, []) => {
            if row.unwrap().get::<i64>("n").unwrap() == 100 {
                break;
            }
        });
        assert_eq!((insert(&db, 1).await, now()), (Ok(1), Duration::ZERO));
    });
}

/// A manual clock used to jump to the limit while the thread of the rows was about to let go of the handle.
#[test]
fn a_manual_clock_waits_until_rows_that_were_left_have_stopped() {
    run(async {
        let mut db = in_memory().await;
        let endless = "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c) SELECT n FROM c";
        for _ in 0..100 {
            for_await!(_row in db.rows(endless, []) => { break; });
            assert_eq!(timeout(SECOND, count(&db)).await, Ok(0));
        }
        assert_eq!(now(), Duration::ZERO);
    });
}

#[test]
fn rows_that_wait_for_more_let_a_manual_clock_move() {
    run(async {
        let mut db = in_memory().await;
        let endless = "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c) SELECT n FROM c";
        for_await!(row in db.rows(endless, []) => {
            sleep(SECOND).await;
            if row.unwrap().get::<i64>("n").unwrap() == 50 {
                break;
            }
        });
        assert_eq!(now(), 50 * SECOND);
    });
}

#[test]
fn while_its_rows_are_read_a_clone_waits() {
    run(async {
        let mut db = in_memory().await;
        let clone = db.clone();
        let mut rows = Box::pin(db.rows("SELECT 1 AS one UNION ALL SELECT 2", []));
        assert!(rows.next().await.is_some());
        let mut inserting = begun(insert(&clone, 1));
        turns(5).await;
        assert!(poll_once(&mut inserting).await.is_pending());
        drop(rows);
        assert_eq!(inserting.await, Ok(1));
    });
}

#[test]
fn an_error_between_rows_is_the_last_item() {
    run(async {
        let mut db = in_memory().await;
        for n in [1, 2, i64::MIN, 3] {
            insert(&db, n).await.unwrap();
        }
        let all = db.rows("SELECT abs(n) AS n FROM entries ORDER BY rowid", []).collect::<Vec<_>>().await;
        assert_eq!(all.len(), 3);
        assert!(all[0].is_ok() && all[1].is_ok());
        assert!(all[2].as_ref().unwrap_err().to_string().contains("integer overflow"));
    });
}

#[test]
fn rows_of_a_wrong_statement_are_one_error() {
    run(async {
        let mut db = in_memory().await;
        let all = db.rows("SELECT no FROM entries", []).collect::<Vec<_>>().await;
        assert_eq!(all.len(), 1);
        assert_eq!(all[0].as_ref().unwrap_err().kind(), DbErrorKind::Sql);
    });
}

// Who runs when.

#[test]
fn statements_of_concurrent_tasks_run_in_the_order_in_which_they_were_awaited() {
    run(async {
        let db = in_memory().await;
        let tasks: Vec<_> = (0..20)
            .map(|n| {
                let db = db.clone();
                spawn(async move { insert(&db, n).await })
            })
            .collect();
        for task in tasks {
            task.await.unwrap().unwrap();
        }
        assert_eq!(entries(&db).await, (0..20).collect::<Vec<_>>());
    });
}

#[test]
fn clones_are_the_same_connection() {
    run(async {
        let db = in_memory().await;
        db.clone().execute_batch("CREATE TEMP TABLE only_here (n)").await.unwrap();
        assert_eq!(db.query("SELECT * FROM only_here", []).await, Ok(vec![]));
    });
}

#[test]
fn databases_in_memory_share_nothing() {
    run(async {
        let _one = in_memory().await;
        let other = Connection::in_memory().await.unwrap();
        assert!(other.query("SELECT * FROM entries", []).await.is_err());
    });
}

#[test]
fn the_loop_lives_while_a_statement_runs() {
    let file = Scratch::database(ENTRIES);
    run(async move {
        let db = Connection::open(file.path()).await.unwrap();
        let ticks = async {
            while !file.is_being_written() {
                yield_now().await;
            }
            "ticked"
        };
        assert!(matches!(race(db.execute(SLOW_INSERT, []), ticks).await, Either::Second("ticked")));
    });
}

// Giving up.

#[test]
fn a_statement_given_up_while_it_waits_for_its_turn_never_runs() {
    run(async {
        let db = in_memory().await;
        let mut first = begun(insert(&db, 1));
        drop(begun(insert(&db, 2)));
        let third = begun(insert(&db, 3));
        assert_eq!(join(&mut first, third).await, (Ok(1), Ok(1)));
        assert_eq!(entries(&db).await, [1, 3]);
    });
}

#[test]
fn a_statement_given_up_while_it_waits_for_a_thread_never_runs() {
    run(async {
        let db = in_memory().await;
        let threads = std::thread::available_parallelism().unwrap().get() + 4;
        let mut releases = Vec::new();
        let (began, begins) = mpsc::channel();
        let blocking: Vec<_> = (0..threads)
            .map(|_| {
                let (release, released) = mpsc::channel::<()>();
                releases.push(release);
                let began = began.clone();
                spawn(unblock(move || {
                    began.send(()).unwrap();
                    released.recv()
                }))
            })
            .collect();
        turns(1).await;
        begins.iter().take(threads).for_each(drop); // Now all threads are taken.
        drop(begun(insert(&db, 1)));
        drop(releases);
        for task in blocking {
            assert!(task.await.unwrap().is_err());
        }
        assert_eq!(count(&db).await, 0);
    });
}

#[test]
fn a_statement_given_up_while_it_waits_for_another_connections_lock_never_runs() {
    let file = Scratch::database(ENTRIES);
    run(async move {
        let db = Connection::open(file.path()).await.unwrap();
        let outside = file.outside();
        outside.execute_batch("BEGIN EXCLUSIVE").unwrap();
        assert_eq!(timeout(SECOND, insert(&db, 1)).await, Err(Elapsed));
        outside.execute_batch("COMMIT").unwrap();
        assert_eq!((count(&db).await, now()), (0, SECOND));
    });
}

#[test]
fn a_statement_that_writes_and_is_given_up_is_undone_and_the_connection_is_free_at_once() {
    let file = Scratch::database(ENTRIES);
    run(async move {
        let db = Connection::open(file.path()).await.unwrap();
        give_up_when(|| file.is_being_written(), db.execute(SLOW_INSERT, [])).await;
        assert_eq!(count(&db).await, 0);
        assert_eq!(insert(&db, 1).await, Ok(1));
        file.can_be_written_at_once();
    });
}

#[test]
fn a_statement_that_reads_and_is_given_up_stops_and_the_connection_is_free_at_once() {
    let file = Scratch::database(ENTRIES);
    run_really(async move {
        let db = Connection::open(file.path()).await.unwrap();
        give_up_when(|| file.is_locked(), db.query(SLOW_SELECT, [])).await;
        assert_eq!(insert(&db, 1).await, Ok(1));
        file.can_be_written_at_once();
    });
}

#[test]
fn rows_that_are_slow_to_come_stop_when_they_are_given_up() {
    let file = Scratch::database(ENTRIES);
    run_really(async move {
        let mut db = Connection::open(file.path()).await.unwrap();
        let mut rows = Box::pin(db.rows(SLOW_SELECT, []));
        give_up_when(|| file.is_locked(), rows.next()).await;
        drop(rows);
        assert_eq!(insert(&db, 1).await, Ok(1));
    });
}

#[test]
fn a_statement_that_the_end_of_the_loop_gives_up_stops() {
    let file = Rc::new(Scratch::database(ENTRIES));
    let theirs = Rc::clone(&file);
    run(async move {
        let db = Connection::open(theirs.path()).await.unwrap();
        drop(spawn(async move { db.execute(SLOW_INSERT, []).await }));
        while !theirs.is_being_written() {
            yield_now().await;
        }
    });
    file.can_be_written_at_once();
    assert_eq!(file.number("SELECT count(*) FROM entries"), 0);
}

/// SQLite's interrupt is lost between two statements: the batch used to go on to its end.
#[test]
fn a_batch_that_is_given_up_stops_wherever_it_is() {
    let batch = "INSERT INTO entries VALUES (1);".repeat(20_000);
    for attempt in 0..30 {
        let batch = batch.clone();
        run(async move {
            let db = in_memory().await;
            let mut running = begun(db.execute_batch(&batch));
            turns(100 * attempt).await;
            let polled = poll_once(&mut running).await;
            drop(running);
            assert!(polled.is_ready() || count(&db).await < 20_000, "attempt {attempt}");
        });
    }
}

#[test]
fn what_is_given_up_at_any_moment_interrupts_no_other_statement() {
    let file = Scratch::database(ENTRIES);
    run(async move {
        let db = Connection::open(file.path()).await.unwrap();
        for attempt in 0..300 {
            let running = begun(db.query("SELECT count(*) FROM entries", []));
            turns(attempt).await;
            drop(running);
            assert_eq!(db.query("SELECT n FROM entries", []).await, Ok(vec![]), "attempt {attempt}");
        }
    });
}

// Batches.

#[test]
fn a_batch_runs_its_statements_in_their_order() {
    run(async {
        let db = in_memory().await;
        db.execute_batch(
            "INSERT INTO entries VALUES (1); UPDATE entries SET n = n + 1; ; -- and that is all\n",
        )
        .await
        .unwrap();
        assert_eq!(entries(&db).await, [2]);
    });
}

#[test]
fn a_batch_of_nothing_does_nothing() {
    run(async {
        assert_eq!(in_memory().await.execute_batch(" ; /* nothing */ ; ").await, Ok(()));
    });
}

#[test]
fn a_batch_stops_at_its_first_error_and_what_was_done_stays_done() {
    run(async {
        let db = in_memory().await;
        let batch =
            "INSERT INTO entries VALUES (1); INSERT INTO nowhere VALUES (2); INSERT INTO entries VALUES (3)";
        let error = db.execute_batch(batch).await.unwrap_err();
        assert!(error.to_string().contains("no such table: nowhere"), "{error}");
        assert_eq!(entries(&db).await, [1]);
    });
}

/// Runs a batch whose last statement finds the file locked for two seconds.
fn run_batch_into_a_lock(batch: &'static str) -> (Vec<i64>, i64) {
    let file = Scratch::database(ENTRIES);
    run(async move {
        let db = Connection::open(file.path()).await.unwrap();
        db.execute_batch("CREATE TEMP TABLE mine (n)").await.unwrap();
        let outside = file.outside();
        outside.execute_batch("BEGIN IMMEDIATE").unwrap();
        let release = async {
            sleep(2 * SECOND).await;
            outside.execute_batch("COMMIT").unwrap();
        };
        let (done, ()) = join(db.execute_batch(batch), release).await;
        done.unwrap();
        assert!(now() >= 2 * SECOND);
        let mine = db.query("SELECT count(*) AS count FROM temp.mine", []).await.unwrap();
        (entries(&db).await, mine[0].get("count").unwrap())
    })
}

#[test]
fn a_batch_that_finds_a_lock_goes_on_where_that_has_stopped_it() {
    let batch = "INSERT INTO mine VALUES (1); ;INSERT INTO mine VALUES (1); INSERT INTO entries VALUES (7);";
    assert_eq!(run_batch_into_a_lock(batch), (vec![7], 2));
}

/// It used to prepare the statements before, which were done, once more: their tables were there already.
#[test]
fn a_batch_that_makes_a_table_and_finds_a_lock_goes_on_where_that_has_stopped_it() {
    let batch = "DROP TABLE mine; CREATE TEMP TABLE mine (m); /* ; */ ;INSERT INTO entries VALUES (7)";
    assert_eq!(run_batch_into_a_lock(batch), (vec![7], 0));
}

// Opening and closing.

#[test]
fn closing_twice_is_fine() {
    run(async {
        let db = in_memory().await;
        assert_eq!((db.close().await, db.clone().close().await), (Ok(()), Ok(())));
    });
}

#[test]
fn a_connection_that_is_closed_is_closed_for_its_clones_and_says_so() {
    run(async {
        let db = in_memory().await;
        let mut clone = db.clone();
        db.close().await.unwrap();
        let error = insert(&clone, 1).await.unwrap_err();
        assert_eq!(error.kind(), DbErrorKind::Closed);
        assert_eq!(
            error.to_string(),
            "could not run `INSERT INTO entries VALUES (?)`: the connection was closed"
        );
        let kind = |outcome: Result<(), DbError>| outcome.unwrap_err().kind();
        assert_eq!(kind(db.execute_batch("SELECT 1").await), DbErrorKind::Closed);
        assert_eq!(kind(clone.rows("SELECT 1", []).next().await.unwrap().map(drop)), DbErrorKind::Closed);
        let begun = with(transaction(db), async |_| Ok::<(), DbError>(()));
        assert_eq!(kind(begun.await), DbErrorKind::Closed);
    });
}

#[test]
fn closing_waits_for_the_statements_before_it_and_those_behind_it_find_it_closed() {
    run(async {
        let db = in_memory().await;
        let (before, closing, behind) =
            (begun(insert(&db, 1)), begun(db.close()), begun(db.query("SELECT 1", [])));
        assert_eq!(before.await, Ok(1));
        assert_eq!(closing.await, Ok(()));
        assert_eq!(behind.await.unwrap_err().kind(), DbErrorKind::Closed);
    });
}

#[test]
fn create_makes_a_file_and_open_does_not() {
    let file = Scratch::nothing();
    run(async move {
        let error = Connection::open(file.path()).await.unwrap_err();
        assert_eq!(error.kind(), DbErrorKind::CannotOpen);
        assert!(!file.path().exists());
        Connection::create(file.path()).await.unwrap().execute_batch(ENTRIES).await.unwrap();
        assert_eq!(count(&Connection::open(file.path()).await.unwrap()).await, 0);
    });
}

/// Runs a body with a connection, and afterwards asks the clone that it has kept whether that is closed.
async fn is_closed_after(body: impl AsyncFnOnce(&Connection, &RefCell<Option<Connection>>)) -> bool {
    let kept = RefCell::new(None);
    let db = in_memory().await;
    body(&db, &kept).await;
    let kept = kept.take().expect("the body keeps a clone");
    kept.query("SELECT 1", []).await.is_err_and(|error| error.kind() == DbErrorKind::Closed)
}

#[test]
fn connect_closes_at_the_end_of_a_body_that_returns() {
    run(async {
        let closed = is_closed_after(async |_, kept| {
            let done = with(connect(":memory:"), async |db| {
                kept.replace(Some(db.clone()));
                Ok::<(), DbError>(())
            });
            done.await.unwrap();
        });
        assert!(closed.await);
    });
}

#[test]
fn connect_closes_at_the_end_of_a_body_that_fails() {
    run(async {
        let closed = is_closed_after(async |_, kept| {
            let failed = with(connect(":memory:"), async |db| {
                kept.replace(Some(db.clone()));
                db.execute("SELEC 1", []).await
            });
            assert_eq!(failed.await.unwrap_err().kind(), DbErrorKind::Sql);
        });
        assert!(closed.await);
    });
}

#[test]
fn connect_closes_at_the_end_of_a_body_that_panics() {
    run(async {
        let closed = is_closed_after(async |_, kept| {
            let panics = with(connect(":memory:"), async |db| -> Result<(), DbError> {
                kept.replace(Some(db.clone()));
                panic!("no bread")
            });
            assert_eq!(panic_at(panics).await, "no bread");
        });
        assert!(closed.await);
    });
}

#[test]
fn connect_closes_when_its_body_is_cancelled() {
    run(async {
        let closed = is_closed_after(async |_, kept| {
            let waits = with(connect(":memory:"), async |db| {
                kept.replace(Some(db.clone()));
                pending::<Result<(), DbError>>().await
            });
            assert_eq!(timeout(SECOND, waits).await, Err(Elapsed));
            sleep(SECOND).await;
        });
        assert!(closed.await);
    });
}

#[test]
fn connect_to_a_file_that_is_not_there_fails_with_its_path_and_runs_no_body() {
    let file = Scratch::nothing();
    run(async move {
        let refused =
            with(connect(file.path()), async |_| -> Result<(), DbError> { panic!("the body runs") });
        let error = pin!(refused).await.unwrap_err();
        assert!(error.to_string().contains(&file.path().display().to_string()), "{error}");
    });
}

// Transactions by hand.

/// Later statements went into the transaction that was left open, and were lost with it.
#[test]
fn a_begin_by_hand_is_rolled_back_and_refused() {
    run(async {
        let db = in_memory().await;
        let error = db.execute_batch("BEGIN; INSERT INTO entries VALUES (1)").await.unwrap_err();
        assert!(error.to_string().contains("use `transaction`"), "{error}");
        insert(&db, 2).await.unwrap();
        assert_eq!(entries(&db).await, [2]);
    });
}

#[test]
fn a_batch_that_begins_and_commits_is_one() {
    run(async {
        let db = in_memory().await;
        db.execute_batch("BEGIN; INSERT INTO entries VALUES (1); INSERT INTO entries VALUES (2); COMMIT")
            .await
            .unwrap();
        assert_eq!(entries(&db).await, [1, 2]);
    });
}

#[test]
fn a_batch_that_fails_inside_its_own_transaction_leaves_nothing_of_it() {
    run(async {
        let db = in_memory().await;
        let batch = "BEGIN; INSERT INTO entries VALUES (1); INSERT INTO nowhere VALUES (1); COMMIT";
        let error = db.execute_batch(batch).await.unwrap_err();
        assert!(error.to_string().contains("no such table: nowhere"), "{error}");
        with(transaction(db.clone()), async |tx| tx.execute("INSERT INTO entries VALUES (2)", []).await)
            .await
            .unwrap();
        assert_eq!(entries(&db).await, [2]);
    });
}

#[test]
fn a_batch_that_is_given_up_inside_its_own_transaction_leaves_nothing_of_it() {
    run(async {
        let db = in_memory().await;
        let batch = format!("BEGIN; INSERT INTO entries VALUES (1); {SLOW_INSERT}; COMMIT");
        let mut turns_left = 1000;
        let mut batch = Box::pin(db.execute_batch(&batch));
        while turns_left > 0 {
            assert!(poll_once(&mut batch).await.is_pending(), "it should take minutes");
            yield_now().await;
            turns_left -= 1;
        }
        drop(batch);
        insert(&db, 2).await.unwrap();
        assert_eq!(entries(&db).await, [2]);
    });
}

// Schemas that change.

/// The columns' names were read before the statement had noticed that its table had changed.
#[test]
fn a_statement_that_was_run_before_sees_the_columns_that_have_come_and_gone() {
    run(async {
        let db = in_memory().await;
        insert(&db, 1).await.unwrap();
        let columns = async || db.query("SELECT * FROM entries", []).await.unwrap()[0].columns().to_vec();
        assert_eq!(columns().await, ["n"]);
        db.execute_batch("ALTER TABLE entries ADD COLUMN m INTEGER").await.unwrap();
        assert_eq!(columns().await, ["n", "m"]);
        db.execute_batch("ALTER TABLE entries DROP COLUMN m").await.unwrap();
        assert_eq!(columns().await, ["n"]);
    });
}

#[test]
fn execute_counts_the_rows_of_a_statement_that_returns_some() {
    run(async {
        let db = in_memory().await;
        assert_eq!(db.execute("INSERT INTO entries VALUES (1), (2) RETURNING n", []).await, Ok(2));
        assert_eq!(db.execute("SELECT n FROM entries", []).await, Ok(0));
        assert_eq!(entries(&db).await, [1, 2]);
    });
}

/// What stood behind the NUL was left out, and the statement, or the batch, was as good as done.
#[test]
fn sql_with_a_nul_in_it_is_refused() {
    run(async {
        let mut db = in_memory().await;
        let sql = "INSERT INTO entries VALUES (1);\0 INSERT INTO entries VALUES (2)";
        let rows = db.rows(sql, []).next().await.unwrap().map(drop);
        let query = db.query(sql, []).await.map(drop);
        let (execute, batch) = (db.execute(sql, []).await.map(drop), db.execute_batch(sql).await);
        for outcome in [rows, query, execute, batch] {
            let error = outcome.unwrap_err();
            assert_eq!(error.kind(), DbErrorKind::Sql, "{error}");
            assert!(error.to_string().contains("nul byte"), "{error}");
        }
        assert_eq!(count(&db).await, 0);
    });
}
