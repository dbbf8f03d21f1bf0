//! Tasks on two workers: spawn and join, yield, ping-pong, fork and join. The same as `one_thread`, with `Send` in it.

use std::future::Future;
use std::hint::black_box;
use std::sync::Arc;

use super::{SharedChannel, Workers, calls};
use crate::slot::{SharedCountdown, SharedSlot};
use crate::watch::{Plan, Sample, Watch};

pub(crate) fn spawn_and_join<R: Workers>(plan: &Plan) -> Sample {
    let Plan { size, time } = *plan;
    let batches = plan.repeats(20_000);
    R::run(async move {
        let mut watch = Watch::new(time);
        let mut handles = Vec::with_capacity(size);
        while watch.begin() {
            for _ in 0..batches {
                handles.extend((0..size).map(|n| R::spawn(async move { black_box(n) })));
                let mut sum = 0;
                for handle in handles.drain(..) {
                    sum += handle.await;
                }
                assert_eq!(sum, size * (size - 1) / 2);
            }
            watch.end(batches * size);
        }
        watch.sample()
    })
}

/// Runs rounds of tasks that say when they are done, until the time is up.
fn rounds<R: Workers>(
    plan: &Plan,
    operations: usize,
    tasks: usize,
    start: impl Fn(&Arc<SharedCountdown>) + Send + 'static,
) -> Sample {
    let time = plan.time;
    R::run(async move {
        let mut watch = Watch::new(time);
        while watch.begin() {
            let countdown = Arc::new(SharedCountdown::of(tasks));
            start(&countdown);
            countdown.wait().await;
            watch.end(operations);
        }
        watch.sample()
    })
}

/// `size` tasks that yield.
pub(crate) fn yield_among_many<R: Workers>(plan: &Plan) -> Sample {
    let (tasks, yields) = (plan.size, plan.repeats(1_000_000));
    rounds::<R>(plan, tasks * yields, tasks, move |countdown| {
        for _ in 0..tasks {
            let countdown = Arc::clone(countdown);
            R::start(async move {
                for _ in 0..yields {
                    R::yield_now().await;
                }
                countdown.one_is_done();
            });
        }
    })
}

/// Two tasks that wake each other through slots.
pub(crate) fn signal<R: Workers>(plan: &Plan) -> Sample {
    let trips = plan.size;
    rounds::<R>(plan, trips, 2, move |countdown| {
        let (ping, pong) = (Arc::new(SharedSlot::default()), Arc::new(SharedSlot::default()));
        let (ping2, pong2) = (Arc::clone(&ping), Arc::clone(&pong));
        let (countdown, countdown2) = (Arc::clone(countdown), Arc::clone(countdown));
        R::start(async move {
            for _ in 0..trips {
                ping.set();
                pong.wait().await;
            }
            countdown.one_is_done();
        });
        R::start(async move {
            for _ in 0..trips {
                ping2.wait().await;
                pong2.set();
            }
            countdown2.one_is_done();
        });
    })
}

/// Two tasks that send each other numbers.
pub(crate) fn channel<R: Workers, C: SharedChannel>(plan: &Plan) -> Sample {
    let trips = plan.size as u64;
    rounds::<R>(plan, plan.size, 2, move |countdown| {
        let ((mut ping, mut pinged), (mut pong, mut ponged)) = (C::channel(), C::channel());
        let (countdown, countdown2) = (Arc::clone(countdown), Arc::clone(countdown));
        R::start(async move {
            for n in 0..trips {
                C::send(&mut ping, n).await;
                assert_eq!(C::recv(&mut ponged).await, n + 1);
            }
            countdown.one_is_done();
        });
        R::start(async move {
            for _ in 0..trips {
                let n = C::recv(&mut pinged).await;
                C::send(&mut pong, n + 1).await;
            }
            countdown2.one_is_done();
        });
    })
}

/// `fib(size)`, with a task for each call.
pub(crate) fn fork_and_join<R: Workers>(plan: &Plan) -> Sample {
    let Plan { size, time } = *plan;
    R::run(async move {
        let mut watch = Watch::new(time);
        while watch.begin() {
            black_box(R::spawn(fib::<R>(black_box(size))).await);
            watch.end(calls(size));
        }
        watch.sample()
    })
}

#[expect(clippy::manual_async_fn, reason = "a type that spawns itself must be named before it is known")]
fn fib<R: Workers>(n: usize) -> impl Future<Output = usize> + Send + 'static {
    async move {
        if n < 2 {
            return n;
        }
        let (one, two) = (R::spawn(fib::<R>(n - 1)), R::spawn(fib::<R>(n - 2)));
        one.await + two.await
    }
}
