//! Programs of their own that the tool starts, as it does the demos, so that it stays quick to build: the contest, the book.
//!
//! Such a program takes the place of this process where the system can do that: so Ctrl-C reaches it alone, and the terminal
//! waits until it has ended.

use std::env;
use std::ffi::OsString;
use std::io;
use std::process::{Command, ExitStatus};

use crate::demo::{Failure, cargo_path, code};
use crate::workspace::Workspace;

/// A program in a package of this workspace.
pub(crate) struct Program {
    pub(crate) package: &'static str,
    pub(crate) name: &'static str,
    /// What it is for whoever waits for it.
    pub(crate) what: &'static str,
}

impl Program {
    /// Builds the program and runs it in place of this one.
    ///
    /// # Errors
    ///
    /// Returns how it failed. Where it takes the place of this process, only what kept it from starting is returned.
    pub(crate) fn run(&self, workspace: &Workspace, options: &[OsString]) -> Result<(), Failure> {
        let mut cargo = Command::new(cargo_path());
        cargo.args(["run", "--package", self.package, "--bin", self.name]);
        cargo.arg("--manifest-path").arg(workspace.root.join("Cargo.toml"));
        if self.is_built() {
            cargo.arg("--quiet");
        } else {
            eprintln!("building what makes {}, once", self.what);
        }
        match start(cargo.arg("--").args(options)) {
            Ok(status) if status.success() => Ok(()),
            Ok(status) => {
                Err(Failure::Exited { what: format!("{} failed ({status})", self.what), code: code(status) })
            }
            Err(error) => {
                let cargo = cargo_path();
                let message =
                    format!("cannot start cargo ({}): {error}; is Rust installed?", cargo.display());
                Err(Failure::NotStarted(message))
            }
        }
    }

    /// Says whether the program stands beside this one already. A wrong guess costs a line of output, no more.
    fn is_built(&self) -> bool {
        let name = format!("{}{}", self.name, env::consts::EXE_SUFFIX);
        env::current_exe().is_ok_and(|tool| tool.with_file_name(name).is_file())
    }
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
