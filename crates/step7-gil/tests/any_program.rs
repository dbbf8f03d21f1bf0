//! Programs of any instructions in any order: whatever the verifier lets pass, runs to its end or to a fault.
#![allow(clippy::unwrap_used, reason = "a test may")]

use std::sync::mpsc::channel;
use std::time::Duration;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use step7::{
    CheckAt, Const, Data, Function, Gil, Global, Machine, MachineBuilder, Op, Policy, Program, Threading,
};

const FUNCTIONS: u32 = 3;

/// A piece of a function: an instruction, or others that are run or not, or again and again.
#[derive(Clone, Debug)]
enum Piece {
    Op(Op),
    If(Vec<Piece>),
    Loop(Vec<Piece>),
}

/// Writes pieces as instructions whose stack fits: what is missing is pushed before, and what is left popped after.
struct Writer {
    ops: Vec<Op>,
    depth: u32,
}

impl Writer {
    fn op(&mut self, op: Op) {
        let (takes, leaves) = effect(op);
        self.fill(takes);
        self.ops.push(op);
        self.depth = self.depth - takes + leaves;
    }

    /// Pushes until there are so many values on the stack.
    fn fill(&mut self, depth: u32) {
        while self.depth < depth {
            self.ops.push(Op::LoadConst(self.depth % CONSTS));
            self.depth += 1;
        }
    }

    /// Writes pieces, and brings the depth back to what it was.
    fn block(&mut self, pieces: &[Piece]) {
        let depth = self.depth;
        pieces.iter().for_each(|piece| self.piece(piece));
        self.fill(depth);
        while self.depth > depth {
            self.op(Op::Pop);
        }
    }

    fn piece(&mut self, piece: &Piece) {
        match piece {
            Piece::Op(op) => self.op(*op),
            Piece::If(pieces) => {
                let jump = self.jump();
                self.block(pieces);
                self.ops[jump] = Op::PopJumpIfFalse(self.ops.len() as u32);
            }
            Piece::Loop(pieces) => {
                let begin = self.ops.len() as u32;
                self.block(pieces);
                let jump = self.jump();
                self.ops.push(Op::JumpBackward(begin));
                self.ops[jump] = Op::PopJumpIfFalse(self.ops.len() as u32);
            }
        }
    }

    /// Leaves room for a jump, which takes a value of its own.
    fn jump(&mut self) -> usize {
        self.ops.push(Op::LoadFast(0));
        self.ops.push(Op::Halt);
        self.ops.len() - 1
    }
}

/// Says how many values an instruction takes from the stack, and how many it leaves there.
fn effect(op: Op) -> (u32, u32) {
    match op {
        Op::Resume | Op::Release(_) => (0, 0),
        Op::LoadConst(_) | Op::LoadFast(_) | Op::LoadGlobal(_) | Op::NewList => (0, 1),
        Op::StoreFast(_) | Op::StoreGlobal(_) | Op::Pop => (1, 0),
        Op::Dup => (1, 2),
        Op::Add | Op::Sub | Op::Mul | Op::Lt | Op::Eq | Op::ListAppend => (2, 1),
        Op::ListLen => (1, 1),
        Op::Call(count) => (count + 1, 1),
        Op::CallNative(_, count) | Op::CallNativeReleased(_, count) => (count, 1),
        _ => unreachable!("{op:?} is not among those that are drawn"),
    }
}

const CONSTS: u32 = 7;

/// Constants of every kind; or of those alone that do not grow.
fn consts(with_objects: bool) -> Vec<Const> {
    let (text, other) = match with_objects {
        true => (Const::Str("text".into()), Const::Function(2)),
        false => (Const::None, Const::Bool(true)),
    };
    let consts = [Const::Int(3), Const::Function(0), Const::Function(1), text, other];
    Vec::from_iter(consts.into_iter().chain([Const::Float(0.5), Const::Int(i64::MAX)]))
}

/// Draws an instruction, with operands in range; one that makes, grows or copies objects only if so wished.
fn op(with_objects: bool) -> impl Strategy<Value = Op> {
    let plain = [Op::Resume, Op::Dup, Op::Pop, Op::Add, Op::Sub, Op::Mul, Op::Lt, Op::Eq];
    let objects = [Op::NewList, Op::ListAppend, Op::ListLen, Op::Release(0)];
    let plain = if with_objects { [&plain[..], &objects].concat() } else { plain.to_vec() };
    let calls = (0..3_u32).prop_flat_map(|count| {
        select(vec![Op::Call(count), Op::CallNative(0, count), Op::CallNativeReleased(0, count)])
    });
    prop_oneof![
        4 => select(plain),
        3 => (0..CONSTS).prop_map(Op::LoadConst),
        2 => (0..2_u32).prop_flat_map(|local| select(vec![Op::LoadFast(local), Op::StoreFast(local)])),
        2 => (0..2_u32).prop_flat_map(|global| select(vec![Op::LoadGlobal(global), Op::StoreGlobal(global)])),
        1 => calls,
    ]
}

fn pieces(with_loops: bool) -> impl Strategy<Value = Vec<Piece>> {
    let leaf = op(!with_loops).prop_map(Piece::Op);
    let piece = leaf.prop_recursive(2, 8, 4, move |inner| {
        let inner = vec(inner, 0..4);
        let round = inner.clone().prop_map(if with_loops { Piece::Loop } else { Piece::If });
        prop_oneof![inner.prop_map(Piece::If), round]
    });
    vec(piece, 0..10)
}

/// Programs of three functions, each with one parameter. With loops, they have no objects: lists that are doubled in each
/// round would fill the memory before anybody could stop them.
fn programs(with_loops: bool) -> impl Strategy<Value = Program> {
    vec(pieces(with_loops), FUNCTIONS as usize).prop_map(move |functions| {
        let function = |(pieces, name): (Vec<Piece>, &str)| {
            let mut writer = Writer { ops: vec![Op::Resume], depth: 0 };
            pieces.iter().for_each(|piece| writer.piece(piece));
            writer.fill(1);
            writer.ops.push(Op::Return);
            let (ops, locals) = (writer.ops, ["x", "y"].map(Into::into).to_vec());
            let lines = (1..).take(ops.len()).collect();
            Function { name: name.into(), params: 1, locals, consts: consts(!with_loops), ops, lines }
        };
        let functions = functions.into_iter().zip(["main", "second", "third"]).map(function).collect();
        let globals = [("f", Const::Function(1)), ("g", Const::Int(1))];
        let globals = globals.map(|(name, initial)| Global { name: name.into(), initial }).to_vec();
        Program { functions, globals, locks: vec!["l".into()], natives: vec!["n".into()] }
    })
}

fn check_at() -> impl Strategy<Value = CheckAt> {
    select(vec![CheckAt::BackEdgesAndCalls, CheckAt::EveryInstruction, CheckAt::Never])
}

fn policy() -> impl Strategy<Value = Policy> {
    select(vec![Policy::Interval, Policy::Ticks(1), Policy::Ticks(3)])
}

/// Makes a machine whose native function returns its last argument, and refuses to be called without one.
fn machine<T: Threading>(builder: MachineBuilder<T>, check_at: CheckAt) -> Machine<T> {
    let last = |args: &[Data]| args.last().cloned().ok_or_else(|| "nothing to return".to_owned());
    builder.check_at(check_at).recursion_limit(3).native("n", last).build().unwrap()
}

fn builder(program: &Program) -> MachineBuilder {
    Machine::builder(program.verify().unwrap())
}

fn lock(policy: Policy) -> Gil {
    Gil::builder().interval(Duration::from_micros(50)).policy(policy).build()
}

proptest! {
    #[test]
    fn a_program_without_loops_ends_or_faults(
        program in programs(false),
        check_at in check_at(),
        policy in policy(),
    ) {
        let machine = machine(builder(&program).gil(&lock(policy)), check_at);
        for _ in 0..2 {
            if let Err(fault) = machine.run("main", &[Data::from("x")]) {
                let function = program.functions.iter().find(|function| function.name == fault.function);
                let is_of_result = function.is_none() && &*fault.function == "the end";
                let is_there = function.is_some_and(|f| (fault.instruction as usize) < f.ops.len());
                prop_assert!(is_of_result || is_there, "{}", fault);
            }
        }
        prop_assert!(!machine.gil().is_taken());
    }

    #[test]
    fn a_program_without_loops_does_the_same_wherever_its_thread_lets_go(program in programs(false)) {
        let run = |check_at, policy| {
            let machine = machine(builder(&program).gil(&lock(policy)), check_at);
            format!("{:?}", machine.run("main", &[Data::Int(1)])) // Unlike `==`, this finds NaN in its place.
        };
        let undisturbed = run(CheckAt::Never, Policy::Interval);
        prop_assert_eq!(&run(CheckAt::EveryInstruction, Policy::Ticks(1)), &undisturbed);
        prop_assert_eq!(&run(CheckAt::BackEdgesAndCalls, Policy::Ticks(1)), &undisturbed);
        let free = machine(builder(&program).free(), CheckAt::BackEdgesAndCalls);
        prop_assert_eq!(&format!("{:?}", free.run("main", &[Data::Int(1)])), &undisturbed);
    }

    #[test]
    fn threads_of_one_program_without_loops_all_end(
        program in programs(false),
        check_at in check_at(),
        policy in policy(),
    ) {
        let machine = machine(builder(&program).gil(&lock(policy)), check_at);
        let threads = ["main", "second", "third"].map(|name| machine.start(name, &[Data::Int(1)]).unwrap());
        threads.into_iter().for_each(|thread| drop(thread.join()));
        prop_assert!(!machine.gil().is_taken());
        let free = self::machine(builder(&program).free(), check_at);
        let threads = ["main", "second", "third"].map(|name| free.start(name, &[Data::Int(1)]).unwrap());
        threads.into_iter().for_each(|thread| drop(thread.join()));
    }

    #[test]
    fn a_program_with_loops_ends_or_is_stopped(program in programs(true), policy in policy()) {
        let machine = machine(builder(&program).gil(&lock(policy)), CheckAt::BackEdgesAndCalls);
        let (ended, ends) = channel();
        for name in ["main", "second"] {
            let (machine, ended) = (machine.clone(), ended.clone());
            std::thread::spawn(move || ended.send(machine.run(name, &[Data::Bool(true)])));
        }
        drop(ended);
        let soon = ends.recv_timeout(Duration::from_millis(2)).is_ok();
        machine.stop();
        for _ in usize::from(soon)..2 {
            prop_assert!(ends.recv_timeout(Duration::from_secs(60)).is_ok(), "it runs on, or has panicked");
        }
    }
}
