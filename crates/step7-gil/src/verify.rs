//! The verifier: finds out before a program runs what the machine would otherwise have to ask at each instruction.
//!
//! ```text
//!                             depth before      depth after
//!   0  LOAD_FAST x            0                 1
//!   1  POP_JUMP_IF_FALSE 4    1                 0 ── goes to 2 and to 4
//!   2  LOAD_CONST 1           0                 1
//!   3  JUMP_FWD 5             1                 1 ── goes to 5, with 1
//!   4  LOAD_CONST 2           0                 1 ── goes to 5, with 1 as well, or 5 would not know what it finds
//!   5  RETURN                 1
//! ```
//!
//! First each instruction is looked at by itself: is its operand in range, does its jump keep its direction? Then depths
//! flow along the ways that control can take, from the function's first instruction on. Each instruction is visited once:
//! whoever comes there again must bring the same depth. So it takes time and memory in proportion to the program,
//! whatever that is.
//!
//! # Invariants
//!
//! 1. A [`Verified`] can be made only by [`Program::verify`], and its program never changes.
//! 2. Every instruction that can be reached has one depth, from 0 to [`LIMIT`], and pops no more than that.
//! 3. From every instruction that can be reached, control goes to an instruction of the same function, or ends.
//!
//! # Absent on purpose
//!
//! Types: whether an `ADD` gets numbers, or a `CALL` a function that takes so many arguments, is seen when it runs, as
//! in Python. And instructions that are never reached may do with the stack what they like.
//!
//! # Source
//!
//! Tim Lindholm and others, *The Java Virtual Machine Specification*, section 4.10.2, verification by type inference:
//! here with the number of values instead of their types.

use std::fmt;
use std::sync::Arc;

use crate::mnemonic::Operand;
use crate::{Const, Function, Op, Program};

/// How many values a frame may have on its stack, and how many locals.
pub const LIMIT: u32 = 10_000;

/// A program that a machine can run without checking it any more.
///
/// ```
/// use step7::Program;
///
/// let program: Program = "func main()\n LOAD_CONST 1\n LOAD_CONST 2\n ADD\n RETURN\n end".parse().unwrap();
/// let verified = program.verify().unwrap();
/// assert_eq!(verified.max_stack(0), 2);
/// assert_eq!(verified.program(), &program);
/// ```
#[derive(Clone, Debug)]
pub struct Verified {
    program: Arc<Program>,
    max_stacks: Arc<[u32]>,
}

impl Verified {
    /// Returns the program.
    #[must_use]
    pub fn program(&self) -> &Program {
        &self.program
    }

    /// Returns how many values the function of that index has on its stack at most; its locals are not counted.
    ///
    /// # Panics
    ///
    /// Panics if there is no such function.
    #[must_use]
    pub fn max_stack(&self, function: usize) -> usize {
        self.max_stacks[function] as usize
    }
}

/// Says why a program cannot be run, and where.
///
/// ```
/// use step7::Program;
///
/// let program: Program = "func main()\n RESUME\n RETURN\n end".parse().unwrap();
/// let error = program.verify().unwrap_err();
/// assert_eq!(error.to_string(), "line 3, in main, instruction 1: `RETURN` takes 1 from the stack, which holds 0");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifyError {
    /// In which function, if in one.
    pub function: Option<Arc<str>>,
    /// At which instruction of that, if at one.
    pub instruction: Option<u32>,
    /// On which line of the source, if that is known.
    pub line: Option<u32>,
    /// What is wrong there.
    pub reason: String,
}

impl fmt::Display for VerifyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let line = self.line.map(|line| format!("line {line}"));
        let function = self.function.as_ref().map(|function| format!("in {function}"));
        let instruction = self.instruction.map(|instruction| format!("instruction {instruction}"));
        let place: Vec<String> = [line, function, instruction].into_iter().flatten().collect();
        let colon = if place.is_empty() { "" } else { ": " };
        write!(f, "{}{colon}{}", place.join(", "), self.reason)
    }
}

impl std::error::Error for VerifyError {}

impl Program {
    /// Checks everything that a machine takes for granted (see the [module](crate::verify)).
    ///
    /// Takes time in proportion to the program, and copies it once. It does not ask for a `main`: a thread names its
    /// function.
    ///
    /// # Errors
    ///
    /// Returns the first thing that is wrong.
    pub fn verify(&self) -> Result<Verified, VerifyError> {
        for global in &self.globals {
            check_constant(self, &global.initial).map_err(|reason| {
                let reason = format!("global `{}`: {reason}", global.name);
                VerifyError { function: None, instruction: None, line: None, reason }
            })?;
        }
        let max_stack = |function| Verifier { program: self, function }.max_stack();
        let max_stacks = self.functions.iter().map(max_stack).collect::<Result<_, _>>()?;
        Ok(Verified { program: Arc::new(self.clone()), max_stacks })
    }
}

fn check_constant(program: &Program, constant: &Const) -> Result<(), String> {
    match constant {
        Const::Function(at) => check_index("function", *at, program.functions.len()),
        _ => Ok(()),
    }
}

fn check_index(kind: &str, at: u32, len: usize) -> Result<(), String> {
    if (at as usize) < len { Ok(()) } else { Err(format!("{kind} {at} of {len}, counted from 0")) }
}

struct Verifier<'a> {
    program: &'a Program,
    function: &'a Function,
}

impl Verifier<'_> {
    fn max_stack(&self) -> Result<u32, VerifyError> {
        self.check_tables().map_err(|reason| self.error(None, reason))?;
        for (at, &op) in self.function.ops.iter().enumerate() {
            let checked = self.check_operand(op).and_then(|()| check_direction(op, at));
            checked.map_err(|reason| self.error(Some(at), reason))?;
        }
        self.flow()
    }

    fn error(&self, at: Option<usize>, reason: String) -> VerifyError {
        VerifyError {
            function: Some(Arc::clone(&self.function.name)),
            instruction: at.map(|at| at as u32),
            line: at.and_then(|at| self.function.lines.get(at).copied()),
            reason,
        }
    }

    fn check_tables(&self) -> Result<(), String> {
        let Function { params, locals, consts, ops, lines, .. } = self.function;
        if locals.len() > LIMIT as usize {
            return Err(format!("{} locals are more than {LIMIT}", locals.len()));
        }
        if *params as usize > locals.len() {
            return Err(format!("{params} parameters are more than its {} locals", locals.len()));
        }
        if ops.is_empty() {
            return Err("it has no instructions".to_owned());
        }
        if lines.len() != ops.len() {
            return Err(format!("{} line numbers for {} instructions", lines.len(), ops.len()));
        }
        consts.iter().try_for_each(|constant| check_constant(self.program, constant))
    }

    fn check_operand(&self, op: Op) -> Result<(), String> {
        if let Some(count) = op.operand().count().filter(|&count| count > LIMIT) {
            return Err(format!("{count} arguments are more than {LIMIT}"));
        }
        let Program { globals, locks, natives, .. } = self.program;
        match op.operand() {
            Operand::None | Operand::Count(_) => Ok(()),
            Operand::Const(at) => check_index("constant", at, self.function.consts.len()),
            Operand::Local(at) => check_index("local", at, self.function.locals.len()),
            Operand::Global(at) => check_index("global", at, globals.len()),
            Operand::Target(at) => check_index("jump to instruction", at, self.function.ops.len()),
            Operand::Native(at, _) => check_index("native function", at, natives.len()),
            Operand::Lock(at) => check_index("lock", at, locks.len()),
        }
    }

    /// Lets depths flow through the function, and returns the greatest.
    fn flow(&self) -> Result<u32, VerifyError> {
        let ops = &self.function.ops;
        let mut depths = vec![None; ops.len()]; // Before each instruction that was found to be reached.
        let mut unvisited = vec![0];
        depths[0] = Some(0);
        let mut max = 0;
        while let Some(at) = unvisited.pop() {
            let depth: u32 = depths[at].expect("an instruction gets its depth before it gets here");
            let after = step(ops[at], depth).map_err(|reason| self.error(Some(at), reason))?;
            max = max.max(after);
            for next in successors(ops[at], at).into_iter().flatten() {
                match depths.get(next).copied() {
                    None => {
                        return Err(
                            self.error(Some(at), "the function ends without `RETURN` or `HALT`".to_owned())
                        );
                    }
                    Some(None) => {
                        depths[next] = Some(after);
                        unvisited.push(next);
                    }
                    Some(Some(known)) if known == after => {}
                    Some(Some(known)) => {
                        let reason = format!(
                            "it is reached with {after} on the stack from {at}, and also with {known}"
                        );
                        return Err(self.error(Some(next), reason));
                    }
                }
            }
        }
        Ok(max)
    }
}

fn check_direction(op: Op, at: usize) -> Result<(), String> {
    match op {
        Op::JumpFwd(target) | Op::PopJumpIfFalse(target) if target as usize <= at => {
            Err(format!("a jump forward to {target}"))
        }
        Op::JumpBackward(target) if target as usize > at => Err(format!("a jump backward to {target}")),
        _ => Ok(()),
    }
}

/// Returns the depth of the stack after the instruction.
fn step(op: Op, depth: u32) -> Result<u32, String> {
    let (pops, pushes) = effect(op);
    let name = op.mnemonic();
    let left = depth.checked_sub(pops);
    let left = left.ok_or_else(|| format!("`{name}` takes {pops} from the stack, which holds {depth}"))?;
    let after = left + pushes;
    if after > LIMIT { Err(format!("`{name}` puts more than {LIMIT} on the stack")) } else { Ok(after) }
}

/// Returns how many values the instruction takes from the stack, and how many it puts there afterwards.
fn effect(op: Op) -> (u32, u32) {
    match op {
        Op::Resume | Op::JumpFwd(_) | Op::JumpBackward(_) | Op::Acquire(_) | Op::Release(_) | Op::Halt => {
            (0, 0)
        }
        Op::LoadConst(_) | Op::LoadFast(_) | Op::LoadGlobal(_) | Op::NewList => (0, 1),
        Op::StoreFast(_) | Op::StoreGlobal(_) | Op::Pop | Op::PopJumpIfFalse(_) | Op::Sleep | Op::Return => {
            (1, 0)
        }
        Op::Dup => (1, 2),
        Op::Add | Op::Sub | Op::Mul | Op::Lt | Op::Eq | Op::ListAppend => (2, 1),
        Op::ListLen => (1, 1),
        Op::Call(count) => (count + 1, 1),
        Op::CallNative(_, count) | Op::CallNativeReleased(_, count) => (count, 1),
    }
}

/// Returns where control may go from the instruction.
fn successors(op: Op, at: usize) -> [Option<usize>; 2] {
    match op {
        Op::Return | Op::Halt => [None, None],
        Op::JumpFwd(target) | Op::JumpBackward(target) => [Some(target as usize), None],
        Op::PopJumpIfFalse(target) => [Some(at + 1), Some(target as usize)],
        _ => [Some(at + 1), None],
    }
}
