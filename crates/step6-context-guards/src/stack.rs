//! Any number of contexts in one `with`, known only when it runs: Python's `AsyncExitStack`.
//!
//! ```text
//!   enter(a)   push_sync(f)   enter(b)   push(g)            the body ends
//!   ┌───┐      ┌───┐          ┌───┐      ┌───┐
//!   │ a │      │ f │          │ b │      │ g │  ◀── top     g, then b's exit, then f, then a's exit:
//!   └───┘      │ a │          │ f │      │ b │              each is given the outcome that the one before has left
//!              └───┘          │ a │      │ f │
//!                             └───┘      │ a │
//!                                        └───┘
//! ```
//!
//! # Invariants
//!
//! 1. What is pushed runs exactly once, last in, first out, as `with` promises for the stack as a whole.
//! 2. A failed `enter` pushes nothing. If the body passes its error on, all that was entered before is left.
//! 3. If one of them panics, those below it still run, with the panic as their outcome.

use std::any::Any;
use std::cell::RefCell;
use std::fmt;
use std::future::{Future, poll_fn};
use std::marker::PhantomData;
use std::ops::{Index, IndexMut};
use std::rc::Rc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::task::{Poll, Waker};

use step2::wake_quietly;
use step5::Scope;

use crate::context::{Ending, caught};
use crate::{AsyncContext, Outcome};

/// Enters contexts one by one, and leaves them all in reverse order: itself a context, used inside [`with`](crate::with).
///
/// What a context gives stays in the stack; a [`Key`] names it there.
///
/// ```
/// use std::fmt::Debug;
/// use step6::{AsyncContext, AsyncExitStack, Outcome, with};
///
/// struct Door(&'static str);
///
/// impl<T: 'static, E: Debug + 'static> AsyncContext<T, E> for Door {
///     type Value = Door;
///
///     async fn enter(self) -> Result<Door, E> {
///         Ok(self)
///     }
///
///     async fn exit(door: Door, outcome: Outcome<T, E>) -> Outcome<T, E> {
///         println!("the {} door is closed", door.0);
///         outcome
///     }
/// }
///
/// step4::run(with(AsyncExitStack::new(), async |stack| {
///     for name in ["front", "back"] {
///         let door = stack.enter(Door(name)).await?;
///         println!("the {} door is open", stack[door].0);
///     }
///     stack.push_sync(|| println!("lights out")); // First of all; then the back door, then the front door.
///     Ok::<_, ()>(())
/// }))
/// .unwrap();
/// ```
pub struct AsyncExitStack<T, E> {
    /// Under numbers that no other stack has.
    entries: Vec<(u64, Box<dyn Entry<T, E>>)>,
    interrupts: Interrupts<T, E>,
}

impl<T: 'static, E: fmt::Debug + 'static> AsyncExitStack<T, E> {
    /// Makes an empty stack.
    #[must_use]
    pub fn new() -> Self {
        Self { entries: Vec::new(), interrupts: Interrupts::default() }
    }

    /// Enters `context`, puts its exit on the stack, and returns a key to its value.
    ///
    /// # Errors
    ///
    /// Returns the error of its `enter`; then nothing is pushed.
    pub async fn enter<C: AsyncContext<T, E>>(&mut self, context: C) -> Result<Key<C::Value>, E> {
        let value = context.enter().await?;
        let number = self.add(Box::new(Entered::<C, T, E> { value, _context: PhantomData }));
        let key = Key { at: self.entries.len() - 1, number, _value: PhantomData };
        let interrupt = C::interrupt(&self[key]); // Whatever that does, the exit is on the stack.
        self.interrupts.add(interrupt);
        Ok(key)
    }

    /// Puts a future on the stack, to be awaited at the exit.
    pub fn push(&mut self, clean_up: impl Future<Output = ()> + 'static) {
        self.add(Box::new(CleanUp(clean_up)));
    }

    /// Puts a function on the stack, to be called at the exit.
    pub fn push_sync(&mut self, clean_up: impl FnOnce() + 'static) {
        self.push(async move { clean_up() });
    }

    /// Takes all off the stack, and returns a stack that has them: to leave them later, with that one.
    ///
    /// The keys are good for the new stack.
    #[must_use = "dropping it runs no exit, only destructors"]
    pub fn pop_all(&mut self) -> Self {
        Self { entries: std::mem::take(&mut self.entries), interrupts: self.interrupts.take() }
    }

    fn add(&mut self, entry: Box<dyn Entry<T, E>>) -> u64 {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let number = NEXT.fetch_add(1, Relaxed);
        self.entries.push((number, entry));
        number
    }

    /// Returns how many exits are on the stack.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Returns whether the stack is empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

impl<T: 'static, E: fmt::Debug + 'static> Default for AsyncExitStack<T, E> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T: 'static, E: fmt::Debug + 'static> AsyncContext<T, E> for AsyncExitStack<T, E> {
    type Value = Self;

    async fn enter(self) -> Result<Self, E> {
        Ok(self)
    }

    async fn exit(mut stack: Self, mut outcome: Outcome<T, E>) -> Outcome<T, E> {
        let scope = Scope::current();
        while let Some((_number, entry)) = stack.entries.pop() {
            outcome = caught(async { entry.exit(outcome).await }).await;
            if let Some(scope) = &scope {
                scope.settle().await; // What it has left behind, such as a group's children's exits, comes before the next.
            }
        }
        outcome
    }

    fn interrupt(stack: &Self) -> impl Future<Output = Outcome<T, E>> + use<T, E> {
        stack.interrupts.clone().first()
    }
}

/// Names the value of a context in the [`AsyncExitStack`] that has entered it.
///
/// ```
/// use std::time::Duration;
/// use step6::{AsyncExitStack, Deadline, Key, time_limit, with};
///
/// step4::run(with(AsyncExitStack::new(), async |stack| {
///     let limit: Key<Deadline> = stack.enter(time_limit(Duration::from_secs(1))).await?;
///     assert!(!stack[limit].has_elapsed());
///     Ok::<_, step3::Elapsed>(())
/// }))
/// .unwrap();
/// ```
pub struct Key<V> {
    at: usize,
    number: u64,
    _value: PhantomData<fn() -> V>,
}

impl<V> Clone for Key<V> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<V> Copy for Key<V> {}

impl<V> fmt::Debug for Key<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Key").field(&self.at).finish()
    }
}

const NOT_HERE: &str = "this key is of another stack, or of one from which all was popped";

impl<T, E, V: 'static> Index<Key<V>> for AsyncExitStack<T, E> {
    type Output = V;

    /// # Panics
    ///
    /// Panics if the key is not of this stack.
    fn index(&self, key: Key<V>) -> &V {
        let entry = self.entries.get(key.at).filter(|(number, _)| *number == key.number);
        entry.and_then(|(_, entry)| entry.value()?.downcast_ref()).expect(NOT_HERE)
    }
}

impl<T, E, V: 'static> IndexMut<Key<V>> for AsyncExitStack<T, E> {
    fn index_mut(&mut self, key: Key<V>) -> &mut V {
        let entry = self.entries.get_mut(key.at).filter(|(number, _)| *number == key.number);
        entry.and_then(|(_, entry)| entry.value_mut()?.downcast_mut()).expect(NOT_HERE)
    }
}

impl<T, E> fmt::Debug for AsyncExitStack<T, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AsyncExitStack").field("len", &self.entries.len()).finish_non_exhaustive()
    }
}

/// What may end the body early, on behalf of the contexts on the stack.
struct Interrupts<T, E>(Rc<RefCell<Waiting<T, E>>>);

struct Waiting<T, E> {
    futures: Vec<Ending<T, E>>,
    /// Who polls them, and has to hear of a new one.
    waker: Option<Waker>,
}

impl<T, E> Interrupts<T, E> {
    /// Takes them all, for another body: the one that runs is not ended by these any more.
    fn take(&self) -> Self {
        let futures = std::mem::take(&mut self.0.borrow_mut().futures);
        Self(Rc::new(RefCell::new(Waiting { futures, waker: None })))
    }

    fn add(&self, interrupt: impl Future<Output = Outcome<T, E>> + 'static) {
        let mut waiting = self.0.borrow_mut();
        waiting.futures.push(Box::pin(interrupt));
        let waker = waiting.waker.take();
        drop(waiting);
        waker.into_iter().for_each(wake_quietly);
    }

    /// Waits for the first, among those that are there and those to come. They are dropped with it.
    fn first(self) -> impl Future<Output = Outcome<T, E>> {
        let own = Own(self);
        poll_fn(move |cx| {
            let mut waiting = own.0.0.borrow_mut();
            waiting.waker = Some(cx.waker().clone());
            waiting
                .futures
                .iter_mut()
                .find_map(|interrupt| match interrupt.as_mut().poll(cx) {
                    Poll::Ready(outcome) => Some(outcome),
                    Poll::Pending => None,
                })
                .map_or(Poll::Pending, Poll::Ready)
        })
    }
}

/// The interrupts, for the `with` that polls them.
struct Own<T, E>(Interrupts<T, E>);

impl<T, E> Drop for Own<T, E> {
    fn drop(&mut self) {
        drop(self.0.take());
    }
}

impl<T, E> Clone for Interrupts<T, E> {
    fn clone(&self) -> Self {
        Self(Rc::clone(&self.0))
    }
}

impl<T, E> Default for Interrupts<T, E> {
    fn default() -> Self {
        Self(Rc::new(RefCell::new(Waiting { futures: Vec::new(), waker: None })))
    }
}

/// An exit on the stack.
trait Entry<T, E> {
    fn value(&self) -> Option<&dyn Any> {
        None
    }

    fn value_mut(&mut self) -> Option<&mut dyn Any> {
        None
    }

    fn exit(self: Box<Self>, outcome: Outcome<T, E>) -> Ending<T, E>;
}

struct Entered<C: AsyncContext<T, E>, T: 'static, E: fmt::Debug + 'static> {
    value: C::Value,
    _context: PhantomData<fn() -> C>,
}

impl<C: AsyncContext<T, E>, T: 'static, E: fmt::Debug + 'static> Entry<T, E> for Entered<C, T, E> {
    fn value(&self) -> Option<&dyn Any> {
        Some(&self.value)
    }

    fn value_mut(&mut self) -> Option<&mut dyn Any> {
        Some(&mut self.value)
    }

    fn exit(self: Box<Self>, outcome: Outcome<T, E>) -> Ending<T, E> {
        Box::pin(C::exit(self.value, outcome))
    }
}

struct CleanUp<F>(F);

impl<T: 'static, E: 'static, F: Future<Output = ()> + 'static> Entry<T, E> for CleanUp<F> {
    fn exit(self: Box<Self>, outcome: Outcome<T, E>) -> Ending<T, E> {
        Box::pin(async move {
            self.0.await;
            outcome
        })
    }
}
