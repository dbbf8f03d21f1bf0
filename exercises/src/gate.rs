//! A place where futures wait until a check lets them go on.

use std::fmt;
use std::future::{Future, poll_fn};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};

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
/// ```
#[derive(Clone, Default)]
pub struct Gate(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    is_open: bool,
    waiting: Vec<Waker>,
}

impl Gate {
    /// Makes a gate that is shut.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Opens it, and wakes those who wait there.
    pub fn open(&self) {
        self.lock().is_open = true;
        let waiting = std::mem::take(&mut self.lock().waiting);
        waiting.into_iter().for_each(Waker::wake);
    }

    /// Waits until it is open.
    pub fn pass(&self) -> impl Future<Output = ()> + use<> {
        let gate = self.clone();
        poll_fn(move |cx| {
            let mut state = gate.lock();
            if state.is_open {
                return Poll::Ready(());
            }
            state.waiting.push(cx.waker().clone());
            Poll::Pending
        })
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
