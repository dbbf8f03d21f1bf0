//! `cargo course check`: passed, or the first thing that is wrong, and what may help with it.

use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Value, json};

use ::course::catalogue::Exercise;
use ::course::progress::State;
use ::course::verdict::{Failure, Listener, Verdict, judge};

use crate::course::{Course, NOT_YET, Refusal};
use crate::{say, wants_color};

/// How wide a timeline is drawn.
const WIDTH: u16 = 80;

/// What `check` takes.
#[derive(Args)]
pub(crate) struct CheckArgs {
    /// An exercise by its id, `step2` for those of a step, or `all`; the next one if left out
    which: Option<String>,

    /// Print what was found as JSON, for scripts
    #[arg(long)]
    json: bool,
}

/// Judges what was asked for. Of several, all are judged, and the first that is not right is explained.
pub(crate) fn run(course: &mut Course, args: &CheckArgs) -> Result<ExitCode, Refusal> {
    let chosen: Vec<Exercise> = match &args.which {
        Some(which) => course.select(which)?.into_iter().cloned().collect(),
        None => course.next()?.cloned().into_iter().collect(),
    };
    if chosen.is_empty() && !args.json {
        return Ok(say("All exercises are finished. `cargo course check all` runs them again.\n"));
    }
    for exercise in &chosen {
        if course.state(exercise)? == State::Changed {
            eprintln!("note: what {} asks has changed since you passed", exercise.id);
        }
    }
    let (mut reports, mut text, mut explained, mut failed) = (Vec::new(), String::new(), None, 0);
    for exercise in &chosen {
        let verdict = judge_one(course, exercise)?;
        reports.push(report(exercise, &verdict));
        if matches!(verdict, Verdict::Passed { .. }) {
            text += &format!("passed   {}\n", exercise.id);
        } else {
            text += &format!("not yet  {}\n", exercise.id);
            failed += 1;
        }
        if chosen.len() == 1 || (explained.is_none() && !matches!(verdict, Verdict::Passed { .. })) {
            explained = Some(explain(course, exercise, &verdict)?);
        }
    }
    let code = if failed == 0 { ExitCode::SUCCESS } else { ExitCode::from(NOT_YET) };
    let explained = explained.unwrap_or_default();
    let shown = if args.json {
        format!("{}\n", json!({ "exercises": reports }))
    } else if chosen.len() == 1 {
        explained
    } else {
        let summary = format!("{} of {} pass\n", chosen.len() - failed, chosen.len());
        if explained.is_empty() {
            format!("{text}\n{summary}")
        } else {
            format!("{text}\n{summary}\n{explained}")
        }
    };
    Ok(if say(&shown) == ExitCode::SUCCESS { code } else { ExitCode::from(1) })
}

/// Judges one answer, with a spinner on a terminal, and keeps that it has passed.
pub(crate) fn judge_one(course: &mut Course, exercise: &Exercise) -> Result<Verdict, Refusal> {
    course.expect_answers()?;
    let spinner = Spinner::new();
    let verdict = judge(&course.workspace.root, exercise, WIDTH, wants_color(), &spinner)?;
    drop(spinner);
    if matches!(verdict, Verdict::Passed { .. }) {
        // The answer is right all the same: what was found is said, whether or not it can be kept.
        if let Err(error) = course.progress.passed(&course.workspace.root, exercise) {
            eprintln!("note: that {} has passed is not kept: {error}", exercise.id);
        }
    }
    Ok(verdict)
}

/// Says in words what was found.
pub(crate) fn explain(course: &Course, exercise: &Exercise, verdict: &Verdict) -> Result<String, Refusal> {
    Ok(match verdict {
        Verdict::Passed { drawing } => passed(course, exercise, drawing.as_deref())?,
        Verdict::NotCompiled { error, command } => format!(
            "not yet  {}: {} does not compile. The first error:\n\n{}\n\nAll of them:  {command}\n",
            exercise.id,
            exercise.file(),
            error.trim_end(),
        ),
        Verdict::Failed(failure) => failed(course, exercise, failure),
    })
}

fn passed(course: &Course, exercise: &Exercise, drawing: Option<&str>) -> Result<String, Refusal> {
    let count = exercise.contract.len();
    let mut text = format!("passed   {}: {} ({count} of {count} checks)\n", exercise.id, exercise.title);
    if let (Some(drawing), Some(check)) = (drawing, &exercise.draw) {
        text += &format!(
            "\nYour own run in the check `{check}`, one event after the other:\n\n{}\n",
            drawing.trim_end()
        );
    }
    text += &format!("\nCompare with our answer:  cargo course diff {}\n", exercise.id);
    text += &match course.next()? {
        Some(next) => format!("Next:  {}, in {}\n", next.title, next.file()),
        None => "That was the last one: all exercises are finished.\n".to_owned(),
    };
    Ok(text)
}

fn failed(course: &Course, exercise: &Exercise, failure: &Failure) -> String {
    let count = exercise.contract.len();
    let mut text = format!(
        "not yet  {}: {} of {count} checks pass. This one does not:\n\n",
        exercise.id, failure.passed
    );
    text += &format!("  {}\n\n", failure.says);
    for line in failure.message.lines() {
        text += &format!("    {line}\n");
    }
    if let Some(place) = &failure.place {
        text += &format!("    at {place}\n");
    }
    if let Some((headline, lanes)) = failure.schedule.as_ref().and_then(|schedule| schedule.split_once('\n'))
    {
        text += &format!("\n  The model checker has tried the orders of the threads' steps: {headline}.\n\n");
        for line in lanes.lines() {
            text += &format!("    {line}\n");
        }
    }
    if !failure.printed.is_empty() {
        text += "\n  Your code has printed:\n";
        for line in failure.printed.lines() {
            text += &format!("    {line}\n");
        }
    }
    let known = failure
        .misconception
        .as_ref()
        .and_then(|code| Some((code, course.catalogue.misconceptions.get(code)?)));
    if let Some((code, misconception)) = known {
        text += &format!("\n  A common misconception: \"{}\"\n", misconception.says);
        text += &format!("  {}\n", misconception.rather);
        text += &format!("  {code}; read {}\n", misconception.chapter);
    }
    text += &format!("\nThis check alone:  {}\n", failure.command);
    text += &format!("Stuck?             cargo course hint {}\n", exercise.id);
    text
}

/// What a script gets.
fn report(exercise: &Exercise, verdict: &Verdict) -> Value {
    match verdict {
        Verdict::Passed { .. } => json!({ "id": exercise.id, "outcome": "passed" }),
        Verdict::NotCompiled { error, command } => {
            json!({ "id": exercise.id, "outcome": "not compiled", "message": error, "command": command })
        }
        Verdict::Failed(failure) => json!({
            "id": exercise.id,
            "outcome": if failure.hang { "hung" } else { "failed" },
            "check": failure.check,
            "contract": failure.says,
            "passed": failure.passed,
            "message": failure.message,
            "place": failure.place,
            "schedule": failure.schedule,
            "misconception": failure.misconception,
            "printed": failure.printed,
            "command": failure.command,
        }),
    }
}

/// Says on a terminal what takes so long; silent in a pipe.
pub(crate) struct Spinner(ProgressBar);

impl Spinner {
    pub(crate) fn new() -> Self {
        let bar = ProgressBar::new_spinner();
        let style = ProgressStyle::with_template("{spinner} {prefix} {elapsed} {wide_msg}");
        bar.set_style(style.expect("the template is well formed"));
        bar.enable_steady_tick(Duration::from_millis(100));
        Self(bar)
    }
}

impl Listener for Spinner {
    fn begins(&self, what: &str) {
        self.0.set_prefix(what.to_owned());
        self.0.set_message("");
    }

    fn said(&self, line: &str) {
        self.0.set_message(line.to_owned());
    }
}

impl Drop for Spinner {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
