//! The other side of a connection, as a script: what each read brings, and how much each write takes.

use std::collections::VecDeque;
use std::fmt;
use std::io::{self, ErrorKind, Read, Write};

use timeline::probe;

use crate::counts::uncounted;

/// What a read or a write does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// A read brings these bytes, and as much of them as there is room for.
    Bytes(&'static str),
    /// A write takes so many bytes, at most.
    Takes(usize),
    /// It says "would block".
    NotYet,
    /// The other side has ended: a read brings nothing, and so do all after it.
    End,
    /// It fails.
    Fails(ErrorKind),
}

/// Plays a connection that never blocks. What is not in the script says "would block".
///
/// Each call is noted in the recording: "read a: 5 bytes", "write a: would block".
///
/// ```
/// use std::io::{ErrorKind, Read};
/// use exercises::{Act, Script};
///
/// let mut script = Script::new("a").reads([Act::Bytes("hello"), Act::NotYet, Act::End]);
/// let mut buffer = [0; 3];
/// assert_eq!(script.read(&mut buffer).unwrap(), 3, "a short read: the rest comes with the next one");
/// assert_eq!(script.read(&mut buffer).unwrap(), 2);
/// assert_eq!(script.read(&mut buffer).unwrap_err().kind(), ErrorKind::WouldBlock);
/// assert_eq!(script.read(&mut buffer).unwrap(), 0);
/// ```
pub struct Script {
    name: &'static str,
    reads: VecDeque<Act>,
    writes: VecDeque<Act>,
    /// Bytes of a read that did not fit.
    rest: VecDeque<u8>,
    written: Vec<u8>,
    ended: bool,
    blocked: usize,
    patience: usize,
    too_long: Box<dyn Fn() + Send>,
}

impl Script {
    /// Makes a connection that has nothing to say, and takes everything.
    #[must_use]
    pub fn new(name: &'static str) -> Self {
        Self {
            name,
            reads: VecDeque::new(),
            writes: VecDeque::new(),
            rest: VecDeque::new(),
            written: Vec::new(),
            ended: false,
            blocked: 0,
            patience: 1000,
            too_long: Box::new(|| {
                panic!("it was asked a thousand times in a row, and always said \"would block\"")
            }),
        }
    }

    /// Adds what the next reads bring.
    #[must_use]
    pub fn reads(mut self, acts: impl IntoIterator<Item = Act>) -> Self {
        self.reads.extend(acts);
        self
    }

    /// Adds what the next writes take. Writes after those take everything.
    #[must_use]
    pub fn writes(mut self, acts: impl IntoIterator<Item = Act>) -> Self {
        self.writes.extend(acts);
        self
    }

    /// Calls `fail`, which panics, once it has said "would block" so many times in a row.
    #[must_use]
    pub fn patience(mut self, times: usize, fail: impl Fn() + Send + 'static) -> Self {
        (self.patience, self.too_long) = (times, Box::new(fail));
        self
    }

    /// Returns what was written to it.
    #[must_use]
    pub fn written(&self) -> String {
        String::from_utf8_lossy(&self.written).into_owned()
    }

    /// Returns how many acts of its reads are left, one that was read in part included.
    #[must_use]
    pub fn left(&self) -> usize {
        self.reads.len() + usize::from(!self.rest.is_empty())
    }

    fn next_read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.rest.is_empty() && !self.ended {
            match self.reads.pop_front() {
                Some(Act::Bytes(text)) => self.rest.extend(text.bytes()),
                Some(Act::End) => self.ended = true,
                Some(Act::Fails(kind)) => return Err(kind.into()),
                Some(Act::NotYet) | None => return Err(ErrorKind::WouldBlock.into()),
                Some(Act::Takes(_)) => panic!("a script's reads bring bytes, and its writes take them"),
            }
        }
        let count = buffer.len().min(self.rest.len());
        for (to, from) in buffer.iter_mut().zip(self.rest.drain(..count)) {
            *to = from;
        }
        Ok(count)
    }

    fn next_write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = match self.writes.pop_front() {
            None => bytes.len(),
            Some(Act::Takes(most)) => bytes.len().min(most),
            Some(Act::NotYet) => return Err(ErrorKind::WouldBlock.into()),
            Some(Act::Fails(kind)) => return Err(kind.into()),
            Some(Act::Bytes(_) | Act::End) => {
                panic!("a script's writes take bytes, and its reads bring them")
            }
        };
        self.written.extend_from_slice(&bytes[..count]);
        Ok(count)
    }

    /// Notes the outcome, and counts how often in a row there was nothing to do.
    fn noted(&mut self, verb: &str, outcome: io::Result<usize>) -> io::Result<usize> {
        let name = self.name;
        uncounted(|| {
            let said = match &outcome {
                Ok(count) => format!("{count} bytes"),
                Err(error) if error.kind() == ErrorKind::WouldBlock => "would block".to_owned(),
                Err(error) => error.kind().to_string(),
            };
            probe::note(|| format!("{verb} {name}: {said}"));
        });
        let blocked = outcome.as_ref().is_err_and(|error| error.kind() == ErrorKind::WouldBlock);
        self.blocked = if blocked { self.blocked + 1 } else { 0 };
        if self.blocked >= self.patience {
            (self.too_long)();
        }
        outcome
    }
}

impl Read for Script {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let outcome = self.next_read(buffer);
        self.noted("read", outcome)
    }
}

impl Write for Script {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let outcome = self.next_write(bytes);
        self.noted("write", outcome)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl fmt::Debug for Script {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Script").field("name", &self.name).field("left", &self.left()).finish_non_exhaustive()
    }
}
