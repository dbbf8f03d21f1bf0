//! A race with the GIL on: two threads add to one variable twice each, and all schedules are tried.
//!
//! The GIL is let go between instructions, so it protects the machine's memory, and not the sum. Which sums there can be depends
//! on where switches may fall; the last part draws a schedule that loses as much as can be lost.
//!
//! `cargo run -p step7 --example race -- --manual-clock`

use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use step7::{CheckAt, Data, Outcomes, Program, Schedules};
use timeline::demo::{Stage, say};

/// Ways to add, as Python and as instructions.
const FORMS: [(&str, &str); 4] = [
    ("n += 1", "LOAD_GLOBAL n; LOAD_CONST 1; ADD; STORE_GLOBAL n"),
    ("n += f()", "LOAD_GLOBAL n; LOAD_GLOBAL f; CALL 0; ADD; STORE_GLOBAL n"),
    ("n = f() + n", "LOAD_GLOBAL f; CALL 0; LOAD_GLOBAL n; ADD; STORE_GLOBAL n"),
    (
        "with lock: n += f()",
        "ACQUIRE l; LOAD_GLOBAL n; LOAD_GLOBAL f; CALL 0; ADD; STORE_GLOBAL n; RELEASE l",
    ),
];

/// Tries all schedules of two threads, each of which adds twice.
fn explore(add: &str, check_at: CheckAt) -> Result<Outcomes, Box<dyn Error>> {
    let twice = [add, add].join("; ").replace("; ", "\n");
    let text = format!(
        "global n = 0\nlock l\n\
         func add()\nRESUME\n{twice}\nHALT\nend\n\
         func f()\nRESUME\nLOAD_CONST 1\nRETURN\nend"
    );
    let program = text.parse::<Program>()?.verify()?;
    Ok(Schedules::of(&program).check_at(check_at).thread("add", &[]).thread("add", &[]).run()?)
}

/// Says what `n` may be in the end, and in how many schedules.
fn cell(found: &Outcomes) -> String {
    let finals: Vec<_> = found.finals("n").iter().map(Data::to_string).collect();
    format!("{:8} {:>15}", finals.join(", "), found.schedules().unwrap_or(u128::MAX))
}

fn main() -> Result<(), Box<dyn Error>> {
    let stage = Stage::from_args();
    say("Two threads add 1 twice. What n may be, and in how many schedules:");
    say("");
    say(format!("{:21} {:26} {}", "", "every instruction", "loops and calls"));
    for (form, add) in FORMS {
        let [every, loops] =
            [CheckAt::EveryInstruction, CheckAt::BackEdgesAndCalls].map(|at| explore(add, at));
        say(format!("{form:21} {}   {}", cell(&every?), cell(&loops?).trim_end()));
    }

    let (form, add) = FORMS[1];
    let found = explore(add, CheckAt::BackEdgesAndCalls)?;
    let lost = found.iter().find(|outcome| *outcome.global("n") == Data::Int(2)).ok_or("nothing was lost")?;
    say("");
    say(format!("With loops and calls, `{form}` loses half of it so:"));
    for turn in &lost.schedule {
        let (thread, count) = (turn.thread, turn.instructions.len());
        let [first, .., last] = &turn.instructions[..] else { continue };
        say(format!("thread {thread}  {count:2} instructions, {first} to {last}"));
    }

    let now = Arc::new(AtomicU64::new(0)); // An instruction is a millisecond, whatever clock was asked for.
    let clock = Arc::clone(&now);
    let tick = || {
        now.fetch_add(1, Relaxed);
    };
    stage.play(move || Duration::from_millis(clock.load(Relaxed)), || lost.replay(tick));
    Ok(())
}
