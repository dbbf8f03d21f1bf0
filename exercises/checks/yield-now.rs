//! What an answer to `yield-now` has to do.

use std::task::Poll;

use exercises::{Task, check, misconception, notes};

use super::{ready, yield_now};

#[test]
fn ready_is_ready_in_its_first_poll() {
    check(|_| {
        let mut task = Task::new("ready", ready(String::from("value")));
        assert_eq!(task.poll(), Poll::Ready(String::from("value")));
        assert_eq!(task.wakes(), 0, "nobody has to be woken: it is over");
        assert_eq!(task.wakers(), 0, "it has no use for a waker");
    });
}

#[test]
fn yield_now_is_pending_in_its_first_poll() {
    check(|_| {
        let mut task = Task::new("yield_now", yield_now());
        match task.poll() {
            Poll::Pending => {}
            Poll::Ready(()) if task.wakes() > 0 => {
                misconception("W2-wake-runs", "it calls `wake` and is ready: nobody else has had a turn");
            }
            Poll::Ready(()) => {
                misconception("W2-await-yields", "it is ready at once: nobody else gets a turn")
            }
        }
    });
}

#[test]
fn yield_now_has_asked_once_to_be_polled_again() {
    check(|_| {
        let mut task = Task::new("yield_now", yield_now());
        let _pending = task.poll();
        if task.wakes() == 0 {
            misconception("W2-forgets-waker", "it is pending, and nobody was asked to poll it again");
        }
        assert_eq!(task.wakes(), 1, "to ask once is enough");
    });
}

#[test]
fn yield_now_is_ready_in_its_second_poll() {
    check(|_| {
        let mut task = Task::new("yield_now", yield_now());
        let _pending = task.poll();
        assert_eq!(task.poll(), Poll::Ready(()));
        assert_eq!(task.wakes(), 1, "the second poll asks for no third");
    });
}

#[test]
fn two_tasks_that_yield_take_turns() {
    check(|_| {
        let worker = |name: &'static str| async move {
            for turn in 1..=3 {
                exercises::note(format!("{name} {turn}"));
                yield_now().await;
            }
        };
        let mut tasks = [Task::new("a", worker("a")), Task::new("b", worker("b"))];
        for _ in 0..4 {
            for task in &mut tasks {
                let _pending_or_over = task.poll();
            }
        }
        assert_eq!(notes(), ["a 1", "b 1", "a 2", "b 2", "a 3", "b 3"]);
        assert_eq!(tasks.map(|task| (task.polls(), task.wakes())), [(4, 3), (4, 3)]);
    });
}
