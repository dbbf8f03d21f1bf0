//! A wrong answer to `cascade`: the wheel goes to the end first, and then looks at what it has passed.

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
        let in_use = |level: usize| self.levels[level].iter().position(|slot| !slot.is_empty());
        (0..LEVELS).find_map(|level| in_use(level).map(|slot| (level, slot)))
    }

    /// Turns the wheel towards `to`, and hands out the first entry that is due on the way; then there may be more.
    fn pop(&mut self, to: u64) -> Option<Entry> {
        self.now = self.now.max(to);
        while let Some((level, slot)) = self.first() {
            if self.start(level, slot) > to {
                break;
            }
            if level == 0 {
                return self.levels[level][slot].pop_front();
            }
            mem::take(&mut self.levels[level][slot]).into_iter().for_each(|entry| self.insert(entry));
        }
        None
    }
}

#[cfg(test)]
#[path = "../../checks/cascade.rs"]
mod checks;
