//! A task: a future that an executor runs, in one piece of memory.
//!
//! ```text
//!   ┌────────── Header ─────────┬──────────── Stage ───────────┐
//!   │ vtable │ schedule │ state │ the future, then its outcome │
//!   └───────────────────────────┴──────────────────────────────┘
//!      ▲                  ▲
//!      │                  └ flags; the place in the executor's list; the joiner's waker; and the count of references:
//!      │                    one for the list · one for the JoinHandle · one for each Waker
//!      └ every pointer to a task points here
//! ```
//!
//! What stands in a queue holds no reference: it is unfinished, and the list keeps it alive.
//!
//! The modules: [`state`] says what a task's flags and counts must do, [`local`] does it for tasks that stay on one
//! thread, [`shared`] for tasks that wander. [`raw`] is the allocation, and the only file here with `unsafe` in it.
//! [`join`] is what `spawn` returns, and `cells` is where the memory comes from.
//!
//! # Invariants
//!
//! 1. **One runner.** A [`Runnable`] is made when the state says "enqueue" and at no other time, and used up by `run`.
//!    So at most one exists, and whoever holds it alone may touch the future.
//! 2. **The stage has one owner at a time:** the runner until the task is done; then the `JoinHandle`, or if that was
//!    dropped before, again the runner, who drops the output at once.
//! 3. **Done is for ever.** A finished task is never enqueued again, whoever wakes it.
//! 4. **The stage is empty before the memory is freed**, so that freeing runs no foreign code, on whatever thread it is.
//! 5. A panic in a future, an output or a joiner's waker ends in the task's outcome, or in the panic hook's report; it
//!    never unwinds into the executor.

mod cells;
pub mod join;
pub mod local;
pub mod raw;
pub mod shared;
pub mod state;

#[cfg(all(test, feature = "loom"))]
mod model;

pub use join::{JoinError, JoinHandle};
pub use raw::Runnable;
pub(crate) use raw::{Letter, TaskList, new_task};
pub use state::State;
