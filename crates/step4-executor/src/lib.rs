//! Step 4: tasks. Many coroutines, on one thread or on several, with timers and sockets.
//!
//! Step 3 drove one future. An *executor* drives many: each becomes a [`task`], one piece of memory with the future, its
//! state and its output; a *run queue* says whose turn it is; and what was "poll again when the park returns" becomes
//! "put the task into the queue when its waker is called".
//!
//! ```text
//!   spawn ──▶ task ──▶ queue ──▶ run: poll ── Ready ──▶ outcome, wake the joiner
//!                        ▲           └ Pending ──▶ (nothing: its waker is somewhere)
//!                        └──────── wake ◀──────────────┘
//! ```
//!
//! Read the modules in this order:
//!
//! 1. [`task`]: what a task is; [`schedule`]: the seam between it and its executor.
//! 2. [`event_loop`]: one thread, first in, first out: asyncio's loop; `mailbox`: wakes from other threads;
//!    [`budget`] and `hog`: against tasks that do not give way.
//! 3. [`children`], [`gather`](mod@gather), [`select`](mod@select): waiting for many.
//! 4. [`reactor`], [`net`]: sockets; [`blocking`], [`fs`]: what can only block.
//! 5. [`idle`], [`steal`]: many threads.
//! 6. [`metrics`](mod@metrics): what an executor holds.
//!
//! # New in this step
//!
//! | name | what it is |
//! |---|---|
//! | [`run`] | drives a future and all that it spawns: `asyncio.run` |
//! | [`spawn`] | starts a task on the loop: `create_task` |
//! | [`spawn_clean_up`] | the same for what must be finished before `run` returns |
//! | [`is_running`] | whether there is a loop to spawn on |
//! | [`EventLoop`] | the loop, on a park of your choice |
//! | [`JoinHandle`] | awaits or aborts a task |
//! | [`JoinError`] | why a task has no output |
//! | [`Schedule`] | where a task goes when it can run again |
//! | [`Local`] | to its event loop |
//! | [`Stealing`] | to the workers of a pool |
//! | [`gather`](gather()) | awaits tasks, in the order of the arguments |
//! | [`try_gather`] | the same for tasks that return a `Result` |
//! | [`gather_settled`] | the same, with every outcome |
//! | [`join_all`] | runs futures together inside one task |
//! | [`select`](select()) | awaits whichever task is first |
//! | [`as_completed`] | awaits tasks in the order in which they end |
//! | [`AsCompleted`] | their outcomes |
//! | [`shield`] | protects work from the cancellation of its waiter |
//! | [`ThreadPool`] | runs `Send` tasks on several threads |
//! | [`spawn_on_pool`] | starts a task on the pool that runs this one |
//! | [`IoDriver`] | a park that sleeps in the system's selector |
//! | [`TcpListener`] | accepts TCP connections |
//! | [`TcpStream`] | a TCP connection |
//! | [`UdpSocket`] | sends and receives datagrams |
//! | [`resolve`] | looks up a name, on another thread |
//! | [`unblock`] | runs a blocking job on another thread: `asyncio.to_thread` |
//! | [`metrics`](metrics()) | counts what a loop holds: tasks, timers, sockets |
//! | [`Metrics`] | what it returns |

mod sync;

pub mod schedule;

pub mod task;

pub mod event_loop;

mod mailbox;

pub mod budget;

mod hog;

pub mod children;

pub mod gather;

pub mod select;

pub mod reactor;

pub mod net;

pub mod blocking;

pub mod fs;

pub mod idle;

pub mod steal;

pub mod metrics;

pub use blocking::unblock;
pub use event_loop::{EventLoop, Local, is_running, run, spawn, spawn_clean_up};
pub use gather::{gather, gather_settled, join_all, try_gather};
pub use metrics::{Metrics, metrics};
pub use net::{TcpListener, TcpStream, UdpSocket, resolve};
pub use reactor::IoDriver;
pub use schedule::Schedule;
pub use select::{AsCompleted, as_completed, select, shield};
pub use steal::{Stealing, ThreadPool, spawn_on_pool};
pub use task::{JoinError, JoinHandle};

#[cfg(doctest)]
#[doc = include_str!("../../../chapters/04-executor.md")]
struct Chapter;
