//! `cargo course book`: the chapters as a site on this machine, which the package `bookgen` builds and serves.

use std::ffi::OsString;

use clap::Args;

use crate::program::Program;

/// What a short help says; the whole help comes from the program itself.
pub(crate) const MORE: &str = "`cargo course book --help` shows its options and exit codes (it is built first, which takes a minute or two).";

/// What builds and serves the book.
pub(crate) const PROGRAM: Program = Program { package: "bookgen", name: "bookgen", what: "the book" };

/// What `book` takes: all of it goes to the program as it is.
#[derive(Args)]
#[command(disable_help_flag = true)]
pub(crate) struct BookArgs {
    /// Options of the book, such as --open, --no-serve or --help
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "OPTION")]
    pub(crate) options: Vec<OsString>,
}
