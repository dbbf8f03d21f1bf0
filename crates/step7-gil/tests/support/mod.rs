//! Shows from outside whether objects are alive: remembers what was allocated under watch, and not freed since.
#![allow(unsafe_code, reason = "an allocator has to")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

struct Watching;

#[global_allocator]
static WATCHING: Watching = Watching;

/// The addresses of what is alive, with the tags under which it is watched.
static ALIVE: Mutex<BTreeMap<usize, usize>> = Mutex::new(BTreeMap::new());

thread_local! {
    /// Tag 0 is for all that is not watched.
    static TAG: Cell<usize> = const { Cell::new(0) };
    /// The tag for what is watched.
    static WATCHED: Cell<usize> = Cell::new(next_tag());
    /// Whether this thread uses `ALIVE`, which allocates, too.
    static IS_BUSY: Cell<bool> = const { Cell::new(false) };
}

fn next_tag() -> usize {
    static NEXT: AtomicUsize = AtomicUsize::new(1);
    NEXT.fetch_add(1, SeqCst)
}

/// Uses what is alive; not within itself.
fn with_alive(f: impl FnOnce(&mut BTreeMap<usize, usize>)) {
    if !IS_BUSY.replace(true) {
        f(&mut ALIVE.lock().expect("nothing panics under this lock"));
        IS_BUSY.set(false);
    }
}

// SAFETY: the system's allocator does it all.
unsafe impl GlobalAlloc for Watching {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: our caller has promised what it asks for.
        let piece = unsafe { System.alloc(layout) };
        let tag = TAG.get();
        if tag != 0 {
            with_alive(|alive| _ = alive.insert(piece.addr(), tag));
        }
        piece
    }

    unsafe fn dealloc(&self, piece: *mut u8, layout: Layout) {
        with_alive(|alive| _ = alive.remove(&piece.addr()));
        // SAFETY: our caller has promised what it asks for.
        unsafe { System.dealloc(piece, layout) }
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
        let mut is_seen = false;
        with_alive(|alive| is_seen = alive.values().any(|tag| *tag == self.0));
        is_seen
    }
}
