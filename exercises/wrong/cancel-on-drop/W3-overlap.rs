//! A wrong answer to `cancel-on-drop`: the timer is set when the sleep is made.

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
    let timer = timers.set(timers.now() + time, Waker::noop().clone());
    Sleep { timers: Rc::clone(timers), time, timer: Some(timer) }
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
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
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        if let Some(timer) = self.timer.take() {
            self.timers.cancel(timer);
        }
    }
}

#[cfg(test)]
#[path = "../../checks/cancel-on-drop.rs"]
mod checks;
