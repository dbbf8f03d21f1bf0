//! What can go wrong with a database.

use std::fmt;

use rusqlite::ErrorCode;

/// Says what was being done with a database, and what was wrong.
///
/// ```
/// use step6::{Connection, DbErrorKind};
///
/// let error = step4::run(Connection::open("no/such.db")).unwrap_err();
/// assert_eq!(error.kind(), DbErrorKind::CannotOpen);
/// assert_eq!(error.to_string(), "could not open the database no/such.db: unable to open database file: no/such.db");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DbError {
    doing: String,
    kind: DbErrorKind,
    reason: String,
}

/// Says what kind of thing was wrong, for those who decide by it.
///
/// ```
/// use step6::{Connection, DbErrorKind};
///
/// let error = step4::run(async { Connection::in_memory().await?.query("SELEC 1", []).await }).unwrap_err();
/// assert_eq!(error.kind(), DbErrorKind::Sql);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DbErrorKind {
    /// The file is not there, or may not be opened.
    CannotOpen,
    /// The file is no database, or is damaged.
    Damaged,
    /// Another connection has held its lock for too long.
    Busy,
    /// The SQL, or its parameters, or the type asked for, are wrong.
    Sql,
    /// A constraint does not allow it.
    Constraint,
    /// The statement was stopped, because nobody waited for it any more.
    Interrupted,
    /// The transaction has ended before this statement: SQLite has rolled it back after an interrupted one, or a full disk; or
    /// a statement in it was a `COMMIT` or `ROLLBACK`.
    RolledBack,
    /// The connection was closed.
    Closed,
    /// Anything else, as SQLite says it.
    Other,
}

impl DbError {
    pub(crate) fn new(doing: impl Into<String>, error: rusqlite::Error) -> Self {
        let kind = kind(&error);
        let reason = match error {
            // Its `Display` repeats the whole SQL, which `doing` has said already.
            rusqlite::Error::SqlInputError { msg, .. } => msg,
            rusqlite::Error::MultipleStatement => "more than one statement".to_owned(),
            other => other.to_string(),
        };
        Self { doing: doing.into(), kind, reason }
    }

    pub(crate) fn of_kind(kind: DbErrorKind, doing: impl Into<String>, reason: impl Into<String>) -> Self {
        Self { doing: doing.into(), kind, reason: reason.into() }
    }

    /// Returns what kind of thing was wrong.
    #[must_use]
    pub fn kind(&self) -> DbErrorKind {
        self.kind
    }
}

fn kind(error: &rusqlite::Error) -> DbErrorKind {
    match error.sqlite_error_code() {
        Some(ErrorCode::CannotOpen | ErrorCode::PermissionDenied) => DbErrorKind::CannotOpen,
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => DbErrorKind::Damaged,
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => DbErrorKind::Busy,
        Some(ErrorCode::ConstraintViolation) => DbErrorKind::Constraint,
        Some(ErrorCode::OperationInterrupted) => DbErrorKind::Interrupted,
        // What SQLite has no better code for than "error": mostly wrong SQL.
        Some(ErrorCode::Unknown | ErrorCode::TypeMismatch | ErrorCode::ParameterOutOfRange) => {
            DbErrorKind::Sql
        }
        Some(_) => DbErrorKind::Other,
        // What the library finds out by itself: a wrong number of parameters, a column that is not there.
        None => DbErrorKind::Sql,
    }
}

impl fmt::Display for DbError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "could not {}: {}", self.doing, self.reason)
    }
}

impl std::error::Error for DbError {}
