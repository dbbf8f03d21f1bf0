//! The dispatch loop: takes one instruction after the other, until the thread ends, or has something to do that is not
//! interpreting.
//!
//! ```text
//!   run ──▶ ┌ fetch ─▶ a switch point, and the breaker is set? ── yes ──▶ Exit::Check
//!           │            │ no                                            (whoever runs us lets others have the lock,
//!           └── execute ◀┘ ── sleep, native call, a user's lock ──▶ Exit   and calls `run` again)
//! ```
//!
//! The loop knows no lock and no thread: what it cannot do by interpreting, it leaves to whoever runs it. So the same loop
//! runs with a GIL, without one, and one instruction at a time in the hands of the enumerator.
//!
//! # Invariants
//!
//! 1. The program was verified, so operands are in range and the stack never runs dry: what could still panic would be a
//!    mistake in the verifier.
//! 2. When `run` returns, `pc` is at the instruction that comes next, and the stack is as it should be there.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::object::{Memory, Ref, Value};
use crate::{CheckAt, Const, Op, Verified};

/// How many calls may stand inside each other, if nothing else is said: `sys.getrecursionlimit()`.
pub const RECURSION_LIMIT: usize = 1000;

/// What all threads of a machine share.
pub(crate) struct World<M: Memory> {
    pub(crate) program: Verified,
    /// The constants of each function.
    consts: Vec<Vec<Value<M>>>,
    globals: Vec<M::Guarded<Value<M>>>,
    pub(crate) check_at: CheckAt,
    recursion_limit: usize,
}

impl<M: Memory> World<M> {
    pub(crate) fn new(
        program: Verified,
        check_at: CheckAt,
        recursion_limit: usize,
        token: M::Token<'_>,
    ) -> Self {
        let value = |constant: &Const| constant_value(constant, token);
        let functions = &program.program().functions;
        let consts = functions.iter().map(|function| function.consts.iter().map(value).collect()).collect();
        let globals =
            program.program().globals.iter().map(|global| M::guard(value(&global.initial), token)).collect();
        Self { program, consts, globals, check_at, recursion_limit }
    }

    /// Returns what the global of that index holds.
    pub(crate) fn global(&self, index: u32, token: M::Token<'_>) -> Value<M> {
        M::with(&self.globals[index as usize], token, |value| value.clone_ref(token))
    }

    /// Puts a value into the global of that index.
    pub(crate) fn set_global(&self, index: u32, value: Value<M>, token: M::Token<'_>) {
        let older = M::with(&self.globals[index as usize], token, |place| std::mem::replace(place, value));
        drop(older); // Not under its protection: it may be the end of other objects.
    }
}

fn constant_value<M: Memory>(constant: &Const, token: M::Token<'_>) -> Value<M> {
    match constant {
        Const::None => Value::None,
        Const::Bool(value) => Value::Bool(*value),
        Const::Int(value) => Value::Int(*value),
        Const::Float(value) => Value::Float(*value),
        Const::Str(text) => Value::text(&**text, token),
        Const::Function(index) => Value::Function(*index),
    }
}

/// One thread of the machine: its frames and its stack. It runs when somebody runs it.
pub(crate) struct Fiber<M: Memory> {
    world: Arc<World<M>>,
    frames: Vec<Frame>,
    /// Of each frame first the locals, then the operands.
    stack: Vec<Value<M>>,
}

#[derive(Clone, Copy)]
struct Frame {
    function: u32,
    pc: u32,
    /// Where its locals begin on the stack.
    base: u32,
}

/// Why a fiber has stopped running.
pub(crate) enum Exit<M: Memory> {
    /// The breaker is set. Run it again when that was seen to.
    Check,
    /// It has ended, with this value.
    Done(Value<M>),
    /// It calls a native function. Run it again with the result.
    Native { index: u32, args: Vec<Value<M>>, released: bool },
    /// It wants a user's lock. Run it again when it has that.
    Acquire(u32),
    /// It gives a user's lock back. Run it again.
    Release(u32),
    /// It sleeps. Run it again after that.
    Sleep(Duration),
}

/// Says what went wrong in a program, and where.
///
/// ```
/// use step7::Fault;
///
/// let fault = Fault { function: "main".into(), instruction: 3, line: 7, reason: "no bread".into() };
/// assert_eq!(fault.to_string(), "line 7, in main, instruction 3: no bread");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// In which function.
    pub function: Arc<str>,
    /// At which instruction of that.
    pub instruction: u32,
    /// On which line of the source.
    pub line: u32,
    /// What was wrong.
    pub reason: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { function, instruction, line, reason } = self;
        write!(f, "line {line}, in {function}, instruction {instruction}: {reason}")
    }
}

impl std::error::Error for Fault {}

const VERIFIED: &str = "a verified program has a value here";

impl<M: Memory> Fiber<M> {
    /// Makes a fiber that will call `function` with `args`: as many as it has parameters.
    pub(crate) fn new(world: &Arc<World<M>>, function: u32, args: Vec<Value<M>>) -> Self {
        let mut fiber = Self { world: Arc::clone(world), frames: Vec::new(), stack: args };
        fiber.push_frame(function);
        fiber
    }

    /// Gives back the result of a native call.
    pub(crate) fn push(&mut self, value: Value<M>) {
        self.stack.push(value);
    }

    /// Begins a frame for a function whose arguments are on top of the stack.
    fn push_frame(&mut self, function: u32) {
        let code = &self.world.program.program().functions[function as usize];
        let base = self.stack.len() - code.params as usize;
        self.stack.resize_with(base + code.locals.len(), || Value::None);
        self.stack.reserve(self.world.program.max_stack(function as usize));
        self.frames.push(Frame { function, pc: 0, base: base as u32 });
    }

    /// Says what is wrong at the instruction before `pc`.
    pub(crate) fn fault(&self, reason: impl Into<String>) -> Fault {
        let frame = self.frames.last().expect("there is a frame while it runs");
        let code = &self.world.program.program().functions[frame.function as usize];
        let instruction = frame.pc.saturating_sub(1);
        let line = code.lines[instruction as usize];
        Fault { function: Arc::clone(&code.name), instruction, line, reason: reason.into() }
    }

    /// Runs until there is something else to do. `is_set` says whether the eval breaker is; it is asked at each switch point.
    pub(crate) fn run(
        &mut self,
        token: M::Token<'_>,
        mut is_set: impl FnMut() -> bool,
    ) -> Result<Exit<M>, Fault> {
        let world = Arc::clone(&self.world);
        let check_at = world.check_at;
        let mut frame = *self.frames.last().expect("a fiber that has ended is not run again");
        let mut code = &world.program.program().functions[frame.function as usize];
        let mut consts = &world.consts[frame.function as usize];
        let mut is_first = true; // Each run gets at least one instruction done.

        /// Pops the top of the stack.
        macro_rules! pop {
            () => {
                self.stack.pop().expect(VERIFIED)
            };
        }
        /// Leaves the loop for what is not interpreting; the next instruction is `frame.pc`.
        macro_rules! leave {
            ($exit:expr) => {{
                *self.frames.last_mut().expect(VERIFIED) = frame;
                return Ok($exit);
            }};
        }
        macro_rules! fault {
            ($($reason:tt)*) => {{
                *self.frames.last_mut().expect(VERIFIED) = frame;
                return Err(self.fault(format!($($reason)*)));
            }};
        }
        /// Takes two operands off the stack, and puts the result of an operation on numbers there.
        macro_rules! arithmetic {
            ($name:literal, $checked:ident, $float:tt) => {{
                let (right, left) = (pop!(), pop!());
                let result = match (&left, &right) {
                    (Value::Int(left), Value::Int(right)) => match left.$checked(*right) {
                        Some(result) => Value::Int(result),
                        None => fault!("integer overflow: {left} {} {right}", $name),
                    },
                    (Value::Float(left), Value::Float(right)) => Value::Float(left $float right),
                    (Value::Int(left), Value::Float(right)) => Value::Float(*left as f64 $float right),
                    (Value::Float(left), Value::Int(right)) => Value::Float(left $float *right as f64),
                    (Value::Object(left), Value::Object(right)) if $name == "+" => match left.join(right, token) {
                        Some(joined) => Value::Object(joined),
                        None => fault!("cannot add a string and a list"),
                    },
                    _ => fault!("no `{}` for {} and {}", $name, left.kind(), right.kind()),
                };
                self.stack.push(result);
            }};
        }

        loop {
            if check_at == CheckAt::EveryInstruction && !std::mem::take(&mut is_first) && is_set() {
                leave!(Exit::Check);
            }
            let op = code.ops[frame.pc as usize];
            frame.pc += 1;
            match op {
                Op::Resume => {
                    if check_at == CheckAt::BackEdgesAndCalls && is_set() {
                        leave!(Exit::Check);
                    }
                }
                Op::LoadConst(index) => self.stack.push(consts[index as usize].clone_ref(token)),
                Op::LoadFast(index) => {
                    let value = self.stack[(frame.base + index) as usize].clone_ref(token);
                    self.stack.push(value);
                }
                Op::StoreFast(index) => {
                    let value = pop!();
                    self.stack[(frame.base + index) as usize] = value;
                }
                Op::LoadGlobal(index) => self.stack.push(world.global(index, token)),
                Op::StoreGlobal(index) => world.set_global(index, pop!(), token),
                Op::Dup => {
                    let value = self.stack.last().expect(VERIFIED).clone_ref(token);
                    self.stack.push(value);
                }
                Op::Pop => drop(pop!()),
                Op::Add => arithmetic!("+", checked_add, +),
                Op::Sub => arithmetic!("-", checked_sub, -),
                Op::Mul => arithmetic!("*", checked_mul, *),
                Op::Lt => {
                    let (right, left) = (pop!(), pop!());
                    match less(&left, &right) {
                        Some(is_less) => self.stack.push(Value::Bool(is_less)),
                        None => fault!("no `<` for {} and {}", left.kind(), right.kind()),
                    }
                }
                Op::Eq => {
                    let (right, left) = (pop!(), pop!());
                    self.stack.push(Value::Bool(equal(&left, &right)));
                }
                Op::JumpFwd(target) => frame.pc = target,
                Op::PopJumpIfFalse(target) => {
                    if !pop!().is_true(token) {
                        frame.pc = target;
                    }
                }
                Op::JumpBackward(target) => {
                    frame.pc = target;
                    if check_at == CheckAt::BackEdgesAndCalls && is_set() {
                        leave!(Exit::Check);
                    }
                }
                Op::Call(count) => {
                    let at = self.stack.len() - 1 - count as usize;
                    let Value::Function(function) = self.stack[at] else {
                        fault!("cannot call {}", self.stack[at].kind())
                    };
                    // The program knows its functions, but data from outside may name any number.
                    let Some(callee) = world.program.program().functions.get(function as usize) else {
                        fault!("there is no function {function}")
                    };
                    if callee.params != count {
                        fault!("{} takes {} argument(s), and was given {count}", callee.name, callee.params);
                    }
                    if self.frames.len() >= world.recursion_limit {
                        fault!("more than {} calls inside each other", world.recursion_limit);
                    }
                    *self.frames.last_mut().expect(VERIFIED) = frame;
                    self.push_frame(function);
                    frame = *self.frames.last().expect(VERIFIED);
                    (code, consts) = (callee, &world.consts[function as usize]);
                }
                Op::Return => {
                    let value = pop!();
                    let finished = self.frames.pop().expect(VERIFIED);
                    let Some(caller) = self.frames.last() else {
                        self.stack.clear();
                        return Ok(Exit::Done(value));
                    };
                    self.stack.truncate(finished.base as usize);
                    *self.stack.last_mut().expect(VERIFIED) = value; // In the place of the function that was called.
                    frame = *caller;
                    code = &world.program.program().functions[frame.function as usize];
                    consts = &world.consts[frame.function as usize];
                    if check_at == CheckAt::BackEdgesAndCalls && is_set() {
                        leave!(Exit::Check);
                    }
                }
                Op::NewList => self.stack.push(Value::list(Vec::new(), token)),
                Op::ListAppend => {
                    let value = pop!();
                    let list = self.stack.last().expect(VERIFIED);
                    let Value::Object(object) = list else { fault!("cannot append to {}", list.kind()) };
                    if object.with_list(token, |items| items.push(value)).is_none() {
                        fault!("cannot append to a string");
                    }
                }
                Op::ListLen => {
                    let list = pop!();
                    let len = match &list {
                        Value::Object(object) => object.with_list(token, |items| items.len()),
                        _ => None,
                    };
                    match len {
                        Some(len) => self.stack.push(Value::Int(len as i64)),
                        None => fault!("{} has no length", list.kind()),
                    }
                }
                Op::CallNative(index, count) | Op::CallNativeReleased(index, count) => {
                    let args = self.stack.split_off(self.stack.len() - count as usize);
                    leave!(Exit::Native { index, args, released: matches!(op, Op::CallNativeReleased(..)) });
                }
                Op::Acquire(lock) => leave!(Exit::Acquire(lock)),
                Op::Release(lock) => leave!(Exit::Release(lock)),
                Op::Sleep => {
                    let value = pop!();
                    let seconds = match value {
                        Value::Int(seconds) => seconds as f64,
                        Value::Float(seconds) => seconds,
                        _ => fault!("cannot sleep for {}", value.kind()),
                    };
                    match Duration::try_from_secs_f64(seconds) {
                        Ok(time) => leave!(Exit::Sleep(time)),
                        Err(_) => fault!("cannot sleep for {seconds} seconds"),
                    }
                }
                Op::Halt => {
                    self.frames.clear();
                    self.stack.clear();
                    return Ok(Exit::Done(Value::None));
                }
            }
        }
    }
}

fn less<M: Memory>(left: &Value<M>, right: &Value<M>) -> Option<bool> {
    Some(match (left, right) {
        (Value::Int(left), Value::Int(right)) => left < right,
        (Value::Float(left), Value::Float(right)) => left < right,
        (Value::Int(left), Value::Float(right)) => (*left as f64) < *right,
        (Value::Float(left), Value::Int(right)) => *left < *right as f64,
        (Value::Object(left), Value::Object(right)) => left.as_text()? < right.as_text()?,
        _ => return None,
    })
}

fn equal<M: Memory>(left: &Value<M>, right: &Value<M>) -> bool {
    match (left, right) {
        (Value::None, Value::None) => true,
        (Value::Bool(left), Value::Bool(right)) => left == right,
        (Value::Int(left), Value::Int(right)) => left == right,
        (Value::Float(left), Value::Float(right)) => left == right,
        (Value::Int(int), Value::Float(float)) | (Value::Float(float), Value::Int(int)) => {
            *int as f64 == *float
        }
        (Value::Function(left), Value::Function(right)) => left == right,
        (Value::Object(left), Value::Object(right)) => is_same(left, right),
        _ => false,
    }
}

/// Lists are equal if they are the same one; texts, if they say the same.
fn is_same<M: Memory>(left: &Ref<M>, right: &Ref<M>) -> bool {
    left.is(right) || left.as_text().is_some_and(|text| right.as_text() == Some(text))
}
