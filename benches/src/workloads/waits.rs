//! So many waits of 2 ms each: nothing to do but to wait. Returns how many.
//!
//! `cargo run --profile bench -p benches --bin steps -- waits`

use std::thread;
use std::time::Duration;

use step3::sleep;
use step7::Data;

use crate::{Setting, Workload, machine, run};

const WAIT: Duration = Duration::from_millis(2);

const PROGRAM: &str = "
func wait(seconds)
    RESUME
    LOAD_FAST seconds
    SLEEP
    LOAD_CONST 1
    RETURN
end
";

fn job() -> u64 {
    thread::sleep(WAIT);
    1
}

async fn future() -> u64 {
    sleep(WAIT).await;
    1
}

pub(crate) fn make(waits: usize, _: &Setting) -> Workload {
    let futures = move || (0..waits).map(|_| future()).collect::<Vec<_>>();
    let program = machine::program(PROGRAM);
    let on_a_machine = move || {
        let seconds = Data::Float(WAIT.as_secs_f64());
        machine::on_threads(&machine::with_gil(&program), "wait", vec![vec![seconds]; waits])
    };
    Workload::new(format!("{waits} waits of {} ms; returns how many", WAIT.as_millis()), waits)
        .jobs(move || vec![job; waits])
        .way(3, "block_on, join", move || run::joined(futures()))
        .futures(futures)
        .way(6, "event loop, task group", move || run::in_a_group(futures()))
        .way(7, "machine, a thread each", on_a_machine)
}
