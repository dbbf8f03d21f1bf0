//! What an answer takes in the checks: polls, wakes, parks and allocations, counted by the checks themselves.
//!
//! The checks under a model checker are left out: they run an answer in every order of its threads, which is not what it takes.

use std::fs;
use std::path::Path;

use serde::Deserialize;

use crate::catalogue::{Clause, Exercise, Model};
use crate::engine::{self, Build, Target};
use crate::verdict::{Listener, Scratch, failure, full_name, limit};

/// What one check has taken, or several.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Counts {
    /// How often a future was polled.
    pub polls: u64,
    /// How often a waker was called.
    pub wakes: u64,
    /// How often the check's thread slept at a condition variable.
    pub parks: u64,
    /// How often the check's thread has asked for memory.
    pub allocations: u64,
}

impl Counts {
    /// Returns them with their names.
    pub fn rows(self) -> [(&'static str, u64); 4] {
        [
            ("polls", self.polls),
            ("wakes", self.wakes),
            ("parks", self.parks),
            ("allocations", self.allocations),
        ]
    }

    /// Adds up what several checks have taken.
    pub fn sum(all: &[Self]) -> Self {
        all.iter().fold(Self::default(), |sum, counts| Self {
            polls: sum.polls + counts.polls,
            wakes: sum.wakes + counts.wakes,
            parks: sum.parks + counts.parks,
            allocations: sum.allocations + counts.allocations,
        })
    }
}

/// Returns the checks that count.
pub fn clauses(exercise: &Exercise) -> impl Iterator<Item = &Clause> {
    exercise.contract.iter().filter(|clause| !clause.model)
}

/// Runs the checks of `exercise` on the answer that is built as the target `name`, and returns what each has taken; none if
/// the answer does not compile or does not pass them.
///
/// # Errors
///
/// Returns a message if cargo could not build for another reason than the answer's own, or a check does not count.
pub fn count(
    root: &Path,
    exercise: &Exercise,
    name: &str,
    listener: &dyn Listener,
) -> Result<Option<Vec<Counts>>, String> {
    listener.begins(&format!("{name}: building"));
    let target = Target::of(name, Model::None);
    let Build::Built(program) = target.build(root, false, &|line| listener.said(line))? else {
        return Ok(None);
    };
    let tests = engine::tests(&program)?;
    let mut all = Vec::new();
    for clause in clauses(exercise) {
        listener.begins(&format!("{name}: {}", clause.says));
        let scratch = Scratch::new(root)?;
        let variables = [("EXERCISES_COUNT_TO", scratch.path().into())];
        let run = engine::run(&program, full_name(&tests, "", clause)?, limit(clause), &variables)?;
        if failure(&run, clause, 0, String::new()).is_some() {
            return Ok(None);
        }
        all.push(read(scratch.path()).ok_or_else(|| format!("the check `{}` does not count", clause.check))?);
    }
    Ok(Some(all))
}

fn read(file: &Path) -> Option<Counts> {
    toml::from_str(&fs::read_to_string(file).ok()?).ok()
}
