//! A workload, and the ways in which it is run.

use std::fmt;
use std::future::Future;
use std::rc::Rc;

use crate::{Setting, run, workloads};

/// Names a workload that can be made in any size.
#[derive(Clone, Copy, Debug)]
pub struct Kind {
    /// What it is called on the command line.
    pub name: &'static str,
    /// What its size counts.
    pub unit: &'static str,
    /// The sizes that are compared; the last one is the table's.
    pub sizes: [usize; 3],
    /// Enough to see that it works.
    pub tiny: usize,
    make: fn(usize, &Setting) -> Workload,
}

impl Kind {
    /// Makes it, in this size.
    #[must_use]
    pub fn make(self, size: usize, setting: &Setting) -> Workload {
        (self.make)(size, setting)
    }
}

/// Returns all of them.
///
/// ```
/// let names = benches::kinds().map(|kind| kind.name);
/// assert_eq!(names, ["waits", "errands", "echo", "rows", "items", "sections", "count"]);
/// ```
#[must_use]
pub fn kinds() -> [Kind; 7] {
    use workloads::{count, echo, errands, items, rows, sections, waits};
    [
        Kind { name: "waits", unit: "waits", sizes: [25, 50, 100], tiny: 4, make: waits::make },
        Kind { name: "errands", unit: "times three errands", sizes: [2, 4, 8], tiny: 1, make: errands::make },
        Kind { name: "echo", unit: "round trips", sizes: [50, 100, 200], tiny: 2, make: echo::make },
        Kind { name: "rows", unit: "rows", sizes: [2_500, 5_000, 10_000], tiny: 50, make: rows::make },
        Kind { name: "items", unit: "items", sizes: [2_500, 5_000, 10_000], tiny: 50, make: items::make },
        Kind { name: "sections", unit: "tasks", sizes: [25, 50, 100], tiny: 3, make: sections::make },
        Kind {
            name: "count",
            unit: "rounds",
            sizes: [250_000, 500_000, 1_000_000],
            tiny: 10,
            make: count::make,
        },
    ]
}

/// Some work, and all the ways to have it done.
#[derive(Debug)]
pub struct Workload {
    /// What the work is, and what it returns.
    pub what: String,
    /// What each way returns.
    pub checksum: u64,
    /// In the order of the steps.
    pub ways: Vec<Way>,
}

impl Workload {
    pub(crate) fn new(what: String, checksum: usize) -> Self {
        Self { what, checksum: checksum as u64, ways: Vec::new() }
    }

    /// Adds a way of this step, after those of this step and of the steps before it.
    pub(crate) fn way(mut self, step: u8, name: &'static str, run: impl Fn() -> u64 + 'static) -> Self {
        let at = self.ways.partition_point(|way| way.step <= step);
        self.ways.insert(at, Way::new(step, name, run));
        self
    }

    /// Adds the ways of steps 1 and 2, for work that blocks.
    pub(crate) fn jobs<J: FnOnce() -> u64 + Send + 'static>(
        self,
        make: impl Fn() -> Vec<J> + 'static,
    ) -> Self {
        let [first, second, third, fourth] = shared(make);
        self.way(1, "sequential", move || run::sequential(first()))
            .way(1, "a thread each", move || run::threads(second()))
            .way(1, "pool of 10", move || run::pool(third()))
            .way(2, "block_on, pool of 10", move || run::blocking_pool(fourth()))
    }

    /// Adds the ways of step 4, and step 7's loop, for work that awaits.
    pub(crate) fn futures<F: Future<Output = u64> + Send + 'static>(
        self,
        make: impl Fn() -> Vec<F> + 'static,
    ) -> Self {
        let [first, second, third, fourth] = shared(make);
        self.way(4, "event loop, one task", move || run::in_one_task(first()))
            .way(4, "event loop, a task each", move || run::on_a_loop(second()))
            .way(4, "thread pool of 2", move || run::on_workers(third()))
            .way(7, "event loop under a GIL", move || run::under_the_gil(fourth()))
    }
}

/// Lets several ways use one function.
fn shared<T>(make: impl Fn() -> T + 'static) -> [impl Fn() -> T + 'static; 4] {
    let make = Rc::new(make);
    [(); 4].map(|()| {
        let make = Rc::clone(&make);
        move || make()
    })
}

/// One way to have it done.
pub struct Way {
    /// The step that brings it.
    pub step: u8,
    /// What it is called.
    pub name: &'static str,
    run: Box<dyn Fn() -> u64>,
}

impl Way {
    pub(crate) fn new(step: u8, name: &'static str, run: impl Fn() -> u64 + 'static) -> Self {
        Self { step, name, run: Box::new(run) }
    }

    /// Does all of the work, and returns its checksum.
    #[must_use]
    pub fn run(&self) -> u64 {
        (self.run)()
    }
}

/// Says its step and its name: `step 1, sequential`.
impl fmt::Display for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "step {}, {}", self.step, self.name)
    }
}

impl fmt::Debug for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Way").field(&self.to_string()).finish()
    }
}
