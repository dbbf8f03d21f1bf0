//! Rows, and the values in them.

use std::ffi::CString;
use std::sync::Arc;

use rusqlite::types::FromSql;
use rusqlite::{Connection, params_from_iter};

pub use rusqlite::types::Value;

use crate::{DbError, DbErrorKind};

/// One row of a result.
///
/// ```
/// use step6::{Connection, DbError};
///
/// step4::run(async {
///     let db = Connection::in_memory().await?;
///     let rows = db.query("SELECT 7 AS n, 'seven' AS name", []).await?;
///     assert_eq!(rows[0].get::<i64>("n")?, 7);
///     assert_eq!(rows[0].get::<String>("name")?, "seven");
///     assert_eq!(rows[0].get::<Option<String>>("name")?.as_deref(), Some("seven"));
///     assert_eq!(rows[0].get::<i64>("m").unwrap_err().to_string(), "could not read a row: there is no column `m`");
///     Ok(())
/// })
/// # .map_err(|error: DbError| panic!("{error}"));
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    columns: Arc<[String]>,
    values: Vec<Value>,
}

impl Row {
    /// Returns the value in the column of that name, as a `T`: an integer, an `f64`, a `String`, a `Vec<u8>`, a `bool`,
    /// or an `Option` of these.
    ///
    /// # Errors
    ///
    /// Returns an error that names the column if there is none, or if its value is no such thing.
    pub fn get<T: FromSql>(&self, column: &str) -> Result<T, DbError> {
        let Some(at) = self.columns.iter().position(|name| name == column) else {
            return Err(wrong(format!("there is no column `{column}`")));
        };
        let value = T::column_result((&self.values[at]).into());
        value.map_err(|error| wrong(format!("column `{column}`: {error}")))
    }

    /// Returns the values, in the order of the columns.
    #[must_use]
    pub fn values(&self) -> &[Value] {
        &self.values
    }

    /// Returns the names of the columns.
    #[must_use]
    pub fn columns(&self) -> &[String] {
        &self.columns
    }
}

fn wrong(reason: String) -> DbError {
    DbError::of_kind(DbErrorKind::Sql, "read a row", reason)
}

/// Refuses SQL with a NUL in it. SQLite reads no further than that, and would leave the rest out without a word.
pub(crate) fn refuse_nul(sql: &str) -> rusqlite::Result<()> {
    CString::new(sql)?;
    Ok(())
}

/// Runs one statement and hands its rows to `each`, until that says false.
pub(crate) fn each_row(
    connection: &Connection,
    sql: &str,
    params: &[Value],
    mut each: impl FnMut(Row) -> bool,
) -> rusqlite::Result<()> {
    refuse_nul(sql)?;
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query(params_from_iter(params))?;
    let mut columns: Option<Arc<[String]>> = None;
    while let Some(row) = rows.next()? {
        // Not before the first row: if the tables have changed since it was prepared, that is when SQLite notices.
        let names = || row.as_ref().column_names().map(str::to_owned).collect();
        let columns = Arc::clone(columns.get_or_insert_with(names));
        let values = (0..columns.len()).map(|at| row.get(at)).collect::<rusqlite::Result<_>>()?;
        if !each(Row { columns, values }) {
            break;
        }
    }
    Ok(())
}
