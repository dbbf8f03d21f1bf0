//! `Semaphore`: so many at once, and the others in line.
#![allow(clippy::unwrap_used, reason = "a test may")]

mod support;

use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::task::{Poll, RawWaker, RawWakerVTable, Waker};
use std::thread;

use step2::{block_on, yield_now};
use step3::{sleep, timeout};
use step4::{ThreadPool, gather, spawn};
use step6::{Acquire, Permit, Semaphore};
use support::{
    SECOND, Wakes, at_once, begun, log_of, panic_of, poll, poll_with, run, timed_log_of, turns, turns_beside,
    waker_that,
};

// So many at once.

#[test]
fn as_many_go_on_at_once_as_there_are_permits() {
    let lines = timed_log_of(async |log| {
        let semaphore = Arc::new(Semaphore::new(2));
        let tasks = ["a", "b", "c", "d", "e"].map(|name| {
            let (semaphore, log) = (Arc::clone(&semaphore), log.clone());
            spawn(async move {
                let _permit = semaphore.acquire().await;
                log.say(name);
                sleep(SECOND).await;
            })
        });
        gather(tasks).await.unwrap();
    });
    assert_eq!(lines, ["a at 0", "b at 0", "c at 1", "d at 1", "e at 2"]);
}

#[test]
fn a_permit_comes_back_when_its_guard_is_dropped() {
    let semaphore = Semaphore::new(1);
    let permit = at_once(semaphore.acquire());
    assert_eq!(semaphore.free(), 0);
    drop(permit);
    assert_eq!(semaphore.free(), 1);
}

#[test]
fn a_permit_comes_back_when_its_holder_panics() {
    run(async {
        let semaphore = Arc::new(Semaphore::new(1));
        let theirs = Arc::clone(&semaphore);
        let holder = spawn(async move {
            let _permit = theirs.acquire().await;
            panic!("no bread");
        });
        let waiter = spawn(Arc::clone(&semaphore).acquire_owned());
        holder.await.unwrap_err();
        drop(waiter.await.unwrap());
        assert_eq!(semaphore.free(), 1);
    });
}

#[test]
fn a_permit_comes_back_when_its_holder_is_aborted() {
    run(async {
        let semaphore = Arc::new(Semaphore::new(1));
        let theirs = Arc::clone(&semaphore);
        let holder = spawn(async move {
            let _permit = theirs.acquire().await;
            std::future::pending::<()>().await;
        });
        yield_now().await;
        assert_eq!(semaphore.free(), 0);
        holder.abort();
        let _permit = semaphore.acquire().await;
    });
}

#[test]
fn a_permit_that_is_forgotten_does_not_come_back() {
    let semaphore = Semaphore::new(2);
    at_once(semaphore.acquire()).forget();
    assert_eq!(semaphore.free(), 1);
}

#[test]
fn what_is_added_may_be_more_than_there_was_at_first() {
    let semaphore = Semaphore::new(0);
    let mut waiters = [0; 3].map(|_| begun(semaphore.acquire()));
    semaphore.add(5);
    let _permits = waiters.each_mut().map(at_once);
    assert_eq!(semaphore.free(), 2);
}

#[test]
fn several_permits_are_taken_and_given_together() {
    let semaphore = Semaphore::new(3);
    let three = at_once(semaphore.acquire_many(3));
    assert!(semaphore.try_acquire().is_none());
    drop(three);
    assert_eq!(semaphore.free(), 3);
    assert!(semaphore.try_acquire_many(4).is_none(), "never so many");
    assert!(semaphore.try_acquire_many(3).is_some());
}

#[test]
fn no_permits_at_all_are_there_at_once_if_nobody_waits() {
    let semaphore = Semaphore::new(0);
    drop(at_once(semaphore.acquire_many(0)));
    let _waiting = begun(semaphore.acquire());
    let _behind_it = begun(semaphore.acquire_many(0));
}

// First in, first out.

#[test]
fn permits_go_to_the_waiters_in_the_order_in_which_they_came() {
    let lines = log_of(async |log| {
        let semaphore = Arc::new(Semaphore::new(0));
        let tasks = ["a", "b", "c"].map(|name| {
            let (semaphore, log) = (Arc::clone(&semaphore), log.clone());
            spawn(async move {
                semaphore.acquire().await.forget();
                log.say(name);
            })
        });
        yield_now().await;
        for _ in 0..3 {
            semaphore.add(1);
            turns(2).await;
            log.say("next");
        }
        gather(tasks).await.unwrap();
    });
    assert_eq!(lines, ["a", "next", "b", "next", "c", "next"]);
}

#[test]
fn a_newcomer_does_not_pass_those_who_were_woken_and_have_not_run() {
    let semaphore = Semaphore::new(1);
    let permit = at_once(semaphore.acquire());
    let waiter = begun(semaphore.acquire());
    drop(permit);
    assert!(semaphore.try_acquire().is_none(), "it is the waiter's, who has not run yet");
    let mut newcomer = begun(semaphore.acquire());
    drop(at_once(waiter));
    drop(at_once(&mut newcomer));
}

#[test]
fn a_newcomer_does_not_pass_those_who_wait_for_more_than_there_is() {
    let semaphore = Semaphore::new(1);
    let front = begun(semaphore.acquire_many(2));
    assert_eq!(semaphore.free(), 1);
    assert!(semaphore.try_acquire().is_none());
    let mut behind = begun(semaphore.acquire());
    semaphore.add(1);
    drop(at_once(front));
    drop(at_once(&mut behind));
}

#[test]
fn who_holds_a_permit_and_asks_again_stands_behind_those_who_wait() {
    let lines = log_of(async |log| {
        let semaphore = Arc::new(Semaphore::new(1));
        let tasks = ["a", "b"].map(|name| {
            let (semaphore, log) = (Arc::clone(&semaphore), log.clone());
            spawn(async move {
                for _ in 0..3 {
                    let _permit = semaphore.acquire().await;
                    log.say(name);
                    yield_now().await;
                }
            })
        });
        gather(tasks).await.unwrap();
    });
    assert_eq!(lines, ["a", "b", "a", "b", "a", "b"]);
}

#[test]
fn a_waiter_that_asks_for_many_blocks_those_behind_it_until_it_leaves() {
    let semaphore = Semaphore::new(2);
    let front = begun(semaphore.acquire_many(3));
    let (mut one, mut two) = (begun(semaphore.acquire()), begun(semaphore.acquire()));
    assert!(poll(&mut one).is_pending() && poll(&mut two).is_pending());
    drop(front);
    let _permits = (at_once(&mut one), at_once(&mut two));
    assert_eq!(semaphore.free(), 0);
}

#[test]
fn a_waiter_is_woken_once_for_all_it_wants_and_not_for_a_part_of_it() {
    let (semaphore, wakes) = (Semaphore::new(0), Arc::<Wakes>::default());
    let mut waiter = Box::pin(semaphore.acquire_many(3));
    assert!(poll_with(&mut waiter, &wakes.waker()).is_pending());
    semaphore.add(1);
    semaphore.add(1);
    assert_eq!(wakes.take(), 0);
    semaphore.add(1);
    assert_eq!(wakes.take(), 1);
    drop(at_once(&mut waiter));
}

// Waiters that give up.

#[test]
fn a_waiter_that_has_given_up_is_skipped() {
    let semaphore = Semaphore::new(0);
    let (mut first, second, mut third) =
        (begun(semaphore.acquire()), begun(semaphore.acquire()), begun(semaphore.acquire()));
    drop(second);
    semaphore.add(2);
    let _permits = (at_once(&mut first), at_once(&mut third));
}

#[test]
fn a_waiter_dropped_after_it_was_woken_passes_its_permit_on() {
    let (semaphore, wakes) = (Semaphore::new(0), Arc::<Wakes>::default());
    let first = begun(semaphore.acquire());
    let mut second = Box::pin(semaphore.acquire());
    assert!(poll_with(&mut second, &wakes.waker()).is_pending());
    semaphore.add(1);
    assert_eq!(wakes.take(), 0);
    drop(first);
    assert_eq!(wakes.take(), 1);
    drop(at_once(&mut second));
    assert_eq!(semaphore.free(), 1);
}

#[test]
fn the_last_waiter_dropped_after_it_was_woken_leaves_its_permit_free() {
    let semaphore = Semaphore::new(0);
    let waiter = begun(semaphore.acquire());
    semaphore.add(1);
    assert_eq!(semaphore.free(), 0);
    drop(waiter);
    assert_eq!(semaphore.free(), 1);
}

#[test]
fn a_waiter_of_many_dropped_after_it_was_woken_passes_them_on_to_as_many_as_they_suffice_for() {
    let semaphore = Semaphore::new(0);
    let many = begun(semaphore.acquire_many(3));
    let mut others = [0; 4].map(|_| begun(semaphore.acquire()));
    semaphore.add(3);
    drop(many);
    let [a, b, c, d] = &mut others;
    let _permits = [a, b, c].map(at_once);
    assert!(poll(d).is_pending());
}

#[test]
fn a_task_aborted_after_it_was_woken_passes_its_permit_on() {
    let lines = log_of(async |log| {
        let semaphore = Arc::new(Semaphore::new(0));
        let [first, second] = ["first", "second"].map(|name| {
            let (semaphore, log) = (Arc::clone(&semaphore), log.clone());
            spawn(async move {
                let _permit = semaphore.acquire().await;
                log.say(name);
            })
        });
        yield_now().await;
        semaphore.add(1);
        first.abort();
        second.await.unwrap();
        first.await.unwrap_err();
    });
    assert_eq!(lines, ["second"]);
}

#[test]
fn a_waiter_that_times_out_costs_nobody_anything() {
    run(async {
        let semaphore = Semaphore::new(1);
        let permit = semaphore.acquire().await;
        assert!(timeout(SECOND, semaphore.acquire()).await.is_err());
        drop(permit);
        assert_eq!(semaphore.free(), 1);
    });
}

#[test]
fn a_future_dropped_before_its_first_poll_never_stood_in_line() {
    let semaphore = Semaphore::new(0);
    let unpolled = semaphore.acquire();
    let mut waiter = begun(semaphore.acquire());
    drop(unpolled);
    semaphore.add(1);
    drop(at_once(&mut waiter));
    assert_eq!(semaphore.free(), 1);
}

#[test]
fn the_place_in_line_is_taken_at_the_first_poll() {
    let semaphore = Semaphore::new(0);
    let mut made_first = Box::pin(semaphore.acquire());
    let mut polled_first = begun(semaphore.acquire());
    assert!(poll(&mut made_first).is_pending());
    semaphore.add(1);
    assert!(poll(&mut made_first).is_pending());
    drop(at_once(&mut polled_first));
}

// As a future.

#[test]
fn only_the_latest_waker_is_woken() {
    let (semaphore, wakes, later_wakes) =
        (Semaphore::new(0), Arc::<Wakes>::default(), Arc::<Wakes>::default());
    let mut waiter = Box::pin(semaphore.acquire());
    assert!(poll_with(&mut waiter, &wakes.waker()).is_pending());
    assert!(poll_with(&mut waiter, &later_wakes.waker()).is_pending());
    semaphore.add(1);
    assert_eq!((wakes.take(), later_wakes.take()), (0, 1));
}

#[test]
fn a_poll_without_a_wake_changes_nothing() {
    let semaphore = Semaphore::new(0);
    let (mut first, mut second) = (begun(semaphore.acquire()), begun(semaphore.acquire()));
    for _ in 0..3 {
        assert!(poll(&mut second).is_pending() && poll(&mut first).is_pending());
    }
    semaphore.add(1);
    assert!(poll(&mut second).is_pending(), "it keeps its place");
    drop(at_once(&mut first));
}

#[test]
fn polled_after_it_was_ready_it_panics() {
    let semaphore = Semaphore::new(2);
    let mut acquire: Acquire<&Semaphore> = semaphore.acquire();
    drop(at_once(&mut acquire));
    let panic = panic_of(|| drop(poll(&mut acquire)));
    assert_eq!(panic, "`Acquire` was polled after it had returned Ready");
    assert_eq!(semaphore.free(), 2);
}

#[test]
fn it_needs_no_loop() {
    let semaphore = Arc::new(Semaphore::new(0));
    let theirs = Arc::clone(&semaphore);
    let other = thread::spawn(move || theirs.add(1));
    block_on(semaphore.acquire()).forget();
    other.join().unwrap();
}

// Wakers are called, and dropped, without the lock. Each of these would wait for itself for ever.

#[test]
fn a_waker_may_use_the_semaphore_when_it_is_woken() {
    let (semaphore, seen) = (Arc::new(Semaphore::new(0)), Arc::new(AtomicUsize::new(0)));
    let (theirs, count) = (Arc::clone(&semaphore), Arc::clone(&seen));
    let waker = waker_that(move || {
        count.fetch_add(1 + theirs.free(), SeqCst);
    });
    let mut waiter = Box::pin(Arc::clone(&semaphore).acquire_owned());
    assert!(poll_with(&mut waiter, &waker).is_pending());
    semaphore.add(2);
    assert_eq!(seen.load(SeqCst), 2, "one free, counted once");
}

/// Returns a waker that uses the semaphore when it is dropped.
fn waker_that_uses(semaphore: &Arc<Semaphore>) -> Waker {
    let theirs = Arc::clone(semaphore);
    waker_that(move || drop(theirs.try_acquire()))
}

#[test]
fn a_waker_that_is_replaced_may_use_the_semaphore_as_it_is_dropped() {
    let semaphore = Arc::new(Semaphore::new(0));
    let mut waiter = Box::pin(semaphore.acquire());
    assert!(poll_with(&mut waiter, &waker_that_uses(&semaphore)).is_pending());
    assert!(poll(&mut waiter).is_pending());
}

#[test]
fn the_waker_of_a_waiter_that_gives_up_may_use_the_semaphore_as_it_is_dropped() {
    let semaphore = Arc::new(Semaphore::new(0));
    let mut waiter = Box::pin(semaphore.acquire());
    assert!(poll_with(&mut waiter, &waker_that_uses(&semaphore)).is_pending());
    drop(waiter);
}

#[test]
fn a_waker_that_is_not_needed_may_use_the_semaphore_as_it_is_dropped() {
    let semaphore = Arc::new(Semaphore::new(1));
    let mut waiter = Box::pin(semaphore.acquire());
    let waker = waker_that_uses(&semaphore);
    let Poll::Ready(permit) = poll_with(&mut waiter, &waker) else { unreachable!("it is free") };
    drop((permit, waker));
}

#[test]
fn a_waker_that_panics_harms_nobody_behind_it() {
    let semaphore = Semaphore::new(0);
    let mut first = Box::pin(semaphore.acquire());
    let panics = waker_that(|| {
        if !thread::panicking() {
            panic!("reported, and no more");
        }
    });
    assert!(poll_with(&mut first, &panics).is_pending());
    drop(panics); // The waiter has another.
    let mut second = begun(semaphore.acquire());
    semaphore.add(2);
    drop((at_once(&mut first), at_once(&mut second)));
    assert_eq!(semaphore.free(), 2);
}

/// Its waker used to be dropped before the next one was called, which then had its permit and never heard of it.
#[test]
fn a_waiter_that_gives_up_and_whose_waker_panics_lets_the_next_one_go_first() {
    let (semaphore, wakes) = (Semaphore::new(1), Arc::new(Wakes::default()));
    let mut front = Box::pin(semaphore.acquire_many(2));
    let panics = waker_that(|| panic!("no bread"));
    assert!(poll_with(&mut front, &panics).is_pending());
    drop(panics); // The last one stands in the line.
    let mut next = Box::pin(semaphore.acquire());
    assert!(poll_with(&mut next, &wakes.waker()).is_pending());
    assert_eq!(panic_of(|| drop(front)), "no bread");
    assert_eq!(wakes.take(), 1);
    drop(at_once(&mut next));
    assert_eq!(semaphore.free(), 1);
}

/// What a waker does while it is cloned, once; and whether it panics when it is dropped, once.
#[derive(Default)]
struct Tricks {
    when_cloned: Cell<Option<Box<dyn FnOnce()>>>,
    panics_when_dropped: Cell<bool>,
}

thread_local! {
    static TRICKS: Tricks = Tricks::default();
}

/// Makes a waker that has those tricks. `Wake` has no say in how its `Arc` is cloned, so this has a table of its own.
#[allow(unsafe_code, reason = "a waker that is cloned by a function of its own")]
fn tricky_waker() -> Waker {
    fn clone(data: *const ()) -> RawWaker {
        TRICKS.with(|tricks| tricks.when_cloned.take()).into_iter().for_each(|trick| trick());
        RawWaker::new(data, &TABLE)
    }
    fn drop(_: *const ()) {
        assert!(!TRICKS.with(|tricks| tricks.panics_when_dropped.take()), "no bread");
    }
    const TABLE: RawWakerVTable = RawWakerVTable::new(clone, drop, |_| (), drop);
    // SAFETY: the functions do nothing with the data, so they may be called with any, on any thread.
    unsafe { Waker::new(std::ptr::null(), &TABLE) }
}

/// It comes free while the waker is cloned, so the clone is not needed: the permit was on its way to the caller as that was
/// dropped, and Rust forgets such a value if there is a panic just then.
#[test]
fn a_permit_that_comes_as_the_waker_is_cloned_is_not_lost_if_the_clone_panics_as_it_is_dropped() {
    let semaphore = Arc::new(Semaphore::new(1));
    let taken = at_once(Arc::clone(&semaphore).acquire_owned());
    let mut acquire = Box::pin(semaphore.acquire());
    let waker = tricky_waker();
    TRICKS.with(|tricks| {
        tricks.when_cloned.set(Some(Box::new(move || drop(taken))));
        tricks.panics_when_dropped.set(true);
    });
    assert_eq!(panic_of(|| drop(poll_with(&mut acquire, &waker))), "no bread");
    drop(acquire);
    assert_eq!(semaphore.free(), 1);
}

// Hogs.

#[test]
fn a_task_that_acquires_and_releases_without_end_lets_others_run() {
    run(async {
        let work = async {
            let semaphore = Semaphore::new(1);
            for _ in 0..10_000 {
                drop(semaphore.acquire().await);
            }
        };
        let turns = turns_beside(work).await;
        assert!(turns >= 10_000 / 128, "{turns} turns");
    });
}

// Threads.

#[test]
fn an_owned_permit_may_go_to_another_thread_and_outlive_everyone_else() {
    run(async {
        let semaphore = Arc::new(Semaphore::new(1));
        let permit: Permit<Arc<Semaphore>> = Arc::clone(&semaphore).acquire_owned().await;
        let waiting = spawn(Arc::clone(&semaphore).acquire_owned());
        yield_now().await;
        let other = thread::spawn(move || drop(permit));
        drop(waiting.await.unwrap());
        other.join().unwrap();
        assert_eq!(semaphore.free(), 1);
    });
}

#[test]
#[cfg_attr(miri, ignore = "the library behind the pool's queues is unsound in the eyes of Miri")]
fn tasks_of_a_pool_are_never_more_at_once_than_there_are_permits() {
    const PERMITS: usize = 3;
    let pool = ThreadPool::new(4).unwrap();
    let semaphore = Arc::new(Semaphore::new(PERMITS));
    let (inside, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let tasks: Vec<_> = (0..200)
        .map(|n| {
            let (semaphore, inside, most) = (Arc::clone(&semaphore), Arc::clone(&inside), Arc::clone(&most));
            pool.spawn(async move {
                for _ in 0..20 {
                    let wants = 1 + n % PERMITS;
                    let _permits = semaphore.acquire_many(wants).await;
                    most.fetch_max(inside.fetch_add(wants, SeqCst) + wants, SeqCst);
                    yield_now().await;
                    inside.fetch_sub(wants, SeqCst);
                }
            })
        })
        .collect();
    block_on(gather(tasks)).unwrap();
    assert_eq!((semaphore.free(), inside.load(SeqCst)), (PERMITS, 0));
    assert!(most.load(SeqCst) <= PERMITS);
}

#[test]
#[cfg_attr(miri, ignore = "the library behind the pool's queues is unsound in the eyes of Miri")]
fn waiters_aborted_on_the_threads_of_a_pool_lose_no_permit() {
    let pool = ThreadPool::new(2).unwrap();
    let semaphore = Arc::new(Semaphore::new(2));
    for _ in 0..200 {
        let tasks: Vec<_> = (0..8)
            .map(|_| {
                let semaphore = Arc::clone(&semaphore);
                pool.spawn(async move {
                    let _permit = semaphore.acquire().await;
                    yield_now().await;
                })
            })
            .collect();
        for task in tasks.iter().step_by(2) {
            task.abort();
        }
        for task in tasks {
            drop(block_on(task));
        }
        assert_eq!(semaphore.free(), 2);
    }
}
