//! The tool as a process, as a learner starts it.
#![allow(dead_code, reason = "each test file uses a part of it")]

pub(crate) mod mini;

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

/// The checkout these tests belong to.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).expect("crates/course has a root").to_path_buf()
}

/// A command that starts the tool with `args`, in the checkout.
pub(crate) fn course(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_course"));
    command.args(args).current_dir(root());
    command
}

/// How long a demo may take to build and run, so that one that hangs is told by name.
const LIMIT: Duration = Duration::from_secs(600);

/// Runs `command` to its end and returns what it printed, after checking that it succeeded.
pub(crate) fn printed(command: &mut Command) -> String {
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the tool starts");
    let (done, ended) = channel();
    thread::spawn(move || done.send(child.wait_with_output()));
    let output = match ended.recv_timeout(LIMIT) {
        Ok(output) => output.expect("its output can be read"),
        Err(_) => panic!("{command:?} still runs after {LIMIT:?}"),
    };
    assert!(output.status.success(), "{command:?} ended with {}:\n{}", output.status, stderr(&output));
    String::from_utf8(output.stdout).expect("the tool prints UTF-8").replace("\r\n", "\n")
}

/// What `output` has on standard error.
pub(crate) fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// A folder for one test's files, removed when dropped.
pub(crate) struct Scratch(PathBuf);

impl Scratch {
    pub(crate) fn new(test: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("course-{test}-{}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("the temporary folder is writable");
        Self(folder)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _already_gone = std::fs::remove_dir_all(&self.0);
    }
}
