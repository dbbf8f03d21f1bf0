//! What `cargo course bench` does when something goes wrong: it says what, goes on where it can, and keeps what it has.
#![cfg(unix)]

mod stand_in;

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::json;
use stand_in::{Shown, Stage, plain, row, script, shown};

const STEADY: &str = "a limit 10 10 10\na ours 20 20 20\na tokio 40 40 40\na smol 50 50 50";

#[test]
fn a_contestant_that_fails_does_not_stop_the_others() {
    for (how, why) in [
        ("crash", "failed: it ended with exit status: 101, panicked: it fell over"),
        ("nonsense", "failed: what it printed is no JSON: \"hello\""),
        ("silence", "failed: what it printed is no JSON: \"\""),
        ("other", "failed: it printed another sample than was asked for"),
        ("figureless", "failed: what it printed has no figure"),
    ] {
        let failing = format!("{how} {how} {how}");
        let stage = Stage::new(&[plain("a")], &STEADY.replace("20 20 20", &failing));
        let shown = stage.run(&["--all"]);
        assert_eq!(shown.code, Some(1), "{how}");
        assert_eq!(shown.cells("a")[..5], ["a", "ns", "10.0", "tokio 40.0", "failed"], "{how}");
        assert!(shown.stdout.contains(&format!("- a, ours: {why}")), "{how}: {}", shown.stdout);
        assert!(shown.stdout.contains("(3 of 3 samples)"), "{}", shown.stdout);
        assert_eq!(stage.calls().len(), 12, "all were tried");
    }
}

#[test]
fn the_samples_that_worked_count() {
    let stage = Stage::new(&[plain("a")], &STEADY.replace("20 20 20", "20 crash 30"));
    let shown = stage.run(&[]);
    assert_eq!(shown.code, Some(1));
    assert_eq!(shown.cells("a")[4], "25.0");
    assert!(shown.stdout.contains("it fell over (1 of 3 samples)"), "{}", shown.stdout);
}

#[test]
fn a_contestant_that_hangs_is_given_up() {
    let stage = Stage::new(&[row("a", "ns", &json!(null), &["ours"])], "a ours hang 20");
    let shown = stage.run(&["--samples", "2", "--limit", "1"]);
    assert_eq!(shown.code, Some(1));
    assert!(
        shown.stdout.contains("- a, ours: failed: it still ran after 1 s (1 of 2 samples)"),
        "{}",
        shown.stdout
    );
    assert_eq!(shown.cells("a")[4], "20.0");
    assert_gone(&stage);
}

#[test]
fn an_interrupted_run_leaves_no_process_and_keeps_what_it_has() {
    for signal in ["-INT", "-TERM"] {
        let figures = "a ours 20 20\nb ours hang";
        let stage = Stage::new(&["a", "b"].map(|id| row(id, "ns", &json!(null), &["ours"])), figures);
        let mut command = stage.command(&[]);
        let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
        let since = Instant::now();
        while fs::read_to_string(stage.path("processes")).map_or(true, |text| !text.ends_with('\n')) {
            assert!(since.elapsed() < Duration::from_secs(60), "the second row begins");
            thread::sleep(Duration::from_millis(5));
        }
        let sent =
            Command::new("kill").args([signal, &child.id().to_string()]).status().expect("there is a kill");
        assert!(sent.success());
        let shown = Shown::of(&child.wait_with_output().expect("it ends"));
        assert_eq!(shown.code, Some(130), "{}", shown.stderr);
        assert_gone(&stage);
        assert_eq!(shown.cells("a")[4], "20.0");
        assert!(shown.stdout.contains("interrupted, so some are missing"), "{}", shown.stdout);
        assert!(!shown.stdout.contains("\nb "), "a row that was not measured has no line: {}", shown.stdout);
        let kept = stage.kept();
        assert_eq!(
            (&kept["ending"], &kept["samples"][0]["line"]["figure"]),
            (&json!("interrupted"), &json!(20))
        );
    }
}

#[test]
fn the_contest_is_built_first_and_without_peers_if_so_wanted() {
    let stage = Stage::new(&[plain("a")], STEADY);
    let run = |args: &[&str]| {
        let mut command = stage.bare(args);
        shown(command.args(["--proc", "proc", "--folder", "kept"]).env("CARGO", script("cargo.sh")))
    };
    let first = run(&["--no-peers"]);
    assert_eq!(first.code, Some(0), "{}", first.stderr);
    assert!(
        first.stderr.contains("cargo build --profile bench -p benches --bin contest\n"),
        "{}",
        first.stderr
    );
    let asked = stage.read("cargo-calls");
    assert!(asked.starts_with("build --profile bench -p benches --bin contest --manifest-path "), "{asked}");
    assert_eq!(stage.calls().len(), 12);

    stage.write("broken", "");
    let second = run(&[]);
    assert_eq!(second.code, Some(3));
    assert!(
        second.stderr.contains("cannot build the contest: cargo ended with exit status: 101"),
        "{}",
        second.stderr
    );
    assert!(stage.read("cargo-calls").lines().nth(1).expect("a call").contains("--features peers"));
}

#[test]
fn a_contest_that_is_not_there_or_has_no_list_is_said_so() {
    let stage = Stage::new(&[plain("a")], STEADY);
    let mut command = stage.bare(&["--contest", "not-there"]);
    let missing = shown(&mut command);
    assert_eq!(missing.code, Some(3));
    assert!(
        missing.stderr.contains("error: cannot ask the contest for its list: it does not start"),
        "{}",
        missing.stderr
    );
    stage.write("list.json", "{}");
    let senseless = stage.run(&[]);
    assert_eq!(senseless.code, Some(3));
    assert!(senseless.stderr.contains("its list makes no sense: missing field"), "{}", senseless.stderr);
}

#[test]
fn a_place_that_cannot_be_written_is_refused_before_anything_is_measured() {
    let stage = Stage::new(&[plain("a")], STEADY);
    // Below a file there is no folder, whoever asks; permissions would not stop everyone.
    let in_a_file = |command: &mut Command| shown(command.args(["--json", "list.json/run.json"]));
    let refused = in_a_file(&mut stage.command(&[]));
    assert_eq!(refused.code, Some(3));
    assert!(refused.stderr.contains("error: cannot write list.json/run.json: "), "{}", refused.stderr);
    let mut command = stage.bare(&["--folder", "list.json/kept", "--contest"]);
    let refused = shown(command.arg(script("contest.sh")));
    assert_eq!(refused.code, Some(3));
    assert!(refused.stderr.contains("error: cannot make list.json/kept: "), "{}", refused.stderr);
    assert!(stage.calls().is_empty());
}

#[test]
fn a_run_that_cannot_be_read_is_said_so() {
    let stage = Stage::new(&[plain("a")], STEADY);
    stage.write("new.json", "{\"format\":2}");
    for file in ["not-there.json", "figures", "new.json"] {
        for option in ["--report", "--compare"] {
            let mut command = if option == "--report" { stage.bare(&[]) } else { stage.command(&[]) };
            let shown = shown(command.args([option, file]));
            assert_eq!(shown.code, Some(3), "{option} {file}: {}", shown.stderr);
            assert!(shown.stderr.contains(&format!("cannot read the run in {file}: ")), "{}", shown.stderr);
        }
    }
    assert!(stage.calls().is_empty(), "nothing was measured");
}

#[test]
fn a_last_run_that_cannot_be_read_is_passed_over() {
    let stage = Stage::new(&[plain("a")], STEADY);
    fs::create_dir(stage.path("kept")).expect("the folder is writable");
    stage.write("kept/latest.json", "older than this tool");
    let shown = stage.run(&[]);
    assert_eq!(shown.code, Some(0), "{}", shown.stderr);
    assert_eq!(stage.kept()["ending"], "whole");
}

#[test]
fn help_lists_the_exit_codes_and_not_what_is_for_tests() {
    let help = shown(&mut Stage::new(&[], "").bare(&["--help"])).stdout;
    assert!(help.contains("Exit codes:") && help.contains("130  interrupted"), "{help}");
    assert!(!help.contains("--contest <") && !help.contains("--proc"), "{help}");
}

/// The processes that the hanging contestant has noted have ended.
#[track_caller]
fn assert_gone(stage: &Stage) {
    for process in stage.read("processes").split_whitespace() {
        // Whoever adopted it may not have noticed its end yet.
        let status = fs::read_to_string(Path::new("/proc").join(process).join("status")).unwrap_or_default();
        assert!(
            status.is_empty() || status.contains("State:\tZ"),
            "process {process} is still there: {status}"
        );
    }
}
