//! `Event` and `Barrier`: waiting for a flag, and for each other.
#![allow(clippy::unwrap_used, reason = "a test may")]

mod support;

use std::collections::BTreeSet;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::thread;

use step2::{block_on, yield_now};
use step3::{now, sleep, timeout};
use step4::{ThreadPool, gather, spawn};
use step6::{Barrier, Event};
use support::{
    SECOND, Wakes, at_once, begun, log_of, panic_of, poll, poll_with, run, timed_log_of, turns, waker_that,
};

// Event.

#[test]
fn an_event_that_is_set_is_not_waited_for() {
    let event = Event::new();
    assert!(!event.is_set());
    event.set();
    assert!(event.is_set());
    at_once(event.wait());
    at_once(event.wait());
}

#[test]
fn setting_it_lets_all_go_who_wait_in_the_order_in_which_they_came() {
    let lines = timed_log_of(async |log| {
        let event = Rc::new(Event::new());
        let tasks = ["a", "b", "c"].map(|name| {
            let (event, log) = (Rc::clone(&event), log.clone());
            spawn(async move {
                event.wait().await;
                log.say(name);
            })
        });
        sleep(SECOND).await;
        event.set();
        gather(tasks).await.unwrap();
    });
    assert_eq!(lines, ["a at 1", "b at 1", "c at 1"]);
}

#[test]
fn set_and_cleared_at_once_it_lets_go_those_who_waited_and_no_others() {
    let event = Event::new();
    let mut waiters = [0; 3].map(|_| begun(event.wait()));
    let mut unpolled = Box::pin(event.wait());
    event.set();
    event.clear();
    assert!(!event.is_set());
    waiters.iter_mut().for_each(at_once);
    assert!(poll(&mut unpolled).is_pending(), "it begins to wait when it is polled");
}

#[test]
fn who_comes_after_it_was_cleared_waits_for_the_next_time() {
    let event = Event::new();
    event.set();
    event.clear();
    let mut waiter = begun(event.wait());
    event.set();
    at_once(&mut waiter);
}

#[test]
fn setting_it_twice_wakes_once() {
    let (event, wakes) = (Event::new(), Arc::<Wakes>::default());
    let mut waiter = Box::pin(event.wait());
    assert!(poll_with(&mut waiter, &wakes.waker()).is_pending());
    event.set();
    event.set();
    assert_eq!(wakes.take(), 1);
}

#[test]
fn a_waiter_that_has_given_up_is_not_woken() {
    let (event, wakes) = (Event::new(), Arc::<Wakes>::default());
    let mut waiter = Box::pin(event.wait());
    assert!(poll_with(&mut waiter, &wakes.waker()).is_pending());
    drop(waiter);
    event.set();
    assert_eq!(wakes.take(), 0);
    assert_eq!(Arc::strong_count(&wakes), 1, "its waker is gone");
}

#[test]
fn only_the_latest_waker_is_woken_by_an_event() {
    let (event, wakes, later_wakes) = (Event::new(), Arc::<Wakes>::default(), Arc::<Wakes>::default());
    let mut waiter = Box::pin(event.wait());
    assert!(poll_with(&mut waiter, &wakes.waker()).is_pending());
    assert!(poll_with(&mut waiter, &later_wakes.waker()).is_pending());
    event.set();
    assert_eq!((wakes.take(), later_wakes.take()), (0, 1));
}

#[test]
fn a_waker_may_use_the_event_when_it_is_woken_and_as_it_is_dropped() {
    let event = Arc::new(Event::new());
    let uses = || {
        let theirs = Arc::clone(&event);
        waker_that(move || drop(format!("{theirs:?}")))
    };
    let (mut woken, mut dropped) = (Box::pin(event.wait()), Box::pin(event.wait()));
    assert!(poll_with(&mut woken, &uses()).is_pending());
    assert!(poll_with(&mut woken, &uses()).is_pending());
    assert!(poll_with(&mut dropped, &uses()).is_pending());
    drop(dropped);
    event.set();
    assert!(poll_with(&mut woken, &uses()).is_ready());
}

#[test]
fn a_waker_that_panics_harms_no_other_waiter() {
    let (event, wakes) = (Event::new(), Arc::<Wakes>::default());
    let panics = waker_that(|| {
        if !thread::panicking() {
            panic!("reported, and no more");
        }
    });
    let (mut first, mut second) = (Box::pin(event.wait()), Box::pin(event.wait()));
    assert!(poll_with(&mut first, &panics).is_pending());
    drop(panics); // The waiter has another.
    assert!(poll_with(&mut second, &wakes.waker()).is_pending());
    event.set();
    assert_eq!(wakes.take(), 1);
}

#[test]
fn an_event_is_set_from_another_thread() {
    let event = Arc::new(Event::new());
    let theirs = Arc::clone(&event);
    let other = thread::spawn(move || theirs.set());
    block_on(event.wait());
    other.join().unwrap();
}

#[test]
fn a_waiter_that_times_out_leaves_the_others_waiting() {
    run(async {
        let event = Rc::new(Event::new());
        let theirs = Rc::clone(&event);
        let other = spawn(async move {
            theirs.wait().await;
            now()
        });
        assert!(timeout(SECOND, event.wait()).await.is_err());
        sleep(SECOND).await;
        event.set();
        assert_eq!(other.await.unwrap(), 2 * SECOND);
    });
}

// Barrier.

#[test]
fn a_barrier_lets_all_go_when_the_last_one_comes_and_says_who_came_when() {
    let lines = timed_log_of(async |log| {
        let barrier = Rc::new(Barrier::new(3));
        let tasks = [1, 3, 2].map(|seconds| {
            let (barrier, log) = (Rc::clone(&barrier), log.clone());
            spawn(async move {
                sleep(seconds * SECOND).await;
                let place = barrier.wait().await;
                log.say(format_args!("place {place}, after {seconds}"));
            })
        });
        gather(tasks).await.unwrap();
    });
    assert_eq!(lines, ["place 2, after 3 at 3", "place 0, after 1 at 3", "place 1, after 2 at 3"]);
}

#[test]
fn a_barrier_for_one_lets_everyone_go() {
    let barrier = Barrier::new(1);
    assert_eq!((at_once(barrier.wait()), at_once(barrier.wait())), (0, 0));
}

#[test]
fn a_barrier_for_nobody_is_refused() {
    assert_eq!(panic_of(|| Barrier::new(0)), "a barrier needs somebody to wait for");
}

#[test]
fn a_barrier_is_used_again() {
    let lines = log_of(async |log| {
        let barrier = Rc::new(Barrier::new(2));
        let tasks = ["a", "b"].map(|name| {
            let (barrier, log) = (Rc::clone(&barrier), log.clone());
            spawn(async move {
                for round in 0..3 {
                    let place = barrier.wait().await;
                    log.say(format_args!("round {round}: {name} in place {place}"));
                }
            })
        });
        gather(tasks).await.unwrap();
    });
    // Whoever comes last goes on at once, and is the first of the next round.
    assert_eq!(
        lines,
        [
            "round 0: b in place 1",
            "round 0: a in place 0",
            "round 1: a in place 1",
            "round 1: b in place 0",
            "round 2: b in place 1",
            "round 2: a in place 0",
        ],
    );
}

#[test]
fn who_comes_before_those_released_have_run_waits_for_the_next_round() {
    let barrier = Barrier::new(2);
    let mut first = begun(barrier.wait());
    assert_eq!(at_once(barrier.wait()), 1);
    let mut next = begun(barrier.wait());
    assert_eq!(at_once(&mut first), 0);
    assert!(poll(&mut next).is_pending());
    assert_eq!(at_once(barrier.wait()), 1);
    assert_eq!(at_once(&mut next), 0);
}

#[test]
fn a_waiter_that_has_given_up_is_not_counted() {
    let barrier = Barrier::new(3);
    let (first, mut second) = (begun(barrier.wait()), begun(barrier.wait()));
    drop(first);
    let mut third = begun(barrier.wait());
    assert_eq!(at_once(barrier.wait()), 2);
    assert_eq!((at_once(&mut second), at_once(&mut third)), (0, 1));
}

#[test]
fn a_waiter_dropped_after_it_was_released_holds_up_nobody() {
    let barrier = Barrier::new(2);
    let first = begun(barrier.wait());
    assert_eq!(at_once(barrier.wait()), 1);
    drop(first);
    let mut next = begun(barrier.wait());
    assert_eq!((at_once(barrier.wait()), at_once(&mut next)), (1, 0));
}

#[test]
fn a_task_that_is_aborted_at_a_barrier_is_not_counted() {
    run(async {
        let barrier = Rc::new(Barrier::new(2));
        let waiter = || {
            let barrier = Rc::clone(&barrier);
            spawn(async move { barrier.wait().await })
        };
        let (aborted, stays) = (waiter(), waiter());
        // Before either has run: the first one never comes.
        aborted.abort();
        turns(2).await;
        assert!(!stays.is_finished());
        assert_eq!(barrier.wait().await, 1);
        assert_eq!(stays.await.unwrap(), 0);
    });
}

#[test]
fn a_waker_may_use_the_barrier_when_it_is_woken_and_as_it_is_dropped() {
    let barrier = Arc::new(Barrier::new(3));
    let uses = || {
        let theirs = Arc::clone(&barrier);
        waker_that(move || drop(format!("{theirs:?}")))
    };
    let (mut woken, mut dropped) = (Box::pin(barrier.wait()), Box::pin(barrier.wait()));
    assert!(poll_with(&mut woken, &uses()).is_pending());
    assert!(poll_with(&mut woken, &uses()).is_pending());
    assert!(poll_with(&mut dropped, &uses()).is_pending());
    drop(dropped);
    let mut other = begun(barrier.wait());
    assert_eq!(at_once(barrier.wait()), 2);
    assert!(poll_with(&mut woken, &uses()).is_ready());
    assert_eq!(at_once(&mut other), 1);
}

#[test]
fn only_the_latest_waker_is_woken_by_a_barrier() {
    let (barrier, wakes, later_wakes) = (Barrier::new(2), Arc::<Wakes>::default(), Arc::<Wakes>::default());
    let mut waiter = Box::pin(barrier.wait());
    assert!(poll_with(&mut waiter, &wakes.waker()).is_pending());
    assert!(poll_with(&mut waiter, &later_wakes.waker()).is_pending());
    assert_eq!(at_once(barrier.wait()), 1);
    assert_eq!((wakes.take(), later_wakes.take()), (0, 1));
}

#[test]
#[cfg_attr(miri, ignore = "the library behind the pool's queues is unsound in the eyes of Miri")]
fn tasks_of_a_pool_meet_at_a_barrier_round_after_round() {
    const PARTIES: usize = 6;
    let pool = ThreadPool::new(3).unwrap();
    let (barrier, come) = (Arc::new(Barrier::new(PARTIES)), Arc::new(AtomicUsize::new(0)));
    let tasks: Vec<_> = (0..PARTIES)
        .map(|_| {
            let (barrier, come) = (Arc::clone(&barrier), Arc::clone(&come));
            pool.spawn(async move {
                let mut places = Vec::new();
                for round in 1..=50 {
                    come.fetch_add(1, SeqCst);
                    places.push(barrier.wait().await);
                    assert!(come.load(SeqCst) >= round * PARTIES, "nobody goes before all have come");
                    yield_now().await;
                }
                places
            })
        })
        .collect();
    let places = block_on(gather(tasks)).unwrap();
    for round in 0..50 {
        let of_round: BTreeSet<_> = places.iter().map(|places| places[round]).collect();
        assert_eq!(of_round, (0..PARTIES).collect());
    }
}
