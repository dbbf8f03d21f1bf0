//! What waiting costs: the same errands, run in each of this step's ways.
//!
//! The errands are a file to read, a database to query, and nine asks at a server that takes 100 ms for each answer.
//! The server's threads are in this process, so the CPU time has their little in it, too.

use std::path::Path;
use std::time::Duration;
use std::{env, fs, process};

use step1::{BlockingPool, Database, Errand, Error, Options, Usage};
use step1::{measure, pooled, sequential, serve, spin, thread_each};
use timeline::demo::say;

const ASKS: usize = 9;
const DELAY: Duration = Duration::from_millis(100);

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = env::temp_dir().join(format!("step1-waits-{}", process::id()));
    fs::create_dir(&folder)?;
    let outcome = compare(&folder);
    fs::remove_dir_all(&folder)?;
    Ok(outcome?)
}

fn compare(folder: &Path) -> Result<(), Error> {
    let slow = Options { delay: DELAY, ..Options::default() };
    let server = serve("127.0.0.1:0", slow, |line| format!("you said {line}"))?;
    let database = folder.join("users.db");
    Database::create(&database)?;
    let file = folder.join("note.txt");
    fs::write(&file, "Begin operation")
        .map_err(|source| Error::Io { doing: "write a file".into(), source })?;

    let mut errands =
        vec![Errand::Read { file }, Errand::Query { database, sql: "SELECT * FROM users".into() }];
    let ask = |n| Errand::Ask { server: server.addr(), line: format!("hello {n}") };
    errands.extend((1..=ASKS).map(ask));

    say(format!("a file, a query, and {ASKS} asks of {} ms each\n", DELAY.as_millis()));
    say("strategy        makespan    CPU time   threads");
    row("sequential", measure(|| all(sequential(&errands))))?;
    row("thread each", measure(|| all(thread_each(&errands))))?;
    row("pool of 2", measure(|| all(pooled(&BlockingPool::new(2, 4), &errands))))?;
    let mut looks = 0;
    let looking = || {
        let spun = spin(&errands);
        looks = spun.looks;
        all(spun.results)
    };
    row("spin", measure(looking))?;
    say(format!("\nspin looked {looks} times"));
    Ok(())
}

fn row(strategy: &str, (outcome, usage): (Result<(), Error>, Usage)) -> Result<(), Error> {
    let (wall, cpu) = (usage.wall.as_millis(), usage.cpu.as_secs_f64() * 1e3);
    // The caller's thread waits as well.
    say(format!("{strategy:<12} {wall:>8} ms {cpu:>8.1} ms {:>9}", usage.threads + 1));
    outcome
}

/// Succeeds if all of them did: an errand that failed at once would look like a fast one.
fn all(results: Vec<Result<String, Error>>) -> Result<(), Error> {
    results.into_iter().try_for_each(|result| result.map(drop))
}
