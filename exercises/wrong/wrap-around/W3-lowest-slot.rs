//! A wrong answer to `wrap-around`: the slots are looked at from 0 on.

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
        self.slots[slot(deadline)].push(deadline);
    }

    /// Returns the tick at which there is something to look at.
    fn next(&self) -> Option<u64> {
        let lap = self.now / SLOTS * SLOTS;
        (lap..lap + SLOTS).find(|tick| !self.slots[slot(*tick)].is_empty())
    }

    /// Goes on to `to`, and hands out what is due by then. After that, `now` is the tick behind `to`.
    fn turn(&mut self, to: u64) -> Vec<u64> {
        let mut due = Vec::new();
        while let Some(tick) = self.next().filter(|tick| *tick <= to) {
            due.extend(self.slots[slot(tick)].extract_if(.., |deadline| *deadline == tick));
            self.now = tick + 1;
        }
        self.now = to + 1;
        due
    }
}

#[cfg(test)]
#[path = "../../checks/wrap-around.rs"]
mod checks;
