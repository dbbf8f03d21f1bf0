//! A timer wheel of one lap: slots of a millisecond, each a doubly linked list of entries in one vector.
//!
//! Entries further ahead than a lap share slots with nearer ones, and are passed over until it is their lap: which is
//! cheap while there are few.

use std::task::Waker;

const SLOTS: usize = 4096;
const NONE: u32 = u32::MAX;

struct Entry {
    /// When it is due; and the slot that it is in, which may come before.
    tick: u32,
    slot: u32,
    waker: Waker,
    prev: u32,
    next: u32,
}

pub(crate) struct Wheel {
    first: Vec<u32>,
    entries: Vec<Entry>,
    free: Vec<u32>,
    now: u32,
}

impl Wheel {
    pub(crate) fn new() -> Self {
        Self { first: vec![NONE; SLOTS], entries: Vec::new(), free: Vec::new(), now: 0 }
    }

    /// Lets `waker` wait for `tick`, and returns the number of its entry.
    pub(crate) fn set(&mut self, tick: u32, waker: Waker) -> u32 {
        let entry = Entry { tick, slot: NONE, waker, prev: NONE, next: NONE };
        let number = if let Some(number) = self.free.pop() {
            self.entries[number as usize] = entry;
            number
        } else {
            self.entries.push(entry);
            self.entries.len() as u32 - 1
        };
        self.link(number);
        number
    }

    /// Takes an entry out.
    pub(crate) fn cancel(&mut self, number: u32) {
        self.unlink(number);
        self.entries[number as usize].waker = Waker::noop().clone();
        self.free.push(number);
    }

    /// Lets an entry wait longer. It moves when its slot comes.
    pub(crate) fn reset(&mut self, number: u32, tick: u32) {
        self.entries[number as usize].tick = tick;
    }

    /// Turns to `tick`, and hands out the numbers of all that are due.
    pub(crate) fn turn(&mut self, tick: u32, mut due: impl FnMut(u32)) {
        while self.now <= tick {
            let mut number = self.first[self.now as usize % SLOTS];
            while number != NONE {
                let Entry { tick: at, slot, next, .. } = self.entries[number as usize];
                if at <= self.now {
                    self.cancel(number);
                    due(number);
                } else if at as usize % SLOTS != slot as usize {
                    self.unlink(number);
                    self.link(number);
                }
                number = next;
            }
            self.now += 1;
        }
    }

    fn link(&mut self, number: u32) {
        let entry = &mut self.entries[number as usize];
        entry.slot = entry.tick % SLOTS as u32;
        let first = &mut self.first[entry.slot as usize];
        (entry.prev, entry.next) = (NONE, *first);
        let second = std::mem::replace(first, number);
        if second != NONE {
            self.entries[second as usize].prev = number;
        }
    }

    fn unlink(&mut self, number: u32) {
        let Entry { slot, prev, next, .. } = self.entries[number as usize];
        if prev == NONE {
            self.first[slot as usize] = next;
        } else {
            self.entries[prev as usize].next = next;
        }
        if next != NONE {
            self.entries[next as usize].prev = prev;
        }
    }
}
