//! Builds an exercise through cargo, and runs its checks, each in a process of its own with a time limit.
//!
//! ```text
//!   cargo test -p exercises --test ID --no-run ──▶ the program, or the first error
//!   program --exact checks::NAME               ──▶ how it ended, and what it said
//! ```
//!
//! A process for each: a check that hangs or crashes takes no other with it, and a model that fails aborts.

use std::env;
use std::ffi::OsString;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use serde::Deserialize;

use crate::catalogue::Model;
use crate::files::target;

/// A test target of the package `exercises`, and how to build it.
#[derive(Clone, Debug)]
pub struct Target {
    /// The target's name.
    pub name: String,
    /// The model checker it is built for.
    pub model: Model,
    /// Further features of the package.
    pub features: Vec<&'static str>,
}

/// What became of a build.
#[derive(Debug)]
pub enum Build {
    /// The program.
    Built(PathBuf),
    /// The first error, as the compiler shows it.
    Error(String),
}

/// How a check's process ended.
#[derive(Debug)]
pub struct Run {
    /// How it ended; none if it ran into the time limit.
    pub status: Option<ExitStatus>,
    /// What it printed.
    pub stdout: String,
    /// What it printed to standard error.
    pub stderr: String,
}

impl Target {
    /// The exercise itself, as a learner runs it.
    pub fn of(id: &str, model: Model) -> Self {
        Self { name: id.to_owned(), model, features: Vec::new() }
    }

    /// Returns the command that a learner would type to run the tests whose names contain `filter`.
    pub fn typed(&self, filter: &str) -> String {
        let name = &self.name;
        let command = match self.model.feature() {
            None => format!("cargo test -p exercises --test {name} {filter}"),
            Some(feature) => format!(
                "CARGO_TARGET_DIR=target/{feature} cargo test -p exercises --features {feature} --test {name} --release {filter}"
            ),
        };
        command.trim_end().to_owned()
    }

    /// Builds it. `said` hears what cargo says meanwhile.
    ///
    /// # Errors
    ///
    /// Returns a message if cargo could not be started, or failed without an error of the compiler.
    pub fn build(&self, root: &Path, colored: bool, said: &dyn Fn(&str)) -> Result<Build, String> {
        let mut command = cargo();
        command.args(["test", "--no-run", "--package", "exercises", "--test", &self.name]);
        command.arg("--manifest-path").arg(root.join("Cargo.toml"));
        command.arg(if colored {
            "--message-format=json-diagnostic-rendered-ansi"
        } else {
            "--message-format=json"
        });
        let mut features = self.features.clone();
        if let Some(feature) = self.model.feature() {
            features.push(feature);
            command.arg("--release").env("CARGO_TARGET_DIR", target(root).join(feature));
        }
        if !features.is_empty() {
            command.args(["--features", &features.join(",")]);
        }
        let mut child = start(&mut command)?;
        let stdout = read_all(child.stdout.take());
        let mut errors = String::new();
        for line in
            BufReader::new(child.stderr.take().expect("it is piped")).split(b'\n').map_while(Result::ok)
        {
            let line = String::from_utf8_lossy(&line);
            said(line.trim());
            errors.push_str(line.trim_end());
            errors.push('\n');
        }
        let status = child.wait().map_err(|error| format!("cannot wait for cargo: {error}"))?;
        self.outcome(status, &joined(stdout)).ok_or_else(|| format!("cargo failed ({status}):\n{errors}"))
    }

    fn outcome(&self, status: ExitStatus, messages: &str) -> Option<Build> {
        let mut program = None;
        for message in messages.lines().filter_map(|line| serde_json::from_str::<Message>(line).ok()) {
            if let Some(error) = message.message.filter(|inner| inner.level.starts_with("error")) {
                return error.rendered.map(Build::Error);
            }
            if message.target.is_some_and(|target| target.name == self.name) {
                program = message.executable.or(program);
            }
        }
        program.filter(|_| status.success()).map(Build::Built)
    }
}

/// The part that we need of what cargo says in JSON.
#[derive(Deserialize)]
struct Message {
    target: Option<TargetName>,
    executable: Option<PathBuf>,
    message: Option<Diagnostic>,
}

#[derive(Deserialize)]
struct TargetName {
    name: String,
}

#[derive(Deserialize)]
struct Diagnostic {
    level: String,
    rendered: Option<String>,
}

/// Lists the tests of a program, by their full names.
///
/// # Errors
///
/// Returns a message if it cannot be run.
pub fn tests(program: &Path) -> Result<Vec<String>, String> {
    let output = Command::new(program).args(["--list", "--format", "terse"]).output();
    let output = output.map_err(|error| format!("cannot run {}: {error}", program.display()))?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    Ok(text.lines().filter_map(|line| line.strip_suffix(": test").map(str::to_owned)).collect())
}

/// Runs one test of a program, for `limit` at most. Its variables are `variables`, besides those of this process.
///
/// # Errors
///
/// Returns a message if it cannot be run.
pub fn run(
    program: &Path,
    test: &str,
    limit: Duration,
    variables: &[(&str, OsString)],
) -> Result<Run, String> {
    let mut command = Command::new(program);
    command.args(["--exact", test, "--nocapture", "--test-threads=1"]).env("RUST_BACKTRACE", "0");
    command.envs(variables.iter().map(|(name, value)| (name, value)));
    let mut child = start(&mut command)?;
    let (stdout, stderr) = (read_all(child.stdout.take()), read_all(child.stderr.take()));
    let status = wait(&mut child, limit)?;
    Ok(Run { status, stdout: joined(stdout), stderr: joined(stderr) })
}

/// Returns a command that starts the cargo that started us, or whichever the path has.
pub fn cargo() -> Command {
    Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

fn start(command: &mut Command) -> Result<Child, String> {
    let piped = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    piped.spawn().map_err(|error| {
        format!("cannot start {}: {error}; is Rust installed?", command.get_program().display())
    })
}

/// How much is kept of the beginning of what a process says, and how much of its end: an answer may print in a loop.
const KEPT: usize = 4 << 20;

/// Reads a pipe on a thread of its own, so that neither of two fills up.
fn read_all(pipe: Option<impl Read + Send + 'static>) -> JoinHandle<String> {
    thread::spawn(move || {
        let (mut pipe, mut bytes) = (pipe.expect("it is piped"), Vec::new());
        while let Ok(1..) = pipe.by_ref().take(KEPT as u64).read_to_end(&mut bytes) {
            if bytes.len() > 2 * KEPT {
                bytes.drain(KEPT..bytes.len() - KEPT);
            }
        }
        String::from_utf8_lossy(&bytes).replace("\r\n", "\n")
    })
}

fn joined(reader: JoinHandle<String>) -> String {
    reader.join().expect("reading does not panic")
}

/// Waits for `limit`, and then kills it.
fn wait(child: &mut Child, limit: Duration) -> Result<Option<ExitStatus>, String> {
    let failed = |error| format!("cannot wait for a check: {error}");
    let started = Instant::now();
    let mut nap = Duration::from_millis(1);
    loop {
        if let Some(status) = child.try_wait().map_err(failed)? {
            return Ok(Some(status));
        }
        if started.elapsed() > limit {
            let _ended_just_now = child.kill();
            child.wait().map_err(failed)?;
            return Ok(None);
        }
        thread::sleep(nap);
        nap = (nap * 2).min(Duration::from_millis(20));
    }
}
