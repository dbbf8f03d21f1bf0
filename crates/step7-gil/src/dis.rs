//! The disassembler: a program as a table, with the places marked where another thread may come in.
//!
//! ```text
//! func count(n)
//!    2        0  RESUME                                <- switch
//!    4  >>    1  LOAD_FAST 0 (n)
//!    5        2  LOAD_CONST 0 (1)
//!    6        3  SUB
//!    7        4  STORE_FAST 0 (n)
//!    8        5  JUMP_BACKWARD 1 (to 1)                <- switch
//!    |  |     |  |                                     |
//!    |  |     |  its operand, and what that stands for  a switch may fall here
//!    |  |     its number in the function
//!    |  it is jumped to
//!    its line in the source, where that changes
//! ```
//!
//! # Source
//!
//! The columns are those of Python's `dis` up to 3.12; it marks no switch points, though.

use std::fmt::Write;

use crate::mnemonic::Operand;
use crate::{CheckAt, Function, Op, Program};

impl Program {
    /// Lists the program's functions, with a mark at each instruction where `check` lets a switch fall.
    ///
    /// ```
    /// use step7::{CheckAt, Program};
    ///
    /// let program: Program = "func main()\n RESUME\n LOAD_CONST 7\n RETURN\n end".parse().unwrap();
    /// assert_eq!(
    ///     program.dis(CheckAt::default()),
    ///     "func main()\n\
    ///     \x20  2        0  RESUME                                <- switch\n\
    ///     \x20  3        1  LOAD_CONST 0 (7)\n\
    ///     \x20  4        2  RETURN\n",
    /// );
    /// ```
    #[must_use]
    pub fn dis(&self, check: CheckAt) -> String {
        let functions = self.functions.iter().map(|function| self.dis_function(function, check));
        functions.collect::<Vec<_>>().join("\n")
    }

    fn dis_function(&self, function: &Function, check: CheckAt) -> String {
        let mut listing = format!("func {}\n", function.signature());
        let targets = function.targets();
        let mut last_line = None;
        for (at, &op) in (0..).zip(&function.ops) {
            let line = function.lines.get(at as usize);
            let shown = line.filter(|_| line != last_line).map(u32::to_string).unwrap_or_default();
            let target = if targets.contains(&at) { ">>" } else { "" };
            let switch = if check.is_switch_point(op) { "<- switch" } else { "" };
            let text = self.dis_op(function, op);
            let row = format!("{shown:>4}  {target:2} {at:>4}  {text:36}  {switch}");
            writeln!(listing, "{}", row.trim_end()).expect("a string takes all that is written");
            last_line = line;
        }
        listing
    }

    fn dis_op(&self, function: &Function, op: Op) -> String {
        let operand = op.operand();
        let mut text = op.mnemonic().to_owned();
        if let Some(index) = operand.index() {
            let name = match operand {
                Operand::Target(target) => format!("to {target}"),
                _ => operand.name(self, function).unwrap_or_else(|| "?".to_owned()),
            };
            text.push_str(&format!(" {index} ({name})"));
        }
        if let Some(count) = operand.count() {
            text.push_str(&format!(" {count}"));
        }
        text
    }
}
