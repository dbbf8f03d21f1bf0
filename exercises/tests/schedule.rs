//! What a model that fails says of the order in which it does: each thread's steps, in a lane of its own.
//!
//! Under the model checker only:
//! `CARGO_TARGET_DIR=target/loom cargo test -p exercises --features loom --test schedule --release`.
#![cfg(feature = "loom")]

use std::process::Command;

use exercises::model;
use exercises::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use exercises::sync::{Arc, Condvar, Mutex, thread};

/// Runs one of the ignored models below, and returns the lanes that it draws.
fn lanes_of(model: &str) -> String {
    let this_test = std::env::current_exe().expect("a test knows its own binary");
    let child = Command::new(this_test)
        .args(["--exact", "--ignored", model, "--nocapture"])
        .output()
        .expect("the test binary can be started");
    assert!(!child.status.success(), "it has to fail");
    let report = String::from_utf8_lossy(&child.stderr).replace("\r\n", "\n");
    let mut lines = report.lines().skip_while(|line| !line.starts_with("schedule: "));
    let headline = lines.next().unwrap_or_else(|| panic!("no schedule:\n{report}"));
    assert!(headline.starts_with("schedule: it fails in this order of steps, number "), "{headline}");
    let lanes = lines.map_while(|line| line.strip_prefix("  | "));
    // Without the lines of this file, which change.
    let bare = lanes.map(|line| line.rsplit_once("schedule.rs:").map_or(line, |(lane, _)| lane).trim_end());
    bare.map(|line| format!("{line}\n")).collect()
}

#[test]
fn a_wake_that_comes_before_the_sleep_is_seen_to_wake_nobody() {
    let expected = "\
main                                  thread 1
spawn thread 1
load atomic 1: false
take lock 1
                                      store atomic 1: true
                                      notify_one condvar 1: nobody sleeps there
give back lock 1, sleep at condvar 1
sleeps for ever
";
    assert_eq!(lanes_of("looks_then_sleeps"), expected);
    assert_eq!(lanes_of("looks_then_sleeps"), expected, "it is the same every time");
}

#[test]
#[ignore = "fails, and has to: run by the test above"]
fn looks_then_sleeps() {
    model("W0-test", "it sleeps for ever", || {
        let shared = Arc::new((AtomicBool::new(false), Mutex::new(()), Condvar::new()));
        let other = Arc::clone(&shared);
        let waker = thread::spawn(move || {
            other.0.store(true, Relaxed);
            other.2.notify_one();
        });
        if !shared.0.load(Relaxed) {
            let guard = shared.1.lock().expect("nothing panics under this lock");
            drop(shared.2.wait(guard));
        }
        waker.join().expect("waking does not panic");
    });
}

#[test]
fn an_order_in_which_an_update_is_lost() {
    let expected = "\
main               thread 1
spawn thread 1
load atomic 1: 0
store atomic 1: 1
                   load atomic 1: 0 (an older value)
                   store atomic 1: 1
join thread 1
load atomic 1: 1
";
    assert_eq!(lanes_of("reads_then_writes"), expected);
}

#[test]
#[ignore = "fails, and has to: run by the test above"]
fn reads_then_writes() {
    model("W0-test", "nobody waits", || {
        let count = Arc::new(AtomicUsize::new(0));
        let other = Arc::clone(&count);
        let add = |count: &AtomicUsize| count.store(count.load(Relaxed) + 1, Relaxed);
        let thread = thread::spawn(move || add(&other));
        add(&count);
        thread.join().expect("adding does not panic");
        assert_eq!(count.load(Relaxed), 2, "an update is lost");
    });
}

#[test]
fn a_deadlock_says_who_waits_for_what() {
    let expected = "\
main                       thread 1
spawn thread 1
take lock 1
                           take lock 2
waits for lock 2 for ever
                           waits for lock 1 for ever
";
    assert_eq!(lanes_of("two_locks"), expected);
}

#[test]
#[ignore = "fails, and has to: run by the test above"]
fn two_locks() {
    model("W0-test", "each waits for the other", || {
        let locks = Arc::new((Mutex::new(()), Mutex::new(())));
        let other = Arc::clone(&locks);
        let thread = thread::spawn(move || {
            let _second = other.1.lock().expect("nothing panics under this lock");
            let _first = other.0.lock().expect("nothing panics under this lock");
        });
        let first = locks.0.lock().expect("nothing panics under this lock");
        let second = locks.1.lock().expect("nothing panics under this lock");
        drop((first, second));
        thread.join().expect("locking does not panic");
    });
}
