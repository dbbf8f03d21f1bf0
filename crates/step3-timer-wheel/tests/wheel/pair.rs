//! A timer wheel beside a heap: both take every step together. The property test and the fuzzer share this.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};

use step3::{Key, TooFar, Wheel};

/// [`Wheel::RANGE`], written out: it is a promise.
pub(crate) const LAP: u64 = 1 << 30;

/// The plainest thing that keeps a wheel's promises: a heap by deadline, then by order of setting. What is removed
/// stays in it until it comes to the top, as in asyncio's heap of timers.
#[derive(Default)]
struct Model {
    heap: BinaryHeap<Reverse<(u64, u64)>>,
    /// What waits, by its order of setting.
    waiting: HashMap<u64, Key>,
}

impl Model {
    fn insert(&mut self, at: u64, order: u64, key: Key) {
        self.heap.push(Reverse((at, order)));
        self.waiting.insert(order, key);
    }

    fn remove(&mut self, order: u64) -> bool {
        self.waiting.remove(&order).is_some()
    }

    fn first(&mut self) -> Option<u64> {
        while let Some(&Reverse((at, order))) = self.heap.peek() {
            if self.waiting.contains_key(&order) {
                return Some(at);
            }
            self.heap.pop();
        }
        None
    }

    /// Takes the first entry, if it is due by `to`: its deadline, its key, its order of setting.
    fn pop(&mut self, to: u64) -> Option<(u64, Key, u64)> {
        self.first().filter(|&at| at <= to)?;
        let Reverse((at, order)) = self.heap.pop()?;
        let key = self.waiting.remove(&order)?;
        Some((at, key, order))
    }
}

/// A wheel and its model, which take every step together.
pub(crate) struct Pair {
    pub(crate) wheel: Wheel<u64>,
    model: Model,
    /// Every entry there ever was; its order of setting is its index here, and its value in the wheel.
    set: Vec<Key>,
    removed_any: bool,
}

/// What all steps of a run have in common.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Habits {
    pub(crate) removes: bool,
    /// The wheel is turned by less than two to this power at once. If that is little, many entries gather.
    pub(crate) turn_bits: u32,
}

impl Pair {
    pub(crate) fn starting_at(now: u64) -> Self {
        let mut wheel = Wheel::new();
        assert_eq!(wheel.pop(now), None);
        Pair { wheel, model: Model::default(), set: Vec::new(), removed_any: false }
    }

    /// Takes one step, which is spelled by a word of noise: a small word is a small step, so proptest can simplify it.
    pub(crate) fn step(&mut self, habits: Habits, word: u64) {
        let [kind, bits, more] = [word % 8, word / 8 % 32, word / 256];
        let ahead = more % (1 << bits);
        let now = self.wheel.now();
        match kind {
            0..=3 => self.insert(now.saturating_add(ahead)),
            4 => self.insert(now.saturating_sub(ahead)),
            5 if habits.removes => self.remove(more as usize),
            5 | 6 => self.turn(now.saturating_add(ahead % (1 << habits.turn_bits)), more % 4),
            _ => self.turn(self.wheel.next().unwrap_or(now / 2), 0),
        }
    }

    fn insert(&mut self, at: u64) {
        let order = self.set.len() as u64;
        match self.wheel.insert(at, order) {
            Err(TooFar) => assert!(at - self.wheel.now() >= LAP),
            Ok(key) => {
                let at = at.max(self.wheel.now());
                assert!(at - self.wheel.now() < LAP);
                self.set.push(key);
                self.model.insert(at, order, key);
            }
        }
    }

    /// Removes any entry there ever was, waiting or not.
    fn remove(&mut self, which: usize) {
        if self.set.is_empty() {
            return;
        }
        let order = which % self.set.len();
        let key = self.set[order];
        let order = order as u64;
        let waits = self.model.remove(order);
        assert_eq!(self.wheel.get_mut(key).copied(), waits.then_some(order));
        assert_eq!(self.wheel.remove(key), waits.then_some(order));
        self.removed_any |= waits;
    }

    /// Turns both, and after each of the first `chain` entries sets another, as a task that sleeps again would.
    pub(crate) fn turn(&mut self, to: u64, chain: u64) {
        let to = to.max(self.wheel.now());
        for popped in 0.. {
            let next = self.wheel.next();
            let due = self.model.pop(to);
            assert_eq!(self.wheel.pop(to), due.map(|(_, key, order)| (key, order)));
            assert_eq!(self.wheel.now(), due.map_or(to, |(at, _, _)| at));
            if due.is_none() {
                let woken_for_nothing = next.is_some_and(|next| next <= to);
                assert!(self.removed_any || !woken_for_nothing);
                assert!(self.wheel.next().is_none_or(|next| next > to), "or the owner would sleep no more");
                return;
            }
            if popped < chain {
                self.insert(self.wheel.now().saturating_add((to - self.wheel.now()) / 2));
            }
        }
    }

    pub(crate) fn check(&mut self) {
        let Pair { wheel, model, .. } = self;
        assert_eq!((wheel.len(), wheel.is_empty()), (model.waiting.len(), model.waiting.is_empty()));
        let first = model.first();
        let (Some(next), Some(first)) = (wheel.next(), first) else {
            return assert_eq!(wheel.next(), first);
        };
        assert!(wheel.now() <= next && next <= first);
        assert!(next == first || self.removed_any);
        // The digit in which `first` differs from `now` says how large a slot it waits in: `next` is in the same.
        let slot_bits = (first ^ wheel.now()).checked_ilog2().unwrap_or(0) / 6 * 6;
        assert_eq!(next >> slot_bits.min(30), first >> slot_bits.min(30));
    }
}
