//! What an answer to `ordered-gather` has to do.

use std::collections::BTreeMap;
use std::future::{Future, ready};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};
use std::thread;

use exercises::{Task, check, misconception, note, notes};

use super::{Work, gather};

/// The wakers that are left with works, by their names.
type Kept = Arc<Mutex<BTreeMap<&'static str, Waker>>>;

/// Is pending so many times, and then ready with its name.
struct Piece {
    name: &'static str,
    pending: u32,
    is_over: bool,
    kept: Kept,
}

impl Future for Piece {
    type Output = &'static str;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<&'static str> {
        note(format!("{} is polled", self.name));
        assert!(!self.is_over, "{} was ready, and is polled again", self.name);
        let kept = Arc::clone(&self.kept);
        let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.remove(self.name);
        if self.pending == 0 {
            self.is_over = true;
            return Poll::Ready(self.name);
        }
        self.pending -= 1;
        kept.insert(self.name, cx.waker().clone());
        Poll::Pending
    }
}

/// Makes works that are pending so many times.
fn works(kept: &Kept, list: &[(&'static str, u32)]) -> Vec<Work<&'static str>> {
    let work = |&(name, pending): &(&'static str, u32)| -> Work<&'static str> {
        Box::pin(Piece { name, pending, is_over: false, kept: Arc::clone(kept) })
    };
    list.iter().map(work).collect()
}

#[test]
fn making_a_gather_polls_nothing_and_its_futures_are_polled_where_it_is() {
    check(|_| {
        drop(gather(works(&Kept::default(), &[("a", 0)])));
        assert!(notes().is_empty(), "before the first poll: {}", notes().join(", "));

        let place = || -> Work<thread::ThreadId> { Box::pin(async { thread::current().id() }) };
        let Poll::Ready(places) = Task::new("gather", gather(vec![place(), place()])).poll() else {
            panic!("both are ready in their first poll, but the gather is pending");
        };
        if places.iter().any(|place| *place != thread::current().id()) {
            misconception(
                "W4-join-needs-threads",
                "a future was polled on another thread than the one that polls the gather",
            );
        }
    });
}

#[test]
fn the_first_poll_polls_every_future_in_order() {
    check(|_| {
        let mut task = Task::new("gather", gather(works(&Kept::default(), &[("a", 1), ("b", 1), ("c", 1)])));
        assert_eq!(task.poll(), Poll::Pending);
        if notes() == ["a is polled"] {
            let text = "`a` is pending, and `b` is not polled in the same poll: the waits would add up";
            misconception("W4-await-in-a-loop", text);
        }
        assert_eq!(notes(), ["a is polled", "b is polled", "c is polled"]);
    });
}

#[test]
fn a_future_that_was_ready_is_not_polled_again() {
    check(|_| {
        let mut task = Task::new("gather", gather(works(&Kept::default(), &[("a", 0), ("b", 2)])));
        assert_eq!([task.poll(), task.poll()], [Poll::Pending, Poll::Pending]);
        assert_eq!(notes(), ["a is polled", "b is polled", "b is polled"]);
    });
}

#[test]
fn the_pending_ones_have_the_latest_waker() {
    check(|_| {
        let kept = Kept::default();
        let mut task = Task::new("gather", gather(works(&kept, &[("a", 2), ("b", 2)])));
        for polls in 1..=2 {
            assert_eq!(task.poll(), Poll::Pending);
            // Clones of one waker count as one: both futures have that of the latest poll, and nobody has an older one.
            assert_eq!(task.wakers(), 1, "how many wakers are kept after poll {polls}");
        }
        assert_eq!(task.wakes(), 0, "so far nobody has a reason to wake it");
        let wakers: Vec<Waker> =
            kept.lock().unwrap_or_else(PoisonError::into_inner).values().cloned().collect();
        assert_eq!(wakers.len(), 2, "both futures keep a waker");
        wakers.into_iter().for_each(Waker::wake);
        assert_eq!(task.wakes(), 2, "each of them wakes the task that awaits the gather");
        assert_eq!(task.poll(), Poll::Ready(vec!["a", "b"]));
    });
}

#[test]
fn the_results_are_in_the_order_of_the_arguments() {
    check(|_| {
        let list = [("a", 2), ("b", 0), ("c", 1)];
        let mut task = Task::new("gather", gather(works(&Kept::default(), &list)));
        assert_eq!([task.poll(), task.poll()], [Poll::Pending, Poll::Pending]);
        match task.poll() {
            Poll::Ready(results) if results == ["a", "b", "c"] => {}
            Poll::Ready(results) if results == ["b", "c", "a"] => {
                misconception("W1-order-of-ends", "`b` was ready first, and its result came first");
            }
            other => panic!("the results are a, b and c, in this order, but what came was {other:?}"),
        }
    });
}

#[test]
fn a_gather_of_nothing_is_ready_at_once() {
    check(|_| {
        let nothing: Vec<Work<u32>> = vec![];
        assert_eq!(Task::new("gather", gather(nothing)).poll(), Poll::Ready(vec![]));
        let one: Vec<Work<u32>> = vec![Box::pin(ready(7))];
        assert_eq!(Task::new("gather of one", gather(one)).poll(), Poll::Ready(vec![7]));
    });
}
