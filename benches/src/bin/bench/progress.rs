//! How far the run is: a bar on a terminal, plain lines elsewhere. Drawn between samples only, never during one.

use std::io::{self, IsTerminal};

use indicatif::{ProgressBar, ProgressStyle};

use crate::run::Sample;
use crate::selection::Turn;

/// Shows progress on standard error.
pub(crate) struct Progress {
    rounds: u32,
    bar: Option<ProgressBar>,
}

impl Progress {
    /// Begins to show a run of so many rounds of so many samples each.
    pub(crate) fn new(rounds: u32, jobs: usize) -> Self {
        let total = u64::from(rounds) * jobs as u64;
        eprintln!("measuring: {total} samples, a process each");
        let bar = io::stderr().is_terminal().then(|| {
            let style = ProgressStyle::with_template("{bar:30} {pos}/{len} {msg}  {eta} left");
            ProgressBar::new(total).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
        });
        Self { rounds, bar }
    }

    /// A turn begins.
    pub(crate) fn turn(&self, round: u32, turn: &Turn) {
        let size = if turn.scaling { format!(" at size {}", turn.jobs[0].size) } else { String::new() };
        match &self.bar {
            Some(bar) => bar.set_message(format!("{}{size}", turn.row)),
            None => {
                let who = if turn.jobs.len() == 1 { "contestant" } else { "contestants" };
                eprintln!("round {round} of {}: {}{size}, {} {who}", self.rounds, turn.row, turn.jobs.len());
            }
        }
    }

    /// A sample was taken.
    pub(crate) fn sample(&self, sample: &Sample) {
        let failed =
            sample.failed.as_ref().map(|why| format!("failed: {} {}: {why}", sample.row, sample.contestant));
        match &self.bar {
            Some(bar) => {
                failed.into_iter().for_each(|line| bar.println(line));
                bar.inc(1);
            }
            None => failed.into_iter().for_each(|line| eprintln!("{line}")),
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
