//! A park that sleeps in the system's selector (epoll, kqueue, IOCP), and wakes whoever waits for a socket.
//!
//! ```text
//!   read ─▶ the system call first ─ done ─▶ Ready
//!              │ WouldBlock
//!              ▼
//!           leave the waker with the socket's Source ─▶ Pending
//!                                   ▲
//!   IoDriver::park: poll the selector ─ "socket 7 became readable" ─▶ wake them all; they try again
//! ```
//!
//! Sockets are registered once, for both directions, *edge-triggered*: the selector speaks only when something changes.
//! So an event must not fall between a `WouldBlock` and the waker that is left because of it. Each direction counts its
//! events: who got `WouldBlock` looks whether the count has moved since *before* the system call, and if so tries again.
//!
//! The same count saves system calls. After `WouldBlock`, and after a read that got less than it had room for, a direction is
//! *dry*: there is nothing until its next event, so nobody need ask. Whoever answers requests would else make three calls for each
//! (read, write, and a read to learn that there is no next request yet), and not two.
//!
//! # Invariants
//!
//! 1. An event for a direction raises its count and wakes all who wait for it, under one lock.
//! 2. Who waits has seen, under that lock, the count of before its system call: so the event that it waits for is still
//!    to come.
//! 3. Wakers are called, cloned and dropped outside of the locks.
//! 4. A driver that ends wakes all who wait; they learn that there will be no event.
//! 5. An event for a socket that is gone, or whose number another has now, is at worst a wake too many.
//! 6. A direction is dry at the count of before the system call that found it so; an event later, it is not. A short read does
//!    not make it dry if an event has told of the end, or of urgent bytes: a read stops at them, and what is behind has no event
//!    of its own.
//!
//! Regular files cannot be registered: epoll refuses them, since they are always "ready", and block all the same. See
//! [`crate::fs`].

use std::cell::RefCell;
use std::fmt;
use std::io;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker, ready};
use std::time::Duration;

use slab::Slab;
use step2::{Entered, Park, ParkToken, wake_quietly};
use timeline::probe;

use crate::budget;
use crate::sync::mio::event::Event;
use crate::sync::mio::{self, Events, Interest, Registry, Token};
use crate::sync::{Mutex, MutexGuard, lock, thread_local};

#[cfg(all(test, feature = "loom"))]
mod model;
#[cfg(all(test, not(any(feature = "loom", feature = "shuttle"))))]
mod tests;

/// How many events are taken at a time; more stay with the selector until the next look.
const BATCH: usize = 256;
const WAKE_UP: Token = Token(usize::MAX);

/// Sleeps in the system's selector, until a wake or until something happens on a socket.
///
/// A wake costs a system call only if the thread is asleep. Making one takes two file descriptors.
///
/// ```
/// use step2::{Park, drive};
/// use step4::IoDriver;
///
/// let mut driver = IoDriver::new()?;
/// let answer = drive(&mut driver, async { 42 })?;
/// assert_eq!(answer, 42);
/// # std::io::Result::Ok(())
/// ```
pub struct IoDriver {
    poll: mio::Poll,
    events: Events,
    reactor: Arc<Reactor>,
    wakers: Vec<Waker>,
}

/// What sockets, and wakers on other threads, know of a driver.
pub(crate) struct Reactor {
    registry: Registry,
    sources: Mutex<Slab<Arc<Source>>>,
    sleeper: Arc<Sleeper>,
}

struct Sleeper {
    token: ParkToken,
    waker: mio::Waker,
}

thread_local! {
    static CURRENT: RefCell<Option<Arc<Reactor>>> = const { RefCell::new(None) };
}

/// Returns how many sockets are registered with this thread's current reactor; none, if there is none.
pub(crate) fn sockets() -> usize {
    CURRENT.with_borrow(|current| current.as_ref().map_or(0, |reactor| reactor.sockets()))
}

impl IoDriver {
    /// Opens a selector.
    ///
    /// # Errors
    ///
    /// Returns the system's error, as when file descriptors have run out.
    pub fn new() -> io::Result<Self> {
        let poll = mio::Poll::new()?;
        let waker = mio::Waker::new(poll.registry(), WAKE_UP)?;
        let reactor = Reactor {
            registry: poll.registry().try_clone()?,
            sources: Mutex::new(Slab::new()),
            sleeper: Arc::new(Sleeper { token: ParkToken::new(), waker }),
        };
        Ok(Self {
            poll,
            events: Events::with_capacity(BATCH),
            reactor: Arc::new(reactor),
            wakers: Vec::new(),
        })
    }

    /// Returns how many sockets are registered.
    #[must_use]
    pub fn sockets(&self) -> usize {
        self.reactor.sockets()
    }

    pub(crate) fn reactor(&self) -> Arc<Reactor> {
        Arc::clone(&self.reactor)
    }

    fn wait(&mut self, limit: Option<Duration>) -> io::Result<()> {
        match self.poll.poll(&mut self.events, limit) {
            // A signal: the caller looks again, as after any early return.
            Err(error) if error.kind() == io::ErrorKind::Interrupted => self.events.clear(),
            outcome => outcome?,
        }
        Ok(())
    }

    /// Wakes whoever waits for what has happened. Returns whether anybody did.
    fn dispatch(&mut self) -> bool {
        for event in &self.events {
            let Token(number) = event.token();
            let source = self.reactor.sources().get(number).cloned();
            if let Some(source) = source {
                probe::io_ready(number, event.is_readable(), event.is_writable());
                source.take_waiting(event, &mut self.wakers);
            }
        }
        let woken = !self.wakers.is_empty();
        self.wakers.drain(..).for_each(wake_quietly);
        woken
    }
}

impl Park for IoDriver {
    fn waker(&self) -> Waker {
        Waker::from(Arc::clone(&self.reactor.sleeper))
    }

    fn park(&mut self, limit: Option<Duration>) -> io::Result<bool> {
        let outcome = if limit != Some(Duration::ZERO) && self.reactor.sleeper.token.begin() {
            probe::parked(limit);
            let outcome = self.wait(limit);
            probe::unparked();
            outcome
        } else if self.sockets() > 0 {
            self.wait(Some(Duration::ZERO)) // Only a look.
        } else {
            Ok(()) // Nothing to look at: that saves a system call in every turn of a loop that only computes.
        };
        let woken = self.reactor.sleeper.token.end();
        outcome?;
        Ok(self.dispatch() | woken)
    }

    fn enter(&self) -> Entered {
        let before = CURRENT.replace(Some(Arc::clone(&self.reactor)));
        Entered::new(move || CURRENT.set(before))
    }
}

impl Drop for IoDriver {
    /// Wakes all who wait for a socket, to tell them that nobody looks at it any more.
    fn drop(&mut self) {
        let sources: Vec<_> = self.reactor.sources().iter().map(|(_, source)| Arc::clone(source)).collect();
        for source in sources {
            for direction in [Direction::Read, Direction::Write] {
                let mut waiting = source.waiting(direction);
                waiting.closed = true;
                waiting.take(&mut self.wakers);
            }
        }
        self.wakers.drain(..).for_each(wake_quietly);
    }
}

impl fmt::Debug for IoDriver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IoDriver").field("sockets", &self.sockets()).finish_non_exhaustive()
    }
}

impl Wake for Sleeper {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if self.token.notify() {
            // The selector's own descriptor: it is there as long as we are, and writing to it cannot block.
            self.waker.wake().expect("the system refused to wake a selector");
        }
    }
}

impl Reactor {
    /// Returns how many sockets are registered.
    pub(crate) fn sockets(&self) -> usize {
        self.sources().len()
    }

    fn sources(&self) -> MutexGuard<'_, Slab<Arc<Source>>> {
        lock(&self.sources)
    }
}

/// One direction of a socket.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Direction {
    Read,
    Write,
}

/// What the reactor knows of one socket: who waits for it.
#[derive(Default)]
struct Source {
    directions: [Mutex<Waiting>; 2],
}

#[derive(Default)]
struct Waiting {
    /// How many events there have been (invariant 2).
    events: u64,
    /// The driver is gone: there will be no more events.
    closed: bool,
    /// The count at which nothing was left (invariant 6).
    dry_at: Option<u64>,
    /// An event has told of what a read stops at before all is read: the peer's end, an error, urgent bytes.
    stops: bool,
    /// The waiter that `poll_read` and the like speak for: there is one, and its latest waker counts.
    owner: Option<Waker>,
    /// Futures that share the socket, each by a number of its own.
    others: Vec<(u64, Waker)>,
    next_number: u64,
}

impl Source {
    fn waiting(&self, direction: Direction) -> MutexGuard<'_, Waiting> {
        lock(&self.directions[direction as usize])
    }

    fn take_waiting(&self, event: &Event, wakers: &mut Vec<Waker>) {
        let both = event.is_error();
        let stops = both || event.is_read_closed() || event.is_priority();
        if stops || event.is_readable() {
            let mut waiting = self.waiting(Direction::Read);
            waiting.stops |= stops;
            waiting.take(wakers);
        }
        if both || event.is_writable() || event.is_write_closed() {
            self.waiting(Direction::Write).take(wakers);
        }
    }
}

impl Waiting {
    fn take(&mut self, wakers: &mut Vec<Waker>) {
        self.events += 1;
        wakers.extend(self.owner.take());
        wakers.extend(self.others.drain(..).map(|(_number, waker)| waker));
    }

    /// Notes a short read, of which the count was `seen` before.
    fn has_got_all(&mut self, seen: u64) {
        if !self.stops {
            self.dry_at = Some(seen);
        }
    }

    /// Returns whether there was nothing left, and no event has come since.
    fn is_dry(&self) -> bool {
        self.dry_at == Some(self.events)
    }
}

/// A socket, registered with the reactor of the thread that made it.
pub(crate) struct Registered<S: mio::event::Source> {
    socket: S,
    source: Arc<Source>,
    number: usize,
    reactor: Arc<Reactor>,
}

impl<S: mio::event::Source> Registered<S> {
    /// Registers a socket with this thread's current reactor.
    ///
    /// # Panics
    ///
    /// Panics if there is none.
    pub(crate) fn new(mut socket: S) -> io::Result<Self> {
        let Some(reactor) = CURRENT.with_borrow(Clone::clone) else {
            panic!(
                "no IO driver on this thread: open sockets inside `step4::run` or a task of a `ThreadPool`"
            )
        };
        let source = Arc::new(Source::default());
        let number = reactor.sources().insert(Arc::clone(&source));
        if let Err(error) = reactor.registry.register(&mut socket, Token(number), all_events()) {
            reactor.sources().remove(number);
            return Err(error);
        }
        Ok(Self { socket, source, number, reactor })
    }

    pub(crate) fn socket(&self) -> &S {
        &self.socket
    }

    /// Tries `operation`, and on `WouldBlock` leaves the owner's waker.
    pub(crate) fn poll<T>(
        &self,
        direction: Direction,
        cx: &mut Context<'_>,
        operation: impl FnMut(&S) -> io::Result<T>,
    ) -> Poll<io::Result<T>> {
        self.attempt(direction, cx, operation, |_| false, |waiting, waker| waiting.owner.replace(waker))
    }

    /// Does the same for a read that has `room` for so many bytes; if it gets fewer, it has got all.
    pub(crate) fn poll_read(
        &self,
        room: usize,
        cx: &mut Context<'_>,
        operation: impl FnMut(&S) -> io::Result<usize>,
    ) -> Poll<io::Result<usize>> {
        let keep = |waiting: &mut Waiting, waker| waiting.owner.replace(waker);
        self.attempt(Direction::Read, cx, operation, got_all(room), keep)
    }

    /// Waits until `operation` does not answer `WouldBlock`. Any number of futures may wait at once.
    ///
    /// Dropping the future leaves nothing behind; what the operation has not done is not lost.
    pub(crate) async fn until_done<T>(
        &self,
        direction: Direction,
        operation: impl FnMut(&S) -> io::Result<T>,
    ) -> io::Result<T> {
        self.until(direction, operation, |_| false).await
    }

    /// Does the same for a read, as [`poll_read`](Self::poll_read).
    pub(crate) async fn read(
        &self,
        room: usize,
        operation: impl FnMut(&S) -> io::Result<usize>,
    ) -> io::Result<usize> {
        self.until(Direction::Read, operation, got_all(room)).await
    }

    async fn until<T>(
        &self,
        direction: Direction,
        mut operation: impl FnMut(&S) -> io::Result<T>,
        got_all: impl Fn(&T) -> bool,
    ) -> io::Result<T> {
        let mut ticket = Ticket { source: &self.source, direction, number: None };
        std::future::poll_fn(|cx| {
            self.attempt(direction, cx, &mut operation, &got_all, |waiting, waker| {
                ticket.keep(waiting, waker)
            })
        })
        .await
    }

    fn attempt<T>(
        &self,
        direction: Direction,
        cx: &mut Context<'_>,
        mut operation: impl FnMut(&S) -> io::Result<T>,
        got_all: impl Fn(&T) -> bool,
        mut keep: impl FnMut(&mut Waiting, Waker) -> Option<Waker>,
    ) -> Poll<io::Result<T>> {
        ready!(budget::spend(cx));
        loop {
            let (seen, dry) = {
                let waiting = self.source.waiting(direction);
                (waiting.events, waiting.is_dry())
            };
            if !dry {
                match operation(&self.socket) {
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                    outcome => {
                        if outcome.as_ref().is_ok_and(&got_all) {
                            self.source.waiting(direction).has_got_all(seen);
                        }
                        return Poll::Ready(outcome);
                    }
                }
            }
            let waker = cx.waker().clone();
            let mut waiting = self.source.waiting(direction);
            if waiting.closed {
                let ended = "the event loop or pool that this socket was opened in has ended";
                return Poll::Ready(Err(io::Error::other(ended)));
            }
            if waiting.events == seen {
                waiting.dry_at = Some(seen);
                let older = keep(&mut waiting, waker);
                drop(waiting);
                drop(older);
                return Poll::Pending;
            }
        }
    }
}

/// What a socket is registered for: both directions, and to know of urgent bytes where selectors tell of them.
fn all_events() -> Interest {
    let both = Interest::READABLE | Interest::WRITABLE;
    #[cfg(all(any(target_os = "linux", target_os = "android"), not(miri)))]
    let both = both | Interest::PRIORITY;
    both
}

/// Tells of a read's outcome whether it leaves nothing behind: it got something, but less than it had room for.
///
/// Windows's selector and Miri's look at a socket again only after a `WouldBlock`, so there a read has to get that far; and others do
/// not tell of urgent bytes.
fn got_all(room: usize) -> impl Fn(&usize) -> bool {
    let tells = cfg!(all(any(target_os = "linux", target_os = "android"), not(miri)));
    move |&got| tells && 0 < got && got < room
}

impl<S: mio::event::Source> Drop for Registered<S> {
    fn drop(&mut self) {
        // Closing the socket would do it too; but it may have been duplicated.
        let _closed_anyway = self.reactor.registry.deregister(&mut self.socket);
        let source = self.reactor.sources().remove(self.number);
        drop(source);
    }
}

impl<S: mio::event::Source + fmt::Debug> fmt::Debug for Registered<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.socket.fmt(f)
    }
}

/// One waiting future's place in a [`Waiting`]. Dropping it takes its waker out.
struct Ticket<'a> {
    source: &'a Source,
    direction: Direction,
    number: Option<u64>,
}

impl Ticket<'_> {
    /// Leaves `waker`, and returns the one left before.
    fn keep(&mut self, waiting: &mut Waiting, waker: Waker) -> Option<Waker> {
        let number = *self.number.get_or_insert_with(|| {
            waiting.next_number += 1;
            waiting.next_number
        });
        match waiting.others.iter_mut().find(|(other, _)| *other == number) {
            Some((_, kept)) => Some(std::mem::replace(kept, waker)),
            None => {
                waiting.others.push((number, waker));
                None
            }
        }
    }
}

impl Drop for Ticket<'_> {
    fn drop(&mut self) {
        let Some(number) = self.number else { return };
        let mut waiting = self.source.waiting(self.direction);
        let place = waiting.others.iter().position(|(other, _)| *other == number);
        let removed = place.map(|place| waiting.others.remove(place));
        drop(waiting);
        drop(removed);
    }
}
