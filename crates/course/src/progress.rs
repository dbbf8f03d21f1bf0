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
//! 4. Whoever changes the file reads it again first, and nobody else changes it meanwhile: a tool that runs for hours, as `watch`
//!    does, takes nothing back of what another one has written. A file system without locks keeps what the later one writes.

use std::fs::File;
use std::io::{Error, ErrorKind};
use std::path::{Path, PathBuf};

use toml::{Table, Value};

use crate::catalogue::Exercise;
use crate::files::{bytes, read, set_aside, shown};
use crate::replace::replace;
use crate::stub;

/// Where it is, relative to the root.
pub const FILE: &str = "exercises/progress.toml";

const HEADER: &str =
    "# What you have finished. `cargo course` writes this file; to forget an exercise, take its line out.\n";

/// What the learner has finished.
#[derive(Debug)]
pub struct Progress {
    root: PathBuf,
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
    /// Returns a message if there is something that is no file, or if a broken file cannot be set aside.
    pub fn load(root: &Path) -> Result<(Self, Option<String>), String> {
        let progress = |table| Self { root: root.to_owned(), table };
        if let Ok(table) = found(root)? {
            return Ok((progress(table), None));
        }
        // Once more, as another tool may be about to do the same.
        let _turn = turn(root).map_err(|error| format!("cannot set {FILE} aside: {error}"))?;
        match found(root)? {
            Ok(table) => Ok((progress(table), None)),
            Err(problem) => Ok((progress(Table::new()), begin_anew(root, &problem)?)),
        }
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
        let original = stub::original(root, exercise)?;
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
        let failed = |error: Error| format!("cannot write {FILE}: {error}");
        let _turn = turn(&self.root).map_err(failed)?;
        match found(&self.root) {
            Ok(Ok(table)) => self.table = table, // Invariant 4.
            // Broken since it was read. What was in it then is still known.
            Ok(Err(problem)) => drop(begin_anew(&self.root, &problem)?),
            Err(_) => {} // It cannot be replaced either, and that is what is said.
        }
        let section = self.table.entry(section).or_insert_with(|| Table::new().into());
        let section = section.as_table_mut().expect("what was read is sound");
        if section.get(id) == Some(&value) {
            return Ok(());
        }
        section.insert(id.to_owned(), value);
        replace(&self.root.join(FILE), format!("{HEADER}{}", self.table)).map_err(failed) // Invariant 3.
    }
}

/// Waits until no other tool changes the file. It is this one's turn as long as what is returned is there.
fn turn(root: &Path) -> Result<File, Error> {
    let lock =
        File::options().create(true).truncate(false).write(true).open(root.join(format!("{FILE}.lock")))?;
    match lock.lock() {
        Err(error) if error.kind() != ErrorKind::Unsupported => Err(error),
        _ => Ok(lock),
    }
}

/// Reads the file: what is in it, or why that cannot be understood.
///
/// # Errors
///
/// Returns a message if there is something that is no file.
fn found(root: &Path) -> Result<Result<Table, String>, String> {
    let bytes = match bytes(root, FILE) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Ok(Table::new())),
        Err(error) if error.kind() == ErrorKind::FileTooLarge => return Ok(Err(error.to_string())),
        Err(error) => return Err(format!("cannot read {FILE}: {error}; move it away, and a new one begins")),
    };
    let Ok(text) = String::from_utf8(bytes) else { return Ok(Err("it is not text".to_owned())) };
    Ok(match text.parse::<Table>() {
        Ok(table) if is_sound(&table) => Ok(table),
        Ok(_) => Err("it is not what was written there".to_owned()),
        Err(error) => Err(shown(error.message())),
    })
}

/// Sets the file aside (invariant 1), and says so.
fn begin_anew(root: &Path, problem: &str) -> Result<Option<String>, String> {
    let aside =
        set_aside(root, FILE, "broken").map_err(|error| format!("cannot set {FILE} aside: {error}"))?;
    Ok(aside.map(|aside| {
        format!("{FILE} could not be understood ({problem}); it is now {aside}, and a new one begins")
    }))
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
