//! `block_on`: of what is ready, and of two threads that wake each other.

use std::future::ready;
use std::hint::black_box;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread;

use super::BlockOn;
use crate::slot::SharedSlot;
use crate::watch::{Plan, Sample, Watch};

pub(crate) fn of_ready<B: BlockOn>(plan: &Plan) -> Sample {
    let mut runtime = B::new();
    let mut watch = Watch::new(plan.time);
    while watch.begin() {
        for n in 0..plan.size {
            black_box(runtime.block_on(ready(black_box(n))));
        }
        watch.end(plan.size);
    }
    watch.sample()
}

/// `size` round trips between two threads.
pub(crate) fn between_threads<B: BlockOn>(plan: &Plan) -> Sample {
    let Plan { size, time } = *plan;
    let (ping, pong) = (Arc::new(SharedSlot::default()), Arc::new(SharedSlot::default()));
    let is_over = Arc::new(AtomicBool::new(false));
    let (pinged, ponger, over) = (Arc::clone(&ping), Arc::clone(&pong), Arc::clone(&is_over));
    let other = thread::spawn(move || {
        B::new().block_on(async {
            while !over.load(Relaxed) {
                pinged.wait().await;
                ponger.set();
            }
        });
    });
    let sample = B::new().block_on(async {
        let mut watch = Watch::new(time);
        while watch.begin() {
            for _ in 0..size {
                ping.set();
                pong.wait().await;
            }
            watch.end(size);
        }
        watch.sample()
    });
    is_over.store(true, Relaxed);
    ping.set();
    other.join().expect("the other thread ends");
    sample
}
