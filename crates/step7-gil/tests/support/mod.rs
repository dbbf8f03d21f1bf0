//! Shows from outside whether objects are alive: counts what was allocated under a tag, and not freed since.
#![allow(unsafe_code, clippy::multiple_unsafe_ops_per_block, reason = "an allocator has to")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::sync::atomic::{AtomicIsize, AtomicUsize, Ordering::SeqCst};

/// Puts the tag under which a piece of memory was allocated in front of it, and counts by tags.
struct Tagging;

#[global_allocator]
static TAGGING: Tagging = Tagging;

const TAGS: usize = 1000;
static ALIVE: [AtomicIsize; TAGS] = [const { AtomicIsize::new(0) }; TAGS];

thread_local! {
    /// Tag 0 is for all that is not watched.
    static TAG: Cell<usize> = const { Cell::new(0) };
    /// The tag for what is watched.
    static WATCHED: Cell<usize> = Cell::new(next_tag());
}

fn next_tag() -> usize {
    static NEXT: AtomicUsize = AtomicUsize::new(1);
    NEXT.fetch_add(1, SeqCst)
}

/// Returns the layout with room in front, and how much that is.
fn with_tag(layout: Layout) -> (Layout, usize) {
    Layout::new::<usize>().extend(layout).expect("a small layout")
}

// SAFETY: each piece is the later part of one of the system's, at the same distance when it is freed; its layout is kept.
unsafe impl GlobalAlloc for Tagging {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let (whole, distance) = with_tag(layout);
        let tag = TAG.with(Cell::get);
        // SAFETY: `whole` is not empty. What it returns, unless it is null, has room for the tag, and for the rest at `distance`.
        unsafe {
            let begin = System.alloc(whole);
            if begin.is_null() {
                return begin;
            }
            begin.cast::<usize>().write(tag);
            ALIVE[tag].fetch_add(1, SeqCst);
            begin.add(distance)
        }
    }

    unsafe fn dealloc(&self, piece: *mut u8, layout: Layout) {
        let (whole, distance) = with_tag(layout);
        // SAFETY: `alloc` has returned `piece` for this layout, so the system's piece begins `distance` before, with the tag.
        unsafe {
            let begin = piece.sub(distance);
            ALIVE[begin.cast::<usize>().read()].fetch_sub(1, SeqCst);
            System.dealloc(begin, whole);
        }
    }
}

/// Calls `f`, and watches what it allocates for the next witness on this thread.
pub(crate) fn watched<T>(f: impl FnOnce() -> T) -> T {
    TAG.with(|tag| tag.set(WATCHED.with(Cell::get)));
    let output = f();
    TAG.with(|tag| tag.set(0));
    output
}

/// Shows whether all is freed that was allocated under watch.
pub(crate) struct Witness(usize);

impl Witness {
    /// Takes over what was allocated under watch on this thread so far.
    pub(crate) fn here() -> Self {
        Self(WATCHED.with(|tag| tag.replace(next_tag())))
    }

    /// Returns whether any of that was not freed yet.
    pub(crate) fn sees_objects(&self) -> bool {
        ALIVE[self.0].load(SeqCst) != 0
    }
}
