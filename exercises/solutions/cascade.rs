//! Exercise `cascade` (step 3, hard): a wheel with levels, and what moves down from one to another.
//!
//! A level has eight slots. Where a deadline waits follows from it and from `now` (`place`): at the highest digit in which they
//! differ. On level 0, a slot holds one deadline. Further up it holds a range of them, and when `now` comes to the start of that range,
//! the slot *spills*: its entries agree with `now` in one more digit, and move down.
//!
//! # Contract
//!
//! - `first` is the first slot in use, on the lowest level in use.
//! - `pop` hands out an entry when its deadline has come, and not before.
//! - What was on a level further up comes out in the order of the deadlines, however far one `pop` may go.
//! - Entries of one deadline come out in the order in which they were set.
//! - When `pop` has returned `None`, `now` is `to`; what is set then takes its place among the rest.
//! - Whatever is set and popped, it does as a heap does.
//!
//! Check it with `cargo course check cascade`.

use std::collections::VecDeque;
use std::mem;

/// Bits of a digit: the digits are those of base eight.
const DIGIT: u32 = 3;
const SLOTS: usize = 1 << DIGIT;
/// A level for each digit that a number can have.
const LEVELS: usize = 22;

/// A deadline, and a number that tells entries apart.
type Entry = (u64, u32);

#[derive(Default)]
struct Wheel {
    now: u64,
    levels: [[VecDeque<Entry>; SLOTS]; LEVELS],
}

/// Returns the level and the slot in which a deadline waits.
fn place(deadline: u64, now: u64) -> (usize, usize) {
    let level = ((deadline ^ now) | 1).ilog2() / DIGIT;
    (level as usize, (deadline >> (level * DIGIT)) as usize % SLOTS)
}

impl Wheel {
    /// Lets an entry wait. A deadline that is past counts as `now`.
    fn insert(&mut self, (deadline, number): Entry) {
        let deadline = deadline.max(self.now);
        let (level, slot) = place(deadline, self.now);
        self.levels[level][slot].push_back((deadline, number));
    }

    /// Returns the first deadline of the range of a slot in use: one that waits there, with the lower digits at zero.
    fn start(&self, level: usize, slot: usize) -> u64 {
        let lower_digits = level as u32 * DIGIT;
        let (deadline, _) = self.levels[level][slot].front().expect("the slot is in use");
        deadline >> lower_digits << lower_digits
    }

    /// Finds the level and the slot whose turn is next, if anything waits.
    fn first(&self) -> Option<(usize, usize)> {
        // BEGIN SOLUTION: which slot comes first?
        let in_use = |level: usize| self.levels[level].iter().position(|slot| !slot.is_empty());
        (0..LEVELS).find_map(|level| in_use(level).map(|slot| (level, slot)))
        // END SOLUTION
    }

    /// Turns the wheel towards `to`, and hands out the first entry that is due on the way; then there may be more.
    fn pop(&mut self, to: u64) -> Option<Entry> {
        // BEGIN SOLUTION: go from one slot in use to the next; what happens there, and what on level 0?
        while let Some((level, slot)) = self.first() {
            let start = self.start(level, slot);
            if start > to {
                break;
            }
            self.now = start;
            if level == 0 {
                return self.levels[level][slot].pop_front();
            }
            mem::take(&mut self.levels[level][slot]).into_iter().for_each(|entry| self.insert(entry));
        }
        self.now = self.now.max(to);
        None
        // END SOLUTION
    }
}

#[cfg(test)]
#[path = "../checks/cascade.rs"]
mod checks;
