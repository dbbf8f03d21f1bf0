//! Poll, park, poll again: the smallest runtime there is.
//!
//! ```text
//!   poll ── Ready ──▶ return
//!    ▲ └── Pending ─▶ park ──┐
//!    └───────────────────────┘ woken
//! ```
//!
//! # Absent on purpose
//!
//! No queue and no tasks: one future, one thread. While it waits, nothing else runs; that is step 4.

use std::future::Future;
use std::io;
use std::pin::pin;
use std::task::{Context, Poll};

use timeline::probe;

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
    drive(&mut ThreadPark::new(), future).expect("a thread can always park")
}

/// Runs `future` to completion, sleeping in `park` whenever the future waits.
///
/// # Errors
///
/// Returns the error of a park that cannot sleep; the future is dropped then.
pub fn drive<P: Park, F: Future>(park: &mut P, future: F) -> io::Result<F::Output> {
    let _entered = park.enter();
    let waker = park.waker();
    let lane = waker.data().addr();
    probe::spawned(lane, std::any::type_name::<F>());
    let mut cx = Context::from_waker(&waker);
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
