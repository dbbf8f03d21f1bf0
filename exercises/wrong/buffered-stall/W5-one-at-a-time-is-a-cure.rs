//! A wrong answer to `buffered-stall`: a window of one does not stand still any more.

use std::collections::VecDeque;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::{Context, Poll};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(dead_code, reason = "three of them are the answers")]
enum Who {
    Nobody,
    TheFirstFetch,
    TheSecondFetch,
    /// The window, with all that is in it.
    TheWindow,
    /// The loop's body: the future that `store` has returned.
    TheBody,
    /// You have not said yet.
    Unsaid,
}

const HAS_THE_CONNECTION: Who = Who::TheSecondFetch;
const POLLS_IT: Who = Who::Nobody;
const ITS_REPLY_POLLS: Who = Who::TheBody;

type Io<T> = Pin<Box<dyn Future<Output = T>>>;

/// Where the pages are. Neither of the two does anything before it is polled.
trait Site {
    /// Returns the page's number when it is there.
    fn fetch(&self, page: u32) -> Io<u32>;

    fn store(&self, page: u32) -> Io<()>;
}

/// Fetches the pages, two at once, and stores each.
///
/// `spawn` makes a task of a future, which the loop polls from then on, whoever awaits what; and returns a future of its output.
async fn store_all(pages: Vec<u32>, site: &impl Site, spawn: impl Fn(Io<u32>) -> Io<u32>) {
    _ = &spawn;
    let fetches = pages.into_iter().map(|page| site.fetch(page));
    let mut window = buffered(fetches, 1);
    while let Some(page) = window.next().await {
        site.store(page).await;
    }
}

/// A window: runs so many of the futures at once, and gives their outputs in order. Leave it as it is.
struct Buffered<I, T> {
    futures: I,
    limit: usize,
    window: VecDeque<Place<T>>,
}

enum Place<T> {
    Running(Io<T>),
    Done(T),
}

fn buffered<I: Iterator<Item = Io<T>>, T>(futures: I, limit: usize) -> Buffered<I, T> {
    Buffered { futures, limit, window: VecDeque::new() }
}

impl<I: Iterator<Item = Io<T>>, T> Buffered<I, T> {
    async fn next(&mut self) -> Option<T> {
        poll_fn(|cx| self.poll_next(cx)).await
    }

    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<T>> {
        let free = self.limit - self.window.len();
        self.window.extend(self.futures.by_ref().take(free).map(Place::Running));
        for place in &mut self.window {
            if let Place::Running(future) = place
                && let Poll::Ready(output) = future.as_mut().poll(cx)
            {
                *place = Place::Done(output);
            }
        }
        match self.window.pop_front() {
            Some(Place::Done(output)) => Poll::Ready(Some(output)),
            Some(running) => {
                self.window.push_front(running);
                Poll::Pending
            }
            None => Poll::Ready(None),
        }
    }
}

#[cfg(test)]
#[path = "../../checks/buffered-stall.rs"]
mod checks;
