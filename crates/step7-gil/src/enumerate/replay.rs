//! Drawing a schedule: it is run once more, and what its threads do is recorded, each on a lane of its own.
//!
//! ```text
//!   this thread      step ─▶ tell ─▶ step ─▶ tell …      all fibers run here
//!                             │  ▲            │  ▲
//!   lane of thread 0 ─────────┴──┘            │  │       records what it is told: a lane is a thread of the system
//!   lane of thread 1 ─────────────────────────┴──┘
//! ```
//!
//! # Invariants
//!
//! 1. Nothing is done before what was told has been recorded: so every replay gives the same recording.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{self, Scope};
use std::time::Duration;

use timeline::{Timeline, probe};

use crate::{GilGuard, Op};

use super::run::{Run, Status};
use super::{DIFFERENT, Outcome, Turn, alone};

impl Outcome {
    /// Draws the schedule: when each thread holds the GIL, and what it does then. Each instruction takes a millisecond, on a
    /// clock that is made up.
    #[must_use]
    pub fn timeline(&self) -> Timeline {
        let now = Arc::new(AtomicU64::new(0));
        let clock = Arc::clone(&now);
        let tick = || {
            now.fetch_add(1, Relaxed);
        };
        timeline::record_with(move || Duration::from_millis(clock.load(Relaxed)), || self.replay(tick)).1
    }

    /// Runs the schedule once more, for the recording that this thread is in, and calls `tick` after each instruction.
    ///
    /// Lock 0 of the recording is the GIL. It takes a thread of the system for each of the program's.
    ///
    /// # Panics
    ///
    /// Panics if it comes to another end, and if the system refuses a thread.
    pub fn replay(&self, tick: impl FnMut()) {
        let functions = &self.setup.program.program().functions;
        let names = self.setup.threads.iter().zip(0..).map(|((function, _), at)| {
            format!("{at} {}", functions[*function].name) // Two threads may call the same function.
        });
        thread::scope(|scope| {
            let lanes = names.map(|name| Lane::new(scope, name)).collect();
            probe::parked(None);
            alone(|guard| self.tell(lanes, guard, tick));
            probe::unparked();
        });
    }

    /// Runs the schedule, and tells the lanes what their threads do.
    fn tell(&self, mut lanes: Vec<Lane>, guard: &mut GilGuard<'_>, mut tick: impl FnMut()) {
        let py = guard.py();
        let mut run = Run::new(&self.setup, py);
        lanes.iter().for_each(|lane| lane.tell(Fact::Wants(GIL)));
        for (turn, steps) in self.schedule.iter().zip(self.choices.chunk_by(|one, other| one == other)) {
            let lane = &mut lanes[turn.thread];
            if let Status::Waits(lock) = run.threads[turn.thread].status {
                lane.tell(Fact::Takes(user_lock(lock)));
                lane.tell(Fact::Wants(GIL));
            }
            if !turn.instructions.is_empty() && run.in_turn != Some(turn.thread) {
                lane.tell(Fact::Takes(GIL));
            }
            if !turn.instructions.is_empty() {
                lane.tell(Fact::Does(turn.clone()));
            }
            for step in steps {
                let before = run.executed.len();
                run.step(*step, py);
                for at in before..run.executed.len() {
                    tick();
                    lane.tell_of_user_locks(&run, at, *step);
                }
            }
            if turn.instructions.is_empty() || run.in_turn == Some(turn.thread) {
                continue; // It has not had the GIL, or it keeps it.
            }
            lane.tell(Fact::LetsGo(GIL));
            match run.threads[turn.thread].status {
                Status::Ready => lane.tell(Fact::Wants(GIL)),
                Status::Waits(lock) => lane.tell(Fact::Wants(user_lock(lock))),
                Status::Over(_) => lane.end(),
            }
        }
        lanes.iter_mut().for_each(Lane::end);
        assert!(run.outcome_key(py).as_ref() == Some(&self.key), "{DIFFERENT}");
    }
}

/// By what a recording knows the GIL. Others are known by their addresses, and none is that low.
const GIL: usize = 0;

fn user_lock(lock: u32) -> usize {
    GIL + 1 + lock as usize
}

/// What there is to record of a thread. Locks are known as above.
enum Fact {
    Wants(usize),
    Takes(usize),
    LetsGo(usize),
    Does(Turn),
}

impl Fact {
    fn record(self) {
        match self {
            Self::Wants(lock) => probe::lock_wanted(lock),
            Self::Takes(lock) => probe::lock_taken(lock),
            Self::LetsGo(lock) => probe::lock_released(lock),
            Self::Does(turn) => probe::note(|| turn.instructions.join(", ")),
        }
    }
}

/// A thread that records what it is told.
struct Lane {
    /// Until its end.
    facts: Option<Sender<Fact>>,
    recorded: Receiver<()>,
}

impl Lane {
    fn new<'scope>(scope: &'scope Scope<'scope, '_>, name: String) -> Self {
        let (facts, told) = channel::<Fact>();
        let (done, recorded) = channel();
        let inherited = timeline::inherit();
        scope.spawn(move || {
            let lane = inherited.enter(&name);
            let _ = done.send(()); // Nobody hears it if the replay has panicked.
            for fact in told {
                fact.record();
                let _ = done.send(());
            }
            drop(lane);
            let _ = done.send(());
        });
        let lane = Self { facts: Some(facts), recorded };
        lane.wait();
        lane
    }

    fn tell(&self, fact: Fact) {
        let facts = self.facts.as_ref().expect("who is over does nothing more");
        facts.send(fact).expect(RECORDS);
        self.wait();
    }

    /// Tells what the instruction did that was executed as the `at`th of all, and was the last one, or not, of a step of `thread`.
    fn tell_of_user_locks(&self, run: &Run<'_>, at: usize, thread: usize) {
        let has_failed =
            at + 1 == run.executed.len() && matches!(run.threads[thread].status, Status::Waits(_));
        match run.op(at) {
            Op::Acquire(_) if has_failed => {}
            Op::Acquire(lock) => self.tell(Fact::Takes(user_lock(lock))),
            Op::Release(lock) => self.tell(Fact::LetsGo(user_lock(lock))),
            _ => {}
        }
    }

    fn end(&mut self) {
        if self.facts.take().is_some() {
            self.wait();
        }
    }

    fn wait(&self) {
        self.recorded.recv().expect(RECORDS);
    }
}

const RECORDS: &str = "a lane records until it is told to end";
