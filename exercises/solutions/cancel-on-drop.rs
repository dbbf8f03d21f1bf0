//! Exercise `cancel-on-drop` (step 3, middling): a sleep that leaves nothing behind.
//!
//! A sleep is an entry among the timers: its deadline, and whom to wake. Most sleeps never end: they are the time limit of something
//! that was quicker, and are dropped.
//!
//! # Contract
//!
//! - Making a sleep sets no timer: its time begins with the first poll.
//! - The first poll sets one timer, and does not wait: the sleep is pending.
//! - The timer has the waker of the latest poll, and of an older one nothing is left.
//! - It is ready when its time has passed, and never before.
//! - Two sleeps that are made together and awaited in a row take as long as both.
//! - Dropped while it is pending, it takes its timer out, and leaves those of others.
//!
//! Check it with `cargo course check cancel-on-drop`.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use exercises::ManualClock;

/// Names one timer: its deadline, and a number of its own.
type Key = (Duration, u64);

/// All timers of one clock. Setting one and taking one out leaves the others alone.
struct Timers {
    clock: ManualClock,
    waiting: RefCell<BTreeMap<Key, Waker>>,
    /// How many were ever set.
    set: Cell<u64>,
}

impl Timers {
    fn new(clock: &ManualClock) -> Rc<Self> {
        Rc::new(Self { clock: clock.clone(), waiting: RefCell::default(), set: Cell::new(0) })
    }

    fn now(&self) -> Duration {
        self.clock.now()
    }

    /// Sets a timer: `waker` is called when it is due, and the timer is gone then.
    fn set(&self, deadline: Duration, waker: Waker) -> Key {
        let key = (deadline, self.set.replace(self.set.get() + 1));
        self.waiting.borrow_mut().insert(key, waker);
        key
    }

    /// Takes a timer out, if it is still there.
    fn cancel(&self, key: Key) {
        let waker = self.waiting.borrow_mut().remove(&key);
        drop(waker); // Foreign code, so not while `waiting` is borrowed.
    }

    /// Calls the wakers of all that is due. Whoever moves the clock does this.
    fn fire(&self) {
        loop {
            let first = self.waiting.borrow().keys().next().copied();
            let Some(due) = first.filter(|(deadline, _)| *deadline <= self.now()) else { return };
            let waker = self.waiting.borrow_mut().remove(&due);
            waker.expect("it was just seen").wake();
        }
    }
}

struct Sleep {
    timers: Rc<Timers>,
    time: Duration,
    /// The timer that was set, if one was.
    timer: Option<Key>,
}

fn sleep(timers: &Rc<Timers>, time: Duration) -> Sleep {
    // BEGIN SOLUTION: what is to be done now, and what in the first poll?
    Sleep { timers: Rc::clone(timers), time, timer: None }
    // END SOLUTION
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        // BEGIN SOLUTION: work out the deadline; it has passed, or this waker has to be in the timer
        let now = self.timers.now();
        let deadline = match self.timer.take() {
            None => now + self.time,
            Some(timer) => {
                self.timers.cancel(timer);
                timer.0
            }
        };
        if deadline <= now {
            return Poll::Ready(());
        }
        self.timer = Some(self.timers.set(deadline, cx.waker().clone()));
        Poll::Pending
        // END SOLUTION
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        // BEGIN SOLUTION
        //~ // Leave nothing behind. (No todo! stands here: a drop that panics during another panic ends the program.)
        if let Some(timer) = self.timer.take() {
            self.timers.cancel(timer);
        }
        // END SOLUTION
    }
}

#[cfg(test)]
#[path = "../checks/cancel-on-drop.rs"]
mod checks;
