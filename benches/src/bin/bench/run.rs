//! A run as it is kept: where and how it was made, and each sample as the contest printed it.

use std::fs;
use std::ops::RangeInclusive;
use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::list::{Contestant, Row};
use crate::machine::Machine;
use crate::stop::Stop;

/// Changes when older files can no longer be read.
pub(crate) const FORMAT: u32 = 1;

/// How large a file with a run may be: a hundred times what the contest leaves.
const MOST: u64 = 64 << 20;

/// What a sample may say: nothing, or up to 11 days. A plot has no place for more, and would be drawn for ever.
const FIGURES: RangeInclusive<f64> = 1e-6..=1e15;

/// Everything that reports are made of.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Run {
    pub(crate) format: u32,
    /// When it began, in universal time.
    pub(crate) date: String,
    pub(crate) command: Vec<String>,
    pub(crate) machine: Machine,
    /// The load average of the minute before it began.
    pub(crate) load_before: f64,
    pub(crate) quick: bool,
    /// How many samples of each were wanted.
    pub(crate) samples_wanted: u32,
    /// What the orders of the contestants were drawn from.
    pub(crate) seed: u64,
    pub(crate) ending: Ending,
    /// What was left out, and why.
    pub(crate) notes: Vec<String>,
    pub(crate) contestants: Vec<Contestant>,
    pub(crate) rows: Vec<Row>,
    pub(crate) samples: Vec<Sample>,
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Ending {
    Whole,
    /// By a signal.
    Interrupted,
    /// A quick run has only so much time.
    OutOfTime,
}

/// One sample, and how busy the machine was meanwhile.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Sample {
    /// Counted from 1.
    pub(crate) round: u32,
    pub(crate) row: String,
    pub(crate) contestant: String,
    pub(crate) size: u64,
    /// Whether it shows how the cost grows, and has no part in the table.
    pub(crate) scaling: bool,
    /// What the contest printed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) line: Option<Value>,
    /// Why there is no such line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) failed: Option<String>,
    /// How long the process ran.
    pub(crate) seconds: f64,
    /// The load average, before and after.
    pub(crate) load: [f64; 2],
    /// Seconds of processor time that other processes used, and that the machine below took.
    pub(crate) others_seconds: f64,
    pub(crate) stolen_seconds: f64,
}

impl Run {
    /// Reads a kept run.
    ///
    /// # Errors
    ///
    /// Returns which file cannot be read, and why.
    pub(crate) fn read(file: &Path) -> Result<Self, Stop> {
        let refuse = |why: String| Stop::cannot(&format!("read the run in {}: {why}", file.display()));
        let found = fs::metadata(file).map_err(|error| refuse(error.to_string()))?;
        // A named pipe would be waited for, and a device might never end.
        if !found.is_file() || found.len() > MOST {
            return Err(refuse(format!("it is no file of up to {} MiB", MOST >> 20)));
        }
        let text = fs::read_to_string(file).map_err(|error| refuse(error.to_string()))?;
        let run: Self = serde_json::from_str(&text).map_err(|error| refuse(error.to_string()))?;
        match run.format {
            FORMAT => Ok(run),
            other => Err(refuse(format!("its format is {other}, and this tool reads {FORMAT}"))),
        }
    }
}

impl Sample {
    /// Returns the figure of the row: the contest says it, or it follows from the row's unit. None if it cannot be one.
    pub(crate) fn figure(&self, unit: &str) -> Option<f64> {
        let line = self.line.as_ref()?;
        let named = match unit {
            "bytes" => "bytes_per_op",
            "ns of CPU time" => "cpu_ns_per_op",
            _ => "ns_per_op",
        };
        let figure = ["figure", named].iter().find_map(|name| line.get(name)?.as_f64());
        figure.filter(|figure| *figure == 0.0 || FIGURES.contains(figure))
    }
}
