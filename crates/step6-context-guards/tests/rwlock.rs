//! `RwLock`: many readers, or one writer, in the order in which they came.
#![allow(clippy::unwrap_used, reason = "a test may")]

mod support;

use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::thread;

use step2::{block_on, yield_now};
use step3::{sleep, timeout};
use step4::{ThreadPool, gather, spawn};
use step6::RwLock;
use support::{
    Log, SECOND, SaysOnDrop, Wakes, at_once, begun, poll, poll_with, run, timed_log_of, turns_beside,
    waker_that,
};

// Readers share it, a writer has it alone.

#[test]
fn readers_share_it() {
    let lock = RwLock::new(7);
    let (one, another) = (at_once(lock.read()), at_once(lock.read()));
    assert_eq!(*one + *another, 14);
}

#[test]
fn a_writer_waits_for_the_last_reader() {
    let (lock, wakes) = (RwLock::new(7), Arc::<Wakes>::default());
    let (one, another) = (at_once(lock.read()), at_once(lock.read()));
    let mut writer = Box::pin(lock.write());
    assert!(poll_with(&mut writer, &wakes.waker()).is_pending());
    drop(one);
    assert_eq!(wakes.take(), 0);
    drop(another);
    assert_eq!(wakes.take(), 1);
    *at_once(&mut writer) += 1;
    assert_eq!(*at_once(lock.read()), 8);
}

#[test]
fn a_reader_waits_for_the_writer_and_sees_what_it_wrote() {
    let lock = RwLock::new(7);
    let mut writing = at_once(lock.write());
    let mut reader = begun(lock.read());
    *writing += 1;
    assert!(poll(&mut reader).is_pending());
    drop(writing);
    assert_eq!(*at_once(&mut reader), 8);
}

#[test]
fn a_writer_waits_for_the_writer_before_it() {
    let lock = RwLock::new(7);
    let writing = at_once(lock.write());
    let second = begun(lock.write());
    drop(writing);
    *at_once(second) += 1;
    assert_eq!(lock.into_inner(), 8);
}

#[test]
fn it_can_be_tried() {
    let lock = RwLock::new(7);
    let reading = lock.try_read().unwrap();
    assert!(lock.try_read().is_some() && lock.try_write().is_none());
    drop(reading);
    let writing = lock.try_write().unwrap();
    assert!(lock.try_read().is_none() && lock.try_write().is_none());
    drop(writing);
    assert!(lock.try_write().is_some());
}

// First in, first out.

#[test]
fn readers_behind_a_waiting_writer_wait_as_well() {
    let lock = RwLock::new(7);
    let reading = at_once(lock.read());
    let mut writer = begun(lock.write());
    assert!(lock.try_read().is_none());
    let mut late_reader = begun(lock.read());
    drop(reading);
    let writing = at_once(&mut writer);
    assert!(poll(&mut late_reader).is_pending());
    drop(writing);
    assert_eq!(*at_once(&mut late_reader), 7);
}

#[test]
fn all_readers_between_two_writers_read_together() {
    let lines = timed_log_of(async |log| {
        let lock = Rc::new(RwLock::new(()));
        let tasks = ["read a", "write b", "read c", "read d", "write e", "read f"].map(|name| {
            let (lock, log) = (Rc::clone(&lock), log.clone());
            spawn(async move {
                if name.starts_with("read") {
                    let _guard = lock.read().await;
                    log.say(name);
                    sleep(SECOND).await;
                } else {
                    let _guard = lock.write().await;
                    log.say(name);
                    sleep(SECOND).await;
                }
            })
        });
        gather(tasks).await.unwrap();
    });
    assert_eq!(
        lines,
        ["read a at 0", "write b at 1", "read c at 2", "read d at 2", "write e at 3", "read f at 4"],
    );
}

#[test]
fn a_writer_that_gives_up_lets_the_readers_behind_it_through() {
    let lock = RwLock::new(7);
    let _reading = at_once(lock.read());
    let writer = begun(lock.write());
    let mut readers = [0; 3].map(|_| begun(lock.read()));
    drop(writer);
    let _together = readers.each_mut().map(at_once);
}

#[test]
fn a_writer_dropped_after_it_was_woken_passes_the_lock_on() {
    let lock = RwLock::new(7);
    let reading = at_once(lock.read());
    let writer = begun(lock.write());
    let mut readers = [0; 3].map(|_| begun(lock.read()));
    drop(reading);
    assert!(poll(&mut readers[0]).is_pending(), "it is the writer's, who has not run yet");
    drop(writer);
    let _together = readers.each_mut().map(at_once);
}

#[test]
fn a_reader_dropped_after_it_was_woken_leaves_the_lock_to_the_writer_behind_it() {
    let lock = RwLock::new(7);
    let writing = at_once(lock.write());
    let (reader, mut writer) = (begun(lock.read()), begun(lock.write()));
    drop(writing);
    assert!(poll(&mut writer).is_pending());
    drop(reader);
    *at_once(writer) += 1;
    assert_eq!(lock.into_inner(), 8);
}

#[test]
fn a_reader_that_asks_again_behind_a_waiting_writer_waits_for_itself() {
    run(async {
        let lock = RwLock::new(7);
        let reading = lock.read().await;
        let writer = begun(lock.write());
        assert!(timeout(SECOND, lock.read()).await.is_err(), "as with any fair lock");
        drop((reading, writer));
    });
}

// Values and wakers.

#[test]
fn a_value_is_dropped_once_and_with_the_lock() {
    let log = Log::default();
    let lock = RwLock::new(SaysOnDrop(log.clone(), "dropped"));
    drop(at_once(lock.read()));
    drop(at_once(lock.write()));
    assert_eq!(log.count(""), 0);
    drop(lock);
    assert_eq!(log.take(), ["dropped"]);
}

#[test]
fn who_panics_as_it_writes_leaves_the_lock_free_and_the_value_as_it_is() {
    run(async {
        let lock = Rc::new(RwLock::new(0));
        let theirs = Rc::clone(&lock);
        let task = spawn(async move {
            *theirs.write().await = 7;
            let _reading = theirs.read().await;
            panic!("no bread");
        });
        task.await.unwrap_err();
        assert_eq!(*lock.try_write().unwrap(), 7);
    });
}

#[test]
fn a_waker_may_use_the_lock_when_it_is_woken_and_as_it_is_dropped() {
    let lock = Arc::new(RwLock::new(0));
    let theirs = Arc::clone(&lock);
    let waker = waker_that(move || drop(theirs.try_read()));
    let writing = at_once(lock.write());
    let mut reader = Box::pin(lock.read());
    assert!(poll_with(&mut reader, &waker).is_pending());
    drop(waker);
    drop(writing);
    assert_eq!(*at_once(reader), 0);
}

// Hogs.

#[test]
fn a_task_that_reads_and_writes_without_end_lets_others_run() {
    run(async {
        let work = async {
            let lock = RwLock::new(0);
            for _ in 0..5_000 {
                *lock.write().await += 1;
                assert!(*lock.read().await > 0);
            }
        };
        let turns = turns_beside(work).await;
        assert!(turns >= 10_000 / 128, "{turns} turns");
    });
}

// Threads.

#[test]
fn threads_that_contend_for_it_count_right() {
    let lock = Arc::new(RwLock::new((0_u32, 0_u32)));
    let threads: Vec<_> = (0..4)
        .map(|n| {
            let lock = Arc::clone(&lock);
            thread::spawn(move || {
                for _ in 0..1_000 {
                    if n % 2 == 0 {
                        let mut both = block_on(lock.write());
                        both.0 += 1;
                        both.1 += 1;
                    } else {
                        let both = block_on(lock.read());
                        assert_eq!(both.0, both.1);
                    }
                }
            })
        })
        .collect();
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    assert_eq!(*at_once(lock.read()), (2_000, 2_000));
}

#[test]
#[cfg_attr(miri, ignore = "the library behind the pool's queues is unsound in the eyes of Miri")]
fn in_tasks_of_a_pool_a_writer_is_alone_and_readers_are_not() {
    let pool = ThreadPool::new(4).unwrap();
    let (lock, readers) = (Arc::new(RwLock::new(0_u32)), Arc::new(AtomicUsize::new(0)));
    let tasks: Vec<_> = (0..100)
        .map(|n| {
            let (lock, readers) = (Arc::clone(&lock), Arc::clone(&readers));
            pool.spawn(async move {
                for _ in 0..20 {
                    if n % 4 == 0 {
                        let mut count = lock.write().await;
                        assert_eq!(readers.load(SeqCst), 0);
                        let read = *count;
                        yield_now().await;
                        *count = read + 1;
                    } else {
                        let count = lock.read().await;
                        let before = *count;
                        readers.fetch_add(1, SeqCst);
                        yield_now().await;
                        readers.fetch_sub(1, SeqCst);
                        assert_eq!(*count, before);
                    }
                }
            })
        })
        .collect();
    block_on(gather(tasks)).unwrap();
    assert_eq!(*at_once(lock.read()), 25 * 20);
}
