//! Exercise `not-yet-or-never` (step 1, middling): nothing for now, nothing any more, or something wrong?
//!
//! A read on a connection that never blocks has four kinds of outcome, and two of them look like nothing. On top of that, the
//! system may say "ready" when there is nothing: another reader was quicker, or it was mistaken.
//!
//! # Contract
//!
//! - Bytes that were read are `News::Bytes`.
//! - "Would block" is `News::NotYet`.
//! - A read of 0 bytes is `News::End`.
//! - A read that was interrupted is tried again at once, and is no news.
//! - Any other error is `News::Failed`, with its kind.
//! - `on_ready` takes in all bytes that there are, and says `Over::No` while more may come.
//! - `on_ready` that finds nothing at all changes nothing, and says `Over::No`.
//! - `on_ready` says `Over::Yes` at the end, and at a failure.
//!
//! Check it with `cargo course check not-yet-or-never`.
#![allow(clippy::todo, reason = "this is an exercise")]

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
    todo!("not-yet-or-never: say which of the four it is")
}

/// Takes in what there is, after the system has said "ready".
fn on_ready(source: &mut impl Read, received: &mut Vec<u8>) -> Over {
    todo!("not-yet-or-never: look until there is no more, for now or for ever")
}

#[cfg(test)]
#[path = "../checks/not-yet-or-never.rs"]
mod checks;
