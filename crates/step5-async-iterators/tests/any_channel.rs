//! Any steps of senders and receivers: a channel does what two lists of those who wait, and a queue, would do.
#![allow(clippy::unwrap_used, reason = "a test may")]

use std::collections::VecDeque;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};

use proptest::collection::vec;
use proptest::prelude::*;
use step2::yield_now;
use step5::{Receiver, SendError, Sender, channel};

#[derive(Clone, Copy, Debug)]
enum Step {
    /// A sender begins to wait, or sends at once.
    Send,
    Recv,
    /// One of those that wait is polled, woken or not.
    Poll(usize),
    /// One of those that wait is given up.
    Drop(usize),
    Close,
}

fn steps() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => Just(Step::Send),
        8 => Just(Step::Recv),
        8 => (0..100_usize).prop_map(Step::Poll),
        4 => (0..100_usize).prop_map(Step::Drop),
        1 => Just(Step::Close),
    ]
}

/// Who was woken, by number.
#[derive(Clone, Default)]
struct Wakes(Arc<Mutex<Vec<usize>>>);

struct Named(usize, Wakes);

impl Wake for Named {
    fn wake(self: Arc<Self>) {
        self.1.0.lock().unwrap().push(self.0);
    }
}

/// A sender with its item, or a receiver.
type Waits = Pin<Box<dyn Future<Output = Result<Option<usize>, SendError<usize>>>>>;

/// Somebody who waits, as the model sees it: the wants of all are one permit.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Waiter {
    number: usize,
    is_granted: bool,
    /// Whether there is a waker to call, which is so until it was called.
    has_waker: bool,
}

/// A line: what is free, and who waits for it, the first to come first.
#[derive(Default)]
struct Line {
    free: usize,
    waiters: Vec<Waiter>,
}

impl Line {
    /// Takes a permit for `number`, or puts it into the line.
    fn claim(&mut self, number: usize) -> bool {
        let is_first = self.waiters.iter().all(|waiter| waiter.is_granted);
        match self.waiters.iter().position(|waiter| waiter.number == number) {
            Some(at) if self.waiters[at].is_granted => drop(self.waiters.remove(at)),
            Some(at) => {
                self.waiters[at].has_waker = true;
                return false;
            }
            None if is_first && self.free > 0 => self.free -= 1,
            None => {
                self.waiters.push(Waiter { number, is_granted: false, has_waker: true });
                return false;
            }
        }
        true
    }

    /// Gives what is free to those who wait, and returns who is woken.
    fn grant(&mut self) -> Vec<usize> {
        let mut woken = Vec::new();
        for waiter in self.waiters.iter_mut().filter(|waiter| !waiter.is_granted) {
            if self.free == 0 {
                break;
            }
            self.free -= 1;
            waiter.is_granted = true;
            woken.extend(waiter.has_waker.then_some(waiter.number));
        }
        woken
    }

    fn leave(&mut self, number: usize) -> Vec<usize> {
        let Some(at) = self.waiters.iter().position(|waiter| waiter.number == number) else {
            return Vec::new();
        };
        self.free += usize::from(self.waiters.remove(at).is_granted);
        self.grant()
    }

    /// Calls all that have nothing yet.
    fn call(&mut self) -> Vec<usize> {
        let waiting = self.waiters.iter_mut().filter(|waiter| !waiter.is_granted && waiter.has_waker);
        waiting
            .map(|waiter| {
                waiter.has_waker = false;
                waiter.number
            })
            .collect()
    }
}

/// A channel beside its model.
struct Pair {
    ends: (Rc<Sender<usize>>, Rc<Receiver<usize>>),
    wakes: Wakes,
    /// By number: who waits, and which item it sends.
    waiting: Vec<(usize, Option<usize>, Waits)>,
    next: usize,
    places: Line,
    items: Line,
    queue: VecDeque<usize>,
    is_closed: bool,
}

impl Pair {
    fn new(capacity: usize) -> Self {
        let (sender, receiver) = channel(capacity);
        Self {
            ends: (Rc::new(sender), Rc::new(receiver)),
            wakes: Wakes::default(),
            waiting: Vec::new(),
            next: 0,
            places: Line { free: capacity, waiters: Vec::new() },
            items: Line::default(),
            queue: VecDeque::new(),
            is_closed: false,
        }
    }

    fn step(&mut self, step: Step) {
        let pick = |which: usize| (!self.waiting.is_empty()).then(|| which % self.waiting.len());
        let mut woken;
        match step {
            Step::Send | Step::Recv => {
                let number = self.next;
                self.next += 1;
                let (sender, receiver) = (Rc::clone(&self.ends.0), Rc::clone(&self.ends.1));
                let item = matches!(step, Step::Send).then_some(number);
                let waits: Waits = match item {
                    Some(item) => Box::pin(async move { sender.send(item).await.map(|()| None) }),
                    None => Box::pin(async move { Ok(receiver.recv().await) }),
                };
                self.waiting.push((number, item, waits));
                woken = self.poll(self.waiting.len() - 1);
            }
            Step::Poll(which) => woken = pick(which).map(|at| self.poll(at)).unwrap_or_default(),
            Step::Drop(which) => {
                let Some(at) = pick(which) else { return };
                let (number, item, waits) = self.waiting.remove(at);
                drop(waits);
                woken = if item.is_some() { self.places.leave(number) } else { self.items.leave(number) };
            }
            Step::Close => {
                self.ends.0.close();
                self.is_closed = true;
                woken = self.places.call();
                if self.queue.is_empty() {
                    woken.extend(self.items.call());
                }
            }
        }
        assert_eq!(std::mem::take(&mut *self.wakes.0.lock().unwrap()), woken);
        assert_eq!(self.ends.1.len(), self.queue.len());
        assert_eq!(self.ends.0.is_closed(), self.is_closed);
    }

    /// Polls one of those that wait, holds what comes of it to the model, and returns who is woken by that.
    fn poll(&mut self, at: usize) -> Vec<usize> {
        let (number, item, waits) = &mut self.waiting[at];
        let (number, item) = (*number, *item);
        let waker = Waker::from(Arc::new(Named(number, self.wakes.clone())));
        let polled = waits.as_mut().poll(&mut Context::from_waker(&waker));
        let (expected, mut woken) = match item {
            Some(item) if self.is_closed => (Poll::Ready(Err(SendError(item))), Vec::new()),
            None if self.is_closed && self.queue.is_empty() => (Poll::Ready(Ok(None)), Vec::new()),
            Some(item) if self.places.claim(number) => {
                self.queue.push_back(item);
                self.items.free += 1;
                (Poll::Ready(Ok(None)), self.items.grant())
            }
            None if self.items.claim(number) => {
                let item = self.queue.pop_front();
                self.places.free += 1;
                let mut woken = self.places.grant();
                if self.is_closed && self.queue.is_empty() {
                    woken.extend(self.items.call());
                }
                (Poll::Ready(Ok(item)), woken)
            }
            _ => (Poll::Pending, Vec::new()),
        };
        let plain = |polled: &Poll<Result<_, SendError<_>>>| match polled {
            Poll::Pending => "pending".to_owned(),
            Poll::Ready(Ok(item)) => format!("{item:?}"),
            Poll::Ready(Err(SendError(item))) => format!("{item} comes back"),
        };
        assert_eq!(plain(&polled), plain(&expected), "{number}");
        if polled.is_ready() {
            drop(self.waiting.remove(at));
            let line = if item.is_some() { &mut self.places } else { &mut self.items };
            woken.extend(line.leave(number));
        }
        woken
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_channel_does_what_two_lists_and_a_queue_would(capacity in 1..4_usize, steps in vec(steps(), 0..200)) {
        step4::run(async move {
            let mut pair = Pair::new(capacity);
            for step in steps {
                pair.step(step);
                yield_now().await; // A poll spends of the task's budget, and each step may be one.
            }
            // Whoever still waits is served or turned away: first all that was sent comes out, then the end.
            pair.step(Step::Close);
            while !pair.waiting.is_empty() {
                let before = pair.waiting.len();
                for at in (0..before).rev() {
                    pair.step(Step::Poll(at));
                    yield_now().await;
                }
                assert!(pair.waiting.len() < before, "{before} wait for ever");
            }
        });
    }
}
