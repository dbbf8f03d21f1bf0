//! The limits: each row's work by a loop that was written for it by hand, without a runtime.
//!
//! They can do nothing else: no task is ever cancelled, no waker outlives its loop, nothing is fair. So they show what the
//! work itself costs: the allocation, the queue, the call through a pointer, the clock, the system call.

mod blocking;
mod echo;
mod fork;
mod tasks;
mod timers;
#[cfg(feature = "peers")]
mod uring;
mod wheel;

use crate::contestants::{Contestant, Part};
use crate::rows::RowId;

pub(crate) const LIMIT: Contestant =
    Contestant { name: "limit", what: "a loop written by hand for each row, without a runtime", part };

pub(crate) const SPIN: Contestant = Contestant {
    name: "limit-spin",
    what: "two threads that never sleep",
    part: |row| match row {
        RowId::Threads => Part::In(blocking::spin),
        _ => Part::Out("it has a row of its own: ping-pong between two threads"),
    },
};

/// It needs a crate that nothing else of ours does.
#[cfg(feature = "peers")]
pub(crate) const URING: Contestant = Contestant {
    name: "limit-uring",
    what: "the limit of TCP echo on io_uring instead of epoll",
    part: |row| match row {
        RowId::EchoOne => Part::In(|plan| crate::work::echo::one_thread(plan, uring::serve_one)),
        RowId::EchoTwo => Part::In(|plan| crate::work::echo::two_workers(plan, uring::serve_two)),
        _ => Part::Out("it has rows of its own: TCP echo"),
    },
};

fn part(row: RowId) -> Part {
    Part::In(match row {
        RowId::SpawnOne => tasks::spawn_one,
        RowId::SpawnTwo => tasks::spawn_two,
        RowId::YieldOneTask => tasks::yield_alone,
        RowId::YieldOne => tasks::yield_one,
        RowId::YieldTwo => tasks::yield_two,
        RowId::SignalOne => tasks::signal_one,
        RowId::SignalTwo => tasks::signal_two,
        RowId::ChannelOne => tasks::channel_one,
        RowId::ChannelTwo => tasks::channel_two,
        RowId::Threads => blocking::park_and_unpark,
        RowId::TimerSet => timers::set_and_drop,
        RowId::TimerReset => timers::reset,
        RowId::Sleeps => timers::sleeps,
        RowId::TimerBytes => timers::bytes,
        RowId::TaskBytes => tasks::bytes,
        RowId::EchoOne => |plan| crate::work::echo::one_thread(plan, echo::serve_one),
        RowId::EchoTwo => |plan| crate::work::echo::two_workers(plan, echo::serve_two),
        RowId::ForkOne => fork::one_thread,
        RowId::ForkTwo => fork::two_threads,
        RowId::BlockOn => crate::work::blocking::of_ready::<blocking::PollOnce>,
    })
}
