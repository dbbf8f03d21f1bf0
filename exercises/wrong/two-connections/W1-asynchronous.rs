//! A wrong answer to `two-connections`: one connection after the other; "would block" is answered by asking again.

use std::io::{self, ErrorKind, Read, Write};

/// How far the talk with one connection has come.
#[derive(Default)]
struct Talk {
    /// What has come of a line that is not whole yet.
    line: Vec<u8>,
    /// Answers that are not written yet.
    unsent: Vec<u8>,
    /// Whether the other side has ended.
    ended: bool,
}

impl Talk {
    /// Goes on with it as far as one read or one write brings it, and never waits.
    fn step(&mut self, connection: &mut (impl Read + Write)) -> io::Result<()> {
        let outcome = if self.unsent.is_empty() { self.read(connection) } else { self.write(connection) };
        match outcome {
            Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(()),
            outcome => outcome,
        }
    }

    /// Tells whether there is nothing left to do.
    fn is_over(&self) -> bool {
        self.ended && self.unsent.is_empty()
    }

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
}

/// Talks to both until both are over.
fn talk_to_both(one: &mut (impl Read + Write), two: &mut (impl Read + Write)) -> io::Result<()> {
    let (mut first, mut second) = (Talk::default(), Talk::default());
    while !first.is_over() {
        first.step(one)?;
    }
    while !second.is_over() {
        second.step(two)?;
    }
    Ok(())
}

#[cfg(test)]
#[path = "../../checks/two-connections.rs"]
mod checks;
