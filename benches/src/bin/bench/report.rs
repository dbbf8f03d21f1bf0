//! What is printed of a run: who is ahead, whether to believe it, and what has changed.

use crate::compare;
use crate::list::{LIMIT, OURS, Target};
use crate::numbers;
use crate::run::{Ending, Run, Sample};
use crate::standing::{Entry, Standing, standings};
use crate::table::{Side, Table};

/// How the tables are printed.
#[derive(Clone, Copy)]
pub(crate) struct Style {
    /// As Markdown, not as aligned text.
    pub(crate) markdown: bool,
    /// With the figures of all contestants.
    pub(crate) all: bool,
}

/// Writes the report of `run`, compared with `before` if there is one.
pub(crate) fn text(run: &Run, before: Option<&Run>, style: Style) -> String {
    let standings = standings(run);
    let show = |table: Table| if style.markdown { table.markdown() } else { table.text() };
    let mut parts =
        vec![head(run).join(if style.markdown { "  \n" } else { "\n" }) + "\n", show(main(&standings))];
    if style.all {
        parts.push(show(all(run, &standings)));
    }
    parts.push(format!("{}\n", summary(&standings)));
    parts.push(section("Failed:", failures(run)));
    parts.push(section("Doubtful, to be measured again on a quiet machine:", doubts(run, &standings)));
    parts.push(section("Left out:", run.notes.clone()));
    if let Some(before) = before {
        parts.push(section(&format!("Against the run of {}:", before.date), compare::lines(run, before)));
    }
    parts.retain(|part| !part.is_empty());
    parts.join("\n")
}

fn head(run: &Run) -> Vec<String> {
    let samples = if run.samples_wanted == 1 { "sample" } else { "samples" };
    let quick = if run.quick { "quick run" } else { "run" };
    let ending = match run.ending {
        Ending::Whole => "",
        Ending::Interrupted => "; interrupted, so some are missing",
        Ending::OutOfTime => "; out of time, so some are missing (leave --quick out, or name rows)",
    };
    vec![
        format!("{quick} of {}, {} {samples} of each{ending}", run.date, run.samples_wanted),
        run.machine.line(),
        "figures are medians; lower is better".to_owned(),
    ]
}

fn main(standings: &[Standing]) -> Table {
    use Side::{Left, Right};
    let columns = [
        ("row", Left),
        ("unit", Left),
        ("limit", Right),
        ("best peer", Right),
        ("ours", Right),
        ("target", Right),
        ("", Left),
        ("ours/peer", Right),
        ("ours/limit", Right),
        ("spread of ours", Right),
        ("", Left),
    ];
    let mut table = Table::new(columns.into_iter().map(|(name, side)| (name.to_owned(), side)).collect());
    for standing in standings {
        let (ours, limit, peer) = (standing.ours(), standing.limit(), standing.best_peer());
        let over = |other| ours.zip(other).and_then(|(ours, other)| ours.over(&other));
        let dash = || "-".to_owned();
        table.push(vec![
            standing.row.id.clone(),
            standing.row.unit.clone(),
            cell(standing.entry(LIMIT)),
            peer.map_or_else(dash, |(name, figure)| format!("{name} {}", numbers::figure(figure.median))),
            cell(standing.entry(OURS)),
            standing.row.target.map_or_else(dash, target),
            standing.is_met().map_or("", |met| if met { "ok" } else { "missed" }).to_owned(),
            numbers::ratio(over(peer.map(|(_, figure)| figure))),
            numbers::ratio(over(limit)),
            ours.filter(|ours| ours.samples > 1).map_or_else(dash, |ours| {
                format!("{}..{}", numbers::figure(ours.least), numbers::figure(ours.most))
            }),
            if standing.doubts().is_empty() { String::new() } else { "doubtful".to_owned() },
        ]);
    }
    table
}

fn all(run: &Run, standings: &[Standing]) -> Table {
    let names = run.contestants.iter().map(|contestant| &contestant.name[..]);
    let is_in = |name: &&str| standings.iter().any(|standing| standing.entry(name).is_some());
    let names: Vec<&str> = names.filter(is_in).collect();
    let columns = names.iter().map(|name| ((*name).to_owned(), Side::Right));
    let mut table = Table::new([("row".to_owned(), Side::Left)].into_iter().chain(columns).collect());
    for standing in standings {
        let cells = names.iter().map(|name| cell(standing.entry(name)));
        table.push([standing.row.id.clone()].into_iter().chain(cells).collect());
    }
    table
}

fn cell(entry: Option<&Entry>) -> String {
    match entry {
        None => "-".to_owned(),
        Some(entry) => {
            entry.figure.map_or_else(|| "failed".to_owned(), |figure| numbers::figure(figure.median))
        }
    }
}

fn target(target: Target) -> String {
    let short = |value: f64| {
        if value.fract() == 0.0 && value < 100.0 { value.to_string() } else { numbers::figure(value) }
    };
    match target {
        Target::AtMost(figure) => short(figure),
        Target::TimesLimit(times) => format!("{} x limit", short(times)),
    }
}

fn summary(standings: &[Standing]) -> String {
    let count = |answers: Vec<bool>| (answers.iter().filter(|yes| **yes).count(), answers.len());
    let (ahead, rows) = count(standings.iter().filter_map(Standing::is_ahead).collect());
    let (met, targets) = count(standings.iter().filter_map(Standing::is_met).collect());
    let rows = match rows {
        0 => "No peer was measured".to_owned(),
        _ => format!("Ours is ahead of the best peer in {ahead} of {rows}"),
    };
    format!("{rows}; targets met: {met} of {targets}.")
}

/// Each contestant on each row, and at each size if there are several, with the first reason and how often it failed.
fn failures(run: &Run) -> Vec<String> {
    let is_same = |a: &Sample, b: &Sample| {
        a.row == b.row && a.contestant == b.contestant && a.size == b.size && a.scaling == b.scaling
    };
    let mut first: Vec<&Sample> = Vec::new();
    for sample in run.samples.iter().filter(|sample| sample.failed.is_some()) {
        if !first.iter().any(|known| is_same(known, sample)) {
            first.push(sample);
        }
    }
    let line = |sample: &Sample| {
        let tried = || run.samples.iter().filter(|other| is_same(other, sample));
        let times = tried().filter(|other| other.failed.is_some()).count();
        let size = if sample.scaling { format!(" at size {}", sample.size) } else { String::new() };
        let why = sample.failed.as_deref().unwrap_or_default();
        let (row, contestant) = (&sample.row, &sample.contestant);
        format!("{row}, {contestant}{size}: failed: {why} ({times} of {} samples)", tried().count())
    };
    first.into_iter().map(line).collect()
}

fn doubts(run: &Run, standings: &[Standing]) -> Vec<String> {
    let (load, cores) = (run.load_before, run.machine.cores);
    let busy = format!(
        "all rows: the machine was busy before the run began, with a load of {load:.1} on {cores} cores"
    );
    let of_run = (load > cores as f64).then_some(busy);
    let of_rows = standings.iter().filter_map(|standing| {
        let doubts = standing.doubts();
        (!doubts.is_empty()).then(|| format!("{}: {}", standing.row.id, doubts.join("; ")))
    });
    of_run.into_iter().chain(of_rows).collect()
}

/// A heading with a list below; nothing if the list is empty.
fn section(heading: &str, lines: Vec<String>) -> String {
    if lines.is_empty() {
        return String::new();
    }
    let lines: String = lines.into_iter().map(|line| format!("- {line}\n")).collect();
    format!("{heading}\n\n{lines}")
}
