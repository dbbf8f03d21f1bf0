//! How a stub is cut from a solution: one source for both, so that they cannot drift apart.
//!
//! ```text
//!   solution                                       stub
//!   // BEGIN SOLUTION: take the value              todo!("latest-waker: take the value")
//!   let value = slot.take();
//!   // END SOLUTION
//!
//!   // BEGIN SOLUTION                              const PREDICTION: u32 = 0;
//!   //~ const PREDICTION: u32 = 0;
//!   const PREDICTION: u32 = 42;
//!   // END SOLUTION
//! ```
//!
//! A region with lines that begin with `//~` is replaced by them, any other by a `todo!`. Everything else stays as it is.

use std::fmt::Write;
use std::path::Path;

use crate::catalogue::Exercise;
use crate::files::{ours, read_ours};

const BEGIN: &str = "// BEGIN SOLUTION";
const END: &str = "// END SOLUTION";
const INSTEAD: &str = "//~";
/// What a stub has below its header: it is full of `todo!`s, which the workspace's lints deny.
pub const ALLOW: &str = "#![allow(clippy::todo, reason = \"this is an exercise\")]";

/// Makes the stub of `exercise` from its solution in the checkout at `root`.
///
/// # Errors
///
/// Returns a message if the solution cannot be read, or is no solution.
pub fn original(root: &Path, exercise: &Exercise) -> Result<String, String> {
    let path = exercise.solution();
    stub(exercise, &read_ours(root, &path)?).map_err(|what| ours(&path, &format!("{path}: {what}")))
}

/// Makes the stub of `exercise` from the text of its solution.
///
/// # Errors
///
/// Returns a message if the regions do not begin and end in turn, or one needs a text and has none.
pub fn stub(exercise: &Exercise, solution: &str) -> Result<String, String> {
    let (mut body, mut has_todo) = (String::new(), false);
    let mut lines = solution.lines().enumerate();
    while let Some((at, line)) = lines.next() {
        let Some(todo) = line.trim_start().strip_prefix(BEGIN) else {
            if line.trim_start().starts_with(END) {
                return Err(format!("line {}: a region ends that has not begun", at + 1));
            }
            put(&mut body, line);
            continue;
        };
        let mut region = Vec::new();
        loop {
            match lines.next() {
                Some((_, line)) if line.trim_start().starts_with(END) => break,
                Some((_, line)) if !line.trim_start().starts_with(BEGIN) => region.push(line),
                _ => return Err(format!("line {}: the region that begins here does not end", at + 1)),
            }
        }
        let instead: Vec<String> = region.iter().filter_map(|line| instead(line)).collect();
        if instead.is_empty() {
            let todo = todo.strip_prefix(": ").ok_or_else(|| {
                format!("line {}: say what is to do, as in `{BEGIN}: wake the reader`", at + 1)
            })?;
            let indent = &line[..line.len() - line.trim_start().len()];
            put(&mut body, &format!("{indent}todo!({:?})", format!("{}: {todo}", exercise.id)));
            has_todo = true;
        } else {
            instead.iter().for_each(|line| put(&mut body, line));
        }
    }
    Ok(if has_todo { with_allow(&body) } else { body })
}

/// Takes the stub's text out of a line that begins with `//~`, its indentation kept.
fn instead(line: &str) -> Option<String> {
    let (indent, text) = line.split_once(INSTEAD).filter(|(indent, _)| indent.trim().is_empty())?;
    let text = text.strip_prefix(' ').unwrap_or(text);
    Some(if text.is_empty() { String::new() } else { format!("{indent}{text}") })
}

/// Puts the attribute that stubs need below the header.
fn with_allow(body: &str) -> String {
    let header = body.lines().take_while(|line| line.starts_with("//!")).count();
    let mut text = String::new();
    for (at, line) in body.lines().enumerate() {
        if at == header {
            put(&mut text, ALLOW);
        }
        put(&mut text, line);
    }
    text
}

fn put(text: &mut String, line: &str) {
    writeln!(text, "{line}").expect("writing to a string cannot fail");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(solution: &str) -> Result<String, String> {
        let text = "id = \"x\"\nstep = 1\ndifficulty = 1\nminutes = 3\ntitle = \"\"\ngoal = \"\"\ncontract = []\nhints = [\"\", \"\", \"\"]";
        stub(&toml::from_str(text).expect("it is an exercise"), solution)
    }

    #[test]
    fn a_region_becomes_a_todo_with_the_id_and_the_words_behind_its_beginning() {
        let solution =
            "//! Header.\n\nfn f() {\n    // BEGIN SOLUTION: do it\n    g();\n    // END SOLUTION\n}\n";
        let stub = cut(solution).expect("it is well formed");
        assert_eq!(stub, format!("//! Header.\n{ALLOW}\n\nfn f() {{\n    todo!(\"x: do it\")\n}}\n"));
    }

    #[test]
    fn a_region_with_other_text_becomes_that_text_and_needs_no_attribute() {
        let solution = "//! Header.\n// BEGIN SOLUTION\n//~ const A: u32 = 0;\n//~\n    //~ // more\nconst A: u32 = 1;\n// END SOLUTION\n";
        assert_eq!(
            cut(solution).expect("it is well formed"),
            "//! Header.\nconst A: u32 = 0;\n\n    // more\n"
        );
    }

    #[test]
    fn regions_that_do_not_begin_and_end_in_turn_are_refused() {
        for (solution, line) in [
            ("// BEGIN SOLUTION: a\n", "line 1"),
            ("a\n// END SOLUTION\n", "line 2"),
            ("// BEGIN SOLUTION: a\n// BEGIN SOLUTION: b\n// END SOLUTION\n", "line 1"),
            ("// BEGIN SOLUTION\na\n// END SOLUTION\n", "line 1: say what"),
        ] {
            let message = cut(solution).expect_err("it is not well formed");
            assert!(message.contains(line), "{message}");
        }
    }
}
