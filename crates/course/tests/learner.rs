//! A learner's whole path at a terminal: the first start, a check that fails, hints, a right answer, the comparison, a reset.
#![cfg(unix)]

mod tool;

use tool::mini::Mini;

/// Runs the tool at a terminal of its own, and returns all that was to be seen there, without what only moves or colours.
fn at_a_terminal(mini: &Mini, args: &[&str]) -> String {
    let session = rexpect::session::spawn_command(mini.course(args), Some(120_000));
    let mut session = session.expect("there are terminals");
    let seen = session.exp_eof().expect("it ends");
    let mut text = String::new();
    let mut characters = seen.chars();
    while let Some(character) = characters.next() {
        match character {
            // A control sequence ends with a letter.
            '\x1b' => while characters.next().is_some_and(|within| !within.is_ascii_alphabetic()) {},
            '\r' => {}
            _ => text.push(character),
        }
    }
    text
}

#[track_caller]
fn sees(text: &str, expected: &[&str]) {
    for part in expected {
        assert!(text.contains(part), "{part:?} is not in:\n{text}");
    }
}

#[test]
fn from_the_first_start_to_a_reset() {
    let mini = Mini::new("learner");
    let run = |args: &[&str]| at_a_terminal(&mini, args);

    sees(
        &run(&[]),
        &["Next: Add two numbers (*, 3 minutes)", "exercises/step1/add.rs", "cargo course check add"],
    );
    sees(
        &run(&["check"]),
        &["not yet  add: 0 of 2 checks pass.", "not yet implemented: add: add them", "cargo course hint add"],
    );
    sees(&run(&["hint", "add"]), &["Hint 1 of 3, a question:", "What is a sum?"]);

    mini.answer("u16::from(a.wrapping_add(b))");
    sees(
        &run(&["check"]),
        &["1 of 2 checks pass", "misconception: \"A sum has as many digits as its parts.\""],
    );
    sees(&run(&["hint", "add"]), &["Hint 2 of 3, the place:"]);
    sees(&run(&["hint", "add"]), &["Hint 3 of 3, nearly the code:", "a + b"]);

    mini.answer("u16::from(b) + u16::from(a)");
    sees(
        &run(&["check"]),
        &["passed   add: Add two numbers (2 of 2 checks)", "cargo course diff add", "Next:  Double a number"],
    );
    sees(
        &run(&["diff", "add"]),
        &["-     u16::from(b) + u16::from(a)", "Counted in the 2 checks:", "allocations"],
    );

    sees(
        &run(&["reset", "add"]),
        &["exercises/step1/add.rs is as it came again; yours is exercises/step1/add.rs.kept-1"],
    );
    sees(&mini.read("exercises/step1/add.rs.kept-1"), &["u16::from(b) + u16::from(a)"]);
    sees(&mini.read("exercises/step1/add.rs"), &["todo!(\"add: add them\")"]);
    sees(&run(&[]), &["Next: Double a number"]);
}
