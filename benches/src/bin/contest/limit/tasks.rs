//! Boxed futures in a queue, polled in turn with a waker that does nothing.

use std::cell::Cell;
use std::collections::VecDeque;
use std::future::{Future, poll_fn};
use std::hint::black_box;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};
use std::thread;

use crate::slot::{SharedSlot, Slot};
use crate::watch::{Plan, Sample, Watch, resident_bytes};
use crate::work::memory::idle;

type Boxed<T> = Pin<Box<dyn Future<Output = T>>>;

/// Runs rounds of so many operations until the time is up.
fn rounds(plan: &Plan, operations: usize, mut round: impl FnMut()) -> Sample {
    let mut watch = Watch::new(plan.time);
    while watch.begin() {
        round();
        watch.end(operations);
    }
    watch.sample()
}

/// Rounds on two threads are longer, so that starting the second thread does not count.
const MANY: usize = 1_000_000;

/// Does both halves of a round at once, on two threads.
fn on_two_threads(half: impl Fn() + Send + Sync) {
    thread::scope(|scope| {
        scope.spawn(&half);
        half();
    });
}

pub(crate) fn spawn_one(plan: &Plan) -> Sample {
    let batches = plan.repeats(20_000);
    rounds(plan, batches * plan.size, || spawn(plan.size, batches))
}

pub(crate) fn spawn_two(plan: &Plan) -> Sample {
    let (size, batches) = (plan.size.div_ceil(2), plan.repeats(MANY));
    rounds(plan, 2 * batches * size, || on_two_threads(|| spawn(size, batches)))
}

fn spawn(size: usize, batches: usize) {
    let mut queue: VecDeque<Boxed<usize>> = VecDeque::new();
    let mut cx = Context::from_waker(Waker::noop());
    for _ in 0..batches {
        queue.extend((0..size).map(|n| Box::pin(async move { black_box(n) }) as Boxed<usize>));
        let mut sum = 0;
        while let Some(mut task) = queue.pop_front() {
            let Poll::Ready(n) = task.as_mut().poll(&mut cx) else { unreachable!("it waits for nothing") };
            sum += n;
        }
        assert_eq!(sum, size * (size - 1) / 2);
    }
}

/// Polls all in turn until they are done.
fn run(mut queue: VecDeque<Boxed<()>>) {
    let mut cx = Context::from_waker(Waker::noop());
    while let Some(mut task) = queue.pop_front() {
        if task.as_mut().poll(&mut cx).is_pending() {
            queue.push_back(task);
        }
    }
}

pub(crate) fn yield_alone(plan: &Plan) -> Sample {
    rounds(plan, plan.size, || run_yielding(1, plan.size))
}

pub(crate) fn yield_one(plan: &Plan) -> Sample {
    let yields = plan.repeats(1_000_000);
    rounds(plan, plan.size * yields, || run_yielding(plan.size, yields))
}

pub(crate) fn yield_two(plan: &Plan) -> Sample {
    let (tasks, yields) = (plan.size.div_ceil(2), plan.repeats(MANY));
    rounds(plan, 2 * tasks * yields, || on_two_threads(|| run_yielding(tasks, yields)))
}

fn run_yielding(tasks: usize, yields: usize) {
    let yielding = |_| {
        let task = async move {
            for _ in 0..yields {
                step2::yield_now().await;
            }
        };
        Box::pin(task) as Boxed<()>
    };
    run((0..tasks).map(yielding).collect());
}

pub(crate) fn signal_one(plan: &Plan) -> Sample {
    let trips = plan.size;
    rounds(plan, trips, || {
        let (ping, pong) = (Rc::new(Slot::default()), Rc::new(Slot::default()));
        let (pinged, ponger) = (Rc::clone(&ping), Rc::clone(&pong));
        let first = async move {
            for _ in 0..trips {
                ping.set();
                pong.wait().await;
            }
        };
        let second = async move {
            for _ in 0..trips {
                pinged.wait().await;
                ponger.set();
            }
        };
        run([Box::pin(first) as Boxed<()>, Box::pin(second)].into());
    })
}

pub(crate) fn signal_two(plan: &Plan) -> Sample {
    let trips = plan.size;
    rounds(plan, trips, || {
        let (ping, pong) = (Arc::new(SharedSlot::default()), Arc::new(SharedSlot::default()));
        let (pinged, ponger) = (Arc::clone(&ping), Arc::clone(&pong));
        let first = async move {
            for _ in 0..trips {
                ping.set();
                pong.wait().await;
            }
        };
        let second = async move {
            for _ in 0..trips {
                pinged.wait().await;
                ponger.set();
            }
        };
        run([Box::pin(first) as Boxed<()>, Box::pin(second)].into());
    })
}

/// A place for one number.
trait Place: Clone + 'static {
    fn new() -> Self;
    /// Puts a number in, if the place is free.
    fn put(&self, number: u64) -> bool;
    fn take(&self) -> Option<u64>;
}

impl Place for Rc<Cell<Option<u64>>> {
    fn new() -> Self {
        Self::default()
    }

    fn put(&self, number: u64) -> bool {
        let is_free = self.get().is_none();
        if is_free {
            self.set(Some(number));
        }
        is_free
    }

    fn take(&self) -> Option<u64> {
        Cell::take(self)
    }
}

impl Place for Arc<Mutex<Option<u64>>> {
    fn new() -> Self {
        Self::default()
    }

    fn put(&self, number: u64) -> bool {
        let mut place = self.lock().unwrap_or_else(PoisonError::into_inner);
        let is_free = place.is_none();
        if is_free {
            *place = Some(number);
        }
        is_free
    }

    fn take(&self) -> Option<u64> {
        self.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

pub(crate) fn channel_one(plan: &Plan) -> Sample {
    rounds(plan, plan.size, || run_channel::<Rc<Cell<Option<u64>>>>(plan.size as u64))
}

pub(crate) fn channel_two(plan: &Plan) -> Sample {
    rounds(plan, plan.size, || run_channel::<Arc<Mutex<Option<u64>>>>(plan.size as u64))
}

fn run_channel<P: Place>(trips: u64) {
    let (ping, pong) = (P::new(), P::new());
    let (pinged, ponger) = (ping.clone(), pong.clone());
    let first = async move {
        for n in 0..trips {
            send(&ping, n).await;
            assert_eq!(recv(&pong).await, n + 1);
        }
    };
    let second = async move {
        for _ in 0..trips {
            let n = recv(&pinged).await;
            send(&ponger, n + 1).await;
        }
    };
    run([Box::pin(first) as Boxed<()>, Box::pin(second)].into());
}

async fn send(place: &impl Place, number: u64) {
    poll_fn(|_| if place.put(number) { Poll::Ready(()) } else { Poll::Pending }).await;
}

async fn recv(place: &impl Place) -> u64 {
    poll_fn(|_| place.take().map_or(Poll::Pending, Poll::Ready)).await
}

/// Boxed futures that wait for ever.
pub(crate) fn bytes(plan: &Plan) -> Sample {
    let mut tasks: Vec<Boxed<()>> = Vec::new();
    let before = resident_bytes();
    for n in 0..plan.size {
        let mut task: Boxed<()> = Box::pin(idle(n as u64));
        assert!(task.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        tasks.push(task);
    }
    let bytes = resident_bytes().saturating_sub(before) as f64 / plan.size as f64;
    drop(tasks);
    Sample::of_bytes(bytes).with("bytes_of_the_future", size_of_val(&idle(0)) as f64)
}
