//! `Mutex`: one at a time, in the order in which they came, and across awaits.
#![allow(clippy::unwrap_used, reason = "a test may")]

mod support;

use std::cell::Cell;
use std::rc::{self, Rc};
use std::sync::Arc;
use std::thread;

use step2::{block_on, yield_now};
use step3::{Elapsed, sleep, timeout};
use step4::{ThreadPool, gather, join_all, spawn, unblock};
use step6::{Mutex, MutexGuard};
use support::{
    Log, SECOND, SaysOnDrop, Wakes, at_once, begun, log_of, poll_with, run, timed_log_of, turns_beside,
    waker_that,
};

// A hundred deposits: an await in the middle is where others come in.

#[test]
fn without_a_lock_deposits_that_await_in_the_middle_are_lost() {
    let balance = Rc::new(Cell::new(0));
    let total = Rc::clone(&balance);
    run(async move {
        let deposit = async || {
            let read = balance.get();
            yield_now().await;
            balance.set(read + 1);
        };
        join_all((0..100).map(|_| deposit())).await;
    });
    assert_eq!(total.get(), 1);
}

#[test]
fn without_a_lock_deposits_without_an_await_are_all_there() {
    let balance = Rc::new(Cell::new(0));
    let total = Rc::clone(&balance);
    run(async move {
        let deposit = async || {
            let read = balance.get();
            balance.set(read + 1);
        };
        join_all((0..100).map(|_| deposit())).await;
    });
    assert_eq!(total.get(), 100);
}

#[test]
fn with_the_lock_deposits_that_await_in_the_middle_are_all_there() {
    run(async {
        let balance = Mutex::new(0);
        let deposit = async || {
            let mut balance = balance.lock().await;
            let read = *balance;
            yield_now().await;
            *balance = read + 1;
        };
        join_all((0..100).map(|_| deposit())).await;
        assert_eq!(balance.into_inner(), 100);
    });
}

// The guard.

#[test]
fn the_guard_has_the_value_and_gives_it_back() {
    let names = Mutex::new(vec!["Ada"]);
    at_once(names.lock()).push("Grace");
    assert_eq!(*at_once(names.lock()), ["Ada", "Grace"]);
    assert_eq!(names.into_inner(), ["Ada", "Grace"]);
}

#[test]
fn a_guard_is_held_across_an_await_and_others_wait() {
    let lines = timed_log_of(async |log| {
        let mutex = Rc::new(Mutex::new(()));
        let tasks = ["a", "b", "c"].map(|name| {
            let (mutex, log) = (Rc::clone(&mutex), log.clone());
            spawn(async move {
                let _guard = mutex.lock().await;
                log.say(name);
                sleep(SECOND).await;
            })
        });
        gather(tasks).await.unwrap();
    });
    assert_eq!(lines, ["a at 0", "b at 1", "c at 2"]);
}

#[test]
fn it_is_not_reentrant() {
    run(async {
        let mutex = Mutex::new(0);
        let guard = mutex.lock().await;
        assert!(matches!(timeout(SECOND, mutex.lock()).await, Err(Elapsed)));
        drop(guard);
        assert!(timeout(SECOND, mutex.lock()).await.is_ok());
    });
}

#[test]
fn a_free_lock_can_be_tried_and_one_that_is_held_or_waited_for_cannot() {
    let mutex = Mutex::new(7);
    assert!(!mutex.is_locked());
    let guard = mutex.try_lock().unwrap();
    assert_eq!(*guard, 7);
    assert!(mutex.is_locked() && mutex.try_lock().is_none());
    let waiter = begun(mutex.lock());
    drop(guard);
    assert!(mutex.is_locked() && mutex.try_lock().is_none(), "it is the waiter's, who has not run yet");
    drop(at_once(waiter));
    assert!(mutex.try_lock().is_some());
}

#[test]
fn who_panics_while_it_holds_the_lock_leaves_it_free_and_the_value_as_it_is() {
    run(async {
        let mutex = Rc::new(Mutex::new(0));
        let theirs = Rc::clone(&mutex);
        let task = spawn(async move {
            let mut guard = theirs.lock().await;
            *guard = 7;
            panic!("no bread");
        });
        task.await.unwrap_err();
        assert_eq!(*mutex.lock().await, 7);
    });
}

#[test]
fn who_is_aborted_while_it_holds_the_lock_leaves_it_free() {
    run(async {
        let mutex = Rc::new(Mutex::new(0));
        let theirs = Rc::clone(&mutex);
        let task = spawn(async move {
            let mut guard = theirs.lock().await;
            *guard = 7;
            std::future::pending::<()>().await;
        });
        yield_now().await;
        task.abort();
        assert_eq!(*mutex.lock().await, 7);
    });
}

// First in, first out.

#[test]
fn the_lock_goes_to_the_waiters_in_the_order_in_which_they_came() {
    let lines = log_of(async |log| {
        let mutex = Rc::new(Mutex::new(()));
        let held = mutex.lock().await;
        let tasks = ["a", "b", "c", "d"].map(|name| {
            let (mutex, log) = (Rc::clone(&mutex), log.clone());
            spawn(async move {
                let _guard = mutex.lock().await;
                log.say(name);
                yield_now().await;
            })
        });
        yield_now().await;
        drop(held);
        gather(tasks).await.unwrap();
    });
    assert_eq!(lines, ["a", "b", "c", "d"]);
}

#[test]
fn who_unlocks_and_locks_again_at_once_stands_behind_those_who_wait() {
    let lines = log_of(async |log| {
        let mutex = Rc::new(Mutex::new(()));
        let tasks = ["a", "b"].map(|name| {
            let (mutex, log) = (Rc::clone(&mutex), log.clone());
            spawn(async move {
                for _ in 0..3 {
                    let guard = mutex.lock().await;
                    log.say(name);
                    yield_now().await;
                    drop(guard); // And locks again in the same poll.
                }
            })
        });
        gather(tasks).await.unwrap();
    });
    assert_eq!(lines, ["a", "b", "a", "b", "a", "b"]);
}

#[test]
fn a_waiter_that_has_given_up_is_skipped() {
    let mutex = Mutex::new(());
    let guard = at_once(mutex.lock());
    let (first, mut second) = (begun(mutex.lock()), begun(mutex.lock()));
    drop(first);
    drop(guard);
    drop(at_once(&mut second));
    assert!(!mutex.is_locked());
}

#[test]
fn a_waiter_dropped_after_it_was_woken_passes_the_lock_on() {
    let (mutex, wakes) = (Mutex::new(()), Arc::<Wakes>::default());
    let guard = at_once(mutex.lock());
    let first = begun(mutex.lock());
    let mut second = Box::pin(mutex.lock());
    assert!(poll_with(&mut second, &wakes.waker()).is_pending());
    drop(guard);
    assert_eq!(wakes.take(), 0);
    drop(first);
    assert_eq!(wakes.take(), 1);
    drop(at_once(&mut second));
}

#[test]
fn the_last_waiter_dropped_after_it_was_woken_leaves_the_lock_free() {
    let mutex = Mutex::new(7);
    let guard = at_once(mutex.lock());
    let waiter = begun(mutex.lock());
    drop(guard);
    drop(waiter);
    assert_eq!(*mutex.try_lock().unwrap(), 7);
}

// Foreign code runs without the lock's own lock.

/// Looks at the lock that it lies in, when it is dropped.
struct LooksAtItsLock(rc::Weak<Mutex<Option<LooksAtItsLock>>>, Log);

impl Drop for LooksAtItsLock {
    fn drop(&mut self) {
        if let Some(mutex) = self.0.upgrade() {
            let is_locked = mutex.is_locked();
            self.1.say(format_args!("dropped, locked: {is_locked}, taken: {}", mutex.try_lock().is_some()));
        }
    }
}

#[test]
fn a_value_may_use_its_lock_as_it_is_dropped() {
    let log = Log::default();
    let mutex = Rc::new(Mutex::new(None));
    *at_once(mutex.lock()) = Some(LooksAtItsLock(Rc::downgrade(&mutex), log.clone()));
    *at_once(mutex.lock()) = None;
    let taken = Rc::clone(&mutex);
    *at_once(mutex.lock()) = Some(LooksAtItsLock(Rc::downgrade(&mutex), log.clone()));
    let value = at_once(taken.lock()).take();
    drop(value);
    assert_eq!(log.take(), ["dropped, locked: true, taken: false", "dropped, locked: false, taken: true"]);
}

#[test]
fn a_value_is_dropped_once_and_with_the_lock() {
    let log = Log::default();
    let mutex = Mutex::new(SaysOnDrop(log.clone(), "dropped"));
    drop(at_once(mutex.lock()));
    assert_eq!(log.count(""), 0);
    drop(mutex);
    assert_eq!(log.take(), ["dropped"]);
}

#[test]
fn a_waker_may_use_the_lock_when_it_is_woken_and_as_it_is_dropped() {
    let mutex = Arc::new(Mutex::new(0));
    let theirs = Arc::clone(&mutex);
    let waker = waker_that(move || drop(theirs.try_lock()));
    let guard = at_once(mutex.lock());
    let mut waiter = Box::pin(mutex.lock());
    assert!(poll_with(&mut waiter, &waker).is_pending());
    drop(waker);
    drop(guard);
    drop(at_once(waiter));
    assert!(!mutex.is_locked());
}

// Hogs.

#[test]
fn a_task_that_locks_and_unlocks_without_end_lets_others_run() {
    run(async {
        let work = async {
            let mutex = Mutex::new(0);
            for _ in 0..10_000 {
                *mutex.lock().await += 1;
            }
        };
        let turns = turns_beside(work).await;
        assert!(turns >= 10_000 / 128, "{turns} turns");
    });
}

// Threads.

#[test]
fn an_owned_guard_may_go_to_a_blocking_job_and_be_given_back_there() {
    run(async {
        let mutex = Arc::new(Mutex::new(1));
        let mut guard: MutexGuard<u32, Arc<Mutex<u32>>> = Arc::clone(&mutex).lock_owned().await;
        let theirs = Arc::clone(&mutex);
        let waiting = spawn(async move { *theirs.lock().await });
        yield_now().await;
        unblock(move || *guard += 1).await;
        assert_eq!(waiting.await.unwrap(), 2);
    });
}

#[test]
fn an_owned_guard_keeps_the_lock_alive() {
    let mutex = Arc::new(Mutex::new(7));
    let weak = Arc::downgrade(&mutex);
    let guard = at_once(Arc::clone(&mutex).lock_owned());
    drop(mutex);
    assert_eq!((*guard, weak.strong_count()), (7, 1));
    drop(guard);
    assert_eq!(weak.strong_count(), 0);
}

#[test]
fn threads_that_contend_for_it_count_right() {
    let mutex = Arc::new(Mutex::new(0_u32));
    let threads: Vec<_> = (0..4)
        .map(|_| {
            let mutex = Arc::clone(&mutex);
            thread::spawn(move || {
                for _ in 0..2_000 {
                    *block_on(mutex.lock()) += 1;
                }
            })
        })
        .collect();
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    assert_eq!(*at_once(mutex.lock()), 8_000);
}

#[test]
#[cfg_attr(miri, ignore = "the library behind the pool's queues is unsound in the eyes of Miri")]
fn tasks_of_a_pool_that_hold_it_across_an_await_count_right() {
    let pool = ThreadPool::new(4).unwrap();
    let mutex = Arc::new(Mutex::new(0_u32));
    let tasks: Vec<_> = (0..100)
        .map(|_| {
            let mutex = Arc::clone(&mutex);
            pool.spawn(async move {
                for _ in 0..50 {
                    let mut count = mutex.lock().await;
                    let read = *count;
                    yield_now().await; // Another worker may go on from here.
                    *count = read + 1;
                }
            })
        })
        .collect();
    block_on(gather(tasks)).unwrap();
    assert_eq!(*at_once(mutex.lock()), 5_000);
}

#[test]
#[cfg_attr(miri, ignore = "the library behind the pool's queues is unsound in the eyes of Miri")]
fn waiters_aborted_on_the_threads_of_a_pool_leave_it_free() {
    let pool = ThreadPool::new(2).unwrap();
    let mutex = Arc::new(Mutex::new(0_u32));
    for _ in 0..200 {
        let tasks: Vec<_> = (0..6)
            .map(|_| {
                let mutex = Arc::clone(&mutex);
                pool.spawn(async move {
                    let mut count = mutex.lock().await;
                    yield_now().await;
                    *count += 1;
                })
            })
            .collect();
        for task in tasks.iter().step_by(2) {
            task.abort();
        }
        for task in tasks {
            drop(block_on(task));
        }
        assert!(!mutex.is_locked());
    }
    assert!(*at_once(mutex.lock()) >= 600, "nobody aborted these");
}
