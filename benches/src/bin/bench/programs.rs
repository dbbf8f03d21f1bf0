//! The contest programs: ours, which is built first, and Python's, if it is there. Each is asked for its list.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::arguments::Arguments;
use crate::children::{Children, Ended, Trouble};
use crate::list::List;
use crate::stop::Stop;

/// Where Python's half of the contest is, from the root of the checkout.
const PYTHON: &str = "benches/python/contest.py";
/// How long a program may take to print its list.
const PATIENCE: Duration = Duration::from_secs(30);

/// What there is to measure.
pub(crate) struct Found {
    pub(crate) programs: Vec<Program>,
    /// The lists of all programs in one.
    pub(crate) list: List,
    /// What was left out, and why.
    pub(crate) notes: Vec<String>,
}

/// A program that takes samples.
pub(crate) struct Program {
    /// Its path, with what comes before its arguments.
    command: Vec<OsString>,
    pub(crate) list: List,
}

impl Program {
    /// Returns a command that runs the program with `arguments`.
    pub(crate) fn command<S: Into<OsString>>(&self, arguments: impl IntoIterator<Item = S>) -> Command {
        command(&self.command, arguments)
    }
}

/// Builds what must be built, and asks all programs for their lists.
///
/// # Errors
///
/// The first program must be there and answer. Those after it are left out with a note if they do not.
pub(crate) fn find(arguments: &Arguments, children: &Children) -> Result<Found, Stop> {
    let (first, others) = match arguments.contest.split_first() {
        Some((first, others)) => (first.clone(), others.iter().map(|path| vec![path.into()]).collect()),
        None => (build(arguments, children)?, if arguments.no_peers { Vec::new() } else { vec![python()] }),
    };
    let first = ask(vec![first.into()], None, children)
        .map_err(|error| error.stop("ask the contest for its list"))?;
    let mut found = Found { list: first.list.clone(), programs: vec![first], notes: Vec::new() };
    for other in others {
        // Without the folder of this machine, since it is kept.
        let path = other.last().map(PathBuf::from).unwrap_or_default();
        let name = path.strip_prefix(root()).unwrap_or(&path).display().to_string();
        match ask(other, Some(&found.list), children) {
            Ok(program) => {
                found.list.merge(&program.list);
                found.programs.push(program);
            }
            Err(Error::Interrupted) => return Err(Error::Interrupted.stop("")),
            Err(Error::Other(why)) => found.notes.push(format!("{name}: {why}")),
        }
    }
    for note in &found.notes {
        eprintln!("left out {note}");
    }
    Ok(found)
}

/// Why a program gave no list.
enum Error {
    Interrupted,
    Other(String),
}

impl Error {
    fn stop(self, what: &str) -> Stop {
        match self {
            Self::Interrupted => Stop::interrupted("interrupted before anything was measured"),
            Self::Other(why) => Stop::cannot(&format!("{what}: {why}")),
        }
    }
}

impl From<Trouble> for Error {
    fn from(trouble: Trouble) -> Self {
        match trouble {
            Trouble::Interrupted => Self::Interrupted,
            Trouble::NotStarted(error) => Self::Other(format!("it does not start: {error}")),
            Trouble::TooLong(limit) => Self::Other(format!("no answer after {} s", limit.as_secs())),
        }
    }
}

/// Asks a program for its list, which may build upon `first`.
fn ask(program: Vec<OsString>, first: Option<&List>, children: &Children) -> Result<Program, Error> {
    if let [_interpreter, script] = &program[..]
        && !Path::new(script).is_file()
    {
        return Err(Error::Other("there is no such file".to_owned()));
    }
    let ended = children.run(command(&program, ["--list"]).stderr(Stdio::piped()), Some(PATIENCE))?;
    if !ended.status.success() {
        return Err(Error::Other(format!("{}{}", ended.status, last_words(&ended))));
    }
    let list = first.map_or_else(|| List::read(&ended.stdout), |first| first.read_beside(&ended.stdout));
    let list = list.map_err(|why| Error::Other(format!("its list makes no sense: {why}")))?;
    Ok(Program { command: program, list })
}

/// Returns what a child said last, to stand behind another message. A panic first says where and then why, and advises on
/// backtraces last.
pub(crate) fn last_words(ended: &Ended) -> String {
    let said: Vec<&str> = ended.stderr.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let panic = said.iter().position(|line| line.contains(" panicked at "));
    let words = match panic.and_then(|at| said.get(at + 1)) {
        Some(why) => format!("panicked: {why}"),
        None => said.last().map(|line| (*line).to_owned()).unwrap_or_default(),
    };
    let shown: String = words.chars().take(100).collect();
    let more = if shown.len() < words.len() { "..." } else { "" };
    if shown.is_empty() { shown } else { format!(", {shown}{more}") }
}

fn command<S: Into<OsString>>(program: &[OsString], arguments: impl IntoIterator<Item = S>) -> Command {
    let mut command = Command::new(&program[0]);
    command.args(&program[1..]).args(arguments.into_iter().map(Into::into));
    command
}

fn python() -> Vec<OsString> {
    vec!["python3".into(), root().join(PYTHON).into()]
}

/// The checkout this tool was built from, or, if cargo runs it, the one it is run in.
fn root() -> PathBuf {
    let package = env::var_os("CARGO_MANIFEST_DIR").unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
    let package = PathBuf::from(package);
    package.parent().map_or_else(|| package.clone(), Path::to_path_buf)
}

/// Builds the contest and returns where it is.
fn build(arguments: &Arguments, children: &Children) -> Result<PathBuf, Stop> {
    let mut what = vec!["build", "--profile", "bench", "-p", "benches", "--bin", "contest"];
    if !arguments.no_peers {
        what.extend(["--features", "peers"]);
    }
    eprintln!("building the contest: cargo {}", what.join(" "));
    eprintln!("(the first time takes minutes)");
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args(what).arg("--manifest-path").arg(root().join("Cargo.toml"));
    cargo.arg("--message-format=json-render-diagnostics");
    match children.run(&mut cargo, None) {
        Ok(ended) if ended.status.success() => executable(&ended.stdout)
            .ok_or_else(|| Stop::cannot("find the contest: cargo did not say where it has put it")),
        Ok(ended) => Err(Stop::cannot(&format!("build the contest: cargo ended with {}", ended.status))),
        Err(Trouble::NotStarted(error)) => {
            Err(Stop::cannot(&format!("start cargo: {error}; is Rust installed?")))
        }
        Err(trouble) => Err(Error::from(trouble).stop("build the contest")),
    }
}

/// Finds the contest in what cargo says of its build, one JSON object a line.
fn executable(messages: &str) -> Option<PathBuf> {
    let messages = messages.lines().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
    let mut paths = messages.filter(|message| message["target"]["name"] == "contest");
    paths.find_map(|message| message["executable"].as_str().map(PathBuf::from))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_contest_is_found_among_what_cargo_says() {
        let messages = concat!(
            "{\"reason\":\"compiler-artifact\",\"target\":{\"name\":\"serde\"},\"executable\":null}\n",
            "{\"reason\":\"compiler-artifact\",\"target\":{\"name\":\"contest\"},\"executable\":\"a/contest\"}\n",
            "{\"reason\":\"build-finished\",\"success\":true}\n",
        );
        assert_eq!(executable(messages), Some(PathBuf::from("a/contest")));
        assert_eq!(executable("nonsense\n"), None);
    }
}
