//! What an answer to `cancel-siblings` has to do.

use std::future::pending;

use exercises::{JoinHandle, check, misconception, note, notes, run, spawn, yield_now};

use super::{Part, all_or_none};

/// Notes the end of a task's future.
struct Says(&'static str);

impl Drop for Says {
    fn drop(&mut self) {
        note(format!("{} is dropped", self.0));
    }
}

/// Spawns a task that takes so many turns, notes each of them, and has this outcome.
fn task(name: &'static str, turns: u32, outcome: Part) -> JoinHandle<Part> {
    let says = Says(name);
    spawn(name, async move {
        let _says = says;
        for turn in 1..=turns {
            note(format!("{name}: turn {turn}"));
            yield_now().await;
        }
        outcome
    })
}

/// Runs a group, notes its outcome, and gives what is left of it more turns than it needs.
async fn group(tasks: Vec<JoinHandle<Part>>) -> Result<Vec<u32>, &'static str> {
    let outcome = all_or_none(tasks).await;
    note("the group is over");
    for _ in 0..10 {
        yield_now().await;
    }
    outcome
}

/// Tells where a note stands among the others.
fn place(text: &str) -> usize {
    notes().iter().position(|note| note == text).unwrap_or_else(|| panic!("nobody has noted `{text}`"))
}

#[test]
fn the_outputs_are_in_the_order_of_the_tasks() {
    check(|_| {
        let outcome =
            run(async { group(vec![task("a", 3, Ok(1)), task("b", 1, Ok(2)), task("c", 2, Ok(3))]).await });
        assert_eq!(outcome, Some(Ok(vec![1, 2, 3])));
    });
}

#[test]
fn the_first_error_in_time_is_returned() {
    check(|_| {
        let outcome = run(async {
            let never = spawn("never", pending::<Part>());
            let late = task("late", 5, Err("the late error"));
            let early = task("early", 2, Err("the early error"));
            group(vec![task("good", 1, Ok(1)), never, late, early]).await
        });
        match outcome {
            Some(Err("the early error")) => {}
            None => misconception(
                "W4-waits-in-order",
                "a task has failed, but the group waits for another one, and never ends",
            ),
            other => panic!("the early error comes first, but what came was {other:?}"),
        }
        let outcome = run(async {
            group(vec![task("late", 5, Err("the late error")), task("early", 2, Err("the early error"))])
                .await
        });
        if outcome == Some(Err("the late error")) {
            misconception("W4-waits-in-order", "the first error in the order of the tasks came, not in time");
        }
        assert_eq!(outcome, Some(Err("the early error")));
    });
}

#[test]
fn the_others_do_not_run_on() {
    check(|_| {
        let outcome = run(async {
            let tasks = vec![task("a", 9, Ok(1)), task("bad", 2, Err("no bread")), task("c", 9, Ok(3))];
            group(tasks).await
        });
        assert_eq!(outcome, Some(Err("no bread")));
        let after = notes().split_off(place("the group is over"));
        let running = after.iter().find(|note| note.contains("turn ")).map(String::as_str);
        if let Some(turn) = running {
            misconception("W4-gather-cancels", &format!("after the group had returned its error: {turn}"));
        }
        let is_last = |note: &&String| ["a: turn 9", "c: turn 9"].contains(&note.as_str());
        assert_eq!(notes().iter().find(is_last), None, "it has run to its end before the error was returned");
    });
}

#[test]
fn all_others_are_dropped_before_the_error_is_returned() {
    check(|_| {
        let outcome = run(async {
            let over = task("over", 1, Ok(1));
            let waits = |name: &'static str| {
                let says = Says(name);
                spawn(name, async move {
                    let _says = says;
                    pending::<Part>().await
                })
            };
            let one = waits("one");
            let bad = task("bad", 2, Err("no bread"));
            group(vec![over, one, bad, waits("two")]).await
        });
        assert_eq!(outcome, Some(Err("no bread")));
        for name in ["one", "two", "over", "bad"] {
            if place(&format!("{name} is dropped")) > place("the group is over") {
                let text = format!("the error was returned, and {name} was not dropped yet");
                misconception("W4-abort-at-once", &text);
            }
        }
    });
}

#[test]
fn a_group_of_no_tasks_succeeds() {
    check(|_| {
        assert_eq!(run(group(vec![])), Some(Ok(vec![])));
    });
}
