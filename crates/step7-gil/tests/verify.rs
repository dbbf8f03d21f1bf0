//! The verifier: what it lets pass, what it refuses, and that no program makes it panic.
#![allow(clippy::unwrap_used, reason = "a test may")]

use std::collections::BTreeSet;

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use step7::verify::LIMIT;
use step7::{Const, Function, Global, Op, Program};

/// Makes a program of one function `main(x)`, with one of everything that an operand can name.
fn program(ops: Vec<Op>) -> Program {
    let lines = (10..).take(ops.len()).collect();
    let (locals, consts) = (vec!["x".into()], vec![Const::Int(1)]);
    let main = Function { name: "main".into(), params: 1, locals, consts, ops, lines };
    let globals = vec![Global { name: "g".into(), initial: Const::Function(0) }];
    Program { functions: vec![main], globals, locks: vec!["l".into()], natives: vec!["n".into()] }
}

#[track_caller]
fn refused(program: &Program, message: &str) {
    assert_eq!(program.verify().unwrap_err().to_string(), message);
}

#[track_caller]
fn refused_ops(ops: impl Into<Vec<Op>>, message: &str) {
    refused(&program(ops.into()), message);
}

#[track_caller]
fn max_stack(ops: impl Into<Vec<Op>>) -> usize {
    program(ops.into()).verify().unwrap().max_stack(0)
}

#[test]
fn an_empty_program_passes_and_needs_no_main() {
    assert!(Program::default().verify().is_ok());
}

#[test]
fn a_program_that_passed_is_the_one_that_was_verified() {
    let program = program(vec![Op::Halt]);
    assert_eq!(program.verify().unwrap().program(), &program);
}

#[test]
fn the_deepest_stack_counts_on_every_way() {
    let ops = [Op::LoadFast(0), Op::PopJumpIfFalse(3), Op::Halt, Op::NewList, Op::Dup, Op::Dup, Op::Halt];
    assert_eq!(max_stack(ops), 3);
}

#[test]
fn a_call_takes_the_function_and_its_arguments_and_leaves_one() {
    assert_eq!(max_stack([Op::LoadGlobal(0), Op::LoadFast(0), Op::Call(1), Op::Return]), 2);
    let reason = "line 11, in main, instruction 1: `CALL` takes 2 from the stack, which holds 1";
    refused_ops([Op::LoadGlobal(0), Op::Call(1), Op::Return], reason);
}

#[test]
fn a_native_call_takes_its_arguments_alone() {
    assert_eq!(max_stack([Op::CallNative(0, 0), Op::CallNativeReleased(0, 1), Op::Return]), 1);
    let reason =
        "line 10, in main, instruction 0: `CALL_NATIVE_RELEASED` takes 1 from the stack, which holds 0";
    refused_ops([Op::CallNativeReleased(0, 1), Op::Return], reason);
}

#[test]
fn what_lies_below_the_value_that_is_returned_does_no_harm() {
    assert_eq!(max_stack([Op::NewList, Op::NewList, Op::Return]), 2);
}

#[test]
fn a_return_needs_a_value() {
    refused_ops(
        [Op::Return],
        "line 10, in main, instruction 0: `RETURN` takes 1 from the stack, which holds 0",
    );
}

#[test]
fn no_instruction_takes_more_than_there_is() {
    let ops = [Op::NewList, Op::Add, Op::Return];
    refused_ops(ops, "line 11, in main, instruction 1: `ADD` takes 2 from the stack, which holds 1");
    refused_ops([Op::Dup], "line 10, in main, instruction 0: `DUP` takes 1 from the stack, which holds 0");
}

#[test]
fn a_loop_that_leaves_values_behind_is_refused() {
    let reason = "line 10, in main, instruction 0: it is reached with 1 on the stack from 1, and also with 0";
    refused_ops([Op::NewList, Op::JumpBackward(0)], reason);
}

#[test]
fn ways_that_meet_bring_the_same_depth() {
    let ops = [Op::NewList, Op::PopJumpIfFalse(3), Op::NewList, Op::Halt];
    let message = program(ops.to_vec()).verify().unwrap_err().to_string();
    assert!(message.starts_with("line 13, in main, instruction 3: it is reached with "), "{message}");
}

#[test]
fn control_never_runs_off_the_end() {
    let reason = "line 10, in main, instruction 0: the function ends without `RETURN` or `HALT`";
    refused_ops([Op::Resume], reason);
    let reason = "line 12, in main, instruction 2: the function ends without `RETURN` or `HALT`";
    refused_ops([Op::NewList, Op::PopJumpIfFalse(2), Op::Resume], reason);
}

#[test]
fn a_function_has_instructions() {
    refused_ops([], "in main: it has no instructions");
}

#[test]
fn instructions_that_are_never_reached_may_use_the_stack_as_they_like() {
    assert_eq!(max_stack([Op::Halt, Op::Add, Op::Pop]), 0);
}

#[test]
fn instructions_that_are_never_reached_still_have_operands_in_range() {
    refused_ops([Op::Halt, Op::LoadFast(1)], "line 11, in main, instruction 1: local 1 of 1, counted from 0");
}

#[test]
fn operands_are_in_range() {
    let cases = [
        (Op::LoadConst(1), "constant 1 of 1"),
        (Op::StoreFast(7), "local 7 of 1"),
        (Op::LoadGlobal(1), "global 1 of 1"),
        (Op::StoreGlobal(u32::MAX), "global 4294967295 of 1"),
        (Op::JumpFwd(2), "jump to instruction 2 of 2"),
        (Op::PopJumpIfFalse(2), "jump to instruction 2 of 2"),
        (Op::JumpBackward(u32::MAX), "jump to instruction 4294967295 of 2"),
        (Op::CallNative(1, 0), "native function 1 of 1"),
        (Op::CallNativeReleased(1, 0), "native function 1 of 1"),
        (Op::Acquire(1), "lock 1 of 1"),
        (Op::Release(1), "lock 1 of 1"),
    ];
    for (op, reason) in cases {
        refused_ops([op, Op::Halt], &format!("line 10, in main, instruction 0: {reason}, counted from 0"));
    }
}

#[test]
fn jumps_keep_their_direction_and_a_jump_to_itself_goes_backward() {
    refused_ops([Op::JumpFwd(0)], "line 10, in main, instruction 0: a jump forward to 0");
    let reason = "line 11, in main, instruction 1: a jump forward to 0";
    refused_ops([Op::NewList, Op::PopJumpIfFalse(0), Op::Halt], reason);
    refused_ops([Op::JumpBackward(1), Op::Halt], "line 10, in main, instruction 0: a jump backward to 1");
    assert_eq!(max_stack([Op::JumpBackward(0)]), 0);
}

#[test]
fn a_stack_holds_as_much_as_the_limit_and_no_more() {
    let deep = |depth: u32| [vec![Op::NewList; depth as usize], vec![Op::Halt]].concat();
    assert_eq!(max_stack(deep(LIMIT)), LIMIT as usize);
    let reason = "line 10010, in main, instruction 10000: `NEW_LIST` puts more than 10000 on the stack";
    refused_ops(deep(LIMIT + 1), reason);
}

#[test]
fn a_call_has_no_more_arguments_than_a_stack_may_hold() {
    let reason = "line 11, in main, instruction 1: 4294967295 arguments are more than 10000";
    refused_ops([Op::Halt, Op::Call(u32::MAX)], reason);
    refused_ops([Op::Halt, Op::CallNative(0, u32::MAX)], reason);
    assert!(program(vec![Op::Halt, Op::Call(LIMIT + 1)]).verify().is_err());
    assert!(program(vec![Op::Halt, Op::Call(LIMIT)]).verify().is_ok());
}

#[test]
fn constants_name_functions_that_there_are() {
    let mut with_constant = program(vec![Op::Halt]);
    with_constant.functions[0].consts.push(Const::Function(1));
    refused(&with_constant, "in main: function 1 of 1, counted from 0");

    let mut with_global = program(vec![Op::Halt]);
    with_global.globals[0].initial = Const::Function(1);
    refused(&with_global, "global `g`: function 1 of 1, counted from 0");
}

#[test]
fn parameters_are_locals() {
    let mut program = program(vec![Op::Halt]);
    program.functions[0].params = 2;
    refused(&program, "in main: 2 parameters are more than its 1 locals");
}

#[test]
fn locals_are_no_more_than_the_limit() {
    let mut program = program(vec![Op::Halt]);
    program.functions[0].locals = vec!["x".into(); LIMIT as usize + 1];
    refused(&program, "in main: 10001 locals are more than 10000");
}

#[test]
fn each_instruction_has_a_line() {
    let mut program = program(vec![Op::Halt]);
    program.functions[0].lines.clear();
    refused(&program, "in main: 0 line numbers for 1 instructions");
    program.functions[0].lines = vec![10, 11];
    refused(&program, "in main: 2 line numbers for 1 instructions");
}

#[test]
fn every_function_is_verified() {
    let mut program = program(vec![Op::Halt]);
    program.functions.push(Function { name: "second".into(), ..program.functions[0].clone() });
    program.functions[1].ops = vec![Op::Pop];
    refused(&program, "line 10, in second, instruction 0: `POP` takes 1 from the stack, which holds 0");
}

#[test]
fn each_instruction_takes_and_leaves_as_many_as_its_table_says() {
    let none = [Op::Resume, Op::JumpFwd(4), Op::Acquire(0), Op::Release(0)].map(|op| (op, 0, 0));
    let loads = [Op::LoadConst(0), Op::LoadFast(0), Op::LoadGlobal(0), Op::NewList].map(|op| (op, 0, 1));
    let takes = [Op::StoreFast(0), Op::StoreGlobal(0), Op::Pop, Op::PopJumpIfFalse(4), Op::Sleep];
    let takes = takes.map(|op| (op, 1, 0));
    let joins = [Op::Add, Op::Sub, Op::Mul, Op::Lt, Op::Eq, Op::ListAppend].map(|op| (op, 2, 1));
    let calls = [(Op::Call(2), 3, 1), (Op::CallNative(0, 2), 2, 1), (Op::CallNativeReleased(0, 3), 3, 1)];
    let others = [(Op::Dup, 1, 2), (Op::ListLen, 1, 1)];
    for (op, takes, leaves) in [&none[..], &loads, &takes, &joins, &calls, &others].concat() {
        // Three instructions before it, so that a jump to 4 is to the next one.
        let passes = |before: usize, after: usize| {
            let resumes = vec![Op::Resume; 3 - before];
            let ops =
                [resumes, vec![Op::NewList; before], vec![op], vec![Op::Pop; after], vec![Op::Halt]].concat();
            program(ops).verify().is_ok()
        };
        assert!(passes(takes, leaves), "{op:?} leaves {leaves}");
        assert!(!passes(takes, leaves + 1), "{op:?} leaves no more than {leaves}");
        assert!(takes == 0 || !passes(takes - 1, 0), "{op:?} takes {takes}");
    }
}

/// The instructions that small functions are made of: each way to change the stack, and each way to go on.
fn small_ops(len: u32) -> Vec<Op> {
    let mut ops = vec![Op::Resume, Op::LoadConst(0), Op::Pop, Op::Dup, Op::Add, Op::Return, Op::Halt];
    let jumps = (0..len).flat_map(|to| [Op::JumpFwd(to), Op::JumpBackward(to), Op::PopJumpIfFalse(to)]);
    ops.extend(jumps);
    ops
}

/// Runs the function every way it could run, and says whether all goes well: the verifier's rules, taken literally.
fn runs_well(ops: &[Op]) -> bool {
    let keeps_direction = |(at, &op): (usize, &Op)| match op {
        Op::JumpFwd(to) | Op::PopJumpIfFalse(to) => to as usize > at,
        Op::JumpBackward(to) => to as usize <= at,
        _ => true,
    };
    let mut states = BTreeSet::new();
    let mut unvisited = vec![(0, 0)];
    while let Some((at, depth)) = unvisited.pop() {
        let Some(&op) = ops.get(at) else { return false };
        if states.iter().any(|&(other, known)| other == at && known != depth) {
            return false;
        }
        if !states.insert((at, depth)) {
            continue;
        }
        let next = |ways: &[(usize, i32)]| ways.to_vec();
        let ways = match op {
            Op::LoadConst(_) => next(&[(at + 1, depth + 1)]),
            Op::Pop if depth >= 1 => next(&[(at + 1, depth - 1)]),
            Op::Dup if depth >= 1 => next(&[(at + 1, depth + 1)]),
            Op::Add if depth >= 2 => next(&[(at + 1, depth - 1)]),
            Op::Return if depth >= 1 => next(&[]),
            Op::PopJumpIfFalse(to) if depth >= 1 => next(&[(at + 1, depth - 1), (to as usize, depth - 1)]),
            Op::Resume => next(&[(at + 1, depth)]),
            Op::JumpFwd(to) | Op::JumpBackward(to) => next(&[(to as usize, depth)]),
            Op::Halt => next(&[]),
            _ => return false,
        };
        unvisited.extend(ways);
    }
    ops.iter().enumerate().all(keeps_direction)
}

#[test]
#[cfg_attr(miri, ignore = "it tries more functions than Miri has time for")]
fn a_small_function_passes_exactly_if_it_runs_well_every_way() {
    let ops = small_ops(4);
    let mut passed = 0;
    let mut program = program(vec![Op::Halt; 4]);
    for number in 0..ops.len().pow(4) {
        let digits = [0, 1, 2, 3].map(|place| number / ops.len().pow(place) % ops.len());
        program.functions[0].ops = digits.map(|digit| ops[digit]).to_vec();
        let is_passed = program.verify().is_ok();
        assert_eq!(is_passed, runs_well(&program.functions[0].ops), "{:?}", program.functions[0].ops);
        passed += u32::from(is_passed);
    }
    assert!(passed > 1000, "{passed} functions say nothing of what passes");
}

/// Any operand, though mostly one that may be in range.
fn operand() -> impl Strategy<Value = u32> {
    prop_oneof![9 => 0..6_u32, 1 => any::<u32>()]
}

fn any_op() -> impl Strategy<Value = Op> {
    (0..27_u8, operand(), operand()).prop_map(|(which, at, count)| match which {
        0 => Op::Resume,
        1 => Op::LoadConst(at),
        2 => Op::LoadFast(at),
        3 => Op::StoreFast(at),
        4 => Op::LoadGlobal(at),
        5 => Op::StoreGlobal(at),
        6 => Op::Dup,
        7 => Op::Pop,
        8 => Op::Add,
        9 => Op::Sub,
        10 => Op::Mul,
        11 => Op::Lt,
        12 => Op::Eq,
        13 => Op::JumpFwd(at),
        14 => Op::PopJumpIfFalse(at),
        15 => Op::JumpBackward(at),
        16 => Op::Call(count),
        17 => Op::Return,
        18 => Op::NewList,
        19 => Op::ListAppend,
        20 => Op::ListLen,
        21 => Op::CallNative(at, count),
        22 => Op::CallNativeReleased(at, count),
        23 => Op::Acquire(at),
        24 => Op::Release(at),
        25 => Op::Sleep,
        _ => Op::Halt,
    })
}

fn any_const() -> impl Strategy<Value = Const> {
    prop_oneof![Just(Const::None), any::<f64>().prop_map(Const::Float), operand().prop_map(Const::Function)]
}

prop_compose! {
    /// Any function at all. Its lines fit its instructions, or are any number.
    fn any_function()(
        params in operand(),
        locals in 0..6_usize,
        consts in vec(any_const(), 0..6),
        ops in vec(any_op(), 0..12),
        lines in option::weighted(0.1, 0..12_usize),
    ) -> Function {
        let lines = vec![1; lines.unwrap_or(ops.len())];
        Function { name: "f".into(), params, locals: vec!["x".into(); locals], consts, ops, lines }
    }
}

prop_compose! {
    fn any_program()(
        functions in vec(any_function(), 0..4),
        initials in vec(any_const(), 0..6),
        locks in 0..6_usize,
        natives in 0..6_usize,
    ) -> Program {
        let globals = initials.into_iter().map(|initial| Global { name: "g".into(), initial }).collect();
        Program { functions, globals, locks: vec!["l".into(); locks], natives: vec!["n".into(); natives] }
    }
}

proptest! {
    #[test]
    fn any_program_passes_or_is_refused(program in any_program()) {
        match program.verify() {
            Ok(verified) => prop_assert_eq!(verified.program(), &program),
            Err(error) => prop_assert!(!error.reason.is_empty()),
        }
        let _ = (program.to_string(), program.dis(step7::CheckAt::default()));
    }
}
