//! Poll, park, poll again: the smallest runtime there is.
//!
//! ```text
//!   poll ── Ready ──▶ return
//!    ▲ └── Pending ─▶ park ──┐
//!    └───────────────────────┘ woken
//! ```
//!
//! # One park for many calls
//!
//! To make a [`ThreadPark`] takes ten times as long as to poll a future that is ready. So `block_on` keeps its park for the
//! thread's next call, if it is as good as new: nobody has its waker any more, and no wake is left in it. Whoever keeps a
//! waker for longer keeps its park alone, and wakes no later call. A call within a call finds no park kept, and makes one
//! of its own; a call that panics keeps none.
//!
//! # Absent on purpose
//!
//! No queue and no tasks: one future, one thread. While it waits, nothing else runs; that is step 4.

use std::cell::Cell;
use std::future::Future;
use std::io;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use timeline::probe;

use crate::sync::thread_local;
use crate::{Park, ThreadPark};

/// Runs `future` to completion on this thread, which sleeps whenever the future waits.
///
/// Each wake costs one poll, however many wakers were called. Calls may be nested, but an inner one stops the outer one
/// until it is done.
///
/// ```
/// let answer = step2::block_on(async { 6 * 7 });
/// assert_eq!(answer, 42);
/// ```
pub fn block_on<F: Future>(future: F) -> F::Output {
    let mut kept = Kept::take();
    let Kept { park, waker } = &mut *kept;
    let output = poll_and_park(park, waker, future).expect("a thread can always park");
    kept.put_back();
    output
}

/// Runs `future` to completion, sleeping in `park` whenever the future waits.
///
/// # Errors
///
/// Returns the error of a park that cannot sleep; the future is dropped then.
pub fn drive<P: Park, F: Future>(park: &mut P, future: F) -> io::Result<F::Output> {
    let _entered = park.enter();
    let waker = park.waker();
    poll_and_park(park, &waker, future)
}

/// Polls, parks, and polls again, until `future` is ready. `waker` is the park's.
fn poll_and_park<P: Park, F: Future>(park: &mut P, waker: &Waker, future: F) -> io::Result<F::Output> {
    let lane = waker.data().addr();
    probe::spawned(lane, std::any::type_name::<F>());
    let mut cx = Context::from_waker(waker);
    let mut future = pin!(future);
    loop {
        probe::poll_begin(lane);
        let poll = future.as_mut().poll(&mut cx);
        probe::poll_end(lane, poll.is_ready());
        match poll {
            Poll::Ready(output) => return Ok(output),
            Poll::Pending => _ = park.park(None)?,
        }
    }
}

/// A park and its waker, behind one pointer: little to move in and out of the thread-local.
struct Kept {
    park: ThreadPark,
    waker: Waker,
}

thread_local! {
    /// What this thread's last `block_on` has kept for the next one.
    static KEPT: Cell<Option<Box<Kept>>> = const { Cell::new(None) };
}

impl Kept {
    /// Takes what this thread's last call has kept, or makes a new one.
    #[inline]
    fn take() -> Box<Kept> {
        // The thread-local is gone when the thread ends, where destructors may still block.
        KEPT.try_with(Cell::take).ok().flatten().unwrap_or_else(|| {
            let park = ThreadPark::new();
            let waker = park.waker();
            Box::new(Kept { park, waker })
        })
    }

    /// Keeps it for the next call, if it is as good as new.
    #[inline]
    fn put_back(self: Box<Kept>) {
        if self.park.is_as_new() {
            _ = KEPT.try_with(|kept| kept.set(Some(self)));
        }
    }
}
