//! The text form of programs: what it says, and what it refuses and why.
#![allow(clippy::unwrap_used, reason = "a test may")]

use step7::{Const, Function, Global, Op, Program};

fn assemble(text: &str) -> Program {
    text.parse().unwrap()
}

/// Assembles a function `main(x)` of these lines, and returns it.
fn main_of(lines: &str) -> Function {
    assemble(&format!("func main(x)\n{lines}\nend")).functions.remove(0)
}

#[track_caller]
fn refused(text: &str, message: &str) {
    assert_eq!(text.parse::<Program>().unwrap_err().to_string(), message);
}

/// Expects the line, in a function `main(x) locals(total)`, to be refused; it is line 3.
#[track_caller]
fn refused_line(line: &str, message: &str) {
    refused(
        &format!("lock mutex\nfunc main(x) locals(total)\n{line}\nHALT\nend"),
        &format!("line 3: {message}"),
    );
}

#[test]
fn no_text_is_an_empty_program() {
    assert_eq!(assemble(" \n\n # only a comment"), Program::default());
    assert_eq!(Program::default().to_string(), "");
}

#[test]
fn every_instruction_has_its_mnemonic() {
    let program = assemble(
        "global g = None\n lock l\n native n\n func main(x)\n first:\n RESUME\n LOAD_CONST 1\n LOAD_FAST x\n
        STORE_FAST x\n LOAD_GLOBAL g\n STORE_GLOBAL g\n DUP\n POP\n ADD\n SUB\n MUL\n LT\n EQ\n JUMP_FWD last\n
        POP_JUMP_IF_FALSE last\n JUMP_BACKWARD first\n CALL 2\n RETURN\n NEW_LIST\n LIST_APPEND\n LIST_LEN\n
        CALL_NATIVE n 3\n CALL_NATIVE_RELEASED n 4\n ACQUIRE l\n RELEASE l\n SLEEP\n last:\n HALT\n end",
    );
    let expected = [
        Op::Resume,
        Op::LoadConst(0),
        Op::LoadFast(0),
        Op::StoreFast(0),
        Op::LoadGlobal(0),
        Op::StoreGlobal(0),
        Op::Dup,
        Op::Pop,
        Op::Add,
        Op::Sub,
        Op::Mul,
        Op::Lt,
        Op::Eq,
        Op::JumpFwd(26),
        Op::PopJumpIfFalse(26),
        Op::JumpBackward(0),
        Op::Call(2),
        Op::Return,
        Op::NewList,
        Op::ListAppend,
        Op::ListLen,
        Op::CallNative(0, 3),
        Op::CallNativeReleased(0, 4),
        Op::Acquire(0),
        Op::Release(0),
        Op::Sleep,
        Op::Halt,
    ];
    assert_eq!(program.functions[0].ops, expected);
}

#[test]
fn literals_are_what_they_look_like() {
    let literals = r#"None True False 12 -3 1.5 -0.0 1e9 inf -inf "a # \"b\"\n\t\\" main"#;
    let lines = literals.replace("a # ", "a_#_").replace(' ', "\nLOAD_CONST ").replace("a_#_", "a # ");
    let expected = [
        Const::None,
        Const::Bool(true),
        Const::Bool(false),
        Const::Int(12),
        Const::Int(-3),
        Const::Float(1.5),
        Const::Float(-0.0),
        Const::Float(1e9),
        Const::Float(f64::INFINITY),
        Const::Float(f64::NEG_INFINITY),
        Const::Str("a # \"b\"\n\t\\".into()),
        Const::Function(0),
    ];
    assert_eq!(main_of(&format!("LOAD_CONST {lines}")).consts, expected);
}

#[test]
fn the_same_literal_is_one_constant_and_a_float_is_no_int() {
    let function = main_of("LOAD_CONST 1\nLOAD_CONST 1.0\nLOAD_CONST 1\nLOAD_CONST 0.0\nLOAD_CONST -0.0");
    assert_eq!(function.consts.len(), 4);
    assert_eq!(function.ops[2], Op::LoadConst(0));
    assert_eq!(function.ops[4], Op::LoadConst(3));
}

#[test]
fn parameters_are_the_first_locals() {
    let program = assemble("func f(a, b) locals(c)\nHALT\nend");
    assert_eq!(program.functions[0].params, 2);
    assert_eq!(program.functions[0].locals, ["a".into(), "b".into(), "c".into()]);
}

#[test]
fn a_name_may_be_used_before_it_is_declared() {
    let program = assemble(
        "global g = f\nfunc main()\nLOAD_GLOBAL late\nHALT\nend\nfunc f()\nHALT\nend\nglobal late = 1",
    );
    assert_eq!(program.globals[0].initial, Const::Function(1));
    assert_eq!(program.functions[0].ops[0], Op::LoadGlobal(1));
}

#[test]
fn a_function_becomes_a_global_when_its_name_is_used_as_one() {
    let program = assemble("func main()\nLOAD_GLOBAL f\nHALT\nend\nfunc f()\nHALT\nend");
    assert_eq!(program.globals, [Global { name: "f".into(), initial: Const::Function(1) }]);
}

#[test]
fn a_global_that_is_declared_hides_the_function_of_its_name() {
    let program = assemble("func main()\nLOAD_GLOBAL main\nHALT\nend\nglobal main = 3");
    assert_eq!(program.globals, [Global { name: "main".into(), initial: Const::Int(3) }]);
}

#[test]
fn a_native_function_is_known_from_its_first_call_on() {
    let program =
        assemble("native b\nfunc main()\nCALL_NATIVE a 0\nCALL_NATIVE_RELEASED b 1\nCALL_NATIVE a 0\nend");
    assert_eq!(program.natives, ["b".into(), "a".into()]);
    let expected = [Op::CallNative(1, 0), Op::CallNativeReleased(0, 1), Op::CallNative(1, 0)];
    assert_eq!(program.functions[0].ops, expected);
}

#[test]
fn each_instruction_knows_its_source_line() {
    let function = main_of("\n# comment\nRESUME\nhere:\nHALT # why not");
    assert_eq!(function.lines, [4, 6]);
}

#[test]
fn a_label_may_share_its_name_with_anything_but_a_label() {
    let function = main_of("end:\nADD:\nx:\nmain:\nJUMP_BACKWARD end");
    assert_eq!(function.ops, [Op::JumpBackward(0)]);
}

#[test]
fn a_program_is_written_with_all_its_declarations() {
    let lines = "JUMP_FWD a\na:\nLOAD_GLOBAL main\nACQUIRE m\nCALL_NATIVE p 1\nHALT";
    let text = format!("func main(x) locals(y)\n{lines}\nend\nlock m");
    let written = "\
global main = main
lock m
native p

func main(x) locals(y)
    JUMP_FWD L1
L1:
    LOAD_GLOBAL main
    ACQUIRE m
    CALL_NATIVE p 1
    HALT
end
";
    assert_eq!(assemble(&text).to_string(), written);
}

#[test]
fn a_program_that_is_out_of_range_can_still_be_written() {
    let ops = vec![Op::LoadConst(7), Op::JumpFwd(9), Op::CallNative(1, 2)];
    let main =
        Function { name: "main".into(), params: 3, locals: vec![], consts: vec![], ops, lines: vec![] };
    let program = Program { functions: vec![main], ..Program::default() };
    let written = "func main()\n    LOAD_CONST ?7\n    JUMP_FWD ?9\n    CALL_NATIVE ?1 2\nend\n";
    assert_eq!(program.to_string(), written);
}

#[test]
fn an_unknown_instruction_is_refused_and_the_nearest_named() {
    refused_line("LOAD_FSAT x", "unknown instruction `LOAD_FSAT`; did you mean `LOAD_FAST`?");
    refused_line("FLY", "unknown instruction `FLY`; the table of module `code` has them all");
}

#[test]
fn an_unknown_name_is_refused() {
    refused_line("LOAD_FAST totl", "unknown local `totl`; did you mean `total`?");
    refused_line("LOAD_FAST y", "unknown local `y`; declare it after the parameters, in `locals(...)`");
    refused_line("STORE_GLOBAL mian", "unknown global `mian`; did you mean `main`?");
    refused_line("STORE_GLOBAL g", "unknown global `g`; declare it with `global`");
    refused_line("ACQUIRE mutx", "unknown lock `mutx`; did you mean `mutex`?");
    refused_line("JUMP_FWD away", "unknown label `away`; put it on a line of its own");
    refused_line("LOAD_CONST text", "unknown function `text`; text needs quotes");
}

#[test]
fn a_label_of_another_function_is_unknown() {
    let text = "func f()\nhere:\nHALT\nend\nfunc g()\nJUMP_BACKWARD here\nend";
    refused(text, "line 6: unknown label `here`; put it on a line of its own");
}

#[test]
fn what_was_declared_is_not_declared_again() {
    refused("lock a\nlock a", "line 2: there is a lock `a` already; rename or remove one");
    refused("native a\nnative a", "line 2: there is a native function `a` already; rename or remove one");
    refused("global a = 1\nglobal a = 1", "line 2: there is a global `a` already; rename or remove one");
    refused("func f()\nend\nfunc f()\nend", "line 3: there is a function `f` already; rename or remove one");
    refused("func f(a) locals(a)\nend", "line 1: there is a local `a` already; rename or remove one");
    refused("func f()\na:\na:\nHALT\nend", "line 3: there is a label `a` already; rename or remove one");
}

#[test]
fn a_number_that_is_none_is_refused() {
    refused_line("LOAD_CONST 1x", "`1x` is not a number; numbers are like `12`, `-3`, `1.5` and `1e9`");
    refused_line("LOAD_CONST 1e999", "the number `1e999` is too large; write `inf`");
    let reason = "the integer `9223372036854775808` needs more than 64 bits; write `9223372036854775808.0`";
    refused_line("LOAD_CONST 9223372036854775808", reason);
    refused_line("CALL -1", "`-1` is no number of arguments; write `0`, `1` or so");
}

#[test]
fn a_number_of_operands_that_does_not_fit_is_refused() {
    refused_line("ADD 1", "`ADD` takes 0 operand(s), and 1 are here; write `ADD`");
    refused_line("LOAD_FAST", "`LOAD_FAST` takes 1 operand(s), and 0 are here; write `LOAD_FAST LOCAL`");
    let reason = "`CALL_NATIVE` takes 2 operand(s), and 1 are here; write `CALL_NATIVE NATIVE COUNT`";
    refused_line("CALL_NATIVE f", reason);
}

#[test]
fn a_jump_in_the_wrong_direction_is_refused() {
    let text = "func f()\nhere:\nRESUME\nJUMP_FWD here\nend";
    refused(text, "line 4: label `here` is earlier, on line 2; use `JUMP_BACKWARD`");
    let text = "func f()\nJUMP_BACKWARD there\nthere:\nHALT\nend";
    refused(text, "line 2: label `there` is later, on line 3; use `JUMP_FWD`");
}

#[test]
fn a_jump_to_itself_goes_backward() {
    assert_eq!(main_of("here:\nJUMP_BACKWARD here").ops, [Op::JumpBackward(0)]);
    let reason = "line 3: label `here` is earlier, on line 2; use `JUMP_BACKWARD`";
    refused("func f()\nhere:\nJUMP_FWD here\nend", reason);
}

#[test]
fn a_label_without_an_instruction_is_refused() {
    let reason = "line 3: label `last` has no instruction after it; put one there, such as `HALT`";
    refused("func f()\nHALT\nlast:\nend", reason);
}

#[test]
fn a_function_without_its_end_is_refused() {
    refused("\nfunc f()\nHALT", "line 2: a function without an end; put `end` behind it");
    let reason = "line 3: `func` inside the function of line 1; put `end` before it";
    refused("func f()\nHALT\nfunc g()\nHALT\nend", reason);
}

#[test]
fn an_instruction_outside_of_a_function_is_refused() {
    let reason = "line 1: unknown declaration `ADD`; instructions and labels go between `func` and `end`";
    refused("ADD", reason);
    refused("fnc f()", "line 1: unknown declaration `fnc`; did you mean `func`?");
}

#[test]
fn a_line_of_the_wrong_shape_is_refused() {
    refused("global a 1", "line 1: `1` stands where `=` should");
    refused("global a =", "line 1: the line ends where a literal should follow");
    refused("global a = 1 2", "line 1: `2` is more than this line takes; remove it");
    refused("func f(a b)", "line 1: `b` stands where `,` should");
    refused("func f(a", "line 1: the line ends where `,` should follow");
    refused("func f() local(a)", "line 1: `local` stands where `locals` should");
    let reason = "line 1: `9a` is no name; begin with a letter or `_`, go on with these, digits and `.`";
    refused("lock 9a", reason);
    refused("func f()\n9a:\nend", &reason.replace("line 1", "line 2"));
    refused("func None()", "line 1: `None` is a literal; call the function something else");
}

#[test]
fn text_without_its_end_or_with_an_unknown_escape_is_refused() {
    refused_line(r#"LOAD_CONST "abc"#, "text without an end; close it with `\"`");
    refused_line(r#"LOAD_CONST "abc\"#, "text without an end; close it with `\"`");
    refused_line(r#"LOAD_CONST "\x""#, r#"unknown escape `\x`; there are `\n`, `\t`, `\"` and `\\`"#);
}
