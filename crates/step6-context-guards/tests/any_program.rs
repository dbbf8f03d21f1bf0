//! Programs of tasks that nobody has thought of, against a reference that is too simple to be wrong.
//!
//! ```text
//!   seed ─▶ program ─┬─▶ the event loop, on a manual clock ─▶ trace ┐
//!                    │                                              ├─ equal, line by line
//!                    ├─▶ the model, a plain simulator ────▶ trace ──┘
//!                    └─▶ the thread pool ─▶ what must hold in any order
//! ```
//!
//! A trace has a line for each poll, for what each operation has come to, and for the end of each task: what, whose, at
//! which time of the clock. In the end nothing may be left: no task, no timer, no permit, no item that was sent and is
//! neither received nor in its channel.
//!
//! # What is not compared
//!
//! 1. On the loop, what happens after the main task has ended: its turn may run others to their ends that would else be
//!    cancelled, and the order of cancelling is no promise. That each has ended once, and has given everything back, is held.
//! 2. On the pool, all order, and time. What is held: who was not aborted ends as its body says, or in one of the ways in which
//!    it may; everyone ends once those who wait for others are let go; and all is conserved.
//!
//! No program here gets so much done in one poll that its budget is used up.
//!
//! # Seeds
//!
//! The cases are the seeds from 0 on, so a run finds the same in any place; `PROPTEST_CASES` says how many. A case that
//! fails is made smaller, printed, and named by its seed; `SEED` runs that one alone.
#![allow(clippy::unwrap_used, reason = "a test may")]

#[path = "any_program/line.rs"]
mod line;
#[path = "any_program/model.rs"]
mod model;
#[path = "any_program/program.rs"]
mod program;
#[path = "any_program/world.rs"]
mod world;

use std::cell::{Cell, RefCell};
use std::env;
use std::io::{self, Write};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::rc::Rc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::sync::{Arc, Mutex as StdMutex};
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::Duration;

use proptest::strategy::Strategy;
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestError, TestRng, TestRunner};
use step2::{Entered, Park, ThreadPark};
use step3::{Clock, ManualClock, TimerDriver};
use step4::{EventLoop, Local, Stealing, ThreadPool, spawn, spawn_on_pool};

use program::{Body, End, Line, Note, Op, Program, programs};
use world::{Executor, Handles, Task, World, require};

/// How many seconds a program may take, which mostly takes a millisecond. They are counted one by one, so that it does no harm
/// if the process is stopped for a while.
const LONGEST: u32 = 20;

/// More often than any program lets its loop look at the timers.
const MOST_PARKS: usize = 100_000;

#[test]
fn a_program_on_the_event_loop_does_what_the_model_says() {
    for_any_program(3000, |program| {
        let expected = model::predict(program);
        let world = run_on_loop(program)?;
        let ended = |line: &Line| line.task == 0 && matches!(line.note, Note::Ended(_));
        let trace = world.trace().clone();
        let main_ended = trace.iter().position(ended).ok_or("the main task has not ended")?;
        compare(&expected, &trace[..=main_ended])?;
        world.faults()
    });
}

#[test]
fn a_program_on_the_pool_ends_and_leaves_nothing() {
    for_any_program(300, |program| {
        let world = run_on_pool(fit_for_pool(program.main(), false))?;
        let trace = world.trace().clone();
        let aborted = |id| {
            trace
                .iter()
                .any(|line| matches!(line.note, Note::Aborted { task, was_unfinished: true } if task == id))
        };
        let bodies = world.bodies().clone();
        for line in &trace {
            let Note::Ended(end) = line.note else { continue };
            let (may_return, may_panic) = ways_to_end(&bodies[line.task]);
            let may_end_so = match end {
                End::Returned => may_return,
                End::Panicked => may_panic,
                End::Cancelled => aborted(line.task),
            };
            require(may_end_so, || format!("task {} has {end:?}, which is not in its body", line.task))?;
        }
        world.faults()
    });
}

/// Draws programs and tries them. The first that fails is made smaller, and reported.
fn for_any_program(cases: u64, test: impl Fn(&Program) -> Result<(), String>) {
    let number = |name| env::var(name).ok().map(|text| text.parse::<u64>().expect("a number"));
    let seeds = match number("SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..number("PROPTEST_CASES").unwrap_or(cases),
    };
    let (watched, programs_begun) = channel();
    thread::spawn(move || watch(&programs_begun));
    for seed in seeds {
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&seed.to_le_bytes());
        let config = Config {
            failure_persistence: None,
            max_shrink_iters: 20_000,
            max_shrink_time: 60_000,
            ..Config::default()
        };
        let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
        let mut runner = TestRunner::new_with_rng(config, rng);
        let drawn = programs().new_tree(&mut runner).unwrap();
        let outcome = runner.run_one(drawn, |program| {
            watched.send((seed, program.clone())).unwrap();
            test(&program).map_err(TestCaseError::fail)
        });
        if let Err(TestError::Fail(fault, program)) = outcome {
            panic!("this program:\n\n{program}\n{fault}\n\nIt is made of case {seed}: {}", again(seed));
        }
    }
}

fn again(seed: u64) -> String {
    format!("SEED={seed} cargo test -p step6 --test any_program")
}

/// Ends the process if a program takes too long: a runtime that runs in circles cannot be stopped otherwise.
fn watch(programs_begun: &Receiver<(u64, Program)>) {
    let mut running = None;
    let mut seconds = 0;
    loop {
        match programs_begun.recv_timeout(Duration::from_secs(1)) {
            Ok(begun) => (running, seconds) = (Some(begun), 0),
            Err(RecvTimeoutError::Disconnected) => return,
            Err(RecvTimeoutError::Timeout) => seconds += 1,
        }
        if let Some((seed, program)) = running.take_if(|_| seconds > LONGEST) {
            let again = again(seed);
            // Not `eprintln`: the process ends before anyone shows what a test has printed.
            let mut stderr = io::stderr();
            writeln!(stderr, "this program does not end:\n\n{program}\nIt is case {seed}: {again}").unwrap();
            std::process::exit(101);
        }
    }
}

/// Holds a trace to the expected one, and shows them side by side if they differ.
fn compare(expected: &[Line], trace: &[Line]) -> Result<(), String> {
    if expected == trace {
        return Ok(());
    }
    let mut text = format!("    {:<64}{}", "the model", "the event loop");
    for number in 0..expected.len().max(trace.len()) {
        let [one, other] = [expected, trace].map(|lines| lines.get(number));
        let [left, right] = [one, other].map(|line| line.map(Line::to_string).unwrap_or_default());
        let mark = if one == other { " " } else { "≠" };
        text += &format!("\n  {mark} {left:<64}{right}");
        if one != other {
            break; // From here on, one follows from the other.
        }
    }
    Err(text)
}

// On the event loop.

thread_local! {
    static ON_LOOP: RefCell<Handles<Local>> = const { RefCell::new(Handles::new()) };
}

/// The event loop of this thread. Its handles stay on the thread, and what is shared has to be `Send` here.
struct OnLoop;

impl Executor for OnLoop {
    fn spawn(&self, id: usize, task: Task) {
        let handle = spawn(task);
        ON_LOOP.with_borrow_mut(|handles| handles.add(id, handle));
    }

    fn abort(&self, id: usize) -> bool {
        ON_LOOP.with_borrow(|handles| handles.abort(id))
    }

    fn poll(&self, id: usize, cx: &mut Context<'_>) -> Poll<End> {
        ON_LOOP.with_borrow_mut(|handles| handles.poll(id, cx))
    }

    fn drop_handle(&self, id: usize) {
        drop(ON_LOOP.with_borrow_mut(|handles| handles.take(id)));
    }
}

/// Runs a program on a loop of its own, and waits until nothing of it is left.
fn run_on_loop(program: &Program) -> Result<Arc<World>, String> {
    let world = World::new(OnLoop, false);
    let timers_left = Rc::new(Cell::new(0));
    let park = Watched {
        park: TimerDriver::new(ThreadPark::new(), Clock::from(&ManualClock::new())),
        parks: 0,
        timers_left: Rc::clone(&timers_left),
    };
    let (_, main) = world.task(program.main());
    let outcome = catch_unwind(AssertUnwindSafe(|| EventLoop::on(park).run(main)));
    drop(ON_LOOP.replace(Handles::new()));
    if let Err(panic) = outcome {
        let text = panic.downcast_ref::<&str>().copied().unwrap_or("its panic is above");
        let trace = world.trace();
        let last = trace[trace.len().saturating_sub(20)..].iter().map(|line| format!("\n    {line}"));
        return Err(format!("the loop has panicked: {text}; at last:{}", last.collect::<String>()));
    }
    require(Arc::strong_count(&world) == 1, || "a task has outlived its loop".into())?;
    require(timers_left.get() == 0, || format!("{} timers are left", timers_left.get()))?;
    Ok(world)
}

/// A park that refuses to sleep for ever, and says how many timers were left when the loop was through with it.
struct Watched {
    park: TimerDriver<ThreadPark>,
    parks: usize,
    timers_left: Rc<Cell<usize>>,
}

impl Park for Watched {
    fn waker(&self) -> Waker {
        self.park.waker()
    }

    fn park(&mut self, limit: Option<Duration>) -> io::Result<bool> {
        self.parks += 1;
        let refusal = match limit {
            _ if self.parks > MOST_PARKS => Some("it looks at its timers without end"),
            None if self.park.timers() == 0 => Some("it would sleep for ever"),
            _ => None,
        };
        refusal.map_or_else(|| self.park.park(limit), |text| resume_unwind(Box::new(text)))
    }

    fn enter(&self) -> Entered {
        self.park.enter()
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        self.timers_left.set(self.park.timers());
    }
}

// On the pool.

/// The pool whose worker calls it.
struct OnPool(StdMutex<Handles<Stealing>>);

impl Executor for OnPool {
    fn spawn(&self, id: usize, task: Task) {
        // One at a time, or somebody could look for the handle before it is there.
        let mut handles = self.0.lock().unwrap();
        handles.add(id, spawn_on_pool(task));
    }

    fn abort(&self, id: usize) -> bool {
        self.0.lock().unwrap().abort(id)
    }

    fn poll(&self, id: usize, cx: &mut Context<'_>) -> Poll<End> {
        self.0.lock().unwrap().poll(id, cx)
    }

    fn drop_handle(&self, id: usize) {
        let handle = self.0.lock().unwrap().take(id);
        drop(handle);
    }
}

/// Makes a program such that everyone ends once the channels are closed and the event is set: who holds a lock waits for no
/// other and for no task, and nobody asks for more permits than there are. Its sleeps are short.
fn fit_for_pool(body: Body, holds_lock: bool) -> Body {
    let fit = |body, holds_lock| fit_for_pool(body, holds_lock);
    let ops = body.into_iter().filter_map(|op| match op {
        Op::Clear => None,
        Op::Await(_) | Op::Lock(_) | Op::Acquire(..) if holds_lock => None,
        Op::Sleep(ms) => Some(Op::Sleep(ms % 2)),
        Op::Spawn(body) => Some(Op::Spawn(fit(body, false))),
        Op::Lock(body) => Some(Op::Lock(fit(body, true))),
        Op::Acquire(permits, body) => Some(Op::Acquire(permits.min(program::PERMITS), fit(body, true))),
        Op::Timeout(ms, body) => Some(Op::Timeout(ms % 2, fit(body, holds_lock))),
        Op::Race(one, other) => Some(Op::Race(fit(one, holds_lock), fit(other, holds_lock))),
        Op::Join(one, other) => Some(Op::Join(fit(one, holds_lock), fit(other, holds_lock))),
        other => Some(other),
    });
    ops.collect()
}

/// Returns whether a body may come to its end, and whether it may panic.
fn ways_to_end(body: &[Op]) -> (bool, bool) {
    let mut may_panic = false;
    for op in body {
        let (op_may_return, op_may_panic) = match op {
            Op::Panic => (false, true),
            Op::Lock(body) | Op::Acquire(_, body) => ways_to_end(body),
            Op::Timeout(_, body) => (true, ways_to_end(body).1),
            Op::Race(one, other) | Op::Join(one, other) => {
                let (one, other) = (ways_to_end(one), ways_to_end(other));
                let may_return = if matches!(op, Op::Race(..)) { one.0 || other.0 } else { one.0 && other.0 };
                (may_return, one.1 || other.1)
            }
            _ => (true, false),
        };
        may_panic |= op_may_panic;
        if !op_may_return {
            return (false, may_panic);
        }
    }
    (true, may_panic)
}

/// Runs a program on a pool of its own. Whoever waits for others is let go after a while, and then all have to end.
fn run_on_pool(main: Body) -> Result<Arc<World>, String> {
    let pool = ThreadPool::new(2).unwrap();
    let world = World::new(OnPool(StdMutex::new(Handles::new())), true);
    drop(pool.spawn(world.task(main).1));
    world.wait_for_all(Duration::from_millis(1));
    world.let_go();
    let has_ended = (0..5).any(|_| world.wait_for_all(Duration::from_secs(1)) == 0);
    drop(pool);
    require(Arc::strong_count(&world) == 1, || "a task has outlived its pool".into())?;
    require(has_ended, || "some of its tasks wait for ever".into())?;
    Ok(world)
}
