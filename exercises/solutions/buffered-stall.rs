//! Exercise `buffered-stall` (step 5, hard): a loop that waits for what only it could let go on.
//!
//! `store_all` fetches pages, two at once, and stores each. There is one connection, for both:
//!
//! ```text
//! async fn fetch(page)                             async fn store(page)
//!     take the connection, or wait for it              take the connection, or wait for it
//!     ask, and await the reply                         write
//!     give the connection back                         give the connection back
//! ```
//!
//! As it came to you, it stores nothing, and waits for ever: the first page is fetched, and its body waits for the connection. Say
//! why, in three constants. Then repair it. The window stays as it is, and so do `fetch` and `store`.
//!
//! # Contract
//!
//! - `HAS_THE_CONNECTION`: who has the connection while that body waits for it.
//! - `POLLS_IT`: who polls that one meanwhile.
//! - `ITS_REPLY_POLLS`: the reply that it waits for comes, and wakes the task. What of these is polled because of that?
//! - `store_all` comes to its end, and has stored every page, in order.
//! - The second page is asked for before the first one is stored: fetching and storing overlap.
//! - Never are more than two pages begun and not stored yet.
//!
//! Check it with `cargo course check buffered-stall`.

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

// BEGIN SOLUTION
//~ const HAS_THE_CONNECTION: Who = Who::Unsaid;
//~ const POLLS_IT: Who = Who::Unsaid;
//~ const ITS_REPLY_POLLS: Who = Who::Unsaid;
const HAS_THE_CONNECTION: Who = Who::TheSecondFetch;
const POLLS_IT: Who = Who::Nobody;
const ITS_REPLY_POLLS: Who = Who::TheBody;
// END SOLUTION

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
    // BEGIN SOLUTION
    //~ _ = &spawn; // What could that be good for?
    //~ let fetches = pages.into_iter().map(|page| site.fetch(page));
    // One after the other, when the window asks for it: spawned all at once, they would all begin at once.
    let fetches = pages.into_iter().map(|page| spawn(site.fetch(page)));
    // END SOLUTION
    let mut window = buffered(fetches, 2);
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
#[path = "../checks/buffered-stall.rs"]
mod checks;
