//! The lock under the model checker: every interleaving of those who take it, ask for it, let go of it and leave calls.
//!
//! `CARGO_TARGET_DIR=target/loom cargo test -p step7 --features loom --test loom --release`. In the model there is no time:
//! who waits, asks at once. A lost hand-over shows as a deadlock. What is written under the lock is written `Relaxed`, so
//! that only the lock can make it visible.
#![cfg(feature = "loom")]
#![allow(clippy::unwrap_used, reason = "a test may")]

use std::sync::atomic::AtomicBool as Seen;
use std::sync::{Arc, Weak};

use loom::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use loom::thread::{self, JoinHandle};
use step2::{ThreadPark, drive, oneshot};
use step7::{DROP_REQUEST, Gil, GilPark, Handoff, Plain, Policy, Value};

/// Checks all interleavings of so many preemptions at most.
fn model_with(preemptions: usize, f: impl Fn() + Sync + Send + 'static) {
    let mut model = loom::model::Builder::new();
    model.preemption_bound = Some(preemptions);
    model.check(f);
}

/// Checks all interleavings of up to three preemptions, which is where bugs are.
fn model(f: impl Fn() + Sync + Send + 'static) {
    model_with(3, f);
}

/// Checks all, and that what `f` returns was true in one of them.
fn model_where_some(f: impl Fn() -> bool + Sync + Send + 'static) {
    let seen = Arc::new(Seen::new(false));
    let saw = Arc::clone(&seen);
    model(move || _ = saw.fetch_or(f(), Relaxed));
    assert!(seen.load(Relaxed), "in no interleaving");
}

/// Counts under the lock, and would lose counts if there were two holders, or if one did not see what the last one wrote.
#[derive(Clone)]
struct Counter(Arc<AtomicUsize>);

impl Counter {
    fn new() -> Self {
        Self(Arc::new(AtomicUsize::new(0)))
    }

    fn add(&self) {
        self.0.store(self.get() + 1, Relaxed);
    }

    fn get(&self) -> usize {
        self.0.load(Relaxed)
    }
}

/// Starts a thread that counts once under the lock, and ends.
fn counting(gil: &Gil, counter: &Counter) -> JoinHandle<()> {
    let (mut thread, counter) = (gil.thread(), counter.clone());
    thread::spawn(move || {
        let _guard = thread.take();
        counter.add();
    })
}

#[test]
fn two_threads_never_hold_it_at_once_and_see_what_the_other_wrote() {
    model(|| {
        let (gil, counter) = (Gil::default(), Counter::new());
        let other = counting(&gil, &counter);
        let mut here = gil.thread();
        for _ in 0..2 {
            let _guard = here.take();
            counter.add();
        }
        other.join().unwrap();
        let _guard = here.take();
        assert_eq!(counter.get(), 3);
    });
}

#[test]
fn three_threads_all_have_their_turn() {
    model_with(2, || {
        let (gil, counter) = (Gil::default(), Counter::new());
        let others = [(); 2].map(|()| counting(&gil, &counter));
        let mut here = gil.thread();
        {
            let _guard = here.take();
            counter.add();
        }
        others.into_iter().for_each(|other| other.join().unwrap());
        let _guard = here.take();
        assert_eq!(counter.get(), 3);
    });
}

#[test]
fn of_two_threads_who_was_asked_comes_back_after_the_other_has_had_it() {
    model_where_some(|| {
        let (gil, counter) = (Gil::default(), Counter::new());
        let mut here = gil.thread();
        let mut guard = here.take();
        let other = counting(&gil, &counter);
        let let_go = guard.check();
        assert_eq!(counter.get(), usize::from(let_go));
        counter.add();
        drop(guard);
        other.join().unwrap();
        let _guard = here.take();
        assert_eq!(counter.get(), 2);
        let_go
    });
}

#[test]
fn two_threads_that_ask_each_other_both_go_on() {
    model(|| {
        let (gil, counter) = (Gil::default(), Counter::new());
        let check_twice = |gil: &Gil| {
            let (mut thread, counter) = (gil.thread(), counter.clone());
            move || {
                let mut guard = thread.take();
                counter.add();
                guard.check();
                counter.add();
            }
        };
        let other = thread::spawn(check_twice(&gil));
        check_twice(&gil)();
        other.join().unwrap();
        let mut here = gil.thread();
        let _guard = here.take();
        assert_eq!(counter.get(), 4);
    });
}

#[test]
fn of_three_threads_who_was_asked_comes_back_after_another_has_had_it() {
    model_with(2, || {
        let (gil, counter) = (Gil::default(), Counter::new());
        let mut here = gil.thread();
        let mut guard = here.take();
        let others = [(); 2].map(|()| counting(&gil, &counter));
        for _ in 0..2 {
            let before = counter.get();
            if guard.check() {
                assert!(counter.get() > before);
            }
        }
        drop(guard);
        others.into_iter().for_each(|other| other.join().unwrap());
        let _guard = here.take();
        assert_eq!(counter.get(), 2);
    });
}

#[test]
fn unforced_who_was_asked_may_come_back_at_once() {
    model_where_some(|| {
        let (gil, counter) = (Gil::builder().handoff(Handoff::Unforced).build(), Counter::new());
        let mut here = gil.thread();
        let mut guard = here.take();
        let other = counting(&gil, &counter);
        let is_back_at_once = guard.check() && counter.get() == 0;
        drop(guard);
        other.join().unwrap();
        is_back_at_once
    });
}

#[test]
fn who_lets_go_for_io_after_being_asked_waits_for_the_hand_over() {
    model_where_some(|| {
        let (gil, counter) = (Gil::default(), Counter::new());
        let mut here = gil.thread();
        let mut guard = here.take();
        let other = counting(&gil, &counter);
        let is_asked = gil.breaker().get() & DROP_REQUEST != 0;
        let switches = guard.allow_threads(|| gil.figures().switches);
        assert!(switches == 2 || !is_asked);
        drop(guard);
        other.join().unwrap();
        is_asked
    });
}

#[test]
fn who_ends_after_being_asked_does_not_wait() {
    model_where_some(|| {
        let (gil, counter) = (Gil::default(), Counter::new());
        let mut here = gil.thread();
        let guard = here.take();
        let other = counting(&gil, &counter);
        let is_asked = gil.breaker().get() & DROP_REQUEST != 0;
        drop(guard);
        let is_before_the_switch = gil.figures().switches == 1;
        other.join().unwrap();
        is_asked && is_before_the_switch
    });
}

#[test]
fn a_request_that_comes_too_late_keeps_nobody_waiting() {
    model(|| {
        let (gil, counter) = (Gil::default(), Counter::new());
        let other = counting(&gil, &counter);
        let mut here = gil.thread();
        let mut guard = here.take();
        guard.check();
        guard.allow_threads(|| ());
        drop(guard);
        other.join().unwrap();
    });
}

#[test]
fn by_ticks_nobody_is_left_behind() {
    model(|| {
        let (gil, counter) = (Gil::builder().policy(Policy::Ticks(1)).build(), Counter::new());
        let other = counting(&gil, &counter);
        let mut here = gil.thread();
        let mut guard = here.take();
        counter.add();
        assert!(guard.check());
        counter.add();
        drop(guard);
        other.join().unwrap();
        let _guard = here.take();
        assert_eq!(counter.get(), 3);
    });
}

#[test]
fn a_call_left_while_the_holder_checks_is_made_once() {
    model(|| {
        let (gil, made) = (Gil::default(), Counter::new());
        let (from_there, made_there) = (gil.clone(), made.clone());
        let mut here = gil.thread();
        let mut guard = here.take();
        let other = thread::spawn(move || from_there.call_soon(move |_py| made_there.add()));
        guard.check();
        drop(guard);
        other.join().unwrap();
        drop(here.take());
        assert_eq!(made.get(), 1);
    });
}

#[test]
fn calls_left_by_two_threads_are_made_once_each() {
    model(|| {
        let (gil, made) = (Gil::default(), Counter::new());
        let leave = |gil: &Gil| {
            let (gil, made) = (gil.clone(), made.clone());
            move || gil.call_soon(move |_py| made.add())
        };
        let other = thread::spawn(leave(&gil));
        leave(&gil)();
        let mut here = gil.thread();
        let mut guard = here.take();
        guard.check();
        other.join().unwrap();
        guard.check();
        assert_eq!(made.get(), 2);
    });
}

#[test]
fn a_call_is_made_by_one_of_two_that_take_the_lock() {
    model(|| {
        let (gil, made) = (Gil::default(), Counter::new());
        let made_there = made.clone();
        gil.call_soon(move |_py| made_there.add());
        let mut thread = gil.thread();
        let other = thread::spawn(move || drop(thread.take()));
        drop(gil.thread().take());
        other.join().unwrap();
        let mut here = gil.thread();
        let _guard = here.take();
        assert_eq!(made.get(), 1);
    });
}

#[test]
fn each_thread_knows_by_itself_whether_it_holds_the_lock() {
    model(|| {
        let gil = Gil::default();
        let mut thread = gil.thread();
        let other = thread::spawn(move || {
            assert!(!thread.gil().clone().is_held_here());
            let guard = thread.take();
            assert!(guard.py().gil().is_held_here());
        });
        let mut here = gil.thread();
        let mut guard = here.take();
        assert!(gil.is_held_here());
        guard.check();
        assert!(gil.is_held_here());
        drop(guard);
        assert!(!gil.is_held_here());
        other.join().unwrap();
    });
}

#[test]
fn a_reference_dropped_while_another_thread_holds_the_lock_is_counted_down_once() {
    model(|| {
        let gil = Gil::default();
        let mut here = gil.thread();
        let mut guard = here.take();
        let kept: Value<Plain> = Value::text("kept", guard.py());
        let dropped = kept.clone_ref(guard.py());
        let other = thread::spawn(move || drop(dropped));
        drop(kept.clone_ref(guard.py()));
        guard.check();
        drop(kept);
        drop(guard);
        other.join().unwrap();
        drop(here.take());
        drop(here);
        assert!(is_freed(gil));
    });
}

#[test]
fn a_loop_that_lets_go_of_the_lock_as_it_sleeps_misses_no_wake_and_runs_under_the_lock() {
    model(|| {
        let (gil, counter) = (Gil::default(), Counter::new());
        let (sender, receiver) = oneshot();
        let (mut thread, there) = (gil.thread(), counter.clone());
        let other = thread::spawn(move || {
            let _guard = thread.take(); // When the loop sleeps, or before it has begun.
            there.add();
            sender.send(7).unwrap();
        });
        let mut park = GilPark::new(&gil, ThreadPark::new());
        let here = counter.clone();
        let sent = drive(&mut park, async move {
            here.add();
            let sent = receiver.await;
            here.add();
            sent
        });
        assert_eq!(sent.unwrap(), Ok(7));
        drop(park);
        other.join().unwrap();
        let mut here = gil.thread();
        let _guard = here.take();
        assert_eq!(counter.get(), 3);
    });
}

#[test]
fn two_loops_of_one_lock_wake_each_other() {
    model_with(2, || {
        let (gil, counter) = (Gil::default(), Counter::new());
        let [(to_here, from_there), (to_there, from_here)] = [(); 2].map(|()| oneshot::<()>());
        let run = |gil: &Gil, send: step2::Sender<()>, receive: step2::Receiver<()>| {
            let (gil, counter) = (gil.clone(), counter.clone());
            move || {
                let mut park = GilPark::new(&gil, ThreadPark::new());
                drive(&mut park, async move {
                    counter.add();
                    send.send(()).unwrap();
                    receive.await.unwrap();
                    counter.add();
                })
                .unwrap();
            }
        };
        let other = thread::spawn(run(&gil, to_here, from_here));
        run(&gil, to_there, from_there)();
        other.join().unwrap();
        let mut here = gil.thread();
        let _guard = here.take();
        assert_eq!(counter.get(), 4);
    });
}

/// Tells whether no object keeps the lock alive.
fn is_freed(gil: Gil) -> bool {
    let kept = Arc::new(());
    let weak: Weak<()> = Arc::downgrade(&kept);
    gil.call_soon(move |_py| drop(kept));
    drop(gil);
    weak.upgrade().is_none()
}
