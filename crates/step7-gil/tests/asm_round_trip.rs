//! The text form of programs, with any program and any text: it comes back as it was written, and nothing panics.

use std::sync::Arc;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use step7::{Const, Function, Global, Op, Program};

/// Shows the program without its source lines.
fn without_lines(mut program: Program) -> String {
    program.functions.iter_mut().for_each(|function| function.lines.clear());
    format!("{program:?}") // Unlike `==`, this tells -0.0 from 0.0, and finds NaN in its place.
}

/// A constant; of a function, if there are any.
fn consts(functions: usize) -> impl Strategy<Value = Const> {
    prop_oneof![
        Just(Const::None),
        any::<bool>().prop_map(Const::Bool),
        any::<i64>().prop_map(Const::Int),
        proptest::num::f64::ANY.prop_map(Const::Float),
        vec(any::<char>(), 0..5).prop_map(|text| Const::Str(text.into_iter().collect::<String>().into())),
        (0..functions as u32).prop_map(Const::Function),
    ]
}

const NAMES: [&str; 8] = ["x", "end", "func", "a.b", "_1", "größe", "LOAD_FAST", "L0"];

fn names(len: usize) -> Vec<Arc<str>> {
    NAMES[..len].iter().map(|&name| name.into()).collect()
}

/// What an instruction is made of: which one it is, its operands, and its constant.
type Seed = (u8, Index, u32, Const);

/// Makes the instruction, which is number `at` of `len`; if its table is empty, then another one.
fn op(
    (which, operand, count, constant): Seed,
    at: usize,
    len: usize,
    function: &mut Function,
    tables: [usize; 3],
) -> Op {
    let [globals, locks, natives] = tables;
    let index = |len: usize| (len > 0).then(|| operand.index(len) as u32);
    let later = index(len - at - 1).map(|ahead| at as u32 + 1 + ahead);
    let op = match which {
        0 => {
            let text = format!("{constant:?}");
            let found = function.consts.iter().position(|known| format!("{known:?}") == text);
            let index = found.unwrap_or(function.consts.len());
            if found.is_none() {
                function.consts.push(constant);
            }
            Some(Op::LoadConst(index as u32))
        }
        1 => index(function.locals.len()).map(Op::LoadFast),
        2 => index(function.locals.len()).map(Op::StoreFast),
        3 => index(globals).map(Op::LoadGlobal),
        4 => index(globals).map(Op::StoreGlobal),
        5 => later.map(Op::JumpFwd),
        6 => later.map(Op::PopJumpIfFalse),
        7 => index(at + 1).map(Op::JumpBackward),
        8 => Some(Op::Call(count)),
        9 => index(natives).map(|native| Op::CallNative(native, count)),
        10 => index(natives).map(|native| Op::CallNativeReleased(native, count)),
        11 => index(locks).map(Op::Acquire),
        12 => index(locks).map(Op::Release),
        _ => None,
    };
    let plain = [Op::Resume, Op::Dup, Op::Pop, Op::Add, Op::Sub, Op::Mul, Op::Lt, Op::Eq];
    let more = [Op::Return, Op::NewList, Op::ListAppend, Op::ListLen, Op::Sleep, Op::Halt];
    op.unwrap_or_else(|| *operand.get(&[&plain[..], &more[..]].concat()))
}

/// Programs whose constants stand in the order of their first use, as the assembler leaves them.
fn programs() -> impl Strategy<Value = Program> {
    (1..4_usize, [0..4_usize, 0..4, 0..4]).prop_flat_map(|(functions, tables)| {
        let seed = (0..16_u8, any::<Index>(), any::<u32>(), consts(functions));
        let function = (0..4_usize, 0..4_usize, vec(seed, 0..20));
        let initials = vec(consts(functions), tables[0]);
        (vec(function, functions), initials).prop_map(move |(functions, initials)| {
            let functions = functions.into_iter().zip(names(8)).map(|((params, others, seeds), name)| {
                let (len, locals) = (seeds.len(), names(params + others));
                let (consts, ops, lines) = Default::default();
                let mut function = Function { name, params: params as u32, locals, consts, ops, lines };
                for (at, seed) in seeds.into_iter().enumerate() {
                    let op = op(seed, at, len, &mut function, tables);
                    function.ops.push(op);
                }
                function
            });
            let globals = names(8).into_iter().zip(initials).map(|(name, initial)| Global { name, initial });
            let (functions, globals) = (functions.collect(), globals.collect());
            Program { functions, globals, locks: names(tables[1]), natives: names(tables[2]) }
        })
    })
}

/// Lines of words that mean something, in no order.
fn soup() -> impl Strategy<Value = String> {
    let words = "func end global lock native locals f g ( ) , = : None 1 -2 1.5 \"t\" \" # \\ \n \n \n \n";
    let lines = "RESUME|LOAD_CONST 1|LOAD_FAST g|LOAD_GLOBAL f|JUMP_FWD g|JUMP_BACKWARD g|CALL 1|CALL_NATIVE f 1|HALT";
    let more = "func f(g)|func g()|g:|end|end|lock f|global g = 1|ACQUIRE f|STORE_GLOBAL g";
    let words = words.split(' ').map(str::to_owned);
    let lines = lines.split('|').chain(more.split('|')).map(|line| format!("\n{line}\n"));
    vec(select(words.chain(lines).collect::<Vec<_>>()), 0..40).prop_map(|words| words.join(" "))
}

proptest! {
    #[test]
    fn what_was_written_is_read_back_as_the_same_program(program in programs()) {
        let read = program.to_string().parse::<Program>();
        prop_assert_eq!(read.map(without_lines), Ok(without_lines(program)));
    }

    #[test]
    fn what_was_assembled_is_written_as_text_that_says_the_same(text in soup()) {
        if let Ok(program) = text.parse::<Program>() {
            let read = program.to_string().parse::<Program>();
            prop_assert_eq!(read.map(without_lines), Ok(without_lines(program)));
        }
    }

    #[test]
    fn any_text_is_assembled_or_refused(text in vec(any::<char>(), 0..200)) {
        let _ = text.into_iter().collect::<String>().parse::<Program>();
    }

    #[test]
    fn a_program_with_a_few_characters_changed_is_assembled_or_refused(
        program in programs(),
        changes in vec((any::<Index>(), any::<char>()), 1..4),
    ) {
        let mut text: Vec<char> = program.to_string().chars().collect();
        for (place, char) in changes {
            *place.get_mut(&mut text) = char;
        }
        let text: String = text.into_iter().collect();
        if let Err(error) = text.parse::<Program>() {
            prop_assert!(error.line >= 1 && error.line as usize <= text.lines().count(), "{}", error);
        }
    }
}
