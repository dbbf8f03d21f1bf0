//! rayon: no runtime for waiting, but the standard for fork and join. Its jobs compute, and never give way.

use std::hint::black_box;

use rayon::{ThreadPool, ThreadPoolBuilder, join, scope};

use super::{Contestant, Part};
use crate::rows::RowId;
use crate::watch::{Plan, Sample, Watch};
use crate::work::calls;

pub(crate) const RAYON: Contestant =
    Contestant { name: "rayon", what: "rayon: scope for spawning, join for fork and join", part };

fn part(row: RowId) -> Part {
    Part::In(match row {
        RowId::SpawnOne => |plan| pool(1).install(|| spawn_and_join(plan)),
        RowId::SpawnTwo => |plan| pool(2).install(|| spawn_and_join(plan)),
        RowId::ForkOne => |plan| pool(1).install(|| fork_and_join(plan)),
        RowId::ForkTwo => |plan| pool(2).install(|| fork_and_join(plan)),
        _ => return Part::Out("its jobs are closures that compute: they do not wait, nor give way"),
    })
}

fn pool(threads: usize) -> ThreadPool {
    ThreadPoolBuilder::new().num_threads(threads).build().expect("the system has threads for us")
}

/// Each job leaves its number in a place of its own.
fn spawn_and_join(plan: &Plan) -> Sample {
    let size = plan.size;
    let batches = plan.repeats(20_000);
    let mut places = vec![0; size];
    let mut watch = Watch::new(plan.time);
    while watch.begin() {
        for _ in 0..batches {
            scope(|scope| {
                for (n, place) in places.iter_mut().enumerate() {
                    scope.spawn(move |_| *place = black_box(n));
                }
            });
            assert_eq!(places.iter().sum::<usize>(), size * (size - 1) / 2);
        }
        watch.end(batches * size);
    }
    watch.sample()
}

fn fork_and_join(plan: &Plan) -> Sample {
    let mut watch = Watch::new(plan.time);
    while watch.begin() {
        black_box(fib(black_box(plan.size)));
        watch.end(calls(plan.size));
    }
    watch.sample()
}

fn fib(n: usize) -> usize {
    if n < 2 {
        return n;
    }
    let (one, two) = join(|| fib(n - 1), || fib(n - 2));
    one + two
}
