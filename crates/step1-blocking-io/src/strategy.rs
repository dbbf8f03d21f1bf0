//! Three ways to run the same errands, which differ in who waits.
//!
//! ```text
//! sequential    main      [--wait--][--wait--][--wait--]      the waits add up
//! thread_each   errand 1  [--wait--]                          the waits overlap, at a thread each
//!               errand 2  [--wait--]
//!               errand 3  [--wait--]
//! pooled (2)    pool 1    [--wait--][--wait--]                they overlap, two at a time
//!               pool 2    [--wait--]
//! ```
//!
//! # Invariants
//!
//! 1. The results come in the order of the errands, whichever was over first.
//! 2. One errand's failure is its own result, and no other's.

use std::panic::resume_unwind;
use std::thread;

use crate::{BlockingPool, Errand, Error, measure};

/// Runs one errand after the other, on this thread.
///
/// # Examples
///
/// ```
/// # let file = std::env::temp_dir().join(format!("step1-sequential-{}", std::process::id()));
/// # std::fs::write(&file, "hello").unwrap();
/// let errands = [step1::Errand::Read { file: file.clone() }, step1::Errand::Read { file: "no/such/file".into() }];
/// let results = step1::sequential(&errands);
/// assert_eq!(results[0].as_deref().unwrap(), "hello");
/// assert!(results[1].is_err());
/// # std::fs::remove_file(file).unwrap();
/// ```
pub fn sequential(errands: &[Errand]) -> Vec<Result<String, Error>> {
    errands.iter().map(Errand::run).collect()
}

/// Runs each errand on a thread of its own, and blocks until all are over.
///
/// An errand for which the system refuses a thread has that as its error.
pub fn thread_each(errands: &[Errand]) -> Vec<Result<String, Error>> {
    let start = |(n, errand): (usize, &Errand)| {
        let errand = errand.clone();
        measure::start(format!("errand {}", n + 1), move || errand.run())
    };
    // All have to be started before the first is waited for.
    let threads: Vec<_> = errands.iter().enumerate().map(start).collect();
    threads.into_iter().map(|thread| own(thread.map_err(Error::io("start a thread"))?.join())).collect()
}

/// Runs the errands on `pool`'s threads, and blocks until all are over.
pub fn pooled(pool: &BlockingPool, errands: &[Errand]) -> Vec<Result<String, Error>> {
    let submit = |errand: &Errand| {
        let errand = errand.clone();
        pool.submit(move || errand.run())
    };
    let jobs: Vec<_> = errands.iter().map(submit).collect();
    jobs.into_iter().map(|job| own(job.wait())).collect()
}

/// Makes another thread's panic this thread's.
fn own<T>(outcome: thread::Result<T>) -> T {
    outcome.unwrap_or_else(|payload| resume_unwind(payload))
}
