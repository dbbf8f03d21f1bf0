//! How fast the machine interprets: a loop, and a recursive function.
//!
//! `cargo run --profile bench -p step7 --example speed`
#![allow(clippy::unwrap_used, reason = "an example may")]

use std::time::Instant;

use step7::{Data, Machine, Program};

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

fn main() {
    let program: Program = PROGRAM.parse().unwrap();
    let machine = Machine::builder(program.verify().unwrap()).build().unwrap();
    for (function, n, times) in [("count", 10_000_000, 10_000_000), ("fib", 27, 832_040)] {
        for _ in 0..3 {
            let begin = Instant::now();
            let result = machine.run(function, &[Data::Int(n)]).unwrap();
            let each = begin.elapsed().as_nanos() as f64 / f64::from(times);
            println!("{function}({n}) = {result}: {each:.1} ns for each of {times}");
        }
    }
}
