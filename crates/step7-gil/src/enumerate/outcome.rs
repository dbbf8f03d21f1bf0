//! What came of all schedules: each different outcome, with the simplest schedule that leads to it.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fmt;
use std::sync::Arc;

use crate::{Data, Fault, Py};

use super::DIFFERENT;
use super::graph::Graph;
use super::run::{Run, Setup};
use super::state::{data_key, end_key, outcome_key};

/// All that can come of a program.
///
/// ```
/// use step7::{Data, End, Outcomes, Program, Schedules};
///
/// let program: Program = "
///     global first = None
///     func race(name)
///         LOAD_GLOBAL first
///         POP_JUMP_IF_FALSE won
///         HALT
///     won:
///         LOAD_FAST name
///         STORE_GLOBAL first
///         HALT
///     end
/// ".parse().unwrap();
/// let both = Schedules::of(&program.verify().unwrap()).thread("race", &["a".into()]).thread("race", &["b".into()]);
/// let found: Outcomes = both.run().unwrap();
/// assert_eq!(found.finals("first"), [Data::from("a"), Data::from("b")]);
/// assert_eq!(found.results(0), [End::Returned(Data::None)]);
/// assert_eq!(found.iter().count(), 2);
/// ```
#[derive(Clone, Debug)]
pub struct Outcomes {
    outcomes: Vec<Outcome>,
    setup: Arc<Setup>,
    states: usize,
    is_endless: bool,
}

impl Outcomes {
    pub(super) fn new(setup: &Arc<Setup>, graph: &Graph, found: Vec<Found>, py: Py<'_>) -> Self {
        let (ways, turns) = (graph.ways(), graph.turns(setup.threads.len()));
        let mut simplest: BTreeMap<Vec<u8>, (Found, Option<u128>)> = BTreeMap::new();
        for found in found {
            let ways = ways.as_ref().map(|ways| ways[found.state]);
            match simplest.entry(outcome_key(&found.globals, &found.ends)) {
                Entry::Vacant(entry) => {
                    entry.insert((found, ways));
                }
                Entry::Occupied(mut entry) => {
                    let (known, sum) = entry.get_mut();
                    *sum = sum.zip(ways).map(|(sum, ways)| sum.saturating_add(ways));
                    if turns.count(found.state) < turns.count(known.state) {
                        *known = found;
                    }
                }
            }
        }
        let outcome = |(key, (found, schedules)): (_, (Found, _))| {
            Outcome::new(setup, key, turns.path(found.state), found, schedules, py)
        };
        let mut outcomes: Vec<Outcome> = simplest.into_iter().map(outcome).collect();
        outcomes.sort_by_key(|outcome| outcome.schedule.len()); // Stable: those of one length stay sorted by value.
        Self { outcomes, setup: Arc::clone(setup), states: graph.len(), is_endless: ways.is_none() }
    }

    /// Returns what a global may hold in the end: sorted, and each value once.
    ///
    /// # Panics
    ///
    /// Panics if there is no such global.
    #[must_use]
    pub fn finals(&self, global: &str) -> Vec<Data> {
        let at = self.setup.global(global);
        sorted(self.iter().map(|outcome| &outcome.globals[at]), data_key)
    }

    /// Returns how the thread may end that was added so many threads after the first: sorted, and each end once.
    ///
    /// # Panics
    ///
    /// Panics if there is no such thread.
    #[must_use]
    pub fn results(&self, thread: usize) -> Vec<End> {
        sorted(self.iter().map(|outcome| &outcome.ends[thread]), end_key)
    }

    /// Returns the different outcomes; those that take the fewest turns first. There are none if no thread ever ends.
    pub fn iter(&self) -> impl Iterator<Item = &Outcome> {
        self.outcomes.iter()
    }

    /// Returns in how many states the program can be.
    #[must_use]
    pub fn states(&self) -> usize {
        self.states
    }

    /// Returns how many different schedules there are: `u128::MAX` stands for so many or more. `None` if there is no end to
    /// them: if a thread may go round in a loop for as long as the others let it.
    #[must_use]
    pub fn schedules(&self) -> Option<u128> {
        let sum = || self.iter().filter_map(|outcome| outcome.schedules).fold(0, u128::saturating_add);
        (!self.is_endless).then(sum)
    }
}

/// Returns each item once, in the order of their keys.
fn sorted<'a, T: Clone + 'a>(items: impl Iterator<Item = &'a T>, key: impl Fn(&T) -> Vec<u8>) -> Vec<T> {
    BTreeMap::from_iter(items.map(|item| (key(item), item))).into_values().cloned().collect()
}

/// An end that exploring has come to.
pub(super) struct Found {
    pub(super) state: usize,
    pub(super) globals: Vec<Data>,
    pub(super) ends: Vec<End>,
}

/// One thing that can come of a program.
///
/// ```
/// use step7::{Data, End, Outcome, Program, Schedules};
///
/// let program: Program = "global n = 1\n lock l\n func main()\n ACQUIRE l\n ACQUIRE l\n HALT\n end".parse().unwrap();
/// let found = Schedules::of(&program.verify().unwrap()).thread("main", &[]).run().unwrap();
/// let outcome: &Outcome = found.iter().next().unwrap();
/// assert!(outcome.is_deadlock());
/// assert_eq!(outcome.ends, [End::Waits("l".into())]);
/// assert_eq!(outcome.global("n"), &Data::Int(1));
/// ```
#[derive(Clone)]
pub struct Outcome {
    /// What the globals hold, in the order in which the program has them.
    pub globals: Vec<Data>,
    /// How the threads have ended, in the order in which they were added.
    pub ends: Vec<End>,
    /// A schedule that leads here. No other one does so in fewer turns.
    pub schedule: Vec<Turn>,
    /// How many schedules lead here: `u128::MAX` stands for so many or more. `None` if there is no end to schedules.
    pub schedules: Option<u128>,
    /// Whose steps these are. A turn is one or more steps of one thread.
    pub(super) choices: Vec<usize>,
    /// What it is told from others by.
    pub(super) key: Vec<u8>,
    pub(super) setup: Arc<Setup>,
}

impl Outcome {
    /// Runs the schedule once more, and looks what each turn does.
    fn new(
        setup: &Arc<Setup>,
        key: Vec<u8>,
        choices: Vec<usize>,
        found: Found,
        schedules: Option<u128>,
        py: Py<'_>,
    ) -> Self {
        let mut run = Run::new(setup, py);
        let turn = |steps: &[usize]| {
            let thread = steps[0];
            let (at, first) = run.threads[thread].fiber.place();
            let begin = run.executed.len();
            steps.iter().for_each(|step| run.step(*step, py));
            let texts = run.executed[begin..].iter().map(|(function, number)| setup.text(*function, *number));
            let function = Arc::clone(&setup.program.program().functions[at].name);
            Turn { thread, function, first: first as u32, instructions: texts.collect() }
        };
        let schedule = choices.chunk_by(|one, other| one == other).map(turn).collect();
        assert!(run.outcome_key(py).as_ref() == Some(&key), "{DIFFERENT}");
        let (Found { globals, ends, .. }, setup) = (found, Arc::clone(setup));
        Self { globals, ends, schedule, schedules, choices, key, setup }
    }

    /// Returns what a global holds.
    ///
    /// # Panics
    ///
    /// Panics if there is no such global.
    #[must_use]
    pub fn global(&self, name: &str) -> &Data {
        &self.globals[self.setup.global(name)]
    }

    /// Returns whether some thread waits for a lock, and will for ever.
    #[must_use]
    pub fn is_deadlock(&self) -> bool {
        self.ends.iter().any(|end| matches!(end, End::Waits(_)))
    }
}

impl fmt::Debug for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { globals, ends, schedule, schedules, .. } = self;
        let mut debug = f.debug_struct("Outcome");
        debug.field("globals", globals).field("ends", ends);
        debug.field("schedule", schedule).field("schedules", schedules).finish_non_exhaustive()
    }
}

impl Setup {
    fn global(&self, name: &str) -> usize {
        let at = self.program.program().globals.iter().position(|global| &*global.name == name);
        at.unwrap_or_else(|| panic!("there is no global `{name}`"))
    }

    fn text(&self, function: usize, number: usize) -> String {
        let program = self.program.program();
        let function = &program.functions[function];
        function.ops[number].text(program, function)
    }
}

impl fmt::Debug for Setup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Setup").field("check_at", &self.check_at).finish_non_exhaustive()
    }
}

/// How a thread has ended.
///
/// ```
/// use step7::{Data, End};
///
/// assert_eq!(End::Returned(Data::Int(4)).to_string(), "4");
/// assert_eq!(End::Waits("door".into()).to_string(), "waits for door");
/// ```
#[derive(Clone, Debug, PartialEq)]
pub enum End {
    /// Its function has returned this.
    Returned(Data),
    /// It was ended by this.
    Faulted(Fault),
    /// It has not: it waits for this lock, which nobody gives back.
    Waits(Arc<str>),
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Returned(data) => data.fmt(f),
            Self::Faulted(fault) => fault.fmt(f),
            Self::Waits(lock) => write!(f, "waits for {lock}"),
        }
    }
}

/// What one thread does before another does something.
///
/// ```
/// use step7::{Program, Schedules, Turn};
///
/// let program: Program = "func main()\n RESUME\n HALT\n end".parse().unwrap();
/// let found = Schedules::of(&program.verify().unwrap()).thread("main", &[]).run().unwrap();
/// let turn: &Turn = &found.iter().next().unwrap().schedule[0];
/// assert_eq!(turn.to_string(), "thread 0: RESUME, HALT");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Turn {
    /// Which thread, by its place among them.
    pub thread: usize,
    /// In which function it begins,
    pub function: Arc<str>,
    /// and at which instruction of that.
    pub first: u32,
    /// The instructions that it executes, as a program's text has them. There are none if it does no more than to take a user's
    /// lock for which it has waited.
    pub instructions: Vec<String>,
}

impl fmt::Display for Turn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.instructions[..] {
            [] => write!(f, "thread {}: takes a lock", self.thread),
            instructions => write!(f, "thread {}: {}", self.thread, instructions.join(", ")),
        }
    }
}
