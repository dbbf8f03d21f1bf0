//! What CPython measures, and what this machine shows: the rows M1 to M9 in one table, side by side.
//!
//! ```text
//!   cpu     M1 two threads compute   M2 switches a second   M5 the lock before 3.2   M7 where to check
//!   wakes   M3 the convoy   M4 no forced hand-over   M6 native code that keeps the lock
//!   waits   M9 eight waits
//! ```
//!
//! A report, and no test: each row says in which wide band its value should be, if nothing else runs here. The times are
//! the best of three, as what else runs can only make them longer. The column of CPython is what `measurements.py` beside
//! this folder finds with the python3 that is installed. M8, what counting references costs, is `counts`.
//!
//! `cargo run --profile bench -p step7 --example measurements`, or with `-- M1 M3` for some of them.
#![allow(clippy::unwrap_used, reason = "an example may")]

mod cpu;
mod program;
mod python;
mod waits;
mod wakes;

use std::{env, fs};

/// Something that was measured.
struct Row {
    /// What it is; the script calls it the same.
    claim: String,
    unit: Unit,
    here: f64,
    /// From where to where it should be; none if that is not known beforehand.
    band: Option<(f64, f64)>,
}

#[derive(Clone, Copy)]
enum Unit {
    Ratio,
    Nanos,
    Micros,
    Millis,
    Seconds,
    PerSecond,
    Percent,
}

impl Unit {
    fn write(self, value: f64) -> String {
        match self {
            Self::Ratio => format!("{value:.2}"),
            Self::Nanos => format!("{value:.1} ns"),
            Self::Micros => format!("{value:.1} µs"),
            Self::Millis => format!("{value:.2} ms"),
            Self::Seconds => format!("{value:.3} s"),
            Self::PerSecond => format!("{value:.0} /s"),
            Self::Percent => format!("{value:.0} %"),
        }
    }
}

impl Row {
    fn new(claim: impl Into<String>, unit: Unit, here: f64, from: f64, to: f64) -> Self {
        Self { claim: claim.into(), unit, here, band: Some((from, to)) }
    }

    fn report(claim: impl Into<String>, unit: Unit, here: f64) -> Self {
        Self { claim: claim.into(), unit, here, band: None }
    }

    fn print(&self, id: &str, python: Option<f64>) {
        let python = python.map_or("-".to_owned(), |value| self.unit.write(value));
        let here = self.unit.write(self.here);
        let (band, verdict) = match self.band {
            Some((from, to)) => {
                let verdict = if (from..=to).contains(&self.here) { "ok" } else { "outside" };
                let band = match (from, to) {
                    (from, f64::INFINITY) => format!("> {from}"),
                    (0.0, to) => format!("< {to}"),
                    (from, to) => format!("{from} to {to}"),
                };
                (band, verdict)
            }
            None => (String::new(), ""),
        };
        let line = format!("{id:3} {:45} {python:>9} {here:>9}   {band:13} {verdict}", self.claim);
        println!("{}", line.trim_end());
    }
}

type Measure = fn() -> Vec<Row>;

const GROUPS: [(&str, Measure); 8] = [
    ("M1", cpu::two_threads),
    ("M2", cpu::switches),
    ("M3", wakes::convoy),
    ("M4", wakes::unforced),
    ("M5", cpu::ticks),
    ("M6", wakes::native),
    ("M7", cpu::checks),
    ("M9", waits::eight),
];

/// How many processes have wanted to run of late: more than there are cores, and the rows are worth little.
fn load() -> String {
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    load.split(' ').next().filter(|load| !load.is_empty()).unwrap_or("unknown").to_owned()
}

fn main() {
    let wanted: Vec<String> = env::args().skip(1).collect();
    if let Some(unknown) = wanted.iter().find(|id| GROUPS.iter().all(|group| group.0 != **id)) {
        eprintln!("there is no `{unknown}`: M1 to M7, and M9; M8 is the example `counts`");
        std::process::exit(2);
    }
    let python = python::version();
    match &python {
        Ok(version) => println!("beside {version}"),
        Err(why) => println!("without CPython: {why}"),
    }
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    println!("{cores} cores, load before: {}", load());
    if load().parse::<f64>().is_ok_and(|load| load * 2.0 > cores as f64) {
        println!("others compute here, too: what needs a second core, or is woken on time, will be outside");
    }
    println!();
    println!("{:3} {:45} {:>9} {:>9}   should be", "", "", "CPython", "here");
    for (id, measure) in GROUPS {
        if !wanted.is_empty() && !wanted.iter().any(|wanted| wanted == id) {
            continue;
        }
        let theirs = if python.is_ok() { python::measure(id) } else { Vec::new() };
        for row in measure() {
            row.print(id, python::find(&theirs, &row.claim));
        }
    }
    println!("M8  is `cargo run --profile bench -p step7 --example counts`");
    println!("\nload after: {}", load());
}
