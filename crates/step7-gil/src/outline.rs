//! The assembler's first pass: which functions, globals, locks and labels there are.
//!
//! Only then can the second pass tell what a name stands for, since it may be declared further down than it is used.

use std::sync::Arc;

use crate::literal;
use crate::spelling::unknown;
use crate::token::Line;
use crate::{AsmError, Const, Function, Global, Program};

/// A program with all its names, and its instructions still as text.
#[derive(Default)]
pub(crate) struct Outline<'a> {
    /// The functions have no instructions yet, and the globals hold nothing.
    pub(crate) program: Program,
    /// What is left of the line of each global: its literal.
    pub(crate) initials: Vec<Line<'a>>,
    /// The body of each function.
    pub(crate) bodies: Vec<Body<'a>>,
}

/// What stands between `func` and `end`.
pub(crate) struct Body<'a> {
    pub(crate) labels: Vec<Label<'a>>,
    /// Mnemonics, and what is left of their lines.
    pub(crate) instructions: Vec<(&'a str, Line<'a>)>,
}

/// A name for an instruction.
pub(crate) struct Label<'a> {
    pub(crate) name: &'a str,
    pub(crate) line: u32,
    pub(crate) target: u32,
}

impl<'a> Outline<'a> {
    pub(crate) fn read(text: &'a str) -> Result<Self, AsmError> {
        let lines = (1..).zip(text.lines()).map(|(number, text)| Line::cut(number, text));
        let mut lines = lines.filter(|line| line.as_ref().map_or(true, |line| !line.is_empty()));
        let mut outline = Self::default();
        while let Some(line) = lines.next() {
            outline.declaration(line?, &mut lines)?;
        }
        Ok(outline)
    }

    fn declaration(
        &mut self,
        mut line: Line<'a>,
        lines: &mut impl Iterator<Item = Result<Line<'a>, AsmError>>,
    ) -> Result<(), AsmError> {
        match line.word("a declaration")? {
            "global" => self.global(line),
            "lock" => declare("lock", &mut self.program.locks, line),
            "native" => declare("native function", &mut self.program.natives, line),
            "func" => {
                let begun = line.number;
                self.function(line)?;
                self.bodies.push(Body::read(begun, lines)?);
                Ok(())
            }
            other => {
                let known = ["func", "global", "lock", "native"];
                let advice = "instructions and labels go between `func` and `end`";
                Err(line.error(unknown("declaration", other, known, advice)))
            }
        }
    }

    fn global(&mut self, mut line: Line<'a>) -> Result<(), AsmError> {
        let name = line.name("the name of a global")?;
        if self.program.globals.iter().any(|global| &*global.name == name) {
            return Err(line.error(twice("global", name)));
        }
        line.mark('=')?;
        self.program.globals.push(Global { name: name.into(), initial: Const::None });
        self.initials.push(line);
        Ok(())
    }

    fn function(&mut self, mut line: Line<'a>) -> Result<(), AsmError> {
        let name = line.name("the name of a function")?;
        if self.program.functions.iter().any(|function| &*function.name == name) {
            return Err(line.error(twice("function", name)));
        }
        if !matches!(literal::read(name), Ok(None)) {
            return Err(line.error(format!("`{name}` is a literal; call the function something else")));
        }
        let mut locals = line.names()?;
        let params = index(locals.len());
        if !line.is_empty() {
            line.keyword("locals")?;
            locals.extend(line.names()?);
        }
        if let Some((_, name)) = locals.iter().enumerate().find(|&(at, name)| locals[..at].contains(name)) {
            return Err(line.error(twice("local", name)));
        }
        let locals = locals.into_iter().map(Arc::from).collect();
        let (consts, ops, lines) = Default::default();
        self.program.functions.push(Function { name: name.into(), params, locals, consts, ops, lines });
        line.end()
    }
}

impl<'a> Body<'a> {
    fn read(
        begun: u32,
        lines: &mut impl Iterator<Item = Result<Line<'a>, AsmError>>,
    ) -> Result<Self, AsmError> {
        let mut body = Self { labels: Vec::new(), instructions: Vec::new() };
        for line in lines {
            let mut line = line?;
            match line.word("an instruction or a label")? {
                name if line.is_at(':') => body.label(name, line)?,
                "end" => {
                    body.check_last_label()?;
                    line.end()?;
                    return Ok(body);
                }
                word @ ("func" | "global" | "lock" | "native") => {
                    let reason = format!("`{word}` inside the function of line {begun}; put `end` before it");
                    return Err(line.error(reason));
                }
                mnemonic => body.instructions.push((mnemonic, line)),
            }
        }
        Err(AsmError { line: begun, reason: "a function without an end; put `end` behind it".to_owned() })
    }

    fn label(&mut self, name: &'a str, mut line: Line<'a>) -> Result<(), AsmError> {
        line.check_name(name)?;
        if self.labels.iter().any(|label| label.name == name) {
            return Err(line.error(twice("label", name)));
        }
        self.labels.push(Label { name, line: line.number, target: index(self.instructions.len()) });
        line.mark(':')?;
        line.end()
    }

    fn check_last_label(&self) -> Result<(), AsmError> {
        match self.labels.last() {
            Some(Label { name, line, target }) if *target == index(self.instructions.len()) => {
                let reason =
                    format!("label `{name}` has no instruction after it; put one there, such as `HALT`");
                Err(AsmError { line: *line, reason })
            }
            _ => Ok(()),
        }
    }
}

fn declare(kind: &str, names: &mut Vec<Arc<str>>, mut line: Line<'_>) -> Result<(), AsmError> {
    let name = line.name(&format!("the name of a {kind}"))?;
    if names.iter().any(|known| &**known == name) {
        return Err(line.error(twice(kind, name)));
    }
    names.push(name.into());
    line.end()
}

/// Makes an operand of a place in a table.
pub(crate) fn index(at: usize) -> u32 {
    u32::try_from(at).expect("no text is so long that it names 2^32 things")
}

fn twice(kind: &str, name: &str) -> String {
    format!("there is a {kind} `{name}` already; rename or remove one")
}
