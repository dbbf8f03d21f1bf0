//! What was left behind inside what: so that an inner clean-up is over before the outer one begins.
//!
//! A destructor cannot wait, but it can [leave](leave()) its work to the loop. When a nest of such things is dropped, their
//! destructors run from the inside out, and each leaves a task of its own; those would then run all at once. So whoever has
//! work to do *after* what is inside it keeps a scope, runs its inside in it, and waits for what was left there first.
//!
//! ```text
//!   a generator         scope A: [ ]         dropped:   scope A: [ b's exit ]
//!     with(b)                                           a's clean-up:  1. wait for b's exit
//!       …pending…                                                      2. its own `finally`
//! ```
//!
//! Here that is a generator; in step 6, `with` and whatever is made of it.
//!
//! # Invariants
//!
//! 1. While the inside is polled, or dropped, its scope is the current one of this thread. At all other times it is not: a
//!    task that is spawned there starts without a scope.
//! 2. Once settled, nothing is left inside that one would have to wait for.
//! 3. What a scope has not waited for when it goes, as when an `enter` fails, the scope around it waits for.

use std::cell::RefCell;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;
use step2::{Receiver, oneshot};
use step4::spawn_clean_up;

thread_local! {
    static CURRENT: RefCell<Option<Rc<Scope>>> = const { RefCell::new(None) };
}

/// Knows what was left to the loop inside it, and waits for that.
///
/// ```
/// use std::rc::Rc;
/// use step5::Scope;
/// use step5::scope::leave;
///
/// step4::run(async {
///     let scope = Rc::new(Scope::default());
///     scope.run(|| leave(async { println!("first") }));
///     scope.settle().await;
///     println!("second");
/// });
/// ```
#[derive(Debug, Default)]
pub struct Scope {
    left: RefCell<Vec<Receiver<()>>>,
}

impl Scope {
    /// Returns the innermost scope around the code that runs, if there is one.
    #[must_use]
    pub fn current() -> Option<Rc<Scope>> {
        CURRENT.with_borrow(Option::clone)
    }

    /// Runs `f` inside.
    pub fn run<R>(self: &Rc<Self>, f: impl FnOnce() -> R) -> R {
        /// Puts back the scope that was current before, on every path.
        struct Before(Option<Rc<Scope>>);

        impl Drop for Before {
            fn drop(&mut self) {
                drop(CURRENT.replace(self.0.take()));
            }
        }

        let _before = Before(CURRENT.replace(Some(Rc::clone(self))));
        f()
    }

    /// Waits until all that was left inside is over.
    pub async fn settle(&self) {
        poll_fn(|cx| self.poll_settled(cx)).await;
    }

    /// Polls for the end of all that was left inside.
    pub fn poll_settled(&self, cx: &mut Context<'_>) -> Poll<()> {
        loop {
            let next = self.left.borrow_mut().pop();
            let Some(mut over) = next else { return Poll::Ready(()) };
            if Pin::new(&mut over).poll(cx).is_pending() {
                self.left.borrow_mut().push(over);
                return Poll::Pending;
            }
        }
    }
}

/// Leaves the rest to the scope around it (invariant 3).
impl Drop for Scope {
    fn drop(&mut self) {
        let left = self.left.get_mut();
        if !left.is_empty()
            && let Some(outer) = Scope::current()
        {
            outer.left.borrow_mut().append(left);
        }
    }
}

/// Leaves `work` to the loop, as a clean-up; the current scope waits for it. For destructors.
///
/// Returns false, and drops `work`, if no loop runs on this thread.
pub fn leave(work: impl Future<Output = ()> + 'static) -> bool {
    let (ended, over) = oneshot();
    let left = spawn_clean_up(async move {
        let _ended = ended; // Dropped when the work is over, however that ends.
        work.await;
    });
    if let Some(scope) = Scope::current() {
        scope.left.borrow_mut().push(over);
    }
    left.is_ok()
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
