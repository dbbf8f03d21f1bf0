//! An event that tasks wait for: a flag, and a barrier.
//!
//! | | waits until | lets go |
//! |---|---|---|
//! | [`Event`] | somebody has set it | all that wait; and all that come while it is set |
//! | [`Barrier`] | so many wait | exactly those; the next ones wait for each other |
//!
//! # Invariants
//!
//! 1. Who waits when an event is set is let go, even if it is cleared before the waiter has had its turn.
//! 2. A waiter that is dropped leaves nothing behind: a barrier does not count it.
//! 3. No waker is called under the lock.

use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker, ready};

use step2::wake_quietly;
use step4::budget;

use crate::sync::{Mutex, lock};

/// A flag that tasks can wait for: Python's `asyncio.Event`.
///
/// It may be shared between threads. Setting it wakes all that wait, first come, first woken.
///
/// ```
/// use step6::Event;
///
/// step4::run(async {
///     let event = std::rc::Rc::new(Event::new());
///     let waiter = std::rc::Rc::clone(&event);
///     let task = step4::spawn(async move { waiter.wait().await });
///     event.set();
///     task.await.unwrap();
/// });
/// ```
#[derive(Default)]
pub struct Event {
    state: Mutex<EventState>,
}

#[derive(Default)]
struct EventState {
    is_set: bool,
    next_number: u64,
    /// A waiter that is not in here any more has been let go.
    waiting: BTreeMap<u64, Waker>,
}

impl Event {
    /// Makes an event that is not set.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets it, and lets go all that wait.
    pub fn set(&self) {
        let waiting = {
            let mut state = lock(&self.state);
            state.is_set = true;
            std::mem::take(&mut state.waiting)
        };
        waiting.into_values().for_each(wake_quietly);
    }

    /// Clears it: who comes from now on, waits.
    pub fn clear(&self) {
        lock(&self.state).is_set = false;
    }

    /// Returns whether it is set.
    #[must_use]
    pub fn is_set(&self) -> bool {
        lock(&self.state).is_set
    }

    /// Waits until it is set; if it is, that is at once.
    pub fn wait(&self) -> impl Future<Output = ()> + use<'_> {
        EventWait { event: self, number: None }
    }
}

impl fmt::Debug for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Event").field("is_set", &self.is_set()).finish_non_exhaustive()
    }
}

#[must_use = "a future does nothing until it is polled"]
struct EventWait<'a> {
    event: &'a Event,
    number: Option<u64>,
}

impl Future for EventWait<'_> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        ready!(budget::spend(cx)); // A loop over an event that is set would starve the others.
        let waker = cx.waker().clone();
        let mut state = lock(&self.event.state);
        let older = match self.number {
            None if state.is_set => return Poll::Ready(()),
            None => {
                let number = state.next_number;
                state.next_number += 1;
                self.number = Some(number);
                state.waiting.insert(number, waker)
            }
            Some(number) => match state.waiting.get_mut(&number) {
                Some(known) => Some(std::mem::replace(known, waker)),
                None => return Poll::Ready(()), // Invariant 1.
            },
        };
        drop(state);
        drop(older);
        Poll::Pending
    }
}

impl Drop for EventWait<'_> {
    fn drop(&mut self) {
        let waker = self.number.and_then(|number| lock(&self.event.state).waiting.remove(&number));
        drop(waker);
    }
}

/// Lets tasks go when so many have come: Python's `asyncio.Barrier`.
///
/// ```
/// use step6::Barrier;
///
/// step4::run(async {
///     let barrier = Barrier::new(2);
///     let (first, second) = step2::join(barrier.wait(), barrier.wait()).await;
///     assert_eq!((first, second), (0, 1));
/// });
/// ```
pub struct Barrier {
    parties: usize,
    state: Mutex<BarrierState>,
}

#[derive(Default)]
struct BarrierState {
    next_number: u64,
    waiting: BTreeMap<u64, Waker>,
    /// Who was let go, with their places in the line, and has not heard of it.
    released: BTreeMap<u64, usize>,
}

impl Barrier {
    /// Makes a barrier for so many.
    ///
    /// # Panics
    ///
    /// Panics if it is for nobody.
    #[must_use]
    pub fn new(parties: usize) -> Self {
        assert!(parties > 0, "a barrier needs somebody to wait for");
        Self { parties, state: Mutex::default() }
    }

    /// Waits until so many wait, and returns in which place we came, from 0 on.
    ///
    /// Dropping the future takes us out of the count.
    pub fn wait(&self) -> impl Future<Output = usize> + use<'_> {
        BarrierWait { barrier: self, number: None }
    }
}

impl fmt::Debug for Barrier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let waiting = lock(&self.state).waiting.len();
        f.debug_struct("Barrier")
            .field("parties", &self.parties)
            .field("waiting", &waiting)
            .finish_non_exhaustive()
    }
}

#[must_use = "a future does nothing until it is polled"]
struct BarrierWait<'a> {
    barrier: &'a Barrier,
    number: Option<u64>,
}

impl BarrierWait<'_> {
    /// Lets all go, if we are the last one to come.
    fn arrive(&mut self, waker: Waker) -> Poll<usize> {
        let mut state = lock(&self.barrier.state);
        let last = self.barrier.parties - 1;
        if state.waiting.len() == last {
            let waiting = std::mem::take(&mut state.waiting);
            state.released.extend(waiting.keys().copied().zip(0..));
            drop(state);
            waiting.into_values().for_each(wake_quietly);
            return Poll::Ready(last);
        }
        let number = state.next_number;
        state.next_number += 1;
        state.waiting.insert(number, waker);
        self.number = Some(number);
        Poll::Pending
    }
}

impl Future for BarrierWait<'_> {
    type Output = usize;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<usize> {
        ready!(budget::spend(cx));
        let waker = cx.waker().clone();
        let Some(number) = self.number else { return self.arrive(waker) };
        let mut state = lock(&self.barrier.state);
        if let Some(place) = state.released.remove(&number) {
            self.number = None;
            return Poll::Ready(place);
        }
        let older = state.waiting.insert(number, waker);
        drop(state);
        drop(older);
        Poll::Pending
    }
}

impl Drop for BarrierWait<'_> {
    fn drop(&mut self) {
        let Some(number) = self.number else { return };
        let mut state = lock(&self.barrier.state);
        state.released.remove(&number);
        let waker = state.waiting.remove(&number);
        drop(state);
        drop(waker);
    }
}
