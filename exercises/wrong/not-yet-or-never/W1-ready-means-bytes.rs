//! A wrong answer to `not-yet-or-never`: told "ready" and finding nothing, it takes the connection for dead.

use std::io::{ErrorKind, Read};

/// What a look at a connection has brought.
#[derive(Clone, Debug, PartialEq, Eq)]
enum News {
    /// These bytes.
    Bytes(Vec<u8>),
    /// Nothing for now.
    NotYet,
    /// Nothing any more.
    End,
    /// Something is wrong with it.
    Failed(ErrorKind),
}

/// Whether a connection is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Over {
    No,
    Yes,
}

/// Looks once.
fn look(source: &mut impl Read) -> News {
    let mut buffer = [0; 8];
    loop {
        return match source.read(&mut buffer) {
            Ok(0) => News::End,
            Ok(count) => News::Bytes(buffer[..count].to_vec()),
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(error) if error.kind() == ErrorKind::WouldBlock => News::NotYet,
            Err(error) => News::Failed(error.kind()),
        };
    }
}

/// Takes in what there is, after the system has said "ready".
fn on_ready(source: &mut impl Read, received: &mut Vec<u8>) -> Over {
    let before = received.len();
    loop {
        match look(source) {
            News::NotYet if received.len() == before => return Over::Yes,
            News::Bytes(bytes) => received.extend_from_slice(&bytes),
            News::NotYet => return Over::No,
            News::End | News::Failed(_) => return Over::Yes,
        }
    }
}

#[cfg(test)]
#[path = "../../checks/not-yet-or-never.rs"]
mod checks;
