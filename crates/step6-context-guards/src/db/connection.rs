//! A connection to a database: what the note's `AsyncDBConnection` pretends to be.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rusqlite::fallible_iterator::FallibleIterator;
use rusqlite::{Batch, OpenFlags};
use step4::unblock;
use step5::{Generator, for_await, generator};

use crate::db::row::{each_row, refuse_nul};
use crate::db::session::{Place, Session, look_at_header};
use crate::{AsyncContext, DbError, DbErrorKind, Outcome, Row, Semaphore, Value};

/// A connection to an SQLite database. Clones are the same connection.
///
/// Its statements run one at a time, in the order in which they are awaited, each as a job on a thread. Parameters stand
/// for the `?` in the SQL, in their order. Waits for other connections' locks on the file take at most five seconds.
///
/// Dropping a statement's future gives it up: if it has not begun, it never runs; if it runs, it is interrupted, and what
/// it did is undone. Only one that was just about to end may have taken effect all the same.
///
/// ```
/// use step6::{Connection, DbError};
///
/// step4::run(async {
///     let db = Connection::in_memory().await?;
///     db.execute_batch("CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT)").await?;
///     let changed = db.execute("INSERT INTO users (name) VALUES (?), (?)", ["Ada".to_owned().into(), "Grace".to_owned().into()]).await?;
///     assert_eq!(changed, 2);
///     let rows = db.query("SELECT name FROM users WHERE id = ?", [2.into()]).await?;
///     assert_eq!(rows[0].get::<String>("name")?, "Grace");
///     db.close().await
/// })
/// # .map_err(|error: DbError| panic!("{error}"));
/// ```
#[derive(Clone)]
pub struct Connection {
    pub(crate) session: Session,
    /// Whose turn it is: a single statement's, or a transaction's for as long as it is open.
    pub(crate) turn: Arc<Semaphore>,
    name: Arc<str>,
    /// The file that was opened.
    file: Option<(u64, u64)>,
}

impl Connection {
    /// Opens the database in the file at `path`.
    ///
    /// # Errors
    ///
    /// Returns an error with the path in it if there is no such file, or if it is no database.
    pub async fn open(path: impl Into<PathBuf>) -> Result<Self, DbError> {
        Self::with_flags(path.into(), OpenFlags::default() - OpenFlags::SQLITE_OPEN_CREATE).await
    }

    /// Opens the database in the file at `path`, and makes an empty one if there is none.
    ///
    /// # Errors
    ///
    /// As [`open`](Self::open); and if no file can be made there.
    pub async fn create(path: impl Into<PathBuf>) -> Result<Self, DbError> {
        Self::with_flags(path.into(), OpenFlags::default()).await
    }

    /// Makes a database in memory, which is gone when the connection is closed.
    ///
    /// # Errors
    ///
    /// Returns an error if SQLite finds no memory.
    pub async fn in_memory() -> Result<Self, DbError> {
        Self::create(":memory:").await
    }

    async fn with_flags(path: PathBuf, flags: OpenFlags) -> Result<Self, DbError> {
        let name: Arc<str> = path.display().to_string().into();
        let doing = format!("open the database {name}");
        let (opened, file) = unblock(move || {
            let opened = rusqlite::Connection::open_with_flags(&path, flags);
            (opened, file_id(&path))
        })
        .await;
        let session = opened.and_then(Session::new).map_err(|error| DbError::new(&doing, error))?;
        session.run(Place::Outside, doing, look_at_header).await?; // Now, while we know what we were doing.
        Ok(Self { session, turn: Arc::new(Semaphore::new(1)), name, file })
    }

    /// Runs one statement, and returns all its rows.
    ///
    /// # Errors
    ///
    /// Returns an error with the SQL in it.
    pub async fn query(
        &self,
        sql: &str,
        params: impl IntoIterator<Item = Value>,
    ) -> Result<Vec<Row>, DbError> {
        let _turn = self.turn.acquire().await;
        self.session.query(Place::Outside, sql, params).await
    }

    /// Runs one statement, and returns how many rows it has changed.
    ///
    /// # Errors
    ///
    /// As [`query`](Self::query).
    pub async fn execute(
        &self,
        sql: &str,
        params: impl IntoIterator<Item = Value>,
    ) -> Result<usize, DbError> {
        let _turn = self.turn.acquire().await;
        self.session.execute(Place::Outside, sql, params).await
    }

    /// Runs statements, parted by semicolons, that need no parameters and give no rows.
    ///
    /// # Errors
    ///
    /// As [`query`](Self::query). What was done before the error stays done.
    pub async fn execute_batch(&self, sql: &str) -> Result<(), DbError> {
        let _turn = self.turn.acquire().await;
        self.session.execute_batch(Place::Outside, sql).await
    }

    /// Runs one statement, and gives its rows as they are asked for: step 5's async iterator.
    ///
    /// SQLite looks for them on a thread of its own, some 32 ahead. The connection is busy with it until its end, or until
    /// it is dropped, which stops it. So it takes `&mut self`: a statement on the same connection inside the loop would
    /// wait for the loop's end (as that of a clone does), and the loop for it.
    ///
    /// ```compile_fail,E0502
    /// # async fn busy(mut db: step6::Connection) {
    /// step5::for_await!(row in db.rows("SELECT id FROM users", []) => {
    ///     db.execute("DELETE FROM users", []).await;
    /// });
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// As [`query`](Self::query): an error is the last item.
    ///
    /// ```
    /// use step5::for_await;
    ///
    /// step4::run(async {
    ///     let mut db = step6::Connection::in_memory().await?;
    ///     let endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n";
    ///     for_await!(row in db.rows(endless, []) => {
    ///         if row?.get::<i64>("i")? == 10 {
    ///             break;
    ///         }
    ///     });
    ///     Ok(())
    /// })
    /// # .map_err(|error: step6::DbError| panic!("{error}"));
    /// ```
    pub fn rows(
        &mut self,
        sql: impl Into<String>,
        params: impl IntoIterator<Item = Value>,
    ) -> Generator<'_, Result<Row, DbError>> {
        let rows = self.session.rows(Place::Outside, sql.into(), params.into_iter().collect());
        let turn = Arc::clone(&self.turn);
        generator(move |y| async move {
            let _turn = turn.acquire().await;
            for_await!(row in rows => {
                y.emit(row).await;
            });
        })
    }

    /// Returns whether it can be used: whether it is open, its file can be read or is only locked by somebody else, and is
    /// still the one at its path. (A file that was removed or replaced can be read and written on, to no avail.)
    pub(crate) async fn is_alive(&self) -> bool {
        let _turn = self.turn.acquire().await;
        let looked = self.session.look().await;
        let is_readable = looked.map_or_else(|error| error.kind() == DbErrorKind::Busy, |()| true);
        let name = Arc::clone(&self.name);
        is_readable && (self.file.is_none() || unblock(move || file_id(Path::new(&*name))).await == self.file)
    }

    /// Closes it, for its clones as well, when what runs on it has ended. Closing twice is fine.
    ///
    /// # Errors
    ///
    /// Returns an error if SQLite refuses; then it is still open.
    pub async fn close(&self) -> Result<(), DbError> {
        let _turn = self.turn.acquire().await;
        self.session.close().await
    }
}

impl Session {
    pub(crate) async fn query(
        &self,
        place: Place,
        sql: &str,
        params: impl IntoIterator<Item = Value>,
    ) -> Result<Vec<Row>, DbError> {
        let (doing, sql, params) =
            (format!("run `{sql}`"), sql.to_owned(), params.into_iter().collect::<Vec<_>>());
        let query = move |connection: &rusqlite::Connection| {
            let mut rows = Vec::new();
            each_row(connection, &sql, &params, |row| {
                rows.push(row);
                true
            })?;
            Ok(rows)
        };
        self.run(place, doing, query).await
    }

    pub(crate) async fn execute(
        &self,
        place: Place,
        sql: &str,
        params: impl IntoIterator<Item = Value>,
    ) -> Result<usize, DbError> {
        let (doing, sql, params) =
            (format!("run `{sql}`"), sql.to_owned(), params.into_iter().collect::<Vec<_>>());
        let execute = move |connection: &rusqlite::Connection| {
            refuse_nul(&sql)?;
            let mut statement = connection.prepare_cached(&sql)?;
            if statement.column_count() == 0 {
                return statement.execute(rusqlite::params_from_iter(&params));
            }
            let mut rows = statement.query(rusqlite::params_from_iter(&params))?; // As `INSERT … RETURNING` does.
            while rows.next()?.is_some() {}
            drop(rows);
            let changed = if statement.readonly() { 0 } else { connection.changes() };
            Ok(usize::try_from(changed).unwrap_or(usize::MAX))
        };
        self.run(place, doing, execute).await
    }

    pub(crate) async fn execute_batch(&self, place: Place, sql: &str) -> Result<(), DbError> {
        let (doing, sql, session) = (format!("run `{sql}`"), sql.to_owned(), self.clone());
        // How far it has come. If it is run again because of a lock, it goes on there; but a transaction that it has begun
        // is rolled back before, and begins anew.
        let mut done_outside = 0;
        let execute = move |connection: &rusqlite::Connection| {
            refuse_nul(&sql)?;
            let mut done = done_outside;
            let mut statements = Batch::new(connection, &sql[done..]);
            while let Some(mut statement) = statements.next()? {
                if session.is_given_up() {
                    return stop_between_statements(place, connection);
                }
                let text = statement.expanded_sql().unwrap_or_default();
                let mut rows = statement.query([])?;
                while rows.next()?.is_some() {}
                done += sql[done..].find(&text).map_or(0, |begin| begin + text.len());
                if place == Place::Inside || connection.is_autocommit() {
                    done_outside = done;
                }
            }
            Ok(())
        };
        self.run(place, doing, execute).await
    }
}

/// Ends a batch that nobody waits for. In a transaction, that is the end of it all, as when a statement is interrupted; one
/// that the batch itself has begun is rolled back after it.
fn stop_between_statements(place: Place, connection: &rusqlite::Connection) -> rusqlite::Result<()> {
    match place {
        Place::Inside => connection.execute_batch("ROLLBACK"),
        Place::Outside => Ok(()),
    }
}

/// Names a file, whatever its path leads to later; `None` if there is no such file, as for a database in memory.
fn file_id(path: &Path) -> Option<(u64, u64)> {
    let metadata = std::fs::metadata(path).ok()?;
    #[cfg(unix)]
    let id = (std::os::unix::fs::MetadataExt::dev(&metadata), std::os::unix::fs::MetadataExt::ino(&metadata));
    #[cfg(not(unix))]
    let id = (0, u64::from(metadata.is_file())); // Elsewhere a file that is open is not replaced: that it is there says all.
    Some(id)
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Connection").field(&self.name).finish()
    }
}

/// Makes a context that opens the database at `path`, and closes it at the end: `async with connect(path) as db`.
///
/// ```
/// use step6::{DbError, connect, with};
///
/// let sum = step4::run(with(connect(":memory:"), async |db| {
///     let rows = db.query("SELECT 1 + 1 AS sum", []).await?;
///     rows[0].get::<i64>("sum")
/// }));
/// assert_eq!(sum, Ok::<_, DbError>(2));
/// ```
pub fn connect(path: impl Into<PathBuf>) -> Connect {
    Connect { path: path.into() }
}

/// A connection that is not open yet: made by [`connect`].
///
/// ```
/// let context: step6::Connect = step6::connect("no/such.db");
/// let outcome = step4::run(step6::with(context, async |_db| Ok::<(), step6::DbError>(())));
/// assert!(outcome.unwrap_err().to_string().contains("no/such.db"));
/// ```
#[derive(Clone, Debug)]
pub struct Connect {
    path: PathBuf,
}

impl<T: 'static, E: From<DbError> + fmt::Debug + 'static> AsyncContext<T, E> for Connect {
    type Value = Connection;

    async fn enter(self) -> Result<Connection, E> {
        Ok(Connection::open(self.path).await?)
    }

    async fn exit(connection: Connection, outcome: Outcome<T, E>) -> Outcome<T, E> {
        match connection.close().await {
            Err(error) if outcome.is_returned() => Outcome::Failed(error.into()),
            _ => outcome,
        }
    }
}
