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
#![allow(clippy::todo, reason = "this is an exercise")]

use std::io::{self, ErrorKind, Read, Write};

/// How far the talk with one connection has come.
#[derive(Default)]
struct Talk {
    // What does it have to remember between two looks?
}

impl Talk {
    /// Goes on with it as far as one read or one write brings it, and never waits.
    fn step(&mut self, connection: &mut (impl Read + Write)) -> io::Result<()> {
        todo!("two-connections: write what is left to write, or else read")
    }

    /// Tells whether there is nothing left to do.
    fn is_over(&self) -> bool {
        todo!("two-connections: what has to be done before it is over?")
    }

    // Further functions, if you want some, go here.
}

/// Talks to both until both are over.
fn talk_to_both(one: &mut (impl Read + Write), two: &mut (impl Read + Write)) -> io::Result<()> {
    todo!("two-connections: give each a step in turn")
}

#[cfg(test)]
#[path = "../checks/two-connections.rs"]
mod checks;
