//! Exercise `two-connections` (step 1, hard): one thread talks to two connections, neither of which ever blocks.
//!
//! Each connection sends lines, and wants every line back in capitals. With a thread for each, this is a loop of two statements. On
//! one thread, whatever a connection is in the middle of has to be kept in a struct, by hand, so that the other one can have its
//! turn. Keep an eye on how it feels: the next step is about never writing this again.
//!
//! # Contract
//!
//! - Every whole line of a connection is answered in capitals, on that connection, in order.
//! - A line that comes in parts is answered once, when it is whole; what has no `\n` before the end is not answered.
//! - A write may take a part of an answer: the rest is written later.
//! - A connection that is not ready holds up only itself: the other one is looked at in between.
//! - It returns when both connections have ended and all answers are written, and leaves an ended connection alone.
//! - Any error but "would block" ends it, and is returned.
//!
//! Check it with `cargo course check two-connections`.

use std::io::{self, ErrorKind, Read, Write};

/// How far the talk with one connection has come.
#[derive(Default)]
struct Talk {
    // BEGIN SOLUTION
    //~ // What does it have to remember between two looks?
    /// What has come of a line that is not whole yet.
    line: Vec<u8>,
    /// Answers that are not written yet.
    unsent: Vec<u8>,
    /// Whether the other side has ended.
    ended: bool,
    // END SOLUTION
}

impl Talk {
    /// Goes on with it as far as one read or one write brings it, and never waits.
    fn step(&mut self, connection: &mut (impl Read + Write)) -> io::Result<()> {
        // BEGIN SOLUTION: write what is left to write, or else read
        let outcome = if self.unsent.is_empty() { self.read(connection) } else { self.write(connection) };
        match outcome {
            Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(()),
            outcome => outcome,
        }
        // END SOLUTION
    }

    /// Tells whether there is nothing left to do.
    fn is_over(&self) -> bool {
        // BEGIN SOLUTION: what has to be done before it is over?
        self.ended && self.unsent.is_empty()
        // END SOLUTION
    }
    // BEGIN SOLUTION
    //~
    //~ // Further functions, if you want some, go here.

    fn read(&mut self, connection: &mut impl Read) -> io::Result<()> {
        let mut buffer = [0; 8];
        let count = connection.read(&mut buffer)?;
        self.ended = count == 0;
        for byte in &buffer[..count] {
            self.line.push(byte.to_ascii_uppercase());
            if *byte == b'\n' {
                self.unsent.append(&mut self.line);
            }
        }
        Ok(())
    }

    fn write(&mut self, connection: &mut impl Write) -> io::Result<()> {
        let count = connection.write(&self.unsent)?;
        self.unsent.drain(..count);
        Ok(())
    }
    // END SOLUTION
}

/// Talks to both until both are over.
fn talk_to_both(one: &mut (impl Read + Write), two: &mut (impl Read + Write)) -> io::Result<()> {
    // BEGIN SOLUTION: give each a step in turn
    let (mut first, mut second) = (Talk::default(), Talk::default());
    while !first.is_over() || !second.is_over() {
        if !first.is_over() {
            first.step(one)?;
        }
        if !second.is_over() {
            second.step(two)?;
        }
    }
    Ok(())
    // END SOLUTION
}

#[cfg(test)]
#[path = "../checks/two-connections.rs"]
mod checks;
