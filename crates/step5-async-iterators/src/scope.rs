//! What was left behind inside what: so that an inner clean-up is over before the outer one begins.
//!
//! A destructor cannot wait, but it can [leave](leave()) its work to the loop. When a nest of such things is dropped, their
//! destructors run from the inside out, and each leaves a task of its own; those would then run all at once. So whoever has
//! work to do *after* what is inside it keeps a scope, runs its inside in it, and waits for what was left there first.
//!
//! ```text
//!   a generator         scope A                  dropped: b's exit is left to the loop, inside A; then a's clean-up:
//!     with(b)             scope B                           1. wait until nothing is left inside A
//!       …pending…                                           2. its own `finally`
//! ```
//!
//! Here that is a generator; in step 6, `with` and whatever is made of it.
//!
//! # Invariants
//!
//! 1. While the inside is polled, or dropped, its scope is the current one of this thread. At all other times it is not: a
//!    task that is spawned there starts without a scope.
//! 2. What is left inside a scope is left inside all scopes around it, too. So it is waited for even if the inner one goes
//!    without waiting, as when an `enter` fails.
//! 3. What belongs to a scope's owner, its own exit, is left *around* that scope: inside, it would wait for itself. That
//!    holds wherever the owner is dropped, even by somebody who runs inside.
//! 4. No scope lies inside itself, wherever its owner moves: the way outwards has an end.

use std::cell::{Cell, RefCell};
use std::future::{Future, poll_fn};
use std::iter::successors;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use pin_project_lite::pin_project;
use step2::wake_quietly;
use step4::spawn_clean_up;

thread_local! {
    static CURRENT: RefCell<Option<Rc<Scope>>> = const { RefCell::new(None) };
}

/// Knows how much was left to the loop inside it, and waits for its end.
///
/// ```
/// use step5::Scope;
/// use step5::scope::leave;
///
/// step4::run(async {
///     let scope = Scope::new();
///     scope.run(|| leave(async { println!("first") }));
///     scope.settle().await;
///     println!("second");
/// });
/// ```
#[derive(Debug)]
pub struct Scope {
    outer: RefCell<Option<Rc<Scope>>>,
    left: Cell<usize>,
    /// Who waits for its end: the owner, and nobody else.
    waiting: RefCell<Option<Waker>>,
}

impl Scope {
    /// Makes a scope inside the current one.
    #[must_use]
    pub fn new() -> Rc<Self> {
        Rc::new(Self {
            outer: RefCell::new(Self::current()),
            left: Cell::new(0),
            waiting: RefCell::default(),
        })
    }

    /// Returns the innermost scope around the code that runs, if there is one.
    #[must_use]
    pub fn current() -> Option<Rc<Scope>> {
        CURRENT.try_with(|current| current.borrow().clone()).ok().flatten() // None while a thread is torn down.
    }

    /// Puts the scope inside the current one, if it was inside another before: for owners that move, as iterators do. It stays
    /// where it is if the current one lies inside it (invariant 4).
    pub fn move_here(self: &Rc<Self>) {
        let current = Self::current();
        if outwards(current.clone()).any(|scope| Rc::ptr_eq(&scope, self)) {
            return;
        }
        let older = self.outer.replace(current);
        drop(older);
    }

    /// Runs `f` inside.
    pub fn run<R>(self: &Rc<Self>, f: impl FnOnce() -> R) -> R {
        /// Puts back the scope that was current before, on every path.
        struct Before(Option<Rc<Scope>>);

        impl Drop for Before {
            fn drop(&mut self) {
                drop(set_current(self.0.take()));
            }
        }

        let _before = Before(set_current(Some(Rc::clone(self))));
        f()
    }

    /// Leaves `work` to the loop, as a clean-up, for which the scopes *around* this one wait (invariant 3).
    ///
    /// Returns false, and drops `work`, if no loop runs on this thread.
    pub fn leave_around(&self, work: impl Future<Output = ()> + 'static) -> bool {
        leave_inside(self.outer.borrow().clone(), work)
    }

    /// Returns whether nothing is left inside.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        self.left.get() == 0
    }

    /// Waits until all that was left inside is over. For the owner: of several that wait, the last one is woken.
    pub async fn settle(&self) {
        poll_fn(|cx| self.poll_settled(cx)).await;
    }

    /// Polls for the end of all that was left inside.
    pub fn poll_settled(&self, cx: &mut Context<'_>) -> Poll<()> {
        if self.is_settled() {
            return Poll::Ready(());
        }
        let older = self.waiting.replace(Some(cx.waker().clone()));
        drop(older);
        Poll::Pending
    }
}

/// Lists a scope, and all that lie around it.
fn outwards(innermost: Option<Rc<Scope>>) -> impl Iterator<Item = Rc<Scope>> {
    successors(innermost, |scope| scope.outer.borrow().clone())
}

fn set_current(scope: Option<Rc<Scope>>) -> Option<Rc<Scope>> {
    CURRENT.try_with(|current| current.replace(scope)).ok().flatten()
}

/// Something left inside a scope, and so inside all that were around it at the time, until this is dropped (invariant 2).
struct Left {
    scopes: Vec<Rc<Scope>>,
}

impl Left {
    fn inside(innermost: Option<Rc<Scope>>) -> Self {
        let scopes: Vec<_> = outwards(innermost).collect();
        for scope in &scopes {
            scope.left.set(scope.left.get() + 1);
        }
        Self { scopes }
    }
}

impl Drop for Left {
    fn drop(&mut self) {
        for scope in &self.scopes {
            scope.left.set(scope.left.get() - 1);
            if scope.left.get() == 0 {
                let waiting = scope.waiting.take();
                waiting.into_iter().for_each(wake_quietly);
            }
        }
    }
}

/// Leaves `work` to the loop, as a clean-up; the current scope waits for it. For destructors.
///
/// Returns false, and drops `work`, if no loop runs on this thread.
pub fn leave(work: impl Future<Output = ()> + 'static) -> bool {
    leave_inside(Scope::current(), work)
}

fn leave_inside(scope: Option<Rc<Scope>>, work: impl Future<Output = ()> + 'static) -> bool {
    let left = Left::inside(scope);
    let clean_up = spawn_clean_up(async move {
        let _left = left; // Until the work is over, however that ends.
        work.await;
    });
    clean_up.is_ok()
}

/// Runs `future` inside `scope`: to its end, or until it is dropped.
pub fn inside<F: Future>(scope: &Rc<Scope>, future: F) -> Inside<F> {
    Inside { scope: Rc::clone(scope), future: Some(future) }
}

pin_project! {
    /// Runs a future inside a scope: made by [`inside`].
    #[must_use = "a future does nothing until it is polled"]
    #[derive(Debug)]
    pub struct Inside<F> {
        scope: Rc<Scope>,
        #[pin]
        future: Option<F>,
    }

    impl<F> PinnedDrop for Inside<F> {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            this.scope.run(|| this.future.set(None));
        }
    }
}

impl<F: Future> Future for Inside<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        let future = this.future.as_pin_mut().expect("only dropping takes it");
        this.scope.run(|| future.poll(cx))
    }
}
