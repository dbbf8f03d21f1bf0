//! Transactions across `await`: a hundred deposits of 1 that read the balance, let others run, and write it.
//!
//! On one thread, no two of them run at once; yet every `await` is a place where another one may run in between.
//!
//! `cargo run -p step6 --example transactions -- --manual-clock`

use std::future::Future;

use step3::{Clock, ManualClock};
use step4::{EventLoop, join_all};
use step6::{Connection, DbError, Mutex, transaction, with};
use timeline::demo::{Stage, say};

const READ: &str = "SELECT balance FROM account";
const WRITE: &str = "UPDATE account SET balance = ?";

/// Reads, awaits, writes: whoever reads before another has written, writes over it.
async fn deposit(db: &Connection) -> Result<(), DbError> {
    let balance: i64 = db.query(READ, []).await?[0].get("balance")?;
    db.execute(WRITE, [(balance + 1).into()]).await?;
    Ok(())
}

/// The same, one at a time.
async fn deposit_locked(db: &Connection, lock: &Mutex<()>) -> Result<(), DbError> {
    let _guard = lock.lock().await;
    deposit(db).await
}

/// The same as a transaction, which has the connection for itself.
async fn deposit_in_transaction(db: &Connection) -> Result<(), DbError> {
    with(transaction(db.clone()), async |tx| {
        let balance: i64 = tx.query(READ, []).await?[0].get("balance")?;
        tx.execute(WRITE, [(balance + 1).into()]).await?;
        Ok(())
    })
    .await
}

/// No `await` between reading and writing: the database does both in one statement.
async fn deposit_at_once(db: &Connection) -> Result<(), DbError> {
    db.execute("UPDATE account SET balance = balance + 1", []).await?;
    Ok(())
}

/// Makes a hundred deposits that run together, and says what has come of them.
async fn a_hundred<F: Future<Output = Result<(), DbError>>>(
    how: &str,
    db: &Connection,
    deposit: impl Fn() -> F,
) -> Result<(), DbError> {
    db.execute(WRITE, [0.into()]).await?;
    for outcome in join_all((0..100).map(|_| deposit())).await {
        outcome?;
    }
    let balance: i64 = db.query(READ, []).await?[0].get("balance")?;
    say(format!("{how}: {balance}"));
    Ok(())
}

async fn program() -> Result<(), DbError> {
    let db = Connection::in_memory().await?;
    db.execute_batch("CREATE TABLE account (balance INTEGER); INSERT INTO account VALUES (0)").await?;
    let lock = Mutex::new(());
    a_hundred("Without a lock", &db, || deposit(&db)).await?;
    a_hundred("With a lock", &db, || deposit_locked(&db, &lock)).await?;
    a_hundred("In transactions", &db, || deposit_in_transaction(&db)).await?;
    a_hundred("Without an await in between", &db, || deposit_at_once(&db)).await
}

fn main() -> std::io::Result<()> {
    let stage = Stage::from_args();
    let clock = if stage.is_manual() { Clock::from(&ManualClock::new()) } else { Clock::real() };
    let event_loop = EventLoop::with_clock(clock.clone())?;
    stage.play(
        move || clock.now(),
        || event_loop.run(program()).expect("a database in memory does what it is told"),
    );
    Ok(())
}
