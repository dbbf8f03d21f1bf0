//! How busy the machine is, besides what we measure.
//!
//! The load average cannot tell: it counts our own samples, and remembers for a minute. So the processor time that
//! everyone used is compared with what this process and its children used; the rest was others'. `steal` is what the
//! machine below a virtual one took. The kernel counts both in ticks, so one short sample tells little, and a row all.

use std::fs;
use std::path::{Path, PathBuf};

/// Ticks a second in what the kernel shows to programs, whatever its own clock is.
const TICKS: f64 = 100.0;

/// Reads the machine's load.
pub(crate) struct Meter {
    proc: PathBuf,
}

/// What the counters say at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Reading {
    /// The load average of the last minute.
    pub(crate) load: f64,
    /// Seconds of processor time, since the machine started: of all processes; stolen; of ours.
    busy: f64,
    steal: f64,
    ours: f64,
}

impl Meter {
    /// A meter that reads in `proc`.
    pub(crate) fn new(proc: &Path) -> Self {
        Self { proc: proc.to_path_buf() }
    }

    /// Reads the counters; zeros on a system that has none.
    pub(crate) fn read(&self) -> Reading {
        let text = |name: &str| fs::read_to_string(self.proc.join(name)).unwrap_or_default();
        reading(&text("loadavg"), &text("stat"), &text("self/stat"))
    }
}

impl Reading {
    /// Returns the seconds of processor time that others used from `self` to `later`.
    pub(crate) fn others(&self, later: &Self) -> f64 {
        ((later.busy - self.busy) - (later.ours - self.ours)).max(0.0)
    }

    /// Returns the seconds of processor time that were stolen from `self` to `later`.
    pub(crate) fn stolen(&self, later: &Self) -> f64 {
        (later.steal - self.steal).max(0.0)
    }
}

fn reading(load: &str, all: &str, own: &str) -> Reading {
    let numbers =
        |text: &str| -> Vec<f64> { text.split_whitespace().map(|n| n.parse().unwrap_or(0.0)).collect() };
    let seconds = |ticks: &[f64], from: usize, to: usize| {
        ticks[from.min(ticks.len())..to.min(ticks.len())].iter().sum::<f64>() / TICKS
    };
    // user nice system idle iowait irq softirq steal ...
    let all = numbers(all.lines().next().unwrap_or_default().trim_start_matches("cpu"));
    // After the name in brackets, which may have spaces: state is the first, utime stime cutime cstime the 12th on.
    let own = numbers(own.rsplit(')').next().unwrap_or_default());
    Reading {
        load: numbers(load).first().copied().unwrap_or(0.0),
        busy: seconds(&all, 0, 3) + seconds(&all, 5, 7),
        steal: seconds(&all, 7, 8),
        ours: seconds(&own, 11, 15),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counters_are_taken_from_where_they_stand() {
        let own = "7 (a b) c) S 1 2 3 4 5 6 7 8 9 10 100 200 300 400 20 0";
        let read = reading("1.25 2 3 1/100 7\n", "cpu  100 200 300 9000 50 10 20 700 0 0\ncpu0 1 2\n", own);
        assert_eq!(read, Reading { load: 1.25, busy: 6.3, steal: 7.0, ours: 10.0 });
        assert_eq!(reading("", "", ""), Reading::default());
    }

    #[test]
    fn what_we_did_not_use_others_did() {
        let before = Reading { load: 0.0, busy: 10.0, steal: 1.0, ours: 4.0 };
        let later = Reading { load: 0.0, busy: 13.0, steal: 1.5, ours: 6.0 };
        assert!((before.others(&later) - 1.0).abs() < 1e-9);
        assert!((before.stolen(&later) - 0.5).abs() < 1e-9);
    }
}
