//! `cargo course bench`: the contest of our runtimes against their peers, which the package `benches` runs.

use std::ffi::OsString;

use clap::Args;

use crate::program::Program;

/// What a short help says; the whole help comes from the program itself.
pub(crate) const MORE: &str =
    "`cargo course bench --help` shows its options and exit codes (it is built first).";

/// The contest's tool.
pub(crate) const PROGRAM: Program = Program { package: "benches", name: "bench", what: "the contest" };

/// What `bench` takes: all of it goes to the program as it is.
#[derive(Args)]
#[command(disable_help_flag = true)]
pub(crate) struct BenchArgs {
    /// Options of the contest, such as --quick, --row ID or --help
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "OPTION")]
    pub(crate) options: Vec<OsString>,
}
