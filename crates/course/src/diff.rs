//! `cargo course diff`: your answer and ours, line by line.

use std::io::{self, IsTerminal};
use std::process::ExitCode;

use clap::Args;
use similar::{ChangeTag, TextDiff};

use ::course::catalogue::read;
use ::course::stub::ALLOW;

use crate::course::{Course, Refusal};
use crate::say;

/// What `diff` takes.
#[derive(Args)]
pub(crate) struct DiffArgs {
    /// The exercise, by its id
    id: String,
}

/// Shows how to come from the learner's answer to ours.
pub(crate) fn run(course: &Course, args: &DiffArgs) -> Result<ExitCode, Refusal> {
    let exercise = course.one(&args.id)?;
    let root = &course.workspace.root;
    let (file, solution) = (exercise.file(), exercise.solution());
    let (yours, ours) = (without_marks(&read(root, &file)?), without_marks(&read(root, &solution)?));
    if yours == ours {
        return Ok(say("Your answer is ours, letter by letter.\n"));
    }
    let text = changes(&yours, &ours, io::stdout().is_terminal());
    Ok(say(&format!("- yours: {file}\n+ ours: {solution}\n\n{text}")))
}

/// Leaves out what says where a stub is cut from a solution, and what only a stub needs.
fn without_marks(text: &str) -> String {
    let is_mark = |line: &str| {
        let line = line.trim_start();
        ["// BEGIN SOLUTION", "// END SOLUTION", "//~", ALLOW].iter().any(|mark| line.starts_with(mark))
    };
    text.lines().filter(|line| !is_mark(line)).map(|line| format!("{line}\n")).collect()
}

fn changes(yours: &str, ours: &str, colored: bool) -> String {
    let diff = TextDiff::from_lines(yours, ours);
    let mut text = String::new();
    for (at, group) in diff.grouped_ops(3).iter().enumerate() {
        if at > 0 {
            text += "  ...\n";
        }
        for change in group.iter().flat_map(|op| diff.iter_changes(op)) {
            let (sign, color) = match change.tag() {
                ChangeTag::Delete => ('-', "31"),
                ChangeTag::Insert => ('+', "32"),
                ChangeTag::Equal => (' ', "0"),
            };
            let line = format!("{sign} {}", change.value().trim_end_matches('\n'));
            let line = line.trim_end();
            text += &if colored { format!("\x1b[{color}m{line}\x1b[0m\n") } else { format!("{line}\n") };
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{changes, without_marks};

    #[test]
    fn what_is_cut_is_left_out() {
        assert_eq!(
            without_marks("a\n    // BEGIN SOLUTION: b\n  //~ c\n    d\n    // END SOLUTION\n"),
            "a\n    d\n"
        );
    }

    #[test]
    fn a_changed_line_is_shown_as_yours_and_ours() {
        assert_eq!(changes("a\nb\nc\n", "a\nB\nc\n", false), "  a\n- b\n+ B\n  c\n");
    }
}
