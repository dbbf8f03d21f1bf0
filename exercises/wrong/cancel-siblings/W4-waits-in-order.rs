//! A wrong answer to `cancel-siblings`: it awaits the tasks one after the other.

use exercises::JoinHandle;

/// A part of the answer, or why there is none. Nobody else aborts the tasks, so each of them has one of the two.
type Part = Result<u32, &'static str>;

/// Awaits all tasks; after the first error, ends the others.
async fn all_or_none(mut tasks: Vec<JoinHandle<Part>>) -> Result<Vec<u32>, &'static str> {
    let mut parts = Vec::new();
    while !tasks.is_empty() {
        match tasks.remove(0).await.expect("nobody has aborted it") {
            Ok(part) => parts.push(part),
            Err(error) => {
                tasks.iter().for_each(JoinHandle::abort);
                for task in tasks {
                    let _cancelled = task.await;
                }
                return Err(error);
            }
        }
    }
    Ok(parts)
}

#[cfg(test)]
#[path = "../../checks/cancel-siblings.rs"]
mod checks;
