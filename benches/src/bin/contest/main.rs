//! Our runtimes against the ones that others use: one sample of one contestant on one row, in a process of its own.
//!
//! ```console
//! $ cargo run --profile bench -p benches --bin contest -- --list
//! $ cargo run --profile bench -p benches --bin contest -- yield-one ours
//! $ cargo run --profile bench -p benches --features peers --bin contest -- yield-one tokio --size 1000
//! ```
//!
//! A *row* is a workload, with an operation that is counted; a *contestant* is a runtime, or the *limit*: the same work
//! by a loop written for it by hand, without a runtime. One process measures one of each and prints one line of JSON; so no
//! contestant inherits another's heap, threads or warm caches, and whoever compares them may interleave the processes.
//! `--list` prints all rows and contestants, and why a contestant is missing in a row. The peers need the feature
//! `peers`. Python's asyncio and uvloop run the same rows by the same commands in `benches/python/contest.py`.
//!
//! ```text
//!   rows           what there is to do, and the target
//!   watch          rounds until the time is up; the first one warms up; the median of the others is the figure
//!   work/*         the workloads, generic over what a contestant can do (work/mod.rs has those traits)
//!   contestants/*  each runtime behind those traits, and its answer for every row: in, or out and why
//!   limit/*        the loops by hand
//! ```
//!
//! The same for all: the system's allocator, the operations of a row, the slots that signal (`slot`). Each contestant's
//! own: how it spawns, joins, yields, sends, sleeps, and reads sockets. In each the way that its documentation
//! recommends is taken; where there was a choice, its file says which.

#[cfg(target_os = "linux")]
mod contestants;
#[cfg(target_os = "linux")]
mod limit;
#[cfg(target_os = "linux")]
mod list;
#[cfg(target_os = "linux")]
mod rows;
#[cfg(target_os = "linux")]
mod slot;
#[cfg(target_os = "linux")]
mod watch;
#[cfg(target_os = "linux")]
mod work;

#[cfg(not(target_os = "linux"))]
fn main() {
    eprintln!("the contest needs Linux: its limits use epoll, and its memory is read from /proc");
    std::process::exit(1);
}

#[cfg(target_os = "linux")]
fn main() {
    use clap::Parser as _;

    let arguments = Arguments::parse();
    match arguments.answer() {
        Ok(line) => println!("{line}"),
        Err(why) => {
            eprintln!("error: {why}");
            std::process::exit(2);
        }
    }
}

/// Takes one sample of one contestant on one row.
#[cfg(target_os = "linux")]
#[derive(clap::Parser)]
#[command(name = "contest")]
struct Arguments {
    /// Prints rows and contestants as JSON
    #[arg(long, conflicts_with_all = ["row", "contestant"])]
    list: bool,
    /// What to measure: an id from the list
    #[arg(required_unless_present = "list")]
    row: Option<String>,
    /// Whom to measure
    #[arg(required_unless_present = "list")]
    contestant: Option<String>,
    /// How big: what that means is in the list; the row's own size if not given
    #[arg(long)]
    size: Option<usize>,
    /// How long to repeat rounds; one round at least
    #[arg(long, default_value_t = rows::SECONDS)]
    seconds: f64,
}

#[cfg(target_os = "linux")]
impl Arguments {
    /// Does what was asked, and returns what to print.
    fn answer(&self) -> Result<serde_json::Value, String> {
        use contestants::{Part, find};
        let (Some(row), Some(name)) = (&self.row, &self.contestant) else { return Ok(list::list()) };
        let row = rows::find(row).ok_or_else(|| format!("no row {row}; --list has them"))?;
        let contestant = find(name).ok_or_else(|| {
            format!("no contestant {name} in this build; --list has them (peers need --features peers)")
        })?;
        let size = self.size.unwrap_or(row.size);
        if size == 0 {
            return Err("the size is 1 at least".to_owned());
        }
        let time = std::time::Duration::try_from_secs_f64(self.seconds).map_err(|error| error.to_string())?;
        match (contestant.part)(row.id) {
            Part::In(run) => Ok(run(&watch::Plan { size, time }).line(row, contestant.name, size)),
            Part::Out(why) => Err(format!("{name} is not in {}: {why}", row.id.name())),
        }
    }
}
