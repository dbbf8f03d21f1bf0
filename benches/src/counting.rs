//! An allocator that counts: allocations, the most memory at a time, and threads.
//!
//! Every thread that std starts frees something on itself before it ends: the closure that it was started with. So a thread
//! can be counted by the first call of the allocator on it.
//!
//! A program takes part by naming it, as `steps` does; elsewhere [`count`] counts nothing.
//!
//! # Invariants
//!
//! 1. While nobody counts, it costs a thread-local mark, a relaxed load and a branch.
//! 2. It allocates nothing itself: a thread's mark is a plain thread-local, without a destructor.
//! 3. A thread is marked also while nobody counts: if it was started before a count, it is none of its threads, however late
//!    it ends.
#![allow(unsafe_code, reason = "an allocator is unsafe to write")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::sync::atomic::{AtomicBool, AtomicIsize, AtomicUsize, Ordering::Relaxed};

/// Counts, and leaves the work to the system's allocator.
///
/// ```
/// #[global_allocator]
/// static ALLOCATOR: benches::Counting = benches::Counting;
///
/// let (_, counted) = benches::counting::count(|| drop(vec![0_u8; 1000]));
/// assert_eq!((counted.allocations, counted.peak, counted.threads), (1, 1000, 1));
/// ```
#[derive(Debug)]
pub struct Counting;

/// What was counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counted {
    /// How often memory was asked for, or for more.
    pub allocations: usize,
    /// The most bytes at a time, beyond what there was at the beginning.
    pub peak: usize,
    /// The threads that were started, and the caller's.
    pub threads: usize,
}

static IS_ON: AtomicBool = AtomicBool::new(false);
static ALLOCATIONS: AtomicUsize = AtomicUsize::new(0);
static ALIVE: AtomicIsize = AtomicIsize::new(0);
static PEAK: AtomicIsize = AtomicIsize::new(0);
static THREADS: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    static IS_KNOWN: Cell<bool> = const { Cell::new(false) };
}

/// Counts what `f` does, on all threads. One count at a time; threads that were there before shall be idle meanwhile.
pub fn count<R>(f: impl FnOnce() -> R) -> (R, Counted) {
    is_first_call(); // The caller's thread is counted in any case.
    for count in [&ALLOCATIONS, &THREADS] {
        count.store(0, Relaxed);
    }
    for bytes in [&ALIVE, &PEAK] {
        bytes.store(0, Relaxed);
    }
    IS_ON.store(true, Relaxed);
    let value = f();
    IS_ON.store(false, Relaxed);
    let counted = Counted {
        allocations: ALLOCATIONS.load(Relaxed),
        peak: PEAK.load(Relaxed).unsigned_abs(), // It begins at zero, and only grows.
        threads: THREADS.load(Relaxed) + 1,
    };
    (value, counted)
}

/// Takes note of a call: so many bytes more, or fewer.
#[inline]
fn note(bytes: isize, is_allocation: bool) {
    let is_first = is_first_call();
    if IS_ON.load(Relaxed) {
        add(bytes, is_allocation, is_first);
    }
}

/// Marks this thread, and returns whether it was not marked before. One whose thread-locals are gone was.
#[inline]
fn is_first_call() -> bool {
    IS_KNOWN.try_with(|known| known.replace(true)) == Ok(false)
}

#[cold]
fn add(bytes: isize, is_allocation: bool, is_first: bool) {
    ALLOCATIONS.fetch_add(usize::from(is_allocation), Relaxed);
    PEAK.fetch_max(ALIVE.fetch_add(bytes, Relaxed) + bytes, Relaxed);
    THREADS.fetch_add(usize::from(is_first), Relaxed);
}

// SAFETY: the system's allocator does it all.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        note(layout.size().cast_signed(), true);
        // SAFETY: our caller has promised what it asks for.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        note(layout.size().cast_signed(), true);
        // SAFETY: our caller has promised what it asks for.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        note(size.cast_signed() - layout.size().cast_signed(), true);
        // SAFETY: our caller has promised what it asks for.
        unsafe { System.realloc(pointer, layout, size) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        note(-layout.size().cast_signed(), false);
        // SAFETY: our caller has promised what it asks for.
        unsafe { System.dealloc(pointer, layout) }
    }
}
