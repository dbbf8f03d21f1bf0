//! What the learner has finished: a text file in the checkout, which version control ignores.
//!
//! ```text
//! [passed]                              [hints]
//! latest-waker = "9f3a6c01d2b4e877"     latest-waker = 2
//!                 what was asked then                  the level last seen
//! ```
//!
//! # Invariants
//!
//! 1. A file that cannot be understood is set aside, under a free name, and never written over.
//! 2. What this version does not know stays in the file.
//! 3. The file is replaced as a whole: no crash leaves half of it.

use std::fs;
use std::path::{Path, PathBuf};

use toml::{Table, Value};

use crate::catalogue::{Exercise, read};
use crate::replace::replace;
use crate::stub;

/// Where it is, relative to the root.
pub const FILE: &str = "exercises/progress.toml";

const HEADER: &str =
    "# What you have finished. `cargo course` writes this file; to forget an exercise, take its line out.\n";

/// What the learner has finished.
#[derive(Debug)]
pub struct Progress {
    path: PathBuf,
    table: Table,
}

/// How far the learner is with one exercise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// The file is as it came.
    New,
    /// The file was edited.
    Begun,
    /// All checks have passed.
    Passed,
    /// All checks have passed, and what they ask has changed since.
    Changed,
}

impl State {
    /// A word for it, for people and scripts.
    pub fn word(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Begun => "begun",
            Self::Passed => "passed",
            Self::Changed => "changed",
        }
    }

    /// Tells whether it was finished once.
    pub fn is_done(self) -> bool {
        matches!(self, Self::Passed | Self::Changed)
    }
}

impl Progress {
    /// Reads the file of the checkout at `root`, and returns what has to be said about it, if anything.
    ///
    /// # Errors
    ///
    /// Returns a message if a broken file cannot be set aside.
    pub fn load(root: &Path) -> Result<(Self, Option<String>), String> {
        let path = root.join(FILE);
        let progress = |table| Self { path: path.clone(), table };
        let bytes = match fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Ok((progress(Table::new()), None));
            }
            Err(error) => return Err(format!("cannot read {FILE}: {error}")),
        };
        let problem = match String::from_utf8(bytes) {
            Ok(text) => match text.parse::<Table>() {
                Ok(table) if is_sound(&table) => return Ok((progress(table), None)),
                Ok(_) => "it is not what was written there".to_owned(),
                Err(error) => error.message().to_owned(),
            },
            Err(_) => "it is not text".to_owned(),
        };
        let aside = set_aside(root)?;
        let notice =
            format!("{FILE} could not be understood ({problem}); it is now {aside}, and a new one begins");
        Ok((progress(Table::new()), Some(notice)))
    }

    /// Tells how far the learner is with `exercise`.
    ///
    /// # Errors
    ///
    /// Returns a message if one of the exercise's own files cannot be read.
    pub fn state(&self, root: &Path, exercise: &Exercise) -> Result<State, String> {
        let passed =
            self.table.get("passed").and_then(|passed| passed.get(&exercise.id)).and_then(Value::as_str);
        if let Some(hash) = passed {
            return Ok(if hash == exercise.hash(root)? { State::Passed } else { State::Changed });
        }
        let original = stub::stub(exercise, &read(root, &exercise.solution())?)?;
        let is_new = read(root, &exercise.file()).is_ok_and(|text| text == original);
        Ok(if is_new { State::New } else { State::Begun })
    }

    /// Keeps that `exercise` has passed, and what was asked.
    ///
    /// # Errors
    ///
    /// Returns a message if the file cannot be written.
    pub fn passed(&mut self, root: &Path, exercise: &Exercise) -> Result<(), String> {
        let hash = exercise.hash(root)?;
        self.set("passed", &exercise.id, hash.into())
    }

    /// Returns the level of the hint last seen, 0 for none.
    pub fn hint(&self, id: &str) -> usize {
        let level = self.table.get("hints").and_then(|hints| hints.get(id)).and_then(Value::as_integer);
        level.and_then(|level| usize::try_from(level).ok()).unwrap_or(0)
    }

    /// Keeps the level of the hint last seen.
    ///
    /// # Errors
    ///
    /// Returns a message if the file cannot be written.
    pub fn hinted(&mut self, id: &str, level: usize) -> Result<(), String> {
        let level = i64::try_from(level).expect("there are three levels");
        self.set("hints", id, level.into())
    }

    fn set(&mut self, section: &str, id: &str, value: Value) -> Result<(), String> {
        let section = self.table.entry(section).or_insert_with(|| Table::new().into());
        let section = section.as_table_mut().expect("what was read is sound");
        if section.get(id) == Some(&value) {
            return Ok(());
        }
        section.insert(id.to_owned(), value);
        let failed = |error| format!("cannot write {FILE}: {error}");
        replace(&self.path, format!("{HEADER}{}", self.table)).map_err(failed)
    }
}

/// Tells whether the sections that we know are what we write.
fn is_sound(table: &Table) -> bool {
    let all = |section: &str, is: fn(&Value) -> bool| match table.get(section) {
        None => true,
        Some(Value::Table(entries)) => entries.values().all(is),
        Some(_) => false,
    };
    all("passed", Value::is_str) && all("hints", Value::is_integer)
}

/// Renames the file to a free name, and returns that.
fn set_aside(root: &Path) -> Result<String, String> {
    let name = |n: u32| format!("{FILE}.broken-{n}");
    let free = (1..).map(name).find(|name| !root.join(name).exists()).expect("some number is free");
    fs::rename(root.join(FILE), root.join(&free))
        .map_err(|error| format!("cannot set {FILE} aside: {error}"))?;
    Ok(free)
}
