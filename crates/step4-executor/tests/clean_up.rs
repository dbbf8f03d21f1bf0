//! Clean-ups: tasks that the loop finishes before it ends, within its grace.
#![allow(clippy::unwrap_used, reason = "a test may")]

mod support;

use std::cell::Cell;
use std::future::pending;
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Arc, mpsc};
use std::time::Duration;

use step2::{ThreadPark, yield_now};
use step3::{Clock, ManualClock, now, sleep, timeout};
use step4::{EventLoop, JoinError, run as run_really, spawn, spawn_clean_up, unblock};
use support::{SECOND, SetOnDrop, run};

/// Leaves a clean-up of so many seconds behind when it is dropped, and has it count in `finished`.
struct Leaves {
    seconds: u32,
    finished: Rc<Cell<u32>>,
}

impl Leaves {
    fn new(seconds: u32) -> (Self, Rc<Cell<u32>>) {
        let finished = Rc::default();
        (Self { seconds, finished: Rc::clone(&finished) }, finished)
    }
}

impl Drop for Leaves {
    fn drop(&mut self) {
        let (seconds, finished) = (self.seconds, Rc::clone(&self.finished));
        let clean_up = async move {
            sleep(seconds * SECOND).await;
            finished.set(finished.get() + 1);
        };
        drop(spawn_clean_up(clean_up).ok().unwrap());
    }
}

#[test]
fn a_clean_up_is_finished_although_main_has_ended() {
    let (leaves, finished) = Leaves::new(3);
    let (main_ended_at, clock) = (Rc::new(Cell::new(Duration::MAX)), ManualClock::new());
    let at = Rc::clone(&main_ended_at);
    EventLoop::with_clock(Clock::from(&clock)).unwrap().run(async move {
        drop(leaves);
        at.set(now());
    });
    assert_eq!((main_ended_at.get(), clock.now(), finished.get()), (Duration::ZERO, 3 * SECOND, 1));
}

#[test]
fn a_clean_up_left_by_a_task_that_is_cancelled_at_the_end_is_finished() {
    let (leaves, finished) = Leaves::new(3);
    run(async move {
        drop(spawn(async move {
            let _leaves = leaves;
            pending::<()>().await;
        }));
        yield_now().await;
    });
    assert_eq!(finished.get(), 1);
}

#[test]
fn two_clean_ups_run_at_once() {
    let ((one, one_finished), (two, two_finished)) = (Leaves::new(3), Leaves::new(3));
    let clock = ManualClock::new();
    EventLoop::with_clock(Clock::from(&clock)).unwrap().run(async move { drop((one, two)) });
    assert_eq!((clock.now(), one_finished.get(), two_finished.get()), (3 * SECOND, 1, 1));
}

#[test]
fn what_outlives_the_grace_is_cancelled_and_what_it_leaves_behind_then_as_well() {
    let (leaves, finished) = Leaves::new(1);
    let clock = ManualClock::new();
    EventLoop::with_clock(Clock::from(&clock)).unwrap().grace(5 * SECOND).run(async move {
        let for_ever = spawn_clean_up(async move {
            let _leaves = leaves;
            pending::<()>().await;
        });
        drop(for_ever.ok().unwrap());
    });
    assert_eq!((clock.now(), finished.get()), (5 * SECOND, 0));
}

#[test]
fn without_any_grace_clean_ups_are_cancelled_at_once() {
    let (leaves, finished) = Leaves::new(1);
    let dropped = Rc::new(Cell::new(false));
    let flag = SetOnDrop(Rc::clone(&dropped));
    let clock = ManualClock::new();
    EventLoop::with_clock(Clock::from(&clock)).unwrap().grace(Duration::ZERO).run(async move {
        let clean_up = spawn_clean_up(async move {
            let _flag = flag;
            pending::<()>().await;
        });
        drop((leaves, clean_up.ok().unwrap()));
    });
    assert_eq!((clock.now(), finished.get(), dropped.get()), (Duration::ZERO, 0, true));
}

#[test]
fn the_tasks_that_a_clean_up_spawns_share_its_grace_and_others_do_not() {
    let finished = Rc::new(Cell::new(false));
    let flag = Rc::clone(&finished);
    run(async move {
        let other = spawn(pending::<()>());
        let clean_up = async move {
            assert!(matches!(other.await, Err(JoinError::Cancelled)), "it ends with main");
            let own = spawn(async {
                sleep(SECOND).await;
                spawn(sleep(SECOND)).await.unwrap();
            });
            own.await.unwrap();
            flag.set(true);
        };
        drop(spawn_clean_up(clean_up).ok().unwrap());
    });
    assert!(finished.get());
}

#[test]
fn a_clean_up_without_timers_is_given_the_grace_of_the_systems_clock() {
    let finished = Rc::new(Cell::new(false));
    let flag = Rc::clone(&finished);
    EventLoop::on(ThreadPark::new()).grace(Duration::from_millis(20)).run(async move {
        drop(spawn_clean_up(pending::<()>()).ok().unwrap());
        let clean_up = async move {
            yield_now().await;
            flag.set(true);
        };
        drop(spawn_clean_up(clean_up).ok().unwrap());
    });
    assert!(finished.get());
}

#[test]
fn a_clean_up_that_panics_harms_no_other() {
    let (leaves, finished) = Leaves::new(1);
    run(async move {
        drop(spawn_clean_up(async { panic!("this one only") }).ok().unwrap());
        drop(leaves);
    });
    assert_eq!(finished.get(), 1);
}

#[test]
fn without_a_loop_the_future_is_given_back() {
    assert!(spawn_clean_up(async {}).is_err());
    run_really(async {});
    assert!(spawn_clean_up(async {}).is_err());
}

/// A manual clock used to jump to the limit, since nothing on the loop was ready.
#[test]
fn a_manual_clock_waits_for_a_blocking_job() {
    run(async {
        let job = unblock(|| {
            std::thread::sleep(Duration::from_millis(20));
            "done"
        });
        assert_eq!(timeout(SECOND, job).await, Ok("done"));
        assert_eq!(now(), Duration::ZERO);
    });
}

#[test]
fn a_manual_clock_moves_again_when_the_job_of_a_dropped_future_is_done() {
    run(async {
        let mut job = Box::pin(unblock(|| std::thread::sleep(Duration::from_millis(20))));
        std::future::poll_fn(|cx| {
            assert!(job.as_mut().poll(cx).is_pending());
            std::task::Poll::Ready(())
        })
        .await;
        drop(job);
        sleep(SECOND).await;
        assert_eq!(now(), SECOND);
    });
}

/// The output used to be dropped after the hold: the clock moved on while, say, a lock in it was still taken.
#[test]
fn a_manual_clock_waits_until_the_output_that_nobody_wants_is_dropped() {
    struct DropsSlowly(Arc<AtomicBool>);
    impl Drop for DropsSlowly {
        fn drop(&mut self) {
            std::thread::sleep(Duration::from_millis(20));
            self.0.store(true, SeqCst);
        }
    }
    let is_dropped = Arc::new(AtomicBool::new(false));
    let output = DropsSlowly(Arc::clone(&is_dropped));
    let (release, released) = mpsc::channel();
    run(async move {
        let mut job = Box::pin(unblock(move || {
            released.recv().unwrap();
            output
        }));
        std::future::poll_fn(|cx| {
            assert!(job.as_mut().poll(cx).is_pending());
            std::task::Poll::Ready(())
        })
        .await;
        drop(job);
        release.send(()).unwrap();
        sleep(SECOND).await;
        assert!(is_dropped.load(SeqCst));
    });
}

#[test]
fn a_manual_clock_moves_again_when_the_job_of_a_future_that_nobody_polls_is_done() {
    run(async {
        let mut job = Box::pin(unblock(|| 7));
        std::future::poll_fn(|cx| {
            assert!(job.as_mut().poll(cx).is_pending());
            std::task::Poll::Ready(())
        })
        .await;
        sleep(SECOND).await;
        assert_eq!((job.await, now()), (7, SECOND));
    });
}
