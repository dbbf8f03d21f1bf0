//! What an answer to `exactly-once` has to do. The check is the loop: it polls the block, drops it, and runs what was left.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::task::Poll;

use exercises::{Gate, Task, Watch, check, misconception, note, notes};

use super::{CleanUps, with};

const BLOCKS: &str =
    "the destructor blocks the thread until the exit is over, and so nobody can bring what it waits for";
const SHOUTED: &str = "the body's panic";

type Answer = Result<u32, &'static str>;

/// A block whose three parts wait at gates.
#[derive(Default)]
struct Block {
    enter: Gate,
    body: Gate,
    exit: Gate,
    clean_ups: CleanUps,
}

impl Block {
    /// Makes its future. The body ends with what `result` returns.
    fn task(
        &self,
        entered: Result<(), &'static str>,
        result: impl FnOnce() -> Answer,
    ) -> Task<impl Future<Output = Answer>> {
        let (enter, body, exit) = (self.enter.pass(), self.body.pass(), self.exit.pass());
        let enter = async move {
            enter.await;
            entered
        };
        let body = async move {
            note("body begins");
            body.await;
            result()
        };
        let exit = async move {
            note("exit begins");
            exit.await;
            note("exit ends");
        };
        Task::new("block", with(self.clean_ups.clone(), enter, body, Box::pin(exit)))
    }

    /// Tells how many exits were left to the loop.
    fn left(&self) -> usize {
        self.clean_ups.0.borrow().len()
    }

    /// Takes the exit that was left to the loop, as the loop does.
    fn take_left(&self) -> Task<impl Future<Output = ()> + use<>> {
        let exit = self.clean_ups.0.borrow_mut().pop().expect("an exit was left to the loop");
        assert_eq!(self.left(), 0, "and only one");
        Task::new("clean-up", exit)
    }

    /// Runs a block to its end, and looks that its exit was awaited.
    fn run(&self, watch: &Watch, task: &mut Task<impl Future<Output = Answer>>) -> Answer {
        watch.a_hang_means("W6-drop-can-await", BLOCKS);
        self.enter.open();
        self.body.open();
        assert_eq!(task.poll(), Poll::Pending, "the exit cannot end yet, and the block waits for it");
        assert_eq!(notes(), ["body begins", "exit begins"]);
        self.exit.open();
        let Poll::Ready(result) = task.poll() else { panic!("the exit has ended, but the block has not") };
        result
    }

    /// Fails unless the exit has run once, and nothing is left of it.
    fn has_left_once(&self) {
        let exits: Vec<String> = notes().into_iter().filter(|note| note.contains("exit")).collect();
        assert_eq!(exits, ["exit begins", "exit ends"]);
        assert_eq!(self.left(), 0, "the exit was awaited: nothing is left to the loop");
    }
}

#[test]
fn a_body_that_returns_is_left_once() {
    check(|watch| {
        let block = Block::default();
        let mut task = block.task(Ok(()), || Ok(7));
        assert_eq!(block.run(watch, &mut task), Ok(7));
        drop(task);
        block.has_left_once();
    });
}

#[test]
fn a_body_that_fails_is_left_once() {
    check(|watch| {
        let block = Block::default();
        let mut task = block.task(Ok(()), || Err("no bread"));
        assert_eq!(block.run(watch, &mut task), Err("no bread"));
        drop(task);
        block.has_left_once();
    });
}

#[test]
fn a_body_that_panics_is_left_once() {
    check(|watch| {
        let block = Block::default();
        // Without a message: the report shows the first one, and that has to be what is wrong.
        let mut task = block.task(Ok(()), || resume_unwind(Box::new(SHOUTED.to_owned())));
        let run = catch_unwind(AssertUnwindSafe(|| block.run(watch, &mut task)));
        let payload = run.expect_err("the panic goes on after the exit");
        let text = payload.downcast_ref::<String>().map_or("another panic", String::as_str);
        assert_eq!(text, SHOUTED);
        drop(task);
        block.has_left_once();
    });
}

#[test]
fn what_was_not_entered_is_not_left() {
    check(|watch| {
        watch
            .a_hang_means("W6-cancelled-anywhere", "an exit runs in the destructor, but nothing was entered");
        let block = Block::default();
        drop(block.task(Ok(()), || Ok(7)));
        let mut cancelled = block.task(Ok(()), || Ok(7));
        assert_eq!(cancelled.poll(), Poll::Pending);
        drop(cancelled);
        if block.left() > 0 {
            let text = "the block was dropped while it entered, and an exit was left to the loop";
            misconception("W6-cancelled-anywhere", text);
        }
        block.enter.open();
        assert_eq!(block.task(Err("locked"), || Ok(7)).poll(), Poll::Ready(Err("locked")));
        assert_eq!(block.left(), 0, "the enter has failed: there is no exit");
        assert_eq!(notes(), [""; 0], "neither body nor exit has run");
    });
}

#[test]
fn dropped_in_its_body_it_leaves_the_exit_to_the_loop() {
    check(|watch| {
        watch.a_hang_means("W6-drop-can-await", BLOCKS);
        let block = Block::default();
        let mut task = block.task(Ok(()), || Ok(7));
        block.enter.open();
        assert_eq!(task.poll(), Poll::Pending);
        note("the block is dropped");
        drop(task);
        if notes().contains(&"exit begins".to_owned()) {
            misconception(
                "W6-drop-can-await",
                "the destructor has begun the exit, and cannot wait for its end",
            );
        }
        if block.left() == 0 {
            misconception(
                "W6-goes-on-when-dropped",
                "what was entered was dropped in its body, and nobody runs the exit",
            );
        }
        let mut clean_up = block.take_left();
        assert_eq!(clean_up.poll(), Poll::Pending);
        block.exit.open();
        assert_eq!(clean_up.poll(), Poll::Ready(()));
        block.has_left_once();
    });
}

#[test]
fn dropped_in_its_exit_it_leaves_the_rest_to_the_loop() {
    check(|watch| {
        watch.a_hang_means("W6-drop-can-await", BLOCKS);
        let block = Block::default();
        let mut task = block.task(Ok(()), || Ok(7));
        block.enter.open();
        block.body.open();
        assert_eq!(task.poll(), Poll::Pending);
        assert_eq!(notes(), ["body begins", "exit begins"]);
        note("the block is dropped");
        drop(task);
        if block.left() == 0 {
            misconception("W6-cancels-exit", "the block was dropped in its exit, and the exit along with it");
        }
        let mut clean_up = block.take_left();
        assert_eq!(clean_up.poll(), Poll::Pending);
        block.exit.open();
        assert_eq!(clean_up.poll(), Poll::Ready(()));
        block.has_left_once();
    });
}
