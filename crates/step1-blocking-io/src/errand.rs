//! The three kinds of IO that the note names, done the blocking way.
//!
//! ```text
//! the thread    ── call ─┐ (parked by the kernel: no CPU, one stack) ┌─ goes on ──
//!                        └──── disk · network · database ────────────┘
//! ```
//!
//! # Invariants
//!
//! 1. An errand borrows nothing, so that any thread can run it, any number of times.

use std::fmt;
use std::fs;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};

use timeline::probe::note;

use crate::{Database, Error, LineCodec};

/// Does one blocking operation when it is told to [`run`](Errand::run).
///
/// # Examples
///
/// ```
/// use step1::{Errand, Options, serve};
///
/// let server = serve("127.0.0.1:0", Options::default(), |line| format!("{line} to you"))?;
/// let errand = Errand::Ask { server: server.addr(), line: "hello".into() };
/// assert_eq!(errand.run()?, "hello to you");
/// # Ok::<(), step1::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Errand {
    /// Reads a file.
    Read {
        /// Where it is.
        file: PathBuf,
    },
    /// Sends a line to a server, and waits for its line in answer.
    Ask {
        /// Where it serves.
        server: SocketAddr,
        /// What to say, without a line's end.
        line: String,
    },
    /// Queries a database in a file.
    Query {
        /// Where it is.
        database: PathBuf,
        /// What to run.
        sql: String,
    },
}

impl Errand {
    /// Blocks this thread until the operation is over, and returns the file's text, the server's line, or the query's
    /// rows, one a line.
    ///
    /// There is no limit to how long that takes: while a server thinks, the thread can do nothing about it.
    ///
    /// # Errors
    ///
    /// Returns [`Error::Io`] or [`Error::Database`], with the path or the address in it.
    pub fn run(&self) -> Result<String, Error> {
        note(|| format!("begin: {self}"));
        let result = match self {
            Self::Read { file } => fs::read_to_string(file).map_err(Error::io(self.to_string())),
            Self::Ask { server, line } => ask(*server, line).map_err(Error::io(self.to_string())),
            Self::Query { database, sql } => query(database, sql),
        };
        note(|| format!("end: {self}"));
        result
    }
}

/// Says what it does: `read notes.txt`, `ask 127.0.0.1:8080`, `query users.db`.
impl fmt::Display for Errand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Read { file } => write!(f, "read {}", file.display()),
            Self::Ask { server, .. } => write!(f, "ask {server}"),
            Self::Query { database, .. } => write!(f, "query {}", database.display()),
        }
    }
}

fn ask(server: SocketAddr, line: &str) -> io::Result<String> {
    let mut codec = LineCodec::default();
    let mut request = Vec::new();
    codec.encode(line, &mut request)?;
    let mut stream = TcpStream::connect(server)?;
    stream.write_all(&request)?;
    let mut bytes = [0; 4096];
    loop {
        // Here the thread sleeps, until the server has something to say.
        let read = match stream.read(&mut bytes) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue, // By a signal.
            outcome => outcome?,
        };
        if let Some(answer) = hear(&mut codec, &bytes[..read])? {
            return Ok(answer);
        }
    }
}

/// Takes in what a socket delivered, no bytes being its end, and returns the answer once it is whole.
pub(crate) fn hear(codec: &mut LineCodec, bytes: &[u8]) -> io::Result<Option<String>> {
    if bytes.is_empty() {
        let why = "the connection was closed before the answer was whole";
        return Err(io::Error::new(io::ErrorKind::UnexpectedEof, why));
    }
    codec.feed(bytes);
    Ok(codec.next_line().transpose()?)
}

fn query(database: &Path, sql: &str) -> Result<String, Error> {
    Ok(Database::open(database)?.query(sql)?.join("\n"))
}
