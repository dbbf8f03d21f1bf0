//! Judges an answer: all checks pass, or the first that does not, in the order of the contract.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::catalogue::{Clause, Exercise, Model};
use crate::engine::{self, Build, Run, Target};
use crate::files::target;

/// How long a check may take. Its own watchdog is quicker; this is for what that cannot see.
const LIMIT: Duration = Duration::from_secs(60);
/// How long a model may take.
const MODEL_LIMIT: Duration = Duration::from_secs(180);

/// What is to be said of an answer.
#[derive(Debug)]
pub enum Verdict {
    /// All checks pass. One of them may have been drawn.
    Passed {
        /// The timeline of the check that the catalogue names.
        drawing: Option<String>,
    },
    /// The compiler refuses it.
    NotCompiled {
        /// Its first error, as the compiler shows it.
        error: String,
        /// The command that shows all of them.
        command: String,
    },
    /// A check fails.
    Failed(Failure),
}

/// The first check that fails.
#[derive(Debug)]
pub struct Failure {
    /// The name of its test function.
    pub check: String,
    /// The line of the contract.
    pub says: String,
    /// How many were passed before it.
    pub passed: usize,
    /// What it has to say.
    pub message: String,
    /// Where in the code: `file:line:column`.
    pub place: Option<String>,
    /// The order of the threads' steps in which a model fails: a headline, and a lane for each thread.
    pub schedule: Option<String>,
    /// Which mistake it has recognised.
    pub misconception: Option<String>,
    /// Whether it was ended because it made no progress.
    pub hang: bool,
    /// What the learner's own code has printed in it.
    pub printed: String,
    /// The command that runs it alone.
    pub command: String,
}

/// Says what is going on.
pub trait Listener {
    /// Something has begun that may take a while.
    fn begins(&self, what: &str);
    /// Cargo has said something meanwhile.
    fn said(&self, line: &str);
}

/// Judges the learner's answer to `exercise`. `width` is how wide a timeline is drawn.
///
/// # Errors
///
/// Returns a message if cargo could not build for another reason than the answer's own, or a check is missing.
pub fn judge(
    root: &Path,
    exercise: &Exercise,
    width: u16,
    colored: bool,
    listener: &dyn Listener,
) -> Result<Verdict, String> {
    let scratch = Scratch::new(root)?;
    let mut passed = 0;
    for model in [Model::None, exercise.model] {
        let clauses: Vec<&Clause> =
            exercise.contract.iter().filter(|clause| clause.model == (model != Model::None)).collect();
        if clauses.is_empty() || (passed > 0 && model == Model::None) {
            continue;
        }
        let target = Target::of(&exercise.id, model);
        let what = if model == Model::None { "building" } else { "building for the model checker" };
        listener.begins(&format!("{}: {what}", exercise.id));
        let program = match target.build(root, colored, &|line| listener.said(line))? {
            Build::Built(program) => program,
            Build::Error(error) => {
                return Ok(Verdict::NotCompiled { error, command: target.typed("") });
            }
        };
        let tests = engine::tests(&program)?;
        for clause in clauses {
            listener.begins(&format!("{}: {}", exercise.id, clause.says));
            let test = full_name(&tests, "", clause)?;
            let draws = exercise.draw.as_ref() == Some(&clause.check);
            let variables = if draws { scratch.variables(width) } else { Vec::new() };
            let run = engine::run(&program, test, limit(clause), &variables)?;
            if let Some(failure) = failure(&run, clause, passed, target.typed(&clause.check)) {
                return Ok(Verdict::Failed(failure));
            }
            passed += 1;
        }
    }
    Ok(Verdict::Passed { drawing: scratch.drawing() })
}

/// How long a check may take.
pub fn limit(clause: &Clause) -> Duration {
    if clause.model { MODEL_LIMIT } else { LIMIT }
}

/// Finds the full name of the check of `clause` among those `tests` whose names begin with `prefix`.
///
/// # Errors
///
/// Returns a message if it is not there.
pub fn full_name<'a>(tests: &'a [String], prefix: &str, clause: &Clause) -> Result<&'a str, String> {
    let is_it =
        |test: &&String| test.starts_with(prefix) && test.rsplit("::").next() == Some(clause.check.as_str());
    let test = tests.iter().find(is_it).map(String::as_str);
    test.ok_or_else(|| {
        format!("there is no check `{}`; is its file whole? (`mod checks` at the end)", clause.check)
    })
}

/// Says how a check has failed; none if it has passed.
pub fn failure(run: &Run, clause: &Clause, passed: usize, command: String) -> Option<Failure> {
    let is_over = run.status.is_some_and(|status| status.success());
    if is_over && run.stdout.contains("test result: ok. 1 passed") {
        return None;
    }
    let hang = run.stderr.lines().position(|line| line.starts_with("hang: "));
    let panic = run.stderr.lines().position(|line| line.contains("panicked at "));
    let place = panic.and_then(|at| run.stderr.lines().nth(at)?.split("panicked at ").nth(1));
    // A model's mistake is said after the model checker's own words.
    let found = run.stderr.lines().find_map(|line| line.strip_prefix("misconception ")?.split_once(": "));
    let message = match (hang, panic, run.status) {
        (Some(at), ..) => text(run.stderr.lines().skip(at)),
        (None, Some(at), _) if !clause.model || found.is_none() => {
            let is_its_own = |line: &&str| !line.starts_with("note: run with") && !line.starts_with(SCHEDULE);
            text(run.stderr.lines().skip(at + 1).take_while(is_its_own))
        }
        (None, Some(_), _) => found.map_or("", |(_, text)| text).to_owned(),
        (None, None, Some(status)) => {
            format!("the check ended with {status}\n{}", shortened(run.stderr.trim_end().lines()))
        }
        (None, None, None) => format!("the check has not ended within {:?}", limit(clause)),
    };
    Some(Failure {
        check: clause.check.clone(),
        says: clause.says.clone(),
        passed,
        message,
        place: place.filter(|_| hang.is_none()).and_then(in_the_exercises),
        schedule: schedule(&run.stderr),
        misconception: found.map(|(code, _)| code.to_owned()),
        hang: hang.is_some() || run.status.is_none(),
        printed: printed(&run.stdout),
        command,
    })
}

/// How a model begins to say in which order of steps it fails, and how the lines after that begin.
const SCHEDULE: &str = "schedule: ";
const LANES: &str = "  | ";

/// Returns the order of steps in which a model fails.
fn schedule(stderr: &str) -> Option<String> {
    let mut lines = stderr.lines().skip_while(|line| !line.starts_with(SCHEDULE));
    let headline = lines.next()?.strip_prefix(SCHEDULE)?;
    let lanes = lines.map_while(|line| line.strip_prefix(LANES));
    Some([headline].into_iter().chain(lanes).collect::<Vec<&str>>().join("\n"))
}

/// Makes `exercises/step2/../checks/a.rs:1:2:` plain; nothing if it is not in the exercises.
fn in_the_exercises(place: &str) -> Option<String> {
    let place = place.trim_end_matches(':').replace('\\', "/");
    let mut parts: Vec<&str> = Vec::new();
    for part in place.split('/') {
        if part == ".." && parts.last().is_some_and(|last| *last != "..") {
            parts.pop();
        } else {
            parts.push(part);
        }
    }
    (parts[0] == "exercises").then(|| parts.join("/"))
}

/// Joins lines, without the codes in them, which are for the tool.
fn text<'a>(lines: impl Iterator<Item = &'a str>) -> String {
    let bare =
        lines.map(|line| match line.strip_prefix("misconception ").and_then(|rest| rest.split_once(": ")) {
            Some((_, text)) => text,
            None => line,
        });
    shortened(bare).trim_end().to_owned()
}

/// Returns what the learner's code has printed, without what the test harness says around it.
fn printed(stdout: &str) -> String {
    let harness = ["running ", "test result:", "failures:", "    checks::", "failed", "FAILED"];
    let lines = stdout.lines().map(|line| match line.strip_prefix("test ") {
        Some(rest) => rest.split_once(" ... ").map_or("", |(_, printed)| printed),
        None => line,
    });
    let own =
        lines.filter(|line| !line.trim().is_empty() && !harness.iter().any(|word| line.starts_with(word)));
    shortened(own.filter(|line| *line != "ok"))
}

/// Joins lines, so many at the most, and so much of each, as a terminal shows without losing what stands above.
fn shortened<'a>(lines: impl Iterator<Item = &'a str>) -> String {
    const LINES: usize = 200;
    const CHARACTERS: usize = 1000;
    let mut lines = lines;
    let mut shown = Vec::new();
    for line in lines.by_ref().take(LINES) {
        let end = line.char_indices().nth(CHARACTERS).map_or(line.len(), |(end, _)| end);
        shown.push(if end < line.len() { format!("{}…", &line[..end]) } else { line.to_owned() });
    }
    match lines.count() {
        0 => {}
        more => shown.push(format!("... and {more} more lines")),
    }
    shown.join("\n")
}

/// A file that a check writes for the tool, removed when dropped.
pub(crate) struct Scratch(PathBuf);

impl Scratch {
    pub(crate) fn new(root: &Path) -> Result<Self, String> {
        let folder = target(root).join("tmp");
        fs::create_dir_all(&folder).map_err(|error| format!("cannot make {}: {error}", folder.display()))?;
        Ok(Self(folder.join(format!("check-{}.txt", std::process::id()))))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    fn variables(&self, width: u16) -> Vec<(&'static str, OsString)> {
        vec![
            ("EXERCISES_DRAW_TO", self.0.clone().into_os_string()),
            ("EXERCISES_DRAW_WIDTH", width.to_string().into()),
        ]
    }

    fn drawing(&self) -> Option<String> {
        fs::read_to_string(&self.0).ok()
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _never_written = fs::remove_file(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::{in_the_exercises, printed};

    #[test]
    fn a_place_is_plain_and_one_outside_the_exercises_is_left_out() {
        let plain = |place| in_the_exercises(place);
        assert_eq!(
            plain("exercises/step2/../checks/a.rs:1:2:").as_deref(),
            Some("exercises/checks/a.rs:1:2")
        );
        assert_eq!(plain("exercises\\step2\\a.rs:1:2").as_deref(), Some("exercises/step2/a.rs:1:2"));
        assert_eq!(plain("somewhere/loom/src/rt.rs:1:2:"), None);
    }

    #[test]
    fn what_the_harness_says_is_not_what_was_printed() {
        let stdout = "\nrunning 1 test\ntest checks::a ... mine\nand mine\nok\n\ntest result: ok. 1 passed; 0 failed\n";
        assert_eq!(printed(stdout), "mine\nand mine");
    }
}
