//! What an answer to `nested-exits` has to do. The check is the loop: it polls, drops, and runs what was left to it.

use std::future::{Future, ready};
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use exercises::{Gate, Task, check, misconception, note, notes};

use super::{CleanUps, Exit, Nest};

const NAMES: [&str; 3] = ["outer", "middle", "inner"];

/// An exit that waits at a gate.
fn exit(name: &'static str, gate: &Gate) -> Exit {
    let gate = gate.pass();
    Box::pin(async move {
        note(format!("{name} begins"));
        gate.await;
        note(format!("{name} ends"));
    })
}

/// A nest of three, and the gates of their exits.
fn three(clean_ups: &CleanUps) -> (Nest, [Gate; 3]) {
    let gates = [Gate::new(), Gate::new(), Gate::new()];
    let mut nest = Nest::new(clean_ups.clone());
    for (name, gate) in NAMES.iter().zip(&gates) {
        let enter = pin!(nest.enter(ready(Ok::<_, ()>(())), exit(name, gate)));
        // Not as a task, which would be drawn.
        assert_eq!(enter.poll(&mut Context::from_waker(Waker::noop())), Poll::Ready(Ok(())));
    }
    (nest, gates)
}

/// Runs at the same time what was left, as the loop does.
struct Loop(Vec<Task<Exit>>);

impl Loop {
    fn of(clean_ups: &CleanUps) -> Self {
        Self(clean_ups.0.take().into_iter().map(|exit| Task::new("clean-up", exit)).collect())
    }

    /// Gives each a turn.
    fn turn(&mut self) {
        self.0.retain_mut(|task| task.poll().is_pending());
    }

    /// Opens one gate after the other, from the inside out, and lets everything run.
    fn run(&mut self, gates: &[Gate]) {
        for gate in gates.iter().rev() {
            gate.open();
            self.turn();
        }
        assert!(self.0.is_empty(), "all gates are open, but something that was left is not over");
    }
}

const IN_ORDER: [&str; 6] =
    ["inner begins", "inner ends", "middle begins", "middle ends", "outer begins", "outer ends"];

#[test]
fn an_enter_that_fails_puts_no_exit_on_the_nest() {
    check(|_| {
        let (clean_ups, gate) = (CleanUps::default(), Gate::new());
        let mut nest = Nest::new(clean_ups.clone());
        let entered = Task::new("enter", nest.enter(ready(Err("locked")), exit("unentered", &gate))).poll();
        assert_eq!(entered, Poll::Ready(Err("locked")));
        assert_eq!(Task::new("leave", nest.leave()).poll(), Poll::Ready(()), "there is nothing to leave");
        assert_eq!(notes(), [""; 0]);
    });
}

#[test]
fn leave_awaits_the_exits_from_the_inside_out() {
    check(|_| {
        let (nest, gates) = three(&CleanUps::default());
        let mut task = Task::new("leave", nest.leave());
        for (at, gate) in gates.iter().enumerate().rev() {
            assert_eq!(task.poll(), Poll::Pending);
            if notes().first().is_some_and(|note| note == "outer begins") {
                misconception(
                    "W6-leaves-in-order",
                    "what was entered first is left first, with the others still in it",
                );
            }
            assert_eq!(notes(), IN_ORDER[..5 - 2 * at]);
            gate.open();
        }
        assert_eq!(task.poll(), Poll::Ready(()));
        assert_eq!(notes(), IN_ORDER);
    });
}

#[test]
fn a_nest_that_is_dropped_leaves_the_inner_one_first() {
    check(|_| {
        let clean_ups = CleanUps::default();
        let (nest, _gates) = three(&clean_ups);
        drop(nest);
        let mut left = Loop::of(&clean_ups);
        left.turn();
        match notes().first().map(String::as_str) {
            Some("inner begins") => {}
            Some("outer begins") => misconception(
                "W6-leaves-in-order",
                "the nest was dropped, and what was entered first is left first",
            ),
            other => panic!("the inner exit should begin first, but it was {other:?}"),
        }
    });
}

#[test]
fn there_too_each_begins_when_the_one_before_has_ended() {
    check(|_| {
        let clean_ups = CleanUps::default();
        let (nest, gates) = three(&clean_ups);
        drop(nest);
        let mut left = Loop::of(&clean_ups);
        left.turn();
        if notes().contains(&"middle begins".to_owned()) {
            misconception(
                "W6-begins-in-reverse",
                "the middle exit has begun, and the inner one has not ended",
            );
        }
        assert_eq!(notes(), ["inner begins"]);
        left.run(&gates);
        assert_eq!(notes(), IN_ORDER);
    });
}

#[test]
fn a_leave_that_is_dropped_leaves_the_rest_to_the_loop() {
    check(|_| {
        let clean_ups = CleanUps::default();
        let (nest, gates) = three(&clean_ups);
        let mut task = Task::new("leave", nest.leave());
        gates[2].open();
        assert_eq!(task.poll(), Poll::Pending);
        assert_eq!(notes(), IN_ORDER[..3], "it is in the middle exit");
        note("`leave` is dropped");
        drop(task);
        let mut left = Loop::of(&clean_ups);
        left.turn();
        if left.0.is_empty() || notes().contains(&"outer begins".to_owned()) {
            misconception("W6-cancels-exit", "`leave` was dropped in the middle exit, and that is lost");
        }
        left.run(&gates);
        let exits: Vec<String> = notes().into_iter().filter(|note| !note.contains("dropped")).collect();
        assert_eq!(exits, IN_ORDER);
    });
}

#[test]
fn a_nest_with_nothing_to_leave_leaves_nothing_to_the_loop() {
    check(|_| {
        let clean_ups = CleanUps::default();
        drop(Nest::new(clean_ups.clone()));
        let (nest, gates) = three(&clean_ups);
        gates.iter().for_each(Gate::open);
        assert_eq!(Task::new("leave", nest.leave()).poll(), Poll::Ready(()));
        assert!(clean_ups.0.borrow().is_empty(), "there was nothing to leave any more");
    });
}
