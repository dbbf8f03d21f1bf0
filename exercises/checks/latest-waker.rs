//! What an answer to `latest-waker` has to do.

use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;

use exercises::{CountingWaker, Task, check, misconception};

use super::{Receiver, oneshot};

#[test]
fn a_value_sent_first_is_received_in_the_first_poll() {
    check(|_| {
        let (sender, receiver) = oneshot();
        sender.send(7);
        let mut task = Task::new("receiver", receiver);
        assert_eq!(task.poll(), Poll::Ready(7));
        assert_eq!(task.wakes(), 0);
    });
}

#[test]
fn while_it_is_pending_it_keeps_the_latest_waker() {
    check(|_| {
        let (_sender, receiver) = oneshot::<u32>();
        let mut task = Task::new("receiver", receiver);
        for _ in 0..3 {
            assert_eq!(task.poll(), Poll::Pending);
            if task.wakers() == 0 {
                misconception("W2-forgets-waker", "it is pending, and nobody has a waker to call");
            }
            assert_eq!(task.wakers(), 1, "one waker is enough: those of older polls are dropped");
        }
        assert_eq!(task.wakes(), 0, "and nobody is woken before there is a value");
    });
}

#[test]
fn send_calls_the_latest_waker_once() {
    check(|_| {
        let (sender, receiver) = oneshot();
        let mut receiver = pin!(receiver);
        let (first, latest) = (CountingWaker::new("first"), CountingWaker::new("latest"));
        for counting in [&first, &latest] {
            assert_eq!(counting.poll(receiver.as_mut()), Poll::Pending);
        }
        sender.send(7);
        match (first.wakes(), latest.wakes()) {
            (0, 1) => {}
            (1.., 0) => {
                misconception("W2-first-waker", "the waker of the first poll was called, not the latest one")
            }
            (0, 0) => misconception("W2-forgets-waker", "the value was sent, and nobody was woken"),
            (first, latest) => panic!("the first waker was called {first} times, the latest {latest} times"),
        }
        assert_eq!(latest.poll(receiver), Poll::Ready(7));
    });
}

/// A waker that polls the receiver at once, on another thread, and waits for that.
#[derive(Default)]
struct Eager {
    receiver: Mutex<Option<Pin<Box<Receiver<u32>>>>>,
    polled: Mutex<Option<Poll<u32>>>,
}

impl Wake for Eager {
    fn wake(self: Arc<Self>) {
        let mut receiver = self.receiver.lock().unwrap_or_else(PoisonError::into_inner).take();
        let poll = thread::scope(|scope| {
            let receiver = receiver.as_mut().expect("it is woken once");
            let other = scope.spawn(|| receiver.as_mut().poll(&mut Context::from_waker(Waker::noop())));
            other.join().expect("polling does not panic")
        });
        *self.polled.lock().unwrap_or_else(PoisonError::into_inner) = Some(poll);
    }
}

/// What a poll inside of the wake has returned.
fn polled_by_the_waker() -> Option<Poll<u32>> {
    let (sender, receiver) = oneshot();
    let eager = Arc::new(Eager::default());
    let mut receiver = Box::pin(receiver);
    let waker = Waker::from(Arc::clone(&eager));
    assert_eq!(receiver.as_mut().poll(&mut Context::from_waker(&waker)), Poll::Pending);
    *eager.receiver.lock().unwrap_or_else(PoisonError::into_inner) = Some(receiver);
    exercises::note("send, to a receiver whose waker polls it at once");
    sender.send(7);
    *eager.polled.lock().unwrap_or_else(PoisonError::into_inner)
}

const UNDER_LOCK: &str =
    "`send` calls the waker while it holds the lock, and what is woken waits for the lock";

#[test]
fn the_value_is_there_before_the_waker_is_called() {
    check(|watch| {
        watch.a_hang_means("W2-wake-under-lock", UNDER_LOCK);
        match polled_by_the_waker() {
            Some(Poll::Ready(value)) => assert_eq!(value, 7),
            Some(Poll::Pending) => {
                misconception(
                    "W2-wake-runs",
                    "it was woken, looked, and there was nothing: the value came after the wake",
                );
            }
            None => panic!("nobody was woken"),
        }
    });
}

#[test]
fn no_waker_is_called_under_the_lock() {
    check(|watch| {
        watch.a_hang_means("W2-wake-under-lock", UNDER_LOCK);
        assert!(polled_by_the_waker().is_some(), "nobody was woken");
    });
}
