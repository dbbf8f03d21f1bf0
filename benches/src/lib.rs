//! The same workloads on every step, and what each way of running them costs.
//!
//! A workload is written once, as blocking jobs and as futures; a *way* is what runs them. So a row of the table differs
//! from the next one by what waits, and by nothing else.
//!
//! ```text
//!   workload ── jobs, futures ──▶ way ── run ──▶ checksum (the same for all ways of a workload)
//!                                  └── measured: wall, CPU, threads, memory, allocations, switches
//!                                      recorded: polls, wakes, sleeps (in a run of its own)
//! ```
//!
//! ```console
//! $ cargo run --profile bench -p benches --bin steps               # all tables
//! $ cargo run --profile bench -p benches --bin steps -- waits      # one of them
//! $ cargo bench -p benches --bench steps -- waits                  # with statistics, and a line a way
//! ```
//!
//! Beside these, `src/bin/contest` has our runtimes against others', and against loops by hand (`python/contest.py` is Python's
//! part of it); and `cargo bench -p benches --bench probe` says what a probe of the timeline costs.
//!
//! # What is the same for all
//!
//! 1. A run begins with nothing, and leaves nothing: it makes its threads, pools, loops, machines and connections, and ends
//!    them. What they cost is in the figures.
//! 2. Outside of the run, and of the figures, are the folder with the file and the database, the programs of step 7 as
//!    verified code, and the server, which is a process of its own ([`Setting`]).
//! 3. All ways of a workload return the same checksum: how many waits, bytes, round trips, and so on were done.
//!
//! Read the modules in this order: [`workload`] and [`setting`]; `run` and `machine`, the ways; `workloads`; then [`counting`]
//! and [`cost`], what is measured.

pub mod workload;

pub mod setting;

mod run;

mod machine;

mod workloads;

pub mod counting;

pub mod cost;

pub use cost::Cost;
pub use counting::Counting;
pub use setting::Setting;
pub use workload::{Kind, Way, Workload, kinds};
