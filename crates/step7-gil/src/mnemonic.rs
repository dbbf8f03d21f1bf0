//! An instruction as text: its mnemonic, and what its operand names.
//!
//! The assembler reads by the [forms](FORMS), the printer and the disassembler write by the [operands](Operand), and
//! the verifier looks each operand up in the table that it belongs to.

use crate::literal;
use crate::{Function, Op, Program};

impl Op {
    /// Returns the name of the instruction in a program's text.
    ///
    /// ```
    /// assert_eq!(step7::Op::LoadFast(0).mnemonic(), "LOAD_FAST");
    /// ```
    #[must_use]
    pub fn mnemonic(self) -> &'static str {
        match self {
            Self::Resume => "RESUME",
            Self::LoadConst(_) => "LOAD_CONST",
            Self::LoadFast(_) => "LOAD_FAST",
            Self::StoreFast(_) => "STORE_FAST",
            Self::LoadGlobal(_) => "LOAD_GLOBAL",
            Self::StoreGlobal(_) => "STORE_GLOBAL",
            Self::Dup => "DUP",
            Self::Pop => "POP",
            Self::Add => "ADD",
            Self::Sub => "SUB",
            Self::Mul => "MUL",
            Self::Lt => "LT",
            Self::Eq => "EQ",
            Self::JumpFwd(_) => "JUMP_FWD",
            Self::PopJumpIfFalse(_) => "POP_JUMP_IF_FALSE",
            Self::JumpBackward(_) => "JUMP_BACKWARD",
            Self::Call(_) => "CALL",
            Self::Return => "RETURN",
            Self::NewList => "NEW_LIST",
            Self::ListAppend => "LIST_APPEND",
            Self::ListLen => "LIST_LEN",
            Self::CallNative(..) => "CALL_NATIVE",
            Self::CallNativeReleased(..) => "CALL_NATIVE_RELEASED",
            Self::Acquire(_) => "ACQUIRE",
            Self::Release(_) => "RELEASE",
            Self::Sleep => "SLEEP",
            Self::Halt => "HALT",
        }
    }

    /// Writes the instruction, which is one of this function's, as the program's text has it.
    pub(crate) fn text(self, program: &Program, function: &Function) -> String {
        let operand = self.operand();
        let mut text = self.mnemonic().to_owned();
        match (operand.name(program, function), operand.index()) {
            (Some(name), _) => text.extend([" ", &name]),
            (None, Some(index)) => text.extend([" ?", &index.to_string()]),
            (None, None) => {}
        }
        if let Some(count) = operand.count() {
            text.extend([" ", &count.to_string()]);
        }
        text
    }

    /// Returns the operand, together with the table that it is an index into.
    pub(crate) fn operand(self) -> Operand {
        match self {
            Self::LoadConst(constant) => Operand::Const(constant),
            Self::LoadFast(local) | Self::StoreFast(local) => Operand::Local(local),
            Self::LoadGlobal(global) | Self::StoreGlobal(global) => Operand::Global(global),
            Self::JumpFwd(target) | Self::PopJumpIfFalse(target) | Self::JumpBackward(target) => {
                Operand::Target(target)
            }
            Self::Call(count) => Operand::Count(count),
            Self::CallNative(native, count) | Self::CallNativeReleased(native, count) => {
                Operand::Native(native, count)
            }
            Self::Acquire(lock) | Self::Release(lock) => Operand::Lock(lock),
            Self::Resume
            | Self::Dup
            | Self::Pop
            | Self::Add
            | Self::Sub
            | Self::Mul
            | Self::Lt
            | Self::Eq => Operand::None,
            Self::Return | Self::NewList | Self::ListAppend | Self::ListLen | Self::Sleep | Self::Halt => {
                Operand::None
            }
        }
    }
}

/// An operand that knows its table.
#[derive(Clone, Copy)]
pub(crate) enum Operand {
    None,
    /// A constant of the function.
    Const(u32),
    /// A local of the function.
    Local(u32),
    /// A global of the program.
    Global(u32),
    /// An instruction of the function.
    Target(u32),
    /// A number of arguments.
    Count(u32),
    /// A native function of the program, and a number of arguments.
    Native(u32, u32),
    /// A user's lock of the program.
    Lock(u32),
}

impl Operand {
    /// Returns the index into the operand's table, if it is one.
    pub(crate) fn index(self) -> Option<u32> {
        match self {
            Self::Const(at) | Self::Local(at) | Self::Global(at) | Self::Target(at) => Some(at),
            Self::Native(at, _) | Self::Lock(at) => Some(at),
            Self::None | Self::Count(_) => None,
        }
    }

    /// Returns the number of arguments, if it has one.
    pub(crate) fn count(self) -> Option<u32> {
        match self {
            Self::Count(count) | Self::Native(_, count) => Some(count),
            _ => None,
        }
    }

    /// Returns what a program's text calls the entry, or `None` if the table has none there.
    pub(crate) fn name(self, program: &Program, function: &Function) -> Option<String> {
        let at = self.index()? as usize;
        match self {
            Self::None | Self::Count(_) => None,
            Self::Const(_) => function.consts.get(at).map(|constant| literal::write(constant, program)),
            Self::Local(_) => function.locals.get(at).map(|name| name.to_string()),
            Self::Global(_) => program.globals.get(at).map(|global| global.name.to_string()),
            Self::Target(_) => function.ops.get(at).map(|_| format!("L{at}")),
            Self::Native(..) => program.natives.get(at).map(|name| name.to_string()),
            Self::Lock(_) => program.locks.get(at).map(|name| name.to_string()),
        }
    }
}

/// How an instruction is made, once the assembler knows its operands.
#[derive(Clone, Copy)]
pub(crate) enum Form {
    Plain(Op),
    Const(fn(u32) -> Op),
    Local(fn(u32) -> Op),
    Global(fn(u32) -> Op),
    Target(fn(u32) -> Op),
    Count(fn(u32) -> Op),
    Native(fn(u32, u32) -> Op),
    Lock(fn(u32) -> Op),
}

/// The form of every instruction.
pub(crate) const FORMS: [Form; 27] = [
    Form::Plain(Op::Resume),
    Form::Const(Op::LoadConst),
    Form::Local(Op::LoadFast),
    Form::Local(Op::StoreFast),
    Form::Global(Op::LoadGlobal),
    Form::Global(Op::StoreGlobal),
    Form::Plain(Op::Dup),
    Form::Plain(Op::Pop),
    Form::Plain(Op::Add),
    Form::Plain(Op::Sub),
    Form::Plain(Op::Mul),
    Form::Plain(Op::Lt),
    Form::Plain(Op::Eq),
    Form::Target(Op::JumpFwd),
    Form::Target(Op::PopJumpIfFalse),
    Form::Target(Op::JumpBackward),
    Form::Count(Op::Call),
    Form::Plain(Op::Return),
    Form::Plain(Op::NewList),
    Form::Plain(Op::ListAppend),
    Form::Plain(Op::ListLen),
    Form::Native(Op::CallNative),
    Form::Native(Op::CallNativeReleased),
    Form::Lock(Op::Acquire),
    Form::Lock(Op::Release),
    Form::Plain(Op::Sleep),
    Form::Plain(Op::Halt),
];

impl Form {
    /// Returns the form of the instruction that is called so.
    pub(crate) fn of(mnemonic: &str) -> Option<Self> {
        FORMS.into_iter().find(|form| form.mnemonic() == mnemonic)
    }

    pub(crate) fn mnemonic(self) -> &'static str {
        let op = match self {
            Self::Plain(op) => op,
            Self::Const(make) | Self::Local(make) | Self::Global(make) | Self::Target(make) => make(0),
            Self::Count(make) | Self::Lock(make) => make(0),
            Self::Native(make) => make(0, 0),
        };
        op.mnemonic()
    }

    /// Returns what follows the mnemonic, as a message spells it.
    pub(crate) fn operands(self) -> &'static [&'static str] {
        match self {
            Self::Plain(_) => &[],
            Self::Const(_) => &["LITERAL"],
            Self::Local(_) => &["LOCAL"],
            Self::Global(_) => &["GLOBAL"],
            Self::Target(_) => &["LABEL"],
            Self::Count(_) => &["COUNT"],
            Self::Native(_) => &["NATIVE", "COUNT"],
            Self::Lock(_) => &["LOCK"],
        }
    }
}
