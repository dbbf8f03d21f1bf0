//! What an answer to `forced-handoff` has to do: the first two as a program, the others under the model checker.

use exercises::misconception;
use exercises::sync::atomic::Ordering::Relaxed;
use exercises::sync::{Arc, thread};

use super::Gil;

#[cfg(not(feature = "loom"))]
mod as_a_program {
    use exercises::{check, note};

    use super::{Arc, Gil, Relaxed, misconception, thread};

    #[test]
    fn a_free_lock_is_taken_at_once() {
        check(|_| {
            let gil = Gil::new();
            for me in [1, 2] {
                gil.take(me);
                let state = gil.lock();
                assert_eq!((state.is_taken, state.last_holder), (true, me), "after `take({me})`");
                drop(state);
                assert!(!gil.asked.load(Relaxed), "the lock was free, and somebody was asked to let go");
                gil.check(me); // Nobody has asked: it returns at once.
                gil.release();
            }
        });
    }

    #[test]
    fn who_finds_it_taken_asks() {
        check(|_| {
            let gil = Arc::new(Gil::new());
            gil.take(1);
            let same = Arc::clone(&gil);
            let other = thread::spawn(move || same.take(2));
            note("a second thread wants the lock, and has to ask");
            while !gil.asked.load(Relaxed) {
                thread::yield_now();
            }
            gil.release();
            other.join().expect("taking does not panic");
            let state = gil.lock();
            assert_eq!(
                (state.is_taken, state.last_holder),
                (true, 2),
                "it waits until the lock is free, and takes it"
            );
            drop(state);
            if gil.asked.load(Relaxed) {
                misconception(
                    "W7-request-stays",
                    "who has asked holds the lock now, and is asked by its own request to let go",
                );
            }
        });
    }
}

#[cfg(feature = "loom")]
mod as_a_model {
    use exercises::model;
    use exercises::sync::atomic::AtomicBool;

    use super::{Arc, Gil, Relaxed, misconception, thread};

    const UNTOLD: &str = "threads sleep for ever: nobody has woken them for the lock or for the switch, or one of them has kept \
                          the lock of `state`";

    #[test]
    fn one_thread_holds_it_at_most() {
        model("W7-untold", UNTOLD, || {
            let (gil, is_held) = (Arc::new(Gil::new()), Arc::new(AtomicBool::new(false)));
            let (same, same_flag) = (Arc::clone(&gil), Arc::clone(&is_held));
            let hold = |gil: &Gil, is_held: &AtomicBool, me: usize| {
                let enter = || assert!(!is_held.swap(true, Relaxed), "two threads hold the lock at once");
                gil.take(me);
                enter();
                is_held.store(false, Relaxed);
                gil.check(me);
                enter();
                is_held.store(false, Relaxed);
                gil.release();
            };
            let other = thread::spawn(move || hold(&same, &same_flag, 2));
            hold(&gil, &is_held, 1);
            other.join().expect("it does not panic");
        });
    }

    #[test]
    fn who_has_asked_has_had_it_after_the_check() {
        model("W7-untold", UNTOLD, || {
            let (gil, has_had_it) = (Arc::new(Gil::new()), Arc::new(AtomicBool::new(false)));
            gil.take(1);
            let (same, has) = (Arc::clone(&gil), Arc::clone(&has_had_it));
            let other = thread::spawn(move || {
                same.take(2);
                has.store(true, Relaxed);
                same.release();
            });
            let was_asked = gil.asked.load(Relaxed);
            gil.check(1);
            let state = gil.lock();
            assert_eq!(
                (state.is_taken, state.last_holder),
                (true, 1),
                "after a check its caller holds the lock"
            );
            drop(state);
            if was_asked && !has_had_it.load(Relaxed) {
                misconception(
                    "W7-unlock-hands-over",
                    "it was asked, let go, and had the lock again before the other thread was awake",
                );
            }
            gil.release();
            other.join().expect("it does not panic");
        });
    }

    #[test]
    fn nobody_waits_for_ever() {
        model("W7-untold", UNTOLD, || {
            let gil = Arc::new(Gil::new());
            let same = Arc::clone(&gil);
            let use_it = |gil: &Gil, me: usize| {
                gil.take(me);
                gil.check(me);
                gil.release();
            };
            let other = thread::spawn(move || use_it(&same, 2));
            use_it(&gil, 1);
            other.join().expect("it does not panic");
        });
    }
}
