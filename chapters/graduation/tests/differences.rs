//! Where names are alike and what they name is not: chapter 8 says so, and here it is seen.
#![allow(clippy::unwrap_used, reason = "a test may")]

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use async_executor::LocalExecutor;
use futures_lite::future;
use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinSet;

/// A flag, and the other end of it.
fn flag() -> (Rc<Cell<bool>>, Rc<Cell<bool>>) {
    let flag = Rc::new(Cell::new(false));
    (Rc::clone(&flag), flag)
}

fn tokio_runtime() -> Runtime {
    Builder::new_current_thread().enable_time().start_paused(true).build().unwrap()
}

#[test]
fn a_dropped_handle_lets_the_task_run_here_and_in_tokio_but_cancels_it_in_smol() {
    let (ran, set) = flag();
    step4::run(async move {
        drop(step4::spawn(async move { set.set(true) }));
        step2::yield_now().await;
    });
    assert!(ran.get(), "ours");

    let (ran, set) = flag();
    tokio::task::LocalSet::new().block_on(&tokio_runtime(), async move {
        drop(tokio::task::spawn_local(async move { set.set(true) }));
        tokio::task::yield_now().await;
    });
    assert!(ran.get(), "tokio");

    let (ran, set) = flag();
    let executor = LocalExecutor::new();
    drop(executor.spawn(async move { set.set(true) }));
    future::block_on(executor.run(future::yield_now()));
    assert!(!ran.get(), "smol");
}

#[test]
fn what_is_left_behind_at_the_end_is_finished_here_if_it_is_a_clean_up_and_dropped_in_tokio() {
    let (ran, set) = flag();
    step4::run(async move {
        let clean_up = async move {
            step3::sleep(Duration::from_millis(1)).await;
            set.set(true);
        };
        drop(step4::spawn_clean_up(clean_up).ok().unwrap());
    });
    assert!(ran.get(), "ours");

    let (ran, set) = flag();
    tokio::task::LocalSet::new().block_on(&tokio_runtime(), async move {
        let clean_up = async move {
            tokio::time::sleep(Duration::from_millis(1)).await;
            set.set(true);
        };
        drop(tokio::task::spawn_local(clean_up));
        tokio::task::yield_now().await;
    });
    assert!(!ran.get(), "tokio");
}

#[test]
fn of_two_that_fail_together_try_join_lets_the_spawned_other_run_on_and_a_dropped_join_set_does_not() {
    let (finished, set) = flag();
    tokio::task::LocalSet::new().block_on(&tokio_runtime(), async move {
        let fails = async { Err::<(), &str>("failed") };
        let other = tokio::task::spawn_local(async move {
            tokio::time::sleep(Duration::from_secs(1)).await;
            set.set(true);
        });
        let other = async { other.await.map_err(|_| "cancelled") };
        assert_eq!(tokio::try_join!(fails, other), Err("failed"));
        tokio::time::sleep(Duration::from_secs(2)).await;
    });
    assert!(finished.get(), "a task whose handle was dropped");

    let (finished, set) = flag();
    tokio::task::LocalSet::new().block_on(&tokio_runtime(), async move {
        let mut tasks = JoinSet::new();
        tasks.spawn_local(async move {
            tokio::time::sleep(Duration::from_secs(1)).await;
            set.set(true);
        });
        drop(tasks);
        tokio::time::sleep(Duration::from_secs(2)).await;
    });
    assert!(!finished.get(), "a task of a set that was dropped");
}
