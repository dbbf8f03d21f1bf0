//! Two threads that compute at once: an interpreter for each, and an interpreter without a lock.
//!
//! Two machines have nothing in common, so each may have a lock of its own: CPython's subinterpreters (PEP 684). What one of
//! them has found, it sends to the other as a copy. A machine without the lock (PEP 703) shares everything, and then
//! `n = n + 1` is torn even where no switch could fall. The picture shows two threads under one lock, then under two.
//!
//! `cargo run -p step7 --example nogil`

use std::error::Error;
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Instant;

use step7::{Data, Machine, MachineBuilder, Program, Threading};
use timeline::demo::{Stage, say};

/// So many rounds take some 0.1 s in the dev profile.
const ROUNDS: i64 = 800_000;

/// How often each of two threads adds one.
const ADDS: i64 = 100_000;

const PROGRAM: &str = "
global n = 0

func first(rounds)              # sends what it has counted
    RESUME
    LOAD_GLOBAL count
    LOAD_FAST rounds
    CALL 1
    CALL_NATIVE_RELEASED send 1
    RETURN
end

func second(rounds)             # counts, and adds what the first has sent
    RESUME
    LOAD_GLOBAL count
    LOAD_FAST rounds
    CALL 1
    CALL_NATIVE_RELEASED receive 0
    ADD
    RETURN
end

func count(rounds) locals(i)    # i = 0; while i < rounds: i = i + 1
    RESUME
    LOAD_CONST 0
    STORE_FAST i
again:
    LOAD_FAST i
    LOAD_FAST rounds
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

func add(rounds) locals(i)      # the same with n = n + 1 in it
    RESUME
    LOAD_CONST 0
    STORE_FAST i
again:
    LOAD_FAST i
    LOAD_FAST rounds
    LT
    POP_JUMP_IF_FALSE done
    LOAD_GLOBAL n
    LOAD_CONST 1
    ADD
    STORE_GLOBAL n
    LOAD_FAST i
    LOAD_CONST 1
    ADD
    STORE_FAST i
    JUMP_BACKWARD again
done:
    LOAD_CONST None
    RETURN
end

func total()
    RESUME
    LOAD_GLOBAL n
    RETURN
end
";

/// A channel with an end for each of two machines.
fn channel() -> (SyncSender<Data>, Receiver<Data>) {
    sync_channel(1)
}

/// Sets up a machine with a lock of its own.
fn builder(sender: SyncSender<Data>, receiver: Receiver<Data>) -> Result<MachineBuilder, Box<dyn Error>> {
    let program: Program = PROGRAM.parse()?;
    let receiver = Mutex::new(receiver); // Natives are shared by the machine's threads.
    let send = move |args: &[Data]| {
        sender.send(args[0].clone()).map_err(|error| error.to_string())?;
        Ok(Data::None)
    };
    let receive = move |_: &[Data]| {
        let receiver = receiver.lock().map_err(|error| error.to_string())?;
        receiver.recv().map_err(|error| error.to_string())
    };
    Ok(Machine::builder(program.verify()?).native("send", send).native("receive", receive))
}

/// Sets up one whose threads send to each other.
fn alone() -> Result<MachineBuilder, Box<dyn Error>> {
    let (sender, receiver) = channel();
    builder(sender, receiver)
}

/// Makes two, of which each sends to the other.
fn pair() -> Result<[Machine; 2], Box<dyn Error>> {
    let (to_second, from_first) = channel();
    let (to_first, from_second) = channel();
    Ok([builder(to_second, from_second)?.build()?, builder(to_first, from_first)?.build()?])
}

fn in_a_row(machine: &Machine) -> Result<f64, Box<dyn Error>> {
    let begin = Instant::now();
    machine.run("first", &[Data::Int(ROUNDS)])?;
    let counted = machine.run("second", &[Data::Int(ROUNDS)])?;
    assert_eq!(counted, Data::Int(2 * ROUNDS));
    Ok(begin.elapsed().as_secs_f64())
}

fn at_once<T: Threading>([one, other]: [&Machine<T>; 2], rounds: i64) -> Result<f64, Box<dyn Error>> {
    let begin = Instant::now();
    let first = one.start("first", &[Data::Int(rounds)])?;
    let second = other.start("second", &[Data::Int(rounds)])?;
    first.join()?;
    let counted = second.join()?;
    assert_eq!(counted, Data::Int(2 * rounds));
    Ok(begin.elapsed().as_secs_f64())
}

/// Returns what `n` is after two threads have added one to it again and again.
fn added<T: Threading>(machine: &Machine<T>) -> Result<Data, Box<dyn Error>> {
    let one = machine.start("add", &[Data::Int(ADDS)])?;
    let other = machine.start("add", &[Data::Int(ADDS)])?;
    one.join()?;
    other.join()?;
    Ok(machine.run("total", &[])?)
}

fn compare() -> Result<(), Box<dyn Error>> {
    say(format!("{:28} {:>7} {:>7} {:>20}", "", "time", "ratio", format!("n + 1, {} times", 2 * ADDS)));
    let machine = alone()?.build()?;
    let base = in_a_row(&machine)?;
    let row = |how: &str, time: f64, n: Option<Data>| {
        let n = n.map(|n| n.to_string()).unwrap_or_default();
        let line = format!("{how:28} {time:5.2} s {:7.2} {n:>20}", time / base);
        say(line.trim_end());
    };
    row("one after the other", base, None);
    row("two threads, one lock", at_once([&machine, &machine], ROUNDS)?, Some(added(&machine)?));
    let [one, other] = pair()?;
    row("two machines, a lock each", at_once([&one, &other], ROUNDS)?, None);
    let free = alone()?.free().build()?;
    row("two threads, no lock", at_once([&free, &free], ROUNDS)?, Some(added(&free)?));
    Ok(())
}

fn main() -> Result<(), Box<dyn Error>> {
    let stage = Stage::from_args().in_real_time();
    compare()?;
    let (one_lock, [one, other]) = (alone()?.build()?, pair()?);
    let begin = Instant::now();
    stage.play(
        move || begin.elapsed(),
        || {
            at_once([&one_lock, &one_lock], ROUNDS / 5)?;
            at_once([&one, &other], ROUNDS / 5)
        },
    )?;
    Ok(())
}
