//! What tasks signal each other with: the same slots for all contestants.
//!
//! A slot is a flag and the waker of whoever waits for it. `Slot` stays on one thread and is two cells; `SharedSlot` is an
//! atomic flag and the `AtomicWaker` that most of the peers are built with.

use std::cell::Cell;
use std::future::poll_fn;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::{AcqRel, Acquire, Release};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::task::{Context, Poll, Waker};

use atomic_waker::AtomicWaker;

/// A flag to wait for, on one thread.
#[derive(Default)]
pub(crate) struct Slot {
    is_set: Cell<bool>,
    waker: Cell<Option<Waker>>,
}

impl Slot {
    pub(crate) fn set(&self) {
        self.is_set.set(true);
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }

    pub(crate) fn poll(&self, cx: &Context<'_>) -> Poll<()> {
        if self.is_set.take() {
            return Poll::Ready(());
        }
        self.waker.set(Some(cx.waker().clone()));
        Poll::Pending
    }

    /// Waits until it is set, and clears it.
    pub(crate) async fn wait(&self) {
        poll_fn(|cx| self.poll(cx)).await;
    }
}

/// A flag to wait for, between threads.
#[derive(Default)]
pub(crate) struct SharedSlot {
    is_set: AtomicBool,
    waker: AtomicWaker,
}

impl SharedSlot {
    pub(crate) fn set(&self) {
        self.is_set.store(true, Release);
        self.waker.wake();
    }

    pub(crate) fn poll(&self, cx: &Context<'_>) -> Poll<()> {
        if self.is_set.swap(false, Acquire) {
            return Poll::Ready(());
        }
        self.waker.register(cx.waker());
        if self.is_set.swap(false, Acquire) { Poll::Ready(()) } else { Poll::Pending }
    }

    /// Waits until it is set, and clears it.
    pub(crate) async fn wait(&self) {
        poll_fn(|cx| self.poll(cx)).await;
    }
}

/// Waits until so many tasks of one thread are done.
#[derive(Default)]
pub(crate) struct Countdown {
    left: Cell<usize>,
    end: Slot,
}

impl Countdown {
    pub(crate) fn of(tasks: usize) -> Self {
        Self { left: Cell::new(tasks), end: Slot::default() }
    }

    pub(crate) fn one_is_done(&self) {
        self.left.set(self.left.get() - 1);
        if self.left.get() == 0 {
            self.end.set();
        }
    }

    pub(crate) async fn wait(&self) {
        self.end.wait().await;
    }
}

/// Waits until so many tasks are done, wherever they run.
pub(crate) struct SharedCountdown {
    left: AtomicUsize,
    end: SharedSlot,
}

impl SharedCountdown {
    pub(crate) fn of(tasks: usize) -> Self {
        Self { left: AtomicUsize::new(tasks), end: SharedSlot::default() }
    }

    pub(crate) fn one_is_done(&self) {
        if self.left.fetch_sub(1, AcqRel) == 1 {
            self.end.set();
        }
    }

    pub(crate) async fn wait(&self) {
        self.end.wait().await;
        assert_eq!(self.left.load(Relaxed), 0);
    }
}
