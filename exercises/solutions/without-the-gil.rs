//! Exercise `without-the-gil` (step 7, easy): what is faster without the lock, and what is not?
//!
//! Without the lock all threads interpret at once. The price: counts and objects have to protect themselves, so each operation
//! takes longer. In this exercise it takes 4 ns with the lock and 5 ns without it. There is a processor for each thread; an
//! object that several threads use is used by one at a time. Predict first.
//!
//! # Contract
//!
//! - `ONE_THREAD`: one thread that computes, without the lock.
//! - `OWN_OBJECTS`: four threads that compute, each on objects of its own, without the lock.
//! - `ONE_OBJECT`: four threads that all append to one list, and do nothing else, without the lock.
//! - `WAITING`: four threads that wait for sockets, and hardly compute, without the lock.
//! - `with_the_lock` is the time of all operations of all threads, one after the other.
//! - `without_it` is the time of one thread's own operations, and after those of all operations on the shared object.
//!
//! Check it with `cargo course check without-the-gil`.

/// How long it takes without the lock, compared with the same under the lock.
#[allow(dead_code, reason = "not all of them are answers")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Takes {
    /// It takes at most half the time.
    LessThanHalf,
    /// It takes as long, or hardly longer.
    AsLong,
    /// It takes a quarter longer.
    Longer,
    /// You have not said yet.
    Unsaid,
}

/// Nanoseconds that an operation takes under the lock.
const UNDER_LOCK: u64 = 4;

/// Nanoseconds that it takes without the lock.
const WITHOUT_LOCK: u64 = 5;

/// What each thread does: so many operations on objects of its own; and when all threads have done that, so many on one object
/// that they share.
#[derive(Clone, Copy, Debug)]
struct Job {
    own: u64,
    shared: u64,
}

/// One thread that computes.
// BEGIN SOLUTION
//~ const ONE_THREAD: Takes = Takes::Unsaid;
const ONE_THREAD: Takes = Takes::Longer;
// END SOLUTION

/// Four threads that compute, each on objects of its own.
// BEGIN SOLUTION
//~ const OWN_OBJECTS: Takes = Takes::Unsaid;
const OWN_OBJECTS: Takes = Takes::LessThanHalf;
// END SOLUTION

/// Four threads that all append to one list, and do nothing else.
// BEGIN SOLUTION
//~ const ONE_OBJECT: Takes = Takes::Unsaid;
const ONE_OBJECT: Takes = Takes::Longer;
// END SOLUTION

/// Four threads that wait for sockets, and hardly compute.
// BEGIN SOLUTION
//~ const WAITING: Takes = Takes::Unsaid;
const WAITING: Takes = Takes::AsLong;
// END SOLUTION

/// Nanoseconds until all threads have done their jobs, under the lock.
fn with_the_lock(threads: u64, job: Job) -> u64 {
    // BEGIN SOLUTION: who runs at once with whom?
    threads * (job.own + job.shared) * UNDER_LOCK
    // END SOLUTION
}

/// Nanoseconds until all threads have done their jobs, without the lock. There is at least one thread.
fn without_it(threads: u64, job: Job) -> u64 {
    // BEGIN SOLUTION: and who does now?
    (job.own + threads * job.shared) * WITHOUT_LOCK
    // END SOLUTION
}

#[cfg(test)]
#[path = "../checks/without-the-gil.rs"]
mod checks;
