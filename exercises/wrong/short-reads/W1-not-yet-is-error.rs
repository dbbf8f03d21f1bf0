//! A wrong answer to `short-reads`: whatever is an `Err` is passed on, and what was read before is forgotten.

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
        // What is here is a read that keeps whole lines, and gives up at the first `Err`.
        let mut lines = Vec::new();
        loop {
            let count = match source.read(&mut buffer) {
                Ok(count) => count,
                Err(error) if self.rest.is_empty() && !lines.is_empty() => return Err(error),
                Err(error) if lines.is_empty() => return Err(error),
                Err(_) => return Ok(lines),
            };
            if count == 0 {
                return Ok(lines);
            }
            self.rest.extend_from_slice(&buffer[..count]);
            while let Some(end) = self.rest.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = self.rest.drain(..=end).collect();
                lines.push(String::from_utf8_lossy(&line[..end]).into_owned());
            }
        }
    }
}

#[cfg(test)]
#[path = "../../checks/short-reads.rs"]
mod checks;
