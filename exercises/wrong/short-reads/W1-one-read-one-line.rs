//! A wrong answer to `short-reads`: each read is taken for a line, or for whole lines.

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
        let mut lines = Vec::new();
        loop {
            match source.read(&mut buffer) {
                Ok(0) => break,
                Ok(count) => {
                    self.rest.extend_from_slice(&buffer[..count]);
                    // The buffer was full: there may be more of this.
                    if count < buffer.len() {
                        let text = String::from_utf8_lossy(&self.rest).into_owned();
                        lines.extend(text.lines().map(str::to_owned));
                        self.rest.clear();
                    }
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) => return Err(error),
            }
        }
        Ok(lines)
    }
}

#[cfg(test)]
#[path = "../../checks/short-reads.rs"]
mod checks;
