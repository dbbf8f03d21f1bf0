//! How fast the machine interprets: a loop and a recursive function, beside the same two in CPython, if there is one.
//!
//! Both take turns, five times, and the best time of each counts: what else runs here can only make it longer.
//!
//! `cargo run --profile bench -p step7 --example speed`
#![allow(clippy::unwrap_used, reason = "an example may")]

use std::process::Command;
use std::time::Instant;

use step7::{Data, Machine, Program, Threading};

const PROGRAM: &str = "
func fib(n)
    RESUME
    LOAD_FAST n
    LOAD_CONST 2
    LT
    POP_JUMP_IF_FALSE more
    LOAD_FAST n
    RETURN
more:
    LOAD_GLOBAL fib
    LOAD_FAST n
    LOAD_CONST 1
    SUB
    CALL 1
    LOAD_GLOBAL fib
    LOAD_FAST n
    LOAD_CONST 2
    SUB
    CALL 1
    ADD
    RETURN
end

func count(n) locals(i)
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

/// Prints how many seconds each of the two has taken.
const PYTHON: &str = "
import time
def fib(n):
    if n < 2:
        return n
    return fib(n - 1) + fib(n - 2)
def count(n):
    i = 0
    while i < n:
        i = i + 1
    return i
for function, n in (count, 10_000_000), (fib, 27):
    begin = time.perf_counter()
    function(n)
    print(time.perf_counter() - begin)
";

/// The function, its argument, and how many rounds or calls that makes.
const RUNS: [(&str, i64, f64); 2] = [("count", 10_000_000, 1e7), ("fib", 27, 832_040.0)];

/// Returns the seconds that each run has taken in the machine.
fn ours<T: Threading>(machine: &Machine<T>) -> [f64; 2] {
    RUNS.map(|(function, n, _)| {
        let begin = Instant::now();
        machine.run(function, &[Data::Int(n)]).unwrap();
        begin.elapsed().as_secs_f64()
    })
}

/// Returns the seconds that each has taken in CPython, or why that is not known.
fn theirs() -> Result<[f64; 2], String> {
    let output = Command::new("python3").args(["-c", PYTHON]).output().map_err(|error| error.to_string())?;
    let seconds = String::from_utf8_lossy(&output.stdout).lines().flat_map(str::parse).collect::<Vec<_>>();
    seconds.try_into().map_err(|_| String::from_utf8_lossy(&output.stderr).into_owned())
}

fn best_of([a, b]: [f64; 2], [c, d]: [f64; 2]) -> [f64; 2] {
    [a.min(c), b.min(d)]
}

fn main() {
    let program: Program = PROGRAM.parse().unwrap();
    let verified = program.verify().unwrap();
    let machine = Machine::builder(verified.clone()).build().unwrap();
    let machine_without = Machine::builder(verified).free().build().unwrap();
    let [mut best, mut free, mut python] = [[f64::INFINITY; 2]; 3];
    for _ in 0..5 {
        best = best_of(best, ours(&machine));
        free = best_of(free, ours(&machine_without));
        match theirs() {
            Ok(times) => python = best_of(python, times),
            Err(reason) => eprintln!("python3: {}", reason.trim()),
        }
    }
    println!("{:20} {:>10} {:>10} {:>10} {:>6}", "ns for each", "with GIL", "without", "CPython", "ratio");
    for (at, (function, n, times)) in RUNS.into_iter().enumerate() {
        let [with, without, theirs] = [best, free, python].map(|seconds| seconds[at] / times * 1e9);
        let name = format!("{function}({n})");
        println!("{name:20} {with:10.1} {without:10.1} {theirs:10.1} {:6.2}", with / theirs);
    }
}
