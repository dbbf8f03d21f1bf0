//! `cargo course reset`: the file as it came. What was in it is kept beside it.

use std::fs;
use std::process::ExitCode;

use clap::Args;

use ::course::catalogue::Exercise;
use ::course::files::{read, set_aside};
use ::course::replace::replace;
use ::course::stub::original;

use crate::course::{Course, Refusal};
use crate::say;

/// What `reset` takes.
#[derive(Args)]
pub(crate) struct ResetArgs {
    /// An exercise by its id, `step2` for those of a step, or `all`
    which: String,
}

/// Puts the stubs back.
pub(crate) fn run(course: &Course, args: &ResetArgs) -> Result<ExitCode, Refusal> {
    let mut text = String::new();
    for exercise in course.select(&args.which)? {
        text += &reset(course, exercise)?;
    }
    Ok(say(&text))
}

fn reset(course: &Course, exercise: &Exercise) -> Result<String, Refusal> {
    let (root, file) = (&course.workspace.root, exercise.file());
    let original = original(root, exercise)?;
    if read(root, &file).is_ok_and(|text| text == original) {
        return Ok(format!("{file} is as it came\n"));
    }
    if let Some(folder) = root.join(&file).parent() {
        fs::create_dir_all(folder).map_err(|error| format!("cannot make {}: {error}", folder.display()))?;
    }
    // Whatever it is: a file that is no text, or cannot be read, may be dear to the learner all the same.
    let kept = set_aside(root, &file, "kept").map_err(|error| format!("cannot keep {file}: {error}"))?;
    replace(&root.join(&file), original).map_err(|error| {
        // A disk without room has room for a name: what was there goes back.
        let put_back = kept.as_ref().map_or(Ok(()), |kept| fs::rename(root.join(kept), root.join(&file)));
        let lost = put_back.err().map(|_| format!("; yours is {}", kept.as_deref().unwrap_or_default()));
        format!("cannot write {file}: {error}{}", lost.unwrap_or_default())
    })?;
    let kept = kept.map(|kept| format!("; yours is {kept}")).unwrap_or_default();
    Ok(format!("{file} is as it came again{kept}\n"))
}
