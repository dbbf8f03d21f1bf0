//! The chapters' pictures, and the recorded runs that the trace player plays: all made by running the steps.
//!
//! ```text
//!   a program of step N ── runs on a clock that is made up ──▶ Timeline ──▶ chapters/traces/NAME.json
//!                                                                 └─ Figure ──▶ chapters/pictures/NAME.svg
//! ```
//!
//! Nothing is drawn that was not recorded, so a picture cannot lie; and as every clock here is made up, and every race is
//! decided by the program that shows it, the files are the same to the byte whoever makes them. `tests/files.rs` compares them with
//! those in `chapters`, and `UPDATE=1 cargo test -p pictures` writes them.
//!
//! A module for each chapter: `blocking` (1), `waking` (2), `timers` and `wheel` (3), `tasks` (4), `items` (5), `exits` (6), `gil` (7). Most
//! pictures are figures of the [timeline]; what is not a matter of lanes is drawn on a `board`.
#![forbid(unsafe_code)]

mod board;
mod play;

mod blocking;
mod exits;
mod gil;
mod items;
mod tasks;
mod timers;
mod waking;
mod wheel;

use timeline::Timeline;

pub use blocking::blocking_runs;
pub use exits::{deposit_runs, exit_runs};
pub use gil::{holder_run, lost_updates};
pub use items::{in_flight, window_runs};
pub use tasks::{Transitions, states_run};
pub use waking::wake_runs;
pub use wheel::{Place, Turned, turns};

/// Draws all pictures: each one's name, and its SVG.
#[must_use]
pub fn pictures() -> Vec<(&'static str, String)> {
    vec![
        ("blocking", blocking::picture()),
        ("await", waking::await_picture()),
        ("lost-wakeup", waking::lost_wakeup_picture()),
        ("wheel", wheel::picture()),
        ("sleeps", timers::sleeps_picture()),
        ("task-states", tasks::states_picture()),
        ("gather", tasks::gather_picture()),
        ("in-flight", items::in_flight_picture()),
        ("async-for", items::async_for_picture()),
        ("exits", exits::exits_picture()),
        ("deposits", exits::deposits_picture()),
        ("gil", gil::holder_picture()),
        ("lost-update", gil::lost_update_picture()),
    ]
}

/// Records all runs for the player: each one's name, and what was recorded.
#[must_use]
pub fn traces() -> Vec<(&'static str, Timeline)> {
    let [without_lock, with_lock] = deposit_runs();
    vec![
        ("blocking", blocking::program_run()),
        ("await", waking::await_run()),
        ("async-await", timers::async_await_run()),
        ("timeout", timers::timeout_run()),
        ("gather", tasks::gather_run()),
        ("create-task", tasks::create_task_run()),
        ("async-for", items::async_for_run()),
        ("buffered", items::buffered_run()),
        ("async-with", exits::async_with_run()),
        ("async-with-cancelled", exits::cancelled_run()),
        ("transactions", without_lock),
        ("transactions-locked", with_lock),
        ("gil", holder_run()),
        ("race", gil::race_run()),
    ]
}
