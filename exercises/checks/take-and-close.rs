//! What an answer to `take-and-close` has to do.

use std::collections::VecDeque;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::{Context, Poll};

use exercises::{Task, check, misconception, note, notes};

use super::{AsyncIterator, Close, first_rows, take};

/// Answers as it is told, and notes when it is asked. After its answers it is pending for ever.
struct Source(VecDeque<Poll<Option<u32>>>);

impl Source {
    fn new(answers: impl IntoIterator<Item = Poll<Option<u32>>>) -> Self {
        Self(answers.into_iter().collect())
    }
}

impl AsyncIterator for Source {
    type Item = u32;

    fn poll_next(mut self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<Option<u32>> {
        note("the source is asked");
        self.0.pop_front().unwrap_or(Poll::Pending)
    }
}

/// Takes from a source: each poll of the task is one `poll_next`.
fn taking(
    n: usize,
    answers: impl IntoIterator<Item = Poll<Option<u32>>>,
) -> Task<impl Future<Output = Option<u32>>> {
    let mut few = take(Source::new(answers), n);
    Task::new("take", poll_fn(move |cx| Pin::new(&mut few).poll_next(cx)))
}

/// An item that is there.
const fn item(number: u32) -> Poll<Option<u32>> {
    Poll::Ready(Some(number))
}

/// So many rows, which have to be closed.
struct Rows {
    row: u32,
    count: u32,
}

impl AsyncIterator for Rows {
    type Item = u32;

    fn poll_next(mut self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<Option<u32>> {
        if self.row == self.count {
            return Poll::Ready(None);
        }
        self.row += 1;
        Poll::Ready(Some(self.row))
    }
}

impl Close for Rows {
    async fn close(&mut self) {
        note("close begins");
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
        note("the connection is free");
    }
}

#[test]
fn take_gives_items_and_is_pending_where_its_source_is() {
    check(|_| {
        let answers = [item(1), Poll::Pending, Poll::Pending, item(2), Poll::Pending, item(3)];
        let mut task = taking(3, answers);
        let given: Vec<Poll<Option<u32>>> = answers.iter().map(|_| task.poll()).collect();
        assert_eq!(given, answers, "three items, and the waits before them");
    });
}

#[test]
fn after_so_many_it_asks_for_no_more() {
    check(|_| {
        for n in 0..3 {
            let asked = notes().len();
            // Then the source is pending for ever: as a connection on which nobody says anything more.
            let mut task = taking(n, (1..).map(item).take(n));
            for _ in 0..n {
                assert!(task.poll().is_ready());
            }
            let end = task.poll();
            if notes().len() > asked + n {
                misconception(
                    "W5-asks-for-one-more",
                    &format!(
                        "`take` of {n} has given {n}, and has asked its source again: {end:?} came of that"
                    ),
                );
            }
            assert_eq!(end, Poll::Ready(None));
        }
    });
}

#[test]
fn the_end_of_its_source_is_its_own_end() {
    check(|_| {
        // A source that begins anew after its end: nobody has forbidden that.
        let mut task = taking(5, [item(1), Poll::Ready(None), item(7), item(8)]);
        assert_eq!(task.poll(), item(1));
        assert_eq!(task.poll(), Poll::Ready(None));
        for _ in 0..2 {
            let poll = task.poll();
            if notes().len() > 2 {
                misconception(
                    "W5-none-for-ever",
                    &format!("the source had ended, was asked again, and {poll:?} came of that"),
                );
            }
            assert_eq!(poll, Poll::Ready(None));
        }
    });
}

#[test]
fn first_rows_returns_the_first_rows() {
    check(|_| {
        for (n, count, expected) in [(2, 5, vec![1, 2]), (5, 2, vec![1, 2]), (0, 3, vec![])] {
            let mut task = Task::new("first rows", first_rows(Rows { row: 0, count }, n));
            assert_eq!(task.run(), Some(expected), "the first {n} of {count} rows");
        }
    });
}

#[test]
fn before_it_returns_the_rows_are_closed() {
    check(|_| {
        for (n, count) in [(2, 5), (5, 2)] {
            let before = notes().len();
            let mut task = Task::new("first rows", first_rows(Rows { row: 0, count }, n));
            assert!(task.run().is_some(), "it is pending, and nobody has asked to poll it again");
            match notes()[before..] {
                [] => misconception(
                    "W5-break-cleans-up",
                    &format!("the first {n} of {count} rows are returned, and nobody has called `close`"),
                ),
                [_] => misconception(
                    "W5-break-cleans-up",
                    "`close` has begun, and was not awaited to its end: the connection is still busy",
                ),
                ref notes => assert_eq!(notes, ["close begins", "the connection is free"], "once is enough"),
            }
        }
    });
}
