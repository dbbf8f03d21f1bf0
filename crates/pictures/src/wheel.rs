//! Chapter 3: the wheel as it turns, with what waits in which slot.
//!
//! The slots are those of a real wheel, looked into after each turn.

use step3::Wheel;

use crate::board::Board;

/// An entry of the wheel: its level, its slot there, and its deadline.
pub type Place = (usize, usize, u64);

/// One turn of the wheel: to which tick, what fired on the way, and what waits where after it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Turned {
    /// The tick to which it was turned.
    pub now: u64,
    /// The deadlines that came due.
    pub fired: Vec<u64>,
    /// What waits after it.
    pub places: Vec<Place>,
}

/// Turns a wheel in which five timers wait, and looks into it each time.
#[must_use]
pub fn turns() -> Vec<Turned> {
    let mut wheel = Wheel::new();
    wheel.pop(60);
    for deadline in [62, 70, 75, 600, 9000] {
        wheel.insert(deadline, deadline).expect("it is within the wheel's range");
    }
    [60, 62, 64, 75]
        .map(|now| {
            let fired = std::iter::from_fn(|| wheel.pop(now)).map(|(_, deadline)| deadline).collect();
            Turned { now, fired, places: wheel.places() }
        })
        .into()
}

/// How many levels are drawn, of how many slots each.
const LEVELS: usize = 3;
const SLOTS: usize = 64;
/// In pixels: where slots begin, how wide one is, and how high; what a level and a panel take.
const LEFT: usize = 136;
const WIDE: usize = 9;
const HIGH: usize = 14;
const LEVEL: usize = 46;
const PANEL: usize = 34 + LEVELS * LEVEL;

pub(crate) fn picture() -> String {
    let turns = turns();
    let mut board = Board::new(turns.len() * PANEL + 40);
    let mut before: Option<&Turned> = None;
    for (n, turned) in turns.iter().enumerate() {
        draw(&mut board, n * PANEL, turned, before);
        before = Some(turned);
    }
    let y = turns.len() * PANEL + 16;
    board.rect("now", LEFT, y, WIDE, HIGH);
    board.text(LEFT + WIDE + 8, y + 12, "the digit of now");
    board.rect("full", LEFT + 200, y, WIDE, HIGH);
    board.text(LEFT + 200 + WIDE + 8, y + 12, "timers wait, with these deadlines");
    board.svg(
        "A timer wheel as it turns",
        "Five timers wait in three levels of 64 slots, by the highest digit, to base 64, in which their deadline differs from \
         now. At 60: 62 waits on level 0, 70 and 75 in one slot of level 1, 600 further on, 9000 on level 2. Turned to 62, 62 \
         fires. At 64, the slot of 70 and 75 has its turn: it spills, and both move down to level 0, each into a slot of its own. \
         Turned to 75, both fire; 600 and 9000 have not been touched.",
    )
}

/// Draws the wheel after a turn, and where its entries have come from.
fn draw(board: &mut Board, top: usize, turned: &Turned, before: Option<&Turned>) {
    let now = turned.now;
    board.title(12, top + 20, &title(turned, before));
    for level in 0..LEVELS {
        let y = cell_top(top, level);
        let each = SLOTS.pow(level as u32);
        board.text(12, y + 12, &format!("level {level} (×{each})"));
        board.rect("row", LEFT, y, SLOTS * WIDE, HIGH);
        for slot in 1..SLOTS {
            board.path("tick", &format!("M{} {y}v{HIGH}", LEFT + slot * WIDE));
        }
        for slot in 0..SLOTS {
            let here = turned.places.iter().filter(|place| (place.0, place.1) == (level, slot));
            let deadlines: Vec<_> = here.map(|(_, _, deadline)| deadline.to_string()).collect();
            if !deadlines.is_empty() {
                board.rect("full", LEFT + slot * WIDE, y, WIDE, HIGH);
                board.text(LEFT + slot * WIDE, y - 5, &deadlines.join(", "));
            }
        }
        let digit = now as usize / each % SLOTS;
        board.rect("now", LEFT + digit * WIDE, y, WIDE, HIGH);
    }
    for (from, to) in moved(turned, before) {
        let [from_x, to_x] = [from.1, to.1].map(|slot| LEFT + slot * WIDE + WIDE / 2);
        let [from_y, to_y] = [cell_top(top, from.0) + HIGH, cell_top(top, to.0) - 18];
        board.arrow("move", (from_x, from_y), (to_x, to_y));
    }
}

/// Level 0 is the lowest.
fn cell_top(top: usize, level: usize) -> usize {
    top + 34 + (LEVELS - 1 - level) * LEVEL + 16
}

/// Which entries wait in another place than before.
fn moved<'a>(turned: &'a Turned, before: Option<&'a Turned>) -> Vec<(&'a Place, &'a Place)> {
    let earlier = before.map_or(&[][..], |before| &before.places);
    let pairs = turned.places.iter().filter_map(|to| Some((earlier.iter().find(|from| from.2 == to.2)?, to)));
    pairs.filter(|(from, to)| from != to).collect()
}

fn title(turned: &Turned, before: Option<&Turned>) -> String {
    let now = turned.now;
    let list = |deadlines: Vec<u64>| deadlines.iter().map(u64::to_string).collect::<Vec<_>>().join(" and ");
    let spilled = moved(turned, before).iter().map(|(_, to)| to.2).collect::<Vec<_>>();
    match (before, turned.fired.len(), spilled.len()) {
        (None, ..) => format!("now = {now}: {} timers are set", turned.places.len()),
        (_, 0, 0) => format!("turned to {now}"),
        (_, 0, _) => format!("turned to {now}: a slot of level 1 spills, {} move down", list(spilled)),
        (_, 1, _) => format!("turned to {now}: {} fires", list(turned.fired.clone())),
        _ => format!("turned to {now}: {} fire", list(turned.fired.clone())),
    }
}
