//! Sockets that never block, and a loop that keeps asking them: why that alone is no answer.
//!
//! ```text
//! main   look look look look look look look look look look look look look look ANSWER
//!        `--------------- "would block", a million times a second and more -----------'
//! ```
//!
//! One thread overlaps all the waits, which is what we want, and burns a whole processor to do it, which is not. What
//! is missing is a way to *sleep until one of them has something to say*. To ask without blocking is half of it; to be
//! woken is the other half, and step 2's subject.
//!
//! # Invariants
//!
//! 1. No call in the loop blocks: every socket is non-blocking before the first look.
//! 2. A socket may take or give any part of a line; what is left is kept for the next look.
//!
//! # Absent on purpose
//!
//! The connecting still blocks: std has no other. On the loopback it takes microseconds.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};

use crate::errand::hear;
use crate::{Errand, Error, LineCodec};

/// Tells what [`spin`] brought, and how often it looked.
///
/// # Examples
///
/// ```
/// use step1::{Errand, Options, serve, spin};
///
/// let server = serve("127.0.0.1:0", Options::default(), |line| line.to_uppercase())?;
/// let asks = ["one", "two"].map(|line| Errand::Ask { server: server.addr(), line: line.into() });
/// let spun = spin(&asks);
/// assert_eq!(spun.results[1].as_deref().unwrap(), "TWO");
/// assert!(spun.looks >= 2);
/// # Ok::<(), step1::Error>(())
/// ```
#[derive(Debug)]
pub struct Spun {
    /// The errands' results, in their order.
    pub results: Vec<Result<String, Error>>,
    /// How many times it asked a socket whether there was anything new.
    pub looks: u64,
}

/// Runs the errands on this thread, asking all servers at once, and looks at each in turn until all have answered.
///
/// Only a socket can say "not yet". A file is always ready, even if reading it has to wait for the disk, and SQLite has
/// no such thing to ask for: those errands are simply run, one after the other, before the first look.
pub fn spin(errands: &[Errand]) -> Spun {
    let mut talks: Vec<Talk> = errands.iter().map(Talk::begin).collect();
    let mut looks = 0;
    while talks.iter().any(|talk| matches!(talk, Talk::Open(_))) {
        for talk in &mut talks {
            looks += u64::from(talk.look());
        }
    }
    let results = talks.into_iter().map(Talk::into_result).collect();
    Spun { results, looks }
}

/// An errand, as far as it has come.
enum Talk {
    Open(Conversation),
    Over(Result<String, Error>),
}

impl Talk {
    fn begin(errand: &Errand) -> Self {
        let Errand::Ask { server, line } = errand else { return Self::Over(errand.run()) };
        match Conversation::open(*server, line) {
            Ok(conversation) => Self::Open(conversation),
            Err(error) => Self::Over(Err(Error::io(errand.to_string())(error))),
        }
    }

    /// Looks for news, and says whether there was anything to look at.
    fn look(&mut self) -> bool {
        let Self::Open(conversation) = self else { return false };
        match conversation.look() {
            Ok(None) => {}
            Ok(Some(answer)) => *self = Self::Over(Ok(answer)),
            // This is what a blocking socket would have slept through. There is nothing to do but to look again.
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => {}
            Err(error) => {
                let doing = format!("ask {}", conversation.server);
                *self = Self::Over(Err(Error::io(doing)(error)));
            }
        }
        true
    }

    fn into_result(self) -> Result<String, Error> {
        match self {
            Self::Over(result) => result,
            Self::Open(_) => unreachable!("the loop ends when none is open"),
        }
    }
}

/// A question under way.
struct Conversation {
    server: SocketAddr,
    stream: TcpStream,
    unsent: Vec<u8>,
    codec: LineCodec,
}

impl Conversation {
    fn open(server: SocketAddr, line: &str) -> io::Result<Self> {
        let codec = LineCodec::default();
        let mut unsent = Vec::new();
        codec.encode(line, &mut unsent)?;
        let stream = TcpStream::connect(server)?;
        stream.set_nonblocking(true)?; // Invariant 1.
        Ok(Self { server, stream, unsent, codec })
    }

    fn look(&mut self) -> io::Result<Option<String>> {
        if !self.unsent.is_empty() {
            let sent = self.stream.write(&self.unsent)?;
            self.unsent.drain(..sent);
        }
        let mut bytes = [0; 4096];
        let read = self.stream.read(&mut bytes)?;
        hear(&mut self.codec, &bytes[..read])
    }
}
