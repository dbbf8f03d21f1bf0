//! Takes the samples, in turns.

use std::process::Stdio;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use serde_json::Value;

use crate::arguments::Arguments;
use crate::children::{Children, Ended, Trouble};
use crate::date;
use crate::list::Row;
use crate::load::Meter;
use crate::machine::Machine;
use crate::programs::{Found, Program, last_words};
use crate::progress::Progress;
use crate::run::{Ending, FORMAT, Run, Sample};
use crate::selection::{Job, Selection, Turn};

/// A quick run stops here, so that it is over within two minutes.
const QUICK_BUDGET: Duration = Duration::from_secs(100);
/// How long one sample may take at most.
const LIMIT: Duration = Duration::from_secs(120);
const QUICK_LIMIT: Duration = Duration::from_secs(15);

/// Takes all samples that are wanted, until a signal or the clock ends it.
pub(crate) fn measure(
    arguments: &Arguments,
    children: &Children,
    found: &Found,
    selection: &Selection,
) -> Run {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let meter = Meter::new(&arguments.proc);
    let mut run = Run {
        format: FORMAT,
        date: date::text(now),
        command: std::env::args().skip(1).collect(),
        machine: Machine::this(),
        load_before: meter.read().load,
        quick: arguments.quick,
        samples_wanted: arguments.samples(),
        seed: u64::from(now.subsec_nanos()),
        ending: Ending::Whole,
        notes: found.notes.clone(),
        contestants: found.list.contestants.clone(),
        rows: selection.rows.clone(),
        samples: Vec::new(),
    };
    let usual = if arguments.quick { QUICK_LIMIT } else { LIMIT };
    let taker = Taker {
        children,
        meter,
        programs: &found.programs,
        rows: &selection.rows,
        quick: arguments.quick,
        limit: arguments.limit.map_or(usual, Duration::from_secs),
        // Whoever asks for curves has time.
        deadline: (arguments.quick && !arguments.scaling).then(|| Instant::now() + QUICK_BUDGET),
    };
    run.ending = taker.rounds(selection, &mut run);
    run
}

struct Taker<'a> {
    children: &'a Children,
    meter: Meter,
    programs: &'a [Program],
    rows: &'a [Row],
    quick: bool,
    limit: Duration,
    deadline: Option<Instant>,
}

impl Taker<'_> {
    fn rounds(&self, selection: &Selection, run: &mut Run) -> Ending {
        let rounds = run.samples_wanted;
        let mut random = fastrand::Rng::with_seed(run.seed);
        let progress = Progress::new(rounds, selection.jobs());
        for round in 1..=rounds {
            for turn in &selection.turns {
                let mut jobs: Vec<&Job> = turn.jobs.iter().collect();
                random.shuffle(&mut jobs);
                progress.turn(round, turn);
                for job in jobs {
                    if self.deadline.is_some_and(|deadline| Instant::now() >= deadline) {
                        return Ending::OutOfTime;
                    }
                    let Some(sample) = self.sample(round, turn, job) else { return Ending::Interrupted };
                    progress.sample(&sample);
                    run.samples.push(sample);
                }
            }
        }
        Ending::Whole
    }

    /// Takes one sample; none if a signal ended it.
    fn sample(&self, round: u32, turn: &Turn, job: &Job) -> Option<Sample> {
        let program = &self.programs[job.program];
        let seconds = if self.quick { program.list.quick_seconds } else { program.list.seconds };
        let (size, seconds) = (job.size.to_string(), seconds.to_string());
        let mut command =
            program.command([&turn.row[..], &job.contestant, "--size", &size, "--seconds", &seconds]);
        let (before, since) = (self.meter.read(), Instant::now());
        let outcome = self.children.run(command.stderr(Stdio::piped()), Some(self.limit));
        let (took, after) = (since.elapsed(), self.meter.read());
        let mut sample = Sample {
            round,
            row: turn.row.clone(),
            contestant: job.contestant.clone(),
            size: job.size,
            scaling: turn.scaling,
            line: None,
            failed: None,
            seconds: took.as_secs_f64(),
            load: [before.load, after.load],
            others_seconds: before.others(&after),
            stolen_seconds: before.stolen(&after),
        };
        match self.line(&sample, outcome)? {
            Ok(line) => sample.line = Some(line),
            Err(why) => sample.failed = Some(why),
        }
        Some(sample)
    }

    /// Reads what the contest printed, or says why that is no sample; nothing if a signal ended it.
    fn line(&self, sample: &Sample, outcome: Result<Ended, Trouble>) -> Option<Result<Value, String>> {
        Some(match outcome {
            Ok(ended) if !ended.status.success() => {
                Err(format!("it ended with {}{}", ended.status, last_words(&ended)))
            }
            Ok(ended) => self.checked(sample, &ended.stdout),
            Err(Trouble::Interrupted) => return None,
            Err(Trouble::NotStarted(error)) => Err(format!("it does not start: {error}")),
            Err(Trouble::TooLong(limit)) => Err(format!("it still ran after {} s", limit.as_secs())),
        })
    }

    fn checked(&self, sample: &Sample, text: &str) -> Result<Value, String> {
        let shown = || text.trim().chars().take(60).collect::<String>();
        let line: Value =
            serde_json::from_str(text).map_err(|_| format!("what it printed is no JSON: {:?}", shown()))?;
        if line["row"] != sample.row.as_str() || line["contestant"] != sample.contestant.as_str() {
            return Err(format!("it printed another sample than was asked for: {:?}", shown()));
        }
        let unit = self.rows.iter().find(|row| row.id == sample.row).map_or("", |row| &row.unit[..]);
        let with_line = Sample { line: Some(line.clone()), ..sample.clone() };
        match with_line.figure(unit) {
            Some(_) => Ok(line),
            None => Err(format!("what it printed has no figure: {:?}", shown())),
        }
    }
}
