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
use std::mem::take;
use std::sync::Arc;
use std::time::Duration;

use crate::object::{Memory, Ref, Value};
use crate::{CheckAt, Const, Function, Op, Verified};

/// How many calls may stand inside each other, if nothing else is said: `sys.getrecursionlimit()`.
pub const RECURSION_LIMIT: usize = 1000;

/// What all threads of a machine share.
pub(crate) struct World<M: Memory> {
    pub(crate) program: Verified,
    /// The functions, as the loop wants them.
    codes: Vec<Code<M>>,
    globals: Vec<M::Guarded<Value<M>>>,
    pub(crate) check_at: CheckAt,
    recursion_limit: usize,
}

/// A function, as the loop wants it: with values for constants, and with its sizes at hand.
struct Code<M: Memory> {
    ops: Box<[Op]>,
    consts: Box<[Value<M>]>,
    params: u32,
    locals: usize,
    /// How many slots of the stack a frame of it needs: for its locals, and for its operands.
    slots: usize,
}

impl<M: Memory> World<M> {
    pub(crate) fn new(
        program: Verified,
        check_at: CheckAt,
        recursion_limit: usize,
        token: M::Token<'_>,
    ) -> Self {
        let value = |constant: &Const| constant_value(constant, token);
        let code = |(at, function): (usize, &Function)| {
            let locals = function.locals.len();
            Code {
                ops: function.ops.as_slice().into(),
                consts: function.consts.iter().map(value).collect(),
                params: function.params,
                locals,
                slots: locals + program.max_stack(at),
            }
        };
        let codes = program.program().functions.iter().enumerate().map(code).collect();
        let globals =
            program.program().globals.iter().map(|global| M::guard(value(&global.initial), token)).collect();
        Self { program, codes, globals, check_at, recursion_limit }
    }

    /// Returns what the global of that index holds.
    #[inline]
    pub(crate) fn global(&self, index: u32, token: M::Token<'_>) -> Value<M> {
        M::with(&self.globals[index as usize], token, |value| value.clone_ref(token))
    }

    /// Puts a value into the global of that index.
    #[inline]
    pub(crate) fn set_global(&self, index: u32, value: Value<M>, token: M::Token<'_>) {
        let older = M::with(&self.globals[index as usize], token, |place| std::mem::replace(place, value));
        drop(older); // Not under its protection: it may be the end of other objects.
    }

    /// Returns the function that `value` is, if it may be called with so many arguments, inside `depth` calls.
    #[inline]
    fn callee(&self, value: &Value<M>, count: u32, depth: usize) -> Option<(usize, &Code<M>)> {
        let Value::Function(function) = *value else { return None };
        let code = self.codes.get(function as usize)?;
        (code.params == count && depth < self.recursion_limit).then_some((function as usize, code))
    }

    /// Says why `value` is no [`callee`](Self::callee).
    #[cold]
    fn why_not_callable(&self, value: &Value<M>, count: u32) -> String {
        let Value::Function(function) = *value else { return format!("cannot call {}", value.kind()) };
        // The program knows its functions, but data from outside may name any number.
        let Some(Function { name, params, .. }) = self.program.program().functions.get(function as usize)
        else {
            return format!("there is no function {function}");
        };
        if *params != count {
            return format!("{name} takes {params} argument(s), and was given {count}");
        }
        format!("more than {} calls inside each other", self.recursion_limit)
    }
}

fn constant_value<M: Memory>(constant: &Const, token: M::Token<'_>) -> Value<M> {
    match constant {
        Const::None => Value::None,
        Const::Bool(value) => Value::Bool(*value),
        Const::Int(value) => Value::Int(*value),
        Const::Float(value) => Value::Float(*value),
        Const::Str(text) => Value::Object(M::constant(text, token)),
        Const::Function(index) => Value::Function(*index),
    }
}

/// One thread of the machine: its frames and its stack. It runs when somebody runs it.
pub(crate) struct Fiber<M: Memory> {
    world: Arc<World<M>>,
    frames: Vec<Frame>,
    /// Of each frame first the locals, then the operands. The slots from `top` on hold nothing that is counted.
    stack: Vec<Value<M>>,
    top: usize,
    /// The instruction that ran last, in the innermost frame.
    at: usize,
}

#[derive(Clone, Copy)]
struct Frame {
    function: usize,
    /// The instruction that comes next.
    pc: usize,
    /// Where its locals begin on the stack.
    base: usize,
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

const VERIFIED: &str = "a verified program has a frame here";

impl<M: Memory> Fiber<M> {
    /// Makes a fiber that will call `function` with `args`: as many as it has parameters.
    pub(crate) fn new(world: &Arc<World<M>>, function: usize, args: Vec<Value<M>>) -> Self {
        let code = &world.codes[function];
        let mut stack = args;
        stack.resize_with(code.slots, Value::default);
        let frame = Frame { function, pc: 0, base: 0 };
        Self { world: Arc::clone(world), frames: vec![frame], stack, top: code.locals, at: 0 }
    }

    /// Returns of each frame, the outermost first, its function, its next instruction, and where its locals begin on the stack.
    pub(crate) fn frames(&self) -> impl ExactSizeIterator<Item = [usize; 3]> {
        self.frames.iter().map(|frame| [frame.function, frame.pc, frame.base])
    }

    /// Returns its stack: of each frame first the locals, then the operands.
    pub(crate) fn stack(&self) -> &[Value<M>] {
        &self.stack[..self.top]
    }

    /// Returns the function that it is in, and the next instruction of that.
    pub(crate) fn place(&self) -> (usize, usize) {
        let frame = self.frames.last().expect(VERIFIED);
        (frame.function, frame.pc)
    }

    /// Gives back the result of a native call.
    pub(crate) fn push(&mut self, value: Value<M>) {
        self.stack[self.top] = value;
        self.top += 1;
    }

    /// Says what is wrong at the instruction that ran last.
    pub(crate) fn fault(&self, reason: impl Into<String>) -> Fault {
        let frame = self.frames.last().expect(VERIFIED);
        let code = &self.world.program.program().functions[frame.function];
        let (instruction, line) = (self.at as u32, code.lines[self.at]);
        Fault { function: Arc::clone(&code.name), instruction, line, reason: reason.into() }
    }

    /// Runs until there is something else to do. `is_set` says whether the eval breaker is; it is asked at each switch point.
    pub(crate) fn run(
        &mut self,
        token: M::Token<'_>,
        is_set: impl FnMut() -> bool,
    ) -> Result<Exit<M>, Fault> {
        let exit = match self.world.check_at {
            CheckAt::EveryInstruction => self.interpret::<true>(token, is_set),
            CheckAt::BackEdgesAndCalls => self.interpret::<false>(token, is_set),
            CheckAt::Never => self.interpret::<false>(token, || false),
        };
        exit.map_err(|reason| self.fault(reason))
    }

    /// The dispatch loop. What every instruction uses stands in variables, so that the compiler can keep it in registers.
    #[inline(never)] // Three loops in one function would have to share its registers.
    fn interpret<const AT_EVERY_INSTRUCTION: bool>(
        &mut self,
        token: M::Token<'_>,
        mut is_set: impl FnMut() -> bool,
    ) -> Result<Exit<M>, String> {
        let world = &*self.world;
        let mut stack = self.stack.as_mut_slice();
        let mut top = self.top;
        let Frame { mut function, mut pc, mut base } = *self.frames.last().expect(VERIFIED);
        let mut code = &world.codes[function];
        let mut is_first = true; // Each run gets at least one instruction done.
        let mut at;

        macro_rules! push {
            ($value:expr) => {{
                stack[top] = $value;
                top += 1;
            }};
        }
        macro_rules! push_copy {
            ($value:expr) => {
                if let Value::Int(value) = $value {
                    push!(Value::Int(value));
                } else {
                    push!($value.clone_ref(token));
                }
            };
        }
        macro_rules! pop {
            () => {{
                top -= 1;
                take(&mut stack[top])
            }};
        }
        // Two integers in place; all else in a function, since its code would only be in the way here.
        macro_rules! binary {
            ($op:expr, $fast:expr) => {{
                let [.., left, right] = &mut stack[..top] else { unreachable!("{VERIFIED}") };
                if let (Value::Int(one), Value::Int(other)) = (&*left, &*right)
                    && let Some(result) = $fast(*one, *other)
                {
                    *left = result;
                } else {
                    match calculate($op, left, &take(right), token) {
                        Ok(result) => *left = result,
                        Err(reason) => break Err(reason),
                    }
                }
                top -= 1;
            }};
        }
        // A switch point: whoever runs us may let others have the lock.
        macro_rules! check {
            () => {
                if !AT_EVERY_INSTRUCTION && is_set() {
                    break Ok(Exit::Check);
                }
            };
        }

        let exit = loop {
            at = pc;
            if AT_EVERY_INSTRUCTION && !take(&mut is_first) && is_set() {
                break Ok(Exit::Check);
            }
            let op = code.ops[pc];
            pc += 1;
            match op {
                Op::Resume => check!(),
                Op::LoadConst(index) => push_copy!(code.consts[index as usize]),
                Op::LoadFast(index) => push_copy!(stack[base + index as usize]),
                Op::StoreFast(index) => {
                    top -= 1;
                    move_value(stack, top, base + index as usize);
                }
                Op::LoadGlobal(index) => push!(world.global(index, token)),
                Op::StoreGlobal(index) => world.set_global(index, pop!(), token),
                Op::Dup => push!(stack[top - 1].clone_ref(token)),
                Op::Pop => drop(pop!()),
                Op::Add => binary!(op, |left: i64, right| left.checked_add(right).map(Value::Int)),
                Op::Sub => binary!(op, |left: i64, right| left.checked_sub(right).map(Value::Int)),
                Op::Mul => binary!(op, |left: i64, right| left.checked_mul(right).map(Value::Int)),
                Op::Lt => binary!(op, |left, right| Some(Value::Bool(left < right))),
                Op::Eq => binary!(op, |left, right| Some(Value::Bool(left == right))),
                Op::JumpFwd(target) => pc = target as usize,
                Op::PopJumpIfFalse(target) => {
                    top -= 1;
                    let is_true = match &stack[top] {
                        Value::Bool(value) => *value,
                        _ => take(&mut stack[top]).is_true(token),
                    };
                    if !is_true {
                        pc = target as usize;
                    }
                }
                Op::JumpBackward(target) => {
                    pc = target as usize;
                    check!();
                }
                Op::Call(count) => {
                    let callee_base = top - count as usize;
                    let value = &stack[callee_base - 1];
                    let Some((callee, callee_code)) = world.callee(value, count, self.frames.len()) else {
                        break Err(world.why_not_callable(value, count));
                    };
                    *self.frames.last_mut().expect(VERIFIED) = Frame { function, pc, base };
                    (function, code, pc, base) = (callee, callee_code, 0, callee_base);
                    self.frames.push(Frame { function, pc, base });
                    let after_args = top;
                    top = base + code.locals;
                    let end = base + code.slots;
                    if self.stack.len() < end {
                        self.stack.resize_with(end, Value::default);
                    }
                    stack = self.stack.as_mut_slice();
                    stack[after_args..top].fill_with(Value::default);
                }
                Op::Return => {
                    self.frames.pop();
                    let Some(caller) = self.frames.last() else {
                        let value = pop!();
                        stack[..top].fill_with(Value::default);
                        break Ok(Exit::Done(value));
                    };
                    move_value(stack, top - 1, base - 1); // To the place of the function that was called.
                    stack[base..top].fill_with(Value::default);
                    top = base;
                    Frame { function, pc, base } = *caller;
                    code = &world.codes[function];
                    at = pc - 1; // The `CALL`, should we be stopped here.
                    check!();
                }
                Op::NewList => push!(Value::list(Vec::new(), token)),
                Op::ListAppend => {
                    let value = pop!();
                    if let Err(reason) = stack[top - 1].append(value, token) {
                        break Err(reason);
                    }
                }
                Op::ListLen => match pop!().len(token) {
                    Ok(len) => push!(Value::Int(len as i64)),
                    Err(reason) => break Err(reason),
                },
                Op::CallNative(index, count) | Op::CallNativeReleased(index, count) => {
                    let first = top - count as usize;
                    let args = stack[first..top].iter_mut().map(take).collect();
                    top = first;
                    let released = matches!(op, Op::CallNativeReleased(..));
                    break Ok(Exit::Native { index, args, released });
                }
                Op::Acquire(lock) => break Ok(Exit::Acquire(lock)),
                Op::Release(lock) => break Ok(Exit::Release(lock)),
                Op::Sleep => break pop!().as_seconds().map(Exit::Sleep),
                Op::Halt => {
                    stack[..top].fill_with(Value::default);
                    top = 0;
                    self.frames.clear();
                    break Ok(Exit::Done(Value::None));
                }
            }
        };
        (self.top, self.at) = (top, at);
        if let Some(frame) = self.frames.last_mut() {
            *frame = Frame { function, pc, base };
        }
        exit
    }
}

/// Moves a value to another place on the stack.
///
/// Integers, which are nearly all, go as a tag and a number, as they were written there: who reads 16 bytes that were
/// written as 1 and 8 waits until both have reached the cache, which takes longer than an instruction of ours.
#[inline(always)]
fn move_value<M: Memory>(stack: &mut [Value<M>], from: usize, to: usize) {
    if let Value::Int(value) = stack[from] {
        stack[to] = Value::Int(value);
    } else {
        stack[to] = take(&mut stack[from]);
    }
}

/// Does an operation on two values.
#[cold]
#[inline(never)]
fn calculate<M: Memory>(
    op: Op,
    left: &Value<M>,
    right: &Value<M>,
    token: M::Token<'_>,
) -> Result<Value<M>, String> {
    let symbol = match op {
        Op::Add => "+",
        Op::Sub => "-",
        Op::Mul => "*",
        Op::Lt => return less(left, right).map(Value::Bool).ok_or_else(|| no_such("<", left, right)),
        _ => return Ok(Value::Bool(equal(left, right))),
    };
    let float = |left: f64, right: f64| {
        Ok(Value::Float(match op {
            Op::Add => left + right,
            Op::Sub => left - right,
            _ => left * right,
        }))
    };
    match (left, right) {
        (Value::Int(left), Value::Int(right)) => Err(format!("integer overflow: {left} {symbol} {right}")),
        (Value::Float(left), Value::Float(right)) => float(*left, *right),
        (Value::Int(left), Value::Float(right)) => float(*left as f64, *right),
        (Value::Float(left), Value::Int(right)) => float(*left, *right as f64),
        (Value::Object(left), Value::Object(right)) if op == Op::Add => {
            let joined = left.join(right, token).map(Value::Object);
            joined.ok_or_else(|| "cannot add a string and a list".to_owned())
        }
        _ => Err(no_such(symbol, left, right)),
    }
}

fn no_such<M: Memory>(symbol: &str, left: &Value<M>, right: &Value<M>) -> String {
    format!("no `{symbol}` for {} and {}", left.kind(), right.kind())
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
