//! The exercises, as `exercises/exercises.toml` lists them, and where their files are.
//!
//! # Invariants
//!
//! 1. An id never changes its meaning, and is never used again: progress is kept by it.
//! 2. A line of the contract names the check that asks for it, and every check has a line.
//! 3. Ids and codes are plain names, and an id is there once: a file of an exercise is where it should be, and nowhere else.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde::Deserialize;

use crate::files::{ours, read_ours, shown};

/// The file that lists them, relative to the root of the checkout.
pub const FILE: &str = "exercises/exercises.toml";

/// All exercises, in the order in which they are to be done, and the mistakes that their checks recognise.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Catalogue {
    /// The mistakes, by their code.
    #[serde(default)]
    pub misconceptions: BTreeMap<String, Misconception>,
    /// The exercises.
    #[serde(default)]
    pub exercises: Vec<Exercise>,
}

/// A mistaken belief, and where to read of it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Misconception {
    /// The belief, as one who holds it would say it.
    pub says: String,
    /// What is the case instead.
    pub rather: String,
    /// A chapter and the heading in it, relative to the root: `chapters/02-waker.md#misconceptions`.
    pub chapter: String,
}

/// One exercise.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exercise {
    /// Its name for ever (invariants 1 and 3), which is also that of its files.
    pub id: String,
    /// The step it belongs to.
    pub step: u32,
    /// 1, 2 or 3.
    pub difficulty: u8,
    /// How long it may take.
    pub minutes: u32,
    /// A few words.
    pub title: String,
    /// What is practised, in a sentence or two.
    pub goal: String,
    /// What the checks ask, in the order in which they are run (invariant 2).
    pub contract: Vec<Clause>,
    /// A question, the place, and nearly the code.
    pub hints: [String; 3],
    /// The codes of the mistakes that its checks recognise.
    #[serde(default)]
    pub misconceptions: Vec<String>,
    /// Whether some of its checks run under a model checker.
    #[serde(default)]
    pub model: Model,
    /// The check whose run is drawn when all have passed, if there is something to see in one.
    pub draw: Option<String>,
}

/// One line of a contract.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Clause {
    /// The name of the test function that asks for it.
    pub check: String,
    /// The line itself.
    pub says: String,
    /// Whether it runs under the exercise's model checker.
    #[serde(default)]
    pub model: bool,
}

/// A model checker, which runs every order of the threads' steps, or many.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Model {
    /// None.
    #[default]
    None,
    /// Loom, which tries them all.
    Loom,
}

impl Model {
    /// The feature of the package `exercises` that swaps its `sync` for the model checker's.
    pub fn feature(self) -> Option<&'static str> {
        match self {
            Self::None => None,
            Self::Loom => Some("loom"),
        }
    }
}

impl Catalogue {
    /// Reads the catalogue of the checkout at `root`.
    ///
    /// # Errors
    ///
    /// Returns a message if it cannot be read, or is not what a catalogue looks like.
    pub fn load(root: &Path) -> Result<Self, String> {
        Self::read(&read_ours(root, FILE)?).map_err(|what| ours(FILE, &what))
    }

    /// Reads the text of a catalogue, and checks it.
    ///
    /// # Errors
    ///
    /// Returns a message with the line, if it is a line's fault.
    pub fn read(text: &str) -> Result<Self, String> {
        let catalogue: Self = toml::from_str(text).map_err(|error| {
            let lines = |end| 1 + text.bytes().take(end).filter(|&byte| byte == b'\n').count();
            let line = error.span().map(|span| lines(span.start));
            let line = line.map(|line| format!("line {line}: ")).unwrap_or_default();
            format!("{FILE} is not right: {line}{}", shown(error.message()))
        })?;
        catalogue.check().map_err(|what| format!("{FILE} is not right: {}", shown(&what)))?;
        Ok(catalogue)
    }

    /// Checks the invariants that a catalogue's shape does not give.
    fn check(&self) -> Result<(), String> {
        let used = self.exercises.iter().flat_map(|exercise| &exercise.misconceptions);
        if let Some(code) = self.misconceptions.keys().chain(used).find(|code| !is_name(code)) {
            return Err(format!("`{code}` is no code of a misconception: {NAME}"));
        }
        let mut ids = BTreeSet::new();
        for exercise in &self.exercises {
            let id = &exercise.id;
            if !is_name(id) {
                return Err(format!("`{id}` is no id: {NAME}"));
            }
            exercise.check(ids.insert(id)).map_err(|what| format!("the exercise `{id}` {what}"))?;
        }
        Ok(())
    }

    /// Returns the exercise called `id`.
    pub fn find(&self, id: &str) -> Option<&Exercise> {
        self.exercises.iter().find(|exercise| exercise.id == id)
    }

    /// Returns those that `which` means: one by its id, those of `step2`, or `all`; none if it means nothing.
    pub fn select(&self, which: &str) -> Vec<&Exercise> {
        let of_step = which.strip_prefix("step").and_then(|number| number.parse().ok());
        let is_meant = |exercise: &&Exercise| {
            which == "all" || exercise.id == which || of_step.is_some_and(|step: u32| exercise.step == step)
        };
        self.exercises.iter().filter(is_meant).collect()
    }
}

impl Exercise {
    /// Checks what one exercise has to be like; `is_new` says that none before it has its id.
    fn check(&self, is_new: bool) -> Result<(), String> {
        let of_step = self.id.strip_prefix("step").is_some_and(|number| number.parse::<u32>().is_ok());
        let checks = self.contract.iter().map(|clause| &clause.check);
        if !is_new {
            Err("is there twice".to_owned())
        } else if self.id == "all" || of_step {
            Err("is called like several of them".to_owned())
        } else if !(1..=3).contains(&self.difficulty) {
            Err(format!("has the difficulty {}; there are 1, 2 and 3", self.difficulty))
        } else if self.title.contains(char::is_control) {
            Err("has a title of more than a line".to_owned())
        } else if self.contract.is_empty() {
            Err("has no contract, so that any answer would pass".to_owned())
        } else if let Some(check) = checks.into_iter().find(|check| !is_name(&check.replace('_', "-"))) {
            Err(format!("has a check `{check}`, which is no name of a function"))
        } else {
            Ok(())
        }
    }

    /// The file that the learner edits, relative to the root, as are all the others.
    pub fn file(&self) -> String {
        format!("exercises/step{}/{}.rs", self.step, self.id)
    }

    /// Our answer.
    pub fn solution(&self) -> String {
        format!("exercises/solutions/{}.rs", self.id)
    }

    /// What is asked of an answer.
    pub fn checks(&self) -> String {
        format!("exercises/checks/{}.rs", self.id)
    }

    /// The answer of one who makes the mistake `code`.
    pub fn wrong(&self, code: &str) -> String {
        format!("exercises/wrong/{}/{code}.rs", self.id)
    }

    /// `*` to `***`.
    pub fn stars(&self) -> String {
        "*".repeat(usize::from(self.difficulty))
    }

    /// Returns a number that changes when what is asked changes: the text of the checks, and the contract.
    ///
    /// # Errors
    ///
    /// Returns a message if the checks cannot be read.
    pub fn hash(&self, root: &Path) -> Result<String, String> {
        let checks = read_ours(root, &self.checks())?;
        let contract = self.contract.iter().map(|clause| clause.says.as_str());
        // FNV-1a: told apart is all that these texts have to be.
        let bytes = contract.chain([checks.as_str()]).flat_map(|text| text.bytes().chain([0]));
        let hash = bytes.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        Ok(format!("{hash:016x}"))
    }
}

/// What a name is that becomes the name of a file, and a word of a command line.
const NAME: &str = "it begins with a letter, and has letters, digits and `-`";

fn is_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}
