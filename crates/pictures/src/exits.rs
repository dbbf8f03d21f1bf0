//! Chapter 6: on which paths a `with` is left, and what may come between two awaits.

use std::cell::Cell;
use std::panic::resume_unwind;
use std::rc::Rc;

use step3::sleep;
use step4::{JoinError, JoinHandle, join_all, spawn};
use step6::{AsyncContext, Mutex, Outcome, with};
use timeline::{Figure, Panel, Timeline};

use crate::play::{millis, on_loop, say, secs};

/// A connection that takes a second to open, and one to close.
struct Slow;

impl AsyncContext<(), &'static str> for Slow {
    type Value = ();

    async fn enter(self) -> Result<(), &'static str> {
        say("enters");
        sleep(secs(1)).await;
        Ok(())
    }

    async fn exit((): (), outcome: Outcome<(), &'static str>) -> Outcome<(), &'static str> {
        say(match &outcome {
            Outcome::Returned(()) => "exit: returned",
            Outcome::Failed(_) => "exit: failed",
            Outcome::Panicked(_) => "exit: panicked",
            Outcome::Cancelled => "exit: cancelled",
        });
        sleep(secs(1)).await;
        say("left");
        outcome
    }
}

/// How a body ends after its second.
#[derive(Clone, Copy)]
enum Ends {
    Returns,
    Fails,
    Panics,
}

async fn block(ends: Ends) -> Result<(), &'static str> {
    with(Slow, async |()| {
        say("body");
        sleep(secs(1)).await;
        match ends {
            Ends::Returns => Ok(()),
            Ends::Fails => Err("no such table"),
            Ends::Panics => resume_unwind(Box::new("a mistake")), // Without a message on standard error.
        }
    })
    .await
}

/// Waits for the block's task, and says what came of it.
async fn watch(task: JoinHandle<Result<(), &'static str>>) {
    say(match task.await {
        Ok(Ok(())) => "Ok",
        Ok(Err(_)) => "Err",
        Err(JoinError::Cancelled) => "cancelled",
        Err(_) => "panicked",
    });
}

async fn program(ends: Ends) {
    watch(spawn(block(ends))).await;
}

/// Aborts the block in the middle of its body.
pub(crate) fn cancelled_run() -> Timeline {
    async fn program() {
        let task = spawn(block(Ends::Returns));
        sleep(millis(1500)).await;
        task.abort();
        watch(task).await;
    }
    on_loop(program())
}

pub(crate) fn async_with_run() -> Timeline {
    on_loop(program(Ends::Returns))
}

/// Leaves a `with` in four ways: it returns, fails, panics, is dropped.
#[must_use]
pub fn exit_runs() -> [Timeline; 4] {
    let [returns, fails, panics] =
        [Ends::Returns, Ends::Fails, Ends::Panics].map(|ends| on_loop(program(ends)));
    [returns, fails, panics, cancelled_run()]
}

/// Shows the tasks alone, by the names of what they run. What is left to the loop has no name of its own.
fn tasks(lane: &str) -> Option<String> {
    let name = lane.strip_prefix("task ")?.split_once(' ')?.1;
    Some(if ["program", "block"].contains(&name) { name } else { "clean-up" }.to_owned())
}

pub(crate) fn exits_picture() -> String {
    let [returns, fails, panics, dropped] = exit_runs();
    let panel = |title, run| Panel::new(title, run).with_notes().named(tasks);
    Figure::new(
        "Four ways out of a with",
        "A block takes a second to enter, a second for its body and a second to leave. If the body returns, fails or panics, the \
         exit is awaited in the same task, and whoever waits for the task goes on after it. If the task is aborted in the middle \
         of its body, whoever waits goes on at once, and the exit runs as a clean-up, a task of the loop.",
    )
    .panel(panel("The body returns", returns))
    .panel(panel("The body fails", fails))
    .panel(panel("The body panics", panics))
    .panel(panel("The task is aborted in its body, at 1.5 s", dropped))
    .svg()
}

async fn deposit(account: Rc<Cell<u32>>) {
    let balance = account.get();
    say(format!("reads {balance}"));
    sleep(secs(1)).await; // As if the database were far away.
    account.set(balance + 1);
    say(format!("writes {}", balance + 1));
}

async fn deposit_locked(account: Rc<Cell<u32>>, lock: Rc<Mutex<()>>) {
    let _guard = lock.lock().await;
    deposit(account).await;
}

/// Makes three deposits of 1 that run together, without a lock and with one.
#[must_use]
pub fn deposit_runs() -> [Timeline; 2] {
    async fn without_lock() {
        let account = Rc::new(Cell::new(0));
        join_all((0..3).map(|_| spawn(deposit(Rc::clone(&account))))).await;
        say(format!("balance: {}", account.get()));
    }
    async fn with_lock() {
        let (account, lock) = (Rc::new(Cell::new(0)), Rc::new(Mutex::new(())));
        join_all((0..3).map(|_| spawn(deposit_locked(Rc::clone(&account), Rc::clone(&lock))))).await;
        say(format!("balance: {}", account.get()));
    }
    [on_loop(without_lock()), on_loop(with_lock())]
}

pub(crate) fn deposits_picture() -> String {
    let [without_lock, with_lock] = deposit_runs();
    let named = |lane: &str| {
        let (number, name) = lane.strip_prefix("task ")?.split_once(' ')?;
        Some(if number == "0" {
            "program".to_owned()
        } else {
            format!("{} {number}", name.trim_end_matches("_locked"))
        })
    };
    let panel = |title, run| Panel::new(title, run).with_notes().named(named);
    Figure::new(
        "Three deposits of 1, each with an await between reading and writing",
        "Without a lock all three read 0 before the first one writes, and each writes 1: the balance is 1. With a lock they take \
         turns: each reads what the one before has written, and the balance is 3, after three seconds instead of one.",
    )
    .panel(panel("Without a lock: the balance is 1", without_lock))
    .panel(panel("With a lock: the balance is 3", with_lock))
    .svg()
}
