//! A wrong answer to `buffered`: it polls only the one whose output is due.

use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

/// Gives items one after the other, and may have to wait for each. `None` is the end.
trait AsyncIterator {
    type Item;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>>;
}

/// What the source gives. It is boxed, so that it can be polled wherever it lies.
type Io<T> = Pin<Box<dyn Future<Output = T>>>;

/// One place in the window.
enum Place<T> {
    /// This is not over yet.
    Running(Io<T>),
    /// This output is there, and not due yet.
    Done(T),
}

/// Runs the futures that `source` gives, at most `limit` at once.
struct Buffered<I, T> {
    source: I,
    limit: usize,
    /// The oldest in front.
    window: VecDeque<Place<T>>,
    source_has_ended: bool,
}

fn buffered<I: AsyncIterator<Item = Io<T>>, T>(source: I, limit: usize) -> Buffered<I, T> {
    Buffered { source, limit, window: VecDeque::new(), source_has_ended: false }
}

impl<I: AsyncIterator<Item = Io<T>> + Unpin, T: Unpin> AsyncIterator for Buffered<I, T> {
    type Item = T;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        let this = self.get_mut();
        while !this.source_has_ended && this.window.len() < this.limit {
            match Pin::new(&mut this.source).poll_next(cx) {
                Poll::Ready(Some(future)) => this.window.push_back(Place::Running(future)),
                Poll::Ready(None) => this.source_has_ended = true,
                Poll::Pending => break,
            }
        }
        if let Some(place) = this.window.front_mut() {
            if let Place::Running(future) = place
                && let Poll::Ready(output) = future.as_mut().poll(cx)
            {
                *place = Place::Done(output);
            }
        }
        match this.window.pop_front() {
            Some(Place::Done(output)) => Poll::Ready(Some(output)),
            Some(running) => {
                this.window.push_front(running);
                Poll::Pending
            }
            None if this.source_has_ended => Poll::Ready(None),
            None => Poll::Pending,
        }
    }
}

#[cfg(test)]
#[path = "../../checks/buffered.rs"]
mod checks;
