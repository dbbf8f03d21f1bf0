//! Chapter 7: who holds the lock when, and how an addition gets lost although it is held.

use std::sync::{Arc, Barrier};
use std::thread;
use std::time::Duration;

use step3::ManualClock;
use step7::{CheckAt, Data, Gil, GilGuard, Outcome, Program, Schedules};
use timeline::{Figure, Panel, Timeline, inherit, probe};

use crate::board::Board;
use crate::play::{by_hand, millis, say};

/// What the interval is on the recording's clock.
const INTERVAL: Duration = millis(5);

/// Two threads, one lock. Both compute; then one of them reads a file.
///
/// The lock is step 7's, with its own threads, requests and hand-overs; the interval it waits is a real one. The clock is made
/// up: whoever holds the lock moves it on, by an interval whenever it finds that it was asked to let go.
#[must_use]
pub fn holder_run() -> Timeline {
    by_hand(|clock| {
        let gil = Gil::builder().interval(millis(1)).build();
        let (lane_a, lane_b) = (inherit(), inherit());
        let meet = Arc::new(Barrier::new(2));
        probe::parked(None);
        thread::scope(|scope| {
            let (has_it, a_has_it) = std::sync::mpsc::channel();
            scope.spawn({
                let (gil, clock, meet) = (gil.clone(), clock.clone(), Arc::clone(&meet));
                move || {
                    let lane = lane_a.enter("A");
                    let mut thread = gil.thread();
                    let mut guard = thread.take();
                    has_it.send(()).expect("B is started when A has the lock");
                    until_asked(&guard, &clock);
                    guard.check();
                    clock.advance(millis(2));
                    say("reads a file");
                    guard.allow_threads(|| {
                        meet.wait(); // B has the lock.
                        probe::parked(None);
                        meet.wait();
                        meet.wait(); // The file has been read.
                        probe::unparked();
                    });
                    until_asked(&guard, &clock);
                    drop(guard);
                    meet.wait(); // B has the lock, for the last time.
                    drop(lane);
                    meet.wait();
                }
            });
            a_has_it.recv().expect("A takes it");
            scope.spawn({
                let (gil, clock, meet) = (gil.clone(), clock.clone(), Arc::clone(&meet));
                move || {
                    let _lane = lane_b.enter("B");
                    let mut thread = gil.thread();
                    let mut guard = thread.take();
                    until_asked(&guard, &clock);
                    guard.check();
                    meet.wait();
                    meet.wait(); // A is asleep.
                    clock.advance(millis(8));
                    meet.wait();
                    until_asked(&guard, &clock);
                    guard.check();
                    meet.wait();
                    meet.wait(); // A is over.
                    clock.advance(millis(3));
                }
            });
        });
        probe::unparked();
    })
}

/// Computes until somebody asks for the lock.
fn until_asked(guard: &GilGuard<'_>, clock: &ManualClock) {
    while !guard.py().is_due() {
        thread::sleep(Duration::from_micros(100));
    }
    clock.advance(INTERVAL);
    say("was asked");
}

pub(crate) fn holder_picture() -> String {
    let named = |lane: &str| {
        lane.strip_prefix("thread ").filter(|name| *name != "main").map(|name| format!("thread {name}"))
    };
    Figure::new(
        "Who holds the GIL: two threads",
        "Only one thread runs at a time. Thread A computes, until thread B has waited for the interval of 5 ms and asks; A lets go, and B \
         runs until A asks. Before it reads a file, A lets go by itself, and B computes on. When the file has been read, A has to \
         wait for an interval again, before B is asked and lets go.",
    )
    .panel(Panel::new("runs = holds the GIL (a made-up clock; an interval is 5 ms)", holder_run()).with_notes().named(named))
    .svg()
}

const ONCE: &str = "LOAD_GLOBAL n\nLOAD_CONST 1\nADD\nSTORE_GLOBAL n";
const TWICE_WITH_CALLS: &str = "LOAD_GLOBAL n\nLOAD_GLOBAL f\nCALL 0\nADD\nSTORE_GLOBAL n\nLOAD_GLOBAL n\nLOAD_GLOBAL f\nCALL 0\nADD\nSTORE_GLOBAL n";

/// Tries all schedules of two threads that add, and returns one that leads to each sum.
fn outcomes(add: &str, check_at: CheckAt) -> Vec<Outcome> {
    let text = format!(
        "global n = 0\nfunc add()\nRESUME\n{add}\nHALT\nend\nfunc f()\nRESUME\nLOAD_CONST 1\nRETURN\nend"
    );
    let program = text.parse::<Program>().expect("it is a program").verify().expect("it is a good one");
    let threads = Schedules::of(&program).check_at(check_at).thread("add", &[]).thread("add", &[]);
    threads.run().expect("it has few states").iter().cloned().collect()
}

/// Returns a schedule in which `n += 1`, done by two threads, makes 1 of 0, and one in which it makes 2.
///
/// # Panics
///
/// Panics if there is no such schedule.
#[must_use]
pub fn lost_updates() -> [Outcome; 2] {
    let found = outcomes(ONCE, CheckAt::EveryInstruction);
    [1, 2].map(|n| {
        found.iter().find(|outcome| *outcome.global("n") == Data::Int(n)).expect("both can be").clone()
    })
}

/// The demo `race`: a schedule that loses half of what two threads add, although switches fall only at calls.
pub(crate) fn race_run() -> Timeline {
    let found = outcomes(TWICE_WITH_CALLS, CheckAt::BackEdgesAndCalls);
    found.iter().find(|outcome| *outcome.global("n") == Data::Int(2)).expect("it can be").timeline()
}

/// In pixels: a row's height, where the rows begin, and how wide a thread's column is.
const ROW: usize = 24;
const TOP: usize = 62;
const COLUMN: usize = 132;

pub(crate) fn lost_update_picture() -> String {
    let [lost, kept] = lost_updates();
    let rows = |outcome: &Outcome| outcome.schedule.iter().map(|turn| turn.instructions.len()).sum::<usize>();
    let mut board = Board::new(TOP + ROW * rows(&lost).max(rows(&kept)) + 16);
    draw(&mut board, 12, &lost, "one addition is lost");
    draw(&mut board, 392, &kept, "both count");
    board.svg(
        "Two threads do n += 1: a schedule that loses one, and one that does not",
        "Each thread loads n, adds 1 and stores n, and holds the GIL at every instruction. On the left, the lock changes hands after \
         thread 0 has loaded 0: thread 1 loads 0 as well, both store 1, and n ends as 1. On the right, thread 0 loads only what \
         thread 1 has stored, and n ends as 2.",
    )
}

/// Draws a schedule from the top down: a column for each thread, and one for what `n` is after each instruction.
fn draw(board: &mut Board, left: usize, outcome: &Outcome, what: &str) {
    let n_at = left + 2 * COLUMN + 16;
    board.title(left, 22, &format!("n = {} in the end: {what}", outcome.global("n")));
    for (x, name) in [(left, "thread 0"), (left + COLUMN, "thread 1"), (n_at, "n")] {
        board.title(x + 6, TOP - 12, name);
    }
    let (mut n, mut loaded, mut y) = (0, [0, 0], TOP);
    for turn in &outcome.schedule {
        let high = turn.instructions.len() * ROW;
        let x = left + turn.thread * COLUMN;
        board.rect(["first", "second"][turn.thread], x, y, COLUMN - 8, high);
        for instruction in &turn.instructions {
            board.text(x + 6, y + 17, instruction);
            match instruction.as_str() {
                "LOAD_GLOBAL n" => loaded[turn.thread] = n,
                "STORE_GLOBAL n" => n = loaded[turn.thread] + 1,
                _ => {}
            }
            board.text(n_at + 6, y + 17, &n.to_string());
            y += ROW;
        }
    }
    assert_eq!(outcome.global("n"), &Data::Int(n), "the column is what the machine has done");
}
