//! The workloads on every step, with statistics; a report draws a line for each way, by the workload's size.
//!
//! `cargo bench -p benches --bench steps -- waits`, and with `--quick` in less time.
//!
//! `cargo bench -p benches --bench steps -- '^echo/step 4'` runs some ways of a workload. The report is in
//! `target/criterion/report/index.html`. `cargo run --profile bench -p benches --bin steps` prints the other figures.

use std::env;
use std::time::Duration;

use benches::{Setting, kinds};
use criterion::{BenchmarkId, Criterion, SamplingMode};

/// What criterion draws, it draws for each of these: with its own 100,000, that takes longer than all the measuring.
const RESAMPLES: usize = 2_000;

fn main() {
    let mut criterion = Criterion::default().nresamples(RESAMPLES).configure_from_args();
    let setting = Setting::new(env!("CARGO_BIN_EXE_steps")).expect("there can be a folder for it");
    // As criterion has it: without this argument, all is run once, to see that it works.
    let is_test = !env::args().any(|arg| arg == "--bench");
    for kind in kinds() {
        let mut group = criterion.benchmark_group(kind.name);
        group.sample_size(10).sampling_mode(SamplingMode::Flat);
        group.warm_up_time(Duration::from_millis(100)).measurement_time(Duration::from_millis(500));
        for size in if is_test { vec![kind.tiny] } else { kind.sizes.to_vec() } {
            let workload = kind.make(size, &setting);
            for way in &workload.ways {
                group.bench_function(BenchmarkId::new(way.to_string(), size), |bencher| {
                    bencher.iter(|| way.run());
                });
            }
        }
        group.finish();
    }
    drop(setting);
    criterion.final_summary();
}
