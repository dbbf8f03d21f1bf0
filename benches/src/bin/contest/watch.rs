//! Takes the time of rounds, and makes a sample of them.
//!
//! Every workload is `while watch.begin() { a round; watch.end(operations) }`. The first round warms up and is not counted;
//! the figure is the median of the others, so that one that was interrupted does not count, and CPU time is the mean.

use std::fs;
use std::time::{Duration, Instant};

use cpu_time::ProcessTime;
use serde_json::{Map, Value, json};

use crate::rows::{Figure, Row};

/// How much to measure.
#[derive(Clone, Copy)]
pub(crate) struct Plan {
    pub(crate) size: usize,
    pub(crate) time: Duration,
}

impl Plan {
    /// Returns how often a round repeats something of `size` operations, so that it is worth taking its time. If there is no
    /// time at all, as in tests, once.
    pub(crate) fn repeats(&self, operations: usize) -> usize {
        if self.time.is_zero() { 1 } else { (operations / self.size).max(1) }
    }
}

/// Measures rounds.
pub(crate) struct Watch {
    limit: Duration,
    since: Option<Instant>,
    begin: Option<(Instant, ProcessTime)>,
    is_warm: bool,
    /// Nanoseconds an operation, by round.
    rounds: Vec<f64>,
    cpu: Duration,
    operations: u64,
    /// With those of the first round.
    all_operations: u64,
}

impl Watch {
    pub(crate) fn new(limit: Duration) -> Self {
        Self {
            limit,
            since: None,
            begin: None,
            is_warm: false,
            rounds: Vec::with_capacity(1 << 14),
            cpu: Duration::ZERO,
            operations: 0,
            all_operations: 0,
        }
    }

    /// Begins a round, or returns false when there have been enough.
    pub(crate) fn begin(&mut self) -> bool {
        let is_over = self.since.is_some_and(|since| since.elapsed() >= self.limit);
        if is_over && !self.rounds.is_empty() {
            return false;
        }
        if self.is_warm && self.since.is_none() {
            self.since = Some(Instant::now());
        }
        self.begin = Some((Instant::now(), ProcessTime::now()));
        true
    }

    /// Ends a round of so many operations.
    pub(crate) fn end(&mut self, operations: usize) {
        let (begin, cpu) = self.begin.take().expect("a round was begun");
        let (wall, cpu) = (begin.elapsed(), cpu.elapsed());
        self.all_operations += operations as u64;
        if !self.is_warm {
            self.is_warm = true;
            return;
        }
        self.rounds.push(wall.as_nanos() as f64 / operations as f64);
        self.cpu += cpu;
        self.operations += operations as u64;
    }

    /// Makes a sample of the rounds.
    pub(crate) fn sample(mut self) -> Sample {
        self.rounds.sort_by(f64::total_cmp);
        let wall = self.rounds[self.rounds.len() / 2];
        let cpu = self.cpu.as_nanos() as f64 / self.operations as f64;
        Sample::of_time(wall, cpu)
            .with("rounds", self.rounds.len() as f64)
            .with("all_operations", self.all_operations as f64)
            .with("best_ns_per_op", self.rounds[0])
            .with("worst_ns_per_op", self.rounds[self.rounds.len() - 1])
    }
}

/// What was measured.
pub(crate) struct Sample {
    ns_per_op: Option<f64>,
    cpu_ns_per_op: Option<f64>,
    bytes_per_op: Option<f64>,
    extra: Map<String, Value>,
}

impl Sample {
    pub(crate) fn of_time(ns_per_op: f64, cpu_ns_per_op: f64) -> Self {
        Self {
            ns_per_op: Some(ns_per_op),
            cpu_ns_per_op: Some(cpu_ns_per_op),
            bytes_per_op: None,
            extra: Map::new(),
        }
    }

    pub(crate) fn of_bytes(bytes_per_op: f64) -> Self {
        Self { ns_per_op: None, cpu_ns_per_op: None, bytes_per_op: Some(bytes_per_op), extra: Map::new() }
    }

    /// Adds a figure beside the main one.
    pub(crate) fn with(mut self, name: &str, value: f64) -> Self {
        self.extra.insert(name.to_owned(), rounded(value));
        self
    }

    /// Returns the line to print.
    pub(crate) fn line(self, row: &Row, contestant: &str, size: usize) -> Value {
        let figure = match row.figure {
            Figure::Wall => self.ns_per_op,
            Figure::Cpu => self.cpu_ns_per_op,
            Figure::Bytes => self.bytes_per_op,
        };
        let mut line = json!({
            "row": row.id.name(),
            "contestant": contestant,
            "size": size,
            "unit": row.figure.unit(),
            "figure": rounded(figure.expect("the workload measures what the row is about")),
            "extra": self.extra,
        });
        let all = [
            ("ns_per_op", self.ns_per_op),
            ("cpu_ns_per_op", self.cpu_ns_per_op),
            ("bytes_per_op", self.bytes_per_op),
        ];
        for (name, value) in all {
            if let Some(value) = value {
                line[name] = rounded(value);
            }
        }
        line
    }
}

/// Three digits after the point are more than any clock here can tell.
fn rounded(value: f64) -> Value {
    json!((value * 1000.0).round() / 1000.0)
}

/// Returns how much memory of this process is in use, in bytes: what the kernel finds in its page tables.
pub(crate) fn resident_bytes() -> u64 {
    let text = fs::read_to_string("/proc/self/smaps_rollup").expect("Linux has this file");
    let line = text.lines().find_map(|line| line.strip_prefix("Rss:")).expect("and in it this line");
    let kib = line.trim().trim_end_matches(" kB").trim().parse::<u64>().expect("with a number in it");
    kib * 1024
}
