//! Threads do not help what only computes: two functions that count, one after the other and on two threads.
//!
//! There are two threads, and one lock: while one of them interprets, the other waits. So two threads take as long as one
//! that does both, and a little longer the oftener they switch. The picture shows the first switches: who runs, has the
//! lock.
//!
//! `cargo run -p step7 --example gil_cpu`

use std::error::Error;
use std::time::{Duration, Instant};

use step7::{Data, Gil, INTERVAL, Machine, Program};
use timeline::demo::{Stage, say};

/// So many rounds take some 0.1 s in the dev profile.
const ROUNDS: i64 = 800_000;

const PROGRAM: &str = "
func first(n)
    RESUME
    LOAD_GLOBAL count
    LOAD_FAST n
    CALL 1
    POP
    CALL_NATIVE clock 0
    RETURN                      # when it was done
end

func second(n)
    RESUME
    LOAD_GLOBAL count
    LOAD_FAST n
    CALL 1
    POP
    CALL_NATIVE clock 0
    RETURN
end

func count(n) locals(i)         # i = 0; while i < n: i = i + 1
    RESUME
    LOAD_CONST 0
    STORE_FAST i
again:
    LOAD_FAST i
    LOAD_FAST n
    LT
    POP_JUMP_IF_FALSE done
    LOAD_FAST i
    LOAD_CONST 1
    ADD
    STORE_FAST i
    JUMP_BACKWARD again
done:
    LOAD_FAST i
    RETURN
end
";

/// Makes a machine whose threads ask for the lock after `interval`. Its clock begins now.
fn machine(interval: Duration) -> Result<Machine, Box<dyn Error>> {
    let program: Program = PROGRAM.parse()?;
    let begin = Instant::now();
    let clock = move |_: &[Data]| Ok(Data::Float(begin.elapsed().as_secs_f64()));
    let gil = Gil::builder().interval(interval).build();
    Ok(Machine::builder(program.verify()?).gil(&gil).native("clock", clock).build()?)
}

/// Returns when each of the two was done, in seconds.
fn one_after_the_other(machine: &Machine) -> Result<[f64; 2], Box<dyn Error>> {
    let rounds = [Data::Int(ROUNDS)];
    Ok([seconds(&machine.run("first", &rounds)?), seconds(&machine.run("second", &rounds)?)])
}

fn on_two_threads(machine: &Machine, rounds: i64) -> Result<[f64; 2], Box<dyn Error>> {
    let first = machine.start("first", &[Data::Int(rounds)])?;
    let second = machine.start("second", &[Data::Int(rounds)])?;
    Ok([seconds(&first.join()?), seconds(&second.join()?)])
}

fn seconds(data: &Data) -> f64 {
    if let Data::Float(seconds) = data { *seconds } else { f64::NAN }
}

/// Returns how much of the time the first had, in percent, until one of them was done.
///
/// All the work takes `last`, and so each half of it takes half of that: which whoever was done first had had by then.
fn share_of_first([first, second]: [f64; 2]) -> f64 {
    let (earlier, last) = (first.min(second), first.max(second));
    let share = (last / 2.0 / earlier * 100.0).min(100.0);
    if first < second { share } else { 100.0 - share }
}

fn compare() -> Result<(), Box<dyn Error>> {
    say(format!("{:28} {:>7} {:>7} {:>9} {:>9}", "", "time", "ratio", "switches", "shares"));
    let [_, in_a_row] = one_after_the_other(&machine(INTERVAL)?)?;
    say(format!("{:28} {in_a_row:5.2} s {:7.2}", "one after the other", 1.0));
    for interval in [INTERVAL, INTERVAL / 10] {
        let machine = machine(interval)?;
        let times @ [first, second] = on_two_threads(&machine, ROUNDS)?;
        let (time, share) = (first.max(second), share_of_first(times));
        let how = format!("two threads, every {} ms", interval.as_secs_f64() * 1e3);
        let switches = machine.gil().figures().switches;
        let ratio = time / in_a_row;
        say(format!("{how:28} {time:5.2} s {ratio:7.2} {switches:9} {share:4.0} :{:3.0}", 100.0 - share));
    }
    Ok(())
}

fn main() -> Result<(), Box<dyn Error>> {
    let stage = Stage::from_args().in_real_time();
    compare()?; // Not recorded: what is recorded takes longer.
    let machine = machine(INTERVAL)?;
    let begin = Instant::now();
    stage.play(move || begin.elapsed(), || on_two_threads(&machine, ROUNDS / 5))?;
    Ok(())
}
