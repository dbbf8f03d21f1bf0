//! Who may go next: a number of permits, and a line of those who wait for some.
//!
//! ```text
//!   free: 2       line:  ┌ granted ┐   ┌ waits for 3 ┐   ┌ waits for 1 ┐
//!                 front  │  (1)    │ ◀ │   waker     │ ◀ │   waker     │  back
//!                        └─────────┘   └─────────────┘   └─────────────┘
//!
//!   take(1) ──▶ refused: somebody waits, and nobody passes them by, not even for less
//!   give(1) ──▶ free: 3 ──▶ grant() ──▶ the 3 are the first waiter's; free: 0; its waker is to be called
//! ```
//!
//! All that hands out turns here and in step 6 is made of this: the free places and the items of a channel, a semaphore,
//! a mutex (one permit), a lock for many readers or one writer (the writer takes all).
//!
//! # Invariants
//!
//! 1. First in, first out: permits go to the front of the line, and a newcomer gets none while somebody waits.
//! 2. What is granted belongs to the waiter, although it does not know yet. If it leaves, its permits are given on: none
//!    is lost.
//! 3. A ticket that is not in the line has been granted what it waits for.
//! 4. After a `give` or a `leave`, `grant` is called until it says `None`: if permits are free while somebody waits, they
//!    do not suffice for the front of the line.
//! 5. Who leaves from the middle of the line leaves a gap. The front is never a gap, and no more than half of the line is.
//!
//! # Absent on purpose
//!
//! No lock, and no foreign code: the owner brings the lock; it clones, calls and drops wakers without it.

use std::collections::VecDeque;
use std::task::Waker;

/// Counts permits, and keeps a first-in-first-out line of those who wait for some.
///
/// Each method takes O(log n) among n that wait, wherever in the line they stand (amortized: gaps are closed now and then).
/// Waiting allocates only if the line is longer than it has ever been.
///
/// ```
/// use std::task::Waker;
/// use step5::Permits;
///
/// let mut permits = Permits::new(1);
/// assert!(permits.take(1));
/// assert!(!permits.take(1), "there is only one");
///
/// let ticket = permits.wait(1, Waker::noop().clone());
/// permits.give(1);
/// assert!(permits.grant().is_some(), "a waker, which is to be called");
/// assert!(!permits.take(1), "it is for the one who waits");
/// assert!(permits.is_granted(&ticket), "and who has it from now on");
/// ```
#[derive(Debug, Default)]
pub struct Permits {
    free: usize,
    /// Those who wait, by ascending numbers, and gaps.
    line: VecDeque<Place>,
    gaps: usize,
    next_number: u64,
}

/// A place in the line, or a gap.
#[derive(Debug)]
struct Place {
    number: u64,
    wants: usize,
    /// `None`: whoever stood here has left.
    waker: Option<Waker>,
}

/// Names a place in the line of some [`Permits`].
///
/// ```
/// use step5::{Permits, Ticket};
///
/// let mut permits = Permits::new(0);
/// let ticket: Ticket = permits.wait(2, std::task::Waker::noop().clone());
/// permits.leave(&ticket);
/// ```
#[derive(Debug, PartialEq, Eq)]
#[must_use = "who waits must be granted something or leave, or nobody behind ever has a turn"]
pub struct Ticket {
    number: u64,
    wants: usize,
}

impl Ticket {
    /// Makes the ticket of that number again, which was for one permit.
    pub(crate) fn for_one(number: u64) -> Self {
        Self { number, wants: 1 }
    }

    pub(crate) fn number(&self) -> u64 {
        self.number
    }
}

impl Permits {
    /// Makes so many free permits.
    #[must_use]
    pub fn new(free: usize) -> Self {
        Self { free, ..Self::default() }
    }

    /// Returns how many are free.
    #[must_use]
    pub fn free(&self) -> usize {
        self.free
    }

    /// Takes so many permits, if they are free and nobody waits.
    #[must_use = "if they are refused, they were not taken"]
    #[inline]
    pub fn take(&mut self, wanted: usize) -> bool {
        let granted = self.line.is_empty() && wanted <= self.free;
        if granted {
            self.free -= wanted;
        }
        granted
    }

    /// Takes a place at the end of the line.
    #[inline]
    pub fn wait(&mut self, wants: usize, waker: Waker) -> Ticket {
        let number = self.next_number;
        self.next_number += 1;
        self.line.push_back(Place { number, wants, waker: Some(waker) });
        Ticket { number, wants }
    }

    /// Returns whether the ticket has been granted what it waits for (invariant 3). Then the permits are its owner's, and
    /// the ticket has done its duty.
    #[must_use]
    #[inline]
    pub fn is_granted(&self, ticket: &Ticket) -> bool {
        self.line.front().is_none_or(|front| ticket.number < front.number)
    }

    /// Takes what is wanted, at once or by a ticket that was granted. For a future's poll: if it is refused, and there is still
    /// something to wait for, [`stay`](Self::stay).
    #[must_use = "if they are refused, they were not taken"]
    #[inline]
    pub fn claim(&mut self, wants: usize, ticket: &mut Option<Ticket>) -> bool {
        match ticket {
            None => self.take(wants),
            Some(waiting) => {
                let is_granted = self.is_granted(waiting);
                if is_granted {
                    *ticket = None;
                }
                is_granted
            }
        }
    }

    /// Takes a place in the line, or keeps it, to be woken by `waker`. Returns false if that needs a clone of it.
    ///
    /// To clone a waker is to run foreign code. So it is done without the lock, and only by those who have to wait: leave the
    /// clone in `spare`, take the lock again, and look again whether there is still something to wait for. What is in
    /// `spare` afterwards is not needed, and to be dropped without a lock.
    #[must_use = "if it needs a clone, nobody waits yet"]
    #[inline]
    pub fn stay(
        &mut self,
        wants: usize,
        ticket: &mut Option<Ticket>,
        waker: &Waker,
        spare: &mut Option<Waker>,
    ) -> bool {
        if ticket
            .as_ref()
            .and_then(|ticket| self.waker_of(ticket))
            .is_some_and(|known| known.will_wake(waker))
        {
            return true;
        }
        let Some(clone) = spare.take() else { return false };
        match ticket {
            None => *ticket = Some(self.wait(wants, clone)),
            Some(waiting) => *spare = Some(self.renew(waiting, clone)),
        }
        true
    }

    /// Replaces the waker of one who waits. Returns the waker that is not needed, to be dropped without a lock.
    pub fn renew(&mut self, ticket: &Ticket, waker: Waker) -> Waker {
        match self.waker_of(ticket) {
            Some(older) => std::mem::replace(older, waker),
            None => waker,
        }
    }

    /// Gives so many permits back, or new ones. Call [`grant`](Self::grant) after it.
    #[inline]
    pub fn give(&mut self, permits: usize) {
        self.free = self.free.saturating_add(permits);
    }

    /// Grants the front of the line what it wants, if there is enough, and returns its waker, to be called without a lock.
    #[must_use = "the waker is to be called"]
    #[inline]
    pub fn grant(&mut self) -> Option<Waker> {
        let first = self.line.front()?;
        self.free = self.free.checked_sub(first.wants)?;
        let first = self.line.pop_front();
        self.close_gaps();
        first.and_then(|place| place.waker)
    }

    /// Leaves the line, and gives back what was granted. Call [`grant`](Self::grant) after it, in either case: it may have
    /// been in the way of others.
    ///
    /// Returns the waker of one who still waited, to be dropped without a lock.
    pub fn leave(&mut self, ticket: &Ticket) -> Option<Waker> {
        let Some(position) = self.position(ticket) else {
            self.free = self.free.saturating_add(ticket.wants);
            return None;
        };
        let waker = self.line[position].waker.take();
        self.gaps += 1;
        self.close_gaps();
        waker
    }

    /// Takes the wakers of all that wait, to be called without a lock: they are to look again at what has changed.
    #[must_use = "the wakers are to be called"]
    pub fn take_wakers(&mut self) -> Vec<Waker> {
        let noop = || Waker::noop().clone();
        let waiting = self.line.iter_mut().filter_map(|place| place.waker.as_mut());
        waiting.map(|waker| std::mem::replace(waker, noop())).collect()
    }

    /// Returns where in the line the ticket's owner waits.
    fn position(&self, ticket: &Ticket) -> Option<usize> {
        self.line.binary_search_by_key(&ticket.number, |place| place.number).ok()
    }

    fn waker_of(&mut self, ticket: &Ticket) -> Option<&mut Waker> {
        let position = self.position(ticket)?;
        self.line[position].waker.as_mut()
    }

    /// Restores invariant 5.
    #[inline]
    fn close_gaps(&mut self) {
        if self.gaps > 0 {
            self.close_some_gaps();
        }
    }

    #[cold]
    fn close_some_gaps(&mut self) {
        while self.line.front().is_some_and(|place| place.waker.is_none()) {
            self.line.pop_front();
            self.gaps -= 1;
        }
        if self.gaps > self.line.len() / 2 {
            self.line.retain(|place| place.waker.is_some());
            self.gaps = 0;
        }
    }
}
