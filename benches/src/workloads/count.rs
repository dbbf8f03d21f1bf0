//! Two counts to so many, by a machine that interprets: nothing but computing. Returns the sum of both.
//!
//! `cargo run --profile bench -p benches --bin steps -- count`

use step7::{Data, Machine, Threading, Verified};

use crate::{Setting, Workload, machine};

const COUNTS: usize = 2;

const PROGRAM: &str = "
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

fn call(rounds: usize) -> Vec<Data> {
    vec![Data::Int(rounds as i64)]
}

/// One after the other, on this thread.
fn on_one_thread<T: Threading>(machine: &Machine<T>, rounds: usize) -> u64 {
    let count = |_| machine.run("count", &call(rounds)).expect("it has no faults");
    (0..COUNTS).map(count).map(|data| machine::number(&data)).sum()
}

/// Each on a thread of its own.
fn on_two_threads<T: Threading>(machine: &Machine<T>, rounds: usize) -> u64 {
    machine::on_threads(machine, "count", vec![call(rounds); COUNTS])
}

/// Each on a machine of its own: they share no lock, and no object.
fn on_two_machines(program: &Verified, rounds: usize) -> u64 {
    let machines = [(); COUNTS].map(|()| machine::with_gil(program));
    let threads = machines.each_ref().map(|machine| machine::start(machine, "count", &call(rounds)));
    threads.into_iter().map(machine::join).sum()
}

pub(crate) fn make(rounds: usize, _: &Setting) -> Workload {
    let what = format!("{COUNTS} counts to {rounds}, interpreted; returns their sum");
    let mut workload = Workload::new(what, COUNTS * rounds);
    let program = machine::program(PROGRAM);
    let mut add = |name, run: fn(&Verified, usize) -> u64| {
        let program = program.clone();
        workload.ways.push(crate::Way::new(7, name, move || run(&program, rounds)));
    };
    add("GIL, one thread", |program, rounds| on_one_thread(&machine::with_gil(program), rounds));
    add("GIL, two threads", |program, rounds| on_two_threads(&machine::with_gil(program), rounds));
    add("two machines, a GIL each", on_two_machines);
    add("no GIL, one thread", |program, rounds| on_one_thread(&machine::without_gil(program), rounds));
    add("no GIL, two threads", |program, rounds| on_two_threads(&machine::without_gil(program), rounds));
    workload
}
