//! Step 6: context guards.

mod sync;

pub mod outcome;

mod scope;

pub mod context;

pub mod stack;

pub mod semaphore;

pub mod mutex;

pub mod rwlock;

pub mod event;

pub mod cancel;

pub mod limit;

pub mod group;

pub mod pool;

pub mod db;

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
