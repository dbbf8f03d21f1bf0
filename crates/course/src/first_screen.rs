//! What the tool prints without a command: where you are and what is next, and every path and command in it works.

use std::fmt::Write;

use ::course::progress::State;

use crate::course::{Course, Refusal};

/// How many steps the course has once it is whole.
const STEPS: usize = 7;

/// Writes the first screen: at most 24 lines of 80 columns, even with all seven steps in place.
pub(crate) fn text(course: &Course) -> Result<String, Refusal> {
    let workspace = &course.workspace;
    let built = workspace.steps.len();
    let mut screen =
        String::from("A course that rebuilds Python's asyncio and its GIL in Rust, from nothing.\n\n");
    let ahead = if built < STEPS { format!(" ({built} of {STEPS} so far)") } else { String::new() };
    line(&mut screen, &format!("The steps{ahead}:"));
    for step in &workspace.steps {
        let test = format!("cargo test -p {}", step.package());
        line(&mut screen, &format!("  {}  {}", step.number, step.title));
        let done = exercises(course, step.number)?;
        line(&mut screen, format!("     {test:<19}  read {:<30}{done}", step.reading).trim_end());
    }
    line(&mut screen, "");
    next(course, &mut screen)?;
    line(&mut screen, "  cargo course demo gather   one of six Python programs, on our own runtimes");
    Ok(screen)
}

/// Says how many exercises of a step are finished; nothing if it has none.
fn exercises(course: &Course, step: u32) -> Result<String, Refusal> {
    let (mut done, mut changed, mut all) = (0, 0, 0);
    for exercise in course.catalogue.exercises.iter().filter(|exercise| exercise.step == step) {
        let state = course.state(exercise)?;
        all += 1;
        done += u32::from(state.is_done());
        changed += u32::from(state == State::Changed);
    }
    Ok(match (all, changed) {
        (0, _) => String::new(),
        (_, 0) => format!("  {done} of {all} done"),
        _ => format!("  {done} of {all}, {changed} changed"),
    })
}

fn next(course: &Course, screen: &mut String) -> Result<(), Refusal> {
    let all = course.catalogue.exercises.len();
    match course.next()? {
        Some(exercise) => {
            let (id, stars, minutes) = (&exercise.id, exercise.stars(), exercise.minutes);
            line(screen, &format!("Next: {} ({stars}, {minutes} minutes)", exercise.title));
            line(screen, &format!("  {}", exercise.file()));
            line(screen, &format!("  cargo course check {id}; stuck: cargo course hint {id}"));
        }
        None if all > 0 => line(screen, "Next: nothing, all exercises are finished."),
        None => line(screen, "Next:"),
    }
    Ok(())
}

fn line(screen: &mut String, text: &str) {
    writeln!(screen, "{text}").expect("writing to a string cannot fail");
}
