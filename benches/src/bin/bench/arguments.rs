//! The command line.

use std::path::PathBuf;

use clap::Parser;

use crate::report::Style;
use crate::stop::EXIT_CODES;

/// Runs the contest of our runtimes against their peers, and shows who is ahead.
///
/// Each sample is a process of its own. The samples of a row are taken in turns, so that whatever else the machine does
/// meets all contestants alike. The figures are medians.
#[derive(Parser)]
#[command(name = "bench", bin_name = "cargo course bench", after_help = EXIT_CODES)]
pub(crate) struct Arguments {
    /// A first impression within two minutes: small sizes, short samples, one of each
    #[arg(long)]
    pub(crate) quick: bool,

    /// Only this row; may be given several times
    #[arg(long, value_name = "ID")]
    pub(crate) row: Vec<String>,

    /// Only this contestant; may be given several times
    #[arg(long, value_name = "NAME")]
    pub(crate) contestant: Vec<String>,

    /// How many samples of each contestant on each row [default: 3; with --quick: 1]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) samples: Option<u32>,

    /// Also measure how the cost grows with the size, and plot that; takes several times as long
    #[arg(long)]
    pub(crate) scaling: bool,

    /// Only our runtimes and the limits; much less to build
    #[arg(long)]
    pub(crate) no_peers: bool,

    /// Give up on a sample after so many seconds [default: 120; with --quick: 15]
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) limit: Option<u64>,

    /// Also show the figures of all contestants
    #[arg(long)]
    pub(crate) all: bool,

    /// Print the tables as Markdown
    #[arg(long)]
    pub(crate) markdown: bool,

    /// Keep the run in FILE [default: DATE-TIME.json and latest.json in the folder]
    #[arg(long, value_name = "FILE")]
    pub(crate) json: Option<PathBuf>,

    /// Draw the plot to FILE, and that of --scaling beside it [default: DATE-TIME.svg and latest.svg in the folder]
    #[arg(long, value_name = "FILE")]
    pub(crate) svg: Option<PathBuf>,

    /// Compare with the run kept in FILE [default: latest.json in the folder, as the last run left it]
    #[arg(long, value_name = "FILE")]
    pub(crate) compare: Option<PathBuf>,

    /// Where runs are kept [default: bench in cargo's target folder]
    #[arg(long, value_name = "FOLDER")]
    pub(crate) folder: Option<PathBuf>,

    /// Measure nothing: show the run kept in FILE again
    #[arg(long, value_name = "FILE", conflicts_with_all = [
        "quick", "row", "contestant", "samples", "scaling", "no_peers", "limit", "json", "folder", "contest", "proc",
    ])]
    pub(crate) report: Option<PathBuf>,

    /// For tests: build nothing, and ask and run this program instead; further ones take the place of Python's
    #[arg(long, value_name = "PROGRAM", hide = true)]
    pub(crate) contest: Vec<PathBuf>,

    /// For tests: read the machine's load here
    #[arg(long, value_name = "FOLDER", hide = true, default_value = "/proc")]
    pub(crate) proc: PathBuf,
}

impl Arguments {
    /// Returns how many samples are taken of each contestant on each row.
    pub(crate) fn samples(&self) -> u32 {
        self.samples.unwrap_or(if self.quick { 1 } else { 3 })
    }

    /// Returns how the tables are printed.
    pub(crate) fn style(&self) -> Style {
        Style { markdown: self.markdown, all: self.all }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Arguments::command().debug_assert();
    }
}
