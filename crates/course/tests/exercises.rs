//! The contract of the verbs on exercises: the first failure and what helps with it, progress that is never lost, exit codes.

mod tool;

use std::io::{BufRead, BufReader};
use std::process::Stdio;

use tool::mini::{Mini, stdout};
use tool::{course, stderr};

#[test]
fn a_stub_is_not_right_yet_and_the_first_line_of_the_contract_says_why() {
    let mini = Mini::new("stub");
    let output = mini.run(&["check", "add"]);
    let text = stdout(&output);
    assert_eq!(output.status.code(), Some(4), "{text}{}", stderr(&output));
    assert!(text.starts_with("not yet  add: 0 of 2 checks pass."), "{text}");
    assert!(
        text.contains("  Small numbers add up.\n"),
        "the contract's order counts, not the file's: {text}"
    );
    assert!(text.contains("not yet implemented: add: add them"), "{text}");
    assert!(text.contains("at exercises/step1/add.rs:5:5\n"), "{text}");
    assert!(text.contains("cargo test -p exercises --test add small_numbers_add_up\n"), "{text}");
    assert!(text.contains("cargo course hint add\n"), "{text}");
    assert!(!text.contains("A carry is kept."), "the second failure waits: {text}");
}

#[test]
fn a_known_mistake_is_explained_with_its_chapter() {
    let mini = Mini::new("mistake");
    mini.answer("println!(\"adding\");\n    u16::from(a.wrapping_add(b))");
    let output = mini.run(&["check", "add"]);
    let text = stdout(&output);
    assert_eq!(output.status.code(), Some(4), "{text}");
    assert!(text.contains("1 of 2 checks pass"), "{text}");
    assert!(text.contains("    200 and 100 were 44\n"), "{text}");
    assert!(
        text.contains("misconception: \"A sum has as many digits as its parts.\"\n  It may have one more."),
        "{text}"
    );
    assert!(text.contains("W1-no-carry; read chapters/01-sums.md#carry\n"), "{text}");
    assert!(text.contains("Your code has printed:\n    adding\n"), "{text}");
}

#[test]
fn what_does_not_compile_is_told_by_the_first_error_alone() {
    let mini = Mini::new("compile");
    mini.answer("let x: u8 = \"one\";\n    let y: u8 = \"two\";\n    0");
    let output = mini.run(&["check", "add"]);
    let text = stdout(&output);
    assert_eq!(output.status.code(), Some(4), "{text}");
    assert!(text.contains("exercises/step1/add.rs does not compile"), "{text}");
    assert!(text.contains("\"one\"") && !text.contains("\"two\""), "{text}");
    assert!(!text.contains('\x1b'), "no colours in a pipe: {text}");
}

#[test]
fn a_right_answer_passes_and_is_kept_until_what_is_asked_changes() {
    let mini = Mini::new("right");
    let state = || {
        let listed = stdout(&mini.run(&["list"]));
        let row =
            listed.lines().find(|line| line.starts_with("exercise\tadd\t")).expect("it is listed").to_owned();
        row.split('\t').nth(3).expect("it has a state").to_owned()
    };
    assert_eq!(state(), "new");
    mini.answer("0");
    assert_eq!(state(), "begun");
    mini.right_answer();
    let output = mini.run(&["check", "add"]);
    assert_eq!(output.status.code(), Some(0), "{}{}", stdout(&output), stderr(&output));
    assert!(
        stdout(&output).starts_with("passed   add: Add two numbers (2 of 2 checks)\n"),
        "{}",
        stdout(&output)
    );
    assert!(stdout(&output).contains("Next:  Double a number, in exercises/step2/double.rs\n"));
    assert_eq!(state(), "passed");
    let checks = mini.read("exercises/checks/add.rs");
    mini.write("exercises/checks/add.rs", &checks.replace("add(1, 2), 3", "add(1, 3), 4"));
    assert_eq!(state(), "changed");
    let output = mini.run(&["check", "add"]);
    assert!(stderr(&output).contains("what add asks has changed since you passed"), "{}", stderr(&output));
    assert_eq!(state(), "passed");
}

#[test]
fn of_several_all_are_judged_and_the_first_that_fails_is_explained() {
    let mini = Mini::new("several");
    mini.right_answer();
    let output = mini.run(&["check", "all"]);
    let text = stdout(&output);
    assert_eq!(output.status.code(), Some(4), "{text}");
    assert!(
        text.starts_with("passed   add\nnot yet  double\n\n1 of 2 pass\n\nnot yet  double: 0 of 1"),
        "{text}"
    );
    assert_eq!(mini.run(&["check", "step1"]).status.code(), Some(0));
}

#[test]
fn a_process_that_was_ended_by_its_watchdog_is_a_hang() {
    let mini = Mini::new("hang");
    mini.answer("eprintln!(\"hang: nothing has happened for 4s\\nmisconception W1-no-carry: it waits\\n  task 0 add: pending\");\n    std::process::exit(101)");
    let text = stdout(&mini.run(&["check", "add"]));
    assert!(
        text.contains("    hang: nothing has happened for 4s\n    it waits\n      task 0 add: pending\n"),
        "{text}"
    );
    let json = stdout(&mini.run(&["check", "add", "--json"]));
    assert!(json.contains("\"outcome\":\"hung\""), "{json}");
}

#[test]
fn the_order_in_which_a_model_fails_is_drawn_below_its_message() {
    let mini = Mini::new("schedule");
    let schedule = "schedule: it fails in this order of steps, number 3 of those tried\\n  | main    thread 1\\n  | load";
    let line = "          store     add.rs:5";
    mini.answer(&format!(
        "std::panic::set_hook(Box::new(|info| eprintln!(\"\\nthread 'a' panicked at b:\\n{{}}\\n{schedule}\\n  | {line}\", info.payload_as_str().unwrap())));\n    panic!(\"lost\")"
    ));
    let text = stdout(&mini.run(&["check", "add"]));
    let drawn = "    lost\n\n  The model checker has tried the orders of the threads' steps: it fails in this order of steps, \
                 number 3 of those tried.\n\n    main    thread 1\n    load\n              store     add.rs:5\n\n";
    assert!(text.contains(drawn), "{text}");
    let json = stdout(&mini.run(&["check", "add", "--json"]));
    assert!(
        json.contains("\"schedule\":\"it fails in this order of steps, number 3 of those tried\\nmain "),
        "{json}"
    );
}

#[test]
fn the_settings_for_editors_have_them_check_the_files_that_cargo_leaves_out() {
    let read = |path: &str| std::fs::read_to_string(tool::root().join(path)).expect("it is in the tree");
    let settings: String =
        read(".vscode/settings.json").lines().filter(|line| !line.trim_start().starts_with("//")).collect();
    let settings: serde_json::Value = serde_json::from_str(&settings).expect("without comments it is JSON");
    let command = settings["rust-analyzer.check.overrideCommand"].as_array().expect("it is a command");
    let command: Vec<&str> = command.iter().map(|word| word.as_str().expect("it is a word")).collect();
    let typed = command.join(" ").replace(" * ", " '*' ");
    assert!(read("exercises/README.md").contains(&format!("`{typed}`")), "for other editors: {typed}");

    let mini = Mini::new("editor");
    mini.answer("nothing");
    let mut check = std::process::Command::new(env!("CARGO"));
    check.args(&command[1..]).current_dir(mini.path()).env("CARGO_TARGET_DIR", mini.path().join("target"));
    let messages = stdout(&check.output().expect("there is a cargo"));
    let error = messages.lines().find(|line| line.contains("\"level\":\"error\""));
    assert!(error.is_some_and(|error| error.contains("exercises/step1/add.rs")), "{messages}");
}

#[test]
fn json_is_one_object_for_scripts() {
    let mini = Mini::new("json");
    mini.answer("u16::from(a.wrapping_add(b))");
    let output = mini.run(&["check", "add", "--json"]);
    assert_eq!(output.status.code(), Some(4));
    let found: serde_json::Value = serde_json::from_str(&stdout(&output)).expect("it is JSON");
    let report = &found["exercises"][0];
    assert_eq!(report["outcome"], "failed");
    assert_eq!(report["check"], "a_carry_is_kept");
    assert_eq!(report["misconception"], "W1-no-carry");
    assert_eq!(report["passed"], 1);
    let listed = stdout(&mini.run(&["list", "--json"]));
    let listed: serde_json::Value = serde_json::from_str(&listed).expect("it is JSON");
    assert_eq!(listed["exercises"][0]["id"], "add");
    assert_eq!(listed["exercises"][0]["state"], "begun");
}

#[test]
fn hints_come_one_by_one_and_the_last_stays() {
    let mini = Mini::new("hints");
    let hint = |args: &[&str]| stdout(&mini.run(&[&["hint", "add"], args].concat()));
    assert!(hint(&[]).contains("Hint 1 of 3, a question:\n\n  What is a sum?\n"));
    assert!(hint(&[]).contains("Hint 2 of 3, the place:\n\n  In `add`.\n"));
    assert!(hint(&[]).contains("Hint 3 of 3, nearly the code:\n\n  a + b\n"));
    assert!(hint(&[]).contains("Hint 3 of 3"));
    assert!(hint(&["1"]).contains("Hint 1 of 3"));
    assert_eq!(mini.run(&["hint", "add", "4"]).status.code(), Some(2));
}

#[test]
fn reset_brings_the_stub_back_and_keeps_what_was_there() {
    let mini = Mini::new("reset");
    let stub = mini.read("exercises/step1/add.rs");
    for n in 1..=2 {
        mini.answer(&format!("{n}"));
        let mine = mini.read("exercises/step1/add.rs");
        let output = mini.run(&["reset", "add"]);
        assert!(
            stdout(&output).contains(&format!("yours is exercises/step1/add.rs.kept-{n}\n")),
            "{}",
            stdout(&output)
        );
        assert_eq!(mini.read("exercises/step1/add.rs"), stub);
        assert_eq!(mini.read(&format!("exercises/step1/add.rs.kept-{n}")), mine);
    }
    assert_eq!(stdout(&mini.run(&["reset", "add"])), "exercises/step1/add.rs is as it came\n");
}

#[test]
fn diff_shows_yours_and_ours_and_what_each_takes() {
    let mini = Mini::new("diff");
    mini.answer(
        "checks::POLLS.fetch_add(7, std::sync::atomic::Ordering::Relaxed);\n    u16::from(b) + u16::from(a)",
    );
    let output = mini.run(&["diff", "add"]);
    let text = stdout(&output);
    assert_eq!(output.status.code(), Some(0), "{text}{}", stderr(&output));
    assert!(
        text.contains("-     u16::from(b) + u16::from(a)\n+     u16::from(a) + u16::from(b)\n"),
        "{text}"
    );
    let table = "                  yours     ours\n  polls              21        0\n  wakes               2        2\n";
    assert!(text.contains(table), "the sums of two checks that call `add` once and twice: {text}");
    assert!(text.contains("  A carry is kept.\n      polls 14 and 0\n"), "{text}");
    mini.right_answer();
    assert_eq!(stdout(&mini.run(&["diff", "add"])), "Your answer is ours, letter by letter.\n");
}

#[test]
fn diff_measures_nothing_of_an_answer_that_does_not_pass_or_compile() {
    let mini = Mini::new("diff-not-yet");
    for body in ["300", "nothing"] {
        mini.answer(body);
        let output = mini.run(&["diff", "add"]);
        let text = stdout(&output);
        assert_eq!(output.status.code(), Some(0), "{text}{}", stderr(&output));
        assert!(text.contains(&format!("-     {body}\n+     u16::from(a) + u16::from(b)\n")), "{text}");
        assert!(
            text.ends_with(
                "\nYours does not pass yet, so there is nothing to measure:  cargo course check add\n"
            ),
            "{text}"
        );
    }
}

#[test]
fn a_broken_progress_file_is_set_aside_and_never_written_over() {
    let mini = Mini::new("broken");
    for (n, broken) in [(1, "not = [toml"), (2, "[passed]\nadd = 7\n")] {
        mini.write("exercises/progress.toml", broken);
        let output = mini.run(&["hint", "add", "1"]);
        assert_eq!(output.status.code(), Some(0));
        let aside = format!("exercises/progress.toml.broken-{n}");
        assert!(stderr(&output).contains(&aside), "{}", stderr(&output));
        assert_eq!(mini.read(&aside), broken);
        assert!(mini.read("exercises/progress.toml").contains("add = 1"), "a new one has begun");
    }
}

#[test]
fn what_another_version_has_written_stays_in_the_progress_file() {
    let mini = Mini::new("foreign");
    mini.write("exercises/progress.toml", "[passed]\ngone = \"0\"\n[later]\nx = [1]\n");
    assert!(mini.run(&["hint", "add"]).status.success());
    let kept = mini.read("exercises/progress.toml");
    assert!(kept.contains("gone = \"0\"") && kept.contains("[later]\nx = [1]"), "{kept}");
}

#[test]
fn without_a_command_it_says_where_you_are() {
    let mini = Mini::new("where");
    let screen = || stdout(&mini.run(&[]));
    assert!(
        screen().contains(
            "Next: Add two numbers (*, 3 minutes)\n  exercises/step1/add.rs\n  cargo course check add;"
        ),
        "{}",
        screen()
    );
    mini.write("exercises/step2/double.rs", "begun");
    assert!(
        screen().contains("Next: Double a number (**, 3 minutes)\n"),
        "what was begun goes first: {}",
        screen()
    );
}

#[test]
fn an_unknown_exercise_is_refused_with_the_nearest() {
    let mini = Mini::new("unknown");
    for verb in ["check", "hint", "reset", "diff"] {
        let output = mini.run(&[verb, "dobule"]);
        assert_eq!(output.status.code(), Some(2), "{verb}");
        assert!(stderr(&output).contains("did you mean `double`?"), "{}", stderr(&output));
    }
}

#[test]
fn a_catalogue_that_cannot_be_read_is_said_so() {
    let mini = Mini::new("catalogue");
    mini.write("exercises/exercises.toml", "[[exercises]]\nid = 7\n");
    let output = mini.run(&["list"]);
    assert_eq!(output.status.code(), Some(3));
    assert!(stderr(&output).contains("exercises/exercises.toml is not right"), "{}", stderr(&output));
}

#[test]
fn watch_checks_again_after_a_save_and_goes_on_to_the_next() {
    let mini = Mini::new("watch");
    let mut child = mini.course(&["watch"]).stdout(Stdio::piped()).spawn().expect("it starts");
    let mut lines = BufReader::new(child.stdout.take().expect("it is piped")).lines();
    let mut until = |begin: &str| {
        let found = lines.by_ref().map(|line| line.expect("it is text")).find(|line| line.starts_with(begin));
        found.unwrap_or_else(|| panic!("watch ended before it said {begin:?}"))
    };
    until("not yet  add: 0 of 2");
    until("Waiting for you to save exercises/step1/add.rs");
    mini.right_answer();
    until("passed   add");
    until("not yet  double");
    until("Waiting for you to save exercises/step2/double.rs");
    mini.write("exercises/step2/double.rs", &mini.read("exercises/solutions/double.rs"));
    until("passed   double");
    until("All exercises are finished.");
    assert!(child.wait().expect("it ends").success());
}

#[test]
fn doctor_looks_at_what_the_course_needs() {
    let output = course(&["doctor"]).output().expect("it starts");
    let text = stdout(&output);
    for what in ["Rust", "cargo", "linker and C compiler", "watching files", "the checkout"] {
        assert!(text.contains(&format!("     {what}: ")) || text.contains(&format!("  {what}: ")), "{text}");
    }
    assert_eq!(output.status.code(), Some(if text.contains("missing  ") { 3 } else { 0 }));
}

/// A check at a terminal of its own, whatever kind of terminal these tests were started from, if any.
#[cfg(unix)]
fn check_at_a_terminal(mini: &Mini, no_color: &str) -> rexpect::session::PtySession {
    mini.answer("let x: u8 = \"one\";\n    0");
    let mut command = mini.course(&["check", "add"]);
    command.env("TERM", "xterm").env("NO_COLOR", no_color);
    rexpect::session::spawn_command(command, Some(120_000)).expect("there are terminals")
}

#[cfg(unix)]
#[test]
fn on_a_terminal_it_shows_that_it_works_and_colours_the_compilers_error() {
    let mini = Mini::new("terminal");
    let mut session = check_at_a_terminal(&mini, "");
    session.exp_string("add: building").expect("it says what takes so long");
    session.exp_string("does not compile").expect("it ends");
    session.exp_string("\x1b[").expect("the compiler's error is in colour");
    session.exp_eof().expect("it ends");
}

/// NO_COLOR was honoured by the demos alone.
#[cfg(unix)]
#[test]
fn on_a_terminal_of_somebody_who_wants_no_colours_the_compilers_error_has_none() {
    let mini = Mini::new("no-color");
    let mut session = check_at_a_terminal(&mini, "1");
    session.exp_string("does not compile").expect("it ends");
    let rest = session.exp_eof().expect("it ends");
    assert!(rest.contains("mismatched types") && !rest.contains("\x1b["), "{rest:?}");
}
