//! What an answer to `cancel-on-drop` has to do. The clock stands still, unless a check moves it.

use std::rc::Rc;
use std::task::Poll;
use std::time::Duration;

use exercises::{ManualClock, Task, Watch, check_at, misconception, note, notes};

use super::{Timers, sleep};

const HOUR: Duration = Duration::from_secs(3600);
const NANOSECOND: Duration = Duration::from_nanos(1);

/// Runs one check, at a clock of its own.
fn check(body: impl FnOnce(&Watch, &Rc<Timers>)) {
    let clock = ManualClock::new();
    check_at(&clock, |watch| {
        watch.a_hang_means(
            "W3-blocks",
            "a poll that does not return: the thread waits, and nobody else has a turn",
        );
        body(watch, &Timers::new(&clock));
    });
}

/// Lets time pass, and calls the wakers that are due.
fn pass(timers: &Timers, time: Duration) {
    timers.clock.advance(time);
    timers.fire();
}

fn count(timers: &Timers) -> usize {
    timers.waiting.borrow().len()
}

#[test]
fn making_a_sleep_sets_no_timer() {
    check(|_, timers| {
        let sleep = sleep(timers, HOUR);
        if count(timers) > 0 {
            misconception("W3-overlap", "the sleep was made, but not polled, and its time has begun");
        }
        drop(sleep);
        assert_eq!(count(timers), 0, "and dropping it unpolled changes nothing");
    });
}

#[test]
fn the_first_poll_sets_a_timer_and_does_not_wait() {
    check(|_, timers| {
        let mut task = Task::new("sleep", sleep(timers, HOUR));
        note("the first poll of a sleep of one hour");
        assert_eq!(task.poll(), Poll::Pending, "the clock stands still");
        if task.wakes() > 0 {
            misconception(
                "W1-asynchronous",
                "it asks to be polled again at once, instead of leaving a timer",
            );
        }
        match (count(timers), task.wakers()) {
            (0, 0) => misconception("W2-forgets-waker", "it is pending, and there is no timer to wake it"),
            (0, _) => {
                let text = "its waker is somewhere, but not in a timer: is there a thread that sleeps?";
                misconception("W3-thread-each", text);
            }
            (timers, _) => assert_eq!(timers, 1, "timers of one sleep"),
        }
    });
}

#[test]
fn the_timer_has_the_latest_waker() {
    check(|_, timers| {
        let mut task = Task::new("sleep", sleep(timers, HOUR));
        for poll in 1..=3 {
            assert_eq!(task.poll(), Poll::Pending);
            let kept = (count(timers), task.wakers());
            assert_eq!(kept, (1, 1), "timers and wakers after poll {poll}");
            timers.clock.advance(HOUR / 10);
        }
        let deadline = timers.waiting.borrow().keys().next().map(|key| key.0);
        assert_eq!(deadline, Some(HOUR), "polled later again, its deadline is the same");
    });
}

#[test]
fn it_is_ready_when_its_time_has_passed() {
    check(|_, timers| {
        let mut task = Task::new("sleep", sleep(timers, HOUR));
        assert_eq!(task.poll(), Poll::Pending);
        pass(timers, HOUR - NANOSECOND);
        assert_eq!(task.wakes(), 0, "woken a nanosecond too early");
        assert_eq!(task.poll(), Poll::Pending, "a nanosecond is left");
        pass(timers, NANOSECOND);
        assert_eq!(task.wakes(), 1, "its time has passed");
        assert_eq!(task.poll(), Poll::Ready(()));
        drop(task);
        assert_eq!(count(timers), 0);
    });
}

#[test]
fn two_in_a_row_take_as_long_as_both() {
    check(|_, timers| {
        let (one, two) = (sleep(timers, HOUR), sleep(timers, 2 * HOUR));
        let mut task = Task::new("two sleeps", async move {
            one.await;
            note("one hour is over");
            two.await;
            note("two more are over");
        });
        assert_eq!(task.run(), None, "the clock stands still");
        for hour in 1..=2 {
            pass(timers, HOUR);
            if task.run().is_some() {
                misconception("W3-overlap", &format!("one hour and two more were over after {hour}"));
            }
        }
        assert_eq!(notes().last().map(String::as_str), Some("one hour is over"), "after two hours");
        pass(timers, HOUR);
        assert_eq!(task.run(), Some(()), "three hours have passed");
    });
}

#[test]
fn dropped_it_takes_its_timer_out_and_no_other() {
    check(|_, timers| {
        let mut tasks = ["one", "two", "three"].map(|name| Task::new(name, sleep(timers, HOUR)));
        for task in &mut tasks {
            assert_eq!(task.poll(), Poll::Pending);
        }
        let [one, two, three] = tasks;
        drop(two);
        match count(timers) {
            2 => {}
            3 => misconception("W3-drop-leaves", "the sleep was dropped, and its timer is still there"),
            left => panic!("of three timers, one was to go, and {left} are left"),
        }
        pass(timers, HOUR);
        assert_eq!([one, three].map(|task| task.wakes()), [1, 1], "the others sleep on, and are woken");
    });
}
