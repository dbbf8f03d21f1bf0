//! `cargo course bench`: the contest of our runtimes against their peers, which the package `benches` runs.
//!
//! It is a program of its own, as the demos are, so that this tool stays quick to build; all options are its. It takes
//! the place of this process where the system can do that: so Ctrl-C reaches it alone, and the terminal waits until it has
//! kept what was measured.

use std::env;
use std::ffi::OsString;
use std::io;
use std::process::{Command, ExitStatus};

use clap::Args;

use crate::demo::{Failure, cargo_path, code};
use crate::workspace::Workspace;

/// What a short help says; the whole help comes from the program itself.
pub(crate) const MORE: &str =
    "`cargo course bench --help` shows its options and exit codes (it is built first).";

/// What `bench` takes: all of it goes to the program as it is.
#[derive(Args)]
#[command(disable_help_flag = true)]
pub(crate) struct BenchArgs {
    /// Options of the contest, such as --quick, --row ID or --help
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "OPTION")]
    options: Vec<OsString>,
}

/// Builds the program and runs it in place of this one.
///
/// # Errors
///
/// Returns how it failed. Where it takes the place of this process, only what kept it from starting is returned.
pub(crate) fn run(workspace: &Workspace, args: &BenchArgs) -> Result<(), Failure> {
    let mut cargo = Command::new(cargo_path());
    cargo.args(["run", "--package", "benches", "--bin", "bench"]);
    cargo.arg("--manifest-path").arg(workspace.root.join("Cargo.toml"));
    if built_before() {
        cargo.arg("--quiet");
    } else {
        eprintln!("building the contest's tool, once");
    }
    match start(cargo.arg("--").args(&args.options)) {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => {
            Err(Failure::Exited { what: format!("the contest failed ({status})"), code: code(status) })
        }
        Err(error) => {
            let cargo = cargo_path();
            let message = format!("cannot start cargo ({}): {error}; is Rust installed?", cargo.display());
            Err(Failure::NotStarted(message))
        }
    }
}

/// Says whether the program stands beside this one already. A wrong guess costs a line of output, no more.
fn built_before() -> bool {
    let name = format!("bench{}", env::consts::EXE_SUFFIX);
    env::current_exe().is_ok_and(|tool| tool.with_file_name(name).is_file())
}

/// Replaces this process by `command`; this returns only if that does not work.
#[cfg(unix)]
fn start(command: &mut Command) -> io::Result<ExitStatus> {
    Err(std::os::unix::process::CommandExt::exec(command))
}

#[cfg(not(unix))]
fn start(command: &mut Command) -> io::Result<ExitStatus> {
    command.status()
}
