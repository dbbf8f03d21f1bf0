//! A transaction as a context: committed if the body returns, rolled back in all other cases.
//!
//! ```text
//!   with(transaction(db), …)    turn of db: taken ───────────────────────────────────────────▶ given back
//!                               BEGIN ─▶ body: query, execute ─┬─ returns ────────▶ COMMIT ─ or fails: ROLLBACK
//!                                                              ├─ fails, panics ──▶ ROLLBACK
//!                                                              └─ is dropped ─────▶ ROLLBACK, by the loop
//! ```
//!
//! # Invariants
//!
//! 1. From before its BEGIN until after its COMMIT or ROLLBACK, a transaction has the turn of its connection.
//! 2. A transaction that is dropped without an exit, as when its BEGIN is cancelled, is rolled back by the loop.
//!
//! # Absent on purpose
//!
//! No transaction inside a transaction (SQL's savepoints).

use std::borrow::Borrow;
use std::fmt;
use std::sync::Arc;

use step5::Generator;
use step5::scope::leave;

use crate::db::session::{Place, Session};
use crate::{AsyncContext, Connection, DbError, Outcome, Permit, Row, Semaphore, Value};

/// Makes a context for statements that take effect together, or not at all.
///
/// `connection` is a [`Connection`], or what has one: the lease of a pool, which goes back when the transaction has ended.
/// Entering waits until the connection has nothing else to do, and (up to five seconds) until no other connection writes
/// to the file.
///
/// Inside, use the transaction. A statement on the *connection*, and a second transaction on it, would wait for the end of
/// this one, and if this one waits for them, that is for ever.
///
/// ```
/// use step6::{Connection, DbError, transaction, with};
///
/// step4::run(async {
///     let db = Connection::in_memory().await?;
///     db.execute_batch("CREATE TABLE account (balance INTEGER); INSERT INTO account VALUES (100)").await?;
///     let failed = with(transaction(db.clone()), async |tx| {
///         tx.execute("UPDATE account SET balance = balance - 70", []).await?;
///         tx.execute("UPDATE acount SET balance = balance + 70", []).await
///     });
///     assert!(failed.await.unwrap_err().to_string().contains("no such table: acount"));
///     let rows = db.query("SELECT balance FROM account", []).await?;
///     assert_eq!(rows[0].get::<i64>("balance")?, 100); // Rolled back.
///     Ok(())
/// })
/// # .map_err(|error: DbError| panic!("{error}"));
/// ```
pub fn transaction<C: Borrow<Connection> + 'static>(connection: C) -> Begin<C> {
    Begin { connection }
}

/// A transaction that has not begun: made by [`transaction`].
///
/// ```
/// use step6::{Begin, Connection, DbError, transaction, with};
///
/// let outcome: Result<(), DbError> = step4::run(async {
///     let begin: Begin<Connection> = transaction(Connection::in_memory().await?);
///     with(begin, async |_tx| Ok(())).await
/// });
/// assert_eq!(outcome, Ok(()));
/// ```
#[derive(Debug)]
pub struct Begin<C> {
    connection: C,
}

/// An open transaction: the value of [`transaction`]'s context.
///
/// Its methods are those of a [`Connection`]. After a statement that writes was given up half-way, SQLite has rolled back
/// all of it; the statements that follow then fail, and so does the commit.
///
/// ```
/// use step6::{Connection, DbError, Transaction, transaction, with};
///
/// async fn create(tx: &Transaction<Connection>) -> Result<(), DbError> {
///     tx.execute_batch("CREATE TABLE t (n INTEGER)").await
/// }
///
/// step4::run(async {
///     let db = Connection::in_memory().await?;
///     with(transaction(db.clone()), async |tx| create(tx).await).await?;
///     db.execute("INSERT INTO t VALUES (?)", [1.into()]).await
/// })
/// # .map_err(|error: DbError| panic!("{error}"));
/// ```
pub struct Transaction<C: 'static> {
    session: Session,
    /// What it gives back when it has ended.
    open: Option<Open<C>>,
}

/// The turn, and the connection: given back in this order.
struct Open<C> {
    _turn: Permit<Arc<Semaphore>>,
    _connection: C,
}

impl<C> Transaction<C> {
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
        self.session.query(Place::Inside, sql, params).await
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
        self.session.execute(Place::Inside, sql, params).await
    }

    /// Runs statements, parted by semicolons, that need no parameters and give no rows.
    ///
    /// # Errors
    ///
    /// As [`query`](Self::query).
    pub async fn execute_batch(&self, sql: &str) -> Result<(), DbError> {
        self.session.execute_batch(Place::Inside, sql).await
    }

    /// Runs one statement, and gives its rows as they are asked for. See [`Connection::rows`].
    ///
    /// # Errors
    ///
    /// As [`query`](Self::query): an error is the last item.
    pub fn rows(
        &mut self,
        sql: impl Into<String>,
        params: impl IntoIterator<Item = Value>,
    ) -> Generator<'_, Result<Row, DbError>> {
        self.session.rows(Place::Inside, sql.into(), params.into_iter().collect())
    }
}

impl<C> fmt::Debug for Transaction<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transaction").field("is_open", &self.open.is_some()).finish_non_exhaustive()
    }
}

impl<T, E, C> AsyncContext<T, E> for Begin<C>
where
    T: 'static,
    E: From<DbError> + fmt::Debug + 'static,
    C: Borrow<Connection> + 'static,
{
    type Value = Transaction<C>;

    async fn enter(self) -> Result<Transaction<C>, E> {
        let Connection { session, turn, .. } = self.connection.borrow().clone();
        let open = Open { _turn: turn.acquire_owned().await, _connection: self.connection };
        // From here on, dropping it rolls back: this future may be dropped when the job has begun the transaction.
        let mut transaction = Transaction { session, open: Some(open) };
        if let Err(error) = transaction.session.begin().await {
            transaction.open = None;
            return Err(error.into());
        }
        Ok(transaction)
    }

    async fn exit(mut transaction: Transaction<C>, outcome: Outcome<T, E>) -> Outcome<T, E> {
        let outcome = match outcome {
            Outcome::Returned(value) => match transaction.session.commit().await {
                Ok(()) => Outcome::Returned(value),
                Err(error) => Outcome::Failed(error.into()),
            },
            other => other,
        };
        if !outcome.is_returned() {
            // If it fails, the next statement on the connection tries again before it runs.
            let _tried = transaction.session.roll_back().await;
        }
        transaction.open = None;
        outcome
    }
}

impl<C: 'static> Drop for Transaction<C> {
    fn drop(&mut self) {
        let Some(open) = self.open.take() else { return };
        let session = self.session.clone();
        let roll_back = async move {
            let _tried = session.roll_back().await;
            drop(open);
        };
        leave(roll_back);
    }
}
