//! The learner's command-line tool: where you are, what is built, and the demos.
//!
//! It needs nothing of the steps to build, so that `cargo course` answers soon, even while a step does not compile. A demo
//! is an *example* of its step, and runs in a process of its own (see [`demo`]).
//!
//! # Exit codes
//!
//! What a script can rely on; `--help` says the same, in [`EXIT_CODES`].

mod bench;

mod demo;

mod first_screen;

mod list;

mod workspace;

use std::io::{self, Write};
use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{CommandFactory, Parser, Subcommand};

use bench::BenchArgs;
use demo::{DemoArgs, Failure};
use workspace::Workspace;

const EXIT_CODES: &str = "\
Exit codes:
    0  it worked
    1  standard output could not be written
    2  the command line was wrong: an unknown command, demo or option
    3  no demo or contest could be started: no checkout of the course around here, or no cargo
    *  anything else is the demo's own code: 101 when it did not compile or panicked,
       128 + N when signal N ended it; `bench --help` has the contest's";

/// Python's asyncio and its GIL, rebuilt in Rust from nothing. Without a command: where to start.
#[derive(Parser)]
#[command(name = "course", bin_name = "cargo course", version, after_help = EXIT_CODES)]
struct Cli {
    #[command(subcommand)]
    command: Option<Verb>,
}

#[derive(Subcommand)]
enum Verb {
    /// Run one of the Python programs the course starts from, or a demo beyond them, on our own runtimes; without a
    /// name, run them all
    #[command(after_help = EXIT_CODES)]
    Demo(DemoArgs),
    /// Run the contest of our runtimes against their peers, and show who is ahead
    #[command(after_help = bench::MORE)]
    Bench(BenchArgs),
    /// Print the steps and the demos, one a line, with tabs between the columns
    #[command(after_help = list::COLUMNS)]
    List,
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let workspace = match Workspace::find() {
        Ok(workspace) => workspace,
        Err(message) => return complain(&message, 3),
    };
    match cli.command {
        None => say(&first_screen::text(&workspace)),
        Some(Verb::List) => say(&list::text(&workspace)),
        Some(Verb::Demo(args)) => ended(demo::run(&workspace, &args)),
        Some(Verb::Bench(args)) => ended(bench::run(&workspace, &args)),
    }
}

fn ended(how: Result<(), Failure>) -> ExitCode {
    match how {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure::Usage(message)) => {
            let mut cli = Cli::command();
            cli.build();
            let demo = cli.find_subcommand_mut("demo").expect("`Verb` has it");
            demo.error(ErrorKind::MissingRequiredArgument, message).exit()
        }
        Err(Failure::NotStarted(message)) => complain(&message, 3),
        Err(Failure::Exited { what, code }) => complain(&what, code),
    }
}

/// Prints `text`. A reader that hangs up early (`| head -1`) has seen what it wanted: that is no error.
fn say(text: &str) -> ExitCode {
    match io::stdout().lock().write_all(text.as_bytes()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            complain(&format!("cannot write to standard output: {error}"), 1)
        }
        _ => ExitCode::SUCCESS,
    }
}

fn complain(message: &str, code: u8) -> ExitCode {
    eprintln!("error: {message}");
    ExitCode::from(code)
}
