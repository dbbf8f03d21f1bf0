//! The seam between a task and its executor: where a task goes when it can run again.
//!
//! A task knows how to be polled, woken, counted and freed. It does not know who runs it. Two executors share it, and
//! differ in two things only: where [`Schedule::schedule`] pushes, and whether a task has a **home**, one thread on which
//! alone it runs.
//!
//! | executor | home? | `schedule` pushes to | the state's counts and flags are |
//! |---|---|---|---|
//! | [`EventLoop`](crate::EventLoop) | its thread | its own queue; from elsewhere, its mailbox | plain at home, atomic from elsewhere |
//! | [`ThreadPool`](crate::ThreadPool) | none | the waking worker's queue, or the shared one | atomic |

use crate::task::{Runnable, State};

/// Cannot be named outside of this crate, and so neither can be what requires it be implemented.
mod sealed {
    pub trait Sealed {}
}
pub(crate) use sealed::Sealed;

/// Says where a task goes when it can run again. Every task holds one.
///
/// Its two implementors are [`Local`](crate::Local) and [`Stealing`](crate::Stealing); it cannot be implemented outside
/// of this crate.
pub trait Schedule: Sealed + Sized + 'static {
    /// How the task's flags and counts are kept.
    #[doc(hidden)]
    type State: State;

    /// Whether the calling thread is the one on which alone this task runs.
    #[doc(hidden)]
    fn is_home(&self) -> bool;

    /// Puts a task where it will be run. Called once for each time that the task became runnable.
    ///
    /// `home` is what [`is_home`](Self::is_home) says: whoever wakes has asked already.
    #[doc(hidden)]
    fn schedule(&self, task: Runnable<Self>, home: bool);

    /// Puts a task back that was woken during its poll. Called by whoever has run it.
    ///
    /// Not a method: as soon as the task is in a queue another thread may run it and free it, and its schedule lies inside.
    #[doc(hidden)]
    fn schedule_again(task: Runnable<Self>);

    /// Takes a task that is finished, or dropped, off the list of all tasks.
    #[doc(hidden)]
    fn forget(&self, task: &Runnable<Self>);
}
