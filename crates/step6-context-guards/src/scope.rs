//! Which `with` is inside which: so that an inner exit is over before the outer one begins, also after a cancellation.
//!
//! When a nest of `with`s is dropped, the destructors run from the inside out, and each leaves its exit to the loop. Those
//! exits are tasks of their own now, and would run all at once. So each `with` has a scope, and whatever is left to the
//! loop inside that scope is entered there; its own exit waits for them first.
//!
//! ```text
//!   with(a)            scope A: [ ]                                        A's exit, left to the loop:
//!     with(b)          scope B: [ ]        dropped:  scope A: [ b's exit ] ──▶ 1. wait for b's exit  2. exit a
//!       …pending…
//! ```
//!
//! # Invariants
//!
//! 1. While the body of a `with` is polled, or dropped, its scope is the current one of this thread. At all other times,
//!    it is not: a task that is spawned there starts without a scope.
//! 2. Once settled, a scope has nothing left that it would have to wait for.
//! 3. What a scope has not waited for when it goes, as when an `enter` fails or an exit panics, the scope around it waits
//!    for.

use std::cell::RefCell;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;
use step2::{Receiver, oneshot};
use step4::spawn_clean_up;

thread_local! {
    static CURRENT: RefCell<Option<Rc<Scope>>> = const { RefCell::new(None) };
}

/// What was left to the loop inside one `with`.
pub(crate) struct Scope {
    outer: Option<Rc<Scope>>,
    left: RefCell<Vec<Receiver<()>>>,
}

impl Scope {
    /// Makes a scope inside the current one.
    pub(crate) fn new() -> Rc<Self> {
        Rc::new(Self { outer: Self::current(), left: RefCell::default() })
    }

    /// Returns the scope of the `with` around this one.
    pub(crate) fn outer(&self) -> Option<&Rc<Scope>> {
        self.outer.as_ref()
    }

    /// Returns the scope of the innermost `with` around the code that runs, if there is one.
    pub(crate) fn current() -> Option<Rc<Scope>> {
        CURRENT.with_borrow(Option::clone)
    }

    /// Waits until all that was left to the loop in here is over.
    pub(crate) async fn settle(&self) {
        loop {
            let next = self.left.borrow_mut().pop();
            match next {
                Some(over) => drop(over.await), // It need not have ended well.
                None => return,
            }
        }
    }
}

/// Leaves the rest to the scope around it (invariant 3).
impl Drop for Scope {
    fn drop(&mut self) {
        if let Some(outer) = &self.outer {
            outer.left.borrow_mut().append(self.left.get_mut());
        }
    }
}

/// Leaves `work` to the loop, and has `scope` wait for it. Returns false, and drops it, if there is no loop.
pub(crate) fn leave(work: impl Future<Output = ()> + 'static, scope: Option<&Rc<Scope>>) -> bool {
    let (ended, over) = oneshot();
    let left = spawn_clean_up(async move {
        let _ended = ended; // Dropped when the work is over, however that ends.
        work.await;
    });
    if let Some(scope) = scope {
        scope.left.borrow_mut().push(over);
    }
    left.is_ok()
}

pin_project! {
    /// Runs a future inside a scope.
    pub(crate) struct Inside<F> {
        scope: Rc<Scope>,
        #[pin]
        future: Option<F>,
    }

    impl<F> PinnedDrop for Inside<F> {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            let _entered = Entered::new(Rc::clone(this.scope));
            this.future.set(None);
        }
    }
}

/// Runs `future` inside `scope`: to its end, or until it is dropped.
pub(crate) fn inside<F: Future>(scope: &Rc<Scope>, future: F) -> Inside<F> {
    Inside { scope: Rc::clone(scope), future: Some(future) }
}

impl<F: Future> Future for Inside<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        let _entered = Entered::new(Rc::clone(this.scope));
        this.future.as_pin_mut().expect("only dropping takes it").poll(cx)
    }
}

/// Makes a scope current, until it is dropped (invariant 1).
struct Entered {
    before: Option<Rc<Scope>>,
}

impl Entered {
    fn new(scope: Rc<Scope>) -> Self {
        Self { before: CURRENT.replace(Some(scope)) }
    }
}

impl Drop for Entered {
    fn drop(&mut self) {
        drop(CURRENT.replace(self.before.take()));
    }
}
