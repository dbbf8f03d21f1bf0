//! One run: the threads of a program as fibers, each of which goes on when it is chosen.
//!
//! ```text
//!                     its turn: up to the next switch point
//!                      ┌────────┐
//!                      ▼        │          ACQUIRE, and it is taken
//!   (each begins) ──▶ ready ────┴────────────────────▶ waits for a user's lock
//!                      │ ▲                                │
//!                      ▼ └────────────────────────────────┘
//!                     over          takes it, once it is free
//! ```
//!
//! Each arrow is a step, and a schedule is a list of who makes the next one. Taking a lock that one has waited for is a step
//! by itself, as the machine's threads do that without the GIL: it may happen in the middle of another's turn. Only there can
//! that be told where the lock is given back, so only there does a turn stop for it.
//!
//! # Invariants
//!
//! 1. A step comes to an end: it stops where control goes backwards at the latest, and calls inside each other have a limit.
//!    If that is not a switch point, nobody else runs before the turn goes on.
//! 2. A thread that waits has failed to take its lock: whoever finds one free takes it and goes on, as CPython does, even if
//!    others have waited longer.

use std::mem::replace;
use std::sync::Arc;

use crate::machine::{Native, copy_args, copy_result};
use crate::vm::{Exit, Fiber, World};
use crate::{CheckAt, Data, Fault, Op, Plain, Py, Verified};

use super::End;

/// What all runs have in common.
pub(super) struct Setup {
    pub(super) program: Verified,
    pub(super) check_at: CheckAt,
    pub(super) recursion_limit: usize,
    /// The function that each thread calls, and with what.
    pub(super) threads: Vec<(usize, Vec<Data>)>,
    pub(super) natives: Vec<Native>,
}

/// A program that runs by a schedule.
pub(super) struct Run<'a> {
    setup: &'a Setup,
    pub(super) world: Arc<World<Plain>>,
    pub(super) threads: Vec<Thread>,
    /// Which of the user's locks are taken.
    pub(super) locks: Vec<bool>,
    /// Who has stopped in the middle of a turn, and is to go on.
    pub(super) in_turn: Option<usize>,
    /// What was executed: functions, and instructions of them.
    pub(super) executed: Vec<(usize, usize)>,
}

/// A thread of the program.
pub(super) struct Thread {
    pub(super) fiber: Fiber<Plain>,
    pub(super) status: Status,
}

pub(super) enum Status {
    Ready,
    Waits(u32),
    Over(Result<Data, Fault>),
}

/// Why a turn has stopped.
enum Stop {
    SwitchPoint,
    /// It will go on; but before that, another may take a lock, or this may have been the end of a loop's round.
    InTurn,
    Waits(u32),
    Done(Data),
}

impl<'a> Run<'a> {
    pub(super) fn new(setup: &'a Setup, py: Py<'_>) -> Self {
        // One instruction at a time, wherever switches may fall: so a turn without an end can be seen to have none.
        let check_at = CheckAt::EveryInstruction;
        let world = Arc::new(World::new(setup.program.clone(), check_at, setup.recursion_limit, py));
        let thread = |(function, args): &(usize, Vec<Data>)| {
            let args = args.iter().map(|arg| arg.to_value(py)).collect();
            Thread { fiber: Fiber::new(&world, *function, args), status: Status::Ready }
        };
        let threads = setup.threads.iter().map(thread).collect();
        let locks = vec![false; setup.program.program().locks.len()];
        Self { setup, world, threads, locks, in_turn: None, executed: Vec::new() }
    }

    /// Returns which threads can make the next step.
    pub(super) fn choices(&self) -> Vec<usize> {
        let can = |at: &usize| match self.threads[*at].status {
            Status::Ready => self.in_turn.is_none_or(|in_turn| in_turn == *at),
            Status::Waits(lock) => !self.locks[lock as usize],
            Status::Over(_) => false,
        };
        (0..self.threads.len()).filter(can).collect()
    }

    /// Makes a step with the thread `at`, which is one of the choices.
    pub(super) fn step(&mut self, at: usize, py: Py<'_>) {
        if let Status::Waits(lock) = self.threads[at].status {
            self.locks[lock as usize] = true;
            self.threads[at].status = Status::Ready;
            return; // Whose turn it is does not change.
        }
        let stop = self.go_on(at, py);
        self.in_turn = matches!(stop, Ok(Stop::InTurn)).then_some(at);
        self.threads[at].status = match stop {
            Ok(Stop::SwitchPoint | Stop::InTurn) => Status::Ready,
            Ok(Stop::Waits(lock)) => Status::Waits(lock),
            Ok(Stop::Done(data)) => Status::Over(Ok(data)),
            Err(fault) => Status::Over(Err(fault)),
        };
    }

    /// Does as the machine's `drive` would, up to where the turn stops.
    fn go_on(&mut self, at: usize, py: Py<'_>) -> Result<Stop, Fault> {
        loop {
            let fiber = &mut self.threads[at].fiber;
            let (function, number) = fiber.place();
            self.executed.push((function, number));
            let op = self.setup.program.program().functions[function].ops[number];
            match fiber.run(py, || true)? {
                Exit::Check => {}
                Exit::Done(value) => return copy_result(&value, py).map(Stop::Done),
                Exit::Native { index, args, released } => {
                    let native = &self.setup.natives[index as usize];
                    let result = copy_args(&args, py).and_then(|args| native(&args));
                    fiber.push(result.map_err(|reason| fiber.fault(reason))?.to_value(py));
                    if released {
                        return Ok(Stop::SwitchPoint);
                    }
                }
                Exit::Acquire(lock) => {
                    if replace(&mut self.locks[lock as usize], true) {
                        return Ok(Stop::Waits(lock));
                    }
                    continue; // Not a switch point: what comes next is the first instruction of another `run`.
                }
                Exit::Release(lock) => {
                    if !replace(&mut self.locks[lock as usize], false) {
                        return Err(fiber.fault("this lock is not held"));
                    }
                    let waits =
                        |thread: &Thread| matches!(thread.status, Status::Waits(wanted) if wanted == lock);
                    if self.threads.iter().any(waits) {
                        return Ok(Stop::InTurn);
                    }
                    continue; // As above.
                }
                Exit::Sleep(_) => return Ok(Stop::SwitchPoint),
            }
            if is_switch_point(self.setup.check_at, op) {
                return Ok(Stop::SwitchPoint);
            }
            if matches!(op, Op::JumpBackward(_)) {
                return Ok(Stop::InTurn); // Invariant 1.
            }
        }
    }

    /// Returns the instruction that was executed as the `at`th.
    pub(super) fn op(&self, at: usize) -> Op {
        let (function, number) = self.executed[at];
        self.setup.program.program().functions[function].ops[number]
    }

    /// Returns what the globals hold.
    pub(super) fn globals(&self, py: Py<'_>) -> Result<Vec<Data>, String> {
        let globals = self.setup.program.program().globals.iter().zip(0..);
        let data = globals.map(|(global, at)| {
            let endless = |reason| format!("`{}` may end as {reason}", global.name);
            Data::of(&self.world.global(at, py), py).map_err(endless)
        });
        data.collect()
    }

    /// Returns how the threads have ended, when there are no choices left.
    pub(super) fn ends(&self) -> Vec<End> {
        let locks = &self.setup.program.program().locks;
        let end = |thread: &Thread| match &thread.status {
            Status::Over(Ok(data)) => End::Returned(data.clone()),
            Status::Over(Err(fault)) => End::Faulted(fault.clone()),
            Status::Waits(lock) => End::Waits(Arc::clone(&locks[*lock as usize])),
            Status::Ready => unreachable!("a thread that is ready is a choice"),
        };
        self.threads.iter().map(end).collect()
    }
}

/// Returns whether a switch may fall after an instruction. For a call, that is when it returns.
fn is_switch_point(check_at: CheckAt, op: Op) -> bool {
    match (check_at, op) {
        (CheckAt::BackEdgesAndCalls, Op::Call(_)) => false,
        (CheckAt::BackEdgesAndCalls, Op::Return) => true,
        _ => check_at.is_switch_point(op),
    }
}
