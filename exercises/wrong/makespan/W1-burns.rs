//! A wrong answer to `makespan`: a thread that waits keeps the processor busy.

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
const ONE_ON_FOUR: u64 = 100;

/// Milliseconds that nine errands of 100 ms take: on one thread, on nine, on two.
const NINE: [u64; 3] = [900, 100, 500];

/// What a thread does with the processor while it waits.
const WHILE_BLOCKED: Processor = Processor::Keeps;

/// Returns when the last of the errands is over. There is one thread at least.
fn makespan(errands: &[u64], threads: usize) -> u64 {
    let mut free_at = vec![0; threads];
    for errand in errands {
        let first = free_at.iter_mut().min().expect("there is one thread at least");
        *first += errand;
    }
    free_at.into_iter().max().unwrap_or(0)
}

#[cfg(test)]
#[path = "../../checks/makespan.rs"]
mod checks;
