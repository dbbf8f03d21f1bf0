//! A place where futures wait until a check lets them go on.

use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

/// Keeps futures waiting until it is opened, for good. Clones are the same gate.
///
/// ```
/// use std::task::Poll;
/// use exercises::{Gate, Task};
///
/// let gate = Gate::new();
/// let mut task = Task::new("guest", gate.pass());
/// assert_eq!(task.poll(), Poll::Pending);
/// gate.open();
/// assert_eq!((task.wakes(), task.poll()), (1, Poll::Ready(())));
///
/// let gate = Gate::new();
/// let (mut stays, mut goes) = (Task::new("stays", gate.pass()), Task::new("goes", gate.pass()));
/// assert!(stays.poll().is_pending() && stays.poll().is_pending() && goes.poll().is_pending());
/// assert_eq!(stays.wakers(), 1, "the latest one");
/// drop(goes);
/// gate.clone().open();
/// assert_eq!(stays.wakes(), 1);
/// ```
#[derive(Clone, Default)]
pub struct Gate(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    is_open: bool,
    /// How many have come so far.
    came: usize,
    /// Those who wait, each under its number.
    waiting: BTreeMap<usize, Waker>,
}

impl Gate {
    /// Makes a gate that is shut.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Opens it, and wakes those who wait there.
    pub fn open(&self) {
        let waiting = {
            let mut state = self.lock();
            state.is_open = true;
            std::mem::take(&mut state.waiting)
        };
        waiting.into_values().for_each(Waker::wake);
    }

    /// Waits until it is open. One that is dropped is not woken any more.
    pub fn pass(&self) -> impl Future<Output = ()> + use<> {
        let number = {
            let mut state = self.lock();
            state.came += 1;
            state.came
        };
        Pass { gate: self.clone(), number }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gate").field("is_open", &self.lock().is_open).finish_non_exhaustive()
    }
}

/// Waits at a gate.
struct Pass {
    gate: Gate,
    number: usize,
}

impl Future for Pass {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let mut state = self.gate.lock();
        if state.is_open {
            return Poll::Ready(());
        }
        let older = state.waiting.insert(self.number, cx.waker().clone());
        drop((state, older)); // In this order: a waker is foreign code.
        Poll::Pending
    }
}

impl Drop for Pass {
    fn drop(&mut self) {
        let mine = self.gate.lock().waiting.remove(&self.number);
        drop(mine);
    }
}
