//! A wrong answer to `makespan`: more threads make each errand faster.

/// What a thread does with the processor.
#[allow(dead_code, reason = "one of them is the answer")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Processor {
    /// It leaves the processor to others.
    Leaves,
    /// It keeps the processor busy.
    Keeps,
    /// You have not said yet.
    Unsaid,
}

/// Milliseconds that one errand of 100 ms takes on four threads.
const ONE_ON_FOUR: u64 = 25;

/// Milliseconds that nine errands of 100 ms take: on one thread, on nine, on two.
const NINE: [u64; 3] = [900, 100, 450];

/// What a thread does with the processor while it waits.
const WHILE_BLOCKED: Processor = Processor::Leaves;

/// Returns when the last of the errands is over. There is one thread at least.
fn makespan(errands: &[u64], threads: usize) -> u64 {
    errands.iter().sum::<u64>().div_ceil(threads as u64)
}

#[cfg(test)]
#[path = "../../checks/makespan.rs"]
mod checks;
