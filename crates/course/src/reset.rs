//! `cargo course reset`: the file as it came. What was in it is kept beside it.

use std::fs;
use std::process::ExitCode;

use clap::Args;

use ::course::catalogue::{Exercise, read};
use ::course::replace::replace;
use ::course::stub::stub;

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
    let root = &course.workspace.root;
    let (file, solution) = (exercise.file(), exercise.solution());
    let original = stub(exercise, &read(root, &solution)?).map_err(|error| format!("{solution}: {error}"))?;
    let kept = match read(root, &file) {
        Ok(text) if text == original => return Ok(format!("{file} is as it came\n")),
        Ok(_) => {
            let name = |n: u32| format!("{file}.kept-{n}");
            let free = (1..).map(name).find(|name| !root.join(name).exists()).expect("some number is free");
            fs::read(root.join(&file))
                .and_then(|mine| replace(&root.join(&free), mine))
                .map_err(|error| format!("cannot keep {file}: {error}"))?;
            format!("; yours is {free}")
        }
        Err(_) => String::new(),
    };
    if let Some(folder) = root.join(&file).parent() {
        fs::create_dir_all(folder).map_err(|error| format!("cannot make {}: {error}", folder.display()))?;
    }
    replace(&root.join(&file), original).map_err(|error| format!("cannot write {file}: {error}"))?;
    Ok(format!("{file} is as it came again{kept}\n"))
}
