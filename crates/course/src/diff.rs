//! `cargo course diff`: your answer and ours, line by line, and what each takes in the checks.

use std::process::ExitCode;

use clap::Args;
use similar::{Algorithm, ChangeTag, capture_diff_slices, group_diff_ops};

use ::course::catalogue::Exercise;
use ::course::counts::{Counts, clauses, count};
use ::course::files::{read, read_ours};
use ::course::stub::ALLOW;

use crate::check::Spinner;
use crate::course::{Course, Refusal};
use crate::{say, wants_color};

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
    let yours = read(root, &file).map_err(|error| format!("{error}\n{}", Course::way_back(exercise)))?;
    let (yours, ours) = (without_marks(&yours), without_marks(&read_ours(root, &solution)?));
    if yours == ours {
        return Ok(say("Your answer is ours, letter by letter.\n"));
    }
    let text = changes(&yours, &ours, wants_color());
    let said = say(&format!("- yours: {file}\n+ ours: {solution}\n\n{text}\n"));
    if said != ExitCode::SUCCESS {
        return Ok(said);
    }
    Ok(say(&behaviour(course, exercise)?))
}

/// Runs both answers, and says what they take.
fn behaviour(course: &Course, exercise: &Exercise) -> Result<String, Refusal> {
    let (root, id) = (&course.workspace.root, &exercise.id);
    if clauses(exercise).next().is_none() {
        return Ok(String::new());
    }
    course.expect_answers()?;
    let spinner = Spinner::new();
    let Some(yours) = count(root, exercise, id, &spinner)? else {
        return Ok(format!(
            "Yours does not pass yet, so there is nothing to measure:  cargo course check {id}\n"
        ));
    };
    let ours = count(root, exercise, &format!("solution-{id}"), &spinner)?;
    drop(spinner);
    let ours = ours.ok_or_else(|| format!("{} does not pass its checks", exercise.solution()))?;
    let says: Vec<&str> = clauses(exercise).map(|clause| clause.says.as_str()).collect();
    Ok(table(&says, &yours, &ours))
}

/// Makes a table of the sums, and a line for each check that differs.
fn table(says: &[&str], yours: &[Counts], ours: &[Counts]) -> String {
    let checks = if says.len() == 1 { "the check".to_owned() } else { format!("the {} checks", says.len()) };
    let mut text = format!("Counted in {checks}:\n\n  {:12} {:>8} {:>8}\n", "", "yours", "ours");
    for ((name, yours), (_, ours)) in Counts::sum(yours).rows().into_iter().zip(Counts::sum(ours).rows()) {
        text += &format!("  {name:12} {yours:>8} {ours:>8}\n");
    }
    let mut differences = String::new();
    for ((says, yours), ours) in says.iter().zip(yours).zip(ours) {
        let rows = yours.rows().into_iter().zip(ours.rows()).filter(|(yours, ours)| yours != ours);
        let rows: Vec<String> =
            rows.map(|((name, yours), (_, ours))| format!("{name} {yours} and {ours}")).collect();
        if !rows.is_empty() {
            differences += &format!("  {says}\n      {}\n", rows.join(", "));
        }
    }
    if differences.is_empty() {
        text += "\nNo check takes more of anything in one than in the other.\n";
    } else {
        text += &format!("\nWhere they differ (yours and ours):\n\n{differences}");
    }
    text += "\nParks and allocations are those of the check's own thread.\n";
    text
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
    let (yours, ours): (Vec<&str>, Vec<&str>) = (yours.lines().collect(), ours.lines().collect());
    let mut text = String::new();
    let groups = group_diff_ops(capture_diff_slices(Algorithm::Myers, &yours, &ours), 3);
    for (at, group) in groups.iter().enumerate() {
        if at > 0 {
            text += "  ...\n";
        }
        for change in group.iter().flat_map(|op| op.iter_changes(&yours, &ours)) {
            let (sign, color) = match change.tag() {
                ChangeTag::Delete => ('-', "31"),
                ChangeTag::Insert => ('+', "32"),
                ChangeTag::Equal => (' ', "0"),
            };
            let line = format!("{sign} {}", change.value());
            let line = line.trim_end();
            text += &if colored { format!("\x1b[{color}m{line}\x1b[0m\n") } else { format!("{line}\n") };
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{Counts, changes, table, without_marks};

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

    #[test]
    fn sums_are_shown_and_the_checks_that_differ() {
        let counts = |polls, allocations| Counts { polls, wakes: 1, parks: 0, allocations };
        let text = table(&["One.", "Two."], &[counts(3, 2), counts(1, 1)], &[counts(3, 2), counts(10, 0)]);
        assert!(
            text.contains("                  yours     ours\n  polls               4       13\n"),
            "{text}"
        );
        assert!(text.contains("  allocations         3        2\n"), "{text}");
        assert!(text.contains("\n\n  Two.\n      polls 1 and 10, allocations 1 and 0\n"), "{text}");
        assert!(!text.contains("One."), "{text}");
        let same = table(&["One."], &[counts(3, 2)], &[counts(3, 2)]);
        assert!(same.contains("Counted in the check:") && same.contains("No check takes more"), "{same}");
    }
}
