//! The programs that are measured, and what all measurements do with them.

use std::time::{Duration, Instant};

use step7::{Data, Gil, Machine, MachineBuilder, Program, Threading};

const PROGRAM: &str = "
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

func hog(me)                    # computes until the machine is stopped
    RESUME
again:
    LOAD_GLOBAL count
    LOAD_CONST 1000
    CALL 1
    POP
    LOAD_FAST me
    CALL_NATIVE round 1
    POP
    JUMP_BACKWARD again
end

func sleeper()                  # sleeps again and again until the machine is stopped
    RESUME
again:
    CALL_NATIVE_RELEASED nap 0
    POP
    CALL_NATIVE awake 0
    POP
    JUMP_BACKWARD again
end

func echo()                     # answers until nobody asks any more
    RESUME
again:
    CALL_NATIVE_RELEASED receive 0
    POP
    CALL_NATIVE_RELEASED answer 0
    POP
    JUMP_BACKWARD again
end

func keeps()
    RESUME
    CALL_NATIVE compute 0
    RETURN
end

func lets_go()
    RESUME
    CALL_NATIVE_RELEASED compute 0
    RETURN
end

func wait()
    RESUME
    LOAD_CONST 0.25
    SLEEP
    HALT
end
";

/// A native function that is given nothing and returns nothing.
fn nothing(_: &[Data]) -> Result<Data, String> {
    Ok(Data::None)
}

/// Sets up a machine. What its natives do is for whoever calls them: they do nothing here.
pub(crate) fn builder(gil: &Gil) -> MachineBuilder {
    let program: Program = PROGRAM.parse().unwrap();
    let builder = Machine::builder(program.verify().unwrap()).gil(gil);
    let natives = ["round", "nap", "awake", "receive", "answer", "compute"];
    natives.into_iter().fold(builder, |builder, name| builder.native(name, nothing))
}

/// Makes a machine whose waiters ask after `interval`.
pub(crate) fn every(interval: Duration) -> Machine {
    builder(&Gil::builder().interval(interval).build()).build().unwrap()
}

/// Starts a thread for each function, all with the same arguments, and waits for their ends.
pub(crate) fn together<T: Threading>(functions: &[(&Machine<T>, &str)], args: &[Data]) {
    let start = |(machine, function): &(&Machine<T>, &str)| machine.start(function, args).unwrap();
    let threads: Vec<_> = functions.iter().map(start).collect();
    threads.into_iter().for_each(|thread| drop(thread.join().unwrap()));
}

/// Runs the same functions on this thread, one after the other.
pub(crate) fn in_a_row<T: Threading>(functions: &[(&Machine<T>, &str)], args: &[Data]) {
    for (machine, function) in functions {
        machine.run(function, args).unwrap();
    }
}

pub(crate) fn seconds(work: impl FnOnce()) -> f64 {
    let begin = Instant::now();
    work();
    begin.elapsed().as_secs_f64()
}

/// Runs all of them three times, taking turns, and returns the best time of each.
pub(crate) fn best<const N: usize>(works: [&dyn Fn(); N]) -> [f64; N] {
    let mut best = [f64::INFINITY; N];
    for _ in 0..3 {
        for (best, work) in best.iter_mut().zip(works) {
            *best = best.min(seconds(work));
        }
    }
    best
}
