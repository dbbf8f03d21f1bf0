//! Chapter 4: tasks that run together, and the states that a task goes through.

use std::collections::BTreeMap;

use step2::yield_now;
use step3::sleep;
use step4::{gather, spawn};
use timeline::{Figure, Kind, Panel, TaskId, Timeline};

use crate::board::Board;
use crate::play::{on_loop, say, secs};

async fn io_operation(id: u32, delay: u64) {
    sleep(secs(delay)).await;
    say(format!("IO {id} delayed {delay}s"));
}

/// The note's `gather` program.
pub(crate) fn gather_run() -> Timeline {
    async fn program() {
        gather([spawn(io_operation(1, 1)), spawn(io_operation(2, 2))]).await.expect("neither fails");
    }
    on_loop(program())
}

/// The note's `create_task` program.
pub(crate) fn create_task_run() -> Timeline {
    async fn program() {
        let task1 = spawn(io_operation(1, 1));
        let task2 = spawn(io_operation(2, 2));
        task1.await.expect("it does not fail");
        task2.await.expect("it does not fail");
    }
    on_loop(program())
}

pub(crate) fn gather_picture() -> String {
    Figure::new(
        "gather: two tasks on one thread",
        "A program gathers a task that sleeps for one second and one that sleeps for two. Both wait at the same time, so all is \
         over after two seconds. The one thread sleeps meanwhile, runs for a moment when a timer comes due, and each task that ends \
         wakes the program.",
    )
    .panel(Panel::new("", gather_run()).with_notes())
    .svg()
}

/// Tasks that between them go through all states.
#[must_use]
pub fn states_run() -> Timeline {
    async fn sleeper() {
        sleep(secs(1)).await;
    }
    async fn yielder() {
        yield_now().await;
        yield_now().await;
    }
    async fn program() {
        let [sleeps, yields] = [spawn(sleeper()), spawn(yielder())];
        let never = spawn(std::future::pending::<()>());
        sleeps.await.expect("it is not cancelled");
        yields.await.expect("it is not cancelled");
        never.abort();
        never.await.expect_err("it is cancelled");
    }
    on_loop(program())
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum State {
    Unborn,
    Ready,
    Runs,
    /// It runs, and was woken meanwhile.
    Woken,
    Waits,
    Done,
    Cancelled,
}

use State::{Cancelled, Done, Ready, Runs, Unborn, Waits, Woken};

/// How often the tasks of a recording went from one state to another.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Transitions(BTreeMap<(State, State), usize>);

impl Transitions {
    /// Counts them.
    #[must_use]
    pub fn of(timeline: &Timeline) -> Self {
        let mut counts = BTreeMap::new();
        let mut states: BTreeMap<TaskId, State> = BTreeMap::new();
        for event in &timeline.events {
            let Some(task) = event.kind.subject() else { continue };
            let state = states.entry(task).or_insert(Unborn);
            let next = match (*state, &event.kind) {
                (_, Kind::Spawned { .. }) => Ready,
                (Ready, Kind::PollBegin { .. }) => Runs,
                (Runs, Kind::Woken { .. }) => Woken,
                (Waits, Kind::Woken { .. }) => Ready,
                (Runs | Woken, Kind::PollEnd { ready: true, .. }) => Done,
                (Runs, Kind::PollEnd { .. }) => Waits,
                (Woken, Kind::PollEnd { .. }) => Ready,
                (_, Kind::Cancelled { .. }) => Cancelled,
                (same, _) => same, // Such as the second wake of a task that is in the queue already.
            };
            if next != *state {
                *counts.entry((*state, next)).or_default() += 1;
            }
            *state = next;
        }
        Self(counts)
    }

    /// Counts those that begin a task, and those that end one.
    #[must_use]
    pub fn born_and_ended(&self) -> (usize, usize) {
        let count = |wanted: &dyn Fn(&(State, State)) -> bool| {
            self.0.iter().filter(|(edge, _)| wanted(edge)).map(|(_, count)| count).sum()
        };
        (count(&|(from, _)| *from == Unborn), count(&|(_, to)| matches!(to, Done | Cancelled)))
    }
}

/// An edge of the drawing: the arrow's ends, where its words begin, and what the words are.
type Edge = ((State, State), (usize, usize), (usize, usize), (usize, usize), &'static str);

const EDGES: [Edge; 8] = [
    ((Unborn, Ready), (16, 170), (92, 170), (12, 158), "spawn"),
    ((Ready, Runs), (232, 170), (348, 170), (252, 158), "poll"),
    ((Runs, Done), (488, 170), (602, 170), (506, 158), "Ready"),
    ((Runs, Waits), (418, 194), (418, 296), (428, 250), "Pending"),
    ((Waits, Ready), (348, 312), (180, 198), (180, 264), "wake"),
    ((Runs, Woken), (418, 146), (418, 64), (428, 110), "wake"),
    ((Woken, Ready), (348, 48), (180, 142), (166, 88), "Pending"),
    ((Waits, Cancelled), (488, 320), (602, 320), (506, 308), "abort"),
];

/// Boxes: the middle, and what is in them.
const BOXES: [((usize, usize), &str, &str); 6] = [
    ((162, 170), "ready", "in the queue"),
    ((418, 170), "runs", "is being polled"),
    ((418, 40), "runs, woken", "runs once more"),
    ((418, 320), "waits", "its waker is kept"),
    ((680, 170), "done", "the output is there"),
    ((680, 320), "cancelled", "the future is gone"),
];

pub(crate) fn states_picture() -> String {
    let transitions = Transitions::of(&states_run());
    let mut board = Board::new(370);
    for ((x, y), name, what) in BOXES {
        let wide = if x > 600 { 156 } else { 140 };
        board.rect("box", x - wide / 2, y - 24, wide, 48);
        board.centred(x, y - 4, name);
        board.centred(x, y + 14, what);
    }
    for (edge, from, to, (x, y), what) in EDGES {
        let count = transitions.0.get(&edge).copied().unwrap_or_default();
        board.arrow("edge", from, to);
        board.text(x, y, &format!("{what} ×{count}"));
    }
    let is_drawn = |edge: &(State, State)| EDGES.iter().any(|drawn| drawn.0 == *edge);
    assert!(transitions.0.keys().all(is_drawn), "a transition is not in the drawing: {transitions:?}");
    board.svg(
        "The states of a task, and how often a run went from one to another",
        "A spawned task is ready: it is in the queue. It is polled, and runs. If the poll is pending, it waits until a wake puts it \
         back into the queue. If it was woken while it ran, it goes back into the queue at once. If the poll is ready, it is done. A \
         task that is aborted is cancelled: its future is gone. The numbers are counted in a recorded run of four tasks: a program, one \
         that sleeps, one that yields twice, and one that is aborted.",
    )
}
