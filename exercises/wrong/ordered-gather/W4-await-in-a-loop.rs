//! A wrong answer to `ordered-gather`: it awaits one future after the other.

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
        while this.works.iter().any(Option::is_some) {
            let next = this.works.iter().position(Option::is_some).expect("there is one left");
            let work = this.works[next].as_mut().expect("it is not ready yet");
            match work.as_mut().poll(cx) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(value) => this.results[next] = Some(value),
            }
            this.works[next] = None;
        }
        let results = std::mem::take(&mut this.results).into_iter();
        Poll::Ready(results.map(|result| result.expect("each of them was ready")).collect())
    }
}

#[cfg(test)]
#[path = "../../checks/ordered-gather.rs"]
mod checks;
