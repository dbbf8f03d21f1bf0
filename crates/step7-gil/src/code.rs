//! Programs for the machine: functions, made of instructions.
//!
//! The machine is a small CPython: each function call has a frame with its locals and a stack, and instructions take their
//! operands off that stack. A few of them are *switch points*: there, and nowhere else, the machine looks at the eval breaker
//! (see [`CheckAt`]).
//!
//! | instruction | stack before → after | |
//! |---|---|---|
//! | `RESUME` | → | the function begins here; a switch point |
//! | `LOAD_CONST c` | → c | |
//! | `LOAD_FAST x`, `STORE_FAST x` | → x; v → | a local variable |
//! | `LOAD_GLOBAL g`, `STORE_GLOBAL g` | → g; v → | a variable that all threads share |
//! | `DUP`, `POP` | v → v v; v → | |
//! | `ADD`, `SUB`, `MUL` | a b → a∘b | ints and floats; `ADD` joins strings and lists, too |
//! | `LT`, `EQ` | a b → bool | |
//! | `JUMP_FWD l` | → | |
//! | `POP_JUMP_IF_FALSE l` | v → | forward, as `JUMP_FWD`: each round of a loop ends at a switch point |
//! | `JUMP_BACKWARD l` | → | the end of a loop's round; a switch point |
//! | `CALL n` | f a₁ … aₙ → result | begins a frame; a switch point when it returns |
//! | `RETURN` | v → | ends the frame |
//! | `NEW_LIST` | → [] | |
//! | `LIST_APPEND` | l v → l | one native operation: nothing comes in between |
//! | `LIST_LEN` | l → n | |
//! | `CALL_NATIVE f n` | a₁ … aₙ → result | a function of ours, which keeps the lock |
//! | `CALL_NATIVE_RELEASED f n` | a₁ … aₙ → result | the same, without the lock meanwhile |
//! | `ACQUIRE g`, `RELEASE g` | → | a user's lock, by its name |
//! | `SLEEP` | seconds → | without the lock |
//! | `HALT` | → | ends the thread |
//!
//! # Absent on purpose
//!
//! What is no use for showing who runs when, and is otherwise than in Python: integers have 64 bits, and one that grows too
//! large is a fault. One that meets a float, also to be compared, becomes one, and may be rounded. `True` is not `1`. Lists
//! are equal if they are the same one. A local that was not stored yet holds `None`.
//!
//! # Invariants
//!
//! 1. A program that was [verified](Program::verify) has no jump out of its function, no unknown constant, variable, function
//!    or lock, and one stack depth at each instruction, never below zero. So the machine need not look for these.

use std::sync::Arc;

/// An instruction. Its operand, if it has one, is an index into a table of its function or of the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Op {
    /// Begins the function.
    Resume,
    /// Pushes a constant of the function.
    LoadConst(u32),
    /// Pushes a local.
    LoadFast(u32),
    /// Pops into a local.
    StoreFast(u32),
    /// Pushes a global.
    LoadGlobal(u32),
    /// Pops into a global.
    StoreGlobal(u32),
    /// Pushes the top once more.
    Dup,
    /// Pops and forgets.
    Pop,
    /// Adds.
    Add,
    /// Subtracts.
    Sub,
    /// Multiplies.
    Mul,
    /// Pushes whether the first is less than the second.
    Lt,
    /// Pushes whether they are equal.
    Eq,
    /// Jumps to a later instruction of the function.
    JumpFwd(u32),
    /// Pops, and jumps to a later instruction if that counts as false.
    PopJumpIfFalse(u32),
    /// Jumps to an earlier instruction, or itself.
    JumpBackward(u32),
    /// Calls a function with so many arguments.
    Call(u32),
    /// Returns the top.
    Return,
    /// Pushes a new list.
    NewList,
    /// Pops a value, and appends it to the list below.
    ListAppend,
    /// Pops a list, and pushes its length.
    ListLen,
    /// Calls a native function, by its index in the program, with the lock held.
    CallNative(u32, u32),
    /// Calls a native function with the lock released.
    CallNativeReleased(u32, u32),
    /// Takes a user's lock.
    Acquire(u32),
    /// Gives it back.
    Release(u32),
    /// Pops a number of seconds, and sleeps.
    Sleep,
    /// Ends the thread.
    Halt,
}

/// A constant. Every thread that loads it gets a value of its own kind of memory.
#[derive(Clone, Debug, PartialEq)]
pub enum Const {
    /// Nothing.
    None,
    /// True or false.
    Bool(bool),
    /// An integer.
    Int(i64),
    /// A floating-point number.
    Float(f64),
    /// Text.
    Str(Arc<str>),
    /// A function of the program, by its index.
    Function(u32),
}

/// A function.
#[derive(Clone, Debug, PartialEq)]
pub struct Function {
    /// Its name.
    pub name: Arc<str>,
    /// How many of its locals are parameters: the first ones.
    pub params: u32,
    /// The names of its locals.
    pub locals: Vec<Arc<str>>,
    /// Its constants.
    pub consts: Vec<Const>,
    /// Its instructions.
    pub ops: Vec<Op>,
    /// The source line of each instruction.
    pub lines: Vec<u32>,
}

/// A variable that all threads share.
#[derive(Clone, Debug, PartialEq)]
pub struct Global {
    /// Its name.
    pub name: Arc<str>,
    /// What it holds when the machine starts.
    pub initial: Const,
}

/// A program: what a machine runs.
///
/// ```
/// use step7::Program;
///
/// let program: Program = "
///     global n = 0
///     func main()
///         RESUME
///         LOAD_GLOBAL n
///         LOAD_CONST 1
///         ADD
///         STORE_GLOBAL n
///         LOAD_GLOBAL n
///         RETURN
///     end
/// ".parse().unwrap();
/// assert_eq!(program.functions[0].ops.len(), 7);
/// assert_eq!(program.to_string().parse::<Program>().unwrap().to_string(), program.to_string());
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Program {
    /// Its functions. A function's name is also a global, unless there is one of that name.
    pub functions: Vec<Function>,
    /// Its globals.
    pub globals: Vec<Global>,
    /// The names of its user locks.
    pub locks: Vec<Arc<str>>,
    /// The names of the native functions that it calls.
    pub natives: Vec<Arc<str>>,
}

impl Program {
    /// Returns the index of the function of that name.
    pub(crate) fn function(&self, name: &str) -> Option<usize> {
        self.functions.iter().position(|function| &*function.name == name)
    }
}

/// Says where the machine looks at the eval breaker.
///
/// ```
/// use step7::{CheckAt, Op};
///
/// assert!(CheckAt::BackEdgesAndCalls.is_switch_point(Op::JumpBackward(0)));
/// assert!(!CheckAt::BackEdgesAndCalls.is_switch_point(Op::Add));
/// assert!(CheckAt::EveryInstruction.is_switch_point(Op::Add));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CheckAt {
    /// Where loops go round, where functions begin and after calls: CPython since 3.10.
    #[default]
    BackEdgesAndCalls,
    /// Before every instruction: roughly CPython up to 3.9.
    EveryInstruction,
    /// Nowhere.
    Never,
}

impl CheckAt {
    /// Returns whether a switch may fall at this instruction.
    #[inline]
    #[must_use]
    pub fn is_switch_point(self, op: Op) -> bool {
        match self {
            Self::BackEdgesAndCalls => matches!(
                op,
                Op::Resume
                    | Op::JumpBackward(_)
                    | Op::Call(_)
                    | Op::CallNative(..)
                    | Op::CallNativeReleased(..)
            ),
            Self::EveryInstruction => true,
            Self::Never => false,
        }
    }
}
