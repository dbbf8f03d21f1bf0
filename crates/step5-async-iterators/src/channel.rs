//! A bounded channel: items from tasks that make them to tasks that use them, and no more than so many in between.
//!
//! ```text
//!   send ──▶ waits for a place ──▶ ┌─────┬─────┬─────┐ ──▶ waits for an item ──▶ recv
//!                 ▲                │  3  │  2  │  1  │               ▲
//!                 │                └─────┴─────┴─────┘               │
//!        places: free permits      capacity: 3            items: free permits
//!                 └─────────────── a recv gives a place back, a send gives an item
//! ```
//!
//! Whoever is faster waits for the other: that is *back-pressure*, and the reason why there is no channel without a bound
//! here. Both lines are [`Permits`], so both are first in, first out.
//!
//! # Invariants
//!
//! 1. Places and items are conserved: free or granted, they add up to the capacity and to the length of the queue. A
//!    sender or a receiver that is cancelled gives back what it was granted, so no item is lost, and none twice there.
//! 2. Closing is final. What was sent before can still be received, unless all receivers are gone: then it is dropped.
//! 3. No waker is called, and no item dropped, under the lock.
//!
//! # Absent on purpose
//!
//! No channel without a bound: with it, a producer that is a little too fast is noticed when the memory is full.

use std::collections::VecDeque;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker, ready};

use step2::wake_quietly;
use step4::budget;

use crate::sync::{Arc, Mutex, MutexGuard, lock};
use crate::{AsyncIterator, Permits, Ticket};

/// Makes a channel with room for `capacity` items: Python's `asyncio.Queue(maxsize)`.
///
/// Both ends may be cloned, and moved to other threads. Sending and receiving take a lock for a few instructions.
///
/// # Panics
///
/// Panics if `capacity` is 0.
///
/// ```
/// use step5::{AsyncIterator, channel, for_await};
///
/// step4::run(async {
///     let (sender, receiver) = channel(2);
///     step4::spawn(async move {
///         for n in 1..=3 {
///             sender.send(n).await.unwrap(); // The third waits until there is room.
///         }
///     });
///     let mut sum = 0;
///     for_await!(n in receiver => { sum += n; }); // Ends when the last sender is gone.
///     assert_eq!(sum, 6);
/// });
/// ```
pub fn channel<T>(capacity: usize) -> (Sender<T>, Receiver<T>) {
    assert!(capacity > 0, "a channel needs room for one item at least");
    let state = State {
        queue: VecDeque::new(),
        places: Permits::new(capacity),
        items: Permits::new(0),
        senders: 1,
        receivers: 1,
        is_closed: false,
    };
    let shared = Arc::new(Shared(Mutex::new(state)));
    (Sender { shared: Arc::clone(&shared) }, Receiver { shared, ticket: Mutex::new(None) })
}

struct Shared<T>(Mutex<State<T>>);

struct State<T> {
    queue: VecDeque<T>,
    places: Permits,
    items: Permits,
    senders: usize,
    receivers: usize,
    is_closed: bool,
}

/// What one may wait for: the two lines of a channel.
#[derive(Clone, Copy)]
enum Line {
    Places,
    Items,
}

impl<T> State<T> {
    fn permits(&mut self, line: Line) -> &mut Permits {
        match line {
            Line::Places => &mut self.places,
            Line::Items => &mut self.items,
        }
    }

    /// Returns whether there will never be a permit again. While an item is on its way to a receiver, that one may still
    /// give it back.
    fn is_over(&self, line: Line) -> bool {
        match line {
            Line::Places => self.is_closed,
            Line::Items => self.is_closed && self.queue.is_empty(),
        }
    }

    /// Does the work of [`Shared::poll_take`]; returns also the waker that is not needed.
    fn take(&mut self, line: Line, ticket: &mut Option<Ticket>, waker: Waker) -> (Poll<bool>, Option<Waker>) {
        let is_over = self.is_over(line);
        let permits = self.permits(line);
        if permits.claim(1, ticket) {
            (Poll::Ready(true), Some(waker))
        } else if is_over {
            (Poll::Ready(false), Some(waker)) // Who is in the line leaves it later, without the lock.
        } else {
            (Poll::Pending, permits.stay(1, ticket, waker))
        }
    }
}

impl<T> Shared<T> {
    fn lock(&self) -> MutexGuard<'_, State<T>> {
        lock(&self.0)
    }

    /// Takes one permit, or waits for it. Ready with false: there will be none.
    fn poll_take(&self, line: Line, ticket: &mut Option<Ticket>, cx: &Context<'_>) -> Poll<bool> {
        let waker = cx.waker().clone(); // Before the lock, and dropped after it: that is foreign code.
        let (outcome, _not_needed) = self.lock().take(line, ticket, waker);
        outcome
    }

    /// Gives up a place in a line, and what was granted there.
    fn leave(&self, line: Line, ticket: Option<Ticket>) {
        let Some(ticket) = ticket else { return };
        let (mine, next) = {
            let mut state = self.lock();
            let permits = state.permits(line);
            (permits.leave(&ticket), permits.grant())
        };
        drop(mine);
        next.into_iter().for_each(wake_quietly);
    }

    /// Wakes all that wait for something that will never come.
    fn wake_all_if_over(&self, line: Line) {
        let wakers = {
            let mut state = self.lock();
            if state.is_over(line) { state.permits(line).take_wakers() } else { Vec::new() }
        };
        wakers.into_iter().for_each(wake_quietly);
    }

    /// Puts an item into the place that the caller has taken.
    fn push(&self, item: T) -> Result<(), SendError<T>> {
        let mut state = self.lock();
        if state.is_closed {
            return Err(SendError(item)); // Its place does not matter any more.
        }
        state.queue.push_back(item);
        state.items.give(1);
        let receiver = state.items.grant(); // One item, so one receiver at most.
        drop(state);
        receiver.into_iter().for_each(wake_quietly);
        Ok(())
    }

    /// Takes out an item of which the caller has taken the permit.
    fn pop(&self) -> T {
        let mut state = self.lock();
        let item = state.queue.pop_front().expect("invariant 1: there is an item for each permit");
        state.places.give(1);
        let sender = state.places.grant();
        let was_last = state.is_over(Line::Items);
        drop(state);
        sender.into_iter().for_each(wake_quietly);
        if was_last {
            self.wake_all_if_over(Line::Items);
        }
        item
    }

    fn close(&self) {
        self.lock().is_closed = true;
        self.wake_all_if_over(Line::Places);
        self.wake_all_if_over(Line::Items);
    }
}

/// Waits for a permit; ready with false if there will be none. Dropping it gives up the place in the line.
struct Wait<'a, T> {
    shared: &'a Shared<T>,
    line: Line,
    ticket: Option<Ticket>,
}

impl<T> Future for Wait<'_, T> {
    type Output = bool;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<bool> {
        ready!(budget::spend(cx));
        let this = self.get_mut();
        this.shared.poll_take(this.line, &mut this.ticket, cx)
    }
}

impl<T> Drop for Wait<'_, T> {
    fn drop(&mut self) {
        self.shared.leave(self.line, self.ticket.take());
    }
}

/// Sends the items of a [`channel`]. When the last clone is dropped, the channel is closed.
///
/// ```
/// let (sender, receiver) = step5::channel(1);
/// drop(receiver);
/// let error = step4::run(async move { sender.send(7).await.unwrap_err() });
/// assert_eq!(error.0, 7, "nobody will ever want it: here it is back");
/// ```
pub struct Sender<T> {
    shared: Arc<Shared<T>>,
}

impl<T> Sender<T> {
    /// Waits until there is room, and puts `item` into the channel.
    ///
    /// Senders get their turns in the order in which they came. Dropping the future drops the item, if it is not in
    /// the channel yet, and passes the turn on.
    ///
    /// # Errors
    ///
    /// Gives the item back if the channel is closed, or is while it waits.
    pub async fn send(&self, item: T) -> Result<(), SendError<T>> {
        let wait = Wait { shared: &self.shared, line: Line::Places, ticket: None };
        if wait.await { self.shared.push(item) } else { Err(SendError(item)) }
    }

    /// Closes the channel: nothing can be sent any more, by anyone, and receivers end after what is in it.
    pub fn close(&self) {
        self.shared.close();
    }

    /// Returns whether the channel is closed.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.shared.lock().is_closed
    }
}

impl<T> Clone for Sender<T> {
    fn clone(&self) -> Self {
        self.shared.lock().senders += 1;
        Self { shared: Arc::clone(&self.shared) }
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        let left = {
            let mut state = self.shared.lock();
            state.senders -= 1;
            state.senders
        };
        if left == 0 {
            self.shared.close();
        }
    }
}

/// Receives the items of a [`channel`], each by one of its clones. It is an async iterator, too.
///
/// When the last clone is dropped, the channel is closed, and what was in it is dropped.
///
/// Asking it as an iterator keeps a place in the line even if the asking future is dropped, so that the next one goes on
/// there. If several receive and may give up, let them use [`recv`](Self::recv).
///
/// ```
/// let (sender, receiver) = step5::channel(8);
/// step4::run(async move {
///     sender.send("last words").await.unwrap();
///     drop(sender);
///     assert_eq!(receiver.recv().await, Some("last words"));
///     assert_eq!(receiver.recv().await, None);
/// });
/// ```
pub struct Receiver<T> {
    shared: Arc<Shared<T>>,
    /// A place in the line, kept from an earlier `poll_next`.
    ticket: Mutex<Option<Ticket>>,
}

impl<T> Receiver<T> {
    /// Waits for an item; `None` when the channel is closed and empty.
    ///
    /// Receivers get items in the order in which they came. Dropping the future loses none: the next in the line gets it.
    pub async fn recv(&self) -> Option<T> {
        let ticket = lock(&self.ticket).take(); // Of a `next` that was given up: there may be an item for it.
        let wait = Wait { shared: &self.shared, line: Line::Items, ticket };
        wait.await.then(|| self.shared.pop())
    }

    /// Closes the channel: nothing can be sent any more. What is in it can still be received.
    pub fn close(&self) {
        self.shared.close();
    }

    /// Returns how many items are in the channel.
    #[must_use]
    pub fn len(&self) -> usize {
        self.shared.lock().queue.len()
    }

    /// Returns whether there is no item in the channel.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl<T> AsyncIterator for Receiver<T> {
    type Item = T;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        let mut ticket = lock(&self.ticket).take();
        let polled = self.shared.poll_take(Line::Items, &mut ticket, cx);
        *lock(&self.ticket) = ticket;
        polled.map(|is_granted| is_granted.then(|| self.shared.pop()))
    }
}

impl<T> Clone for Receiver<T> {
    fn clone(&self) -> Self {
        self.shared.lock().receivers += 1;
        Self { shared: Arc::clone(&self.shared), ticket: Mutex::new(None) }
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        let ticket = lock(&self.ticket).take();
        self.shared.leave(Line::Items, ticket);
        let unwanted = {
            let mut state = self.shared.lock();
            state.receivers -= 1;
            if state.receivers > 0 {
                return;
            }
            state.is_closed = true;
            std::mem::take(&mut state.queue)
        };
        self.shared.wake_all_if_over(Line::Places);
        drop(unwanted);
    }
}

/// Gives back an item that could not be sent, because the channel is closed.
///
/// ```
/// let (sender, receiver) = step5::channel(1);
/// receiver.close();
/// let error: step5::SendError<char> = step4::run(async move { sender.send('x').await.unwrap_err() });
/// assert_eq!(error.to_string(), "the channel was closed");
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct SendError<T>(pub T);

impl<T> fmt::Debug for SendError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SendError(..)") // An item need not be `Debug` for its sender to `unwrap`.
    }
}

impl<T> fmt::Display for SendError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the channel was closed")
    }
}

impl<T> std::error::Error for SendError<T> {}

impl<T> fmt::Debug for Sender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sender").field("is_closed", &self.is_closed()).finish_non_exhaustive()
    }
}

impl<T> fmt::Debug for Receiver<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receiver").field("len", &self.len()).finish_non_exhaustive()
    }
}
