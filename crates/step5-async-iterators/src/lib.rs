//! Step 5: async iterators.

mod sync;

pub mod aiter;

pub mod macros;

pub mod from;

pub mod adapt;

pub mod concurrent;

pub mod generator;

pub mod producer;

pub mod sources;

pub mod permits;

pub mod channel;

pub use aiter::{AsyncIterator, Next};
pub use channel::{Receiver, SendError, Sender, channel};
pub use from::{FromIter, FromStream, IntoStream, from_iter, from_stream};
pub use generator::{Generator, Yielder, generator, try_generator};
pub use permits::{Permits, Ticket};
pub use producer::{Producer, from_thread};
pub use sources::{Incoming, Lines, file_lines, incoming, lines, rows};
