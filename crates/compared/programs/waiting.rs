//! Step 4's `select` and `as_completed`: the first, or each as it comes.

use std::cell::Cell;
use std::io;
use std::rc::Rc;

use compared::{ms, say};
use step3::{sleep, timeout};
use step4::{as_completed, gather_settled, select, spawn, try_gather};

type Outcome = io::Result<String>;

async fn work(name: impl ToString, time: u64) -> Outcome {
    sleep(ms(time)).await;
    Ok(name.to_string())
}

async fn fail(time: u64) -> Outcome {
    sleep(ms(time)).await;
    Err(io::Error::other("no bread"))
}

fn text(outcome: Outcome) -> String {
    outcome.unwrap_or_else(|error| error.to_string())
}

/// Waiting for the first one leaves the others running.
pub(crate) async fn the_first() {
    let mut tasks = vec![spawn(work("slow", 80)), spawn(work("quick", 40))];
    let done = select(&mut tasks).await.unwrap();
    say!("{}", text(done.unwrap()));
    say!("{} left", tasks.len());
    let done = select(&mut tasks).await.unwrap();
    say!("{}", text(done.unwrap()));
}

/// Waiting for the first error ends with it, and leaves the others running.
pub(crate) async fn the_first_error() {
    let slow_is_done = Rc::new(Cell::new(false));
    let flag = Rc::clone(&slow_is_done);
    let slow = spawn(async move {
        let outcome = work("slow", 120).await;
        flag.set(true);
        outcome
    });
    let tasks = [spawn(work("quick", 40)), spawn(fail(80)), slow];
    if let Err(error) = try_gather(tasks).await {
        say!("{error}");
    }
    say!("{}", if slow_is_done.get() { "slow is done" } else { "slow still runs" });
    sleep(ms(80)).await;
    say!("{}", if slow_is_done.get() { "slow is done" } else { "slow still runs" });
}

/// Waiting for all waits for all, whatever fails.
pub(crate) async fn all_of_them() {
    let tasks = [spawn(fail(40)), spawn(work("slow", 80))];
    for outcome in gather_settled(tasks).await {
        say!("{}", text(outcome.unwrap()));
    }
}

/// A time limit for the waiting cancels none of the tasks.
pub(crate) async fn a_time_limit_cancels_nothing() {
    let mut tasks = vec![spawn(work("slow", 80))];
    let done = timeout(ms(40), select(&mut tasks)).await;
    say!("{} done, {} left", done.iter().len(), tasks.len());
    let done = select(&mut tasks).await.unwrap();
    say!("{}", text(done.unwrap()));
}

/// `as_completed` gives the outcomes in the order in which the tasks end.
pub(crate) async fn as_they_come() {
    let name = |time| format!("after {} s", ms(time).as_secs_f64());
    let tasks = [120, 40, 80].map(|time| spawn(work(name(time), time)));
    let mut outcomes = as_completed(tasks);
    while let Some(outcome) = outcomes.next().await {
        say!("{}", text(outcome.unwrap()));
    }
}

/// An error comes at its turn, and ends nothing.
pub(crate) async fn an_error_comes_at_its_turn() {
    let mut tasks = vec![spawn(work("slow", 120)), spawn(fail(80))];
    tasks.push(spawn(work("quick", 40)));
    let mut outcomes = as_completed(tasks);
    while let Some(outcome) = outcomes.next().await {
        match outcome.unwrap() {
            Ok(name) => say!("{name}"),
            Err(error) => say!("{error}"),
        }
    }
}
