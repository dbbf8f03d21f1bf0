//! A wrong answer to `ordered-gather`: each future has a thread of its own, which is joined.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};

/// Wakes a thread.
struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Polls a future on this thread until it is ready.
fn block_on<T>(mut work: Work<T>) -> T {
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    loop {
        match work.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(value) => return value,
            Poll::Pending => thread::park(),
        }
    }
}

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
        let works = std::mem::take(&mut this.works).into_iter().flatten();
        let threads: Vec<_> = works.map(|work| thread::spawn(move || block_on(work))).collect();
        let _ = cx;
        Poll::Ready(threads.into_iter().map(|thread| thread.join().expect("no future panics")).collect())
    }
}

#[cfg(test)]
#[path = "../../checks/ordered-gather.rs"]
mod checks;
