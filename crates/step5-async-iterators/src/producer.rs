//! A producer that can only block, on a thread of its own, which runs no further ahead than it may.
//!
//! ```text
//!   consumer, a task                     channel                       producer, a thread
//!   recv().await         ◀──────── [ 32 places ] ◀──────── emit: blocks while they are taken
//!   emit it once more, here, as a generator does
//! ```
//!
//! It is a channel, with a thread that blocks at one end. A thread of its own, since it sleeps for as long as its
//! consumer likes: enough such sleepers would use up the threads that all blocking jobs share.
//!
//! # Invariants
//!
//! 1. An item can be had as soon as it was emitted, whatever the producer does next.
//! 2. At most [`AHEAD`] items wait that nobody has asked for, and one more is in the hands of an `emit` that blocks.
//! 3. When the consumer is gone, the next `emit` says `Break`.
//! 4. A manual clock stands still from when an item is asked for and not there, until there is one.

use std::fmt;
use std::future::{Future, poll_fn};
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Wake, Waker};
use std::thread;

use step2::{block_on, oneshot};
use step3::{Hold, hold};

use crate::{Generator, Sender, channel, generator};

/// How many items a producer may have ready that nobody has asked for yet.
pub const AHEAD: usize = 32;

/// Runs a blocking `produce` on a thread of its own, and gives the items that it emits.
///
/// The thread starts when the first item is asked for. It waits while [`AHEAD`] items are ready; those, and the one that
/// it waits with, are lost if the consumer stops. A panic of `produce` is raised again in the consumer, after the items
/// before it.
///
/// # Panics
///
/// Panics if the system refuses a thread, when the first item is asked for.
///
/// ```
/// use step5::{AsyncIterator, from_thread};
///
/// step4::run(async {
///     let mut numbers = from_thread(|producer| {
///         for n in 0.. {
///             if producer.emit(n).is_break() {
///                 break; // Nobody wants more.
///             }
///         }
///     });
///     assert_eq!(numbers.next().await, Some(0));
///     assert_eq!(numbers.next().await, Some(1));
/// });
/// ```
pub fn from_thread<T: Send + 'static>(
    produce: impl FnOnce(&mut Producer<T>) + Send + 'static,
) -> Generator<'static, T> {
    generator(move |y| async move {
        let (sender, items) = channel(AHEAD);
        let (end, ended) = oneshot();
        let thread = thread::Builder::new().name("producer".to_owned());
        let work = move || {
            let mut producer = Producer { sender };
            let outcome = catch_unwind(AssertUnwindSafe(|| produce(&mut producer)));
            _ = end.send(outcome); // Nobody listens if nobody wanted all of the items.
        };
        thread.spawn(work).unwrap_or_else(|error| panic!("could not start a producer's thread: {error}"));
        while let Some(item) = while_the_clock_stands_still(items.recv()).await {
            y.emit(item).await;
        }
        if let Ok(Err(panic)) = ended.await {
            resume_unwind(panic);
        }
    })
}

/// Awaits `future` with wakers that each hold a manual clock, until they are called or dropped (invariant 4).
async fn while_the_clock_stands_still<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    poll_fn(|cx| {
        let hold = hold();
        if !hold.is_effective() {
            return future.as_mut().poll(cx); // A real clock is not held: it needs no waker of ours.
        }
        let waker = Waker::from(Arc::new(Holding { waker: cx.waker().clone(), _hold: hold }));
        future.as_mut().poll(&mut Context::from_waker(&waker))
    })
    .await
}

/// Wakes, and then lets go of the clock: the hold goes with the last clone of the waker.
struct Holding {
    waker: Waker,
    _hold: Hold,
}

impl Wake for Holding {
    fn wake(self: Arc<Self>) {
        self.waker.wake_by_ref();
    }
}

/// Takes items from a blocking producer: what [`from_thread`] hands it.
///
/// ```
/// use std::ops::ControlFlow;
/// use step5::{AsyncIterator, Producer, from_thread};
///
/// fn words(producer: &mut Producer<&'static str>) -> ControlFlow<()> {
///     producer.emit("to")?;
///     producer.emit("be")
/// }
///
/// let words = step4::run(from_thread(|producer| { let _wanted = words(producer); }).collect::<Vec<_>>());
/// assert_eq!(words, ["to", "be"]);
/// ```
pub struct Producer<T> {
    sender: Sender<T>,
}

impl<T> Producer<T> {
    /// Hands an item on, and blocks while too many are ready. `Break`: nobody wants any more.
    pub fn emit(&mut self, item: T) -> ControlFlow<()> {
        match block_on(self.sender.send(item)) {
            Ok(()) => ControlFlow::Continue(()),
            Err(_unwanted) => ControlFlow::Break(()),
        }
    }
}

impl<T> fmt::Debug for Producer<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Producer").finish_non_exhaustive()
    }
}
