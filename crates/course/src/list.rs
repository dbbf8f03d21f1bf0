//! The steps and the demos, for scripts.

use std::fmt::Write;

use crate::demo::Demo;
use crate::workspace::Workspace;

/// What a line holds; shown by `cargo course list --help`.
pub(crate) const COLUMNS: &str = "\
Columns, with one tab between them:
    step  its package  where to read it  its title
    demo  its name     the package it is an example of";

/// Writes one line for each step and each demo, the columns of [`COLUMNS`] between tabs.
pub(crate) fn text(workspace: &Workspace) -> String {
    let mut lines = String::new();
    for step in &workspace.steps {
        writeln!(lines, "step\t{}\t{}\t{}", step.package(), step.reading, step.title)
            .expect("writing to a string cannot fail");
    }
    for demo in Demo::ALL {
        writeln!(lines, "demo\t{demo}\t{}", demo.package()).expect("writing to a string cannot fail");
    }
    lines
}
