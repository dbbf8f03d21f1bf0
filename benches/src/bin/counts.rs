//! How many instructions an operation of ours takes, held against the numbers that are kept.
//!
//! ```console
//! $ cargo build --profile bench -p benches --bin contest
//! $ cargo run --profile bench -p benches --bin counts
//! ```
//!
//! Times drift with the machine and its neighbours; the number of instructions that one thread executes is the same in
//! every run, but for a few. So it is the bar that says whether a change has made something slower: valgrind counts while
//! the [contest](../contest/index.html) takes one sample of a row. A start of the program alone is counted too, and taken
//! off.
//!
//! What is kept ([FILE]) holds for one compiler and one kind of machine; on others this says "skipped", and why.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::{env, fs};

use clap::Parser;
use serde::Deserialize;
use serde_json::Value;

/// The rows that one thread works on alone, and a size for each that makes the start of the program small beside it.
const ROWS: [(&str, &str); 9] = [
    ("spawn-one-thread", "1000"),
    ("yield-one-task", "50000"),
    ("yield-one-thread", "1000"),
    ("signal-one-thread", "20000"),
    ("channel-one-thread", "20000"),
    ("timer-set-and-drop", "1000"),
    ("timer-reset", "1000"),
    ("fork-join-one-thread", "15"),
    ("block-on-ready", "100000"),
];
/// Does next to nothing: what it takes is the start of the program.
const START: (&str, &str) = ("block-on-ready", "1");

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/instructions.toml");
/// So much more is a failure.
const TOLERANCE: f64 = 0.03;

/// The numbers that are kept, and what they hold for.
#[derive(Deserialize)]
struct Kept {
    rustc: String,
    host: String,
    instructions: BTreeMap<String, f64>,
}

/// Counts the instructions of one operation of ours, and fails if one takes more than it did
#[derive(Parser)]
#[command(name = "counts")]
struct Arguments {
    /// Keep the new numbers
    #[arg(long)]
    write: bool,
}

fn main() -> ExitCode {
    match compare(Arguments::parse().write) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(why) => {
            eprintln!("error: {why}");
            ExitCode::FAILURE
        }
    }
}

/// Counts, and shows. False: something takes more than it did.
fn compare(write: bool) -> Result<bool, String> {
    let (rustc, host) = compiler()?;
    let kept = fs::read_to_string(FILE).map_err(|error| format!("cannot read {FILE}: {error}"))?;
    let kept: Kept = toml::from_str(&kept).map_err(|error| format!("cannot read {FILE}: {error}"))?;
    if !write && (&kept.rustc, &kept.host) != (&rustc, &host) {
        println!(
            "skipped: the numbers are kept for rustc {} on {}; this is {rustc} on {host}",
            kept.rustc, kept.host
        );
        return Ok(true);
    }
    if Command::new("valgrind").arg("--version").output().is_err() {
        println!("skipped: valgrind is not installed");
        return Ok(true);
    }
    let start = sample(START)?.0;
    let mut counted = BTreeMap::new();
    let mut fine = true;
    println!("{:22} {:>10} {:>10}", "instructions for one", "kept", "now");
    for row in ROWS {
        let (instructions, operations) = sample(row)?;
        let now = (instructions - start) / operations;
        let before = kept.instructions.get(row.0).copied();
        let verdict = match before.map(|before| now / before - 1.0) {
            Some(more) if more > TOLERANCE => "  MORE",
            Some(more) if more < -TOLERANCE => "  less: keep it with --write",
            Some(_) => "",
            None => "  new: keep it with --write",
        };
        fine &= verdict != "  MORE";
        println!("{:22} {:>10.1} {now:>10.1}{verdict}", row.0, before.unwrap_or(f64::NAN));
        counted.insert(row.0, now);
    }
    if write {
        let text = text(&rustc, &host, &counted);
        fs::write(FILE, text).map_err(|error| format!("cannot write {FILE}: {error}"))?;
        return Ok(true);
    }
    if !fine {
        println!(
            "\nIf that is meant, keep the new numbers with `--write`, and say in the commit what they pay for."
        );
    }
    Ok(fine)
}

/// Takes one sample under valgrind: how many instructions, and for how many operations.
fn sample((row, size): (&str, &str)) -> Result<(f64, f64), String> {
    // A nanosecond is over after one round; the first one, which warms up, is counted as well.
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(contest()?)
        .args([row, "ours", "--size", size, "--seconds", "0.000000001"])
        .output()
        .map_err(|error| format!("cannot start valgrind: {error}"))?;
    let (printed, said) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    let unexpected = || format!("{row} under valgrind printed what was not expected:\n{printed}{said}");
    let instructions = said.lines().find_map(|line| line.split_once("refs:")).ok_or_else(unexpected)?.1;
    let line: Value = serde_json::from_str(&printed).map_err(|_| unexpected())?;
    let operations = line["extra"]["all_operations"].as_f64().ok_or_else(unexpected)?;
    let instructions = instructions.trim().replace(',', "").parse::<f64>().map_err(|_| unexpected())?;
    Ok((instructions, operations))
}

/// Returns where the contest was built: beside this program.
fn contest() -> Result<PathBuf, String> {
    let here = env::current_exe().map_err(|error| error.to_string())?;
    let contest = here.parent().unwrap_or(Path::new(".")).join("contest");
    if contest.exists() {
        Ok(contest)
    } else {
        Err(format!(
            "{} is not built: cargo build --profile bench -p benches --bin contest",
            contest.display()
        ))
    }
}

/// Returns the compiler's version, and for which system it compiles.
fn compiler() -> Result<(String, String), String> {
    let output = Command::new("rustc").args(["--version", "--verbose"]).output();
    let output = output.map_err(|error| format!("cannot ask rustc for its version: {error}"))?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let line = |name: &str| {
        let value = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
        value.map(str::to_owned).ok_or_else(|| format!("rustc does not say its {name}"))
    };
    Ok((line("release")?, line("host")?))
}

/// Returns the text of the file.
fn text(rustc: &str, host: &str, counted: &BTreeMap<&str, f64>) -> String {
    let mut text = format!(
        "# How many instructions an operation of ours takes: written by\n\
         # `cargo run --profile bench -p benches --bin counts -- --write`, and held by `.ci/run counts`.\n\n\
         rustc = \"{rustc}\"\nhost = \"{host}\"\n\n[instructions]\n"
    );
    for (row, instructions) in counted {
        text += &format!("{row} = {instructions:.1}\n");
    }
    text
}
