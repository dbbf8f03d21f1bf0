//! How the contestants stand on a row: figures, who is best, and whether to believe it.

use crate::figure::Figure;
use crate::list::{LIMIT, OURS, Row, Target, is_peer};
use crate::run::{Run, Sample};

/// Others may use this much of a core, in the mean over a row's samples, before the row is in doubt.
const OTHERS: f64 = 0.25;
/// The machine below may take this much of a core.
const STOLEN: f64 = 0.05;
/// Samples of the same may lie this part of their median apart.
const SPREAD: f64 = 0.3;

/// One row with what was measured.
pub(crate) struct Standing<'a> {
    pub(crate) row: &'a Row,
    pub(crate) entries: Vec<Entry<'a>>,
    samples: Vec<&'a Sample>,
}

/// One contestant on that row.
pub(crate) struct Entry<'a> {
    pub(crate) name: &'a str,
    /// Of the samples that worked; none if all failed.
    pub(crate) figure: Option<Figure>,
}

/// Sums up a run, row by row; rows that it did not come to are left out.
pub(crate) fn standings(run: &Run) -> Vec<Standing<'_>> {
    run.rows.iter().map(|row| standing(run, row)).filter(|standing| !standing.entries.is_empty()).collect()
}

fn standing<'a>(run: &'a Run, row: &'a Row) -> Standing<'a> {
    let samples = run.samples.iter().filter(|sample| sample.row == row.id && !sample.scaling);
    let samples: Vec<&Sample> = samples.collect();
    let mut names: Vec<&str> = row.contestants.iter().map(String::as_str).collect();
    names.retain(|name| samples.iter().any(|sample| sample.contestant == *name));
    let entry = |name: &'a str| {
        let own = samples.iter().filter(|sample| sample.contestant == name);
        Entry { name, figure: Figure::of(own.filter_map(|sample| sample.figure(&row.unit)).collect()) }
    };
    Standing { row, entries: names.into_iter().map(entry).collect(), samples }
}

impl<'a> Standing<'a> {
    /// Returns a contestant's entry, if it was tried.
    pub(crate) fn entry(&self, name: &str) -> Option<&Entry<'a>> {
        self.entries.iter().find(|entry| entry.name == name)
    }

    /// Returns a contestant's figure, if it has one.
    pub(crate) fn figure(&self, name: &str) -> Option<Figure> {
        self.entry(name)?.figure
    }

    /// Returns the limit's figure.
    pub(crate) fn limit(&self) -> Option<Figure> {
        self.figure(LIMIT)
    }

    /// Returns our figure.
    pub(crate) fn ours(&self) -> Option<Figure> {
        self.figure(OURS)
    }

    /// Returns the peer with the lowest figure.
    pub(crate) fn best_peer(&self) -> Option<(&'a str, Figure)> {
        let peers = self.entries.iter().filter(|entry| is_peer(entry.name));
        let figures = peers.filter_map(|entry| Some((entry.name, entry.figure?)));
        figures.min_by(|(_, a), (_, b)| a.median.total_cmp(&b.median))
    }

    /// Says whether ours is ahead of the best peer; nothing if one of them has no figure.
    pub(crate) fn is_ahead(&self) -> Option<bool> {
        Some(self.ours()?.median < self.best_peer()?.1.median)
    }

    /// Says whether ours meets its target; nothing without a target or a figure.
    pub(crate) fn is_met(&self) -> Option<bool> {
        let most = match self.row.target? {
            Target::AtMost(figure) => figure,
            Target::TimesLimit(times) => times * self.limit()?.median,
        };
        Some(self.ours()?.median <= most)
    }

    /// Returns why the row should be measured again before anyone believes it.
    pub(crate) fn doubts(&self) -> Vec<String> {
        let mut doubts = Vec::new();
        let sum = |part: fn(&Sample) -> f64| self.samples.iter().map(|sample| part(sample)).sum::<f64>();
        let seconds = sum(|sample| sample.seconds);
        // Memory is the same however busy the machine is.
        if seconds > 0.0 && self.row.unit != "bytes" {
            let (others, stolen) = (
                sum(|sample| sample.others_seconds) / seconds,
                sum(|sample| sample.stolen_seconds) / seconds,
            );
            if others > OTHERS {
                doubts.push(format!("other programs used {others:.2} of a core"));
            }
            if stolen > STOLEN {
                doubts.push(format!("{stolen:.2} of a core was stolen from this virtual machine"));
            }
        }
        let peer = self.best_peer().map(|(name, _)| name);
        for name in [Some(LIMIT), peer, Some(OURS)].into_iter().flatten() {
            if let Some(spread) =
                self.figure(name).and_then(|figure| figure.spread()).filter(|part| *part > SPREAD)
            {
                doubts.push(format!("the samples of {name} lie {:.0} % apart", spread * 100.0));
            }
        }
        doubts
    }
}
