//! pollster: a `block_on`, and nothing else.

use std::future::Future;

use super::{Contestant, NO_RUNTIME, Part};
use crate::rows::RowId;
use crate::work::{BlockOn, blocking};

pub(crate) const POLLSTER: Contestant = Contestant { name: "pollster", what: "pollster's block_on", part };

fn part(row: RowId) -> Part {
    Part::In(match row {
        RowId::Threads => blocking::between_threads::<Pollster>,
        RowId::BlockOn => blocking::of_ready::<Pollster>,
        _ => return Part::Out(NO_RUNTIME),
    })
}

struct Pollster;

impl BlockOn for Pollster {
    fn new() -> Self {
        Self
    }

    fn block_on<F: Future>(&mut self, future: F) -> F::Output {
        pollster::block_on(future)
    }
}
