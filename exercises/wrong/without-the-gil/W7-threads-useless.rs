//! A wrong answer to `without-the-gil`: under the lock not even waits overlap.

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
const ONE_THREAD: Takes = Takes::Longer;

/// Four threads that compute, each on objects of its own.
const OWN_OBJECTS: Takes = Takes::LessThanHalf;

/// Four threads that all append to one list, and do nothing else.
const ONE_OBJECT: Takes = Takes::Longer;

/// Four threads that wait for sockets, and hardly compute.
const WAITING: Takes = Takes::LessThanHalf;

/// Nanoseconds until all threads have done their jobs, under the lock.
fn with_the_lock(threads: u64, job: Job) -> u64 {
    threads * (job.own + job.shared) * UNDER_LOCK
}

/// Nanoseconds until all threads have done their jobs, without the lock. There is at least one thread.
fn without_it(threads: u64, job: Job) -> u64 {
    (job.own + threads * job.shared) * WITHOUT_LOCK
}

#[cfg(test)]
#[path = "../../checks/without-the-gil.rs"]
mod checks;
