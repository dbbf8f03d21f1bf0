//! The learner's command-line tool: where you are, the exercises, the demos, the book.
//!
//! It needs nothing of the steps to build, so that `cargo course` answers soon, even while a step does not compile. A demo
//! is an *example* of its step, and runs in a process of its own (see [`demo`]). What it knows of exercises is in the library
//! beside it, which the maintainers' checks use too.
//!
//! # Exit codes
//!
//! What a script can rely on; `--help` says the same, in [`EXIT_CODES`].

mod workspace;

mod course;

mod program;

mod bench;
mod book;

mod first_screen;

mod list;

mod check;
mod diff;
mod doctor;
mod hint;
mod quiz;
mod reset;
mod watch;

mod demo;

use std::env;
use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{CommandFactory, Parser, Subcommand};

use bench::BenchArgs;
use book::BookArgs;
use check::CheckArgs;
use course::{Course, Refusal};
use demo::{DemoArgs, Failure};
use diff::DiffArgs;
use hint::HintArgs;
use list::ListArgs;
use quiz::QuizArgs;
use reset::ResetArgs;
use watch::WatchArgs;
use workspace::Workspace;

const EXIT_CODES: &str = "\
Exit codes:
    0  it worked
    1  standard output could not be written
    2  the command line was wrong: an unknown command, demo, exercise or option
    3  nothing could be started: no checkout of the course around here, or no cargo;
       for doctor, that something is missing
    4  an exercise is not right yet: it does not compile, or fails a check
    *  anything else is the demo's own code: 101 when it did not compile or panicked,
       128 + N when signal N ended it; `bench --help` has the contest's, `book --help` the book's";

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
    /// Build the chapters into a book, and serve it on this machine
    #[command(after_help = book::MORE)]
    Book(BookArgs),
    /// Ask the questions of a chapter, and show what a good answer says
    Quiz(QuizArgs),
    /// Check your answer to an exercise: passed, or the first thing that is wrong with it
    #[command(after_help = EXIT_CODES)]
    Check(CheckArgs),
    /// Check an exercise whenever you save it, and go on to the next one
    Watch(WatchArgs),
    /// Show a hint: a question first, then the place, then nearly the code
    Hint(HintArgs),
    /// Compare your answer with ours
    Diff(DiffArgs),
    /// Put an exercise back as it came; what was there is kept beside it
    Reset(ResetArgs),
    /// Print the steps, the demos and the exercises, one a line, with tabs between the columns
    #[command(after_help = list::COLUMNS)]
    List(ListArgs),
    /// Look whether this machine has what the course needs, and say how to get what it lacks
    Doctor,
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let workspace = match Workspace::find() {
        Ok(workspace) => workspace,
        Err(message) => return complain(&message, 3),
    };
    match cli.command {
        Some(Verb::Demo(args)) => ended(demo::run(&workspace, &args)),
        Some(Verb::Bench(args)) => ended(bench::PROGRAM.run(&workspace, &args.options)),
        Some(Verb::Book(args)) => ended(book::PROGRAM.run(&workspace, &args.options)),
        Some(Verb::Quiz(args)) => quiz::run(&workspace, &args).unwrap_or_else(|refusal| refusal.complain()),
        Some(Verb::Doctor) => doctor::run(&workspace),
        verb => exercise(verb, workspace).unwrap_or_else(|refusal| refusal.complain()),
    }
}

/// Does what needs the exercises.
fn exercise(verb: Option<Verb>, workspace: Workspace) -> Result<ExitCode, Refusal> {
    let mut course = Course::load(workspace)?;
    match verb {
        None => Ok(say(&first_screen::text(&course)?)),
        Some(Verb::List(args)) => Ok(say(&list::text(&course, &args)?)),
        Some(Verb::Check(args)) => check::run(&mut course, &args),
        Some(Verb::Watch(args)) => watch::run(&mut course, &args),
        Some(Verb::Hint(args)) => hint::run(&mut course, &args),
        Some(Verb::Diff(args)) => diff::run(&course, &args),
        Some(Verb::Reset(args)) => reset::run(&course, &args),
        Some(Verb::Demo(_) | Verb::Bench(_) | Verb::Book(_) | Verb::Quiz(_) | Verb::Doctor) => {
            unreachable!("these need no exercises")
        }
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
    let mut stdout = io::stdout().lock();
    // A question on a terminal has no end of line that would do it.
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            complain(&format!("cannot write to standard output: {error}"), 1)
        }
        _ => ExitCode::SUCCESS,
    }
}

/// Tells whether to print in colours: on a terminal, unless NO_COLOR is set and not empty (no-color.org).
fn wants_color() -> bool {
    io::stdout().is_terminal() && env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

fn complain(message: &str, code: u8) -> ExitCode {
    eprintln!("error: {message}");
    ExitCode::from(code)
}
