//! Programs of tasks: how they are drawn, how they are printed, and what they note as they run.
//!
//! A program is a tree of bodies, lists of operations; a body that is spawned is a task, and the others run inside theirs. All
//! tasks of a program share two channels, a mutex, a semaphore, an event, and a table of all handles, from which an
//! operation picks by a number, or else the last.

use std::fmt;
use std::iter::Peekable;
use std::vec::IntoIter;

use proptest::bool::weighted;
use proptest::collection::vec;
use proptest::strategy::Strategy;

/// How many items each channel has room for.
pub(crate) const CAPACITIES: [usize; 2] = [1, 2];
/// How many permits the semaphore has.
pub(crate) const PERMITS: usize = 2;

pub(crate) type Body = Vec<Op>;

/// What a task does next. Times are in milliseconds, channels and handles are numbers.
#[derive(Clone, Debug)]
pub(crate) enum Op {
    Yield,
    Sleep(u64),
    Spawn(Body),
    Await(usize),
    Abort(usize),
    Detach(usize),
    Send(usize),
    Recv(usize),
    Close(usize),
    Lock(Body),
    Acquire(usize, Body),
    Wait,
    Set,
    Clear,
    Timeout(u64, Body),
    Race(Body, Body),
    Join(Body, Body),
    Panic,
}

/// What the first tasks do, and when the main task returns, which spawns those and sleeps.
#[derive(Clone, Debug)]
pub(crate) struct Program {
    pub(crate) roots: Vec<Body>,
    pub(crate) until: u64,
}

/// How a task has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    Returned,
    Cancelled,
    Panicked,
}

/// What a task notes: that it is polled, what an operation has come to, how the task ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Note {
    Polled,
    Yielded,
    Slept,
    Spawned { task: usize },
    Joined { task: usize, end: End },
    Aborted { task: usize, was_unfinished: bool },
    Detached { task: usize },
    Sent { channel: usize, item: u32 },
    Refused { channel: usize, item: u32 },
    Received { channel: usize, item: u32 },
    NothingLeft { channel: usize },
    Closed { channel: usize },
    Locked,
    Unlocked,
    Acquired { permits: usize },
    Released { permits: usize },
    Waited,
    Set,
    Cleared,
    InTime,
    Elapsed,
    Won { first: bool },
    JoinedBoth,
    Ended(End),
}

/// A line of a trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Line {
    pub(crate) ms: u64,
    pub(crate) task: usize,
    pub(crate) note: Note,
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:>7} ms  task {}  {:?}", self.ms, self.task, self.note)
    }
}

impl Program {
    /// Returns the body of the main task, which is task 0.
    pub(crate) fn main(&self) -> Body {
        self.roots.iter().cloned().map(Op::Spawn).chain([Op::Sleep(self.until)]).collect()
    }
}

impl fmt::Display for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "main")?;
        write_body(f, &self.main(), 1)
    }
}

fn write_body(f: &mut fmt::Formatter<'_>, body: &[Op], depth: usize) -> fmt::Result {
    body.iter().try_for_each(|op| write_op(f, op, depth))
}

fn write_op(f: &mut fmt::Formatter<'_>, op: &Op, depth: usize) -> fmt::Result {
    write!(f, "{:1$}", "", 4 * depth)?;
    match op {
        Op::Yield => writeln!(f, "yield_now"),
        Op::Sleep(ms) => writeln!(f, "sleep {ms} ms"),
        Op::Await(which) => writeln!(f, "await handle {which}"),
        Op::Abort(which) => writeln!(f, "abort handle {which}"),
        Op::Detach(which) => writeln!(f, "drop handle {which}"),
        Op::Send(channel) => writeln!(f, "send to channel {channel}"),
        Op::Recv(channel) => writeln!(f, "receive from channel {channel}"),
        Op::Close(channel) => writeln!(f, "close channel {channel}"),
        Op::Wait => writeln!(f, "wait for the event"),
        Op::Set => writeln!(f, "set the event"),
        Op::Clear => writeln!(f, "clear the event"),
        Op::Panic => writeln!(f, "panic"),
        Op::Spawn(body) => write_bodies(f, "spawn", [body], depth),
        Op::Lock(body) => write_bodies(f, "lock, and", [body], depth),
        Op::Acquire(permits, body) => write_bodies(f, &format!("acquire {permits}, and"), [body], depth),
        Op::Timeout(ms, body) => write_bodies(f, &format!("within {ms} ms"), [body], depth),
        Op::Race(one, other) => write_bodies(f, "race", [one, other], depth),
        Op::Join(one, other) => write_bodies(f, "join", [one, other], depth),
    }
}

fn write_bodies<const N: usize>(
    f: &mut fmt::Formatter<'_>,
    what: &str,
    bodies: [&Body; N],
    depth: usize,
) -> fmt::Result {
    for (number, body) in bodies.into_iter().enumerate() {
        match number {
            0 => writeln!(f, "{what}:")?,
            _ => writeln!(f, "{:1$}and:", "", 4 * depth)?,
        }
        write_body(f, body, depth + 1)?;
    }
    Ok(())
}

/// A program is drawn as lines, each with an indentation, an operation and a number that goes with it. What is indented under an
/// operation that has a body, is in it; elsewhere indentation means nothing. So whatever lines are left out, the rest is a
/// program, and one that fails can be made small. A line drawn as `false` is not there: proptest tries to remove each line once,
/// and this once more, when others have been made simple.
type Drawn = (bool, usize, usize, usize);

/// The operations, as often as they are to be drawn. One that fails is tried with those at the front.
const OPERATIONS: &[u8] = b"yyysssrrrrrSSSSSWeee!caaaaAAddpPPPPPPPPPPLLLGGGGTTTTTTRJ";

/// Few different times, so that deadlines coincide, on both sides of the wheel's first level of 64 ms.
const TIMES: [u64; 12] = [0, 1, 2, 3, 4, 1, 2, 60, 62, 64, 66, 4096];

/// Draws a program. Its main task returns after an hour, when whoever still waits would wait for ever, or early.
pub(crate) fn programs() -> impl Strategy<Value = Program> {
    let lines = vec((weighted(0.99), 0..6_usize, 0..OPERATIONS.len(), 0..TIMES.len()), 1..96);
    (lines, 0..32_u64).prop_map(|(mut lines, until)| Program {
        roots: {
            lines.retain(|(is_there, ..)| *is_there);
            roots(&mut lines.into_iter().peekable())
        },
        until: if until < 24 { 3_600_000 } else { until - 24 },
    })
}

/// Reads the bodies of the first tasks: each begins with a line that is not indented.
fn roots(lines: &mut Peekable<IntoIter<Drawn>>) -> Vec<Body> {
    let mut roots = Vec::new();
    while let Some((_, indentation, ..)) = lines.peek_mut() {
        *indentation = 1;
        roots.push(body(lines, 1));
    }
    roots
}

/// Reads the lines of a body at this depth.
fn body(lines: &mut Peekable<IntoIter<Drawn>>, depth: usize) -> Body {
    let mut body = Body::new();
    while let Some((.., operation, number)) = lines.next_if(|(_, indentation, ..)| *indentation >= depth) {
        let channel = number % CAPACITIES.len();
        let mut inner = || self::body(lines, depth + 1);
        body.push(match OPERATIONS[operation] {
            b'y' => Op::Yield,
            b's' => Op::Sleep(TIMES[number]),
            b'r' => Op::Recv(channel),
            b'S' => Op::Send(channel),
            b'W' => Op::Wait,
            b'e' => Op::Set,
            b'!' => Op::Clear,
            b'c' => Op::Close(channel),
            b'a' => Op::Await(number),
            b'A' => Op::Abort(number),
            b'd' => Op::Detach(number),
            b'p' => Op::Panic,
            b'P' => Op::Spawn(inner()),
            b'L' => Op::Lock(inner()),
            b'G' => Op::Acquire(1 + number % (PERMITS + 1), inner()),
            b'T' => Op::Timeout(TIMES[number], inner()),
            two => {
                let mut one = inner();
                let other = one.split_off(one.len() / 2);
                if two == b'R' { Op::Race(one, other) } else { Op::Join(one, other) }
            }
        });
    }
    body
}
