//! Exercise `vtable` (step 2, hard): the four functions behind a `Waker`.
//!
//! A waker is a data pointer and a table of four functions. Here the pointer is that of an `Arc<Bell>`, and each waker owns one
//! count of it. The compiler checks nothing of this: that is what `unsafe` says.
//!
//! # Contract
//!
//! - Making a waker hands the caller's count over to it.
//! - A clone of a waker adds one count, and rings nothing.
//! - Dropping a waker takes its count away, and rings nothing.
//! - `wake` rings the bell once and uses the waker up, its count with it.
//! - `wake_by_ref` rings the bell once, and the waker keeps its count.
//! - A clone rings the same bell, from any thread, and the counts balance in the end.
//!
//! Check it with `cargo course check vtable`.
#![allow(clippy::todo, reason = "this is an exercise")]
#![allow(unsafe_code)]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::task::{RawWaker, RawWakerVTable, Waker};

/// What a waker rings.
#[derive(Default)]
struct Bell {
    rings: AtomicUsize,
}

impl Bell {
    fn ring(&self) {
        self.rings.fetch_add(1, SeqCst);
    }
}

static VTABLE: RawWakerVTable = RawWakerVTable::new(clone, wake, wake_by_ref, drop_waker);

/// Makes a waker that rings `bell`. It owns the count that it is given.
fn waker(bell: Arc<Bell>) -> Waker {
    let data: *const Bell = Arc::into_raw(bell);
    // SAFETY: `data` is that of an `Arc<Bell>`, which is what the four functions below take it for, and a `Bell` may be rung
    // from any thread.
    unsafe { Waker::from_raw(RawWaker::new(data.cast(), &VTABLE)) }
}

/// Makes a second waker of one.
unsafe fn clone(data: *const ()) -> RawWaker {
    todo!("vtable: a second waker needs a second count")
}

/// Rings the bell, and uses the waker up.
unsafe fn wake(data: *const ()) {
    todo!("vtable: the waker is gone after this, and nobody will call `drop_waker` for it")
}

/// Rings the bell. The waker lives on.
unsafe fn wake_by_ref(data: *const ()) {
    todo!("vtable: the waker keeps its count")
}

/// Ends a waker without ringing.
unsafe fn drop_waker(data: *const ()) {
    todo!("vtable: give the waker's count back")
}

#[cfg(test)]
#[path = "../checks/vtable.rs"]
mod checks;
