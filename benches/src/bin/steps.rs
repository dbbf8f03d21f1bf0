//! A table for each workload: what each step's ways of running it cost.
//!
//! `cargo run --profile bench -p benches --bin steps`, or with `-- waits echo` for some; `-- --tiny` only shows that it works.
//!
//! ```text
//!   steps ── for each workload: setting, table
//!     ├── steps serve <microseconds>              the server
//!     └── steps row <workload> <size> <way>       a way, in a process of its own: no row sees what another has left
//! ```
//!
//! See `benches::cost` for what the columns say.

use std::env;
use std::io;
use std::process::{Command, ExitCode};

use benches::{Cost, Counting, Kind, Setting, kinds};

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn main() -> io::Result<ExitCode> {
    let args: Vec<String> = env::args().skip(1).collect();
    let words: Vec<&str> = args.iter().map(String::as_str).collect();
    match &words[..] {
        [Setting::SERVE, rest @ ..] => Setting::serve(rest.first().copied()),
        ["row", workload, size, way] => return row(workload, size, way),
        _ => return tables(&words),
    }
    Ok(ExitCode::SUCCESS)
}

fn tables(words: &[&str]) -> io::Result<ExitCode> {
    let is_tiny = words.contains(&"--tiny");
    let names: Vec<&str> = words.iter().copied().filter(|word| *word != "--tiny").collect();
    if let Some(unknown) = names.iter().find(|name| kinds().iter().all(|kind| kind.name != **name)) {
        let known = kinds().map(|kind| kind.name).join(", ");
        eprintln!("there is no workload `{unknown}`; there are: {known}");
        return Ok(ExitCode::FAILURE);
    }
    for kind in kinds().into_iter().filter(|kind| names.is_empty() || names.contains(&kind.name)) {
        table(kind, if is_tiny { kind.tiny } else { kind.sizes[kind.sizes.len() - 1] })?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Measures each way in a process of its own, and prints a line for it.
fn table(kind: Kind, size: usize) -> io::Result<()> {
    let workload = kind.make(size, &Setting::new(env::current_exe()?)?);
    println!("{}: {}\n", kind.name, workload.what);
    println!(
        "{:<5} {:<29} {:>8} {:>8} {:>8} {:>8} {:>9} {:>12} {:>12} {:>7} {:>7} {:>7}",
        "step",
        "way",
        "wall ms",
        "CPU ms",
        "threads",
        "switches",
        "heap KiB",
        "resident KiB",
        "allocations",
        "polls",
        "wakes",
        "sleeps",
    );
    for (at, way) in workload.ways.iter().enumerate() {
        let args = ["row", kind.name, &size.to_string(), &at.to_string()].map(str::to_owned);
        let output = Command::new(env::current_exe()?).args(args).output()?;
        if !output.status.success() {
            let errors = String::from_utf8_lossy(&output.stderr);
            return Err(io::Error::other(format!("{way} failed: {errors}")));
        }
        let cost: Cost = serde_json::from_slice(&output.stdout)?;
        assert_eq!(cost.done, workload.checksum, "{way} did other work than it should");
        println!("{:<5} {:<29} {}", way.step, way.name, figures(&cost));
    }
    println!();
    Ok(())
}

fn figures(cost: &Cost) -> String {
    let or_unknown = |figure: Option<u64>| figure.map_or("?".to_owned(), |figure| figure.to_string());
    format!(
        "{:>8.2} {:>8.2} {:>8} {:>8} {:>9.1} {:>12} {:>12} {:>7} {:>7} {:>7}",
        cost.wall.as_secs_f64() * 1e3,
        cost.cpu.as_secs_f64() * 1e3,
        cost.threads,
        or_unknown(cost.switches),
        cost.heap as f64 / 1024.0,
        or_unknown(cost.resident.map(|bytes| bytes / 1024)),
        cost.allocations,
        cost.polls,
        cost.wakes,
        cost.sleeps,
    )
}

/// Measures one way, and prints its figures as JSON.
fn row(workload: &str, size: &str, way: &str) -> io::Result<ExitCode> {
    let kind = kinds().into_iter().find(|kind| kind.name == workload);
    let (Some(kind), Ok(size), Ok(way)) = (kind, size.parse(), way.parse::<usize>()) else {
        return Err(io::ErrorKind::InvalidInput.into());
    };
    let setting = Setting::new(env::current_exe()?)?;
    let workload = kind.make(size, &setting);
    println!("{}", serde_json::to_string(&Cost::of(&workload.ways[way]))?);
    Ok(ExitCode::SUCCESS)
}
