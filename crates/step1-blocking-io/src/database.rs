//! A database to ask: SQLite, which is a library and a file, with no server behind it.
//!
//! ```text
//! users    id | name            | language
//!           1 | Ada Lovelace    | NULL
//!           2 | Grace Hopper    | COBOL
//!           3 | Guido van Rossum| Python
//! ```
//!
//! A query blocks its thread: on the disk, on another connection's lock, or on its own computing.
//!
//! # Invariants
//!
//! 1. Asking never makes a database: only [`Database::create`] leaves a new file behind.
//!
//! # Absent on purpose
//!
//! Parameters, types, transactions: step 6 takes up SQLite itself, off the event loop.

use std::ffi::CString;
use std::ops::ControlFlow;
use std::path::Path;

use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags, Row};

use crate::Error;

const USERS: &str = "
    BEGIN;
    CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT NOT NULL, language TEXT);
    INSERT INTO users (name, language)
    VALUES ('Ada Lovelace', NULL), ('Grace Hopper', 'COBOL'), ('Guido van Rossum', 'Python');
    COMMIT;";

/// Answers SQL with lines of text.
///
/// # Examples
///
/// ```
/// use step1::Database;
///
/// let database = Database::in_memory()?;
/// assert_eq!(database.query("SELECT id, name FROM users WHERE language = 'COBOL'")?, ["2|Grace Hopper"]);
///
/// let error = database.query("SELECT * FROM usrs").unwrap_err();
/// assert_eq!(error.to_string(), "could not run `SELECT * FROM usrs`: no such table: usrs");
/// # Ok::<(), step1::Error>(())
/// ```
#[derive(Debug)]
pub struct Database {
    connection: Connection,
}

impl Database {
    /// Makes a database in memory, with its users. It is gone when this is dropped.
    ///
    /// # Errors
    ///
    /// Returns [`Error::Database`] if SQLite finds no memory.
    pub fn in_memory() -> Result<Self, Error> {
        let cannot = || Error::database("make a database in memory");
        let connection = Connection::open_in_memory().map_err(cannot())?;
        connection.execute_batch(USERS).map_err(cannot())?;
        Ok(Self { connection })
    }

    /// Makes a database in the file at `path`, with its users.
    ///
    /// # Errors
    ///
    /// Returns [`Error::Database`] if no file can be made there, or if one is there that has users already, or that is
    /// no database.
    pub fn create(path: impl AsRef<Path>) -> Result<Self, Error> {
        let path = path.as_ref();
        let cannot = || Error::database(format!("make the database {}", path.display()));
        let connection = Connection::open(path).map_err(cannot())?;
        connection.execute_batch(USERS).map_err(cannot())?;
        Ok(Self { connection })
    }

    /// Opens the database in the file at `path`.
    ///
    /// # Errors
    ///
    /// Returns [`Error::Database`] if there is no such file, or if it is no database.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, Error> {
        let path = path.as_ref();
        let cannot = || Error::database(format!("open the database {}", path.display()));
        // The default flags would make the file, and a slip in its name would read as "no such table" (invariant 1).
        let flags = OpenFlags::default() - OpenFlags::SQLITE_OPEN_CREATE;
        let connection = Connection::open_with_flags(path, flags).map_err(cannot())?;
        // SQLite looks at the file no earlier than it must: make it look now, while we know what we were doing.
        connection.pragma_query_value(None, "schema_version", |_| Ok(())).map_err(cannot())?;
        Ok(Self { connection })
    }

    /// Runs one statement, and returns its rows as lines, their columns parted by `|`.
    ///
    /// That is the `sqlite3` shell's format, but for a missing value, which is written `NULL`, and a blob, which is
    /// written `x'0aff'`.
    ///
    /// # Errors
    ///
    /// Returns [`Error::Database`], with the SQL in it, if it is wrong, or if there is none or more than one statement; or a NUL.
    pub fn query(&self, sql: &str) -> Result<Vec<String>, Error> {
        let mut rows = Vec::new();
        self.query_each(sql, |row| {
            rows.push(row);
            ControlFlow::Continue(())
        })?;
        Ok(rows)
    }

    /// Runs one statement as [`query`](Self::query) does, and hands each row to `each` as soon as SQLite has found it,
    /// until that says `Break`.
    ///
    /// SQLite looks for the next row only when `each` has returned: who breaks after ten rows has waited for ten.
    ///
    /// # Errors
    ///
    /// As [`query`](Self::query). The rows before the error have been handed over.
    ///
    /// ```
    /// use std::ops::ControlFlow;
    ///
    /// let database = step1::Database::in_memory()?;
    /// let mut first = None;
    /// database.query_each("SELECT name FROM users ORDER BY id", |row| {
    ///     first = Some(row);
    ///     ControlFlow::Break(())
    /// })?;
    /// assert_eq!(first.unwrap(), "Ada Lovelace");
    /// # Ok::<(), step1::Error>(())
    /// ```
    pub fn query_each(&self, sql: &str, each: impl FnMut(String) -> ControlFlow<()>) -> Result<(), Error> {
        self.each_row(sql, each).map_err(Error::database(format!("run `{sql}`")))
    }

    fn each_row(&self, sql: &str, mut each: impl FnMut(String) -> ControlFlow<()>) -> rusqlite::Result<()> {
        CString::new(sql)?; // SQLite reads up to a NUL, and would leave out the rest without a word.
        let mut statement = self.connection.prepare(sql)?;
        let columns = statement.column_count();
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            if each(line(row, columns)?).is_break() {
                break;
            }
        }
        Ok(())
    }
}

fn line(row: &Row<'_>, columns: usize) -> rusqlite::Result<String> {
    let cells: rusqlite::Result<Vec<String>> = (0..columns).map(|at| row.get_ref(at).map(cell)).collect();
    Ok(cells?.join("|"))
}

fn cell(value: ValueRef<'_>) -> String {
    match value {
        ValueRef::Null => "NULL".to_owned(),
        ValueRef::Integer(number) => number.to_string(),
        ValueRef::Real(number) => number.to_string(),
        ValueRef::Text(text) => String::from_utf8_lossy(text).into_owned(),
        ValueRef::Blob(bytes) => {
            let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
            format!("x'{digits}'")
        }
    }
}
