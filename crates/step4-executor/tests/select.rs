//! Waiting for some tasks: the first, each as it comes, or none of them at all.
#![allow(clippy::unwrap_used, reason = "a test may")]

use std::cell::Cell;
use std::future::pending;
use std::rc::Rc;

use step2::yield_now;
use step3::{now, sleep, timeout};
use step4::{JoinError, as_completed, select, shield, spawn};

mod support;
use support::{SECOND, run, sleeper};

// Select: asyncio's `wait(..., FIRST_COMPLETED)`.

#[test]
fn select_returns_the_first_and_leaves_the_others_running() {
    run(async {
        let mut tasks = vec![sleeper(3), sleeper(1), sleeper(2)];
        assert_eq!(select(&mut tasks).await.unwrap().unwrap(), 1);
        assert_eq!((now(), tasks.len()), (SECOND, 2));
        assert_eq!(select(&mut tasks).await.unwrap().unwrap(), 2);
        assert_eq!(select(&mut tasks).await.unwrap().unwrap(), 3);
        assert!(select(&mut tasks).await.is_none());
    });
}

#[test]
fn of_several_that_are_done_select_takes_the_first_in_the_order_of_the_handles() {
    run(async {
        let mut tasks: Vec<_> = (0..4).map(|n| spawn(async move { n })).collect();
        yield_now().await;
        for expected in 0..4 {
            assert_eq!(select(&mut tasks).await.unwrap().unwrap(), expected);
        }
    });
}

#[test]
fn select_waits_for_the_first_error_like_for_any_other_outcome() {
    run(async {
        let bad = spawn(async { panic!("no bread") });
        let mut tasks = vec![sleeper(1), bad];
        let error = select(&mut tasks).await.unwrap().unwrap_err();
        assert_eq!(error.to_string(), "the task panicked: no bread");
        assert_eq!(tasks.len(), 1);
    });
}

#[test]
fn a_time_limit_around_select_cancels_nothing() {
    run(async {
        let mut tasks = vec![sleeper(2), sleeper(3)];
        assert!(timeout(SECOND, select(&mut tasks)).await.is_err());
        assert_eq!(tasks.len(), 2);
        assert_eq!(select(&mut tasks).await.unwrap().unwrap(), 2);
        assert_eq!(now(), 2 * SECOND, "they ran all the time");
    });
}

// As completed.

#[test]
fn as_completed_hands_outcomes_out_in_the_order_in_which_they_come() {
    run(async {
        let mut outcomes = as_completed([sleeper(3), sleeper(1), sleeper(2)]);
        for expected in [1, 2, 3] {
            assert_eq!(outcomes.next().await.unwrap().unwrap(), expected);
            assert_eq!(now(), expected * SECOND, "not a moment later");
        }
        assert!(outcomes.next().await.is_none());
        assert!(outcomes.next().await.is_none(), "and again");
    });
}

#[test]
fn an_error_comes_at_its_turn_and_ends_nothing() {
    run(async {
        let bad = spawn(async {
            sleep(2 * SECOND).await;
            panic!("no bread");
        });
        let mut outcomes = as_completed([sleeper(3), bad, sleeper(1)]);
        assert_eq!(outcomes.next().await.unwrap().unwrap(), 1);
        let error = outcomes.next().await.unwrap().unwrap_err();
        assert!(matches!(error, JoinError::Panicked(_)));
        assert_eq!(outcomes.next().await.unwrap().unwrap(), 3);
    });
}

#[test]
fn dropping_next_loses_no_outcome() {
    run(async {
        let mut outcomes = as_completed([sleeper(1), sleeper(3)]);
        assert!(timeout(SECOND / 2, outcomes.next()).await.is_err());
        assert_eq!(outcomes.next().await.unwrap().unwrap(), 1);
        assert!(timeout(SECOND / 2, outcomes.next()).await.is_err());
        assert_eq!(outcomes.next().await.unwrap().unwrap(), 3);
    });
}

#[test]
fn dropping_as_completed_lets_the_rest_run_on() {
    run(async {
        let done = Rc::new(Cell::new(false));
        let flag = Rc::clone(&done);
        let slow = spawn(async move {
            sleep(2 * SECOND).await;
            flag.set(true);
        });
        let fast = spawn(async {});
        let mut outcomes = as_completed([slow, fast]);
        outcomes.next().await.unwrap().unwrap();
        drop(outcomes);
        sleep(3 * SECOND).await;
        assert!(done.get());
    });
}

// Shield.

#[test]
fn when_the_waiter_is_cancelled_shielded_work_survives() {
    run(async {
        let done = Rc::new(Cell::new(false));
        let flag = Rc::clone(&done);
        let waiter = spawn(async move {
            shield(async move {
                sleep(2 * SECOND).await;
                flag.set(true);
            })
            .await
            .unwrap();
        });
        sleep(SECOND).await;
        waiter.abort();
        assert!(matches!(waiter.await, Err(JoinError::Cancelled)));
        assert!(!done.get());
        sleep(2 * SECOND).await;
        assert!(done.get());
    });
}

#[test]
fn shielded_work_is_scheduled_at_the_call() {
    run(async {
        let started = Rc::new(Cell::new(false));
        let flag = Rc::clone(&started);
        let _work = shield(async move { flag.set(true) });
        yield_now().await;
        assert!(started.get());
    });
}

#[test]
fn shielded_work_can_still_be_aborted_by_its_own_handle() {
    run(async {
        let work = shield(pending::<()>());
        assert!(work.abort());
        assert!(matches!(work.await, Err(JoinError::Cancelled)));
    });
}
