//! The learner's command-line tool.
fn main() {}
