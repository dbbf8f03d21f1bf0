//! Generators: an async iterator written as an async block, which emits items.
//!
//! ```text
//!   consumer                     slot                 body (an async block)
//!   next().await ── poll ──────────────────────────▶  … y.emit(item).await …
//!                                ┌──────┐ ◀── put ──     └ pending, until the slot is empty
//!              ◀── Ready(item) ──│ item │
//!                                └──────┘
//!   next().await ── poll ──────────────────────────▶     └ ready: the body goes on after its emit
//! ```
//!
//! The compiler has made a state machine of the body, which stops wherever it awaits. All that is missing for a generator
//! is a slot to leave the item in when it stops.
//!
//! # Invariants
//!
//! 1. The body runs only while somebody asks for an item. It goes on after an `emit` when the *next* item is asked for.
//! 2. The slot is empty whenever the body is polled, and emptied right after.
//! 3. A body that has ended, or panicked, is gone, and its generator at its end for good.
//! 4. What was registered with [`finally`](Yielder::finally) runs exactly once, last in, first out, and after what the body
//!    has left to the loop: before the end is reported, in `close`, or else in a clean-up of the loop. The loop's grace
//!    alone can cut that short.
//!
//! # Absent on purpose
//!
//! No value goes back into the body (Python's `asend`), and no error (`athrow`). A generator stays on its thread.
//!
//! # Source
//!
//! An async block with a slot beside it is the idea of the crates genawaiter and async-stream; closing follows PEP 525.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::future::{Future, poll_fn};
use std::io::{self, Write};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker, ready};

use step2::{contain, wake_quietly};

use crate::AsyncIterator;
use crate::scope::{Scope, leave};

/// Makes an async iterator of an async block, which is given a [`Yielder`] to emit items with.
///
/// Python's `async def` with a `yield` in it. Nothing runs before the first item is asked for. Costs two allocations.
///
/// ```
/// use std::time::Duration;
/// use step5::{Generator, for_await, generator};
///
/// /// The note's `async def __aiter__`: a plain function that returns a fresh generator.
/// fn count_to(max: u32) -> Generator<'static, u32> {
///     generator(move |y| async move {
///         for n in 1..=max {
///             step3::sleep(Duration::from_millis(1)).await;
///             y.emit(n).await;
///         }
///     })
/// }
///
/// step4::run(async {
///     for_await!(n in count_to(3) => { println!("{n}"); });
/// });
/// ```
pub fn generator<'a, T, F>(body: impl FnOnce(Yielder<T>) -> F) -> Generator<'a, T>
where
    F: Future<Output = ()> + 'a,
{
    let (slot, clean_ups) = (Rc::new(Slot::default()), CleanUps::new());
    let yielder = Yielder { slot: Rc::clone(&slot), clean_ups: Rc::clone(&clean_ups.list) };
    Generator { body: Some(Box::pin(body(yielder))), slot, clean_ups }
}

/// Does as [`generator`] for a block that may fail: its error is the last item.
///
/// ```
/// use step5::{AsyncIterator, try_generator};
///
/// step4::run(async {
///     let mut numbers = try_generator(|y| async move {
///         for word in ["1", "2", "III", "4"] {
///             let number: u32 = word.parse()?;
///             y.emit(Ok(number)).await;
///         }
///         Ok::<(), std::num::ParseIntError>(())
///     });
///     assert_eq!(numbers.next().await, Some(Ok(1)));
///     assert_eq!(numbers.next().await, Some(Ok(2)));
///     assert!(numbers.next().await.unwrap().is_err());
///     assert!(numbers.next().await.is_none(), "an error ends it for good");
/// });
/// ```
pub fn try_generator<'a, T, E, F>(
    body: impl FnOnce(Yielder<Result<T, E>>) -> F,
) -> Generator<'a, Result<T, E>>
where
    F: Future<Output = Result<(), E>> + 'a,
    T: 'a,
    E: 'a,
{
    generator(|y| {
        let body = body(y.clone());
        async move {
            if let Err(error) = body.await {
                y.emit(Err(error)).await;
            }
        }
    })
}

/// Gives the items that an async block emits: made by [`generator`] and [`try_generator`].
///
/// # Leaving it early
///
/// Dropping it, as `break` does, drops the body where it stands, and its destructors run at once. They cannot wait for
/// anything, so what has to is registered with [`Yielder::finally`]: then it runs as a clean-up task of the loop, *later*,
/// as Python's `finally` would. (It is finished even if the main future ends, where asyncio cancels it at its next await.)
/// [`close`](Self::close) does the same, and waits for it.
///
/// It may be asked again after its end, and says `None`.
///
/// ```
/// use step5::{AsyncIterator, Generator, generator};
///
/// step4::run(async {
///     let mut letters: Generator<'_, char> = generator(|y| async move {
///         y.finally(async { println!("closed") });
///         for letter in 'a'..='z' {
///             y.emit(letter).await;
///         }
///     });
///     assert_eq!(letters.next().await, Some('a'));
///     letters.close().await; // Prints "closed", here and now.
/// });
/// ```
pub struct Generator<'a, T> {
    body: Option<Body<'a>>,
    slot: Rc<Slot<T>>,
    clean_ups: CleanUps, // Dropped after the body.
}

type Body<'a> = Pin<Box<dyn Future<Output = ()> + 'a>>;

impl<T> Generator<'_, T> {
    /// Drops the body where it stands, and waits for what it has registered with [`Yielder::finally`].
    ///
    /// Closing twice is fine, and so is closing one that was never started: there is nothing left to do. If the future is
    /// dropped, the rest is done when the generator is closed again, or dropped.
    pub async fn close(&mut self) {
        self.drop_body();
        poll_fn(|cx| self.clean_ups.poll(cx)).await;
    }

    /// Polls the body, and returns what it has emitted.
    fn poll_body(&mut self, cx: &mut Context<'_>) -> Option<T> {
        let mut body = self.body.take()?; // It is put back if it is pending: not if it ends, or panics (invariant 3).
        let turn = self.slot.begin_turn(cx.waker());
        self.clean_ups.scope.move_here(); // It may have been made, or begun, inside something else.
        let ended = self.clean_ups.scope.run(|| body.as_mut().poll(cx).is_ready());
        drop(turn);
        if !ended {
            self.body = Some(body);
        }
        self.slot.item.take()
    }

    /// Drops the body where it stands.
    fn drop_body(&mut self) {
        let body = self.body.take();
        self.clean_ups.scope.run(|| drop(body));
    }
}

impl<T> AsyncIterator for Generator<'_, T> {
    type Item = T;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        let this = self.get_mut();
        if let Some(item) = this.poll_body(cx) {
            return Poll::Ready(Some(item));
        }
        if this.body.is_some() {
            return Poll::Pending;
        }
        ready!(this.clean_ups.poll(cx));
        Poll::Ready(None)
    }
}

impl<T> Unpin for Generator<'_, T> {}

impl<T> Drop for Generator<'_, T> {
    fn drop(&mut self) {
        self.slot.is_gone.set(true);
        contain(|| self.drop_body()); // Whatever its destructors do, the clean-ups are still to come.
        self.clean_ups.leave();
    }
}

/// Emits items from inside a [`generator`].
///
/// ```
/// use step5::{AsyncIterator, Yielder, generator};
///
/// async fn emit_pair(y: &Yielder<u32>, n: u32) {
///     y.emit(n).await;
///     y.emit(10 * n).await;
/// }
///
/// let pairs = step4::run(generator(|y| async move {
///     emit_pair(&y, 1).await;
///     emit_pair(&y, 2).await;
/// }).collect::<Vec<u32>>());
/// assert_eq!(pairs, [1, 10, 2, 20]);
/// ```
pub struct Yielder<T> {
    slot: Rc<Slot<T>>,
    clean_ups: Rc<RefCell<Vec<CleanUp>>>,
}

impl<T> Yielder<T> {
    /// Hands `item` to the consumer, and waits until the next one is asked for: Python's `yield`.
    ///
    /// Several may be awaited at once, as in a `join`: their items come one after the other. Dropping the future drops the
    /// item only as long as it waits behind another one: from the poll that places it, it is the consumer's.
    ///
    /// # Panics
    ///
    /// Panics when awaited anywhere else than in the generator's own body, such as in another task.
    pub async fn emit(&self, item: T) {
        let (mut item, mut placed_in) = (Some(item), None);
        poll_fn(|cx| self.slot.poll_emit(&mut item, &mut placed_in, cx)).await;
    }

    /// Registers what is to be awaited when the body has ended or is dropped: Python's `finally`.
    ///
    /// The last that was registered runs first. See [`Generator`] for where it runs; if that is gone already, the loop runs
    /// it at once.
    pub fn finally(&self, clean_up: impl Future<Output = ()> + 'static) {
        if !self.slot.is_gone.get() {
            self.clean_ups.borrow_mut().push(Box::pin(clean_up));
        } else if !leave(clean_up) {
            warn_of_lost(1);
        }
    }
}

impl<T> Clone for Yielder<T> {
    fn clone(&self) -> Self {
        Self { slot: Rc::clone(&self.slot), clean_ups: Rc::clone(&self.clean_ups) }
    }
}

/// What a generator shares with its body.
struct Slot<T> {
    item: RefCell<Option<T>>,
    /// Counts the polls of the body. An item that was put in during one is gone in the next (invariant 2).
    turn: Cell<u64>,
    is_turn: Cell<bool>,
    /// Whoever polls the generator comes again for the next item. So an emit needs no waker, unless it has another one.
    consumer: RefCell<Option<Waker>>,
    others: RefCell<Vec<Waker>>,
    is_gone: Cell<bool>,
}

impl<T> Default for Slot<T> {
    fn default() -> Self {
        Self {
            item: RefCell::default(),
            turn: Cell::default(),
            is_turn: Cell::default(),
            consumer: RefCell::default(),
            others: RefCell::default(),
            is_gone: Cell::default(),
        }
    }
}

/// Ends a turn of the body when it is dropped.
struct Turn<'a>(&'a Cell<bool>);

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.0.set(false);
    }
}

impl<T> Slot<T> {
    fn begin_turn(&self, consumer: &Waker) -> Turn<'_> {
        if !self.is_consumer(consumer) {
            let older = self.consumer.replace(Some(consumer.clone()));
            drop(older);
        }
        let others = self.others.take();
        others.into_iter().for_each(wake_quietly);
        self.turn.set(self.turn.get() + 1);
        self.is_turn.set(true);
        Turn(&self.is_turn)
    }

    fn is_consumer(&self, waker: &Waker) -> bool {
        self.consumer.borrow().as_ref().is_some_and(|consumer| consumer.will_wake(waker))
    }

    fn poll_emit(&self, item: &mut Option<T>, placed_in: &mut Option<u64>, cx: &Context<'_>) -> Poll<()> {
        assert!(self.is_turn.get(), "`emit` was awaited outside of its generator's body");
        let turn = self.turn.get();
        if placed_in.is_some_and(|then| then < turn) {
            return Poll::Ready(());
        }
        let is_empty = self.item.borrow().is_none();
        if is_empty && item.is_some() {
            self.item.replace(item.take());
            *placed_in = Some(turn);
        }
        if !self.is_consumer(cx.waker()) {
            let waker = cx.waker().clone();
            self.others.borrow_mut().push(waker);
        }
        Poll::Pending
    }
}

type CleanUp = Pin<Box<dyn Future<Output = ()>>>;

/// What is to be awaited after the body (invariant 4).
#[derive(Clone)]
struct CleanUps {
    list: Rc<RefCell<Vec<CleanUp>>>,
    scope: Rc<Scope>,
}

impl CleanUps {
    fn new() -> Self {
        Self { list: Rc::default(), scope: Scope::new() }
    }

    fn poll(&self, cx: &mut Context<'_>) -> Poll<()> {
        loop {
            ready!(self.scope.poll_settled(cx));
            let last = self.list.borrow_mut().pop(); // Out of the list: if it panics, the others are still to be done.
            let Some(mut clean_up) = last else { return Poll::Ready(()) };
            if self.scope.run(|| clean_up.as_mut().poll(cx).is_pending()) {
                self.list.borrow_mut().push(clean_up);
                return Poll::Pending;
            }
        }
    }

    /// Leaves the rest to the loop.
    fn leave(&self) {
        let count = self.list.borrow().len();
        if count == 0 && self.scope.is_settled() {
            return;
        }
        let rest = LeftToTheLoop(self.clone());
        let is_left = self.scope.leave_around(poll_fn(move |cx| rest.poll(cx)));
        if !is_left && count > 0 {
            warn_of_lost(count);
        }
    }
}

fn warn_of_lost(count: usize) {
    // Not `eprintln!`, which panics if nobody reads the other end; and here destructors run.
    let _unread = writeln!(
        io::stderr(),
        "warning: a generator was dropped where no event loop runs, and {count} clean-up(s) of it with it: `close` it \
         before the loop ends"
    );
}

/// What a clean-up task awaits. Dropping it, as when the loop's grace is over, drops what was not done by then: they may
/// know the generator's yielder, and so each other.
struct LeftToTheLoop(CleanUps);

impl LeftToTheLoop {
    fn poll(&self, cx: &mut Context<'_>) -> Poll<()> {
        loop {
            let mut polled = None;
            contain(|| polled = Some(self.0.poll(cx))); // A panic of one keeps no other from running.
            if let Some(polled) = polled {
                return polled;
            }
        }
    }
}

impl Drop for LeftToTheLoop {
    fn drop(&mut self) {
        let not_done = self.0.list.take();
        drop(not_done);
    }
}

impl<T> fmt::Debug for Generator<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Generator").field("has_ended", &self.body.is_none()).finish_non_exhaustive()
    }
}

impl<T> fmt::Debug for Yielder<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Yielder").finish_non_exhaustive()
    }
}
