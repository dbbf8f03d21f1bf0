//! What an answer to `task-state` has to do: the first four as a program, the others under the model checker.

use super::State;

#[cfg(not(feature = "loom"))]
mod as_a_program {
    use exercises::{check, misconception};

    use super::State;

    #[test]
    fn the_wake_of_an_idle_task_queues_it() {
        check(|_| {
            let state = State::new();
            assert!(state.wake(), "it was idle: somebody has to queue it");
            state.start();
            assert!(!state.pause(), "nobody has woken it during its poll");
            assert!(state.wake(), "it is idle again after a poll that was pending");
        });
    }

    #[test]
    fn a_scheduled_task_is_not_queued_again() {
        check(|_| {
            let state = State::new();
            assert!(state.wake(), "it was idle");
            if state.wake() {
                misconception("W4-wake-queues", "a second wake before the poll queues it a second time");
            }
        });
    }

    #[test]
    fn a_task_woken_in_its_poll_is_queued_once_at_the_end_of_it() {
        check(|_| {
            let state = State::new();
            assert!(state.wake(), "it was idle");
            state.start();
            if state.wake() {
                let text = "a wake in the middle of the poll queues it: another thread would poll it, too";
                misconception("W4-wake-queues", text);
            }
            assert!(!state.wake(), "and the next one just as little");
            if !state.pause() {
                let text = "it was woken in the middle of its poll, and nobody queues it after that";
                misconception("W4-woken-while-running", text);
            }
            assert!(!state.wake(), "now it is in the queue");
            state.start();
            assert!(!state.pause(), "both wakes were before this poll: it has answered them");
        });
    }

    #[test]
    fn a_task_that_is_done_is_never_queued() {
        check(|_| {
            let state = State::new();
            assert!(state.wake(), "it was idle");
            state.start();
            assert!(!state.wake(), "it is being polled");
            state.finish();
            assert!(!state.wake(), "it is done");
            assert!(!state.wake(), "and stays done");
        });
    }
}

#[cfg(feature = "loom")]
mod as_a_model {
    use exercises::sync::atomic::{AtomicUsize, Ordering};
    use exercises::sync::{Arc, thread};
    use exercises::{misconception, model};

    use super::State;

    const CODE: &str = "W4-look-then-change";
    const HANGS: &str = "a thread sleeps for ever";

    /// A task, how often it stands in the queue, and what its waker writes for it to read.
    struct Shared {
        state: State,
        queue: AtomicUsize,
        letter: AtomicUsize,
    }

    impl Shared {
        /// Makes a task that was queued.
        fn queued() -> Arc<Self> {
            let (queue, letter) = (AtomicUsize::new(0), AtomicUsize::new(0));
            let shared = Arc::new(Self { state: State::new(), queue, letter });
            shared.wake();
            shared
        }

        fn wake(&self) {
            if self.state.wake() {
                self.enqueue();
            }
        }

        fn enqueue(&self) {
            if self.queue.fetch_add(1, Ordering::AcqRel) > 0 {
                misconception(
                    CODE,
                    "the task is in the queue twice: two threads looked before either changed",
                );
            }
        }

        /// Runs the task once, if it is in the queue, with `poll` as its future.
        fn run(&self, poll: impl FnOnce(&AtomicUsize)) -> bool {
            if self.queue.load(Ordering::Acquire) == 0 {
                return false;
            }
            self.queue.fetch_sub(1, Ordering::AcqRel);
            self.state.start();
            poll(&self.letter);
            if self.state.pause() {
                self.enqueue();
            }
            true
        }
    }

    #[test]
    fn of_two_wakes_at_once_one_queues() {
        model(CODE, HANGS, || {
            let state = Arc::new(State::new());
            let other = Arc::clone(&state);
            let waker = thread::spawn(move || other.wake());
            let here = state.wake();
            let there = waker.join().expect("waking does not panic");
            match (here, there) {
                (true, true) => {
                    misconception(
                        CODE,
                        "both wakes queue it: both have looked before either changed the state",
                    );
                }
                (false, false) => panic!("neither of the two wakes queues the task"),
                _ => {}
            }
        });
    }

    #[test]
    fn no_wake_is_lost_and_none_queues_twice() {
        model(CODE, HANGS, || {
            let shared = Shared::queued();
            let other = Arc::clone(&shared);
            let waker = thread::spawn(move || {
                other.letter.fetch_add(1, Ordering::AcqRel);
                other.wake();
            });
            let mut seen = 0;
            // A read and a write in one see the latest value, whatever the state's orderings are.
            while shared.run(|letter| seen = letter.fetch_add(0, Ordering::AcqRel)) {}
            waker.join().expect("waking does not panic");
            while shared.run(|letter| seen = letter.fetch_add(0, Ordering::AcqRel)) {}
            if seen == 0 {
                misconception(CODE, "the wake came between a look at the state and its change, and is lost");
            }
        });
    }

    #[test]
    fn what_was_written_before_the_wake_is_seen() {
        model(CODE, HANGS, || {
            let shared = Shared::queued();
            let other = Arc::clone(&shared);
            let waker = thread::spawn(move || {
                other.letter.store(1, Ordering::Relaxed);
                let has_to_queue = other.state.wake();
                if has_to_queue {
                    other.queue.fetch_add(1, Ordering::Relaxed);
                }
                has_to_queue
            });
            // The queue is looked at with no ordering at all, so that what is seen is the state's doing.
            let mut seen = 0;
            let mut polls = 0;
            while polls < 2 && (polls == 0 || shared.queue.load(Ordering::Relaxed) > 0) {
                shared.queue.fetch_sub(1, Ordering::Relaxed);
                shared.state.start();
                seen = shared.letter.load(Ordering::Relaxed);
                polls += 1;
                if shared.state.pause() {
                    shared.queue.fetch_add(1, Ordering::Relaxed);
                }
            }
            let has_queued = waker.join().expect("waking does not panic");
            // Either the task stands in the queue again, or its last poll has followed the wake.
            let is_still_to_come = has_queued && polls == 1;
            assert!(
                is_still_to_come || seen == 1,
                "the letter was written before the wake, but the poll that follows the wake does not see it"
            );
        });
    }
}
