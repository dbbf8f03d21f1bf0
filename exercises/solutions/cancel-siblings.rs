//! Exercise `cancel-siblings` (step 4, middling): all tasks of a group, or none.
//!
//! When one task of a `gather` fails, the others run on. Here is a group where that would be wrong: five parts of one answer, and
//! without one of them the others are of no use. So the first error ends them all, and nobody hears of it before they are gone.
//!
//! `JoinHandle` is that of step 4, made small: one thread, first in, first out.
//!
//! # Contract
//!
//! - If all tasks succeed, their outputs are returned in the order of the tasks.
//! - The error that comes first in time is returned, whichever task it is from.
//! - After an error the other tasks do not run on.
//! - When the error is returned, the futures of all other tasks have been dropped.
//! - A group of no tasks succeeds.
//!
//! Check it with `cargo course check cancel-siblings`.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::Poll;

use exercises::JoinHandle;

/// A part of the answer, or why there is none. Nobody else aborts the tasks, so each of them has one of the two.
type Part = Result<u32, &'static str>;

/// Awaits all tasks; after the first error, ends the others.
async fn all_or_none(mut tasks: Vec<JoinHandle<Part>>) -> Result<Vec<u32>, &'static str> {
    // BEGIN SOLUTION: see the first error at once, end the others, and wait until they are gone
    let mut parts: Vec<Option<u32>> = tasks.iter().map(|_| None).collect();
    let failed = poll_fn(|cx| {
        for (task, part) in tasks.iter_mut().zip(&mut parts).filter(|(_, part)| part.is_none()) {
            match Pin::new(task).poll(cx) {
                Poll::Ready(outcome) => match outcome.expect("nobody has aborted it") {
                    Ok(value) => *part = Some(value),
                    Err(error) => return Poll::Ready(Some(error)),
                },
                Poll::Pending => {}
            }
        }
        if parts.iter().all(Option::is_some) { Poll::Ready(None) } else { Poll::Pending }
    })
    .await;
    let Some(error) = failed else { return Ok(parts.into_iter().flatten().collect()) };
    tasks.retain(|task| !task.is_finished());
    tasks.iter().for_each(JoinHandle::abort);
    for task in tasks {
        let _cancelled = task.await;
    }
    Err(error)
    // END SOLUTION
}

#[cfg(test)]
#[path = "../checks/cancel-siblings.rs"]
mod checks;
