//! What an answer to `exit-on-error` has to do. Each part of the block waits at a gate, which the check opens.

use std::future::Future;
use std::task::Poll;

use exercises::{Gate, Task, Watch, check, misconception, notes};

use super::with;

const BLOCKS: &str = "the exit blocks the thread, and so nothing else runs: not even what it waits for";

/// The gates of the three parts.
#[derive(Default)]
struct Gates {
    enter: Gate,
    body: Gate,
    exit: Gate,
}

/// Begins, waits at the gate, and ends with `output`.
async fn part<T>(name: &'static str, gate: Gate, output: T) -> T {
    exercises::note(format!("{name} begins"));
    gate.pass().await;
    exercises::note(format!("{name} ends"));
    output
}

type Answer = Result<u32, &'static str>;

/// Makes a block whose enter and body end so.
fn block(
    gates: &Gates,
    entered: Result<(), &'static str>,
    result: Answer,
) -> Task<impl Future<Output = Answer>> {
    let enter = part("enter", gates.enter.clone(), entered);
    let body = part("body", gates.body.clone(), result);
    Task::new("block", with(enter, body, part("exit", gates.exit.clone(), ())))
}

/// Runs a block up to its exit, which cannot end yet, and returns what the poll says.
fn up_to_the_exit(
    watch: &Watch,
    gates: &Gates,
    task: &mut Task<impl Future<Output = Answer>>,
) -> Poll<Answer> {
    watch.a_hang_means("W6-drop-can-await", BLOCKS);
    gates.enter.open();
    gates.body.open();
    let poll = task.poll();
    let notes = notes();
    let has = |note: &str| notes.iter().any(|other| other == note);
    if poll.is_ready() && has("exit begins") && !has("exit ends") {
        misconception("W6-drop-can-await", "the exit was begun, and nobody has awaited its end");
    }
    poll
}

#[test]
fn each_part_begins_when_the_one_before_has_ended() {
    check(|watch| {
        watch.a_hang_means("W6-drop-can-await", BLOCKS);
        let gates = Gates::default();
        let mut task = block(&gates, Ok(()), Ok(7));
        assert_eq!(notes(), [""; 0], "nothing runs before the first poll");
        assert_eq!(task.poll(), Poll::Pending);
        assert_eq!(notes(), ["enter begins"]);
        gates.enter.open();
        assert_eq!(task.poll(), Poll::Pending);
        assert_eq!(notes(), ["enter begins", "enter ends", "body begins"]);
        let _pending_or_over = up_to_the_exit(watch, &gates, &mut task);
        assert_eq!(notes(), ["enter begins", "enter ends", "body begins", "body ends", "exit begins"]);
    });
}

#[test]
fn the_block_is_over_when_its_exit_is() {
    check(|watch| {
        let gates = Gates::default();
        let mut task = block(&gates, Ok(()), Ok(7));
        assert_eq!(up_to_the_exit(watch, &gates, &mut task), Poll::Pending);
        gates.exit.open();
        assert_eq!(task.poll(), Poll::Ready(Ok(7)));
        assert_eq!(notes().last().map(String::as_str), Some("exit ends"));
    });
}

#[test]
fn a_body_that_fails_is_left_all_the_same() {
    check(|watch| {
        let gates = Gates::default();
        let mut task = block(&gates, Ok(()), Err("no bread"));
        let _pending_or_over = up_to_the_exit(watch, &gates, &mut task);
        if !notes().contains(&"exit begins".to_owned()) {
            misconception("W6-leaves-by-question-mark", "the body has failed, and the exit does not run");
        }
    });
}

#[test]
fn the_exit_of_a_body_that_fails_is_awaited() {
    check(|watch| {
        let gates = Gates::default();
        let mut task = block(&gates, Ok(()), Err("no bread"));
        assert_eq!(up_to_the_exit(watch, &gates, &mut task), Poll::Pending);
        gates.exit.open();
        assert_eq!(task.poll(), Poll::Ready(Err("no bread")));
        assert_eq!(notes().last().map(String::as_str), Some("exit ends"));
    });
}

#[test]
fn an_enter_that_fails_has_neither_body_nor_exit() {
    check(|watch| {
        let gates = Gates::default();
        gates.exit.open();
        let mut task = block(&gates, Err("locked"), Ok(7));
        let poll = up_to_the_exit(watch, &gates, &mut task);
        if notes().contains(&"exit begins".to_owned()) {
            misconception("W6-exit-without-enter", "nothing was entered, and the exit has run");
        }
        assert_eq!(poll, Poll::Ready(Err("locked")));
        assert_eq!(notes(), ["enter begins", "enter ends"]);
    });
}
