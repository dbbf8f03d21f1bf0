//! What an answer to `async-counter` has to do.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::{Context, Poll};

use exercises::{Task, check, events, misconception, note, notes};

use super::{AsyncIterator, Counter, for_each};

/// Asks a counter: each poll of the task is one `poll_next`.
fn asking(end: u32) -> Task<impl Future<Output = Option<u32>>> {
    let mut counter = Counter::new(end);
    Task::new("counter", poll_fn(move |cx| Pin::new(&mut counter).poll_next(cx)))
}

/// Is pending once, and asks to be polled again.
async fn one_turn() {
    let mut is_over = false;
    poll_fn(|cx| {
        if is_over {
            return Poll::Ready(());
        }
        is_over = true;
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// Never waits, and notes when it is asked.
struct Noting(u32);

impl AsyncIterator for Noting {
    type Item = u32;

    fn poll_next(mut self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<Option<u32>> {
        let item = self.0;
        self.0 += 1;
        note(format!("asked for item {item}"));
        Poll::Ready((item < 3).then_some(item))
    }
}

#[test]
fn asked_for_a_number_it_is_pending_first() {
    check(|_| {
        let mut task = asking(2);
        for number in 0..2 {
            if task.poll() == Poll::Ready(Some(number)) {
                misconception(
                    "W2-await-yields",
                    &format!("number {number} was there at once: a loop that awaits it goes straight on"),
                );
            }
            let _the_number = task.poll();
        }
    });
}

#[test]
fn by_then_it_has_asked_to_be_polled_again() {
    check(|_| {
        let mut task = asking(1);
        assert_eq!(task.poll(), Poll::Pending);
        if task.wakes() == 0 {
            misconception(
                "W2-forgets-waker",
                "it is pending, and has not asked to be polled again: so nobody will poll it",
            );
        }
        assert_eq!(task.wakes(), 1, "once is enough");
    });
}

#[test]
fn polled_again_it_gives_the_next_number() {
    check(|_| {
        let mut task = asking(3);
        for number in 0..3 {
            assert_eq!(task.poll(), Poll::Pending, "before number {number}");
            assert_eq!(task.poll(), Poll::Ready(Some(number)));
        }
        assert_eq!(task.wakes(), 3, "one wake for each number: none for a poll that gives one");
    });
}

#[test]
fn after_the_last_there_is_none() {
    check(|_| {
        let mut task = asking(0);
        assert_eq!(task.poll(), Poll::Ready(None), "a counter of no numbers has nothing to wait for");
        let mut task = asking(1);
        assert_eq!(task.poll(), Poll::Pending);
        assert_eq!(task.poll(), Poll::Ready(Some(0)));
        assert_eq!(task.poll(), Poll::Ready(None), "the end is known: there is nothing to wait for");
    });
}

#[test]
fn for_each_runs_the_body_for_each_item() {
    check(|_| {
        let body = |item| async move { note(format!("body of {item}")) };
        let mut task = Task::new("loop", for_each(Noting(0), body));
        assert_eq!(task.poll(), Poll::Ready(()), "nothing here has to be waited for");
        let notes = notes();
        let bodies: Vec<&str> =
            notes.iter().filter(|note| note.starts_with("body")).map(String::as_str).collect();
        assert_eq!(bodies, ["body of 0", "body of 1", "body of 2"]);
        assert!(
            notes.contains(&"asked for item 3".to_owned()),
            "how else could it know that this is the end?"
        );
    });
}

#[test]
fn while_a_body_is_pending_nobody_asks_for_the_next_item() {
    check(|_| {
        let body = |item| async move {
            note(format!("body of {item} begins"));
            one_turn().await;
            note(format!("body of {item} ends"));
        };
        let mut task = Task::new("loop", for_each(Noting(0), body));
        let is_over = task.run().is_some();
        let mut running = None;
        for note in notes() {
            if let Some(body) = &running
                && note != format!("{body} ends")
            {
                misconception(
                    "W5-loop-is-concurrent",
                    &format!("between the begin and the end of \"{body}\" came \"{note}\""),
                );
            }
            running = note.strip_suffix(" begins").map(str::to_owned);
        }
        assert!(is_over, "it is pending, and nobody has asked to poll it again");
        assert_eq!(notes().len(), 10, "four questions, and three bodies with a begin and an end");
    });
}

#[test]
fn two_loops_alternate() {
    check(|_| {
        let looped = |name: &'static str| {
            for_each(Counter::new(2), move |number| async move { note(format!("{name} has {number}")) })
        };
        let mut first = Task::new("first", looped("first"));
        let mut second = Task::new("second", looped("second"));
        for _ in 0..3 {
            let _polls = (first.poll(), second.poll());
        }
        assert_eq!(notes(), ["first has 0", "second has 0", "first has 1", "second has 1"]);
        let events = events();
        assert_eq!(events.iter().filter(|event| event.ends_with("is pending")).count(), 4, "{events:?}");
        assert_eq!(events.last().map(String::as_str), Some("second is ready"));
    });
}
