//! The disassembler: its columns, and its marks.
#![allow(clippy::unwrap_used, reason = "a test may")]

use step7::{CheckAt, Const, Function, Op, Program};

const COUNT: &str = "\
global done = 0
lock mutex
func main(n) locals(i)
    RESUME
again:
    LOAD_FAST n
    POP_JUMP_IF_FALSE out
    LOAD_GLOBAL done
    LOAD_CONST \"text\"
    CALL 1
    POP
    ACQUIRE mutex
    CALL_NATIVE print 0
    STORE_FAST i
    JUMP_BACKWARD again
out:
    HALT
end
";

fn listing(check: CheckAt) -> String {
    COUNT.parse::<Program>().unwrap().dis(check)
}

#[test]
fn a_listing_shows_lines_targets_operands_and_switch_points() {
    let expected = r#"func main(n) locals(i)
   4        0  RESUME                                <- switch
   6  >>    1  LOAD_FAST 0 (n)
   7        2  POP_JUMP_IF_FALSE 11 (to 11)
   8        3  LOAD_GLOBAL 0 (done)
   9        4  LOAD_CONST 0 ("text")
  10        5  CALL 1                                <- switch
  11        6  POP
  12        7  ACQUIRE 0 (mutex)
  13        8  CALL_NATIVE 0 (print) 0               <- switch
  14        9  STORE_FAST 1 (i)
  15       10  JUMP_BACKWARD 1 (to 1)                <- switch
  17  >>   11  HALT
"#;
    assert_eq!(listing(CheckAt::BackEdgesAndCalls), expected);
}

#[test]
fn every_instruction_is_marked_where_each_may_switch_and_none_where_none_may() {
    let marks = |check| listing(check).matches("<- switch").count();
    assert_eq!(marks(CheckAt::EveryInstruction), 12);
    assert_eq!(marks(CheckAt::Never), 0);
}

#[test]
fn functions_are_listed_one_after_the_other_with_a_line_between() {
    let program: Program = "func f()\nHALT\nend\nfunc g()\nHALT\nend".parse().unwrap();
    let expected = "func f()\n   2        0  HALT\n\nfunc g()\n   5        0  HALT\n";
    assert_eq!(program.dis(CheckAt::default()), expected);
}

#[test]
fn a_source_line_is_shown_at_its_first_instruction_only() {
    let mut program: Program = "func f()\nNEW_LIST\nPOP\nHALT\nend".parse().unwrap();
    program.functions[0].lines = vec![7, 7, 8];
    let expected = "func f()\n   7        0  NEW_LIST\n            1  POP\n   8        2  HALT\n";
    assert_eq!(program.dis(CheckAt::default()), expected);
}

#[test]
fn what_is_out_of_range_is_listed_with_a_question_mark() {
    let ops = vec![Op::LoadFast(3), Op::LoadConst(0), Op::Acquire(u32::MAX), Op::JumpFwd(9)];
    let consts = vec![Const::Function(9)];
    let main = Function { name: "main".into(), params: 9, locals: vec![], consts, ops, lines: vec![] };
    let program = Program { functions: vec![main], ..Program::default() };
    let expected = "func main()
            0  LOAD_FAST 3 (?)
            1  LOAD_CONST 0 (?9)
            2  ACQUIRE 4294967295 (?)
            3  JUMP_FWD 9 (to 9)
";
    assert_eq!(program.dis(CheckAt::default()), expected);
}
