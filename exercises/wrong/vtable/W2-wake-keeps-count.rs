//! A wrong answer to `vtable`: `wake` does what `wake_by_ref` does.
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
    // SAFETY: `data` is that of an `Arc<Bell>`, alive because the waker that is being cloned owns a count.
    unsafe { Arc::increment_strong_count(data.cast::<Bell>()) };
    RawWaker::new(data, &VTABLE)
}

/// Rings the bell, and uses the waker up.
unsafe fn wake(data: *const ()) {
    // SAFETY: `data` is that of an `Arc<Bell>`.
    unsafe { wake_by_ref(data) };
}

/// Rings the bell. The waker lives on.
unsafe fn wake_by_ref(data: *const ()) {
    // SAFETY: `data` is that of an `Arc<Bell>`, alive because the waker owns a count.
    let bell = unsafe { &*data.cast::<Bell>() };
    bell.ring();
}

/// Ends a waker without ringing.
unsafe fn drop_waker(data: *const ()) {
    // SAFETY: `data` is that of an `Arc<Bell>`, and the waker's count is ours now.
    unsafe { Arc::decrement_strong_count(data.cast::<Bell>()) };
}

#[cfg(test)]
#[path = "../../checks/vtable.rs"]
mod checks;
