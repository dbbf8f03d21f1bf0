//! A wrong answer to `cancel-siblings`: it returns the first error, which cancels the others.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::Poll;

use exercises::JoinHandle;

/// A part of the answer, or why there is none. Nobody else aborts the tasks, so each of them has one of the two.
type Part = Result<u32, &'static str>;

/// Awaits all tasks; after the first error, ends the others.
async fn all_or_none(mut tasks: Vec<JoinHandle<Part>>) -> Result<Vec<u32>, &'static str> {
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
    Err(error)
}

#[cfg(test)]
#[path = "../../checks/cancel-siblings.rs"]
mod checks;
