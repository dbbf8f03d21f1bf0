//! One SQLite handle, and jobs that run on it one after the other, on threads that may block.
//!
//! # Invariants
//!
//! 1. A job has the handle for itself: its guard goes with it to the thread, and comes back or is dropped there.
//! 2. A job whose future is dropped before it has begun never runs. One that runs is interrupted, and no other: it clears
//!    `is_given_up` when it begins, and that is set under the lock under which it says that it is over, before it gives up
//!    the guard.
//! 3. `is_open` is set from the moment a transaction has begun until it has ended. If a job that belongs to none finds it
//!    set, that transaction was left open, and is rolled back first. If such a job itself leaves one open, by SQL, that is
//!    rolled back at once, and an error. So is one that ends the transaction to which it belongs, by SQL.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;

use rusqlite::Connection;
use step3::{Hold, hold, sleep};
use step4::unblock;
use step5::{Generator, for_await, from_thread, generator};

use crate::db::row::each_row;
use crate::sync::{Mutex as Lock, lock};
use crate::{DbError, DbErrorKind, Mutex, MutexGuard, Row, Value};

/// Runs jobs on one SQLite handle. Clones share it.
#[derive(Clone)]
pub(crate) struct Session(Arc<Shared>);

struct Shared {
    /// `None` once it is closed.
    sqlite: Arc<Mutex<Option<Connection>>>,
    // Relaxed: all that is to be known is the flag itself.
    is_given_up: Arc<AtomicBool>,
    // Relaxed: it is used by whoever has the handle, whose lock orders all else.
    is_open: AtomicBool,
}

/// Which statements a job belongs to.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// Those of a transaction.
    Inside,
    /// Those on their own.
    Outside,
}

type Guard = MutexGuard<Option<Connection>, Arc<Mutex<Option<Connection>>>>;

/// How long to wait for another connection's lock on the file, time after time: SQLite's own schedule, 5 s in all.
fn delays() -> impl Iterator<Item = Duration> {
    let first = [1, 2, 5, 10, 15, 20, 25, 25, 25, 50, 50];
    let rest = 5000 - first.iter().sum::<u64>();
    first.into_iter().chain((0..rest / 100).map(|_| 100)).chain([rest % 100]).map(Duration::from_millis)
}

/// How many steps SQLite's machine takes before it looks whether to go on: some microseconds' worth.
const STEPS_UNTIL_A_LOOK: i32 = 1000;

impl Session {
    pub(crate) fn new(mut connection: Connection) -> rusqlite::Result<Self> {
        connection.busy_timeout(Duration::ZERO)?; // We wait on the loop instead.
        let is_given_up = Arc::new(AtomicBool::new(false));
        let flag = Arc::clone(&is_given_up);
        // Not `sqlite3_interrupt`: that is lost if it comes before the first step of a statement.
        connection.progress_handler(STEPS_UNTIL_A_LOOK, Some(move || flag.load(Relaxed)))?;
        let sqlite = Arc::new(Mutex::new(Some(connection)));
        Ok(Self(Arc::new(Shared { sqlite, is_given_up, is_open: AtomicBool::new(false) })))
    }

    /// Returns whether nobody waits any more for the job that runs. SQLite itself asks only during longer statements.
    pub(crate) fn is_given_up(&self) -> bool {
        self.0.is_given_up.load(Relaxed)
    }

    /// Runs `job` on a thread, when the handle is free; and again, after a while, if another connection has a lock on the
    /// file.
    pub(crate) async fn run<R, F>(&self, place: Place, doing: impl Into<String>, job: F) -> Result<R, DbError>
    where
        R: Send + 'static,
        F: FnMut(&Connection) -> rusqlite::Result<R> + Send + 'static,
    {
        self.run_again_after(delays(), place, doing.into(), job).await
    }

    /// Looks at the file's header: once, whatever locks there are.
    pub(crate) async fn look(&self) -> Result<(), DbError> {
        let doing = "look at the database".to_owned();
        self.run_again_after([].into_iter(), Place::Outside, doing, look_at_header).await
    }

    async fn run_again_after<R, F>(
        &self,
        mut delays: impl Iterator<Item = Duration>,
        place: Place,
        doing: String,
        mut job: F,
    ) -> Result<R, DbError>
    where
        R: Send + 'static,
        F: FnMut(&Connection) -> rusqlite::Result<R> + Send + 'static,
    {
        let mut guard = Arc::clone(&self.0.sqlite).lock_owned().await;
        loop {
            let (stop, session, doing_now) = (Stop::new(self), self.clone(), doing.clone());
            let running = stop.running();
            let outcome;
            (outcome, job, guard) = unblock(move || {
                let outcome = running.run(|| session.attempt(place, doing_now, &guard, &mut job));
                (outcome, job, guard)
            })
            .await;
            drop(stop);
            match outcome {
                Err(error) if error.kind() == DbErrorKind::Busy => match delays.next() {
                    Some(delay) => sleep(delay).await,
                    None => return Err(error),
                },
                outcome => return outcome,
            }
        }
    }

    /// Runs a job, here and now.
    fn attempt<R>(
        &self,
        place: Place,
        doing: String,
        guard: &Guard,
        job: &mut impl FnMut(&Connection) -> rusqlite::Result<R>,
    ) -> Result<R, DbError> {
        let Some(connection) = guard.as_ref() else {
            return Err(DbError::of_kind(DbErrorKind::Closed, doing, "the connection was closed"));
        };
        if place == Place::Inside && connection.is_autocommit() {
            let reason = "the transaction has ended before that";
            return Err(DbError::of_kind(DbErrorKind::RolledBack, doing, reason));
        }
        let mut outcome = Ok(());
        if place == Place::Outside && self.0.is_open.load(Relaxed) {
            outcome = self.roll_back_now(connection);
        }
        let outcome = outcome.and_then(|()| job(connection)).map_err(|error| DbError::new(&doing, error));
        if place == Place::Outside && !connection.is_autocommit() && !self.0.is_open.load(Relaxed) {
            self.roll_back_now(connection).map_err(|error| DbError::new(&doing, error))?;
            let reason = "it left a transaction open, which was rolled back: use `transaction` for that";
            return outcome.and(Err(DbError::of_kind(DbErrorKind::Sql, doing, reason)));
        }
        if place == Place::Inside
            && connection.is_autocommit()
            && self.0.is_open.load(Relaxed)
            && outcome.is_ok()
        {
            let reason = "it ended the transaction, which is for `with` to do";
            return Err(DbError::of_kind(DbErrorKind::Sql, doing, reason));
        }
        outcome
    }

    /// Begins a transaction, which may write: whoever else wants to, has to wait.
    pub(crate) async fn begin(&self) -> Result<(), DbError> {
        let session = self.clone();
        let begin = move |connection: &Connection| {
            connection.execute_batch("BEGIN IMMEDIATE")?;
            session.0.is_open.store(true, Relaxed);
            Ok(())
        };
        self.run(Place::Outside, "begin a transaction", begin).await
    }

    pub(crate) async fn commit(&self) -> Result<(), DbError> {
        let session = self.clone();
        let commit = move |connection: &Connection| {
            connection.execute_batch("COMMIT")?;
            session.0.is_open.store(false, Relaxed);
            Ok(())
        };
        self.run(Place::Inside, "commit a transaction", commit).await
    }

    /// Rolls back the transaction, if there still is one.
    pub(crate) async fn roll_back(&self) -> Result<(), DbError> {
        // As a job from outside, which does just that.
        self.run(Place::Outside, "roll back a transaction", |_connection| Ok(())).await
    }

    fn roll_back_now(&self, connection: &Connection) -> rusqlite::Result<()> {
        if !connection.is_autocommit() {
            connection.execute_batch("ROLLBACK")?;
        }
        self.0.is_open.store(false, Relaxed);
        Ok(())
    }

    /// Runs one statement, and gives its rows as they are asked for, a few ahead.
    pub(crate) fn rows<'a>(
        &self,
        place: Place,
        sql: String,
        params: Vec<Value>,
    ) -> Generator<'a, Result<Row, DbError>> {
        let session = self.clone();
        generator(move |y| async move {
            let mut delays = delays();
            loop {
                let guard = Arc::clone(&session.0.sqlite).lock_owned().await;
                let stop = Stop::new(&session);
                let (running, here, sql, params) =
                    (stop.running(), session.clone(), sql.clone(), params.clone());
                let rows = from_thread(move |producer| {
                    let outcome = running.run(|| {
                        let mut job = |connection: &Connection| {
                            each_row(connection, &sql, &params, |row| producer.emit(Ok(row)).is_continue())
                        };
                        here.attempt(place, format!("run `{sql}`"), &guard, &mut job)
                    });
                    drop(guard); // Before the consumer hears of the end, and goes on to the next statement.
                    if let Err(error) = outcome {
                        let _wanted = producer.emit(Err(error));
                    }
                });
                let mut busy_before_the_first = None;
                let mut is_first = true;
                for_await!(row in rows => {
                    match row {
                        Err(error) if is_first && error.kind() == DbErrorKind::Busy => busy_before_the_first = Some(error),
                        row => y.emit(row).await,
                    }
                    is_first = false;
                });
                let Some(error) = busy_before_the_first else { return };
                match delays.next() {
                    Some(delay) => sleep(delay).await,
                    None => return y.emit(Err(error)).await,
                }
            }
        })
    }

    /// Closes the handle, when what runs on it has ended.
    pub(crate) async fn close(&self) -> Result<(), DbError> {
        let mut guard = Arc::clone(&self.0.sqlite).lock_owned().await;
        unblock(move || match guard.take().map(Connection::close) {
            None | Some(Ok(())) => Ok(()),
            Some(Err((connection, error))) => {
                *guard = Some(connection);
                Err(DbError::new("close the database", error))
            }
        })
        .await
    }
}

/// Has SQLite look at the file, which it does no earlier than it must.
pub(crate) fn look_at_header(connection: &Connection) -> rusqlite::Result<()> {
    connection.pragma_query_value(None, "schema_version", |_| Ok(()))
}

/// Stops a job when it is dropped before the job has ended (invariant 2).
struct Stop(Running);

/// How far a job has come. What belongs to the thread is dropped there after the handle's guard.
#[derive(Clone)]
struct Running {
    progress: Arc<Lock<Progress>>,
    session: Session,
}

struct Progress {
    phase: Phase,
    /// Keeps a manual clock still when nobody waits for the job any more, but perhaps for the handle.
    _hold: Option<Hold>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    Waiting,
    Running,
    Over,
}

impl Stop {
    fn new(session: &Session) -> Self {
        let progress = Progress { phase: Phase::Waiting, _hold: None };
        Self(Running { progress: Arc::new(Lock::new(progress)), session: session.clone() })
    }

    fn running(&self) -> Running {
        self.0.clone()
    }
}

impl Drop for Stop {
    fn drop(&mut self) {
        let hold = hold();
        let mut progress = lock(&self.0.progress);
        if progress.phase == Phase::Running {
            self.0.session.0.is_given_up.store(true, Relaxed);
        }
        if progress.phase != Phase::Over {
            *progress = Progress { phase: Phase::Over, _hold: Some(hold) };
        }
    }
}

impl Running {
    /// Runs `job`, unless it is not wanted any more.
    fn run<R>(&self, job: impl FnOnce() -> Result<R, DbError>) -> Result<R, DbError> {
        {
            let mut progress = lock(&self.progress);
            if progress.phase == Phase::Over {
                return Err(DbError::of_kind(DbErrorKind::Interrupted, "run a job", "nobody waits for it"));
            }
            progress.phase = Phase::Running;
            self.session.0.is_given_up.store(false, Relaxed);
        }
        let outcome = job();
        lock(&self.progress).phase = Phase::Over;
        outcome
    }
}
