//! What an answer to `bounded-pool` has to do. Jobs meet at barriers, so that no answer depends on who is quick.

use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::mpsc::channel;
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::Duration;

use exercises::{check, misconception, note};

use super::{Job, run_bounded};

const ONE_AFTER_THE_OTHER: &str =
    "a job waits for another one, which has not been started: they run one after the other";

#[test]
fn every_job_runs_once() {
    check(|_| {
        for (count, at_once) in [(0, 1), (1, 4), (7, 1), (7, 3), (3, 7)] {
            let runs = Arc::new(AtomicUsize::new(0));
            let jobs = (0..count).map(|_| -> Job<()> {
                let runs = Arc::clone(&runs);
                Box::new(move || {
                    runs.fetch_add(1, SeqCst);
                })
            });
            let results = run_bounded(jobs.collect(), at_once);
            assert_eq!((results.len(), runs.load(SeqCst)), (count, count), "{count} jobs, {at_once} at once");
        }
    });
}

#[test]
fn as_many_run_at_once_as_are_allowed() {
    check(|watch| {
        watch.a_hang_means("W1-joins-at-once", ONE_AFTER_THE_OTHER);
        let meeting = Arc::new(Barrier::new(3));
        let jobs = (0..3).map(|_| -> Job<()> {
            let meeting = Arc::clone(&meeting);
            Box::new(move || {
                meeting.wait();
            })
        });
        note("three jobs, which wait for each other, on three threads");
        run_bounded(jobs.collect(), 3);
    });
}

#[test]
fn no_more_run_at_once_than_are_allowed() {
    check(|watch| {
        watch.a_hang_means("W1-joins-at-once", ONE_AFTER_THE_OTHER);
        let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let meeting = Arc::new(Barrier::new(3));
        let jobs = (0..12).map(|_| -> Job<()> {
            let (now, most, meeting) = (Arc::clone(&now), Arc::clone(&most), Arc::clone(&meeting));
            Box::new(move || {
                most.fetch_max(now.fetch_add(1, SeqCst) + 1, SeqCst);
                meeting.wait();
                // Time for one too many to show up. A right answer passes however long this takes.
                thread::sleep(Duration::from_millis(20));
                now.fetch_sub(1, SeqCst);
            })
        });
        run_bounded(jobs.collect(), 3);
        let most = most.load(SeqCst);
        if most > 3 {
            misconception("W1-thread-each", &format!("three jobs at once were allowed, and {most} ran"));
        }
    });
}

#[test]
fn the_results_are_in_the_order_of_the_jobs() {
    check(|watch| {
        watch.a_hang_means("W1-joins-at-once", ONE_AFTER_THE_OTHER);
        let (begun, first_goes_on) = channel();
        let first: Job<u32> = Box::new(move || {
            let _the_third_has_begun = first_goes_on.recv();
            1
        });
        // Whoever takes the third has put the second one's result away.
        let third: Job<u32> = Box::new(move || {
            let _the_first_is_gone = begun.send(());
            3
        });
        match run_bounded(vec![first, Box::new(|| 2), third], 2)[..] {
            [1, 2, 3] => {}
            [2, ..] => {
                misconception("W1-order-of-ends", "the second job was over first, and its result came first")
            }
            ref other => panic!("the jobs return 1, 2 and 3, in this order, but what came was {other:?}"),
        }
    });
}
