//! The note's `async with` program on tokio, which has nothing for an exit that awaits: a function has to keep the order, and keeps
//! it only as long as it is awaited.
//!
//! `cargo run -p graduation --example async_with -- --manual-clock`

use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rusqlite::{Connection, Result};
use tokio::task::spawn_blocking;
use tokio::time::sleep;

struct Db {
    connection: Arc<Mutex<Connection>>,
}

impl Db {
    async fn connect() -> Result<Db> {
        println!("Connecting to database...");
        sleep(Duration::from_secs(1)).await; // As if it was far away.
        let connection = spawn_blocking(Connection::open_in_memory).await.expect("to open does not panic")?;
        let db = Db { connection: Arc::new(Mutex::new(connection)) };
        db.call(|sqlite| sqlite.execute_batch("CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT)"))
            .await?;
        Ok(db)
    }

    async fn disconnect(self) {
        println!("Disconnecting from database...");
        sleep(Duration::from_secs(1)).await;
        spawn_blocking(move || drop(self.connection)).await.expect("to close does not panic");
    }

    async fn query(&self, sql: &'static str) -> Result<String> {
        sleep(Duration::from_secs(1)).await;
        self.call(|sqlite| sqlite.prepare(sql)?.query([])?.next().map(drop)).await?;
        Ok(format!("Results of query: {sql}"))
    }

    /// SQLite blocks, so each call goes to a thread where it may; the lock is for one that is still there if its waiter is not.
    async fn call<T: Send + 'static>(
        &self,
        job: impl FnOnce(&Connection) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let connection = Arc::clone(&self.connection);
        let job = move || job(&connection.lock().expect("no job panics"));
        spawn_blocking(job).await.expect("no job panics")
    }
}

async fn with_db<T>(body: impl AsyncFnOnce(&Db) -> Result<T>) -> Result<T> {
    let db = Db::connect().await?;
    let outcome = body(&db).await; // No `?`: the exit comes first. Dropped or panicking here, there is none.
    db.disconnect().await;
    outcome
}

async fn program() -> Result<()> {
    with_db(async |db| {
        let result = db.query("SELECT * FROM users").await?;
        println!("{result}");
        Ok(())
    })
    .await
}

fn main() -> io::Result<()> {
    graduation::play(program())?.expect("a database in memory does what it is told");
    Ok(())
}
