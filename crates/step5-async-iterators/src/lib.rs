//! Step 5: async iterators. `async for`, and who runs in between.
//!
//! A task of step 4 has one outcome, at its end. Much of what one waits for comes in pieces: lines, rows, connections,
//! ticks. An *async iterator* is an iterator whose `next` is awaited; and the loop over it is as sequential as any other.
//!
//! ```text
//!   source ──────────▶ adapters ────────▶ for_await!(item in … => { body })
//!   may have to wait   map, filter, …     one item at a time; while the body runs, the source stands still
//!                      buffered, buffer_unordered and merge keep several things going
//! ```
//!
//! What makes items and what uses them are rarely equally fast. Whoever is faster waits for the other, through everything
//! in between: that is back-pressure, and nothing in here is without it.
//!
//! Read the modules in this order:
//!
//! 1. [`aiter`]: the trait; [`mod@from`]: from iterators, and from and to `futures`' streams; [`macros`]: the loop.
//! 2. [`adapt`], [`pair`], [`consume`]: one item after the other; [`pace`]: by the clock; [`concurrent`]: what its name
//!    says.
//! 3. [`scope`], [`generator`](mod@generator): an async block that emits items, and what it leaves behind.
//! 4. [`permits`], [`channel`](mod@channel): from task to task, with a bound.
//! 5. [`producer`], [`sources`]: from threads, sockets, files and a database.
//!
//! # New in this step
//!
//! | name | what it is |
//! |---|---|
//! | [`AsyncIterator`] | gives items, and may have to wait for each |
//! | [`Next`] | the future of the next item |
//! | [`for_await`] | runs a block for each item: `async for` |
//! | [`from_iter`] | makes one of an iterator |
//! | [`FromIter`] | what that returns |
//! | [`from_stream`] | makes one of a stream of the crate `futures` |
//! | [`FromStream`] | what that returns |
//! | [`IntoStream`] | makes such a stream of one |
//! | [`generator`](generator()) | makes one of an async block that emits items |
//! | [`try_generator`] | the same for a block that may fail |
//! | [`Generator`] | what both return |
//! | [`Yielder`] | emits the items |
//! | [`Scope`] | knows what was left to the loop inside it |
//! | [`channel`](channel()) | from some tasks to others, so many items at most in between |
//! | [`Sender`] | the end to put items in |
//! | [`Receiver`] | the end to take them out |
//! | [`SendError`] | an item that came too late |
//! | [`Permits`] | who may go next: a count, and a line |
//! | [`Ticket`] | a place in that line |
//! | [`from_thread`] | makes one of a blocking producer |
//! | [`Producer`] | what that emits with |
//! | [`incoming`](incoming()) | connections |
//! | [`Incoming`] | what that returns |
//! | [`lines`] | lines of whatever reads |
//! | [`Lines`] | what that returns |
//! | [`file_lines`] | lines of a file |
//! | [`rows`] | rows of an SQL query |

mod sync;

pub mod aiter;

pub mod from;

pub mod macros;

pub mod adapt;

pub mod pair;

pub mod consume;

pub mod pace;

pub mod concurrent;

pub mod scope;

pub mod generator;

pub mod permits;

pub mod channel;

pub mod producer;

pub mod sources;

pub use aiter::{AsyncIterator, Next};
pub use channel::{Receiver, SendError, Sender, channel};
pub use from::{FromIter, FromStream, IntoStream, from_iter, from_stream};
pub use generator::{Generator, Yielder, generator, try_generator};
pub use permits::{Permits, Ticket};
pub use producer::{Producer, from_thread};
pub use scope::Scope;
pub use sources::{Incoming, Lines, file_lines, incoming, lines, rows};

#[cfg(doctest)]
#[doc = include_str!("../../../chapters/05-async-iterators.md")]
struct Chapter;
