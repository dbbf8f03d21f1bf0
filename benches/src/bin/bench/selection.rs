//! What of all that could be measured is wanted, and in which order it is measured.
//!
//! A *turn* is all contestants of one row at one size. They are measured one right after the other, in an order drawn
//! anew each time, so that a machine that becomes slower or faster meanwhile favours none of them.

use crate::arguments::Arguments;
use crate::list::{List, Row};
use crate::programs::Found;
use crate::stop::Stop;

/// What is wanted.
pub(crate) struct Selection {
    /// The rows in which somebody wanted takes part.
    pub(crate) rows: Vec<Row>,
    /// Of one round, the rows in order.
    pub(crate) turns: Vec<Turn>,
}

/// All wanted contestants of one row at one size.
pub(crate) struct Turn {
    pub(crate) row: String,
    /// Whether it shows how the cost grows, and has no part in the table.
    pub(crate) scaling: bool,
    pub(crate) jobs: Vec<Job>,
}

/// One sample to take.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Job {
    /// Which program takes it.
    pub(crate) program: usize,
    pub(crate) contestant: String,
    pub(crate) size: u64,
}

impl Selection {
    /// Finds what the command line wants in what there is.
    ///
    /// # Errors
    ///
    /// Returns which name is unknown, with a similar one if there is any, or that nothing is left.
    pub(crate) fn new(arguments: &Arguments, found: &Found) -> Result<Self, Stop> {
        check("row", &arguments.row, &found.list.rows.iter().map(|row| &row.id[..]))?;
        check("contestant", &arguments.contestant, &found.list.contestants.iter().map(|one| &one.name[..]))?;
        let is_wanted = |wanted: &[String], name: &String| wanted.is_empty() || wanted.contains(name);
        let mut selection = Self { rows: Vec::new(), turns: Vec::new() };
        for row in found.list.rows.iter().filter(|row| is_wanted(&arguments.row, &row.id)) {
            let lists: Vec<&List> = found.programs.iter().map(|program| &program.list).collect();
            let turns = turns(row, &lists, arguments, |name| is_wanted(&arguments.contestant, name));
            if !turns.is_empty() {
                selection.rows.push(row.clone());
            }
            selection.turns.extend(turns);
        }
        // What the table shows comes first; sorting keeps the order otherwise.
        selection.turns.sort_by_key(|turn| turn.scaling);
        match selection.turns.is_empty() {
            true => Err(Stop::usage("none of these contestants takes part in any of these rows")),
            false => Ok(selection),
        }
    }

    /// Counts the samples of one round.
    pub(crate) fn jobs(&self) -> usize {
        self.turns.iter().map(|turn| turn.jobs.len()).sum()
    }
}

/// The turns of one row: at its own size, and at each of the others if wanted. Each program may have sizes of its own.
fn turns(
    row: &Row,
    lists: &[&List],
    arguments: &Arguments,
    is_wanted: impl Fn(&String) -> bool,
) -> Vec<Turn> {
    let mut turns: Vec<Turn> = Vec::new();
    let mut add = |scaling: bool, turn: u64, job: Job| {
        let is_it = |known: &&mut Turn| known.scaling == scaling && (!scaling || known.jobs[0].size == turn);
        match turns.iter_mut().find(is_it) {
            Some(known) => known.jobs.push(job),
            None => turns.push(Turn { row: row.id.clone(), scaling, jobs: vec![job] }),
        }
    };
    for (program, list) in lists.iter().enumerate() {
        let Some(row) = list.rows.iter().find(|one| one.id == row.id) else { continue };
        let own = if arguments.quick { row.quick_size } else { row.size };
        for contestant in row.contestants.iter().filter(|name| is_wanted(name)) {
            let job = |size| Job { program, contestant: contestant.clone(), size };
            add(false, own, job(own));
            if arguments.scaling {
                // Its own size is measured anyway.
                row.scaling.iter().filter(|size| **size != own).for_each(|size| add(true, *size, job(*size)));
            }
        }
    }
    turns
}

fn check<'a>(
    kind: &str,
    wanted: &[String],
    known: &(impl Iterator<Item = &'a str> + Clone),
) -> Result<(), Stop> {
    for name in wanted {
        if known.clone().any(|one| one == name) {
            continue;
        }
        let likeness = |one: &&str| strsim::jaro_winkler(one, name);
        let closest = known.clone().max_by(|a, b| likeness(a).total_cmp(&likeness(b)));
        let advice = match closest.filter(|one| likeness(one) > 0.7) {
            Some(one) => format!("did you mean {one}?"),
            None => format!("there are: {}", known.clone().collect::<Vec<_>>().join(", ")),
        };
        return Err(Stop::usage(&format!("no {kind} {name} in the contest; {advice}")));
    }
    Ok(())
}
