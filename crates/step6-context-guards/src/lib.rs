//! Step 6: context guards. `async with`, and clean-up that may wait.
//!
//! Rust gives back what it holds in destructors, at once, on every path: but a destructor cannot await, and dropping a
//! future is how it is cancelled. So where leaving takes time (a good-bye over a socket, a rollback, the end of child
//! tasks) a scope is needed that runs its exit on every path, and a loop that finishes the exit if nobody waits any more.
//!
//! ```text
//!   with(context, async |value| { … })
//!        enter ──▶ body ──▶ exit       ok, error, panic: exit is awaited here
//!                   └ dropped ─▶ exit  by the loop, inner ones first, before `run` returns
//! ```
//!
//! Read the modules in this order:
//!
//! 1. [`outcome`], [`context`]: `with`; [`stack`]: many contexts in one.
//! 2. [`semaphore`], [`mutex`], [`rwlock`], [`event`]: who may go next, over step 5's permits.
//! 3. [`cancel`], [`limit`], [`group`]: ending others, and waiting for their ends.
//! 4. [`db`], [`pool`]: a database behind it all.
//!
//! # New in this step
//!
//! | name | what it is |
//! |---|---|
//! | [`AsyncContext`] | what can be entered and left |
//! | [`with`] | runs a body in between: `async with` |
//! | [`Outcome`] | how the body ended |
//! | [`AsyncExitStack`] | many contexts, known only at run time |
//! | [`Key`] | the value of one of them |
//! | [`Semaphore`] | lets so many go on at once |
//! | [`Acquire`] | waits for that |
//! | [`Permit`] | gives back when it is dropped |
//! | [`Mutex`] | one at a time has what is inside |
//! | [`MutexGuard`] | has it |
//! | [`RwLock`] | many read it, or one writes it |
//! | [`ReadGuard`] | reads it |
//! | [`WriteGuard`] | writes it |
//! | [`Event`] | a flag to wait for |
//! | [`Barrier`] | lets tasks go when so many have come |
//! | [`CancelToken`] | asks tasks to stop |
//! | [`Cancelled`] | says that they were asked |
//! | [`time_limit`] | a time limit for a block |
//! | [`TimeLimit`] | what that returns |
//! | [`Deadline`] | when it ends |
//! | [`TaskGroup`] | tasks that end before the block does |
//! | [`GroupHandle`] | the value of one of them |
//! | [`ErrorGroup`] | all that went wrong |
//! | [`TaskError`] | one thing of that |
//! | [`Pool`] | lends out resources |
//! | [`Lease`] | one on loan |
//! | [`PoolError`] | why there is none |
//! | [`Manage`] | makes and checks them |
//! | [`DatabaseAt`] | makes connections to a database |
//! | [`connect`] | a connection as a context |
//! | [`Connect`] | what that returns |
//! | [`Connection`] | a connection to SQLite |
//! | [`transaction`] | statements that take effect together |
//! | [`Begin`] | what that returns |
//! | [`Transaction`] | an open one |
//! | [`Row`] | of a result |
//! | [`Value`] | in a row, or for a `?` in the SQL |
//! | [`DbError`] | what was being done, and what was wrong |
//! | [`DbErrorKind`] | what kind of thing |

mod sync;

pub mod outcome;

pub mod context;

pub mod stack;

pub mod semaphore;

pub mod mutex;

pub mod rwlock;

pub mod event;

pub mod cancel;

pub mod limit;

pub mod group;

pub mod db;

pub mod pool;

pub use cancel::{CancelToken, Cancelled};
pub use context::{AsyncContext, with};
pub use db::connection::{Connect, Connection, connect};
pub use db::error::{DbError, DbErrorKind};
pub use db::row::{Row, Value};
pub use db::transaction::{Begin, Transaction, transaction};
pub use event::{Barrier, Event};
pub use group::{ErrorGroup, GroupHandle, TaskError, TaskGroup};
pub use limit::{Deadline, TimeLimit, time_limit};
pub use mutex::{Mutex, MutexGuard};
pub use outcome::Outcome;
pub use pool::{DatabaseAt, Lease, Manage, Pool, PoolError};
pub use rwlock::{ReadGuard, RwLock, WriteGuard};
pub use semaphore::{Acquire, Permit, Semaphore};
pub use stack::{AsyncExitStack, Key};

#[cfg(doctest)]
#[doc = include_str!("../../../chapters/06-context-guards.md")]
struct Chapter;
