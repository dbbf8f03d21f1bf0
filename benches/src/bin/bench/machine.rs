//! On which machine a run was made.

use std::fs;
use std::process::Command;
use std::thread;

use serde::{Deserialize, Serialize};

/// What figures depend on besides the code.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Machine {
    pub(crate) cpu: String,
    pub(crate) cores: usize,
    pub(crate) kernel: String,
    pub(crate) rustc: String,
}

impl Machine {
    /// Describes this machine. What it does not tell is "unknown".
    pub(crate) fn this() -> Self {
        let read = |path: &str| fs::read_to_string(path).ok();
        let system = read("/proc/sys/kernel/ostype").zip(read("/proc/sys/kernel/osrelease"));
        let rustc = Command::new("rustc").arg("--version").output().ok();
        let or_unknown = |text: Option<String>| text.unwrap_or_else(|| "unknown".to_owned());
        Self {
            cpu: or_unknown(read("/proc/cpuinfo").as_deref().and_then(model)),
            cores: thread::available_parallelism().map_or(1, usize::from),
            kernel: or_unknown(system.map(|(name, release)| format!("{} {}", name.trim(), release.trim()))),
            rustc: or_unknown(rustc.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned())),
        }
    }

    /// Describes it in a line.
    pub(crate) fn line(&self) -> String {
        let cores = if self.cores == 1 { "core" } else { "cores" };
        format!("{}, {} {cores}, {}, {}", self.cpu, self.cores, self.kernel, self.rustc)
    }
}

fn model(text: &str) -> Option<String> {
    let line = text.lines().find(|line| line.starts_with("model name"))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}
