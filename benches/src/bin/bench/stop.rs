//! Why the tool ends early, and its exit codes.

/// What a script can rely on; `--help` shows it.
pub(crate) const EXIT_CODES: &str = "\
Exit codes:
      0  everything was measured
      1  a contestant failed (its row says so), or something could not be written
      2  the command line was wrong: an unknown option, row or contestant
      3  nothing could be measured: the contest could not be built or asked, a file could not be read,
         or there is no permission to write where the run would be kept
    130  interrupted; what was measured until then is written and shown";

/// Everything was measured.
pub(crate) const FINE: u8 = 0;
/// Something failed on the way.
pub(crate) const FAILED: u8 = 1;
/// The command line was wrong.
const USAGE: u8 = 2;
/// Nothing could be measured.
const NOTHING: u8 = 3;
/// A signal asked for the end.
pub(crate) const INTERRUPTED: u8 = 130;

/// The tool ends with this message and code.
#[derive(Debug)]
pub(crate) struct Stop {
    pub(crate) message: String,
    pub(crate) code: u8,
}

impl Stop {
    fn new(message: &str, code: u8) -> Self {
        Self { message: message.to_owned(), code }
    }

    /// Something failed after the measurement.
    pub(crate) fn failed(message: &str) -> Self {
        Self::new(message, FAILED)
    }

    /// The command line names what is not there.
    pub(crate) fn usage(message: &str) -> Self {
        Self::new(message, USAGE)
    }

    /// Nothing could be measured, since the tool cannot do `what`.
    pub(crate) fn cannot(what: &str) -> Self {
        Self::new(&format!("cannot {what}"), NOTHING)
    }

    /// A signal asked for the end.
    pub(crate) fn interrupted(message: &str) -> Self {
        Self::new(message, INTERRUPTED)
    }
}
