//! Each port prints the lines that our demo prints, and takes as many seconds on its clock.
#![allow(clippy::unwrap_used, reason = "a test may")]

use std::path::Path;
use std::process::{Command, Output};
use std::{env, fs};

use timeline::Timeline;

/// What a program printed, and how many seconds it took on the clock it was given, as text.
#[derive(Debug, PartialEq, Eq)]
struct Run {
    lines: String,
    seconds: String,
}

fn ours(package: &str, example: &str) -> Run {
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{example}.json"));
    let json = format!("--json={}", file.display());
    let output = run(package, example, &["--plain", "--manual-clock", &json]);
    let end = Timeline::from_json(&fs::read_to_string(file).unwrap()).unwrap().end;
    Run { lines: text(&output.stdout), seconds: format!("{:.1}", end.as_secs_f64()) }
}

fn on_tokio(example: &str, args: &[&str]) -> Run {
    let output = run("graduation", example, args);
    let said = text(&output.stderr);
    let seconds = said.lines().find_map(|line| line.strip_prefix("took ")?.strip_suffix(" s")).expect(&said);
    Run { lines: text(&output.stdout), seconds: seconds.to_owned() }
}

fn run(package: &str, example: &str, args: &[&str]) -> Output {
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args(["run", "--quiet", "--package", package, "--example", example, "--"]).args(args);
    let output = cargo.output().unwrap();
    assert!(output.status.success(), "{package}'s {example}: {}", text(&output.stderr));
    output
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).replace("\r\n", "\n")
}

#[test]
fn blocking_takes_real_time_and_prints_the_same() {
    let (ours, port) = (ours("step1", "blocking"), on_tokio("blocking", &[]));
    assert_eq!(port.lines, ours.lines);
    assert!(port.seconds.parse::<f64>().unwrap() >= 2.0, "{port:?}");
}

#[test]
fn async_await_does_the_same() {
    assert_eq!(on_tokio("async_await", &["--manual-clock"]), ours("step3", "async_await"));
}

#[test]
fn gather_does_the_same() {
    assert_eq!(on_tokio("gather", &["--manual-clock"]), ours("step4", "gather"));
}

#[test]
fn create_task_does_the_same() {
    assert_eq!(on_tokio("create_task", &["--manual-clock"]), ours("step4", "create_task"));
}

#[test]
fn async_for_does_the_same() {
    assert_eq!(on_tokio("async_for", &["--manual-clock"]), ours("step5", "async_for"));
}

#[test]
fn async_with_does_the_same() {
    assert_eq!(on_tokio("async_with", &["--manual-clock"]), ours("step6", "async_with"));
}
