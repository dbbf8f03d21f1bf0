//! What an answer to `lost-wakeup` has to do: the first two as a program, the others under the model checker.

use exercises::sync::{Arc, thread};

use super::Park;

const LOST: &str = "one thread sleeps for ever: the wake came after it had looked, and before it slept";

#[cfg(not(feature = "loom"))]
mod as_a_program {
    use exercises::check;

    use super::{Arc, LOST, Park, thread};

    #[test]
    fn a_wake_before_the_sleep_ends_it() {
        check(|watch| {
            watch.a_hang_means("W2-lost-wakeup", LOST);
            let park = Park::new();
            park.wake();
            park.park();
        });
    }

    #[test]
    fn a_wake_during_the_sleep_ends_it() {
        check(|watch| {
            watch.a_hang_means("W2-lost-wakeup", LOST);
            let park = Arc::new(Park::new());
            let other = Arc::clone(&park);
            let waker = thread::spawn(move || other.wake());
            park.park();
            waker.join().expect("waking does not panic");
        });
    }
}

#[cfg(feature = "loom")]
mod as_a_model {
    use exercises::sync::atomic::{AtomicUsize, Ordering::Relaxed};
    use exercises::{misconception, model};

    use super::{Arc, LOST, Park, thread};

    #[test]
    fn no_wake_is_lost() {
        model("W2-lost-wakeup", LOST, || {
            let park = Arc::new(Park::new());
            let other = Arc::clone(&park);
            let waker = thread::spawn(move || other.wake());
            park.park();
            waker.join().expect("waking does not panic");
        });
    }

    #[test]
    fn a_sleep_uses_the_wake_up() {
        model("W2-lost-wakeup", LOST, || {
            let (park, letter) = (Arc::new(Park::new()), Arc::new(AtomicUsize::new(0)));
            park.wake();
            park.park();
            let (other, writes) = (Arc::clone(&park), Arc::clone(&letter));
            let waker = thread::spawn(move || {
                writes.store(1, Relaxed);
                other.wake();
            });
            park.park();
            if letter.load(Relaxed) == 0 {
                misconception("W2-sticky-wake", "the second sleep was over before the second wake");
            }
            waker.join().expect("waking does not panic");
        });
    }

    #[test]
    fn what_was_written_before_the_wake_is_seen() {
        model("W2-lost-wakeup", LOST, || {
            let (park, letter) = (Arc::new(Park::new()), Arc::new(AtomicUsize::new(0)));
            let (other, writes) = (Arc::clone(&park), Arc::clone(&letter));
            let waker = thread::spawn(move || {
                writes.store(1, Relaxed);
                other.wake();
            });
            park.park();
            assert_eq!(
                letter.load(Relaxed),
                1,
                "the letter was written before the wake, and is not seen after it"
            );
            waker.join().expect("waking does not panic");
        });
    }
}
