//! Exercise `bounded-channel` (step 5, middling): from task to task, with so much room and no more.
//!
//! A queue without a bound hides that its consumer is too slow, until the memory is full. With a bound, the producer waits: that is
//! back-pressure. So there are two who may have to wait, and two who have to be woken.
//!
//! # Contract
//!
//! - While there is room, a send is ready at once; items are received in the order in which they were sent.
//! - While the channel is full, a send is pending: it never holds more items than it was made for.
//! - A receive from a full channel wakes the sender, whose item then goes in behind the others.
//! - While it is empty, a receive is pending; a send wakes it.
//! - Whoever waits is woken through the waker of its latest poll, and not through an older one.
//! - When the sender is gone, what was sent is still received, and then comes `None`, also for a receiver that waits.
//! - When the receiver is gone, a send returns its item, also one that waits.
//! - No waker is called while the lock is held: what is woken may come back at once.
//! - So a quick producer is only as many items ahead of a slow consumer as there is room.
//!
//! Check it with `cargo course check bounded-channel`.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

/// What both ends share.
struct State<T> {
    queue: VecDeque<T>,
    capacity: usize,
    is_closed: bool,
    /// Of a sender that waits for room.
    sender: Option<Waker>,
    /// Of a receiver that waits for an item.
    receiver: Option<Waker>,
}

struct Sender<T>(Arc<Mutex<State<T>>>);

struct Receiver<T>(Arc<Mutex<State<T>>>);

fn channel<T>(capacity: usize) -> (Sender<T>, Receiver<T>) {
    let queue = VecDeque::new();
    let state = State { queue, capacity, is_closed: false, sender: None, receiver: None };
    let state = Arc::new(Mutex::new(state));
    (Sender(Arc::clone(&state)), Receiver(state))
}

impl<T> Sender<T> {
    /// Waits for room, and puts the item in. Returns the item if nobody will ever want it.
    async fn send(&mut self, item: T) -> Result<(), T> {
        let mut item = Some(item);
        poll_fn(|cx| self.poll_send(&mut item, cx)).await
    }

    /// Takes the item out of `item` when it is ready: into the channel, or to return it.
    fn poll_send(&mut self, item: &mut Option<T>, cx: &mut Context<'_>) -> Poll<Result<(), T>> {
        // BEGIN SOLUTION: put the item in, or return it, or wait for room
        let mut state = self.0.lock().expect("nothing panics under this lock");
        if !state.is_closed && state.queue.len() == state.capacity {
            state.sender = Some(cx.waker().clone());
            return Poll::Pending;
        }
        let item = item.take().expect("a send is not polled after it was ready");
        if state.is_closed {
            return Poll::Ready(Err(item));
        }
        state.queue.push_back(item);
        let receiver = state.receiver.take();
        drop(state);
        wake(receiver);
        Poll::Ready(Ok(()))
        // END SOLUTION
    }
}

impl<T> Receiver<T> {
    /// Waits for an item. `None`: there will be none any more.
    async fn recv(&mut self) -> Option<T> {
        poll_fn(|cx| self.poll_recv(cx)).await
    }

    fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<Option<T>> {
        // BEGIN SOLUTION: take an item out, or say that there will be none, or wait for one
        let mut state = self.0.lock().expect("nothing panics under this lock");
        let Some(item) = state.queue.pop_front() else {
            if state.is_closed {
                return Poll::Ready(None);
            }
            state.receiver = Some(cx.waker().clone());
            return Poll::Pending;
        };
        let sender = state.sender.take();
        drop(state);
        wake(sender);
        Poll::Ready(Some(item))
        // END SOLUTION
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        close(&self.0);
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        close(&self.0);
    }
}

/// Closes the channel, because one of its ends is gone.
fn close<T>(state: &Mutex<State<T>>) {
    // BEGIN SOLUTION
    //~ // Say so in the state. What has to be done for those who wait? (No `todo!` here: destructors should not panic.)
    //~ _ = state;
    let mut state = state.lock().expect("nothing panics under this lock");
    state.is_closed = true;
    let (sender, receiver) = (state.sender.take(), state.receiver.take());
    drop(state);
    wake(sender);
    wake(receiver);
    // END SOLUTION
}

/// Wakes, if there is somebody. Not under the lock: a waker is foreign code.
fn wake(waker: Option<Waker>) {
    if let Some(waker) = waker {
        waker.wake();
    }
}

#[cfg(test)]
#[path = "../checks/bounded-channel.rs"]
mod checks;
