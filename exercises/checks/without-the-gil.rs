//! What an answer to `without-the-gil` has to do.

use exercises::{check, misconception};

use super::{
    Job, ONE_OBJECT, ONE_THREAD, OWN_OBJECTS, Takes, UNDER_LOCK, WAITING, WITHOUT_LOCK, with_the_lock,
    without_it,
};

/// The same by another way: at each turn, every thread that can go on does an operation.
fn turn_by_turn(threads: u64, job: Job, is_one_at_a_time: bool) -> u64 {
    let mut left: Vec<Job> = (0..threads).map(|_| job).collect();
    let mut turns = 0;
    while left.iter().any(|job| job.own + job.shared > 0) {
        let is_shared = left.iter().all(|job| job.own == 0);
        let at_once = if is_one_at_a_time || is_shared { 1 } else { left.len() };
        let what = |job: &Job| if is_shared { job.shared } else { job.own };
        for job in left.iter_mut().filter(|job| what(job) > 0).take(at_once) {
            let what = if is_shared { &mut job.shared } else { &mut job.own };
            *what -= 1;
        }
        turns += 1;
    }
    turns
}

fn truth_with(threads: u64, job: Job) -> u64 {
    turn_by_turn(threads, job, true) * UNDER_LOCK
}

fn truth_without(threads: u64, job: Job) -> u64 {
    turn_by_turn(threads, job, false) * WITHOUT_LOCK
}

/// Compares a prediction with what comes of a job.
fn expect(name: &str, predicted: Takes, threads: u64, job: Job) {
    assert_ne!(predicted, Takes::Unsaid, "{name} is still `Unsaid`");
    let (with, without) = (truth_with(threads, job), truth_without(threads, job));
    let truth = if 2 * without <= with { Takes::LessThanHalf } else { Takes::Longer };
    assert_eq!(
        predicted, truth,
        "{name}: a hundred operations of each thread take {with} ns under the lock, {without} ns without"
    );
}

#[test]
fn one_thread_pays_and_gets_nothing() {
    check(|_| {
        if ONE_THREAD == Takes::LessThanHalf {
            misconception("W7-free-is-faster", "one thread was to be faster, with nobody to run beside it");
        }
        expect("ONE_THREAD", ONE_THREAD, 1, Job { own: 100, shared: 0 });
    });
}

#[test]
fn threads_on_their_own_objects_run_at_once() {
    check(|_| {
        expect("OWN_OBJECTS", OWN_OBJECTS, 4, Job { own: 100, shared: 0 });
    });
}

#[test]
fn threads_on_one_object_still_take_turns() {
    check(|_| {
        if ONE_OBJECT == Takes::LessThanHalf {
            misconception(
                "W7-free-is-faster",
                "four threads that take turns at one object were to be faster",
            );
        }
        expect("ONE_OBJECT", ONE_OBJECT, 4, Job { own: 0, shared: 100 });
    });
}

#[test]
fn waits_have_overlapped_before() {
    check(|_| match WAITING {
        Takes::AsLong => {}
        Takes::LessThanHalf => {
            misconception("W7-threads-useless", "waits for sockets were to overlap only without the lock");
        }
        Takes::Longer => panic!("WAITING: who hardly computes hardly pays for it"),
        Takes::Unsaid => panic!("WAITING is still `Unsaid`"),
    });
}

const JOBS: [Job; 5] = [
    Job { own: 0, shared: 0 },
    Job { own: 100, shared: 0 },
    Job { own: 0, shared: 100 },
    Job { own: 30, shared: 12 },
    Job { own: 7, shared: 50 },
];

#[test]
fn under_the_lock_operations_add_up() {
    check(|_| {
        for job in JOBS {
            for threads in 1..=5 {
                let (time, truth) = (with_the_lock(threads, job), truth_with(threads, job));
                assert_eq!(time, truth, "{threads} threads under the lock, {job:?}");
            }
        }
    });
}

#[test]
fn without_it_what_is_shared_adds_up() {
    check(|_| {
        for job in JOBS {
            for threads in 1..=5 {
                let (time, truth) = (without_it(threads, job), truth_without(threads, job));
                if threads > 1 && job.shared > 0 && time == (job.own + job.shared) * WITHOUT_LOCK {
                    misconception("W7-free-is-faster", "operations on one object were to run at once");
                }
                assert_eq!(time, truth, "{threads} threads without the lock, {job:?}");
            }
        }
    });
}
