//! What every verb on exercises needs: the checkout, the catalogue, and what is finished.

use std::process::ExitCode;

use ::course::catalogue::{Catalogue, Exercise};
use ::course::progress::{Progress, State};

use crate::complain;
use crate::workspace::Workspace;

/// An id that means nothing, or a command line that does not go together.
pub(crate) const USAGE: u8 = 2;
/// The course's own files are not as they should be, or cargo could not be started.
pub(crate) const UNABLE: u8 = 3;
/// An exercise is not right yet.
pub(crate) const NOT_YET: u8 = 4;

/// The checkout, its exercises, and what the learner has finished.
pub(crate) struct Course {
    pub(crate) workspace: Workspace,
    pub(crate) catalogue: Catalogue,
    pub(crate) progress: Progress,
}

/// Why a verb did not do what it was asked for: a message, and the code to end with.
pub(crate) struct Refusal {
    pub(crate) message: String,
    pub(crate) code: u8,
}

/// The course's own files are not as they should be, or something could not be started.
impl From<String> for Refusal {
    fn from(message: String) -> Self {
        Self { message, code: UNABLE }
    }
}

impl Refusal {
    pub(crate) fn complain(&self) -> ExitCode {
        complain(&self.message, self.code)
    }
}

impl Course {
    /// Reads it all. Whatever has to be said about the progress file goes to standard error.
    pub(crate) fn load(workspace: Workspace) -> Result<Self, Refusal> {
        let catalogue = Catalogue::load(&workspace.root)?;
        let (progress, notice) = Progress::load(&workspace.root)?;
        if let Some(notice) = notice {
            eprintln!("note: {notice}");
        }
        Ok(Self { workspace, catalogue, progress })
    }

    /// Returns the exercises that `which` means.
    pub(crate) fn select(&self, which: &str) -> Result<Vec<&Exercise>, Refusal> {
        let selected = self.catalogue.select(which);
        if selected.is_empty() {
            return Err(self.unknown(which));
        }
        Ok(selected)
    }

    /// Returns the exercise called `id`.
    pub(crate) fn one(&self, id: &str) -> Result<&Exercise, Refusal> {
        self.catalogue.find(id).ok_or_else(|| self.unknown(id))
    }

    fn unknown(&self, which: &str) -> Refusal {
        let ids: Vec<&str> = self.catalogue.exercises.iter().map(|exercise| exercise.id.as_str()).collect();
        let message = match nearest(which, &ids) {
            Some(near) => format!("there is no exercise `{which}`; did you mean `{near}`?"),
            None => format!("there is no exercise `{which}`; there are: {}", ids.join(", ")),
        };
        Refusal { message, code: USAGE }
    }

    /// Tells how far the learner is with an exercise.
    pub(crate) fn state(&self, exercise: &Exercise) -> Result<State, Refusal> {
        Ok(self.progress.state(&self.workspace.root, exercise)?)
    }

    /// Makes sure that the learner's files are there: cargo builds no target of a package of which one is missing.
    pub(crate) fn expect_answers(&self) -> Result<(), Refusal> {
        let is_missing = |exercise: &&Exercise| !self.workspace.root.join(exercise.file()).exists();
        match self.catalogue.exercises.iter().find(is_missing) {
            None => Ok(()),
            Some(exercise) => Err(Refusal::from(format!(
                "{} is missing, and cargo builds no exercise without it\n{}",
                exercise.file(),
                Self::way_back(exercise)
            ))),
        }
    }

    /// Says how to get a learner's file back.
    pub(crate) fn way_back(exercise: &Exercise) -> String {
        format!("`cargo course reset {}` brings it as it came", exercise.id)
    }

    /// Returns the first exercise that is not finished: whatever was begun, or else the first new one.
    pub(crate) fn next(&self) -> Result<Option<&Exercise>, Refusal> {
        let mut new = None;
        for exercise in &self.catalogue.exercises {
            match self.state(exercise)? {
                State::Begun => return Ok(Some(exercise)),
                State::New => new = new.or(Some(exercise)),
                State::Passed | State::Changed => {}
            }
        }
        Ok(new)
    }
}

/// Returns the id that is most like `which`, if one is much like it.
fn nearest<'a>(which: &str, ids: &[&'a str]) -> Option<&'a str> {
    let likeness = |id: &str| strsim::normalized_damerau_levenshtein(which, id);
    let best = ids.iter().map(|id| (likeness(id), *id)).max_by(|a, b| a.0.total_cmp(&b.0));
    best.filter(|(likeness, _)| *likeness >= 0.6).map(|(_, id)| id)
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn a_slip_of_the_finger_finds_its_exercise_and_anything_else_none() {
        let ids = ["yield-now", "latest-waker"];
        assert_eq!(nearest("yeild-now", &ids), Some("yield-now"));
        assert_eq!(nearest("step9", &ids), None);
    }
}
