//! `cargo course hint`: a question, then the place, then nearly the code.

use std::process::ExitCode;

use clap::Args;

use crate::course::{Course, Refusal};
use crate::say;

/// What the three levels are.
const LEVELS: [&str; 3] = ["a question", "the place", "nearly the code"];

/// What `hint` takes.
#[derive(Args)]
pub(crate) struct HintArgs {
    /// The exercise, by its id
    id: String,

    /// 1: a question, 2: the place, 3: nearly the code; one more than last time if left out
    #[arg(value_parser = clap::value_parser!(u8).range(1..=3))]
    level: Option<u8>,
}

/// Shows one hint, and keeps which.
pub(crate) fn run(course: &mut Course, args: &HintArgs) -> Result<ExitCode, Refusal> {
    let exercise = course.one(&args.id)?.clone();
    let level = args.level.map_or_else(|| (course.progress.hint(&exercise.id) + 1).min(3), usize::from);
    if let Err(error) = course.progress.hinted(&exercise.id, level) {
        eprintln!("note: which hint you have seen is not kept: {error}");
    }
    let mut text = format!("Hint {level} of 3, {}:\n\n", LEVELS[level - 1]);
    for line in exercise.hints[level - 1].trim_end().lines() {
        text += &format!("  {line}\n");
    }
    if level < 3 {
        text += &format!("\nMore:  cargo course hint {} {}\n", exercise.id, level + 1);
    }
    Ok(say(&text))
}
