//! What an answer to `buffered` has to do. The futures are jobs, and the check says which of them is done.

use std::cell::RefCell;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use exercises::{Task, check, misconception, note};

use super::{AsyncIterator, Io, buffered};

/// All jobs of a check.
#[derive(Clone)]
struct Jobs(Rc<RefCell<Vec<Job>>>);

#[derive(Default)]
struct Job {
    is_taken: bool,
    is_done: bool,
    is_over: bool,
    polls: usize,
    waker: Option<Waker>,
}

impl Jobs {
    fn new(count: usize) -> Self {
        Self(Rc::new(RefCell::new((0..count).map(|_| Job::default()).collect())))
    }

    /// Says that a job is done, and wakes whoever has polled it.
    fn finish(&self, number: usize) {
        note(format!("job {number} is done"));
        let waker = {
            let mut jobs = self.0.borrow_mut();
            jobs[number].is_done = true;
            jobs[number].waker.take()
        };
        waker.into_iter().for_each(Waker::wake);
    }

    /// How many were taken out of the source.
    fn taken(&self) -> usize {
        self.0.borrow().iter().filter(|job| job.is_taken).count()
    }

    fn polls(&self) -> Vec<usize> {
        self.0.borrow().iter().map(|job| job.polls).collect()
    }

    fn take(&self, number: usize) -> Io<usize> {
        self.0.borrow_mut()[number].is_taken = true;
        let jobs = self.clone();
        Box::pin(poll_fn(move |cx| {
            let job = &mut jobs.0.borrow_mut()[number];
            assert!(!job.is_over, "job {number} was polled again after it was ready");
            job.polls += 1;
            job.is_over = job.is_done;
            if job.is_over {
                return Poll::Ready(number);
            }
            job.waker = Some(cx.waker().clone());
            Poll::Pending
        }))
    }
}

/// Gives the jobs in order.
struct Source {
    jobs: Jobs,
    next: usize,
    /// Before this job it is pending, for ever.
    stops_at: Option<usize>,
    has_ended: bool,
}

impl AsyncIterator for Source {
    type Item = Io<usize>;

    fn poll_next(mut self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<Option<Io<usize>>> {
        assert!(!self.has_ended, "the source was asked again after its end");
        if self.stops_at == Some(self.next) {
            return Poll::Pending;
        }
        if self.next == self.jobs.0.borrow().len() {
            self.has_ended = true;
            return Poll::Ready(None);
        }
        self.next += 1;
        Poll::Ready(Some(self.jobs.take(self.next - 1)))
    }
}

/// Asks a window over these jobs: each poll of the task is one `poll_next`.
fn window(
    jobs: &Jobs,
    limit: usize,
    stops_at: Option<usize>,
) -> Task<impl Future<Output = Option<usize>> + use<>> {
    let mut window = buffered(Source { jobs: jobs.clone(), next: 0, stops_at, has_ended: false }, limit);
    Task::new("window", poll_fn(move |cx| Pin::new(&mut window).poll_next(cx)))
}

#[test]
fn it_takes_in_and_polls_as_many_as_it_may() {
    check(|_| {
        let jobs = Jobs::new(5);
        let mut task = window(&jobs, 3, None);
        assert_eq!(jobs.taken(), 0, "before it is asked, it does nothing");
        assert_eq!(task.poll(), Poll::Pending);
        match (jobs.taken(), &jobs.polls()[..]) {
            (3, [1, 1, 1, 0, 0]) => {}
            (1, _) => misconception(
                "W5-in-order-is-one-by-one",
                "it may run three jobs at once, and has taken in one: the others could be under way",
            ),
            (3, [_, 0, _, _, _] | [_, _, 0, _, _]) => misconception(
                "W2-unpolled",
                "three jobs are in the window, and not all of them were polled: the others have not even begun",
            ),
            (taken, polls) => {
                panic!("it may run three jobs, and has taken in {taken}; their polls: {polls:?}")
            }
        }
    });
}

#[test]
fn outputs_come_in_the_order_of_the_futures() {
    check(|_| {
        let jobs = Jobs::new(3);
        let mut task = window(&jobs, 3, None);
        assert_eq!(task.poll(), Poll::Pending);
        jobs.finish(1);
        assert_eq!(task.wakes(), 1, "job 1 is done: each job has the waker of the task");
        for _ in 0..2 {
            match task.poll() {
                Poll::Pending => {}
                Poll::Ready(Some(1)) => {
                    misconception(
                        "W1-order-of-ends",
                        "job 1 was done first, and its output came before that of job 0",
                    );
                }
                other => panic!("job 0 is not done, and {other:?} came"),
            }
        }
        jobs.finish(2);
        jobs.finish(0);
        for number in 0..3 {
            assert_eq!(task.poll(), Poll::Ready(Some(number)), "all are done");
        }
    });
}

#[test]
fn outputs_that_are_not_due_keep_their_places() {
    check(|_| {
        let jobs = Jobs::new(9);
        let mut task = window(&jobs, 3, None);
        assert_eq!(task.poll(), Poll::Pending);
        jobs.finish(1);
        jobs.finish(2);
        for _ in 0..3 {
            assert_eq!(task.poll(), Poll::Pending);
        }
        if jobs.taken() > 3 {
            let taken = jobs.taken();
            misconception(
                "W5-done-takes-no-room",
                &format!(
                    "the limit is 3, job 0 is not done, and {taken} were taken in: behind a slow job all outputs pile up"
                ),
            );
        }
    });
}

#[test]
fn a_place_that_is_free_is_filled_at_the_next_question() {
    check(|_| {
        let jobs = Jobs::new(9);
        let mut task = window(&jobs, 3, None);
        assert_eq!(task.poll(), Poll::Pending);
        jobs.finish(0);
        jobs.finish(2);
        assert_eq!(task.poll(), Poll::Ready(Some(0)));
        assert_eq!(task.poll(), Poll::Pending);
        assert_eq!(jobs.taken(), 4, "job 0 has left the window, so job 3 has come in");
        assert_eq!(jobs.polls()[3], 1, "and was polled at once");
    });
}

#[test]
fn while_the_source_is_pending_the_window_gets_on() {
    check(|_| {
        let jobs = Jobs::new(9);
        let mut task = window(&jobs, 4, Some(2));
        assert_eq!(task.poll(), Poll::Pending);
        if jobs.polls()[..2] != [1, 1] {
            misconception(
                "W2-unpolled",
                "the source is pending, and so the jobs that were there already were not polled",
            );
        }
        jobs.finish(0);
        assert_eq!(task.poll(), Poll::Ready(Some(0)));
        jobs.finish(1);
        assert_eq!(task.poll(), Poll::Ready(Some(1)));
        assert_eq!(task.poll(), Poll::Pending, "the window is empty, but the source has not ended");
    });
}

#[test]
fn after_the_end_of_its_source_it_gives_what_is_left() {
    check(|_| {
        let jobs = Jobs::new(2);
        let mut task = window(&jobs, 4, None);
        assert_eq!(task.poll(), Poll::Pending);
        jobs.finish(0);
        assert_eq!(task.poll(), Poll::Ready(Some(0)));
        assert_eq!(task.poll(), Poll::Pending, "job 1 is still under way");
        jobs.finish(1);
        assert_eq!(task.poll(), Poll::Ready(Some(1)));
        for _ in 0..2 {
            assert_eq!(task.poll(), Poll::Ready(None));
        }
    });
}
