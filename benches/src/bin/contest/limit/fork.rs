//! Fork and join without tasks: a boxed frame for each call, and a stack of frames to run.
//!
//! A call that ends gives its result to its caller's frame, and the last one there takes the caller back onto the stack.

use std::cell::Cell;
use std::hint::black_box;
use std::rc::Rc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::Relaxed;
use std::thread;

use crate::watch::{Plan, Sample, Watch};
use crate::work::calls;

struct Frame {
    n: usize,
    caller: Option<Rc<Frame>>,
    /// How many results are still to come; the sum of those that have.
    missing: Cell<u32>,
    sum: Cell<usize>,
}

fn call(n: usize, caller: Option<Rc<Frame>>) -> Rc<Frame> {
    Rc::new(Frame { n, caller, missing: Cell::new(2), sum: Cell::new(0) })
}

/// Computes `fib(n)`, a frame a call.
fn fib(n: usize) -> usize {
    let mut stack = vec![call(n, None)];
    while let Some(frame) = stack.pop() {
        let result = match (frame.n, frame.missing.get()) {
            (0 | 1, _) => frame.n,
            (_, 0) => frame.sum.get(),
            (n, _) => {
                stack.push(call(n - 2, Some(Rc::clone(&frame))));
                stack.push(call(n - 1, Some(frame)));
                continue;
            }
        };
        let Some(caller) = &frame.caller else { return result };
        caller.sum.set(caller.sum.get() + result);
        caller.missing.set(caller.missing.get() - 1);
        if caller.missing.get() == 0 {
            stack.push(Rc::clone(caller));
        }
    }
    unreachable!("the first call returns")
}

pub(crate) fn one_thread(plan: &Plan) -> Sample {
    let mut watch = Watch::new(plan.time);
    while watch.begin() {
        black_box(fib(black_box(plan.size)));
        watch.end(calls(plan.size));
    }
    watch.sample()
}

/// How often two threads do it in a round, so that starting the second thread does not count.
const AGAIN: usize = 20;

/// Two threads take subtrees from one list; the calls above those are not made, and count as well.
pub(crate) fn two_threads(plan: &Plan) -> Sample {
    let mut subtrees = Vec::new();
    split(plan.size, 6, &mut subtrees);
    let mut watch = Watch::new(plan.time);
    while watch.begin() {
        let (next, sum) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let work = || {
            while let Some(&n) = subtrees.get(next.fetch_add(1, Relaxed) / AGAIN) {
                sum.fetch_add(fib(n), Relaxed);
            }
        };
        thread::scope(|scope| {
            scope.spawn(work);
            work();
        });
        black_box(sum.into_inner());
        watch.end(AGAIN * calls(plan.size));
    }
    watch.sample()
}

fn split(n: usize, depth: u32, subtrees: &mut Vec<usize>) {
    if n < 2 || depth == 0 {
        subtrees.push(n);
    } else {
        split(n - 1, depth - 1, subtrees);
        split(n - 2, depth - 1, subtrees);
    }
}
