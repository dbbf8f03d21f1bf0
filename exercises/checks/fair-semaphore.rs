//! What an answer to `fair-semaphore` has to do: the last line under the model checker, the others as a program.

use std::task::Poll;

use exercises::Task;

use super::{Acquire, Permit, Semaphore};

/// Takes the permit that there has to be.
fn ready(task: &mut Task<Acquire>) -> Permit {
    match task.poll() {
        Poll::Ready(permit) => permit,
        Poll::Pending => panic!("there is a permit for it, but it is pending"),
    }
}

#[cfg(not(feature = "loom"))]
mod as_a_program {
    use std::future::Future;
    use std::task::Context;

    use exercises::{CountingWaker, Task, busy_waker, check, misconception, notes};

    use super::{Acquire, Semaphore, ready};

    /// Takes a place in line.
    fn in_line(name: &'static str, semaphore: &Semaphore) -> Task<Acquire> {
        let mut task = Task::new(name, semaphore.acquire());
        assert!(task.poll().is_pending(), "no permit is free, but {name} has got one");
        task
    }

    #[test]
    fn a_free_permit_is_had_at_once() {
        check(|_| {
            let semaphore = Semaphore::new(2);
            let (mut one, mut two) =
                (Task::new("one", semaphore.acquire()), Task::new("two", semaphore.acquire()));
            let _both = (ready(&mut one), ready(&mut two));
            assert_eq!((one.wakes(), two.wakes()), (0, 0));
        });
    }

    #[test]
    fn while_none_is_free_it_is_pending_with_the_latest_waker() {
        check(|_| {
            let semaphore = Semaphore::new(1);
            let permit = ready(&mut Task::new("owner", semaphore.acquire()));
            let (first, latest) = (CountingWaker::new("first poll"), CountingWaker::new("latest poll"));
            let mut waiter = Box::pin(semaphore.acquire());
            assert!(first.poll(waiter.as_mut()).is_pending() && latest.poll(waiter.as_mut()).is_pending());
            assert_eq!((first.alive(), latest.alive()), (0, 1), "of each poll's wakers, how many are kept");
            drop(permit);
            assert_eq!((first.wakes(), latest.wakes()), (0, 1), "how often each poll's waker was called");
        });
    }

    #[test]
    fn a_dropped_permit_wakes_the_first_in_line() {
        check(|_| {
            let semaphore = Semaphore::new(1);
            let permit = ready(&mut Task::new("owner", semaphore.acquire()));
            let mut line = ["first", "second", "third"].map(|name| in_line(name, &semaphore));
            drop(permit);
            for at in 0..3 {
                let wakes: Vec<usize> = line.iter().map(Task::wakes).collect();
                let expected: Vec<usize> = (0..3).map(|other| usize::from(other <= at)).collect();
                assert_eq!(wakes, expected, "how often each in line was woken: first in, first out");
                drop(ready(&mut line[at]));
            }
            drop(ready(&mut Task::new("later", semaphore.acquire())));

            // Two that come back before anybody has come for them reach two.
            let semaphore = Semaphore::new(2);
            let both = ["one", "two"].map(|name| ready(&mut Task::new(name, semaphore.acquire())));
            let mut line = ["first", "second"].map(|name| in_line(name, &semaphore));
            drop(both);
            let _first = ready(&mut line[0]);
            assert_eq!(line[1].wakes(), 1, "there are two permits, and the second in line sleeps");
            let _second = ready(&mut line[1]);
        });
    }

    #[test]
    fn it_is_kept_for_the_one_that_was_woken() {
        check(|_| {
            let semaphore = Semaphore::new(1);
            let permit = ready(&mut Task::new("owner", semaphore.acquire()));
            let mut woken = in_line("woken", &semaphore);
            drop(permit);
            let mut newcomer = Task::new("newcomer", semaphore.acquire());
            if newcomer.poll().is_ready() {
                misconception(
                    "W6-free-for-all",
                    "somebody was woken for the permit, and a newcomer has taken it away",
                );
            }
            drop(ready(&mut woken));
            assert_eq!(newcomer.wakes(), 1, "the newcomer is next");
            drop(ready(&mut newcomer));
        });
    }

    #[test]
    fn one_that_is_dropped_in_line_leaves_it() {
        check(|_| {
            let semaphore = Semaphore::new(1);
            let permit = ready(&mut Task::new("owner", semaphore.acquire()));
            let gone = in_line("gone", &semaphore);
            let mut next = in_line("next", &semaphore);
            drop(gone);
            drop(permit);
            if next.wakes() == 0 {
                misconception(
                    "W6-gone-but-in-line",
                    "the permit was given to one that is gone, and the next in line was not woken",
                );
            }
            drop(ready(&mut next));
        });
    }

    #[test]
    fn one_that_is_dropped_after_it_was_woken_passes_the_permit_on() {
        check(|_| {
            let semaphore = Semaphore::new(1);
            let permit = ready(&mut Task::new("owner", semaphore.acquire()));
            let woken = in_line("woken", &semaphore);
            let mut next = in_line("next", &semaphore);
            drop(permit);
            assert_eq!((woken.wakes(), next.wakes()), (1, 0));
            drop(woken);
            if next.wakes() == 0 {
                misconception(
                    "W6-woken-will-come",
                    "one was dropped after it was woken, and its permit is lost: the next in line sleeps",
                );
            }
            drop(ready(&mut next));

            let permit = ready(&mut Task::new("owner", semaphore.acquire()));
            let last = in_line("last", &semaphore);
            drop(permit);
            drop(last);
            drop(ready(&mut Task::new("later", semaphore.acquire())));

            // Of two that were woken, one comes for its permit or gives up: the other's is its own.
            for comes in [true, false] {
                let semaphore = Semaphore::new(2);
                let both = ["one", "two"].map(|name| ready(&mut Task::new(name, semaphore.acquire())));
                let [mut one, other] =
                    ["comes or gives up", "gives up"].map(|name| in_line(name, &semaphore));
                drop(both);
                drop(comes.then(|| ready(&mut one)));
                drop((one, other));
                let _both = ["later", "last"].map(|name| ready(&mut Task::new(name, semaphore.acquire())));
            }
        });
    }

    #[test]
    fn no_waker_is_called_under_the_lock() {
        check(|watch| {
            watch.a_hang_means(
                "W2-wake-under-lock",
                "the waker is called while the lock is held, and what is woken waits for the lock",
            );
            let semaphore = Semaphore::new(1);
            let permit = ready(&mut Task::new("owner", semaphore.acquire()));
            let other = semaphore.clone();
            let waker = busy_waker(move || drop(other.line()));
            let mut waiter = Box::pin(semaphore.acquire());
            assert!(waiter.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
            drop(permit);
            assert_eq!(notes().len(), 1, "the waiter was woken");
        });
    }
}

#[cfg(feature = "loom")]
mod as_a_model {
    use exercises::sync::thread;
    use exercises::{Task, misconception, model};

    use super::{Semaphore, ready};

    #[test]
    fn whenever_the_first_gives_up_the_second_gets_it() {
        model("W6-looks-then-leaves", "two threads wait for each other's locks", || {
            let semaphore = Semaphore::new(1);
            let permit = ready(&mut Task::new("owner", semaphore.acquire()));
            let mut first = Task::new("first", semaphore.acquire());
            assert!(first.poll().is_pending());
            let mut second = Task::new("second", semaphore.acquire());
            assert!(second.poll().is_pending());
            let owner = thread::spawn(move || drop(permit));
            drop(first);
            owner.join().expect("giving a permit back does not panic");
            if second.wakes() == 0 {
                let text =
                    "the first has looked, was then given the permit, and has left with it: nobody has it";
                misconception("W6-looks-then-leaves", text);
            }
            drop(ready(&mut second));
        });
    }
}
