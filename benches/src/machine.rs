//! Step 7's way: threads of a machine that run a program.

use step7::{Data, Machine, MachineThread, Program, Threading, Verified};

/// Assembles and verifies a program of ours.
pub(crate) fn program(text: &str) -> Verified {
    let program: Program = text.parse().expect("our programs are spelled right");
    program.verify().expect("and make sense")
}

/// Makes a machine with a lock of its own, for a program without native functions.
pub(crate) fn with_gil(program: &Verified) -> Machine {
    Machine::builder(program.clone()).build().expect("it calls nothing native")
}

/// Makes one without a lock.
pub(crate) fn without_gil(program: &Verified) -> Machine<step7::Free> {
    Machine::builder(program.clone()).free().build().expect("it calls nothing native")
}

/// Starts a thread.
pub(crate) fn start<T: Threading>(machine: &Machine<T>, function: &str, args: &[Data]) -> MachineThread {
    machine.start(function, args).expect("there is such a function")
}

/// Runs one function on as many threads as there are lists of arguments, and adds up what they return.
pub(crate) fn on_threads<T: Threading>(
    machine: &Machine<T>,
    function: &str,
    calls: impl IntoIterator<Item = Vec<Data>>,
) -> u64 {
    let threads: Vec<_> = calls.into_iter().map(|args| start(machine, function, &args)).collect();
    threads.into_iter().map(join).sum()
}

/// Waits for a thread, and returns its number.
pub(crate) fn join(thread: MachineThread) -> u64 {
    number(&thread.join().expect("our programs have no faults"))
}

/// Returns what a program has returned.
pub(crate) fn number(data: &Data) -> u64 {
    let Data::Int(number) = data else { panic!("{data} is no number") };
    number.unsigned_abs()
}
