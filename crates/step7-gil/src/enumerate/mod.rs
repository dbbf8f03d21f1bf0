//! The exhaustive scheduler: runs threads in every order in which the lock could let them run.
//!
//! A race that is tested by racing is found on some days. Here the threads are fibers on one thread of the system, and a
//! schedule is a list of whose turn it is. All schedules are tried, so what can come of a program is known, and so is what
//! cannot.
//!
//! ```text
//!             0 ┌──▶ ● ─ 0 ─▶ ● ─ 1 ─▶ ●   n = 2
//!   start ● ────┤    └── 1 ─▶ ● ─ …            ▲ another way into a state that is known: not followed again
//!             1 └──▶ ● ─ 0 ───┘                a state: every frame, stack, global and lock
//! ```
//!
//! There are many more schedules than states: two threads of 11 instructions each have 705,432 schedules and 144 places to
//! be in. So states are what is explored, and schedules are counted along the edges between them.
//!
//! A state is reached by running its schedule again from the start, since lists are shared and change: nothing of a run can be
//! kept. That takes time in proportion to the states, times the threads, times the length of a schedule.
//!
//! The modules: `run` runs one schedule, `state` writes a state down, `graph` counts schedules and finds short ones,
//! `outcome` says what was found, and `replay` draws it.
//!
//! # Invariants
//!
//! 1. The same choices lead to the same state: nothing else has a say. Of native functions this is asked, not known.
//! 2. Two states are one if and only if no instruction could tell them apart, now or later; but for what is still held and
//!    never used again.
//! 3. A switch falls only where the [machine](crate::machine) could let go, and falls at each such place in some schedule.
//!
//! # Source
//!
//! Patrice Godefroid, *Model Checking for Programming Languages using VeriSoft*, 1997, which runs each schedule from the
//! start as well. It keeps no states, and leaves out orders that make no difference instead; both can be had together.

mod graph;
mod outcome;
mod replay;
mod run;
mod state;

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use crate::machine::{Native, natives_of};
use crate::{CheckAt, Data, Gil, GilGuard, Py, RECURSION_LIMIT, Verified};

use graph::Graph;
use outcome::Found;
pub use outcome::{End, Outcome, Outcomes, Turn};
use run::{Run, Setup};

const DIFFERENT: &str =
    "the same schedule has come to another end: does a native function depend on more than its arguments?";

/// How many states a program may have, if nothing else is said.
const LIMIT: usize = 100_000;

/// Runs the threads of a program in every order that is possible.
///
/// ```
/// use step7::{CheckAt, Data, Outcomes, Program, Schedules};
///
/// let program: Program = "
///     global n = 0
///     func add()
///         LOAD_GLOBAL n
///         LOAD_CONST 1
///         ADD
///         STORE_GLOBAL n
///         HALT
///     end
/// ".parse().unwrap();
/// let two = Schedules::of(&program.verify().unwrap()).thread("add", &[]).thread("add", &[]);
/// let found: Outcomes = two.check_at(CheckAt::EveryInstruction).run().unwrap();
/// assert_eq!(found.finals("n"), [Data::Int(1), Data::Int(2)]); // One may undo what the other has done.
/// assert_eq!(found.schedules(), Some(252));
/// ```
#[derive(Clone)]
pub struct Schedules {
    program: Verified,
    check_at: CheckAt,
    recursion_limit: usize,
    threads: Vec<(String, Vec<Data>)>,
    natives: HashMap<String, Native>,
    limit: usize,
}

impl Schedules {
    /// Begins to set up the schedules of a program, which has no threads yet.
    #[must_use]
    pub fn of(program: &Verified) -> Self {
        Self {
            program: program.clone(),
            check_at: CheckAt::default(),
            recursion_limit: RECURSION_LIMIT,
            threads: Vec::new(),
            natives: HashMap::new(),
            limit: LIMIT,
        }
    }

    /// Sets where switches may fall.
    #[must_use]
    pub fn check_at(self, check_at: CheckAt) -> Self {
        Self { check_at, ..self }
    }

    /// Sets how many calls may stand inside each other.
    #[must_use]
    pub fn recursion_limit(self, recursion_limit: usize) -> Self {
        Self { recursion_limit, ..self }
    }

    /// Adds a thread that calls a function. All are there from the start, and wait for the lock.
    #[must_use]
    pub fn thread(mut self, function: &str, args: &[Data]) -> Self {
        self.threads.push((function.to_owned(), args.to_vec()));
        self
    }

    /// Gives the program a native function. It is called again in each schedule, so its result must depend on its
    /// arguments alone.
    #[must_use]
    pub fn native(
        mut self,
        name: &str,
        function: impl Fn(&[Data]) -> Result<Data, String> + Send + Sync + 'static,
    ) -> Self {
        self.natives.insert(name.to_owned(), Arc::new(function));
        self
    }

    /// Sets how many states there may be: 100,000 if nothing else is said. A state takes some hundred bytes.
    #[must_use]
    pub fn limit(self, limit: usize) -> Self {
        Self { limit, ..self }
    }

    /// Tries all schedules, and returns what came of them.
    ///
    /// # Errors
    ///
    /// Returns what is wrong with a thread, the name of a native function that is called and was not given, that there are
    /// more states than the limit, or that a global may end as something that has no end when it is copied.
    ///
    /// # Panics
    ///
    /// Panics with the panic of a native function, and if one does not return the same each time.
    pub fn run(&self) -> Result<Outcomes, String> {
        let setup = Arc::new(self.setup()?);
        alone(|guard| {
            let (graph, found) = self.explore(&setup, guard)?;
            Ok(Outcomes::new(&setup, &graph, found, guard.py()))
        })
    }

    fn setup(&self) -> Result<Setup, String> {
        let program = self.program.program();
        let thread = |(name, args): &(String, Vec<Data>)| {
            let Some(at) = program.function(name) else {
                return Err(format!("there is no function `{name}`"));
            };
            let (params, given) = (program.functions[at].params, args.len());
            if params as usize != given {
                return Err(format!("`{name}` takes {params} argument(s), and was given {given}"));
            }
            Ok((at, args.clone()))
        };
        let missing =
            |name| format!("the program calls the native function `{name}`, which was not given to it");
        Ok(Setup {
            threads: self.threads.iter().map(thread).collect::<Result<_, _>>()?,
            natives: natives_of(program, &self.natives).map_err(missing)?,
            program: self.program.clone(),
            check_at: self.check_at,
            recursion_limit: self.recursion_limit,
        })
    }

    /// Follows each choice of each state once, breadth first, and returns what was found in those without a choice.
    fn explore(&self, setup: &Setup, guard: &mut GilGuard<'_>) -> Result<(Graph, Vec<Found>), String> {
        let mut graph = Graph::default();
        let mut known = HashMap::new();
        let mut found = Vec::new();
        let first = Run::new(setup, guard.py());
        known.insert(first.state(guard.py()), graph.add(None));
        let mut latest = Some((0, first)); // Where only one thread is left, its run goes straight on.
        let mut at = 0;
        while at < graph.len() {
            guard.check(); // A native function may have held another lock, and so have left decrements for us.
            let py = guard.py();
            let again = || Run::replay(setup, graph.path(at), py);
            let run = latest.take().filter(|(state, _)| *state == at).map_or_else(again, |(_, run)| run);
            let choices = run.choices();
            if choices.is_empty() {
                found.push(Found { state: at, globals: run.globals(py)?, ends: run.ends() });
            }
            let mut run = Some(run);
            for choice in choices {
                let mut run = run.take().unwrap_or_else(|| Run::replay(setup, graph.path(at), py));
                run.step(choice, py);
                let to = *known.entry(run.state(py)).or_insert_with(|| graph.add(Some((at, choice))));
                graph.connect(at, choice, to);
                latest = Some((to, run));
            }
            if graph.len() > self.limit {
                let limit = self.limit;
                return Err(format!(
                    "more than {limit} states: let the threads do less, or set a higher limit"
                ));
            }
            at += 1;
        }
        Ok((graph, found))
    }
}

impl fmt::Debug for Schedules {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { check_at, threads, limit, .. } = self;
        let mut debug = f.debug_struct("Schedules");
        debug.field("check_at", check_at).field("threads", threads).field("limit", limit);
        debug.finish_non_exhaustive()
    }
}

impl Run<'_> {
    /// Runs a schedule from the start.
    fn replay<'a>(setup: &'a Setup, choices: Vec<usize>, py: Py<'_>) -> Run<'a> {
        let mut run = Run::new(setup, py);
        choices.into_iter().for_each(|choice| run.step(choice, py));
        run
    }
}

/// Runs `f` under a lock of its own, which nobody else knows. That is left out of recordings.
fn alone<R>(f: impl FnOnce(&mut GilGuard<'_>) -> R) -> R {
    timeline::unrecorded(|| f(&mut Gil::default().thread().take()))
}
