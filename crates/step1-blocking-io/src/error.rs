//! What can go wrong in this step.
//!
//! # Invariants
//!
//! 1. A message says what was being done and what was wrong, so that printing it is enough.
//! 2. No type of the database's library shows: step 1 gives lines of text and takes lines of text.

use std::{fmt, io};

/// Says what was being done, and what was wrong.
///
/// # Examples
///
/// ```
/// use step1::Errand;
///
/// let error = Errand::Read { file: "no/such/file".into() }.run().unwrap_err();
/// assert!(error.to_string().starts_with("could not read no/such/file: "));
/// ```
#[derive(Debug)]
pub enum Error {
    /// The operating system refused: a file, a socket or a thread.
    Io {
        /// What was being done, with its path or address.
        doing: String,
        /// What the system said.
        source: io::Error,
    },
    /// The database refused.
    Database {
        /// What was being done, with the database's name or the SQL.
        doing: String,
        /// What SQLite said.
        reason: String,
    },
    /// A line went over the limit of its [`LineCodec`](crate::LineCodec).
    LineTooLong {
        /// The limit, in bytes, without the line's end.
        limit: usize,
    },
    /// A line was not UTF-8.
    NotUtf8 {
        /// How many of its bytes were good.
        valid_up_to: usize,
    },
    /// A text to send would not have come out as the one line it was meant to be.
    NotOneLine,
}

impl Error {
    /// Puts what was being done in front of what the system said.
    pub(crate) fn io(doing: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        |source| Self::Io { doing: doing.into(), source }
    }

    /// Puts what was being done in front of what SQLite said.
    pub(crate) fn database(doing: impl Into<String>) -> impl FnOnce(rusqlite::Error) -> Self {
        |error| Self::Database {
            doing: doing.into(),
            reason: match error {
                // Its `Display` repeats the whole SQL, which `doing` has said already.
                rusqlite::Error::SqlInputError { msg, .. } => msg,
                rusqlite::Error::MultipleStatement => "more than one statement".to_owned(),
                other => other.to_string(),
            },
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io { doing, source } => write!(f, "could not {doing}: {source}"),
            Self::Database { doing, reason } => write!(f, "could not {doing}: {reason}"),
            Self::LineTooLong { limit } => write!(f, "line was longer than {limit} bytes"),
            Self::NotUtf8 { valid_up_to } => {
                write!(f, "line was not UTF-8 after its first {valid_up_to} bytes")
            }
            Self::NotOneLine => write!(f, "text was not one line: it held a line break, or ended in one"),
        }
    }
}

// `source` stays `None`: by invariant 1 the message has said it, and whoever prints the chain would read it twice.
impl std::error::Error for Error {}

/// For those who speak `io`. The message stays whole.
impl From<Error> for io::Error {
    fn from(error: Error) -> Self {
        let kind = match &error {
            Error::Io { source, .. } => source.kind(),
            Error::Database { .. } => io::ErrorKind::Other,
            Error::LineTooLong { .. } | Error::NotUtf8 { .. } => io::ErrorKind::InvalidData,
            Error::NotOneLine => io::ErrorKind::InvalidInput,
        };
        Self::new(kind, error)
    }
}
