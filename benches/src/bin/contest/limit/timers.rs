//! Timers in a wheel of one lap, with a clock reading for each that is set.

use std::hint::black_box;
use std::task::Waker;
use std::thread;
use std::time::{Duration, Instant};

use super::wheel::Wheel;
use crate::watch::{Plan, Sample, Watch, resident_bytes};
use crate::work::timers::{HOUR, Lateness, Moments, ROUND, others};

/// Returns the tick in which `time` after `begin` has passed for sure.
fn tick(time: Duration) -> u32 {
    (time.as_nanos() as u64).div_ceil(1_000_000) as u32
}

/// A wheel in which `size` timers wait.
fn with_others(begin: Instant, size: usize) -> Wheel {
    let mut wheel = Wheel::new();
    for time in others(size) {
        wheel.set(tick(begin.elapsed() + time), Waker::noop().clone());
    }
    wheel
}

pub(crate) fn set_and_drop(plan: &Plan) -> Sample {
    let begin = Instant::now();
    let mut wheel = with_others(begin, plan.size);
    let mut watch = Watch::new(plan.time);
    while watch.begin() {
        for _ in 0..ROUND {
            let timer = wheel.set(tick(begin.elapsed() + HOUR), Waker::noop().clone());
            wheel.cancel(black_box(timer));
        }
        watch.end(ROUND);
    }
    watch.sample()
}

pub(crate) fn reset(plan: &Plan) -> Sample {
    let begin = Instant::now();
    let mut wheel = with_others(begin, plan.size);
    let timer = wheel.set(tick(begin.elapsed() + HOUR), Waker::noop().clone());
    let mut watch = Watch::new(plan.time);
    while watch.begin() {
        for _ in 0..ROUND {
            wheel.reset(black_box(timer), tick(begin.elapsed() + HOUR));
        }
        watch.end(ROUND);
    }
    watch.sample()
}

pub(crate) fn sleeps(plan: &Plan) -> Sample {
    let size = plan.size;
    let begin = Instant::now();
    let moments = Moments::begin(size);
    let mut lateness = Lateness::for_so_many(size);
    let mut wheel = Wheel::new();
    let mut deadlines = Vec::with_capacity(size);
    for n in 0..size {
        let deadline = moments.moment(n);
        deadlines.push(deadline); // The wheel numbers its entries in this order.
        wheel.set(
            tick(begin.elapsed() + deadline.saturating_duration_since(Instant::now())),
            Waker::noop().clone(),
        );
    }
    let mut left = size;
    let mut now = tick(moments.first() - begin) - 1;
    while left > 0 {
        let next = begin + Duration::from_millis(u64::from(now) + 1);
        thread::sleep(next.saturating_duration_since(Instant::now()));
        now = begin.elapsed().as_millis() as u32;
        wheel.turn(now, |number| {
            lateness.note(deadlines[number as usize]);
            left -= 1;
        });
    }
    moments.sample(lateness)
}

pub(crate) fn bytes(plan: &Plan) -> Sample {
    let begin = Instant::now();
    drop(with_others(begin, 1));
    let before = resident_bytes();
    let wheel = with_others(begin, plan.size);
    let bytes = resident_bytes().saturating_sub(before) as f64 / plan.size as f64;
    drop(wheel);
    Sample::of_bytes(bytes)
}
