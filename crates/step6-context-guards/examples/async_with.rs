//! The note's `async with` program: a connection that is opened, asked, and closed again. It is a real one, to SQLite; the
//! seconds are the note's.
//!
//! `cargo run -p step6 --example async_with -- --manual-clock`

use std::time::Duration;

use step3::{Clock, ManualClock, sleep};
use step4::EventLoop;
use step6::{AsyncContext, Connection, DbError, Outcome, with};
use timeline::demo::{Stage, say};

struct AsyncDbConnection;

struct Db {
    connection: Connection,
}

impl<T: 'static> AsyncContext<T, DbError> for AsyncDbConnection {
    type Value = Db;

    async fn enter(self) -> Result<Db, DbError> {
        say("Connecting to database...");
        sleep(Duration::from_secs(1)).await; // As if it was far away.
        let connection = Connection::in_memory().await?;
        connection.execute_batch("CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT)").await?;
        Ok(Db { connection })
    }

    async fn exit(db: Db, outcome: Outcome<T, DbError>) -> Outcome<T, DbError> {
        say("Disconnecting from database...");
        sleep(Duration::from_secs(1)).await;
        match db.connection.close().await {
            Ok(()) => outcome,
            Err(error) => Outcome::Failed(error),
        }
    }
}

impl Db {
    async fn query(&self, sql: &str) -> Result<String, DbError> {
        sleep(Duration::from_secs(1)).await;
        self.connection.query(sql, []).await?; // Its rows are for another day: the note prints the question.
        Ok(format!("Results of query: {sql}"))
    }
}

async fn program() -> Result<(), DbError> {
    with(AsyncDbConnection, async |db| {
        let result = db.query("SELECT * FROM users").await?;
        say(result);
        Ok(())
    })
    .await
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
