//! A wrong answer to `lost-updates`: the interpreter's lock keeps the threads apart, whatever they do.

use std::collections::BTreeMap;

use Op::{Acquire, Add, Load, Release, Store};

/// What is done in one piece, under the lock of the interpreter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Op {
    /// Reads `x` into the thread's own register.
    Load,
    /// Adds one to the thread's own register.
    Add,
    /// Writes the thread's own register to `x`.
    Store,
    /// Takes the lock of the program, and waits for it before. That is not the lock of the interpreter.
    Acquire,
    /// Lets go of the lock of the program.
    Release,
}

/// `copy = x; x = copy + 1`, and `x += 1` as well: both are these three operations.
const INCREMENT: [Op; 3] = [Load, Add, Store];

/// `lock.acquire(); x += 1; lock.release()`.
const LOCKED_INCREMENT: [Op; 5] = [Acquire, Load, Add, Store, Release];

/// How far two threads are, and what they have written. It begins with `x` = 0.
#[derive(Clone, Debug, Default)]
struct World {
    x: i64,
    /// Each thread's own register.
    registers: [i64; 2],
    /// How many operations each thread has done.
    done: [usize; 2],
    /// Who has the program's lock.
    locked_by: Option<usize>,
}

impl World {
    /// Does the next operation of that thread. Returns false, and does nothing, if it has none or has to wait.
    fn step(&mut self, threads: [&[Op]; 2], thread: usize) -> bool {
        let Some(op) = threads[thread].get(self.done[thread]) else { return false };
        match op {
            Load => self.registers[thread] = self.x,
            Add => self.registers[thread] += 1,
            Store => self.x = self.registers[thread],
            Acquire if self.locked_by.is_some() => return false,
            Acquire => self.locked_by = Some(thread),
            Release => self.locked_by = None,
        }
        self.done[thread] += 1;
        true
    }

    /// Tells whether both threads have done all.
    fn is_over(&self, threads: [&[Op]; 2]) -> bool {
        self.done == threads.map(<[Op]>::len)
    }
}

/// What `x` may be in the end: two threads, each does `copy = x` and `x = copy + 1`.
const IN_TWO_LINES: &[i64] = &[2];

/// What `x` may be in the end: two threads, each does `x += 1`.
const IN_ONE_LINE: &[i64] = &[2];

/// What `x` may be in the end: two threads, each does `x += 1` between `lock.acquire()` and `lock.release()`.
const LOCKED: &[i64] = &[2];

/// The least that `x` may be in the end: two threads, each does `x += 1` three times.
const LEAST_OF_THREE: i64 = 6;

/// Tries every order in which the two threads' operations can come. Returns what `x` may be in the end, and in how many
/// orders.
fn finals(threads: [&[Op]; 2]) -> BTreeMap<i64, u64> {
    let mut finals = BTreeMap::new();
    for order in [[0, 1], [1, 0]] {
        let mut world = World::default();
        for thread in order {
            while world.step(threads, thread) {}
        }
        *finals.entry(world.x).or_insert(0) += 1;
    }
    finals
}

#[cfg(test)]
#[path = "../../checks/lost-updates.rs"]
mod checks;
