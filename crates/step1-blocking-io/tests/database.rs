//! The database: rows as lines, and errors that say what was wrong.
#![allow(clippy::unwrap_used, reason = "the exception for tests does not reach the functions they share")]

mod scratch;

use std::fs;
use std::ops::ControlFlow;

use scratch::Scratch;
use step1::{Database, Error};

fn message<T>(result: Result<T, Error>) -> String {
    result.err().unwrap().to_string()
}

fn query(sql: &str) -> Result<Vec<String>, Error> {
    Database::in_memory().unwrap().query(sql)
}

#[test]
fn the_users_are_there() {
    let expected = ["1|Ada Lovelace|NULL", "2|Grace Hopper|COBOL", "3|Guido van Rossum|Python"];
    assert_eq!(query("SELECT * FROM users").unwrap(), expected);
}

#[test]
fn every_type_of_value_has_its_text() {
    assert_eq!(query("SELECT 1, -2.5, 'a|b', NULL, x'0aff'").unwrap(), ["1|-2.5|a|b|NULL|x'0aff'"]);
}

#[test]
fn no_rows_are_no_lines() {
    assert!(query("SELECT * FROM users WHERE id > 3").unwrap().is_empty());
}

#[test]
fn a_statement_that_is_no_query_runs_and_gives_no_lines() {
    let database = Database::in_memory().unwrap();
    assert!(database.query("DELETE FROM users WHERE id > 1").unwrap().is_empty());
    assert_eq!(database.query("SELECT count(*) FROM users").unwrap(), ["1"]);
}

#[test]
fn rows_are_handed_over_one_by_one_in_order() {
    let mut rows = Vec::new();
    let each = |row| {
        rows.push(row);
        ControlFlow::Continue(())
    };
    Database::in_memory().unwrap().query_each("SELECT name FROM users ORDER BY id DESC", each).unwrap();
    assert_eq!(rows, ["Guido van Rossum", "Grace Hopper", "Ada Lovelace"]);
}

#[test]
fn no_row_is_looked_for_after_a_break() {
    // It counts for ever: whoever looked for all rows before the first is handed over would never return.
    let sql = "WITH RECURSIVE count(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM count) SELECT n FROM count";
    let mut rows = Vec::new();
    let each = |row| {
        rows.push(row);
        if rows.len() == 3 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    Database::in_memory().unwrap().query_each(sql, each).unwrap();
    assert_eq!(rows, ["1", "2", "3"]);
}

/// `abs` cannot negate the smallest number.
const FAILS_AT_THE_THIRD_ROW: &str =
    "SELECT abs(column1) FROM (VALUES (1), (-2), (-9223372036854775807 - 1), (4))";

#[test]
fn the_rows_before_an_error_were_handed_over() {
    let mut rows = Vec::new();
    let each = |row| {
        rows.push(row);
        ControlFlow::Continue(())
    };
    let outcome = Database::in_memory().unwrap().query_each(FAILS_AT_THE_THIRD_ROW, each);
    assert_eq!(rows, ["1", "2"]);
    assert_eq!(message(outcome), format!("could not run `{FAILS_AT_THE_THIRD_ROW}`: integer overflow"));
}

#[test]
fn who_breaks_before_an_error_never_meets_it() {
    let outcome =
        Database::in_memory().unwrap().query_each(FAILS_AT_THE_THIRD_ROW, |_row| ControlFlow::Break(()));
    assert!(outcome.is_ok());
}

#[test]
fn a_statement_broken_off_leaves_the_database_usable() {
    let database = Database::in_memory().unwrap();
    database.query_each("SELECT * FROM users", |_row| ControlFlow::Break(())).unwrap();
    database.query("DELETE FROM users").unwrap();
    assert_eq!(database.query("SELECT count(*) FROM users").unwrap(), ["0"]);
}

#[test]
fn a_row_may_be_answered_with_another_query() {
    let database = Database::in_memory().unwrap();
    let mut names = Vec::new();
    let each = |id| {
        names.extend(database.query(&format!("SELECT name FROM users WHERE id = {id}")).unwrap());
        ControlFlow::Continue(())
    };
    database.query_each("SELECT id FROM users ORDER BY id", each).unwrap();
    assert_eq!(names, ["Ada Lovelace", "Grace Hopper", "Guido van Rossum"]);
}

#[test]
fn two_databases_in_memory_share_nothing() {
    let (one, other) = (Database::in_memory().unwrap(), Database::in_memory().unwrap());
    one.query("DELETE FROM users").unwrap();
    assert_eq!(other.query("SELECT count(*) FROM users").unwrap(), ["3"]);
}

#[test]
fn a_file_keeps_what_was_written() {
    let scratch = Scratch::new("keeps");
    let path = scratch.path("users.db");
    let database = Database::create(&path).unwrap();
    database.query("INSERT INTO users (name) VALUES ('Barbara Liskov')").unwrap();
    drop(database);
    let lines = Database::open(&path).unwrap().query("SELECT name FROM users WHERE id = 4");
    assert_eq!(lines.unwrap(), ["Barbara Liskov"]);
}

#[test]
fn bad_sql_is_shown_with_what_is_wrong_with_it() {
    assert_eq!(message(query("SELEC 1")), "could not run `SELEC 1`: near \"SELEC\": syntax error");
}

#[test]
fn a_missing_table_is_named() {
    assert_eq!(
        message(query("SELECT * FROM usrs")),
        "could not run `SELECT * FROM usrs`: no such table: usrs"
    );
}

#[test]
fn a_broken_constraint_is_named() {
    let sql = "INSERT INTO users (name) VALUES (NULL)";
    assert_eq!(message(query(sql)), format!("could not run `{sql}`: NOT NULL constraint failed: users.name"));
}

#[test]
fn a_missing_file_is_named_and_not_made() {
    let scratch = Scratch::new("missing-file");
    let path = scratch.path("users.db");
    let message = message(Database::open(&path));
    assert!(message.starts_with(&format!("could not open the database {}: ", path.display())), "{message}");
    assert!(!path.exists());
}

#[test]
fn a_file_that_is_no_database_is_named() {
    let scratch = Scratch::new("no-database");
    let path = scratch.path("note.txt");
    fs::write(&path, "This is a text, and longer than the header of a database would be. ".repeat(10))
        .unwrap();
    let expected = format!("could not open the database {}: file is not a database", path.display());
    assert_eq!(message(Database::open(&path)), expected);
}

#[test]
fn a_database_in_a_folder_that_is_not_there_is_named() {
    let scratch = Scratch::new("no-folder");
    let path = scratch.path("no/users.db");
    let message = message(Database::create(&path));
    assert!(message.starts_with(&format!("could not make the database {}: ", path.display())), "{message}");
}

#[test]
fn making_a_database_twice_is_an_error_and_harms_nothing() {
    let scratch = Scratch::new("twice");
    let path = scratch.path("users.db");
    Database::create(&path).unwrap();
    let message = message(Database::create(&path));
    assert!(message.ends_with("table users already exists"), "{message}");
    assert_eq!(Database::open(&path).unwrap().query("SELECT count(*) FROM users").unwrap(), ["3"]);
}

#[test]
fn more_than_one_statement_is_refused_and_none_is_run() {
    let database = Database::in_memory().unwrap();
    let message = message(database.query("DELETE FROM users; SELECT 1"));
    assert!(message.ends_with(": more than one statement"), "{message}");
    assert_eq!(database.query("SELECT count(*) FROM users").unwrap(), ["3"]);
}

/// What stood behind the NUL was left out, and nobody was told.
#[test]
fn a_statement_with_a_nul_in_it_is_refused() {
    for sql in ["SELECT name FROM users\0 WHERE id = 2", "\0SELECT 1"] {
        let message = message(Database::in_memory().unwrap().query(sql));
        assert!(message.contains("nul byte"), "{message}");
    }
}

#[test]
fn no_statement_is_refused() {
    for sql in ["", " ", "-- a comment"] {
        assert!(query(sql).is_err(), "{sql:?}: {:?}", query(sql));
    }
}

#[test]
fn a_database_can_move_to_another_thread() {
    let database = Database::in_memory().unwrap();
    let count = std::thread::spawn(move || database.query("SELECT count(*) FROM users").unwrap());
    assert_eq!(count.join().unwrap(), ["3"]);
}
