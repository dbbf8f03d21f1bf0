//! Threads do help what waits: eight waits in a row, on eight threads, and as eight tasks.
//!
//! Who sleeps has let go of the lock, so eight threads sleep at once, like eight tasks on one thread. Native code chooses:
//! what keeps the lock while it blocks, blocks everybody. The picture shows three native calls of each kind.
//!
//! `cargo run -p step7 --example gil_io`

use std::error::Error;
use std::time::{Duration, Instant};

use step4::join_all;
use step7::{Data, Fault, Machine, Program};
use timeline::demo::{Stage, Time, say};

const THREADS: usize = 8;
const WAIT: Duration = Duration::from_millis(50);
const CALL: Duration = Duration::from_millis(20);

const PROGRAM: &str = "
func wait(seconds)
    RESUME
    LOAD_FAST seconds
    SLEEP                           # lets go of the lock meanwhile
    HALT
end

func keeps()
    RESUME
    CALL_NATIVE block 0             # keeps it
    RETURN
end

func lets_go()
    RESUME
    CALL_NATIVE_RELEASED block 0    # lets go of it meanwhile
    RETURN
end
";

/// Makes a machine whose native function blocks its thread.
fn machine(time: &Time) -> Result<Machine, Box<dyn Error>> {
    let program: Program = PROGRAM.parse()?;
    let time = time.clone();
    let block = move |_: &[Data]| {
        time.sleep(CALL);
        Ok(Data::None)
    };
    Ok(Machine::builder(program.verify()?).native("block", block).build()?)
}

fn in_a_row(machine: &Machine, function: &str, args: &[Data]) -> Result<(), Fault> {
    (0..THREADS).try_for_each(|_| machine.run(function, args).map(drop))
}

fn on_threads(threads: usize, machine: &Machine, function: &str, args: &[Data]) -> Result<(), Fault> {
    let threads = (0..threads).map(|_| machine.start(function, args)).collect::<Result<Vec<_>, _>>()?;
    threads.into_iter().try_for_each(|thread| thread.join().map(drop))
}

/// The same waits without any thread but this one, and without a lock: step 4's loop.
fn as_tasks() {
    step4::run(async {
        join_all((0..THREADS).map(|_| step3::sleep(WAIT))).await;
    });
}

/// Prints how long it has taken, and how many of the waits that is.
fn row(how: &str, wait: Duration, what: impl FnOnce() -> Result<(), Fault>) -> Result<(), Fault> {
    let begin = Instant::now();
    what()?;
    let time = begin.elapsed();
    let waits = time.as_secs_f64() / wait.as_secs_f64();
    say(format!("  {how:36} {:5.0} ms {waits:6.1}", time.as_secs_f64() * 1e3));
    Ok(())
}

fn compare(machine: &Machine) -> Result<(), Fault> {
    say(format!("{:38} {:>8} {:>6}", format!("{THREADS} waits of {WAIT:?}"), "time", "waits"));
    let seconds = [Data::Float(WAIT.as_secs_f64())];
    row("one after the other", WAIT, || in_a_row(machine, "wait", &seconds))?;
    row("8 threads", WAIT, || on_threads(THREADS, machine, "wait", &seconds))?;
    row("8 tasks on one thread", WAIT, || {
        as_tasks();
        Ok(())
    })?;
    say(format!("{THREADS} native calls of {CALL:?}"));
    row("8 threads, which keep the lock", CALL, || on_threads(THREADS, machine, "keeps", &[]))?;
    row("8 threads, which let go of it", CALL, || on_threads(THREADS, machine, "lets_go", &[]))
}

fn main() -> Result<(), Box<dyn Error>> {
    let stage = Stage::from_args().in_real_time();
    let time = Time::for_stage(&stage);
    let machine = machine(&time)?;
    compare(&machine)?;
    stage.play(
        move || time.now(),
        || {
            on_threads(3, &machine, "keeps", &[])?;
            on_threads(3, &machine, "lets_go", &[])
        },
    )?;
    Ok(())
}
