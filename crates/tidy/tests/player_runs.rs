//! The trace player has the runs that were recorded: `chapters/player/traces.js` holds each file of `chapters/traces` as it is.
//!
//! `UPDATE=1 cargo test -p tidy --test player_runs` writes it anew.
#![allow(clippy::unwrap_used, reason = "a test may")]

use std::{env, fs};

use tidy::{Source, root, sources_in};

const SCRIPT: &str = "chapters/player/traces.js";

const HEADER: &str = "\
// Recorded runs for the player: each file of chapters/traces under its name, as it stands there.
//
// A script rather than the files themselves: a page that was opened from a folder may load scripts, but no files. Made by
// `UPDATE=1 cargo test -p tidy --test player_runs`.
\"use strict\";

globalThis.recordedRuns = {
";

#[test]
fn the_player_has_the_runs_that_were_recorded() {
    let wanted = script(&sources_in("chapters/traces"));
    let path = root().join(SCRIPT);
    if env::var_os("UPDATE").is_some_and(|value| value == "1") {
        fs::write(&path, &wanted).unwrap();
    }
    let is = fs::read_to_string(path).unwrap();
    assert!(is == wanted, "{SCRIPT} is not made from chapters/traces; set UPDATE=1 and run this test again");
}

/// Writes the runs as one script. What is JSON is JavaScript, too.
fn script(traces: &[Source]) -> String {
    let run = |trace: &Source| {
        let name = trace.path.rsplit('/').next()?.strip_suffix(".json")?;
        Some(format!("\"{name}\":\n{},\n", trace.text.trim_end()))
    };
    let runs: String = traces.iter().filter_map(run).collect();
    format!("{HEADER}{runs}}};\n")
}

#[test]
fn a_run_is_written_under_its_files_name_and_other_files_are_not() {
    let of = |path: &str| Source::new(path, "{\"version\":1}\n");
    let written = script(&[of("chapters/traces/await.json"), of("chapters/traces/README.md")]);
    assert_eq!(written, format!("{HEADER}\"await\":\n{{\"version\":1}},\n}};\n"));
}
