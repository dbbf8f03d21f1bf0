//! What an answer to `timeout` has to do. Future and limit note when they are polled, and when they are dropped.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use exercises::{Task, check, misconception, note, notes};

use super::{Elapsed, timeout};

/// Is pending so many times.
struct After<T> {
    name: &'static str,
    pending: u32,
    output: Option<T>,
}

fn after<T>(name: &'static str, pending: u32, output: T) -> After<T> {
    After { name, pending, output: Some(output) }
}

impl<T: Unpin> Future for After<T> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        note(format!("{} is polled", self.name));
        if self.pending > 0 {
            self.pending -= 1;
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(self.output.take().expect("what has returned Ready is not polled again"))
    }
}

impl<T> Drop for After<T> {
    fn drop(&mut self) {
        note(format!("{} is dropped", self.name));
    }
}

fn was(what: &str) -> bool {
    notes().iter().any(|note| note == what)
}

/// Fails if the loser is still there after the outcome.
fn expect_dropped(loser: &str) {
    if !was(&format!("{loser} is dropped")) {
        misconception("W3-loser-stays", &format!("there is an outcome, and the {loser} is still there"));
    }
}

#[test]
fn each_poll_polls_both() {
    check(|_| {
        let mut task = Task::new("timeout", timeout(after("future", 3, 7), after("limit", 3, ())));
        for poll in 1..=3 {
            assert_eq!(task.poll(), Poll::Pending);
            for name in ["future", "limit"] {
                let polls = notes().iter().filter(|note| **note == format!("{name} is polled")).count();
                if polls < poll {
                    misconception(
                        "W2-unpolled",
                        &format!("polled {poll} times, it has polled the {name} {polls} times"),
                    );
                }
                assert_eq!(polls, poll, "how often the {name} was polled");
            }
        }
    });
}

#[test]
fn a_future_that_is_first_has_won() {
    check(|_| {
        let mut task = Task::new("timeout", timeout(after("future", 1, 7), after("limit", 5, ())));
        assert_eq!(task.poll(), Poll::Pending, "both are pending");
        assert_eq!(task.poll(), Poll::Ready(Ok(7)));
        expect_dropped("limit");
    });
}

#[test]
fn a_limit_that_is_first_has_won() {
    check(|_| {
        let mut task = Task::new("timeout", timeout(after("future", 5, 7), after("limit", 1, ())));
        assert_eq!(task.poll(), Poll::Pending, "both are pending");
        assert_eq!(task.poll(), Poll::Ready(Err(Elapsed)));
        expect_dropped("future");
    });
}

#[test]
fn if_both_are_over_the_limit_has_won() {
    check(|_| {
        let mut task = Task::new("timeout", timeout(after("future", 1, 7), after("limit", 1, ())));
        assert_eq!(task.poll(), Poll::Pending);
        let before = notes().len();
        let outcome = task.poll();
        if outcome == Poll::Ready(Ok(7)) {
            misconception("W3-tie", "the limit was over in this turn, and the output was taken all the same");
        }
        assert_eq!(outcome, Poll::Ready(Err(Elapsed)));
        let polled_again = notes()[before..].contains(&"future is polled".to_owned());
        assert!(!polled_again, "the future was polled, and its output is lost");
    });
}
