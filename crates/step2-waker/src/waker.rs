//! What is behind a `Waker`: a pointer and four functions.
//!
//! A [`Waker`] is a *data pointer* and a *vtable*: clone, wake (and drop), wake by reference, drop. The standard library
//! can make one from any `Arc<impl Wake>`; here we do it by hand, once, to see that there is no magic.
//!
//! ```text
//!   Waker { data, vtable } ──▶ vtable: clone, wake, wake_by_ref, drop      (one static per type)
//!             │
//!             └──▶ the target, inside an Arc: [ strong | weak | W ]
//! ```
//!
//! # Invariants
//!
//! 1. `data` came from `Arc::into_raw` of an `Arc<W>`, with the `W` of the vtable beside it.
//! 2. Each `Waker` owns one strong count: `clone` adds one, `wake` and `drop` take one away, `wake_by_ref` neither.
#![allow(unsafe_code)]

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::task::{RawWaker, RawWakerVTable, Wake, Waker};

/// Makes a [`Waker`] that wakes `target`: what `Waker::from(target)` does, by hand.
///
/// Costs no allocation of its own; a clone is one atomic addition.
///
/// ```
/// use std::sync::Arc;
/// use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
/// use std::task::Wake;
///
/// struct Bell(AtomicU32);
/// impl Wake for Bell {
///     fn wake(self: Arc<Self>) {
///         self.0.fetch_add(1, Relaxed);
///     }
/// }
///
/// let bell = Arc::new(Bell(AtomicU32::new(0)));
/// let waker = step2::waker_by_hand(Arc::clone(&bell));
/// waker.wake_by_ref();
/// waker.wake();
/// assert_eq!(bell.0.load(Relaxed), 2);
/// assert_eq!(Arc::strong_count(&bell), 1, "the waker's count is given back");
/// ```
pub fn waker_by_hand<W: Wake + Send + Sync + 'static>(target: Arc<W>) -> Waker {
    // SAFETY: `raw` upholds invariants 1 and 2, and `W` is `Send + Sync` as wakers must be: each of the four functions
    // may be called from any thread.
    unsafe { Waker::from_raw(raw(target)) }
}

fn raw<W: Wake + Send + Sync + 'static>(target: Arc<W>) -> RawWaker {
    let vtable: &'static RawWakerVTable =
        const { &RawWakerVTable::new(clone::<W>, wake::<W>, wake_by_ref::<W>, drop_waker::<W>) };
    RawWaker::new(Arc::into_raw(target).cast(), vtable)
}

unsafe fn clone<W: Wake + Send + Sync + 'static>(data: *const ()) -> RawWaker {
    // SAFETY: `data` is an `Arc<W>` (invariant 1) that is alive while the waker being cloned owns a count (invariant 2).
    unsafe { Arc::increment_strong_count(data.cast::<W>()) };
    // SAFETY: the count just added belongs to this `Arc`.
    raw(unsafe { Arc::from_raw(data.cast::<W>()) })
}

unsafe fn wake<W: Wake + Send + Sync + 'static>(data: *const ()) {
    // SAFETY: `data` is an `Arc<W>` (invariant 1); the waker is consumed, so its count (invariant 2) is ours now.
    let target = unsafe { Arc::from_raw(data.cast::<W>()) };
    target.wake();
}

unsafe fn wake_by_ref<W: Wake + Send + Sync + 'static>(data: *const ()) {
    // SAFETY: as in `wake`, but the waker lives on and keeps its count: `ManuallyDrop` leaves it untouched.
    let target = std::mem::ManuallyDrop::new(unsafe { Arc::from_raw(data.cast::<W>()) });
    target.wake_by_ref();
}

unsafe fn drop_waker<W: Wake + Send + Sync + 'static>(data: *const ()) {
    // SAFETY: `data` is an `Arc<W>` (invariant 1); the waker is gone after this, and so is its count (invariant 2).
    unsafe { Arc::decrement_strong_count(data.cast::<W>()) };
}

/// Wakes, and survives a waker that panics.
///
/// A waker is foreign code. A loop that wakes on behalf of a timer or a socket must go on when one of them panics; the
/// panic hook has reported it by then.
pub fn wake_quietly(waker: Waker) {
    contain(|| waker.wake());
}

/// Runs foreign code, and survives its panic, which nobody waits for: the panic hook has reported it.
///
/// For what must go on whatever its users' wakers and destructors do. Nothing of the caller's may be half-done.
///
/// ```
/// step2::contain(|| panic!("reported, and no more"));
/// ```
pub fn contain(foreign: impl FnOnce()) {
    if let Err(payload) = catch_unwind(AssertUnwindSafe(foreign)) {
        // Even the payload is foreign, and may panic as it is dropped. What that leaves behind, nobody drops.
        std::mem::forget(catch_unwind(AssertUnwindSafe(|| drop(payload))));
    }
}
