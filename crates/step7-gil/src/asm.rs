//! Programs as text: the assembler reads it, and `Display` writes it.
//!
//! ```text
//! program     = { global | lock | native | function }
//! global      = "global" NAME "=" LITERAL
//! lock        = "lock" NAME
//! native      = "native" NAME                        not needed: a native function is known from its first call on
//! function    = "func" NAME names [ "locals" names ]
//!                 { NAME ":" | instruction }          a label stands for the instruction after it
//!               "end"
//! names       = "(" [ NAME { "," NAME } ] ")"
//! instruction = MNEMONIC { operand }                 as in the table of `code`
//! operand     = LITERAL | NAME | COUNT               by what the instruction takes
//! LITERAL     = None | True | False | 12 | -3 | 1.5 | 1e9 | inf | -inf | NaN | "text\n" | NAME of a function
//! ```
//!
//! Declarations, labels, instructions, `func` and `end` stand on a line each. A comment goes from `#` to the end of its
//! line. A `NAME` is made of letters, digits, `_` and `.`, and begins with a letter or `_`. Text knows the escapes `\n`,
//! `\t`, `\"` and `\\`.
//!
//! ```
//! let program: step7::Program = "
//!     global total = 0
//!
//!     func add(amount) locals(left)
//!         RESUME
//!         LOAD_FAST amount
//!         STORE_FAST left
//!     again:                      # while left: total += 1; left -= 1
//!         LOAD_FAST left
//!         POP_JUMP_IF_FALSE done
//!         LOAD_GLOBAL total
//!         LOAD_CONST 1
//!         ADD
//!         STORE_GLOBAL total
//!         LOAD_FAST left
//!         LOAD_CONST 1
//!         SUB
//!         STORE_FAST left
//!         JUMP_BACKWARD again
//!     done:
//!         LOAD_CONST None
//!         RETURN
//!     end
//! ".parse().unwrap();
//! program.verify().unwrap();
//! ```
//!
//! What is declared may be used further up. The instruction says whether a name is a global's, a function's, a lock's or
//! a native function's, so one name may stand for one of each; but no function is called like a literal. A function's
//! name is also a global, from its first use as one on, unless a global of that name is declared.
//!
//! # Invariants
//!
//! 1. A program that was assembled, written and assembled again is the same program, but for its `lines`.
//! 2. What was assembled has all operands in range, and all jumps in their direction. The stack is for the verifier.
//!
//! # Absent on purpose
//!
//! Expressions, and `while`: those are for a compiler, which may write this text, or build a [`Program`] itself.

use std::collections::BTreeSet;
use std::fmt;
use std::mem;
use std::str::FromStr;

use crate::literal;
use crate::mnemonic::{FORMS, Form, Operand};
use crate::outline::{Body, Label, Outline, index};
use crate::spelling::unknown;
use crate::token::{Line, Token};
use crate::{Const, Function, Global, Op, Program};

/// Says what is wrong in a program's text, and on which line.
///
/// ```
/// use step7::Program;
///
/// let error = "func main(x)\n LOAD_FSAT x\nend".parse::<Program>().unwrap_err();
/// assert_eq!(error.to_string(), "line 2: unknown instruction `LOAD_FSAT`; did you mean `LOAD_FAST`?");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AsmError {
    /// On which line, counted from 1.
    pub line: u32,
    /// What is wrong there, and what to do.
    pub reason: String,
}

impl fmt::Display for AsmError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.reason)
    }
}

impl std::error::Error for AsmError {}

/// Reads the text form, which the [module](self) describes.
impl FromStr for Program {
    type Err = AsmError;

    fn from_str(text: &str) -> Result<Self, AsmError> {
        let Outline { program, initials, bodies } = Outline::read(text)?;
        let mut assembler = Assembler { program };
        for (at, line) in initials.into_iter().enumerate() {
            assembler.initial(at, line)?;
        }
        for (function, body) in bodies.into_iter().enumerate() {
            assembler.body(function, body)?;
        }
        Ok(assembler.program)
    }
}

/// Writes the text form, which the [module](self) describes, with all its declarations.
///
/// What is out of range, and names that are none in text, are written so that they can be looked at, not read back.
impl fmt::Display for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for Global { name, initial } in &self.globals {
            writeln!(f, "global {name} = {}", literal::write(initial, self))?;
        }
        for name in &self.locks {
            writeln!(f, "lock {name}")?;
        }
        for name in &self.natives {
            writeln!(f, "native {name}")?;
        }
        let mut is_first = self.globals.is_empty() && self.locks.is_empty() && self.natives.is_empty();
        for function in &self.functions {
            if !mem::replace(&mut is_first, false) {
                writeln!(f)?;
            }
            self.write_function(function, f)?;
        }
        Ok(())
    }
}

impl Program {
    fn write_function(&self, function: &Function, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "func {}", function.signature())?;
        let targets = function.targets();
        for (at, &op) in (0..).zip(&function.ops) {
            if targets.contains(&at) {
                writeln!(f, "L{at}:")?;
            }
            writeln!(f, "    {}", op.text(self, function))?;
        }
        writeln!(f, "end")
    }
}

impl Function {
    /// Returns its name and the names of its locals, as they stand behind `func`.
    pub(crate) fn signature(&self) -> String {
        let params = self.locals.len().min(self.params as usize);
        let (params, locals) = self.locals.split_at(params);
        let locals =
            if locals.is_empty() { String::new() } else { format!(" locals({})", locals.join(", ")) };
        format!("{}({}){locals}", self.name, params.join(", "))
    }

    /// Returns the instructions that are jumped to.
    pub(crate) fn targets(&self) -> BTreeSet<u32> {
        let target = |op: &Op| match op.operand() {
            Operand::Target(target) => Some(target),
            _ => None,
        };
        self.ops.iter().filter_map(target).collect()
    }
}

/// The second pass: it knows all names and labels, and puts their indices into the instructions.
struct Assembler {
    program: Program,
}

impl Assembler {
    fn initial(&mut self, at: usize, mut line: Line<'_>) -> Result<(), AsmError> {
        self.program.globals[at].initial = self.literal(&mut line)?;
        line.end()
    }

    fn body(&mut self, function: usize, body: Body<'_>) -> Result<(), AsmError> {
        for (at, (mnemonic, line)) in (0..).zip(body.instructions) {
            self.program.functions[function].lines.push(line.number);
            let op = self.instruction(function, &body.labels, at, mnemonic, line)?;
            self.program.functions[function].ops.push(op);
        }
        Ok(())
    }

    fn literal(&self, line: &mut Line<'_>) -> Result<Const, AsmError> {
        let word = match line.token("a literal")? {
            Token::Text(text) => return Ok(Const::Str(text.into())),
            Token::Word(word) => word,
            mark => return Err(line.error(format!("{mark} stands where a literal should"))),
        };
        if let Some(constant) = literal::read(word).map_err(|reason| line.error(reason))? {
            return Ok(constant);
        }
        let names = self.program.functions.iter().map(|function| &*function.name);
        find("function", word, names, "text needs quotes", line).map(Const::Function)
    }

    fn instruction(
        &mut self,
        function: usize,
        labels: &[Label<'_>],
        at: u32,
        mnemonic: &str,
        mut line: Line<'_>,
    ) -> Result<Op, AsmError> {
        match form(mnemonic, &line)? {
            Form::Plain(op) => Ok(op),
            Form::Const(make) => {
                let constant = self.literal(&mut line)?;
                Ok(make(intern(&mut self.program.functions[function].consts, constant)))
            }
            Form::Local(make) => {
                let word = line.name("a local")?;
                let locals = self.program.functions[function].locals.iter().map(|name| &**name);
                find("local", word, locals, "declare it after the parameters, in `locals(...)`", &line)
                    .map(make)
            }
            Form::Global(make) => self.global(&mut line).map(make),
            Form::Target(make) => jump(make, labels, at, &mut line),
            Form::Count(make) => line.count().map(make),
            Form::Native(make) => {
                let name = line.name("a native function")?;
                let natives = &mut self.program.natives;
                let native = natives.iter().position(|native| &**native == name).unwrap_or_else(|| {
                    natives.push(name.into());
                    natives.len() - 1
                });
                Ok(make(index(native), line.count()?))
            }
            Form::Lock(make) => {
                let word = line.name("a lock")?;
                let locks = self.program.locks.iter().map(|name| &**name);
                find("lock", word, locks, "declare it with `lock`", &line).map(make)
            }
        }
    }

    /// Takes the name of a global. A function becomes one when its name is first used so.
    fn global(&mut self, line: &mut Line<'_>) -> Result<u32, AsmError> {
        let name = line.name("a global")?;
        let Program { globals, functions, .. } = &mut self.program;
        let is_known = globals.iter().any(|global| &*global.name == name);
        if let Some(function) =
            functions.iter().position(|function| &*function.name == name).filter(|_| !is_known)
        {
            globals.push(Global { name: name.into(), initial: Const::Function(index(function)) });
        }
        let names = globals.iter().map(|global| &*global.name);
        let names = names.chain(functions.iter().map(|function| &*function.name));
        find("global", name, names, "declare it with `global`", line)
    }
}

/// Returns what the mnemonic stands for, and makes sure that as many operands follow as it takes.
fn form(mnemonic: &str, line: &Line<'_>) -> Result<Form, AsmError> {
    let Some(form) = Form::of(mnemonic) else {
        let mnemonics = FORMS.iter().map(|form| form.mnemonic());
        let advice = "the table of module `code` has them all";
        return Err(line.error(unknown("instruction", mnemonic, mnemonics, advice)));
    };
    let operands = form.operands();
    if line.len() != operands.len() {
        let usage = [&[mnemonic], operands].concat().join(" ");
        let (takes, found) = (operands.len(), line.len());
        let reason = format!("`{mnemonic}` takes {takes} operand(s), and {found} are here; write `{usage}`");
        return Err(line.error(reason));
    }
    Ok(form)
}

/// Makes a jump to a label, and makes sure of its direction.
fn jump(make: fn(u32) -> Op, labels: &[Label<'_>], at: u32, line: &mut Line<'_>) -> Result<Op, AsmError> {
    let name = line.name("a label")?;
    let names = labels.iter().map(|label| label.name);
    let label = &labels[find("label", name, names, "put it on a line of its own", line)? as usize];
    match make(label.target) {
        Op::JumpFwd(target) | Op::PopJumpIfFalse(target) if target <= at => {
            Err(line.error(format!("label `{name}` is earlier, on line {}; use `JUMP_BACKWARD`", label.line)))
        }
        Op::JumpBackward(target) if target > at => {
            Err(line.error(format!("label `{name}` is later, on line {}; use `JUMP_FWD`", label.line)))
        }
        op => Ok(op),
    }
}

fn intern(consts: &mut Vec<Const>, constant: Const) -> u32 {
    index(consts.iter().position(|known| literal::is_same(known, &constant)).unwrap_or_else(|| {
        consts.push(constant);
        consts.len() - 1
    }))
}

fn find<'n>(
    kind: &str,
    word: &str,
    names: impl Iterator<Item = &'n str> + Clone,
    advice: &str,
    line: &Line<'_>,
) -> Result<u32, AsmError> {
    let found = names.clone().position(|name| name == word);
    found.map(index).ok_or_else(|| line.error(unknown(kind, word, names, advice)))
}
