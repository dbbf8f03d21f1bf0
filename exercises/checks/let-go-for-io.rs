//! What an answer to `let-go-for-io` has to do. Threads meet at barriers, so that no answer depends on who is quick.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::thread;
use std::time::Duration;

use exercises::{check, misconception};

use super::Gil;

const NOT_LET_GO: &str =
    "a thread waits in its call, and another one for the lock, which the first has not let go";

/// What a call panics with.
struct Cut;

fn is_taken(gil: &Gil) -> bool {
    *gil.is_taken.lock().expect("nothing panics under this lock")
}

#[test]
fn while_the_call_runs_the_lock_is_free() {
    check(|watch| {
        let gil = Gil::default();
        let mut guard = gil.take();
        let mut was_called = false;
        guard.allow_threads(|| {
            was_called = true;
            if is_taken(&gil) {
                misconception("W7-threads-useless", "the call runs, and the lock is still held");
            }
            watch.a_hang_means("W7-threads-useless", NOT_LET_GO);
            thread::scope(|scope| scope.spawn(|| drop(gil.take())).join().expect("taking does not panic"));
        });
        assert!(was_called, "the call was not made");
    });
}

#[test]
fn two_threads_are_in_their_calls_at_once() {
    check(|watch| {
        watch.a_hang_means("W7-threads-useless", NOT_LET_GO);
        let (gil, meeting) = (Gil::default(), Barrier::new(2));
        thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| gil.take().allow_threads(|| meeting.wait()));
            }
        });
    });
}

#[test]
fn after_the_call_the_lock_is_held_again() {
    check(|_| {
        let gil = Gil::default();
        let mut guard = gil.take();
        for answer in [7, 8] {
            assert_eq!(guard.allow_threads(|| answer), answer, "what the call returns");
            assert!(is_taken(&gil), "the call is over, and the guard does not hold the lock");
        }
        drop(guard);
        assert!(!is_taken(&gil), "the guard is dropped, and the lock is held for ever");
    });
}

/// Has another thread take the lock during the first thread's call, and use it until after that call is over.
fn another_has_it_meanwhile(end_of_call: impl FnOnce() + Send) {
    let (gil, in_call, taken) = (Gil::default(), Barrier::new(2), Barrier::new(2));
    let goes_on = AtomicBool::new(false);
    let call = || {
        in_call.wait();
        taken.wait();
        end_of_call();
    };
    thread::scope(|scope| {
        scope.spawn(|| {
            let mut guard = gil.take();
            let _panic = catch_unwind(AssertUnwindSafe(|| guard.allow_threads(call)));
            goes_on.store(true, SeqCst);
        });
        in_call.wait();
        let second = gil.take();
        taken.wait();
        // Time for the first one to go on too early. A right answer passes however long this takes.
        thread::sleep(Duration::from_millis(20));
        let is_early = goes_on.load(SeqCst);
        drop(second);
        assert!(!is_early, "its call was over, and it went on while another thread held the lock");
    });
}

#[test]
fn it_waits_until_the_lock_is_free() {
    check(|watch| {
        watch.a_hang_means("W7-threads-useless", NOT_LET_GO);
        another_has_it_meanwhile(|| ());
    });
}

#[test]
fn a_call_that_panics_gives_it_back_as_well() {
    check(|watch| {
        let gil = Gil::default();
        let mut guard = gil.take();
        // Without a message: the report shows the first one, and that has to be what is wrong.
        let call = || -> () { resume_unwind(Box::new(Cut)) };
        let Err(panic) = catch_unwind(AssertUnwindSafe(|| guard.allow_threads(call))) else {
            panic!("the call's panic has to go on")
        };
        assert!(panic.is::<Cut>(), "the call's own panic goes on, and no other");
        if !is_taken(&gil) {
            misconception(
                "W7-panic-is-the-end",
                "the call has panicked, and the guard does not hold the lock",
            );
        }
        drop(guard);
        watch.a_hang_means("W7-threads-useless", NOT_LET_GO);
        another_has_it_meanwhile(|| resume_unwind(Box::new(Cut)));
    });
}
