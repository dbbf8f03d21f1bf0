//! What a check that has passed leaves for the tool: what the answer has taken in it, without what the library takes for itself.
#![cfg(not(miri))] // Which starts no processes.

use std::future::{pending, poll_fn};
use std::process::Command;
use std::task::Poll;

use exercises::{Task, check, events, note, run, yield_now};

/// Runs one of the ignored checks below, and returns its counts.
fn counts_of(check: &str) -> String {
    let file = std::env::temp_dir().join(format!("exercises-counts-{}-{check}", std::process::id()));
    let this_test = std::env::current_exe().expect("a test knows its own binary");
    let mut child = Command::new(this_test);
    child.args(["--exact", "--ignored", check]).env("EXERCISES_COUNT_TO", &file);
    assert!(child.output().expect("the test binary can be started").status.success());
    let counts = std::fs::read_to_string(&file).expect("the check has written its counts");
    std::fs::remove_file(&file).expect("it is there");
    counts
}

#[test]
fn polls_and_wakes_are_counted_and_what_the_library_allocates_is_not() {
    assert_eq!(counts_of("one_box"), "polls = 3\nwakes = 1\nparks = 0\nallocations = 1\n");
}

#[test]
#[ignore = "run by the test above"]
fn one_box() {
    check(|_| {
        let mut woken = false;
        let mut task = Task::new(
            "task",
            poll_fn(move |cx| {
                if !std::mem::replace(&mut woken, true) {
                    let letter = std::hint::black_box(Box::new(7));
                    cx.waker().wake_by_ref();
                    drop(letter);
                }
                Poll::<()>::Pending
            }),
        );
        for _ in 0..3 {
            assert!(task.poll().is_pending());
        }
        note("three polls");
        assert_eq!(events().len(), 8);
    });
}

#[test]
fn a_sleep_at_a_condition_variable_is_a_park() {
    assert!(counts_of("one_sleep").contains("\nparks = 1\n"));
}

#[test]
#[ignore = "run by the test above"]
fn one_sleep() {
    use exercises::sync::{Arc, Condvar, Mutex, thread};

    check(|_| {
        let shared = Arc::new((Mutex::new(false), Condvar::new()));
        let other = Arc::clone(&shared);
        let is_set = shared.0.lock().expect("nothing panics under this lock");
        // It gets the lock when this thread sleeps, and not before.
        let sets = thread::spawn(move || {
            *other.0.lock().expect("nothing panics under this lock") = true;
            other.1.notify_one();
        });
        let is_set = shared.1.wait_while(is_set, |is_set| !*is_set).expect("nothing panics under this lock");
        assert!(*is_set);
        drop(is_set);
        sets.join().expect("it does not panic");
    });
}

#[test]
fn the_turns_of_the_small_event_loop_are_polls() {
    assert!(counts_of("two_turns").starts_with("polls = 2\nwakes = 1\n"));
}

#[test]
#[ignore = "run by the test above"]
fn two_turns() {
    check(|_| {
        assert_eq!(run(yield_now()), Some(()));
        assert_eq!(Task::new("never polled", pending::<()>()).polls(), 0);
    });
}
