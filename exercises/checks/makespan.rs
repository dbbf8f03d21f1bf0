//! What an answer to `makespan` has to do.

use exercises::{check, misconception};

use super::{NINE, ONE_ON_FOUR, Processor, WHILE_BLOCKED, makespan};

/// The same by another way: lets every millisecond pass.
fn millisecond_by_millisecond(errands: &[u64], threads: usize) -> u64 {
    let (mut waiting, mut left, mut now) = (errands.iter(), vec![0_u64; threads], 0);
    loop {
        for thread in &mut left {
            while *thread == 0 {
                let Some(errand) = waiting.next() else { break };
                *thread = *errand;
            }
        }
        if left.iter().all(|thread| *thread == 0) {
            return now;
        }
        left.iter_mut().for_each(|thread| *thread = thread.saturating_sub(1));
        now += 1;
    }
}

#[test]
fn one_errand_takes_as_long_as_it_takes() {
    check(|_| {
        if ONE_ON_FOUR == 25 {
            misconception("W1-faster", "one errand was to be over in a quarter of the time, on four threads");
        }
        // The assertion does not say what is right: this is for the learner to find out.
        let answer = ONE_ON_FOUR;
        assert!(answer == 100, "ONE_ON_FOUR is not {answer} ms");
    });
}

#[test]
fn nine_errands_overlap_as_far_as_there_are_threads() {
    check(|_| {
        let truth = [1, 9, 2].map(|threads| millisecond_by_millisecond(&[100; 9], threads));
        assert!(NINE == truth, "NINE is not {NINE:?} ms: on one thread, on nine, on two");
    });
}

#[test]
fn a_blocked_thread_leaves_the_processor_to_others() {
    check(|_| match WHILE_BLOCKED {
        Processor::Leaves => {}
        Processor::Keeps => misconception("W1-burns", "a thread that waits was to keep the processor busy"),
        Processor::Unsaid => panic!("WHILE_BLOCKED is still `Unsaid`"),
    });
}

#[test]
fn on_one_thread_waits_add_up() {
    check(|_| {
        assert_eq!(makespan(&[100, 20, 3], 1), 123);
        assert_eq!(makespan(&[], 1), 0, "no errands");
    });
}

#[test]
fn with_a_thread_each_the_longest_counts() {
    check(|_| {
        if makespan(&[100], 4) == 25 {
            misconception("W1-faster", "the formula lets four threads share one errand");
        }
        assert_eq!(makespan(&[100, 20, 3], 3), 100);
        assert_eq!(makespan(&[3, 100], 7), 100, "and more threads than errands change nothing");
    });
}

#[test]
fn in_between_whoever_is_free_takes_the_next() {
    check(|_| {
        let lists: [&[u64]; 4] =
            [&[5, 5, 5], &[9, 1, 1, 1, 1], &[1, 2, 3, 4, 5, 6, 7], &[7, 0, 3, 3, 8, 1, 1, 6, 2]];
        for errands in lists {
            for threads in 1..=5 {
                let truth = millisecond_by_millisecond(errands, threads);
                assert_eq!(makespan(errands, threads), truth, "{errands:?} on {threads} threads");
            }
        }
    });
}
