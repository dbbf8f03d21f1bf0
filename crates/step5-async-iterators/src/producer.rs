//! A producer that can only block, on a thread of its own, which runs no further ahead than it may.
//!
//! ```text
//!   consumer, a task                                 producer, a thread
//!   the batch is empty: ask  ── request, a hold ──▶  emit: somebody waits? answer with what there is
//!   await the answer         ◀── batch ───────────         nobody, and fewer than 32 there: go on
//!   emit its items one by one                              32 there: sleep until the next request
//! ```
//!
//! It is the same back-pressure as a channel's, between a thread and a task. A thread of its own, since it sleeps for as
//! long as its consumer likes: enough such sleepers would use up the threads that all blocking jobs share.
//!
//! # Invariants
//!
//! 1. There is one request at a time, and each is answered once: with items, with a panic, or by hanging up, which is the end.
//! 2. The producer holds at most [`AHEAD`] items that nobody has asked for.
//! 3. When the consumer is gone, the next `emit` says `Break`.

use std::any::Any;
use std::fmt;
use std::mem::take;
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::mpsc::{self, TryRecvError};
use std::thread;

use step2::oneshot;
use step3::{Hold, hold};

use crate::{Generator, generator};

/// How many items a producer may have ready that nobody has asked for yet.
pub const AHEAD: usize = 32;

/// Runs a blocking `produce` on a thread of its own, and gives the items that it emits.
///
/// The thread starts when the first item is asked for. It waits while [`AHEAD`] items are ready, and at most that many
/// are lost if the consumer stops. A panic of `produce` is raised again in the consumer, after the items before it.
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
        let (requests, received) = mpsc::channel();
        let thread = thread::Builder::new().name("producer".to_owned());
        thread
            .spawn(move || run(produce, received))
            .unwrap_or_else(|error| panic!("could not start a producer's thread: {error}"));
        loop {
            let (answer, batch) = oneshot();
            if requests.send(Request { answer, _hold: hold() }).is_err() {
                return; // The thread has ended before the request.
            }
            match batch.await {
                Ok(Batch { items, panic }) => {
                    for item in items {
                        y.emit(item).await;
                    }
                    if let Some(panic) = panic {
                        resume_unwind(panic);
                    }
                }
                Err(_hung_up) => return,
            }
        }
    })
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
    batch: Vec<T>,
    requests: mpsc::Receiver<Request<T>>,
}

struct Request<T> {
    answer: step2::Sender<Batch<T>>,
    /// Dropped after the answer.
    _hold: Hold,
}

struct Batch<T> {
    items: Vec<T>,
    panic: Option<Box<dyn Any + Send>>,
}

impl<T> Producer<T> {
    /// Hands an item on, and blocks while too many are ready. `Break`: nobody wants any more.
    pub fn emit(&mut self, item: T) -> ControlFlow<()> {
        self.batch.push(item);
        let request = if self.batch.len() < AHEAD {
            self.requests.try_recv()
        } else {
            self.requests.recv().map_err(|_| TryRecvError::Disconnected)
        };
        match request {
            Ok(request) => self.answer(request, None),
            Err(TryRecvError::Empty) => ControlFlow::Continue(()),
            Err(TryRecvError::Disconnected) => ControlFlow::Break(()),
        }
    }

    fn answer(&mut self, request: Request<T>, panic: Option<Box<dyn Any + Send>>) -> ControlFlow<()> {
        let batch = Batch { items: take(&mut self.batch), panic };
        match request.answer.send(batch) {
            Ok(()) => ControlFlow::Continue(()),
            Err(_unwanted) => ControlFlow::Break(()),
        }
    }
}

/// The life of the thread.
fn run<T>(produce: impl FnOnce(&mut Producer<T>), requests: mpsc::Receiver<Request<T>>) {
    let mut producer = Producer { batch: Vec::new(), requests };
    let panic = catch_unwind(AssertUnwindSafe(|| produce(&mut producer))).err();
    if (panic.is_some() || !producer.batch.is_empty())
        && let Ok(request) = producer.requests.recv()
    {
        let _wanted = producer.answer(request, panic);
    }
}

impl<T> fmt::Debug for Producer<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Producer").field("ready", &self.batch.len()).finish_non_exhaustive()
    }
}
