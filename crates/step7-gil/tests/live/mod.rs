//! Counts the texts that are alive, without asking the crate: an allocator that keeps a count for each odd size.
//!
//! Texts of an odd size are all but alone: what else is allocated is a multiple of something.
#![allow(unsafe_code, reason = "an allocator is unsafe to write")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicIsize, AtomicUsize, Ordering::Relaxed};

const SMALLEST: usize = 1_001;
const MARKS: usize = 100;

static ALIVE: [AtomicIsize; MARKS] = [const { AtomicIsize::new(0) }; MARKS];

struct Counting;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn count(size: usize, by: isize) {
    if size % 2 == 1
        && let Some(alive) = size.checked_sub(SMALLEST).and_then(|above| ALIVE.get(above / 2))
    {
        alive.fetch_add(by, Relaxed);
    }
}

// SAFETY: the system's allocator does it all.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size(), 1);
        // SAFETY: our caller has promised what it asks for.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        count(layout.size(), -1);
        // SAFETY: our caller has promised what it asks for.
        unsafe { System.dealloc(pointer, layout) }
    }
}

/// Texts of a size that no other test has.
#[derive(Clone, Copy)]
pub(crate) struct Marked(usize);

impl Marked {
    pub(crate) fn new() -> Self {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let mark = NEXT.fetch_add(1, Relaxed);
        assert!(mark < MARKS, "there are more tests than marks");
        Self(mark)
    }

    /// Makes such a text.
    pub(crate) fn text(self) -> Box<str> {
        "-".repeat(SMALLEST + 2 * self.0).into()
    }

    /// Returns how many are alive.
    pub(crate) fn alive(self) -> isize {
        ALIVE[self.0].load(Relaxed)
    }
}
