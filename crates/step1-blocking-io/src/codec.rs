//! A protocol of lines, and no IO: bytes go in at one end, lines come out at the other.
//!
//! ```text
//!  "he"   "llo\r\nwor"   "ld\n"        feed: whatever the network happened to deliver
//!     \        |         /
//!     [  LineCodec buffer  ]           keeps what is not a whole line yet
//!           |         |
//!        "hello"   "world"             next_line: the same lines, however the bytes were split
//! ```
//!
//! The same codec serves this step's blocking sockets, its polled ones, and the later steps' asynchronous ones,
//! because it never reads: whoever has bytes brings them.
//!
//! # Invariants
//!
//! 1. What comes out depends on the bytes alone, not on how they were split.
//! 2. `buffer[..start]` has come out already, and `buffer[start..scanned]` holds no `\n`: no byte is searched twice.
//! 3. After a `next_line` that said `None`, at most `limit + 1` bytes are kept (a line of the full length, and a `\r`
//!    that may be half of its end).
//! 4. While `discarding`, the rest of an over-long line that has been reported is thrown away, and nothing else.
//!
//! # Absent on purpose
//!
//! A lone `\r` ends no line: it is a byte like any other.

use std::mem;
use std::ops::Range;

use crate::Error;

/// Cuts bytes into lines, and makes lines into bytes.
///
/// A line ends in `\n` or `\r\n`, which is not part of it. Its bytes must be UTF-8, and no more than the limit.
///
/// # Examples
///
/// ```
/// use step1::LineCodec;
///
/// let mut codec = LineCodec::new(80);
/// codec.feed(b"hello\r\nwor");
/// assert_eq!(codec.next_line().unwrap().unwrap(), "hello");
/// assert!(codec.next_line().is_none()); // "wor" is no line yet
///
/// codec.feed(b"ld\n");
/// assert_eq!(codec.next_line().unwrap().unwrap(), "world");
/// ```
#[derive(Clone, Debug)]
pub struct LineCodec {
    limit: usize,
    buffer: Vec<u8>,
    start: usize,
    scanned: usize,
    discarding: bool,
}

impl LineCodec {
    /// The limit of [`LineCodec::default`], in bytes.
    pub const DEFAULT_LIMIT: usize = 8 * 1024;

    /// Makes a codec for lines of up to `limit` bytes, their ends not counted.
    pub fn new(limit: usize) -> Self {
        Self { limit, buffer: Vec::new(), start: 0, scanned: 0, discarding: false }
    }

    /// Takes more bytes in.
    ///
    /// Call [`next_line`](Self::next_line) until it says `None` before feeding again: until then the bytes pile up.
    pub fn feed(&mut self, bytes: &[u8]) {
        // Room is made here, once a feed, rather than once a line: a feed of many short lines stays linear.
        self.buffer.drain(..self.start);
        self.scanned -= self.start;
        self.start = 0;
        self.buffer.extend_from_slice(bytes);
    }

    /// Takes the next line out, or says `None` if more bytes are needed first.
    ///
    /// # Errors
    ///
    /// Either error is about this one line; the lines after it come out as if it had been a good one.
    ///
    /// - [`Error::LineTooLong`], as soon as the limit is passed, without waiting for the line's end;
    /// - [`Error::NotUtf8`].
    pub fn next_line(&mut self) -> Option<Result<String, Error>> {
        if self.discarding {
            self.discarding = self.take_line().is_none();
        }
        if self.discarding {
            self.start = self.scanned; // Invariant 4: all of it belongs to the line that was reported.
            return None;
        }
        if let Some(line) = self.take_line() {
            return Some(self.check(without_end(&self.buffer[line])));
        }
        self.discarding = self.is_over();
        self.discarding.then_some(Err(Error::LineTooLong { limit: self.limit }))
    }

    /// Takes out what is left, the last line even if it lacks its end, and then says `None`.
    ///
    /// Call it, until it says `None`, when no more bytes will come. The codec is then as good as new.
    ///
    /// # Errors
    ///
    /// As [`next_line`](Self::next_line).
    pub fn finish(&mut self) -> Option<Result<String, Error>> {
        self.next_line().or_else(|| {
            self.discarding = false;
            let rest = mem::replace(&mut self.start, self.buffer.len())..self.buffer.len();
            (!rest.is_empty()).then(|| self.check(&self.buffer[rest]))
        })
    }

    /// Appends `line` and its `\n` to `bytes`.
    ///
    /// # Errors
    ///
    /// Returns [`Error::NotOneLine`] or [`Error::LineTooLong`], and appends nothing, if a codec with the same limit
    /// would not give this very line back.
    pub fn encode(&self, line: &str, bytes: &mut Vec<u8>) -> Result<(), Error> {
        if line.contains('\n') || line.ends_with('\r') {
            return Err(Error::NotOneLine);
        }
        if line.len() > self.limit {
            return Err(Error::LineTooLong { limit: self.limit });
        }
        bytes.extend_from_slice(line.as_bytes());
        bytes.push(b'\n');
        Ok(())
    }

    /// Takes the first whole line off the front, and says where it lies, its end included.
    fn take_line(&mut self) -> Option<Range<usize>> {
        let found = self.buffer[self.scanned..].iter().position(|&byte| byte == b'\n');
        self.scanned = found.map_or(self.buffer.len(), |at| self.scanned + at + 1); // Invariant 2.
        found.map(|_| mem::replace(&mut self.start, self.scanned)..self.scanned)
    }

    /// Says whether the unfinished line is over the limit, whatever may follow.
    fn is_over(&self) -> bool {
        let line = &self.buffer[self.start..];
        // A `\r` at the very end may yet turn out to be half of the line's end, which does not count.
        line.strip_suffix(b"\r").unwrap_or(line).len() > self.limit
    }

    fn check(&self, line: &[u8]) -> Result<String, Error> {
        if line.len() > self.limit {
            return Err(Error::LineTooLong { limit: self.limit });
        }
        match str::from_utf8(line) {
            Ok(line) => Ok(line.to_owned()),
            Err(error) => Err(Error::NotUtf8 { valid_up_to: error.valid_up_to() }),
        }
    }
}

/// A codec with [`LineCodec::DEFAULT_LIMIT`].
impl Default for LineCodec {
    fn default() -> Self {
        Self::new(Self::DEFAULT_LIMIT)
    }
}

fn without_end(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.strip_suffix(b"\r").unwrap_or(line)
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    impl LineCodec {
        /// Checks invariants 2 to 4, of which nothing shows outside but memory and time.
        fn check_invariants(&self, fed: usize) {
            let Self { limit, buffer, start, scanned, .. } = self;
            assert!(start <= scanned && *scanned <= buffer.len(), "invariant 2");
            assert!(!buffer[*start..*scanned].contains(&b'\n'), "invariant 2");
            assert!(buffer.len() - start <= limit + 1, "invariant 3");
            assert!(!self.discarding || *start == buffer.len(), "invariant 4");
            assert!(buffer.len() <= limit + 1 + fed, "what came out goes with the next feed");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn the_invariants_hold_after_every_feed(
            limit in 0..20_usize,
            pieces in vec(vec(prop_oneof![Just(b'\n'), Just(b'\r'), any::<u8>()], 0..50), 0..20),
        ) {
            let mut codec = LineCodec::new(limit);
            for piece in &pieces {
                codec.feed(piece);
                while codec.next_line().is_some() {}
                codec.check_invariants(piece.len());
            }
        }
    }
}
