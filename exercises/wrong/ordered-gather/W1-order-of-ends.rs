//! A wrong answer to `ordered-gather`: the results are in the order in which they were ready.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

/// What is gathered. It could be sent to another thread, though nothing has to be.
type Work<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// Awaits all of them.
struct Gather<T> {
    /// What is not ready yet; none in the place of what is.
    works: Vec<Option<Work<T>>>,
    /// A place for each result.
    results: Vec<Option<T>>,
}

fn gather<T>(works: Vec<Work<T>>) -> Gather<T> {
    let results = works.iter().map(|_| None).collect();
    Gather { works: works.into_iter().map(Some).collect(), results }
}

impl<T: Send + Unpin + 'static> Future for Gather<T> {
    type Output = Vec<T>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Vec<T>> {
        let this = self.get_mut();
        for place in &mut this.works {
            let Some(work) = place else { continue };
            if let Poll::Ready(value) = work.as_mut().poll(cx) {
                this.results.push(Some(value));
                *place = None;
            }
        }
        if this.works.iter().any(Option::is_some) {
            return Poll::Pending;
        }
        Poll::Ready(std::mem::take(&mut this.results).into_iter().flatten().collect())
    }
}

#[cfg(test)]
#[path = "../../checks/ordered-gather.rs"]
mod checks;
