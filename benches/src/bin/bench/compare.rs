//! What became of our figures since another run.

use crate::list::OURS;
use crate::numbers;
use crate::run::Run;
use crate::standing::{Standing, standings};

/// A smaller change is not worth a line.
const CHANGE: f64 = 0.15;

/// Returns a line for each row that became slower or faster by more than its samples lie apart, and what may stand
/// against believing it.
pub(crate) fn lines(run: &Run, before: &Run) -> Vec<String> {
    let (now, then) = (standings(run), standings(before));
    let pairs = now.iter().filter_map(|now| Some((now, then.iter().find(|then| then.row.id == now.row.id)?)));
    let (mut slower, mut faster, mut compared, mut resized) = (Vec::new(), Vec::new(), 0, Vec::new());
    for (now, then) in pairs {
        let (Some(new), Some(old)) = (now.ours(), then.ours()) else { continue };
        if size(run, now) != size(before, then) {
            resized.push(now.row.id.clone());
            continue;
        }
        compared += 1;
        let Some(change) = new.over(&old).map(|times| times - 1.0) else { continue };
        if change.abs() <= CHANGE || new.overlaps(&old) {
            continue;
        }
        let (word, lines) = if change > 0.0 { ("slower", &mut slower) } else { ("faster", &mut faster) };
        let word =
            if now.row.unit == "bytes" { if change > 0.0 { "larger" } else { "smaller" } } else { word };
        lines.push(format!(
            "{word}: {} from {} to {} ({}){}",
            now.row.id,
            numbers::figure(old.median),
            numbers::figure(new.median),
            numbers::change(change),
            limit(now, then),
        ));
    }
    let mut lines = slower;
    lines.extend(faster);
    if lines.is_empty() {
        lines.push(format!("no row changed by more than {:.0} % ({compared} compared)", CHANGE * 100.0));
    }
    if !resized.is_empty() {
        lines.push(format!("not compared, since another size was measured: {}", resized.join(", ")));
    }
    if run.machine != before.machine {
        lines.push(format!("that was made by {}", before.machine.line()));
    }
    lines
}

/// The size at which ours was measured.
fn size(run: &Run, standing: &Standing) -> Option<u64> {
    let is_it = |row: &str, contestant: &str| row == standing.row.id && contestant == OURS;
    let mut samples = run.samples.iter().filter(|sample| !sample.scaling);
    samples.find(|sample| is_it(&sample.row, &sample.contestant)).map(|sample| sample.size)
}

/// If the limit changed as well, perhaps it was the machine.
fn limit(now: &Standing, then: &Standing) -> String {
    let change =
        now.limit().zip(then.limit()).and_then(|(now, then)| now.over(&then)).map(|times| times - 1.0);
    match change.filter(|change| change.abs() > CHANGE) {
        Some(change) => format!("; but the limit changed too, by {}", numbers::change(change)),
        None => String::new(),
    }
}
