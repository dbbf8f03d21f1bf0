//! The figures of a soak: a line now and then, and the judgement at the end.

use std::fmt;
use std::time::Duration;

use faults::Census;
use step4::Metrics;

use crate::loads::{Load, Soak};

/// By how much timers were late: as many as half of them, as 99 of 100, and at most.
#[derive(Clone, Copy, Default)]
struct Lateness {
    median: Duration,
    p99: Duration,
    max: Duration,
}

impl Lateness {
    fn of(mut late: Vec<Duration>) -> Self {
        late.sort_unstable();
        let at = |part: usize| late.get((late.len() * part / 100).min(late.len().saturating_sub(1)));
        let [median, p99, max] = [50, 99, 100].map(|part| at(part).copied().unwrap_or_default());
        Self { median, p99, max }
    }
}

impl fmt::Display for Lateness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [median, p99, max] = [self.median, self.p99, self.max].map(|late| late.as_secs_f64() * 1e3);
        write!(f, "{median:5.1} {p99:5.1} {max:6.1}")
    }
}

/// What there was at one moment, and since the last one.
pub(crate) struct Line {
    time: Duration,
    done: [u64; Load::ALL.len()],
    on_loop: Metrics,
    on_pool: Metrics,
    census: Census,
    late: [Lateness; 2],
}

impl Line {
    /// What the columns are.
    pub(crate) const HEAD: &str = "seconds  operations | loop: tasks timers sockets | pool: tasks timers sockets | \
        MiB threads descriptors | late, ms: loop median p99 max | pool";

    /// Looks at everything.
    pub(crate) fn take(time: Duration, soak: &Soak, on_loop: Metrics, on_pool: Metrics) -> Self {
        let late = soak.take_lateness().map(Lateness::of);
        Self { time, done: soak.done(), on_loop, on_pool, census: Census::take(), late }
    }

    #[expect(clippy::cast_precision_loss, reason = "to be read, and compared with a tolerance")]
    fn mebibytes(&self) -> f64 {
        self.census.resident as f64 / f64::from(1 << 20)
    }
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { time, done, on_loop, on_pool, census, late: [late_on_loop, late_on_pool] } = self;
        write!(f, "{:7.0} {:11} |", time.as_secs_f64(), done.iter().sum::<u64>())?;
        for held in [on_loop, on_pool] {
            write!(f, " {:11} {:6} {:7} |", held.tasks, held.timers, held.sockets)?;
        }
        write!(f, " {:5.1} {:5} {:11} |", self.mebibytes(), census.threads, census.descriptors)?;
        write!(f, " {late_on_loop} | {late_on_pool}")
    }
}

/// Returns the lines of a quarter of the time: the first is 0.
fn quarter(lines: &[Line], number: usize) -> &[Line] {
    &lines[lines.len() * number / 4..lines.len() * (number + 1) / 4]
}

/// Returns the median of what `figure` says of each line.
fn median(lines: &[Line], figure: impl Fn(&Line) -> f64) -> f64 {
    let mut figures: Vec<_> = lines.iter().map(figure).collect();
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}

/// Says what the figures are, and returns what is wrong with them.
pub(crate) fn judge(lines: &[Line]) -> Vec<String> {
    let mut complaints = Vec::new();
    let (second, last) = (quarter(lines, 1), quarter(lines, 3));
    let mut grows = |what: &str, figure: &dyn Fn(&Line) -> f64, limit: &dyn Fn(f64) -> f64| {
        let (before, after) = (median(second, figure), median(last, figure));
        println!(
            "{what}: {before:.2} in the second quarter, {after:.2} in the last; the limit is {:.2}",
            limit(before)
        );
        if after > limit(before) {
            complaints.push(format!("{what} grows from {before:.2} to {after:.2}"));
        }
    };
    // The sanitizers keep what was freed, to see who uses it.
    let tolerance = if cfg!(sanitized) { 1000.0 } else { 4.0 };
    grows("memory in MiB", &Line::mebibytes, &|before| (before * 1.05).max(before + tolerance));
    for (place, name) in ["lateness on the loop in ms", "lateness on the pool in ms"].into_iter().enumerate()
    {
        grows(name, &|line| line.late[place].p99.as_secs_f64() * 1e3, &|before| before * 2.0 + 5.0);
    }
    let (start, end) = (&quarter(lines, 2)[quarter(lines, 2).len() - 1].done, &lines[lines.len() - 1].done);
    for (load, (start, end)) in Load::ALL.into_iter().zip(start.iter().zip(end)) {
        println!("{load:?}: {end} operations");
        if start == end {
            complaints.push(format!("{load:?} stands still at {end} operations"));
        }
    }
    complaints
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Judges a soak of twenty lines, each as `change` makes it of one that is in order.
    fn judged(change: impl Fn(u64, &mut Line)) -> Vec<String> {
        let line = |number| {
            let p99 = Duration::from_millis(2);
            let mut line = Line {
                time: Duration::from_secs(number),
                done: [number * 1000; Load::ALL.len()],
                on_loop: Metrics::default(),
                on_pool: Metrics::default(),
                census: Census { threads: 9, descriptors: 30, resident: 100 << 20 },
                late: [Lateness { p99, ..Lateness::default() }; 2],
            };
            change(number, &mut line);
            line
        };
        judge(&(1..=20).map(line).collect::<Vec<_>>())
    }

    #[test]
    fn what_stays_as_it_is_passes() {
        assert_eq!(judged(|_, _| {}), Vec::<String>::new());
    }

    #[test]
    #[cfg_attr(sanitized, ignore = "under a sanitizer, which keeps what is freed, far more is allowed")]
    fn a_leak_of_a_mebibyte_a_line_is_found_and_warming_up_is_not_taken_for_one() {
        let leak =
            judged(|number, line| line.census.resident += usize::try_from(number).map_or(0, |n| n << 20));
        assert_eq!(leak, ["memory in MiB grows from 108.00 to 118.00"]);
        let warm = judged(|number, line| line.census.resident += if number > 5 { 50 << 20 } else { 0 });
        assert_eq!(warm, Vec::<String>::new());
    }

    #[test]
    fn timers_that_get_later_are_found() {
        let later = judged(|number, line| line.late[1].p99 *= u32::try_from(number * number).unwrap_or(1));
        assert_eq!(later, ["lateness on the pool in ms grows from 128.00 to 648.00"]);
    }

    #[test]
    fn a_load_that_stands_still_is_found() {
        let still = judged(|number, line| line.done[Load::Database as usize] = number.min(15));
        assert_eq!(still, ["Database stands still at 15 operations"]);
    }
}
