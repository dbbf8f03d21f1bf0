//! What a probe costs: while nobody records, next to nothing; while somebody does, a clock reading and a push.
//!
//! `cargo bench -p benches --bench probe`
//!
//! ```text
//! baseline   a loop that hides its counter from the compiler
//! off        the same, with a probe in it      off - baseline = one relaxed load and a branch
//! on         the same, within a recording
//! ```

use std::{
    hint::black_box,
    time::{Duration, Instant},
};

use criterion::Criterion;
use timeline::{probe, record};

/// What one recording takes in: enough to forget its start, too few to fill the memory.
const EVENTS_PER_RECORDING: u64 = 10_000;

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    let mut group = criterion.benchmark_group("probe");
    group.bench_function("baseline", |bencher| {
        bencher.iter(|| {
            black_box(1_usize);
        });
    });
    group.bench_function("off", |bencher| bencher.iter(|| probe::woken(black_box(1))));
    group.bench_function("on", |bencher| bencher.iter_custom(recorded));
    group.finish();
    criterion.final_summary();
}

/// Times `count` probes in as many recordings as that takes, without the start and the end of these.
fn recorded(count: u64) -> Duration {
    let sizes = (0..count)
        .step_by(EVENTS_PER_RECORDING as usize)
        .map(|done| (count - done).min(EVENTS_PER_RECORDING));
    sizes.map(|size| record(|| timed(size)).0).sum()
}

fn timed(count: u64) -> Duration {
    let start = Instant::now();
    for _ in 0..count {
        probe::woken(black_box(1));
    }
    start.elapsed()
}
