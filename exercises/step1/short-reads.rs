//! Exercise `short-reads` (step 1, middling): lines from a connection that never blocks.
//!
//! The network cuts bytes as it likes. A read brings a part of a line, or three lines and a half, or says "would block": nothing more
//! for now. Whoever calls `on_readable` comes back when there may be more.
//!
//! # Contract
//!
//! - It reads on as long as there are bytes, and returns the lines that are whole by then, without their `\n`.
//! - Several lines that come in one read are all returned.
//! - What is not a whole line yet is kept for the next call.
//! - "Would block" ends the call, and is no error: it does not ask again.
//! - A read of 0 bytes, the other side's end, ends the call as well.
//! - Any other error is the caller's.
//!
//! Check it with `cargo course check short-reads`.
#![allow(clippy::todo, reason = "this is an exercise")]

use std::io::{self, ErrorKind, Read};

/// Makes lines of bytes. A line is UTF-8; what is not may be replaced.
struct Lines {
    /// What has come of a line that is not whole yet.
    rest: Vec<u8>,
}

impl Lines {
    fn new() -> Self {
        Self { rest: Vec::new() }
    }

    /// Reads what there is.
    fn on_readable(&mut self, source: &mut impl Read) -> io::Result<Vec<String>> {
        let mut buffer = [0; 8];
        todo!("short-reads: read until there is nothing for now, and cut what has come into lines")
    }
}

#[cfg(test)]
#[path = "../checks/short-reads.rs"]
mod checks;
