//! Memory for tasks, used again: what one leaves, the next one of about its size gets.
//!
//! A task lives for one poll, often, and `malloc` and `free` would be two fifths of the instructions that its life takes.
//! They also keep 8 bytes of their own beside each piece, and round up to 16. Here cells are cut from larger pieces, so
//! that one of 72 bytes takes 72.
//!
//! ```text
//!   thread 1:   64 bytes ▢▢▢▢▢   72 bytes ▢▢   ...   256 bytes ▢▢▢
//!                  │  ▲
//!    64 are there: │  │ none is there:
//!    32 go down    ▼  │ 32 come up, or else are cut from a new piece
//!   depot:      64 bytes ▢▢▢▢▢▢▢▢▢▢▢▢▢▢▢   72 bytes ▢▢▢▢   ...   (under a lock)
//! ```
//!
//! # Invariants
//!
//! 1. A cell is in one list, or has one owner: they move as `&'static mut`, which cannot be copied.
//! 2. A thread keeps fewer than 64 cells of a size, and none when it ends. So what one thread spawns and another frees comes back
//!    to the first, through the depot, and a program never has more cells than it had tasks at once, but for those.
//!
//! # Absent on purpose
//!
//! Cells are never given back to the system: the next burst of tasks finds the memory of the last. Large tasks, of
//! which there are few, are plain boxes. So are all under Miri, the sanitizers and in models, which would not see a use after
//! the end.
//!
//! # Source
//!
//! Bonwick, Adams, *Magazines and Vmem*, USENIX 2001.

use std::alloc::Layout;
use std::cell::RefCell;
use std::mem::MaybeUninit;
use std::sync::{Mutex, MutexGuard};

/// What cells are measured in, and aligned to.
#[derive(Clone, Copy)]
pub(super) struct Unit(#[expect(dead_code, reason = "it is only space")] u64);

/// A piece of memory for one task.
pub(super) type Cell = &'static mut [MaybeUninit<Unit>];

/// The largest cells have so many units: 256 bytes.
const LARGEST: usize = 32;
/// How many cells a thread takes from the depot, or brings there, at a time.
const BATCH: usize = 32;

/// Free cells, in a list for each size.
type Lists = [Vec<Cell>; LARGEST];

static DEPOT: Mutex<Lists> = Mutex::new([const { Vec::new() }; LARGEST]);

thread_local! {
    static OWN: RefCell<Own> = const { RefCell::new(Own([const { Vec::new() }; LARGEST])) };
}

/// The cells that a thread keeps for its next tasks.
struct Own(Lists);

/// Returns how many units a task of this layout takes; `None` if it is not for a cell.
pub(super) const fn units(layout: Layout) -> Option<usize> {
    let units = layout.size().div_ceil(size_of::<Unit>());
    let fits = units <= LARGEST && layout.align() <= align_of::<Unit>();
    if fits && !cfg!(any(miri, sanitized, feature = "loom", feature = "shuttle")) {
        Some(units)
    } else {
        None
    }
}

/// Returns a cell of so many units.
#[inline]
pub(super) fn take(units: usize) -> Cell {
    let cell = OWN.try_with(|own| {
        let list = &mut own.borrow_mut().0[units - 1];
        if list.is_empty() {
            refill(list, units);
        }
        list.pop()
    });
    // Without a list if this thread's are gone already: it is about to end.
    cell.ok().flatten().unwrap_or_else(|| new(units, 1).next().expect("one was asked for"))
}

/// Takes back what `take` has returned.
#[inline]
pub(super) fn give_back(cell: Cell) {
    let index = cell.len() - 1;
    let mut cell = Some(cell);
    let _is_gone = OWN.try_with(|own| {
        let list = &mut own.borrow_mut().0[index];
        list.extend(cell.take());
        if list.len() == 2 * BATCH {
            depot()[index].extend(list.drain(BATCH..));
        }
    });
    if let Some(cell) = cell {
        depot()[index].push(cell);
    }
}

/// Puts a batch of cells into a thread's list, which is empty.
#[cold]
fn refill(list: &mut Vec<Cell>, units: usize) {
    let mut depot = depot();
    let depot = &mut depot[units - 1];
    if depot.is_empty() {
        list.extend(new(units, BATCH));
    } else {
        list.extend(depot.drain(depot.len().saturating_sub(BATCH)..));
    }
}

/// Cuts new cells.
fn new(units: usize, cells: usize) -> impl Iterator<Item = Cell> {
    vec![MaybeUninit::uninit(); units * cells].leak().chunks_exact_mut(units)
}

fn depot() -> MutexGuard<'static, Lists> {
    DEPOT.lock().expect("nothing panics under this lock")
}

impl Drop for Own {
    fn drop(&mut self) {
        let mut depot = depot();
        for (list, depot) in self.0.iter_mut().zip(depot.iter_mut()) {
            depot.append(list);
        }
    }
}
