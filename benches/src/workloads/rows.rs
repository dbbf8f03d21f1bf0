//! The numbers from 1 to so many, which SQLite finds as rows. Returns their sum.
//!
//! `cargo run --profile bench -p benches --bin steps -- rows`
//!
//! Steps 1 to 5 get a row as text, and step 6 as values; the sum is made by whoever iterates.

use std::ops::ControlFlow;
use std::path::Path;
use std::rc::Rc;
use std::sync::mpsc::sync_channel;

use step1::Database;
use step4::unblock;
use step5::for_await;
use step6::{DbError, connect, with};

use crate::{Setting, Workload, run};

/// How far whoever looks for rows may be ahead: as step 5's `rows`.
const AHEAD: usize = step5::producer::AHEAD;

fn number(row: &str) -> u64 {
    row.parse().expect("the row is a number")
}

fn all_rows(database: &Path, sql: &str) -> u64 {
    let rows = Database::open(database).and_then(|database| database.query(sql));
    rows.expect("the database is there").iter().map(|row| number(row)).sum()
}

fn row_by_row(database: &Path, sql: &str) -> u64 {
    let mut sum = 0;
    each_row(database, sql, |row| {
        sum += number(&row);
        ControlFlow::Continue(())
    });
    sum
}

fn each_row(database: &Path, sql: &str, each: impl FnMut(String) -> ControlFlow<()>) {
    let ran = Database::open(database).and_then(|database| database.query_each(sql, each));
    ran.expect("the database is there");
}

/// Another thread looks for the rows, and sends them.
fn through_a_channel(database: &Rc<Path>, sql: &Rc<str>) -> u64 {
    let (sender, rows) = sync_channel(AHEAD);
    let (database, sql) = (database.to_path_buf(), sql.to_string());
    let looking = run::thread(move || {
        each_row(&database, &sql, |row| {
            sender.send(row).expect("the receiver takes them all");
            ControlFlow::Continue(())
        });
        0
    });
    rows.into_iter().map(|row| number(&row)).sum::<u64>() + run::join_thread(looking)
}

async fn async_rows(database: Rc<Path>, sql: Rc<str>) -> u64 {
    let mut sum = 0;
    for_await!(row in step5::rows(&*database, &*sql) => {
        sum += number(&row.expect("the database is there"));
    });
    sum
}

async fn rows_of_a_connection(database: Rc<Path>, sql: Rc<str>) -> u64 {
    let sum = with(connect(&*database), async |database| {
        let mut sum = 0;
        for_await!(row in database.rows(&*sql, []) => {
            sum += row?.get::<i64>("i")?.unsigned_abs();
        });
        Ok::<_, DbError>(sum)
    });
    sum.await.expect("the database is there")
}

pub(crate) fn make(rows: usize, setting: &Setting) -> Workload {
    let database: Rc<Path> = setting.database().into();
    let sql = format!(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {rows}) SELECT i FROM n"
    );
    let sql: Rc<str> = sql.into();
    let what = format!("the numbers from 1 to {rows} as rows of SQLite; returns their sum");
    let mut workload = Workload::new(what, rows * (rows + 1) / 2);
    let mut add = |step, name, run: fn(&Rc<Path>, &Rc<str>) -> u64| {
        let (database, sql) = (Rc::clone(&database), Rc::clone(&sql));
        workload.ways.push(crate::Way::new(step, name, move || run(&database, &sql)));
    };
    add(1, "all rows at once", |database, sql| all_rows(database, sql));
    add(1, "row by row", |database, sql| row_by_row(database, sql));
    add(1, "a thread, a channel of 32", through_a_channel);
    add(4, "event loop, all rows at once", |database, sql| {
        let (database, sql) = (database.to_path_buf(), sql.to_string());
        step4::run(unblock(move || all_rows(&database, &sql)))
    });
    add(5, "event loop, rows", |database, sql| step4::run(async_rows(Rc::clone(database), Rc::clone(sql))));
    add(6, "event loop, connection", |database, sql| {
        step4::run(rows_of_a_connection(Rc::clone(database), Rc::clone(sql)))
    });
    workload
}
