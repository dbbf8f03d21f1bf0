//! The contract of `cargo course quiz`: it asks on a terminal and prints in a pipe, and says what to read again.

mod tool;

use std::fs;
use std::process::{Command, Output};

use tool::{Scratch, course, root, stderr};

const TWO_QUESTIONS: &str = "\
# 1. Sums: to add

## Explain it

1. Why is a sum
   not a product?

   <details>
   <summary>A good answer says</summary>

   - sums add
   - products multiply,
     which is more

   </details>

2. And then?

   <details>
   <summary>A good answer says</summary>

   - then comes `3`

   </details>

## Exercises
";

/// A checkout with three chapters: two with questions, and one without.
fn chapters(test: &str) -> Scratch {
    let scratch = Scratch::new(test);
    let write = |path: &str, text: &str| {
        let path = scratch.path().join(path);
        fs::create_dir_all(path.parent().expect("it is below")).expect("it is writable");
        fs::write(path, text).expect("it is writable");
    };
    write("Cargo.toml", "[workspace]\n");
    write("crates/course/Cargo.toml", "");
    write("chapters/01-sums.md", TWO_QUESTIONS);
    write("chapters/02-empty.md", "# 2. Empty\n\nNothing is asked.\n");
    write(
        "chapters/03-broken.md",
        &TWO_QUESTIONS.replace("# 1. Sums: to add", "# 3. More").replace("   - sums", "   sums"),
    );
    write("chapters/glossary.md", "# Glossary\n");
    scratch
}

fn quiz(scratch: &Scratch, args: &[&str]) -> Command {
    let mut command = course(&["quiz"]);
    command.args(args).current_dir(scratch.path());
    command
}

fn run(scratch: &Scratch, args: &[&str]) -> Output {
    quiz(scratch, args).output().expect("it starts")
}

fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn in_a_pipe_the_questions_are_printed_and_the_criteria_if_asked_for() {
    let scratch = chapters("quiz-pipe");
    let plain = run(&scratch, &["1"]);
    assert!(plain.status.success(), "{}", stderr(&plain));
    let questions = "\
1. Sums: to add
chapters/01-sums.md#explain-it

1. Why is a sum
   not a product?

2. And then?
";
    assert_eq!(stdout(&plain), questions);
    let with_answers = stdout(&run(&scratch, &["01", "--answers"]));
    let first = "   not a product?\n\n   - sums add\n   - products multiply,\n     which is more\n\n2. And then?\n\n   - then comes `3`\n";
    assert!(with_answers.ends_with(first), "{with_answers}");
}

#[test]
fn all_chapters_with_questions_are_asked_and_those_without_are_passed_over() {
    let scratch = chapters("quiz-all");
    fs::write(scratch.path().join("chapters/03-broken.md"), TWO_QUESTIONS.replace("1. Sums", "3. More sums"))
        .expect("it is writable");
    let text = stdout(&run(&scratch, &["all"]));
    let titles: Vec<&str> = text.lines().filter(|line| line.contains("ums: to add")).collect();
    assert_eq!(titles, ["1. Sums: to add", "3. More sums: to add"]);
}

#[test]
fn what_cannot_be_asked_is_said_in_one_line() {
    let scratch = chapters("quiz-refused");
    let refused = |args: &[&str], code: i32, message: &str| {
        let output = run(&scratch, args);
        assert_eq!((output.status.code(), stderr(&output).as_str()), (Some(code), message));
        assert!(output.stdout.is_empty());
    };
    refused(&["2"], 2, "error: chapters/02-empty.md has no questions: no heading \"Explain it\"\n");
    refused(&["9"], 2, "error: there is no chapter `9`; there are: 1, 2, 3, all\n");
    refused(&["one"], 2, "error: there is no chapter `one`; there are: 1, 2, 3, all\n");
    let message =
        "error: chapters/03-broken.md:11: a criterion begins with `- `; the fold ends with `</details>`\n";
    refused(&["3"], 3, message);
    refused(&["all"], 3, message);
    assert_eq!(run(&scratch, &[]).status.code(), Some(2));
}

#[test]
fn the_questions_of_every_chapter_can_be_read() {
    let names = fs::read_dir(root().join("chapters")).expect("there are chapters").flatten();
    for path in names.map(|entry| entry.path()).filter(|path| path.extension().is_some_and(|end| end == "md"))
    {
        let text = fs::read_to_string(&path).expect("a chapter is text");
        let found = course::questions::questions(&text);
        let found = found.unwrap_or_else(|(line, what)| panic!("{}:{line}: {what}", path.display()));
        let has_heading = text.lines().any(|line| line == course::questions::HEADING);
        assert_eq!(found.is_some(), has_heading, "{}", path.display());
    }
}

#[cfg(unix)]
mod on_a_terminal {
    use rexpect::session::{PtySession, spawn_command};

    use super::*;

    const LIMIT: Option<u64> = Some(60_000);

    fn asked(scratch: &Scratch) -> PtySession {
        let mut session = spawn_command(quiz(scratch, &["1"]), LIMIT).expect("there are terminals");
        session.exp_string("1. Sums: to add").expect("the chapter");
        session.exp_string("Question 1 of 2").expect("the first question");
        session.exp_string("  Why is a sum\r\n  not a product?\r\n").expect("as it is written");
        session
    }

    /// Judges the next criterion, which is to be asked for by its last line.
    fn judge(session: &mut PtySession, criterion: &str, answer: &str) {
        session
            .exp_string(&format!("{criterion} [y/n] "))
            .unwrap_or_else(|error| panic!("{criterion}: {error}"));
        session.send_line(answer).expect("it reads");
    }

    #[test]
    fn it_waits_for_the_answer_then_shows_the_criteria_and_says_which_to_read_again() {
        let scratch = chapters("quiz-terminal");
        let mut session = asked(&scratch);
        session.send_line("A sum is less,").expect("it reads");
        session.send_line("mostly.").expect("it reads");
        session.send_line("").expect("it reads");
        let before = session.exp_string("A good answer says:").expect("after the empty line");
        assert!(!before.contains("sums add"), "the criteria come after the answer: {before}");
        session.exp_string("  - products multiply,\r\n    which is more\r\n").expect("all criteria first");
        judge(&mut session, "sums add", "y");
        judge(&mut session, "which is more", "maybe");
        session.exp_string("y for yes, or n for no").expect("it asks again");
        judge(&mut session, "which is more", "N");
        session.exp_string("Question 2 of 2").expect("the next question");
        session.send_line("").expect("it reads");
        judge(&mut session, "then comes `3`", "yes");
        session.exp_string("Your answers had 2 of 3 criteria.").expect("the sum");
        session.exp_string("Read again in chapters/01-sums.md#explain-it").expect("the link");
        let rest = session.exp_eof().expect("it ends");
        assert!(
            rest.contains("  1. Why is a sum\r\n     not a product?\r\n     - products multiply,\r\n"),
            "{rest}"
        );
        assert!(!rest.contains("sums add") && !rest.contains("then comes"), "only what was missing: {rest}");
    }

    #[test]
    fn the_end_of_the_input_ends_it_with_what_was_judged_so_far() {
        let scratch = chapters("quiz-ctrl-d");
        let mut session = asked(&scratch);
        session.send_line("").expect("it reads");
        judge(&mut session, "sums add", "y");
        judge(&mut session, "which is more", "y");
        session.exp_string("Question 2 of 2").expect("the next question");
        session.send_control('d').expect("it reads");
        session.exp_string("Your answers had 2 of 2 criteria.").expect("the second is not counted");
        let rest = session.exp_eof().expect("it ends");
        assert!(!rest.contains("Read again"), "{rest}");
    }

    #[test]
    fn answers_are_printed_without_asking_if_that_is_wanted() {
        let scratch = chapters("quiz-answers");
        let mut session =
            spawn_command(quiz(&scratch, &["1", "--answers"]), LIMIT).expect("there are terminals");
        session.exp_string("then comes `3`").expect("the last criterion");
        session.exp_eof().expect("it ends");
    }
}
