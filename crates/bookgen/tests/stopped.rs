//! What building the book leaves when it is stopped at any moment: the last book, or the new one, or none, and no half of either.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test may")]

mod support;

use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;
use std::{env, fs, thread};

use support::Scratch;

fn files(folder: &Path) -> usize {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| if entry.path().is_dir() { files(&entry.path()) } else { 1 }).sum()
}

#[test]
fn a_build_that_is_stopped_at_any_moment_leaves_a_whole_book_or_none() {
    let cases = 2 * env::var("FAULTS_CASES").map_or(1, |times| times.parse().unwrap());
    let scratch = Scratch::new("stopped");
    let book = scratch.path().join("book");
    let build = || {
        let mut command = Command::new(env!("CARGO_BIN_EXE_bookgen"));
        command.arg("--no-serve").env("CARGO_TARGET_DIR", scratch.path());
        command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
    };
    let whole = Instant::now();
    assert!(build().wait().unwrap().success());
    let (whole, count) = (whole.elapsed(), files(&book));
    for case in 0..cases {
        for (signal, number) in [("-INT", 2), ("-KILL", 9)] {
            let mut child = build();
            // From the first moment to the last, where one book takes the place of the other.
            thread::sleep(whole.mul_f64(1.0 - 0.8 * (f64::from(case) / f64::from(cases)).powi(2)));
            Command::new("kill")
                .args([signal, &child.id().to_string()])
                .stderr(Stdio::null())
                .status()
                .unwrap();
            let status = child.wait().unwrap();
            assert!(status.success() || status.signal() == Some(number), "{status}");
            assert!(!book.exists() || files(&book) == count, "half a book is left");
        }
    }
    assert!(build().wait().unwrap().success(), "the next one works");
    assert_eq!(files(&book), count);
    assert_eq!(files(scratch.path()), count, "and leaves nothing beside the book");
}
