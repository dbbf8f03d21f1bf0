//! A wrong answer to `dropped-handle`: `spawn` runs the task up to its first await.

use exercises::{JoinHandle, note, spawn, yield_now};

/// Takes three turns, notes each of them, and notes when it is dropped.
async fn three_turns() -> u32 {
    let _says = Says;
    for turn in 1..=3 {
        note(format!("task: turn {turn}"));
        yield_now().await;
    }
    note("task: end");
    3
}

/// Gives others so many turns.
async fn give_way(turns: u32) {
    for _ in 0..turns {
        yield_now().await;
    }
}

/// The first program.
async fn spawn_and_go_on() {
    let task = spawn("task", three_turns());
    note("main: goes on");
    assert_eq!(task.await, Ok(3));
}

/// The second program.
async fn drop_the_handle() {
    let task = spawn("task", three_turns());
    give_way(1).await;
    drop(task);
    give_way(9).await;
}

/// The third program.
async fn abort_it() {
    let task = spawn("task", three_turns());
    give_way(1).await;
    task.abort();
    note("main: abort has returned");
    give_way(9).await;
}

/// The fourth program.
async fn end_before_it() {
    drop(spawn("task", three_turns()));
    give_way(1).await;
}

/// Who is first.
#[allow(dead_code, reason = "one of them is the answer")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Who {
    /// The one who has called `spawn`.
    Main,
    /// The task that it has spawned.
    Task,
    /// You have not said yet.
    Unsaid,
}

/// What becomes of a task.
#[allow(dead_code, reason = "one of them is the answer")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    /// It never has a turn.
    NeverRuns,
    /// It is dropped in the middle.
    IsStopped,
    /// It runs to its end.
    RunsToItsEnd,
    /// You have not said yet.
    Unsaid,
}

/// When something is dropped.
#[allow(dead_code, reason = "one of them is the answer")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum When {
    /// Before `abort` returns.
    InAbort,
    /// After `abort` has returned, when it would have been the task's turn.
    AtItsTurn,
    /// When the task has run to its end.
    AtItsEnd,
    /// You have not said yet.
    Unsaid,
}

/// Who notes something first in `spawn_and_go_on`.
const FIRST: Who = Who::Task;

/// What becomes of the task in `drop_the_handle`.
const DROPPED: Fate = Fate::RunsToItsEnd;

/// When the task's future is dropped in `abort_it`.
const ABORTED: When = When::AtItsTurn;

/// What becomes of the task in `end_before_it`.
const LEFT: Fate = Fate::IsStopped;

/// Returns the output of `wanted`, lets `background` run on by itself, and ends `unwanted`: it is gone when this returns.
async fn settle(wanted: JoinHandle<u32>, background: JoinHandle<u32>, unwanted: JoinHandle<u32>) -> u32 {
    drop(background);
    unwanted.abort();
    let _cancelled = unwanted.await;
    wanted.await.expect("nobody aborts it")
}

/// Notes its end.
struct Says;

impl Drop for Says {
    fn drop(&mut self) {
        note("task: dropped");
    }
}

#[cfg(test)]
#[path = "../../checks/dropped-handle.rs"]
mod checks;
