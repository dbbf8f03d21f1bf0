//! What happened when: records events, draws them, exports them.
//!
//! A runtime calls [`probe`]s at the moments that matter: a task is spawned, polled, woken; a thread parks. They cost
//! one relaxed load while nobody records. [`record`] runs a program with them on and hands back its [`Timeline`].
//!
//! ```text
//!  program under record()                  Timeline                what it is good for
//!  ----------------------                  --------                -------------------
//!  probe::spawned, poll_begin,   ------->  events in order  -----> polls, wakes, order     (tests ask)
//!  woken, parked, note, ...                threads, tasks   -----> text, svg               (people look)
//!                                                           -----> json, chrome_json       (tools read)
//! ```
//!
//! ```
//! let (sum, timeline) = timeline::record(|| {
//!     timeline::probe::note(|| "adding".to_string());
//!     1 + 1
//! });
//! assert_eq!(sum, 2);
//! assert_eq!(timeline.notes(), ["adding"]);
//! ```
//!
//! Reading order: what is recorded (`event`, `timeline`), how (`record`, `recorder`, `probe`, `name`), what a lane looks like over
//! time (`lanes`, `units`, `columns`), the drawings (`text`, `log`, `figure`, `svg`), the files (`json`, `chrome`), and what demo programs
//! share (`demo`).
#![forbid(unsafe_code)]

mod event;
mod timeline;

mod name;
pub mod probe;
mod record;
mod recorder;

mod columns;
mod lanes;
mod units;

mod figure;
mod log;
mod svg;
mod text;

mod chrome;
mod json;

pub mod demo;

pub use event::{Event, Kind, LockId, SourceId, TaskId, TaskInfo, ThreadId, ThreadInfo, TimerId};
pub use figure::{Figure, Panel};
pub use json::LoadError;
pub use record::{Inherited, Lane, inherit, is_on, record, record_with, unrecorded};
pub use text::TextOptions;
pub use timeline::Timeline;
