//! The contract of `cargo course demo` when something is wrong: one clear message, and an exit code to rely on.

mod tool;

use tool::{Scratch, course, stderr};

#[test]
fn an_unknown_demo_is_refused_with_the_names_and_a_suggestion() {
    let output = course(&["demo", "gater"]).output().expect("it starts");
    assert_eq!(output.status.code(), Some(2));
    let message = stderr(&output);
    assert!(message.contains("[possible values: blocking, async-await, gather, create-task, async-for, async-with, transactions, gil-cpu, gil-io, convoy, race, nogil]"), "{message}");
    assert!(message.contains("a similar value exists: 'gather'"), "{message}");
}

#[test]
fn an_unknown_command_and_an_unknown_option_are_refused() {
    for args in [&["dmeo"][..], &["demo", "gather", "--fast"], &["demo", "gather", "--width", "39"]] {
        let output = course(args).output().expect("it starts");
        assert_eq!(output.status.code(), Some(2), "{args:?}: {}", stderr(&output));
        assert!(stderr(&output).starts_with("error: "), "{}", stderr(&output));
    }
}

#[test]
fn one_file_for_several_demos_is_refused_before_any_runs() {
    for option in ["--svg", "--json", "--chrome"] {
        let output = course(&["demo", option, "never-written"]).output().expect("it starts");
        assert_eq!(output.status.code(), Some(2));
        assert!(stderr(&output).contains("name the demo"), "{}", stderr(&output));
        assert!(output.stdout.is_empty(), "no demo ran");
    }
}

#[test]
fn a_missing_cargo_is_said_so() {
    let nowhere = Scratch::new("no-cargo");
    let output =
        course(&["demo", "gather"]).env("CARGO", nowhere.path().join("cargo")).output().expect("it starts");
    assert_eq!(output.status.code(), Some(3));
    assert!(stderr(&output).contains("cannot start cargo"), "{}", stderr(&output));
}

#[test]
fn help_lists_the_exit_codes() {
    for args in [&["--help"][..], &["demo", "--help"]] {
        let help = tool::printed(&mut course(args));
        assert!(help.contains("Exit codes:"), "{help}");
    }
}

#[cfg(unix)]
mod with_a_stand_in_for_cargo {
    use std::fs;
    use std::io::{BufRead, BufReader};
    use std::os::unix::fs::PermissionsExt;
    use std::os::unix::process::{CommandExt, ExitStatusExt};
    use std::process::{Command, Stdio};

    use super::*;

    fn stand_in(scratch: &Scratch, script: &str) -> std::path::PathBuf {
        let path = scratch.path().join("cargo");
        fs::write(&path, format!("#!/bin/sh\n{script}\n")).expect("the folder is writable");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("it is ours");
        path
    }

    #[test]
    fn the_exit_code_of_a_failed_build_is_passed_on() {
        let scratch = Scratch::new("failed-build");
        let cargo = stand_in(&scratch, "exit 101");
        let output = course(&["demo", "gather"]).env("CARGO", cargo).output().expect("it starts");
        assert_eq!(output.status.code(), Some(101));
        assert!(stderr(&output).contains("the demo gather failed"), "{}", stderr(&output));
    }

    #[test]
    fn a_demo_ended_by_a_signal_is_told_as_a_shell_would() {
        let scratch = Scratch::new("signal");
        let cargo = stand_in(&scratch, "kill -TERM $$");
        let output = course(&["demo", "gather"]).env("CARGO", cargo).output().expect("it starts");
        assert_eq!(output.status.code(), Some(128 + 15));
    }

    #[test]
    fn the_first_demo_that_fails_is_the_last_to_run() {
        let scratch = Scratch::new("first-failure");
        let cargo = stand_in(&scratch, "exit 7");
        let output = course(&["demo"]).env("CARGO", cargo).output().expect("it starts");
        assert_eq!(output.status.code(), Some(7));
        let headings = String::from_utf8_lossy(&output.stdout).matches("== ").count();
        assert_eq!(headings, 1, "{}", String::from_utf8_lossy(&output.stdout));
    }

    #[test]
    fn options_reach_the_demo_as_they_were_given() {
        let scratch = Scratch::new("options");
        let cargo = stand_in(&scratch, r#"[ "$1" = build ] || echo "$@""#);
        let mut command =
            course(&["demo", "create-task", "--manual-clock", "--width", "60", "--color", "never"]);
        command.args(["--svg", "a b.svg", "--json", "x.json", "--chrome", "y.json"]).env("CARGO", cargo);
        let line = tool::printed(&mut command);
        let passed_on = line.trim_end().split(" -- ").nth(1);
        let expected = "--manual-clock --width 60 --color never --svg a b.svg --json x.json --chrome y.json";
        assert_eq!(passed_on, Some(expected), "{line}");
        assert!(line.contains("--package step4 --example create_task --quiet"), "{line}");
    }

    #[test]
    fn a_demo_runs_in_the_folder_the_learner_is_in() {
        let scratch = Scratch::new("folder");
        let cargo = stand_in(&scratch, r#"[ "$1" = build ] || pwd -P"#);
        let folder = tool::root().join("crates/course/src");
        let printed = tool::printed(course(&["demo", "gather"]).env("CARGO", cargo).current_dir(&folder));
        assert_eq!(printed.trim_end(), folder.canonicalize().expect("it exists").display().to_string());
    }

    #[test]
    fn ctrl_c_ends_the_demo_with_the_tool() {
        let scratch = Scratch::new("ctrl-c");
        let cargo = stand_in(&scratch, r#"[ "$1" = build ] && exit 0; echo ready; exec sleep 60"#);
        let mut command = course(&["demo", "gather"]);
        command.env("CARGO", cargo).process_group(0).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().expect("it starts");
        let mut printed = BufReader::new(child.stdout.take().expect("it is piped"));
        let mut line = String::new();
        printed.read_line(&mut line).expect("the demo is running");
        assert_eq!(line, "ready\n");

        // What a terminal does: the signal goes to the whole foreground group.
        let group = format!("-{}", child.id());
        let sent = Command::new("kill").args(["-INT", "--", &group]).status().expect("there is a kill");
        assert!(sent.success());
        assert_eq!(child.wait().expect("it ends").signal(), Some(2));
        line.clear();
        let rest = printed.read_line(&mut line).expect("a pipe can be read");
        assert_eq!(rest, 0, "the pipe ends, since nobody is left to write to it");
    }
}
