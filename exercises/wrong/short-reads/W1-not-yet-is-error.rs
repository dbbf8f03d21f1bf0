//! A wrong answer to `short-reads`: whatever is an `Err` is passed on.

use std::io::{self, Read};

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
        loop {
            match source.read(&mut buffer) {
                Ok(0) => break,
                Ok(count) => self.rest.extend_from_slice(&buffer[..count]),
                Err(error) => return Err(error),
            }
        }
        let mut lines = Vec::new();
        while let Some(end) = self.rest.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = self.rest.drain(..=end).collect();
            lines.push(String::from_utf8_lossy(&line[..end]).into_owned());
        }
        Ok(lines)
    }
}

#[cfg(test)]
#[path = "../../checks/short-reads.rs"]
mod checks;
