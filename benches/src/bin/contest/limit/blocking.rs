//! One poll; and two threads that wake each other, by parking or by spinning.

use std::future::Future;
use std::hint::spin_loop;
use std::pin::pin;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::{Acquire, Release};
use std::task::{Context, Poll, Waker};
use std::thread;

use crate::watch::{Plan, Sample, Watch};
use crate::work::BlockOn;

/// Polls once, and does not know what to do if that was not enough.
pub(super) struct PollOnce;

impl BlockOn for PollOnce {
    fn new() -> Self {
        Self
    }

    fn block_on<F: Future>(&mut self, future: F) -> F::Output {
        match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(output) => output,
            Poll::Pending => panic!("it was to be ready"),
        }
    }
}

/// Each thread parks until it is its turn, and unparks the other.
pub(crate) fn park_and_unpark(plan: &Plan) -> Sample {
    between_threads(plan, thread::park, thread::Thread::unpark)
}

/// Each thread spins until it is its turn.
pub(crate) fn spin(plan: &Plan) -> Sample {
    between_threads(plan, spin_loop, |_| {})
}

/// The number of the turn; even ones are ours, odd ones the other thread's. The last one ends the game.
const OVER: usize = usize::MAX;

fn between_threads(plan: &Plan, wait: fn(), wake: fn(&thread::Thread)) -> Sample {
    let turn = AtomicUsize::new(0);
    let we = thread::current();
    thread::scope(|scope| {
        let other = scope.spawn(|| {
            loop {
                match turn.load(Acquire) {
                    OVER => return,
                    now if now % 2 == 1 => {
                        turn.store(now + 1, Release);
                        wake(&we);
                    }
                    _ => wait(),
                }
            }
        });
        let mut watch = Watch::new(plan.time);
        let mut now = 0;
        while watch.begin() {
            for _ in 0..plan.size {
                turn.store(now + 1, Release);
                wake(other.thread());
                now += 2;
                while turn.load(Acquire) != now {
                    wait();
                }
            }
            watch.end(plan.size);
        }
        turn.store(OVER, Release);
        other.thread().unpark();
        watch.sample()
    })
}
