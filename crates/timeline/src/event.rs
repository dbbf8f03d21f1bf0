//! One thing that happened: when, on which thread, inside which task, and what.
//!
//! ```text
//! Event { at: 1 s, thread: 0, task: None, kind: Woken { task: 1 } }
//!         ^ since   ^ who did it,  ^ inside    ^ what, and to whom
//!         the start   by index       whose poll
//! ```
//!
//! Runtimes name their objects by address. Addresses differ from run to run, so events do not carry them: they carry
//! small numbers, given in order of first appearance.

use std::{fmt, time::Duration};

use serde::{Deserialize, Serialize};

/// Declares a number that names one thing of a recording, from 0 up.
macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $noun:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub u32);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!($noun, " {}"), self.0)
            }
        }
    };
}

id! {
    /// Names a thread: an index into [`Timeline::threads`](crate::Timeline::threads).
    ///
    /// ```
    /// assert_eq!(timeline::ThreadId(0).to_string(), "thread 0");
    /// ```
    ThreadId, "thread"
}
id! {
    /// Names a task: an index into [`Timeline::tasks`](crate::Timeline::tasks), which is in order of spawning.
    ///
    /// ```
    /// assert_eq!(timeline::TaskId(2).to_string(), "task 2");
    /// ```
    TaskId, "task"
}
id! {
    /// Names a timer, in order of setting.
    ///
    /// ```
    /// assert_eq!(timeline::TimerId(1).to_string(), "timer 1");
    /// ```
    TimerId, "timer"
}
id! {
    /// Names a lock, in order of first use.
    ///
    /// ```
    /// assert_eq!(timeline::LockId(0).to_string(), "lock 0");
    /// ```
    LockId, "lock"
}
id! {
    /// Names a source of IO, such as a socket, in order of first readiness.
    ///
    /// ```
    /// assert_eq!(timeline::SourceId(0).to_string(), "source 0");
    /// ```
    SourceId, "source"
}

/// Says what is known of a thread.
///
/// ```
/// let ((), timeline) = timeline::record(|| ());
/// assert_eq!(timeline.threads[0].name, "main");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ThreadInfo {
    /// `main` for the thread that recorded; for others the name given to [`Inherited::enter`](crate::Inherited::enter).
    pub name: String,
}

/// Says what is known of a task.
///
/// ```
/// let ((), timeline) = timeline::record(|| timeline::probe::spawned(1, "app::fetch::{{closure}}"));
/// assert_eq!(timeline.tasks[0].name, "fetch");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskInfo {
    /// The name of its future's type, without paths and closures.
    pub name: String,
}

/// Holds one event.
///
/// ```
/// use timeline::{Kind, TaskId, probe};
///
/// let ((), timeline) = timeline::record(|| {
///     probe::poll_begin(7);
///     probe::woken(7);
///     probe::poll_end(7, false);
/// });
/// let wake = timeline.events.iter().find(|event| matches!(event.kind, Kind::Woken { .. })).unwrap();
/// assert_eq!(wake.task, Some(TaskId(0))); // The task woke itself: the wake happened inside its poll.
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// The time since the recording began; whole nanoseconds in JSON.
    #[serde(with = "nanos")]
    pub at: Duration,
    /// The thread on which it happened.
    pub thread: ThreadId,
    /// The task inside whose poll it happened. A poll's own beginning and end lie outside of that poll.
    pub task: Option<TaskId>,
    /// What happened.
    pub kind: Kind,
}

/// Says what happened: one variant for each [`probe`](crate::probe), and two for a thread's life.
///
/// ```
/// use timeline::{Kind, TaskId};
///
/// let ((), timeline) = timeline::record(|| timeline::probe::cancelled(1));
/// assert_eq!(timeline.events[1].kind, Kind::Cancelled { task: TaskId(0) });
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
#[expect(missing_docs, reason = "the fields' types say what they are")]
pub enum Kind {
    /// The thread began to be recorded.
    ThreadStarted,
    /// The thread ended, or left the recording.
    ThreadEnded,
    /// A task was made. It has not run yet.
    Spawned { task: TaskId },
    /// The thread began to poll a task.
    PollBegin { task: TaskId },
    /// The thread came back from polling a task, which is over if `ready`.
    PollEnd { task: TaskId, ready: bool },
    /// A task's waker was called.
    Woken { task: TaskId },
    /// A task was cancelled: its future is gone.
    Cancelled { task: TaskId },
    /// The thread went to sleep, for `limit` at most.
    Parked {
        #[serde(with = "maybe_nanos")]
        limit: Option<Duration>,
    },
    /// The thread woke up.
    Unparked,
    /// A timer was set to fire this long from now.
    TimerSet {
        timer: TimerId,
        #[serde(with = "nanos")]
        after: Duration,
    },
    /// A timer came due.
    TimerFired { timer: TimerId },
    /// A timer was given up before it came due.
    TimerDropped { timer: TimerId },
    /// The system said that a source can be read from or written to.
    IoReady { source: SourceId, readable: bool, writable: bool },
    /// A lock was asked for.
    LockWanted { lock: LockId },
    /// A lock was got.
    LockTaken { lock: LockId },
    /// A lock was given back.
    LockReleased { lock: LockId },
    /// The program said something.
    Note { text: String },
}

impl Kind {
    /// Tells which task it happened to, if it happened to a task.
    pub fn subject(&self) -> Option<TaskId> {
        match self {
            Kind::Spawned { task }
            | Kind::PollBegin { task }
            | Kind::PollEnd { task, .. }
            | Kind::Woken { task }
            | Kind::Cancelled { task } => Some(*task),
            _ => None,
        }
    }
}

/// Durations as whole nanoseconds. What is longer than 584 years is cut to that.
pub(crate) mod nanos {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer, Serializer};

    pub(crate) fn of(duration: Duration) -> u64 {
        u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
    }

    pub(crate) fn serialize<S: Serializer>(duration: &Duration, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_u64(of(*duration))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
        u64::deserialize(from).map(Duration::from_nanos)
    }
}

/// The same for a duration that may be absent.
mod maybe_nanos {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(super) fn serialize<S: Serializer>(duration: &Option<Duration>, to: S) -> Result<S::Ok, S::Error> {
        duration.map(super::nanos::of).serialize(to)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Duration>, D::Error> {
        Ok(Option::<u64>::deserialize(from)?.map(Duration::from_nanos))
    }
}
