//! What a check that hangs says before it is ended. Each runs as a process of its own: it has to end there.
#![cfg(not(miri))] // Which starts no processes.

use std::future::{pending, poll_fn};
use std::process::Command;
use std::sync::Mutex;
use std::task::{Poll, Waker};

use exercises::{Task, check, note};

/// Runs one of the ignored checks below, and returns what it says on standard error.
fn report_of(check: &str) -> String {
    let this_test = std::env::current_exe().expect("a test knows its own binary");
    let child = Command::new(this_test)
        .args(["--exact", "--ignored", check])
        .env("EXERCISES_PATIENCE_MS", "300")
        .output()
        .expect("the test binary can be started");
    let report = String::from_utf8_lossy(&child.stderr).replace("\r\n", "\n");
    assert_eq!(child.status.code(), Some(101), "it ends as a failed test does:\n{report}");
    report
}

/// Waits for ever, as a thread does that nobody wakes.
fn sleep_for_ever() -> ! {
    loop {
        std::thread::park();
    }
}

#[test]
fn a_hang_says_where_every_task_stands() {
    let report = report_of("tasks_that_nobody_wakes");
    assert_eq!(
        report,
        "hang: nothing has happened for 300ms\n  \
         task 0 forgetful: pending, 2 polls, 0 wakes, last waker dropped inside its poll 2\n  \
         task 1 careful: pending, 1 poll, 0 wakes\n  \
         task 2 waiting: never polled, 0 polls, 0 wakes\n  \
         the last that was noted: all are asleep\n"
    );
}

#[test]
#[ignore = "hangs, and has to: run by the test above"]
fn tasks_that_nobody_wakes() {
    check(|_| {
        let kept: Mutex<Option<Waker>> = Mutex::new(None);
        let mut forgetful = Task::new("forgetful", pending::<()>());
        let mut careful = Task::new(
            "careful",
            poll_fn(|cx| {
                *kept.lock().expect("nothing panics under this lock") = Some(cx.waker().clone());
                Poll::<()>::Pending
            }),
        );
        let _waiting = Task::new("waiting", pending::<()>());
        assert!(
            forgetful.poll().is_pending() && forgetful.poll().is_pending() && careful.poll().is_pending()
        );
        note("all are asleep");
        sleep_for_ever();
    });
}

#[test]
fn what_a_hang_means_is_said_with_it() {
    let report = report_of("a_hang_with_a_meaning");
    let expected = "hang: nothing has happened for 300ms\nmisconception W0-test: it waits for itself\n  nothing was recorded before\n";
    assert_eq!(report, expected);
}

#[test]
#[ignore = "hangs, and has to: run by the test above"]
fn a_hang_with_a_meaning() {
    check(|watch| {
        watch.a_hang_means("W0-test", "it waits for itself");
        sleep_for_ever();
    });
}

#[test]
fn an_endless_loop_that_keeps_itself_busy_is_a_hang_as_well() {
    let report = report_of("a_task_that_always_wakes_itself");
    assert!(report.starts_with("hang: ") && report.contains("events, and no end"), "{report}");
    assert!(report.contains("task 0 busy: "), "{report}");
}

#[test]
#[ignore = "runs for ever, and has to: run by the test above"]
fn a_task_that_always_wakes_itself() {
    check(|_| {
        let busy = poll_fn(|cx| {
            cx.waker().wake_by_ref();
            Poll::<()>::Pending
        });
        Task::new("busy", busy).run();
    });
}

#[test]
#[should_panic(expected = "misconception W0-test: as expected")]
fn a_check_that_panics_ends_as_a_test_does() {
    check(|_| exercises::misconception("W0-test", "as expected"));
}
