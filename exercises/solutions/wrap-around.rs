//! Exercise `wrap-around` (step 3, middling): one level of a wheel, and deadlines beyond its lap.
//!
//! The level has eight slots, and a deadline waits in the slot of its last digit in base eight. After slot 7 comes slot 0, in the
//! next lap: so a slot that lies behind is still to come, and a slot may hold deadlines of several laps. (The step's wheel has further
//! levels for what is beyond a lap. This one has none.)
//!
//! # Contract
//!
//! - `insert` puts a deadline into its slot: that of its last digit.
//! - `next` is the first tick from `now` on whose slot holds something, of whatever lap; none if nothing waits.
//! - `turn` hands out each deadline at its tick, and not before.
//! - A deadline whose slot lies behind is handed out in the next lap.
//! - A deadline of a later lap stays in its slot while `turn` passes it by.
//! - One `turn` over many laps hands out all that is due, in the order of the deadlines.
//!
//! Check it with `cargo course check wrap-around`.

/// How many slots there are, and how many ticks a lap has.
const SLOTS: u64 = 8;

/// One level. Each slot holds the deadlines that wait in it.
#[derive(Default)]
struct Level {
    /// The first tick whose deadlines have not been handed out.
    now: u64,
    slots: [Vec<u64>; SLOTS as usize],
}

/// Returns the slot of a tick: its last digit.
fn slot(tick: u64) -> usize {
    (tick % SLOTS) as usize
}

impl Level {
    /// Lets a deadline wait, which is `now` or later.
    fn insert(&mut self, deadline: u64) {
        // BEGIN SOLUTION: put it into its slot
        self.slots[slot(deadline)].push(deadline);
        // END SOLUTION
    }

    /// Returns the tick at which there is something to look at.
    fn next(&self) -> Option<u64> {
        // BEGIN SOLUTION: look at each slot, in the order in which they come up
        (self.now..self.now + SLOTS).find(|tick| !self.slots[slot(*tick)].is_empty())
        // END SOLUTION
    }

    /// Goes on to `to`, and hands out what is due by then. After that, `now` is the tick behind `to`.
    fn turn(&mut self, to: u64) -> Vec<u64> {
        // BEGIN SOLUTION: from one occupied slot to the next, and out of each what is due
        let mut due = Vec::new();
        while let Some(tick) = self.next().filter(|tick| *tick <= to) {
            due.extend(self.slots[slot(tick)].extract_if(.., |deadline| *deadline == tick));
            self.now = tick + 1;
        }
        self.now = to + 1;
        due
        // END SOLUTION
    }
}

#[cfg(test)]
#[path = "../checks/wrap-around.rs"]
mod checks;
