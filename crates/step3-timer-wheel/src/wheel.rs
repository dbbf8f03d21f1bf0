//! A timer wheel: a fixed, small cost to set a timer and to cancel it, however many wait.
//!
//! Write a deadline as a number in base 64. Its entry waits at the level of the *highest digit in which the deadline
//! and `now` differ*, in the slot that this digit of the deadline names. With ten digits in place of 64 it can be done
//! by eye; at `now` = 472,
//!
//! ```text
//! deadline 475   differs in the ones       level 0, slot 5
//! deadline 491   differs in the tens       level 1, slot 9   until now = 490: then level 0, slot 1
//! deadline 503   differs in the hundreds   level 2, slot 5   until now = 500: then level 0, slot 3
//! ```
//!
//! So a level-0 slot holds one deadline, and fires; a slot further up holds a range of them, and when `now` comes to
//! the start of the range the slot *spills*: its entries agree with `now` in one more digit, and move down.
//!
//! ```text
//! level 0   64 slots of   1 tick               the rest of these     64 ticks; entries fire from here
//! level 1   64 slots of  64 ticks              the rest of these  4,096
//! level 2   64 slots of 64² ticks              the rest of these    64³
//!   ...
//! level 4   64 slots of 64⁴ ticks              the rest of these    64⁵ = 2³⁰, which we call a lap
//! level 5    1 slot  of 64⁵ ticks              the next lap, as far as a deadline may reach into it
//! ```
//!
//! # Invariants
//!
//! 1. `now` never goes back, and no entry is due before it.
//! 2. Where an entry waits is a function of its deadline and `now` (`Place::of`). Nothing stores it: it can be had
//!    again whenever the entry is to be removed. It stays true as `now` moves, because `now` never passes the start of
//!    an occupied slot without stopping there to spill it; until then it differs from the slot's deadlines in no
//!    higher digit, and in that digit it is less.
//! 3. Bit *i* of a level's `occupied` is set exactly if its slot *i* is not empty.
//! 4. A slot's deadlines agree in its level's digit and in all above. By 1 and 2, that digit is greater than `now`'s
//!    (on level 0 it may be equal), and what waits on a level is due before anything on the levels above. So the first
//!    bit of the lowest level in use finds the slot whose turn is next. (On level 5, all are in the lap after `now`'s:
//!    they share one slot, and which of the 64 it is does not matter.)
//! 5. Entries of one deadline stand in one list, in the order they were set. In one list, by 2. In order, because an
//!    entry joins at the end, and because a slot spills front to back into lists that are empty: it is on the lowest
//!    level in use, and they are below.
//! 6. A slot's `earliest` is in the slot's range, and no entry of the slot is due before it. It is the deadline of the
//!    first to come due, unless that entry was removed since the slot was last empty.
//! 7. Any two deadlines are less than 2³² ticks apart. So an entry keeps only the lower half of its own: with `now` at
//!    hand, that is all of it.
//!
//! # Absent on purpose
//!
//! No clock, no thread, no lock and no waker: whoever owns the wheel brings those, says how long a tick is, and turns
//! it. No call-backs either: entries are handed out one at a time, so the owner can let go of the wheel before it wakes
//! anyone.

use std::{error, fmt, mem};

pub use crate::entries::Key;
use crate::entries::{Entries, List};

/// How many bits of a deadline one level looks at.
const DIGIT: u32 = 6;
const SLOTS: usize = 1 << DIGIT;
/// Five levels for the digits of a lap, and one for the lap that follows.
const LEVELS: usize = 6;
const TOP: u32 = LEVELS as u32 - 1;

/// Holds values until their deadlines, and hands them out in order: by deadline, and of the same deadline by the order
/// in which they were set.
///
/// Time is counted in ticks since the wheel was made; how long a tick is, and when it is over, is the owner's to say.
/// The wheel itself takes 6 KiB; each entry takes 32 bytes if the value is a [`Waker`](std::task::Waker). The only
/// allocation is one vector, which grows to the largest number of entries that ever waited at once and stays so.
///
/// ```
/// use step3::Wheel;
///
/// let mut wheel = Wheel::new();
/// let tea = wheel.insert(300, "tea")?;
/// wheel.insert(90_000, "bread")?;
/// let eggs = wheel.insert(360, "eggs")?;
/// wheel.remove(eggs);
///
/// assert_eq!(wheel.next(), Some(300));
/// assert_eq!(wheel.pop(299), None);
/// assert_eq!(wheel.pop(1_000), Some((tea, "tea")));
/// assert_eq!(wheel.pop(1_000), None);
/// assert_eq!(wheel.next(), Some(90_000));
/// # Ok::<(), step3::TooFar>(())
/// ```
///
/// # Source
///
/// Varghese and Lauck, *Hashed and Hierarchical Timing Wheels*, SOSP 1987: this is their scheme 7, a wheel for each
/// unit of time as a clock has hands for hours, minutes and seconds. They place a timer by how *far off* it is. To
/// place it by the digit in which it *differs* from the present, found by one exclusive-or and one count of leading
/// zeros, is how tokio's timers do it, and a cousin of the radix heap of Ahuja, Mehlhorn, Orlin and Tarjan (1990). The
/// Linux kernel's wheel spilled too, until 4.8. Since then its timers fire from the level they were set on, late by an
/// eighth at worst, as most are cancelled before that. Ours spill: a sleep should end when it said it would.
pub struct Wheel<T> {
    now: u64,
    occupied: [u64; LEVELS],
    slots: [[Slot; SLOTS]; LEVELS],
    entries: Entries<T>,
}

struct Slot {
    list: List,
    earliest: u64,
}

impl Slot {
    const EMPTY: Slot = Slot { list: List::EMPTY, earliest: u64::MAX };
}

/// A slot's address: which level, and which slot on it.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Place {
    level: usize,
    slot: usize,
}

impl Place {
    /// Says where an entry due at `at` waits at the moment `now`.
    fn of(at: u64, now: u64) -> Place {
        let differing = at ^ now;
        // The `| 1` counts "they do not differ at all" as "they differ in the last digit".
        let highest_bit = (differing | 1).ilog2();
        // The next lap may differ from this one in any digit at all, if there is a carry.
        let level = (highest_bit / DIGIT).min(TOP);
        let digit = at >> (level * DIGIT);
        Place { level: level as usize, slot: digit as usize % SLOTS }
    }
}

impl<T> Wheel<T> {
    /// A deadline may be up to this many ticks ahead, exclusive: 2^30, which is 12 days if a tick is a millisecond.
    pub const RANGE: u64 = 1 << (TOP * DIGIT);

    /// Makes an empty wheel that stands at tick 0. To start at another tick, [`pop`](Self::pop) to it: that takes O(1).
    pub const fn new() -> Self {
        Wheel {
            now: 0,
            occupied: [0; LEVELS],
            slots: [const { [Slot::EMPTY; SLOTS] }; LEVELS],
            entries: Entries::new(),
        }
    }

    /// Returns the tick to which the wheel has been turned.
    pub fn now(&self) -> u64 {
        self.now
    }

    /// Counts the entries that wait. Takes O(1).
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Says whether nothing waits. Takes O(1).
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Lets `value` wait for tick `at`, and returns a key to remove it by.
    ///
    /// A deadline that is past counts as `now`: it is due at the next [`pop`](Self::pop), behind what is due by then
    /// already. Takes O(1), apart from the growth of the vector.
    ///
    /// # Errors
    ///
    /// Returns [`TooFar`], and drops the value, if `at` is [`RANGE`](Self::RANGE) ticks ahead or more.
    ///
    /// # Panics
    ///
    /// Panics if 2^32 - 1 entries wait already.
    pub fn insert(&mut self, at: u64, value: T) -> Result<Key, TooFar> {
        let at = at.max(self.now);
        if at - self.now >= Self::RANGE {
            return Err(TooFar);
        }
        let index = self.entries.add(at as u32, value);
        self.link(index);
        Ok(self.entries.key(index))
    }

    /// Takes back a value before it is due, or returns `None` if it was handed out or removed already. Takes O(1).
    pub fn remove(&mut self, key: Key) -> Option<T> {
        let index = self.entries.find(key)?;
        Some(self.unlink(index))
    }

    /// Returns a value that waits, to change it in place, or `None` if it was handed out or removed. Takes O(1).
    pub fn get_mut(&mut self, key: Key) -> Option<&mut T> {
        let index = self.entries.find(key)?;
        self.entries.value_mut(index)
    }

    /// Returns the tick until which the owner may sleep, or `None` if nothing waits. Takes O(1).
    ///
    /// This is the earliest deadline, and exactly that if nothing was removed. After a removal it may still be the
    /// deadline that was removed, which is early by less than a slot of the level it was on. To sleep until then is one
    /// sleep too many for that removal, but never a loop: once [`pop`](Self::pop) to that tick has returned `None`, the
    /// slot has spilled, the slots below have worked out their `earliest` from what is left, and the answer is a later
    /// tick.
    pub fn next(&self) -> Option<u64> {
        self.first().map(|place| self.slot(place).earliest)
    }

    /// Turns the wheel towards `to`, and hands out the first entry that is due on the way, with the key it had.
    ///
    /// Then `now` is that entry's deadline, and there may be more: call it until it returns `None`, with the same `to`.
    /// By then `now` is `to`. What is set between two calls takes its place among the rest. If `to` is past, the wheel
    /// stays where it is, and still hands out what is due at `now`.
    ///
    /// Takes O(1) an entry, spread over its life: an entry spills at most once from each level, and empty slots are not
    /// visited. A single call may have a whole slot to spill.
    pub fn pop(&mut self, to: u64) -> Option<(Key, T)> {
        let to = to.max(self.now);
        while let Some(place) = self.first() {
            let start = self.start(place);
            if start > to {
                break;
            }
            self.now = start;
            if place.level == 0 {
                let first = self.slot(place).list.first();
                return first.map(|index| (self.entries.key(index), self.unlink(index)));
            }
            self.spill(place);
        }
        self.now = to;
        None
    }

    /// Lists what waits: each entry's level, its slot there and its deadline, in the order of their turns. It goes
    /// through the whole wheel, and is for drawing one: nothing here needs it.
    ///
    /// ```
    /// let mut wheel = step3::Wheel::new();
    /// wheel.insert(3, "soon")?;
    /// wheel.insert(70, "later")?;
    /// assert_eq!(wheel.places(), [(0, 3, 3), (1, 1, 70)]);
    /// wheel.pop(3);
    /// wheel.pop(64);
    /// assert_eq!(wheel.places(), [(0, 6, 70)]);
    /// # Ok::<(), step3::TooFar>(())
    /// ```
    pub fn places(&self) -> Vec<(usize, usize, u64)> {
        let places = (0..LEVELS).flat_map(|level| (0..SLOTS).map(move |slot| Place { level, slot }));
        let of =
            |place: Place| self.deadlines(place).into_iter().map(move |at| (place.level, place.slot, at));
        places.flat_map(of).collect()
    }

    fn deadlines(&self, place: Place) -> Vec<u64> {
        let entries = self.entries.walk(&self.slot(place).list);
        entries.into_iter().map(|index| self.at(index)).collect()
    }

    /// Finds the slot whose turn is next (invariant 4).
    fn first(&self) -> Option<Place> {
        let level = self.occupied.iter().position(|&bits| bits != 0)?;
        Some(Place { level, slot: self.occupied[level].trailing_zeros() as usize })
    }

    /// Returns the first tick of an occupied slot's range: any deadline in the slot, with the lower digits at zero.
    fn start(&self, place: Place) -> u64 {
        let lower_digits = place.level as u32 * DIGIT;
        self.slot(place).earliest >> lower_digits << lower_digits
    }

    /// Moves each entry of a slot further down, to where it belongs now that `now` has come to the slot's start.
    fn spill(&mut self, place: Place) {
        let mut list = mem::replace(&mut self.slots[place.level][place.slot], Slot::EMPTY).list;
        self.occupied[place.level] &= !(1 << place.slot);
        while let Some(index) = list.first() {
            self.entries.unlink(&mut list, index);
            self.link(index);
        }
    }

    /// Returns an entry's deadline (invariant 7).
    fn at(&self, index: u32) -> u64 {
        let ahead = self.entries.at(index).wrapping_sub(self.now as u32);
        self.now + u64::from(ahead)
    }

    /// Puts an entry at the end of the list of the slot it belongs to.
    fn link(&mut self, index: u32) {
        let at = self.at(index);
        let Place { level, slot } = Place::of(at, self.now);
        self.occupied[level] |= 1 << slot;
        let slot = &mut self.slots[level][slot];
        slot.earliest = slot.earliest.min(at);
        self.entries.push_back(&mut slot.list, index);
    }

    /// Takes an entry out of the slot it belongs to, and out of the wheel.
    fn unlink(&mut self, index: u32) -> T {
        let Place { level, slot } = Place::of(self.at(index), self.now);
        let list = &mut self.slots[level][slot].list;
        self.entries.unlink(list, index);
        if list.first().is_none() {
            self.slots[level][slot] = Slot::EMPTY;
            self.occupied[level] &= !(1 << slot);
        }
        self.entries.take(index)
    }

    fn slot(&self, place: Place) -> &Slot {
        &self.slots[place.level][place.slot]
    }
}

impl<T> Default for Wheel<T> {
    fn default() -> Self {
        Self::new()
    }
}

/// Shows where the wheel stands, not what waits: that may be a million entries.
impl<T> fmt::Debug for Wheel<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Wheel");
        shown
            .field("now", &self.now)
            .field("len", &self.len())
            .field("next", &self.next())
            .finish_non_exhaustive()
    }
}

/// Says that a deadline was [`Wheel::RANGE`] ticks ahead, or more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooFar;

impl fmt::Display for TooFar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the deadline was 2^30 ticks or more ahead")
    }
}

impl error::Error for TooFar {}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    impl<T> Wheel<T> {
        /// Checks the invariants in the module's header, but for 5, which takes a model to check (`tests/wheel.rs`).
        fn check_invariants(&self) {
            let mut count = 0;
            let mut latest_below = self.now;
            for level in 0..LEVELS {
                let mut latest = latest_below;
                for slot in 0..SLOTS {
                    let place = Place { level, slot };
                    let deadlines = self.deadlines(place);
                    count += deadlines.len();

                    let bit = self.occupied[level] >> slot & 1;
                    assert_eq!(bit == 1, !deadlines.is_empty(), "invariant 3 at {place:?}");
                    let Some(&earliest) = deadlines.iter().min() else {
                        assert_eq!(self.slot(place).earliest, u64::MAX, "an empty slot is as new");
                        continue;
                    };
                    assert!(deadlines.iter().all(|&at| at >= self.now), "invariant 1 at {place:?}");
                    let belongs = |&at: &u64| Place::of(at, self.now) == place;
                    assert!(deadlines.iter().all(belongs), "invariant 2 at {place:?}");
                    assert!(earliest >= latest, "invariant 4 at {place:?}");
                    assert!(self.slot(place).earliest <= earliest, "invariant 6 at {place:?}");
                    assert!(
                        earliest - self.start(place) < 1 << (level as u32 * DIGIT),
                        "invariant 6 at {place:?}"
                    );
                    latest = deadlines.into_iter().max().unwrap();
                }
                latest_below = latest;
            }
            assert!(self.occupied[LEVELS - 1].count_ones() <= 1, "the next lap is one slot");
            assert_eq!(count, self.len());
        }
    }

    #[test]
    fn an_entry_waits_at_the_highest_digit_in_which_it_differs() {
        let place = |at, now| (Place::of(at, now).level, Place::of(at, now).slot);
        assert_eq!(place(7, 7), (0, 7));
        assert_eq!(place(63, 0), (0, 63));
        assert_eq!(place(64, 63), (1, 1)); // one tick ahead, and yet one level up
        assert_eq!(place(5 * 64 + 9, 64), (1, 5));
        assert_eq!(place(Wheel::<()>::RANGE - 1, 0), (4, 63));
        assert_eq!(place(Wheel::<()>::RANGE, 1), (5, 1));
        assert_eq!(place(1 << 63, (1 << 63) - 1), (5, 0)); // a carry through every digit
    }

    #[test]
    fn the_wheel_itself_takes_6_kib() {
        assert!(size_of::<Wheel<()>>() <= 6 * 1024 + 128);
    }

    proptest! {
        #![proptest_config(ProptestConfig {
            cases: if cfg!(miri) { 2 } else { 64 },
            failure_persistence: None, // or proptest looks for a directory, which Miri does not have
            ..ProptestConfig::default()
        })]

        #[test]
        fn the_invariants_hold_after_every_step(
            (laps, back) in (0..=1_u64 << 34, 0..100_u64),
            steps in vec((0..4_u8, 0..31_u32, any::<u64>()), 0..if cfg!(miri) { 6 } else { 100 }),
        ) {
            let mut wheel = Wheel::new();
            let mut keys = Vec::new();
            wheel.pop((laps << 30).wrapping_sub(back)); // just before a lap begins
            for (step, bits, noise) in steps {
                let tick = wheel.now().saturating_add(noise & ((1 << bits) - 1));
                match step {
                    0 | 1 => keys.push(wheel.insert(tick, ()).unwrap()),
                    2 if !keys.is_empty() => _ = wheel.remove(keys[noise as usize % keys.len()]),
                    _ => while wheel.pop(tick).is_some() { wheel.check_invariants() }
                }
                wheel.check_invariants();
            }
        }
    }
}
