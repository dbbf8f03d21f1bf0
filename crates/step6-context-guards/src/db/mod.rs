//! A real database behind it all: SQLite, off the loop.
//!
//! SQLite can only block: on the disk, on another connection's lock, on its own computing. So each statement is a job on
//! one of the loop's threads, and the connection travels with it. That is what step 1 did; what is new is that a job may
//! be given up half-way by a cancellation, and that nothing may be lost or left open by that.
//!
//! ```text
//!   task           turn (a semaphore)        sqlite (a mutex)              thread
//!   query ──▶ wait until no transaction ──▶ wait for the handle ──▶ run, with the handle's guard ──▶ rows
//!              is open on the connection     FIFO                     dropped half-way: interrupt; the guard
//!                                                                     comes free when the statement has stopped
//! ```
//!
//! The modules: [`error`], [`row`]; [`session`] runs one job after the other; [`connection`] and [`transaction`] are what
//! one uses, and [`pool`](crate::pool) hands out connections.
//!
//! # Invariants
//!
//! 1. Statements of a connection run one at a time, in the order in which they were awaited. What was cancelled has stopped
//!    before the next one begins.
//! 2. While a transaction is open, statements of others on the same connection wait until it has ended.
//! 3. Whoever waits for another connection's lock on the file waits on the loop's clock, and holds no thread: the commit that
//!    would end the wait needs one.
//! 4. No statement runs in a transaction that was left open, and none runs outside that was meant for the inside.

pub mod connection;
pub mod error;
pub mod row;
pub mod session;
pub mod transaction;
