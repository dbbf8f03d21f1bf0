//! Exercise `cancel-safe-pool` (step 6, hard): resources on loan, none of which is ever lost.
//!
//! Before a resource is lent it is pinged, which takes a while. Whoever wants one can be dropped at any await: in the line, when it was
//! handed one and has not come for it yet, and in the ping.
//!
//! # Contract
//!
//! - One that is idle is pinged, and then lent.
//! - While it is pinged, nobody else is kept waiting: another one that is idle can be had.
//! - A lease that is dropped gives back at once: to the first in line, which is woken, or else it is idle.
//! - One that is dropped in the line leaves the line.
//! - One that is dropped after it was handed a resource passes it on to the next in line.
//! - One that is dropped in the ping passes its resource on, too.
//! - No waker is called while the lock is held: what is woken may come back at once.
//!
//! Check it with `cargo course check cancel-safe-pool`.

use std::collections::VecDeque;
use std::future::Future;
use std::ops::Deref;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll, Waker};

/// Something that can be asked whether it still is there.
trait Ping {
    async fn ping(&self);
}

struct State<R> {
    idle: Vec<R>,
    /// The number that the next one in line is given.
    next: u64,
    /// First in, first out.
    line: VecDeque<(u64, Waker)>,
    /// What was handed to somebody who has not come for it yet.
    handed: Vec<(u64, R)>,
}

struct Pool<R>(Arc<Mutex<State<R>>>);

impl<R> Clone for Pool<R> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<R> Pool<R> {
    fn new(idle: Vec<R>) -> Self {
        Self(Arc::new(Mutex::new(State { idle, next: 0, line: VecDeque::new(), handed: Vec::new() })))
    }

    fn state(&self) -> MutexGuard<'_, State<R>> {
        self.0.lock().expect("nothing panics under this lock")
    }

    /// Waits for a resource that is idle, or is handed over.
    fn turn(&self) -> Turn<R> {
        Turn { pool: self.clone(), number: None }
    }

    /// Waits for a resource, pings it, and lends it.
    async fn lease(&self) -> Lease<R>
    where
        R: Ping,
    {
        // BEGIN SOLUTION: wait for your turn, and for the ping; whose is the resource meanwhile?
        let resource = self.turn().await;
        // From here on, it goes back whatever happens.
        let lease = Lease { resource: Some(resource), pool: self.clone() };
        lease.ping().await;
        lease
        // END SOLUTION
    }

    /// Takes a resource back.
    fn give(&self, resource: R) {
        // BEGIN SOLUTION: hand it to the first in line, and wake that one; or else it is idle
        let mut state = self.state();
        match state.line.pop_front() {
            None => state.idle.push(resource),
            Some((number, waker)) => {
                state.handed.push((number, resource));
                drop(state);
                waker.wake();
            }
        }
        // END SOLUTION
    }
}

/// Waits in the line.
struct Turn<R> {
    pool: Pool<R>,
    /// Its number, while it is in the line or was handed something.
    number: Option<u64>,
}

impl<R> Future for Turn<R> {
    type Output = R;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<R> {
        let this = &mut *self;
        let mut state = this.pool.state();
        let Some(number) = this.number else {
            if let Some(resource) = state.idle.pop() {
                return Poll::Ready(resource);
            }
            let number = state.next;
            state.next += 1;
            state.line.push_back((number, cx.waker().clone()));
            this.number = Some(number);
            return Poll::Pending;
        };
        if let Some((_, waker)) = state.line.iter_mut().find(|(other, _)| *other == number) {
            waker.clone_from(cx.waker());
            return Poll::Pending;
        }
        let at = state.handed.iter().position(|(other, _)| *other == number);
        let (_, resource) = state.handed.swap_remove(at.expect("it has left the line"));
        this.number = None;
        Poll::Ready(resource)
    }
}

impl<R> Drop for Turn<R> {
    fn drop(&mut self) {
        // BEGIN SOLUTION
        //~ // Leave the line; and what if it was handed something meanwhile?
        let Some(number) = self.number else { return };
        let mut state = self.pool.state();
        state.line.retain(|(other, _)| *other != number);
        let at = state.handed.iter().position(|(other, _)| *other == number);
        let handed = at.map(|at| state.handed.swap_remove(at));
        drop(state);
        if let Some((_, resource)) = handed {
            self.pool.give(resource);
        }
        // END SOLUTION
    }
}

/// A resource on loan. It goes back when this is dropped.
struct Lease<R> {
    /// There is one until the drop.
    resource: Option<R>,
    pool: Pool<R>,
}

impl<R> Deref for Lease<R> {
    type Target = R;

    fn deref(&self) -> &R {
        self.resource.as_ref().expect("there is one until the drop")
    }
}

impl<R> Drop for Lease<R> {
    fn drop(&mut self) {
        // BEGIN SOLUTION
        //~ // Give it back.
        if let Some(resource) = self.resource.take() {
            self.pool.give(resource);
        }
        // END SOLUTION
    }
}

#[cfg(test)]
#[path = "../checks/cancel-safe-pool.rs"]
mod checks;
