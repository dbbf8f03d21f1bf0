//! Any instructions: what the verifier lets pass runs to its end or to a fault, with a lock, without one, and in every order.
//!
//! So that each program ends, a native function stands before every jump backward and every addition, and fails when it has
//! been called often enough.
#![no_main]

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use libfuzzer_sys::arbitrary::{Arbitrary, Result, Unstructured};
use libfuzzer_sys::fuzz_target;
use step7::{CheckAt, Const, Data, Function, Global, Machine, Op, Program, Schedules};

/// How often a program may add or jump back.
const TICKS: u32 = 20;

#[derive(Debug)]
struct Any(Program);

impl<'a> Arbitrary<'a> for Any {
    fn arbitrary(bytes: &mut Unstructured<'a>) -> Result<Self> {
        let names = ["f", "g", "h"];
        let functions = bytes.int_in_range(1..=names.len())?;
        let function = |name: &&str| function(name, functions as u32, bytes);
        let functions = names[..functions].iter().map(function).collect::<Result<_>>()?;
        let globals = [("a", Const::Function(0)), ("b", Const::Int(1))];
        let globals = globals.map(|(name, initial)| Global { name: name.into(), initial }).to_vec();
        Ok(Self(Program {
            functions,
            globals,
            locks: vec!["l".into()],
            natives: ["tick", "n"].map(Into::into).to_vec(),
        }))
    }
}

fn function(name: &str, functions: u32, bytes: &mut Unstructured<'_>) -> Result<Function> {
    let last = Const::Function(functions - 1);
    let consts = [
        Const::Int(3),
        last,
        Const::Str("é".into()),
        Const::None,
        Const::Float(0.0),
        Const::Int(i64::MAX),
        Const::Bool(true),
    ];
    let mut ops = Vec::new();
    let mut guarded = Vec::new();
    let mut depth = 0_i64;
    for _ in 0..bytes.int_in_range(0..=40)? {
        let [which, operand] = bytes.arbitrary::<[u8; 2]>()?;
        let (at, operand) = (ops.len() as u32, u32::from(operand));
        let (op, takes, leaves) = match which % 28 {
            0 => (Op::Resume, 0, 0),
            1 => (Op::LoadConst(operand % 7), 0, 1),
            2 => (Op::LoadFast(operand % 2), 0, 1),
            3 => (Op::StoreFast(operand % 2), 1, 0),
            4 => (Op::LoadGlobal(operand % 2), 0, 1),
            5 => (Op::StoreGlobal(operand % 2), 1, 0),
            6 => (Op::Dup, 1, 2),
            7 => (Op::Pop, 1, 0),
            8 => (Op::Add, 2, 1),
            9 => (Op::Sub, 2, 1),
            10 => (Op::Mul, 2, 1),
            11 => (Op::Lt, 2, 1),
            12 => (Op::Eq, 2, 1),
            13 => (Op::JumpFwd(at + 1 + operand % 8), 0, 0),
            14 => (Op::PopJumpIfFalse(at + 1 + operand % 8), 1, 0),
            15 => (Op::JumpBackward(operand.min(at)), 0, 0),
            16 => (Op::Call(operand % 3), i64::from(operand % 3) + 1, 1),
            17 => (Op::Return, 1, 0),
            18 => (Op::NewList, 0, 1),
            19 => (Op::ListAppend, 2, 1),
            20 => (Op::ListLen, 1, 1),
            21 => (Op::CallNative(1, operand % 3), i64::from(operand % 3), 1),
            22 => (Op::CallNativeReleased(1, operand % 3), i64::from(operand % 3), 1),
            23 => (Op::Acquire(0), 0, 0),
            24 => (Op::Release(0), 0, 0),
            25 => (Op::Sleep, 1, 0),
            26 => (Op::Halt, 0, 0),
            // Operands that no table has.
            _ => (Op::LoadGlobal(operand << 24), 0, 1),
        };
        // What is missing is pushed before, or few programs would pass.
        while depth < takes {
            ops.push(Op::LoadConst(depth as u32 % 7));
            depth += 1;
        }
        if matches!(op, Op::JumpBackward(_) | Op::Add) {
            guarded.push(ops.len() as u32);
            ops.extend([Op::CallNative(0, 0), Op::Pop]);
        }
        ops.push(op);
        depth += leaves - takes;
    }
    ops.extend([Op::LoadConst(0), Op::Return]);
    // The jumps went to where there was a place before the others were put in. None may pass by a call.
    for op in &mut ops {
        if let Op::JumpFwd(to) | Op::PopJumpIfFalse(to) | Op::JumpBackward(to) = op
            && let Some(call) = guarded.iter().find(|&&call| (call + 1..call + 3).contains(to))
        {
            *to = *call;
        }
    }
    let lines = vec![1; ops.len()];
    Ok(Function {
        name: name.into(),
        params: 1,
        locals: ["x", "y"].map(Into::into).to_vec(),
        consts: consts.to_vec(),
        ops,
        lines,
    })
}

fn last(args: &[Data]) -> std::result::Result<Data, String> {
    args.last().cloned().ok_or_else(|| "nothing to return".to_owned())
}

fn has(program: &Program, is: fn(&Op) -> bool) -> bool {
    program.functions.iter().any(|function| function.ops.iter().any(is))
}

fuzz_target!(|any: Any| {
    let program = any.0;
    let Ok(verified) = program.verify() else { return };
    // Only the enumerator sees that a thread waits for ever, and passes over the time that one sleeps.
    if !has(&program, |op| matches!(op, Op::Acquire(_) | Op::Sleep)) {
        let run = |check_at| {
            let ticks = AtomicU32::new(0);
            let tick = move |_: &[Data]| {
                if ticks.fetch_add(1, Relaxed) < TICKS { Ok(Data::None) } else { Err("enough".to_owned()) }
            };
            let builder = Machine::builder(verified.clone()).check_at(check_at).recursion_limit(3);
            builder.native("tick", tick).native("n", last)
        };
        let locked = run(CheckAt::EveryInstruction).build().expect("all natives are given");
        let outcome = format!("{:?}", locked.run("f", &[Data::Int(1)]));
        assert!(!locked.gil().is_taken());
        let free = run(CheckAt::BackEdgesAndCalls).free().build().expect("all natives are given");
        assert_eq!(format!("{:?}", free.run("f", &[Data::Int(1)])), outcome);
    }
    // Nothing may grow there, as nobody counts.
    if !has(&program, |op| matches!(op, Op::Add)) {
        let schedules =
            Schedules::of(&verified).recursion_limit(3).limit(30).check_at(CheckAt::EveryInstruction);
        let schedules = schedules.native("tick", |_| Ok(Data::None)).native("n", last);
        drop(schedules.thread("f", &[Data::Int(1)]).thread("f", &[Data::None]).run());
    }
});
