//! `cargo course bench`: runs the contest of our runtimes against their peers, and shows who is ahead.
//!
//! ```text
//!   programs ──▶ selection ──▶ measure ──▶ run ──▶ report     what is printed: tables, doubts, comparison
//!   what there is  what is     one process   what  └▶ plot    what is drawn
//!   to measure     wanted      a sample      is kept
//! ```
//!
//! The contest is a program of its own (`contest`, beside this one), and so is its Python half: each takes one sample of one
//! contestant on one row in its own process, and prints it as a line of JSON. This tool builds the contest, asks it for
//! its list, runs the samples in turns, and says what they amount to. It links none of the runtimes.
//!
//! # Invariants
//!
//! 1. Standard output has the tables and nothing else; progress, notes and errors go to standard error.
//! 2. What is printed and drawn is made from the kept run alone, so that `--report` shows the same again.
//! 3. No child outlives the tool: each has a process group of its own, which is ended with it.
//! 4. What was measured is written, however the run ended.

mod arguments;
mod children;
mod compare;
mod date;
mod figure;
mod list;
mod load;
mod machine;
mod measure;
mod numbers;
mod output;
mod plot;
mod programs;
mod progress;
mod report;
mod run;
mod selection;
mod standing;
mod stop;
mod table;

use std::io::{self, Write};
use std::process::ExitCode;

use clap::Parser;

use arguments::Arguments;
use children::Children;
use output::Output;
use run::{Ending, Run};
use selection::Selection;
use stop::Stop;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let done = match &arguments.report {
        Some(file) => Run::read(file).and_then(|run| again(&arguments, &run)),
        None => contest(&arguments),
    };
    match done {
        Ok(code) => ExitCode::from(code),
        Err(stop) => {
            eprintln!("error: {}", shown(&stop.message));
            ExitCode::from(stop.code)
        }
    }
}

/// Shows a kept run.
fn again(arguments: &Arguments, run: &Run) -> Result<u8, Stop> {
    let before = arguments.compare.as_deref().map(Run::read).transpose()?;
    if let Some(file) = &arguments.svg {
        output::draw(run, file)?;
    }
    say(&report::text(run, before.as_ref(), arguments.style()))?;
    Ok(stop::FINE)
}

/// Measures, keeps and shows.
fn contest(arguments: &Arguments) -> Result<u8, Stop> {
    let children = Children::new().map_err(|error| Stop::cannot(&format!("listen for signals: {error}")))?;
    let found = programs::find(arguments, &children)?;
    let selection = Selection::new(arguments, &found)?;
    let output = Output::prepare(arguments)?;
    let before = output.before(arguments)?;
    let run = measure::measure(arguments, &children, &found, &selection);
    if run.samples.is_empty() {
        return Err(Stop::interrupted("interrupted before anything was measured"));
    }
    let written = output.write(&run);
    say(&report::text(&run, before.as_ref(), arguments.style()))?;
    written?;
    Ok(match run.ending {
        Ending::Interrupted => stop::INTERRUPTED,
        _ if run.samples.iter().any(|sample| sample.failed.is_some()) => stop::FAILED,
        _ => stop::FINE,
    })
}

/// Shows as escapes what would give a terminal orders: a kept run may have any names.
fn shown(text: &str) -> String {
    let is_order = |c: char| c.is_control() && c != '\n';
    if !text.contains(is_order) {
        return text.to_owned();
    }
    let escaped = |c: char| if is_order(c) { c.escape_default().to_string() } else { c.to_string() };
    text.chars().map(escaped).collect()
}

/// Prints `text`. A reader that hangs up early has seen what it wanted: that is no error.
fn say(text: &str) -> Result<(), Stop> {
    match io::stdout().lock().write_all(shown(text).as_bytes()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Stop::failed(&format!("cannot write to standard output: {error}")))
        }
        _ => Ok(()),
    }
}
