//! The semaphore, and what is made of it, under every interleaving and reordering that the memory model allows.
//!
//! `cargo test -p step6 --features loom --test loom --release`, best in a target folder of its own. What the locks protect
//! is plain memory in the eyes of the model checker: a model fails if two uses of it are not ordered by the lock.
#![cfg(feature = "loom")]
#![allow(clippy::unwrap_used, reason = "a test may")]
#![allow(
    clippy::arc_with_non_send_sync,
    reason = "loom's threads take what is not `Sync`: it looks for the races itself"
)]

use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use loom::cell::UnsafeCell;
use loom::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use loom::thread;
use step2::{block_on, join};
use step4::budget;
use step6::{Barrier, Event, Mutex, RwLock, Semaphore};

/// Checks a model in every execution there is.
fn model(f: impl Fn() + Sync + Send + 'static) {
    loom::model(move || {
        fill_budget();
        f();
    });
}

/// Checks a model of three threads in every execution with at most three preemptions: there are too many with more.
fn model_of_three(f: impl Fn() + Sync + Send + 'static) {
    let mut model = loom::model::Builder::new();
    model.preemption_bound = Some(3);
    model.check(move || {
        fill_budget();
        f();
    });
}

/// Fills the budget up, which lies in a thread-local of the model checker's one thread: each execution has to begin alike.
fn fill_budget() {
    let cx = Context::from_waker(Waker::noop());
    while budget::spend(&cx).is_ready() {}
    while budget::spend(&cx).is_pending() {}
}

/// Memory that is not to be used by two at once.
#[derive(Default)]
struct Plain(UnsafeCell<()>);

impl Plain {
    fn change(&self) {
        self.0.with_mut(|_| thread::yield_now());
    }

    fn read(&self) {
        self.0.with(|_| thread::yield_now());
    }
}

/// Polls `future` once, with a waker that does nothing.
fn poll<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

// Semaphore.

#[test]
fn who_holds_the_only_permit_is_alone() {
    model(|| {
        let shared = Arc::new((Semaphore::new(1), Plain::default()));
        let theirs = Arc::clone(&shared);
        let other = thread::spawn(move || {
            let _permit = block_on(theirs.0.acquire());
            theirs.1.change();
        });
        {
            let _permit = block_on(shared.0.acquire());
            shared.1.change();
        }
        other.join().unwrap();
        assert_eq!(shared.0.free(), 1);
    });
}

#[test]
fn three_who_want_the_only_permit_all_get_it_and_are_alone() {
    model_of_three(|| {
        let shared = Arc::new((Semaphore::new(1), Plain::default()));
        let others = [0, 1].map(|_| {
            let theirs = Arc::clone(&shared);
            thread::spawn(move || {
                let _permit = block_on(theirs.0.acquire());
                theirs.1.change();
            })
        });
        {
            let _permit = block_on(shared.0.acquire());
            shared.1.change();
        }
        others.into_iter().for_each(|other| other.join().unwrap());
        assert_eq!(shared.0.free(), 1);
    });
}

#[test]
fn a_permit_that_is_added_as_someone_begins_to_wait_is_not_missed() {
    model(|| {
        let shared = Arc::new((Semaphore::new(0), AtomicUsize::new(0)));
        let theirs = Arc::clone(&shared);
        let other = thread::spawn(move || {
            theirs.1.store(1, Relaxed);
            theirs.0.add(1);
        });
        block_on(shared.0.acquire()).forget(); // Loom reports a deadlock if this waits on.
        assert_eq!(shared.1.load(Relaxed), 1, "and it carries what was written before");
        other.join().unwrap();
    });
}

#[test]
fn who_wants_two_gets_those_that_two_others_give_back() {
    model(|| {
        let semaphore = Arc::new(Semaphore::new(2));
        let others = [0, 1].map(|_| {
            let permit = block_on(Arc::clone(&semaphore).acquire_owned());
            thread::spawn(move || drop(permit))
        });
        drop(block_on(semaphore.acquire_many(2)));
        others.into_iter().for_each(|other| other.join().unwrap());
        assert_eq!(semaphore.free(), 2);
    });
}

#[test]
fn a_waiter_that_is_dropped_as_it_is_granted_its_permit_loses_none() {
    model(|| {
        let semaphore = Arc::new(Semaphore::new(0));
        let mut waiter = Box::pin(Arc::clone(&semaphore).acquire_owned());
        assert!(poll(waiter.as_mut()).is_pending());
        let theirs = Arc::clone(&semaphore);
        let other = thread::spawn(move || theirs.add(1));
        drop(waiter);
        other.join().unwrap();
        assert_eq!(semaphore.free(), 1);
    });
}

#[test]
fn a_waiter_that_is_dropped_as_it_is_granted_its_permit_passes_it_on() {
    model(|| {
        let semaphore = Arc::new(Semaphore::new(0));
        let mut first = Box::pin(Arc::clone(&semaphore).acquire_owned());
        assert!(poll(first.as_mut()).is_pending());
        let theirs = Arc::clone(&semaphore);
        let dropper = thread::spawn(move || drop(first));
        let giver = thread::spawn(move || theirs.add(1));
        drop(block_on(semaphore.acquire()));
        dropper.join().unwrap();
        giver.join().unwrap();
        assert_eq!(semaphore.free(), 1);
    });
}

#[test]
fn a_waiter_that_is_polled_on_another_thread_as_it_is_granted_its_permit_has_it() {
    model(|| {
        let semaphore = Arc::new(Semaphore::new(0));
        let mut waiter = Box::pin(Arc::clone(&semaphore).acquire_owned());
        assert!(poll(waiter.as_mut()).is_pending());
        // Its waker is replaced, or handed out, or neither: in each case it is woken or sees its permit.
        let other = thread::spawn(move || drop(block_on(waiter)));
        semaphore.add(1);
        other.join().unwrap();
        assert_eq!(semaphore.free(), 1);
    });
}

#[test]
fn one_that_waits_for_many_and_gives_up_lets_the_one_behind_it_through() {
    model(|| {
        let semaphore = Arc::new(Semaphore::new(1));
        let (begin, theirs) = (Arc::clone(&semaphore), Arc::clone(&semaphore));
        let other = thread::spawn(move || {
            let mut many = pin!(begin.acquire_many(2));
            assert!(poll(many.as_mut()).is_pending());
        });
        drop(block_on(theirs.acquire()));
        other.join().unwrap();
        assert_eq!(semaphore.free(), 1);
    });
}

// Mutex.

#[test]
fn who_holds_the_lock_is_alone_and_sees_what_the_one_before_wrote() {
    model(|| {
        let shared = Arc::new((Mutex::new(0), Plain::default()));
        let theirs = Arc::clone(&shared);
        let other = thread::spawn(move || {
            let mut count = block_on(theirs.0.lock());
            theirs.1.change();
            *count += 1;
        });
        {
            let mut count = block_on(shared.0.lock());
            shared.1.change();
            *count += 1;
        }
        other.join().unwrap();
        assert_eq!(*block_on(shared.0.lock()), 2);
    });
}

#[test]
fn a_guard_that_is_dropped_on_another_thread_hands_the_lock_over() {
    model(|| {
        let (mutex, plain) = (Arc::new(Mutex::new(0)), Arc::new(Plain::default()));
        let mut guard = block_on(Arc::clone(&mutex).lock_owned());
        let theirs = Arc::clone(&plain);
        let other = thread::spawn(move || {
            theirs.change();
            *guard += 1;
        });
        let count = block_on(mutex.lock());
        plain.change();
        assert_eq!(*count, 1);
        drop(count);
        other.join().unwrap();
    });
}

#[test]
fn a_lock_that_is_tried_while_another_unlocks_is_held_or_has_its_value() {
    model(|| {
        let mutex = Arc::new(Mutex::new(0));
        let mut guard = block_on(Arc::clone(&mutex).lock_owned());
        let other = thread::spawn(move || *guard = 1);
        if let Some(value) = mutex.try_lock() {
            assert_eq!(*value, 1); // It would panic if the permit came back before the value.
        }
        other.join().unwrap();
    });
}

#[test]
fn a_waiter_for_the_lock_dropped_as_it_is_its_turn_leaves_it_free() {
    model(|| {
        let mutex = Arc::new(Mutex::new(0));
        let guard = block_on(Arc::clone(&mutex).lock_owned());
        let mut waiter = Box::pin(Arc::clone(&mutex).lock_owned());
        assert!(poll(waiter.as_mut()).is_pending());
        let other = thread::spawn(move || drop(guard));
        drop(waiter);
        other.join().unwrap();
        assert!(mutex.try_lock().is_some());
    });
}

// Readers and writers.

#[test]
fn a_writer_is_alone_among_readers() {
    model(|| {
        let shared = Arc::new((RwLock::new(0), Plain::default()));
        let theirs = Arc::clone(&shared);
        let writer = thread::spawn(move || {
            let mut count = block_on(theirs.0.write());
            theirs.1.change();
            *count += 1;
        });
        {
            let count = block_on(shared.0.read());
            shared.1.read();
            assert!(*count <= 1);
        }
        writer.join().unwrap();
        assert_eq!(*block_on(shared.0.read()), 1);
    });
}

#[test]
fn a_writer_behind_two_readers_has_the_value_for_itself_when_both_have_gone() {
    model_of_three(|| {
        let lock = Arc::new(RwLock::new(0));
        let readers = [0, 1].map(|_| {
            let lock = Arc::clone(&lock);
            thread::spawn(move || assert!(*block_on(lock.read()) <= 1))
        });
        *block_on(lock.write()) += 1; // It panics if a reader still shares the value.
        readers.into_iter().for_each(|reader| reader.join().unwrap());
    });
}

// Event and barrier.

#[test]
fn an_event_that_is_set_as_someone_begins_to_wait_is_not_missed() {
    model(|| {
        let shared = Arc::new((Event::new(), AtomicUsize::new(0)));
        let theirs = Arc::clone(&shared);
        let other = thread::spawn(move || {
            theirs.1.store(1, Relaxed);
            theirs.0.set();
        });
        block_on(shared.0.wait());
        assert_eq!(shared.1.load(Relaxed), 1);
        other.join().unwrap();
    });
}

#[test]
fn an_event_set_and_cleared_lets_go_whoever_waited() {
    model(|| {
        let event = Arc::new(Event::new());
        let mut waiter = Box::pin(event.wait());
        assert!(poll(waiter.as_mut()).is_pending());
        let theirs = Arc::clone(&event);
        let other = thread::spawn(move || {
            theirs.set();
            theirs.clear();
        });
        block_on(waiter);
        other.join().unwrap();
    });
}

#[test]
fn a_waiter_for_an_event_dropped_as_it_is_set_does_no_harm() {
    model(|| {
        let event = Arc::new(Event::new());
        let theirs = Arc::clone(&event);
        let other = thread::spawn(move || {
            let mut waiter = pin!(theirs.wait());
            let _either = poll(waiter.as_mut());
        });
        event.set();
        other.join().unwrap();
        block_on(event.wait());
    });
}

#[test]
fn all_who_meet_at_a_barrier_are_let_go_and_see_what_the_others_wrote() {
    model(|| {
        let shared = Arc::new((Barrier::new(2), [AtomicUsize::new(0), AtomicUsize::new(0)]));
        let theirs = Arc::clone(&shared);
        let other = thread::spawn(move || {
            theirs.1[1].store(1, Relaxed);
            let place = block_on(theirs.0.wait());
            assert_eq!(theirs.1[0].load(Relaxed), 1);
            place
        });
        shared.1[0].store(1, Relaxed);
        let place = block_on(shared.0.wait());
        assert_eq!(shared.1[1].load(Relaxed), 1);
        assert_eq!(place + other.join().unwrap(), 1);
    });
}

#[test]
fn two_waiters_of_one_thread_are_woken_by_another() {
    model(|| {
        let semaphore = Arc::new(Semaphore::new(0));
        let theirs = Arc::clone(&semaphore);
        let other = thread::spawn(move || theirs.add(2));
        let (one, two) = block_on(join(semaphore.acquire(), semaphore.acquire()));
        one.forget();
        two.forget();
        other.join().unwrap();
    });
}
