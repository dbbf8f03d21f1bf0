//! A wrong answer to `bounded-channel`: it calls the wakers while it holds the lock.

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
        wake(receiver);
        Poll::Ready(Ok(()))
    }
}

impl<T> Receiver<T> {
    /// Waits for an item. `None`: there will be none any more.
    async fn recv(&mut self) -> Option<T> {
        poll_fn(|cx| self.poll_recv(cx)).await
    }

    fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<Option<T>> {
        let mut state = self.0.lock().expect("nothing panics under this lock");
        let Some(item) = state.queue.pop_front() else {
            if state.is_closed {
                return Poll::Ready(None);
            }
            state.receiver = Some(cx.waker().clone());
            return Poll::Pending;
        };
        let sender = state.sender.take();
        wake(sender);
        Poll::Ready(Some(item))
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
    let mut state = state.lock().expect("nothing panics under this lock");
    state.is_closed = true;
    let (sender, receiver) = (state.sender.take(), state.receiver.take());
    wake(sender);
    wake(receiver);
}

/// Wakes, if there is somebody.
fn wake(waker: Option<Waker>) {
    if let Some(waker) = waker {
        waker.wake();
    }
}

#[cfg(test)]
#[path = "../../checks/bounded-channel.rs"]
mod checks;
