//! The same workloads on every step.
//!
//! - `cargo bench -p benches --bench probe`: what a probe of the timeline costs.
//! - `cargo run --profile bench -p benches --bin contest -- --list`: our runtimes against others', and against loops by hand;
//!   its docs are in `src/bin/contest/main.rs`, Python's part is `python/contest.py`.
