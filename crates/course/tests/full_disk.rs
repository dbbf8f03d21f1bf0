//! The contract of the tool on a disk that is full: what was kept stays, what cannot be kept is said, and nothing half-written is left.
//!
//! The disk is real, and small: a `tmpfs` in a mount namespace of its own, where the system lets anybody make one.
#![cfg(target_os = "linux")]

mod tool;

use std::fs;
use std::io::{self, Write};
use std::path::Path;
use std::process::{Command, Output};

use tool::mini::{Mini, stdout};
use tool::stderr;

/// The code of a shell that could not mount a disk.
const NO_DISK: i32 = 77;

/// Runs the tool, several times, in a copy of `mini` on a disk that is full, but for `free` kilobytes. Then copies all back.
///
/// None if there can be no such disk here.
fn on_a_full_disk(mini: &Mini, free: u32, runs: &[&[&str]]) -> Option<Output> {
    let tool = env!("CARGO_BIN_EXE_course");
    let runs: Vec<_> =
        runs.iter().map(|args| format!("'{tool}' {} || echo code $? >&2", args.join(" "))).collect();
    let script = format!(
        "mkdir -p disk && mount -t tmpfs -o size=1M none disk || exit {NO_DISK}
        cp -r Cargo.toml crates exercises disk && cd disk
        head -c {free}k /dev/zero > room; cat /dev/zero > ballast 2>/dev/null; rm room
        {}
        rm ballast; cp -r . ../after",
        runs.join("\n")
    );
    let mut command = Command::new("unshare");
    command.args(["--user", "--map-root-user", "--mount", "sh", "-c", &script]).current_dir(mini.path());
    let skipped = |why: String| {
        let _unread = writeln!(io::stderr(), "skipped: no small disk can be mounted: {why}"); // Past the harness.
        None
    };
    match command.output() {
        Ok(output) if [Some(1), Some(NO_DISK)].contains(&output.status.code()) => skipped(stderr(&output)),
        Ok(output) => {
            assert!(output.status.success(), "{}{}", stdout(&output), stderr(&output));
            Some(output)
        }
        Err(error) => skipped(error.to_string()),
    }
}

fn files(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("it is there").flatten();
    let mut files: Vec<_> = entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    files.sort();
    files
}

const PROGRESS: &str = "[hints]\nadd = 2\n\n[passed]\ndouble = \"0123456789abcdef\"\n";

/// It used to leave a part of the new file beside the old one, where version control saw it.
#[test]
fn what_was_kept_stays_when_no_more_can_be_kept_and_nothing_is_left_beside_it() {
    let mini = Mini::new("full-progress");
    mini.write("exercises/progress.toml", PROGRESS);
    let Some(output) = on_a_full_disk(&mini, 0, &[&["hint", "add"], &["hint", "double"], &["list"]]) else {
        return;
    };
    let note = "note: which hint you have seen is not kept: cannot write exercises/progress.toml: No space left on device";
    assert_eq!(stderr(&output).matches(note).count(), 2, "{}", stderr(&output));
    assert!(!stderr(&output).contains("code"), "a hint is shown all the same: {}", stderr(&output));
    assert!(stdout(&output).starts_with("Hint 3 of 3"), "{}", stdout(&output));
    let after = mini.path().join("after/exercises");
    assert_eq!(fs::read_to_string(after.join("progress.toml")).expect("it is there"), PROGRESS);
    let expected: Vec<_> = files(&mini.path().join("exercises"));
    let mut left = files(&after);
    left.retain(|file| file != "progress.toml.lock"); // It is empty, and stays.
    assert_eq!(left, expected, "nothing is left beside it");
}

/// The stub used to be written over the answer, of which the copy may have been cut off.
#[test]
fn a_reset_that_has_no_room_leaves_the_answer_in_its_place() {
    let mini = Mini::new("full-reset");
    mini.right_answer();
    let mine = mini.read("exercises/step1/add.rs");
    let Some(output) = on_a_full_disk(&mini, 0, &[&["reset", "add"]]) else { return };
    assert!(stderr(&output).contains("No space left on device") && stderr(&output).contains("code 3"));
    let after = mini.path().join("after/exercises/step1");
    assert_eq!(fs::read_to_string(after.join("add.rs")).expect("it is there"), mine);
    assert_eq!(files(&after), ["add.rs"]);
}
