//! The steps, the demos and the exercises, for scripts.

use std::fmt::Write;

use clap::Args;
use serde_json::{Value, json};

use crate::course::{Course, Refusal};
use crate::demo::Demo;

/// What a line holds; shown by `cargo course list --help`.
pub(crate) const COLUMNS: &str = "\
Columns, with one tab between them:
    step      its package  where to read it  its title
    demo      its name     the package it is an example of
    exercise  its id       its step  its state  its file  its title
An exercise's state is one of: new, begun, passed, changed (what it asks has changed since you passed).";

/// What `list` takes.
#[derive(Args)]
pub(crate) struct ListArgs {
    /// Print it all as JSON
    #[arg(long)]
    json: bool,
}

/// Writes one line for each step, demo and exercise, the columns of [`COLUMNS`] between tabs; or the same as JSON.
pub(crate) fn text(course: &Course, args: &ListArgs) -> Result<String, Refusal> {
    if args.json {
        return Ok(format!("{}\n", as_json(course)?));
    }
    let mut lines = String::new();
    let mut line = |columns: &[&str]| {
        writeln!(lines, "{}", columns.join("\t")).expect("writing to a string cannot fail");
    };
    for step in &course.workspace.steps {
        line(&["step", &step.package(), &step.reading, &step.title]);
    }
    for demo in Demo::ALL {
        line(&["demo", &demo.to_string(), demo.package()]);
    }
    for exercise in &course.catalogue.exercises {
        let (step, state) = (format!("step{}", exercise.step), course.state(exercise)?.word());
        line(&["exercise", &exercise.id, &step, state, &exercise.file(), &exercise.title]);
    }
    Ok(lines)
}

fn as_json(course: &Course) -> Result<Value, Refusal> {
    let steps: Vec<Value> = (course.workspace.steps.iter())
        .map(|step| json!({ "package": step.package(), "reading": step.reading, "title": step.title }))
        .collect();
    let demos: Vec<Value> =
        Demo::ALL.iter().map(|demo| json!({ "name": demo.to_string(), "package": demo.package() })).collect();
    let mut exercises = Vec::new();
    for exercise in &course.catalogue.exercises {
        exercises.push(json!({
            "id": exercise.id,
            "step": exercise.step,
            "difficulty": exercise.difficulty,
            "minutes": exercise.minutes,
            "title": exercise.title,
            "file": exercise.file(),
            "state": course.state(exercise)?.word(),
        }));
    }
    Ok(json!({ "steps": steps, "demos": demos, "exercises": exercises }))
}
