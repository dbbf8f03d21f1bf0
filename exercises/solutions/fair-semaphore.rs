//! Exercise `fair-semaphore` (step 6, middling): permits, handed out in the order in which they were asked for.
//!
//! Whoever waits for a permit can be dropped at any moment: while it waits, and also when it was woken and has not come yet.
//! A permit that it was given must not be lost with it.
//!
//! # Contract
//!
//! - A free permit is had in the first poll, and nobody is woken.
//! - While none is free it is pending, and keeps one waker: that of the latest poll.
//! - A permit that is dropped wakes the first in the line, and no other; with nobody in line, it is free again.
//! - It is kept for the one that was woken: whoever asks in between waits behind.
//! - One that is dropped in the line leaves the line.
//! - One that is dropped after it was woken passes its permit on to the next in line; with nobody in line, it is free again.
//! - No waker is called while the lock is held: what is woken may come back at once.
//! - So it is whenever the permit comes back while the first in line gives up: the second one gets it.
//!
//! Check it with `cargo course check fair-semaphore`.

use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use exercises::sync::{Arc, Mutex, MutexGuard};

/// Who waits, and what there is to hand out.
struct Line {
    /// The number that the next one in line is given.
    next: u64,
    /// Permits that nobody has, and nobody waits for.
    free: usize,
    /// First in, first out.
    waiting: VecDeque<(u64, Waker)>,
    /// Those who were given a permit, and have not come for it yet.
    granted: Vec<u64>,
}

#[derive(Clone)]
struct Semaphore(Arc<Mutex<Line>>);

/// Waits for a permit.
struct Acquire {
    semaphore: Semaphore,
    /// Its number, while it is waiting or granted.
    number: Option<u64>,
}

/// Goes back when it is dropped.
struct Permit(Semaphore);

impl Semaphore {
    fn new(permits: usize) -> Self {
        let line = Line { next: 0, free: permits, waiting: VecDeque::new(), granted: Vec::new() };
        Self(Arc::new(Mutex::new(line)))
    }

    fn acquire(&self) -> Acquire {
        Acquire { semaphore: self.clone(), number: None }
    }

    #[track_caller] // So that the model checker names the line that calls this.
    fn line(&self) -> MutexGuard<'_, Line> {
        self.0.lock().expect("nothing panics under this lock")
    }

    /// Takes a permit back.
    fn give(&self) {
        // BEGIN SOLUTION: grant it to the first in line, and wake that one; or else it is free
        let mut line = self.line();
        match line.waiting.pop_front() {
            None => line.free += 1,
            Some((number, waker)) => {
                line.granted.push(number);
                drop(line);
                waker.wake();
            }
        }
        // END SOLUTION
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.0.give();
    }
}

impl Future for Acquire {
    type Output = Permit;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Permit> {
        // BEGIN SOLUTION: take what was granted or is free, or else stand in line
        let this = &mut *self;
        let mut line = this.semaphore.line();
        let Some(number) = this.number else {
            if line.free > 0 {
                line.free -= 1;
                drop(line);
                return Poll::Ready(Permit(this.semaphore.clone()));
            }
            let number = line.next;
            line.next += 1;
            line.waiting.push_back((number, cx.waker().clone()));
            this.number = Some(number);
            return Poll::Pending;
        };
        if let Some((_, waker)) = line.waiting.iter_mut().find(|(other, _)| *other == number) {
            waker.clone_from(cx.waker());
            return Poll::Pending;
        }
        line.granted.retain(|other| *other != number);
        drop(line);
        this.number = None;
        Poll::Ready(Permit(this.semaphore.clone()))
        // END SOLUTION
    }
}

impl Drop for Acquire {
    fn drop(&mut self) {
        // BEGIN SOLUTION
        //~ // Leave the line; and what if it was granted a permit meanwhile?
        let Some(number) = self.number else { return };
        let mut line = self.semaphore.line();
        line.waiting.retain(|(other, _)| *other != number);
        let is_granted = line.granted.contains(&number);
        line.granted.retain(|other| *other != number);
        drop(line);
        if is_granted {
            self.semaphore.give();
        }
        // END SOLUTION
    }
}

#[cfg(test)]
#[path = "../checks/fair-semaphore.rs"]
mod checks;
