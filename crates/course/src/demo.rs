//! `cargo course demo`: each demo is an example of its step, built and run by cargo in a process of its own.
//!
//! ```text
//! course ──▶ cargo run --quiet -p step4 --example gather -- --plain
//!               └──▶ target/debug/examples/gather --plain        (same terminal, same folder)
//! ```
//!
//! # Invariants
//!
//! 1. Standard output belongs to the demo, but for the headings between several; whatever else is said goes to standard
//!    error.
//! 2. The current folder stays the learner's, so that `--svg FILE` means the file they meant.
//! 3. Child processes stay in our process group, so that Ctrl-C ends them with us.

use std::env;
use std::ffi::OsString;
use std::fmt;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::{Command, ExitStatus, Stdio};

use clap::{Args, ValueEnum};

use crate::workspace::Workspace;

/// The Python programs the course starts from, one on what the last of them is for, and five on the GIL.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Demo {
    /// One function sleeps for two seconds, and everything waits for it
    Blocking,
    /// The same as coroutines: await alone makes nothing faster
    AsyncAwait,
    /// Two sleeps at once, one and two seconds long: two seconds in all
    Gather,
    /// The same with a task made for each
    CreateTask,
    /// Five items, a second apart: async for is sequential
    AsyncFor,
    /// A database connection, opened and closed around a block
    AsyncWith,
    /// A hundred deposits on one thread: 1 without a lock, 100 with
    Transactions,
    /// Two threads that compute take as long as one that does both
    GilCpu,
    /// Threads that wait, wait together, unless native code keeps the lock
    GilIo,
    /// Whoever does IO waits for whoever computes, again and again
    Convoy,
    /// Two threads add to one variable, in every order there is
    Race,
    /// An interpreter for each thread, and one without a lock
    Nogil,
}

impl Demo {
    /// All of them, in the order of the course.
    pub(crate) const ALL: [Self; 12] = [
        Self::Blocking,
        Self::AsyncAwait,
        Self::Gather,
        Self::CreateTask,
        Self::AsyncFor,
        Self::AsyncWith,
        Self::Transactions,
        Self::GilCpu,
        Self::GilIo,
        Self::Convoy,
        Self::Race,
        Self::Nogil,
    ];

    /// Returns the package the demo is an example of.
    pub(crate) fn package(self) -> &'static str {
        match self {
            Self::Blocking => "step1",
            Self::AsyncAwait => "step3",
            Self::Gather | Self::CreateTask => "step4",
            Self::AsyncFor => "step5",
            Self::AsyncWith | Self::Transactions => "step6",
            Self::GilCpu | Self::GilIo | Self::Convoy | Self::Race | Self::Nogil => "step7",
        }
    }

    /// Returns the example's name: `create_task` for the demo `create-task`.
    fn example(self) -> String {
        self.to_string().replace('-', "_")
    }
}

impl fmt::Display for Demo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.to_possible_value().expect("no demo is skipped").get_name())
    }
}

/// What `demo` takes. All but the name goes to the demo as it is.
#[derive(Args)]
pub(crate) struct DemoArgs {
    /// Which one; all of them, in this order, if left out
    #[arg(value_enum)]
    name: Option<Demo>,

    /// Print the program's own lines and nothing else, for scripts
    #[arg(long)]
    plain: bool,

    /// Let time jump instead of passing: no waiting, and the same timeline every time; step 7 computes in real time
    #[arg(long)]
    manual_clock: bool,

    /// Draw the timeline this many columns wide, 40 or more
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(40..))]
    width: Option<u16>,

    /// When to use colours
    #[arg(long, value_name = "WHEN")]
    color: Option<ColorChoice>,

    /// Also draw the timeline to FILE, as SVG
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,

    /// Also write what was recorded to FILE, as our own JSON
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,

    /// Also write what was recorded to FILE, for Perfetto and Chrome's trace viewer
    #[arg(long, value_name = "FILE")]
    chrome: Option<PathBuf>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum ColorChoice {
    /// On a terminal, unless NO_COLOR is set
    Auto,
    Always,
    Never,
}

impl DemoArgs {
    /// Returns the option that writes a file, if there is one: it cannot serve several demos.
    fn file_option(&self) -> Option<&'static str> {
        [("--svg", &self.svg), ("--json", &self.json), ("--chrome", &self.chrome)]
            .into_iter()
            .find_map(|(option, file)| file.as_ref().map(|_| option))
    }

    /// Returns what the demo itself is started with.
    fn passed_on(&self) -> Vec<OsString> {
        let mut args: Vec<OsString> = Vec::new();
        args.extend(self.plain.then(|| "--plain".into()));
        args.extend(self.manual_clock.then(|| "--manual-clock".into()));
        let mut valued = |option: &str, value: Option<OsString>| {
            args.extend(value.into_iter().flat_map(|value| [option.into(), value]));
        };
        valued("--width", self.width.map(|columns| columns.to_string().into()));
        valued("--color", self.color.map(|when| when.as_str().into()));
        valued("--svg", self.svg.as_ref().map(Into::into));
        valued("--json", self.json.as_ref().map(Into::into));
        valued("--chrome", self.chrome.as_ref().map(Into::into));
        args
    }

    fn colored(&self) -> bool {
        match self.color.unwrap_or(ColorChoice::Auto) {
            ColorChoice::Auto => crate::wants_color(),
            ColorChoice::Always => true,
            ColorChoice::Never => false,
        }
    }
}

impl ColorChoice {
    fn as_str(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Always => "always",
            Self::Never => "never",
        }
    }
}

/// Why a demo did not run to its end.
pub(crate) enum Failure {
    /// The options do not go together.
    Usage(String),
    /// Cargo could not be started.
    NotStarted(String),
    /// Cargo, or the demo itself, ended with this code.
    Exited { what: String, code: u8 },
}

/// Runs the named demo, or all of them under a heading each, up to the first that fails.
///
/// # Errors
///
/// Returns how the first failing demo failed, or that the options do not go together.
pub(crate) fn run(workspace: &Workspace, args: &DemoArgs) -> Result<(), Failure> {
    if let (None, Some(option)) = (args.name, args.file_option()) {
        let message =
            format!("{option} writes one run to one file: name the demo, as in `demo gather {option} FILE`");
        return Err(Failure::Usage(message));
    }
    match args.name {
        Some(demo) => run_one(workspace, demo, args),
        None => Demo::ALL.into_iter().enumerate().try_for_each(|(at, demo)| {
            if !args.plain {
                heading(at, demo, args.colored());
            }
            run_one(workspace, demo, args)
        }),
    }
}

fn heading(at: usize, demo: Demo, colored: bool) {
    let (on, off) = if colored { ("\x1b[1m", "\x1b[0m") } else { ("", "") };
    let gap = if at == 0 { "" } else { "\n" };
    let _reader_gone = writeln!(io::stdout(), "{gap}{on}== {demo}{off}\n");
}

fn run_one(workspace: &Workspace, demo: Demo, args: &DemoArgs) -> Result<(), Failure> {
    if !built_before(demo) {
        eprintln!("building the demo {demo} from {}, once", demo.package());
        check(demo, cargo(workspace, "build", demo).stdout(Stdio::null()).status())?;
    }
    check(demo, cargo(workspace, "run", demo).arg("--quiet").arg("--").args(args.passed_on()).status())
}

/// Says whether the example stands beside this tool already. A wrong guess costs a line of output, no more.
fn built_before(demo: Demo) -> bool {
    let name = format!("{}{}", demo.example(), env::consts::EXE_SUFFIX);
    env::current_exe().is_ok_and(|tool| tool.with_file_name("examples").join(name).is_file())
}

fn cargo(workspace: &Workspace, verb: &str, demo: Demo) -> Command {
    let mut command = Command::new(cargo_path());
    command.arg(verb).arg("--manifest-path").arg(workspace.root.join("Cargo.toml"));
    command.args(["--package", demo.package(), "--example", &demo.example()]);
    command
}

/// Returns the cargo that started us, or whichever the path has.
pub(crate) fn cargo_path() -> OsString {
    env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}

fn check(demo: Demo, ended: io::Result<ExitStatus>) -> Result<(), Failure> {
    match ended {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => {
            Err(Failure::Exited { what: format!("the demo {demo} failed ({status})"), code: code(status) })
        }
        Err(error) => {
            let cargo = cargo_path();
            let message = format!("cannot start cargo ({}): {error}; is Rust installed?", cargo.display());
            Err(Failure::NotStarted(message))
        }
    }
}

#[cfg(unix)]
pub(crate) fn code(status: ExitStatus) -> u8 {
    use std::os::unix::process::ExitStatusExt;
    let shell_code = status.code().or_else(|| status.signal().map(|signal| 128 + signal));
    shell_code.and_then(|code| u8::try_from(code).ok()).unwrap_or(1)
}

#[cfg(not(unix))]
pub(crate) fn code(status: ExitStatus) -> u8 {
    status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(1)
}
