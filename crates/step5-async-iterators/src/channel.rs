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
//! # One turn of the lock
//!
//! An uncontended lock costs some 5 ns, more than all that is done under it. So a send or a receive does everything in one
//! turn: it takes its permit, moves the item, gives a permit to the other line, and finds out who is to be woken.
//!
//! ```text
//!   lock ─▶ a permit for us? ─ yes ─▶ move the item ─▶ give, grant ─▶ unlock ─▶ wake
//!              │ no
//!              ├─ we wait, with this very waker ───────────────────▶ unlock            pending
//!              └─ else ─▶ unlock ─▶ clone the waker ─▶ lock, and look again
//! ```
//!
//! To clone a waker is foreign code, so it is done without the lock; and only by those who have to wait, as all others
//! have no use for it.
//!
//! # Invariants
//!
//! 1. Places and items are conserved: free or granted, they add up to the capacity and to the length of the queue. A
//!    sender or a receiver that is cancelled gives back what it was granted, so no item is lost, and none twice there.
//! 2. Closing is final. What was sent before can still be received, unless all receivers are gone: then it is dropped.
//! 3. No waker is cloned, called or dropped, and no item dropped, under the lock.
//!
//! # Absent on purpose
//!
//! No channel without a bound: with it, a producer that is a little too fast is noticed when the memory is full.

use std::collections::VecDeque;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::Ordering::Relaxed;
use std::task::{Context, Poll, ready};

use step2::wake_quietly;
use step4::budget;

use crate::sync::{Arc, AtomicU64, Mutex, MutexGuard, lock};
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
    (Sender { shared: Arc::clone(&shared) }, Receiver { shared, kept: Kept::nothing() })
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

impl Line {
    fn other(self) -> Self {
        match self {
            Self::Places => Self::Items,
            Self::Items => Self::Places,
        }
    }
}

impl<T> State<T> {
    fn permits(&mut self, line: Line) -> &mut Permits {
        match line {
            Line::Places => &mut self.places,
            Line::Items => &mut self.items,
        }
    }

    /// Returns whether there will never be a permit that is of use. While an item is on its way to a receiver, that one may
    /// still give it back.
    fn is_over(&self, line: Line) -> bool {
        match line {
            Line::Places => self.is_closed,
            Line::Items => self.is_closed && self.queue.is_empty(),
        }
    }
}

impl<T> Shared<T> {
    fn lock(&self) -> MutexGuard<'_, State<T>> {
        lock(&self.0)
    }

    /// Waits for a permit; then moves an item, and so has a permit for the other line. Ready with `None`: there will be none.
    fn poll_move<R>(
        &self,
        line: Line,
        ticket: &mut Option<Ticket>,
        cx: &Context<'_>,
        move_item: impl FnOnce(&mut VecDeque<T>) -> R,
    ) -> Poll<Option<R>> {
        let mut spare = None; // A clone of the waker that is not needed is dropped at the end, without the lock.
        loop {
            let mut state = self.lock();
            if state.is_over(line) {
                return Poll::Ready(None); // Who is in the line leaves it later, without the lock.
            }
            if state.permits(line).claim(1, ticket) {
                let moved = move_item(&mut state.queue);
                let other = state.permits(line.other());
                other.give(1);
                let next = other.grant(); // One permit, so one waiter at most.
                let was_last = state.is_over(Line::Items);
                drop(state);
                next.into_iter().for_each(wake_quietly);
                if was_last {
                    self.wake_all_if_over(Line::Items);
                }
                return Poll::Ready(Some(moved));
            }
            if state.permits(line).stay(1, ticket, cx.waker(), &mut spare) {
                return Poll::Pending;
            }
            drop(state);
            spare = Some(cx.waker().clone());
        }
    }

    /// Gives up a place in a line, and what was granted there.
    fn leave(&self, line: Line, ticket: &Ticket) {
        let (mine, next) = {
            let mut state = self.lock();
            let permits = state.permits(line);
            (permits.leave(ticket), permits.grant())
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

    fn close(&self) {
        self.lock().is_closed = true;
        self.wake_all_if_over(Line::Places);
        self.wake_all_if_over(Line::Items);
    }
}

/// Takes out an item of which the caller has the permit.
fn pop<T>(queue: &mut VecDeque<T>) -> T {
    queue.pop_front().expect("invariant 1: there is an item for each permit")
}

/// Puts an item in when there is a place. Dropping it gives up the place in the line.
struct Put<'a, T> {
    shared: &'a Shared<T>,
    ticket: Option<Ticket>,
    /// There until it is in the channel, or back in its sender's hands.
    item: Option<T>,
}

impl<T> Unpin for Put<'_, T> {}

impl<T> Future for Put<'_, T> {
    type Output = Result<(), SendError<T>>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        ready!(budget::spend(cx));
        let Self { shared, ticket, item } = self.get_mut();
        let mut take_item = || item.take().expect("a sender is not polled after its item has gone");
        let sent = ready!(shared.poll_move(Line::Places, ticket, cx, |queue| queue.push_back(take_item())));
        Poll::Ready(sent.ok_or_else(|| SendError(take_item())))
    }
}

impl<T> Drop for Put<'_, T> {
    fn drop(&mut self) {
        if let Some(ticket) = &self.ticket {
            self.shared.leave(Line::Places, ticket);
        }
    }
}

/// Takes an item out when there is one. Dropping it gives up the place in the line.
struct Take<'a, T> {
    shared: &'a Shared<T>,
    ticket: Option<Ticket>,
}

impl<T> Future for Take<'_, T> {
    type Output = Option<T>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        ready!(budget::spend(cx));
        let Self { shared, ticket } = self.get_mut();
        shared.poll_move(Line::Items, ticket, cx, pop)
    }
}

impl<T> Drop for Take<'_, T> {
    fn drop(&mut self) {
        if let Some(ticket) = &self.ticket {
            self.shared.leave(Line::Items, ticket);
        }
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
        Put { shared: &self.shared, ticket: None, item: Some(item) }.await
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
    kept: Kept,
}

impl<T> Receiver<T> {
    /// Waits for an item; `None` when the channel is closed and empty.
    ///
    /// Receivers get items in the order in which they came. Dropping the future loses none: the next in the line gets it.
    pub async fn recv(&self) -> Option<T> {
        let ticket = self.kept.take(); // Of a `next` that was given up: there may be an item for it.
        Take { shared: &self.shared, ticket }.await
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
        let mut ticket = self.kept.take();
        let item = self.shared.poll_move(Line::Items, &mut ticket, cx, pop);
        self.kept.put(ticket);
        item
    }
}

impl<T> Clone for Receiver<T> {
    fn clone(&self) -> Self {
        self.shared.lock().receivers += 1;
        Self { shared: Arc::clone(&self.shared), kept: Kept::nothing() }
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        if let Some(ticket) = self.kept.take() {
            self.shared.leave(Line::Items, &ticket);
        }
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

/// A ticket for one item, kept from an earlier `poll_next`: its number, or `NOTHING`.
///
/// It is a word, so that `recv`, which takes `&self`, need only look at it. What the number stands for is behind the
/// channel's lock, so nothing has to be ordered here.
struct Kept(AtomicU64);

const NOTHING: u64 = u64::MAX;

impl Kept {
    fn nothing() -> Self {
        Self(AtomicU64::new(NOTHING))
    }

    fn take(&self) -> Option<Ticket> {
        if self.0.load(Relaxed) == NOTHING {
            return None; // Nearly always, and a swap costs as much as a lock.
        }
        let number = self.0.swap(NOTHING, Relaxed);
        (number != NOTHING).then(|| Ticket::for_one(number))
    }

    fn put(&self, ticket: Option<Ticket>) {
        let number = ticket.map_or(NOTHING, |ticket| ticket.number());
        self.0.store(number, Relaxed);
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
