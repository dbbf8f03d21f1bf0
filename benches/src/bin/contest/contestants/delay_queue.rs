//! tokio-util's `DelayQueue`: many deadlines behind one future, on tokio's current-thread runtime.
//!
//! A timer of it is an entry, not a future: it is inserted, the queue is polled, and it is removed.

use std::future::poll_fn;
use std::task::Context;
use std::time::Instant;

use tokio_util::time::DelayQueue;

use super::tokio::Local;
use super::{Contestant, Part};
use crate::rows::RowId;
use crate::watch::{Plan, Sample, Watch, resident_bytes};
use crate::work::Tasks;
use crate::work::timers::{HOUR, Lateness, Moments, ROUND, other, others, own_waker};

pub(crate) const DELAY_QUEUE: Contestant =
    Contestant { name: "delay-queue", what: "tokio-util's DelayQueue", part };

fn part(row: RowId) -> Part {
    Part::In(match row {
        RowId::TimerSet => set_and_drop,
        RowId::TimerReset => reset,
        RowId::Sleeps => sleeps,
        RowId::TimerBytes => bytes,
        _ => return Part::Out("it is a queue of timers, not a runtime"),
    })
}

fn with_others(size: usize) -> DelayQueue<u32> {
    let mut queue = DelayQueue::new();
    for time in others(size) {
        queue.insert(0, time);
    }
    queue
}

fn set_and_drop(plan: &Plan) -> Sample {
    let Plan { size, time } = *plan;
    Local::run(async move {
        let waker = own_waker().await;
        let mut cx = Context::from_waker(&waker);
        let mut queue = with_others(size);
        let mut watch = Watch::new(time);
        while watch.begin() {
            for _ in 0..ROUND {
                let key = queue.insert(0, HOUR);
                assert!(queue.poll_expired(&mut cx).is_pending());
                queue.remove(&key);
            }
            Local::yield_now().await;
            watch.end(ROUND);
        }
        watch.sample()
    })
}

fn reset(plan: &Plan) -> Sample {
    let Plan { size, time } = *plan;
    Local::run(async move {
        let waker = own_waker().await;
        let mut cx = Context::from_waker(&waker);
        let mut queue = with_others(size);
        let key = queue.insert(0, HOUR);
        let mut watch = Watch::new(time);
        while watch.begin() {
            for _ in 0..ROUND {
                queue.reset(&key, HOUR);
                assert!(queue.poll_expired(&mut cx).is_pending());
            }
            Local::yield_now().await;
            watch.end(ROUND);
        }
        watch.sample()
    })
}

fn sleeps(plan: &Plan) -> Sample {
    let size = plan.size;
    Local::run(async move {
        let moments = Moments::begin(size);
        let mut lateness = Lateness::for_so_many(size);
        let mut queue = DelayQueue::new();
        for n in 0..size {
            let deadline = moments.moment(n);
            queue.insert(deadline, deadline.saturating_duration_since(Instant::now()));
        }
        while let Some(expired) = poll_fn(|cx| queue.poll_expired(cx)).await {
            lateness.note(expired.into_inner());
        }
        moments.sample(lateness)
    })
}

fn bytes(plan: &Plan) -> Sample {
    let size = plan.size;
    Local::run(async move {
        drop(with_others(1));
        let before = resident_bytes();
        let mut queue = DelayQueue::new();
        for n in 0..size {
            queue.insert(0_u32, other(n));
        }
        let bytes = resident_bytes().saturating_sub(before) as f64 / size as f64;
        drop(queue);
        Sample::of_bytes(bytes)
    })
}
