//! Who takes part. Each contestant answers for every row: in, or out and why.

mod ours;

#[cfg(feature = "peers")]
mod compio;
#[cfg(feature = "peers")]
mod delay_queue;
#[cfg(feature = "peers")]
mod embassy;
#[cfg(feature = "peers")]
mod futures;
#[cfg(feature = "peers")]
mod glommio;
#[cfg(feature = "peers")]
mod may;
#[cfg(feature = "peers")]
mod monoio;
#[cfg(feature = "peers")]
mod pollster;
#[cfg(feature = "peers")]
mod rayon;
#[cfg(feature = "peers")]
mod smol;
#[cfg(feature = "peers")]
mod tokio;

#[cfg(feature = "peers")]
use crate::limit::URING;
use crate::limit::{LIMIT, SPIN};
use crate::rows::RowId;
use crate::watch::{Plan, Sample};

/// One contestant.
pub(crate) struct Contestant {
    pub(crate) name: &'static str,
    pub(crate) what: &'static str,
    /// Whether it takes part in a row.
    pub(crate) part: fn(RowId) -> Part,
}

/// How a contestant takes part in a row.
pub(crate) enum Part {
    /// By this function.
    In(fn(&Plan) -> Sample),
    /// Not at all, for this reason.
    Out(&'static str),
}

/// The contestants of this build.
static ALL: &[Contestant] = &[
    LIMIT,
    SPIN,
    #[cfg(feature = "peers")]
    URING,
    ours::OURS,
    #[cfg(feature = "peers")]
    tokio::TOKIO,
    #[cfg(feature = "peers")]
    smol::SMOL,
    #[cfg(feature = "peers")]
    futures::FUTURES,
    #[cfg(feature = "peers")]
    monoio::MONOIO,
    #[cfg(feature = "peers")]
    glommio::GLOMMIO,
    #[cfg(feature = "peers")]
    compio::COMPIO,
    #[cfg(feature = "peers")]
    embassy::EMBASSY,
    #[cfg(feature = "peers")]
    rayon::RAYON,
    #[cfg(feature = "peers")]
    may::MAY,
    #[cfg(feature = "peers")]
    delay_queue::DELAY_QUEUE,
    #[cfg(feature = "peers")]
    pollster::POLLSTER,
];

pub(crate) fn all() -> &'static [Contestant] {
    ALL
}

pub(crate) fn find(name: &str) -> Option<&'static Contestant> {
    ALL.iter().find(|contestant| contestant.name == name)
}

// Reasons that several give.
#[cfg(feature = "peers")]
const ONE_THREAD: &str = "its tasks stay on one thread";
#[cfg(feature = "peers")]
const NO_RUNTIME: &str = "it only blocks on one future, and has no tasks, timers or sockets";
#[cfg(feature = "peers")]
const NO_RESET: &str = "its sleep cannot be set anew";
#[cfg(feature = "peers")]
const NO_LOOP: &str = "it starts a whole loop, not a block_on for one future";
