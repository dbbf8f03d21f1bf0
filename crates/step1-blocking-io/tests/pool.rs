//! The pool: bounded, patient, and hard to kill.
#![allow(clippy::unwrap_used, reason = "the exception for tests does not reach the functions they share")]

use std::collections::HashSet;
use std::panic::panic_any;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Barrier};
use std::thread;

use step1::{BlockingPool, Full, Job};

/// Occupies a thread of `pool` until the sender is dropped; when this returns, the thread has begun.
fn occupy(pool: &BlockingPool) -> (Sender<()>, Job<()>) {
    let (begun, has_begun) = channel();
    let (let_go, held) = channel::<()>();
    let job = pool.submit(move || {
        begun.send(()).unwrap();
        let _ = held.recv();
    });
    has_begun.recv().unwrap();
    (let_go, job)
}

/// A pool of one thread and a queue of one, both taken: there is no room until the sender is dropped.
fn full_pool() -> (BlockingPool, Sender<()>) {
    let pool = BlockingPool::new(1, 1);
    let (let_go, _) = occupy(&pool);
    pool.try_execute(|| ()).unwrap();
    (pool, let_go)
}

fn callback(pool: &BlockingPool) -> Receiver<Option<String>> {
    let (called, calls) = channel();
    pool.when_room(move || called.send(thread::current().name().map(str::to_owned)).unwrap());
    calls
}

#[test]
fn a_jobs_value_reaches_whoever_waits() {
    assert_eq!(BlockingPool::new(1, 1).submit(|| 6 * 7).wait().unwrap(), 42);
}

#[test]
fn all_threads_run_jobs_at_once_and_have_names() {
    let pool = BlockingPool::new(3, 3);
    let meet = Arc::new(Barrier::new(3));
    let job = || {
        let meet = Arc::clone(&meet);
        pool.submit(move || {
            meet.wait();
            thread::current().name().unwrap().to_owned()
        })
    };
    let jobs = [job(), job(), job()];
    let names: HashSet<String> = jobs.into_iter().map(|job| job.wait().unwrap()).collect();
    assert_eq!(names, ["pool 1", "pool 2", "pool 3"].map(str::to_owned).into());
}

#[test]
fn no_more_jobs_run_at_once_than_there_are_threads() {
    let pool = BlockingPool::new(2, 100);
    let (running, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    for _ in 0..100 {
        let (running, most) = (Arc::clone(&running), Arc::clone(&most));
        pool.try_execute(move || {
            most.fetch_max(running.fetch_add(1, SeqCst) + 1, SeqCst);
            thread::yield_now();
            running.fetch_sub(1, SeqCst);
        })
        .unwrap();
    }
    drop(pool);
    assert!((1..=2).contains(&most.load(SeqCst)));
}

#[test]
fn a_single_thread_runs_jobs_in_the_order_they_came() {
    let pool = BlockingPool::new(1, 2);
    let (done, order) = channel();
    for n in 0..20 {
        let done = done.clone();
        drop(pool.submit(move || done.send(n).unwrap()));
    }
    drop(pool);
    assert_eq!(order.try_iter().collect::<Vec<_>>(), (0..20).collect::<Vec<_>>());
}

#[test]
fn submit_blocks_while_the_queue_is_full() {
    let pool = BlockingPool::new(1, 2);
    let done = Arc::new(AtomicUsize::new(0));
    for accepted in 1..=200 {
        let done = Arc::clone(&done);
        let count = Arc::clone(&done);
        drop(pool.submit(move || count.fetch_add(1, SeqCst)));
        // One runs and two wait; all others must be over, or `submit` had no business to return.
        assert!(accepted - done.load(SeqCst) <= 3);
    }
}

#[test]
fn try_submit_gives_the_job_back_when_the_queue_is_full() {
    let (pool, _let_go) = full_pool();
    let precious = String::from("precious");
    let Err(Full(job)) = pool.try_submit(move || precious) else { panic!("there was room") };
    assert_eq!(job(), "precious");
}

#[test]
fn try_execute_gives_the_job_back_when_the_queue_is_full() {
    let (pool, _let_go) = full_pool();
    let (ran, runs) = channel();
    let full = pool.try_execute(move || ran.send("ran").unwrap()).unwrap_err();
    assert_eq!(full.to_string(), "the pool's queue was full");
    assert!(runs.try_recv().is_err());
    full.0();
    assert_eq!(runs.recv().unwrap(), "ran");
}

#[test]
fn a_panic_in_a_job_reaches_whoever_waits() {
    let job = BlockingPool::new(1, 1).submit(|| panic!("told to"));
    let payload = job.wait().map(|()| "a value").unwrap_err();
    assert_eq!(*payload.downcast::<&str>().unwrap(), "told to");
}

#[test]
fn the_pool_keeps_all_its_threads_after_panics() {
    let pool = BlockingPool::new(2, 2);
    for _ in 0..10 {
        assert!(pool.submit(|| panic!("told to")).wait().map(|()| "a value").is_err());
        while pool.try_execute(|| panic!("told to")).is_err() {
            thread::yield_now();
        }
    }
    let meet = Arc::new(Barrier::new(2)); // One thread alone would wait here for ever.
    let jobs = [Arc::clone(&meet), meet].map(|meet| pool.submit(move || _ = meet.wait()));
    assert!(jobs.into_iter().all(|job| job.wait().is_ok()));
}

#[test]
#[cfg_attr(any(miri, sanitized), ignore = "what the second panic leaves behind leaks, as it should")]
fn a_panic_whose_payload_panics_in_its_turn_is_contained() {
    struct Malicious;
    impl Drop for Malicious {
        fn drop(&mut self) {
            panic!("as it is dropped");
        }
    }
    let pool = BlockingPool::new(1, 1);
    pool.try_execute(|| panic_any(Malicious)).unwrap();
    assert_eq!(pool.submit(|| "alive").wait().unwrap(), "alive");
}

#[test]
fn what_a_job_owned_is_dropped_before_its_outcome_is_told() {
    let pool = BlockingPool::new(1, 1);
    let owned = Arc::new(());
    for panics in [false, true] {
        let job_owns = Arc::clone(&owned);
        let job = pool.submit(move || {
            let _job_owns = job_owns;
            assert!(!panics, "told to");
        });
        assert_eq!(job.wait().is_err(), panics);
        assert_eq!(Arc::strong_count(&owned), 1);
    }
}

#[test]
fn a_job_that_nobody_waits_for_runs_all_the_same() {
    let pool = BlockingPool::new(1, 1);
    let (done, is_done) = channel();
    drop(pool.submit(move || done.send(()).unwrap()));
    is_done.recv().unwrap();
}

#[test]
fn dropping_the_pool_finishes_the_jobs_it_accepted() {
    let pool = BlockingPool::new(1, 10);
    let (let_go, _) = occupy(&pool);
    let done = Arc::new(AtomicUsize::new(0));
    for _ in 0..10 {
        let done = Arc::clone(&done);
        pool.try_execute(move || _ = done.fetch_add(1, SeqCst)).unwrap();
    }
    drop(let_go);
    drop(pool);
    assert_eq!(done.load(SeqCst), 10);
    assert_eq!(Arc::strong_count(&done), 1);
}

#[test]
fn a_job_can_be_waited_for_after_its_pool_is_gone() {
    let pool = BlockingPool::new(1, 1);
    let job = pool.submit(|| "done");
    drop(pool);
    assert_eq!(job.wait().unwrap(), "done");
}

#[test]
fn dropping_the_pool_on_its_own_thread_does_not_deadlock_and_finishes_the_jobs() {
    for threads in [1, 2] {
        let pool = Arc::new(BlockingPool::new(threads, 4));
        let (mine, theirs) = channel();
        let last = pool.submit(move || drop::<Arc<BlockingPool>>(theirs.recv().unwrap()));
        let behind = [1, 2, 3].map(|n| pool.submit(move || n));
        // It has the last reference now, or will have it once ours has gone in the sending.
        mine.send(pool).unwrap();
        last.wait().unwrap();
        assert_eq!(behind.map(|job| job.wait().unwrap()), [1, 2, 3]);
    }
}

#[test]
fn when_room_calls_once_on_a_pool_thread_when_a_job_is_taken() {
    let (pool, let_go) = full_pool();
    let calls = callback(&pool);
    assert!(calls.try_recv().is_err());
    drop(let_go);
    assert_eq!(calls.recv().unwrap().as_deref(), Some("pool 1"));
    pool.submit(|| ()).wait().unwrap();
    assert!(calls.try_recv().is_err());
}

#[test]
fn when_room_calls_all_who_registered_at_once() {
    let (pool, let_go) = full_pool();
    let calls = [callback(&pool), callback(&pool), callback(&pool)];
    drop(let_go);
    assert!(calls.iter().all(|calls| calls.recv().is_ok()));
}

#[test]
fn a_callback_may_use_the_pool_and_register_again() {
    let (pool, let_go) = full_pool();
    let pool = Arc::new(pool);
    let (done, is_done) = channel();
    let again = Arc::clone(&pool);
    pool.when_room(move || {
        let done_again = done.clone();
        again.when_room(move || done_again.send("called again").unwrap());
        again.try_execute(move || done.send("ran").unwrap()).unwrap();
    });
    drop(let_go);
    // Its job, too, is taken off the queue, which is what the second callback waits for.
    assert_eq!(is_done.iter().take(2).collect::<Vec<_>>(), ["called again", "ran"]);
}

#[test]
fn a_panic_in_a_callback_kills_neither_its_thread_nor_the_other_callbacks() {
    let (pool, let_go) = full_pool();
    pool.when_room(|| panic!("told to"));
    let calls = callback(&pool);
    drop(let_go);
    calls.recv().unwrap();
    assert_eq!(pool.submit(|| "alive").wait().unwrap(), "alive");
}

#[test]
fn whoever_registers_and_then_tries_again_is_never_left_waiting() {
    const EACH: usize = if cfg!(miri) { 20 } else { 500 };
    let pool = Arc::new(BlockingPool::new(2, 1));
    let done = Arc::new(AtomicUsize::new(0));
    let produce = || {
        for _ in 0..EACH {
            let count = Arc::clone(&done);
            let mut job = move || _ = count.fetch_add(1, SeqCst);
            while let Err(Full(back)) = pool.try_execute(job) {
                let me = thread::current();
                pool.when_room(move || me.unpark());
                let Err(Full(back)) = pool.try_execute(back) else { break };
                job = back;
                thread::park(); // For ever, if the call were lost.
            }
        }
    };
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(produce);
        }
    });
    drop(pool);
    assert_eq!(done.load(SeqCst), 4 * EACH);
}

#[test]
#[should_panic(expected = "a pool without threads would never run a job")]
fn a_pool_without_threads_is_refused() {
    let _ = BlockingPool::new(0, 1);
}

#[test]
#[should_panic(expected = "a pool without a queue would have no room to tell of")]
fn a_pool_without_a_queue_is_refused() {
    let _ = BlockingPool::new(1, 0);
}

#[test]
fn jobs_are_on_their_threads_lane_of_the_timeline() {
    let ((), timeline) = timeline::record(|| {
        let pool = BlockingPool::new(1, 1);
        pool.try_execute(|| timeline::probe::note(|| "at work".to_owned())).unwrap();
    });
    assert_eq!(timeline.threads[1].name, "pool 1");
    assert_eq!(timeline.notes(), ["job begins", "at work", "job ends"]);
}

#[test]
fn a_panic_ends_its_job_on_the_timeline_too() {
    let ((), timeline) = timeline::record(|| {
        let pool = BlockingPool::new(1, 1);
        pool.try_execute(|| panic!("told to")).unwrap();
    });
    assert_eq!(timeline.notes(), ["job begins", "job ends"]);
}
