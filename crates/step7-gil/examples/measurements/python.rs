//! CPython's column: `measurements.py`, run by the python3 that is installed.

use std::process::Command;

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/measurements.py");

/// The groups that the script knows: the others are about settings that CPython has not.
const KNOWN: [&str; 5] = ["M1", "M2", "M3", "M6", "M9"];

/// Returns which CPython there is, or why there is none to compare with.
pub(crate) fn version() -> Result<String, String> {
    let output = Command::new("python3").arg("--version").output();
    let output = output.map_err(|error| format!("python3 cannot be started here ({error})"))?;
    let version = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    if version.starts_with("Python 3.") { Ok(version) } else { Err(format!("python3 is {version:?}")) }
}

/// Returns what a group has measured under CPython, by claim.
pub(crate) fn measure(id: &str) -> Vec<(String, f64)> {
    if !KNOWN.contains(&id) {
        return Vec::new();
    }
    let output = Command::new("python3").args([SCRIPT, id]).output().unwrap();
    if !output.status.success() {
        eprintln!("{id} under CPython: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    let pair = |line: &str| {
        let (claim, value) = line.split_once('\t')?;
        Some((claim.to_owned(), value.parse().ok()?))
    };
    String::from_utf8_lossy(&output.stdout).lines().filter_map(pair).collect()
}

pub(crate) fn find(rows: &[(String, f64)], claim: &str) -> Option<f64> {
    rows.iter().find(|row| row.0 == claim).map(|row| row.1)
}
