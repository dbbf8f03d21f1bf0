//! The exercises, as `exercises/exercises.toml` lists them, and where their files are.
//!
//! # Invariants
//!
//! 1. An id never changes its meaning, and is never used again: progress is kept by it.
//! 2. A line of the contract names the check that asks for it, and every check has a line.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;

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
    /// Its name for ever (invariant 1), which is also that of its files.
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
    /// Reads the catalogue of the checkout at `root`; it is empty if there is none.
    ///
    /// # Errors
    ///
    /// Returns a message if it cannot be read, or is not what a catalogue looks like.
    pub fn load(root: &Path) -> Result<Self, String> {
        let file = root.join(FILE);
        if !file.is_file() {
            return Ok(Self::default());
        }
        let text = fs::read_to_string(&file).map_err(|error| format!("cannot read {FILE}: {error}"))?;
        toml::from_str(&text).map_err(|error| format!("{FILE} is not right: {error}"))
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
        let checks = read(root, &self.checks())?;
        let contract = self.contract.iter().map(|clause| clause.says.as_str());
        // FNV-1a: told apart is all that these texts have to be.
        let bytes = contract.chain([checks.as_str()]).flat_map(|text| text.bytes().chain([0]));
        let hash = bytes.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        Ok(format!("{hash:016x}"))
    }
}

/// Reads a text file of the checkout, its line ends made `\n`.
///
/// # Errors
///
/// Returns a message that names the file.
pub fn read(root: &Path, path: &str) -> Result<String, String> {
    let text = fs::read_to_string(root.join(path)).map_err(|error| format!("cannot read {path}: {error}"))?;
    Ok(text.replace("\r\n", "\n"))
}

/// Returns the folder that cargo builds into.
pub fn target(root: &Path) -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), |folder| root.join(folder))
}
