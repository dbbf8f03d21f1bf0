//! A wrong answer to `fair-semaphore`: one that is dropped leaves the line, and forgets what it was granted.

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
        let mut line = self.line();
        match line.waiting.pop_front() {
            None => line.free += 1,
            Some((number, waker)) => {
                line.granted.push(number);
                drop(line);
                waker.wake();
            }
        }
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
    }
}

impl Drop for Acquire {
    fn drop(&mut self) {
        if let Some(number) = self.number {
            self.semaphore.line().waiting.retain(|(other, _)| *other != number);
        }
    }
}

#[cfg(test)]
#[path = "../../checks/fair-semaphore.rs"]
mod checks;
