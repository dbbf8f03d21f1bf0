//! An enumerator that shares no code with the crate's, and has no ideas: it copies everything at each choice, tries each choice
//! after each instruction, and merges nothing. For small programs only, and for the instructions that they have.

use std::collections::BTreeSet;

use step7::{CheckAt, Const, Op, Program};

/// All that may come of a program, and how many schedules there are.
pub(crate) fn enumerate(
    program: &Program,
    check_at: CheckAt,
    threads: &[&str],
) -> (BTreeSet<super::Seen>, u128) {
    let initial = program.globals.iter().map(|global| value(&global.initial)).collect();
    let thread = |name: &&str| Thread {
        frames: vec![(function(program, name), 0)],
        stack: Vec::new(),
        status: Status::Ready,
    };
    let state = State {
        globals: initial,
        threads: threads.iter().map(thread).collect(),
        taken: vec![false; program.locks.len()],
        holder: None,
    };
    let mut all = All { program, check_at, outcomes: BTreeSet::new(), schedules: 0 };
    all.follow(&state);
    (all.outcomes, all.schedules)
}

#[derive(Clone, Copy)]
enum Value {
    None,
    Int(i64),
    Function(u32),
}

fn value(constant: &Const) -> Value {
    match constant {
        Const::None => Value::None,
        Const::Int(int) => Value::Int(*int),
        Const::Function(at) => Value::Function(*at),
        other => unreachable!("{other:?} is in no statement"),
    }
}

fn show(value: &Value) -> String {
    match value {
        Value::None => "None".to_owned(),
        Value::Int(int) => int.to_string(),
        Value::Function(at) => format!("<function {at}>"),
    }
}

fn function(program: &Program, name: &str) -> usize {
    program.functions.iter().position(|function| &*function.name == name).unwrap()
}

#[derive(Clone)]
struct State {
    globals: Vec<Value>,
    threads: Vec<Thread>,
    taken: Vec<bool>,
    /// Who holds the GIL.
    holder: Option<usize>,
}

#[derive(Clone)]
struct Thread {
    frames: Vec<(usize, usize)>,
    stack: Vec<Value>,
    status: Status,
}

#[derive(Clone, PartialEq)]
enum Status {
    Ready,
    Waits(usize),
    Over(String),
}

struct All<'a> {
    program: &'a Program,
    check_at: CheckAt,
    outcomes: BTreeSet<super::Seen>,
    schedules: u128,
}

impl All<'_> {
    fn follow(&mut self, state: &State) {
        let mut is_end = true;
        for (at, thread) in state.threads.iter().enumerate() {
            let mut next = state.clone();
            match thread.status {
                Status::Waits(lock) if !state.taken[lock] => {
                    next.taken[lock] = true;
                    next.threads[at].status = Status::Ready;
                }
                Status::Ready if state.holder.is_none_or(|holder| holder == at) => {
                    next.holder = Some(at);
                    if !self.execute(&mut next, at) {
                        next.holder = None;
                    }
                }
                _ => continue,
            }
            is_end = false;
            self.follow(&next);
        }
        if is_end {
            self.schedules += 1;
            let end = |thread: &Thread| match &thread.status {
                Status::Over(end) => end.clone(),
                Status::Waits(lock) => format!("waits for {}", self.program.locks[*lock]),
                Status::Ready => unreachable!("it could have gone on"),
            };
            self.outcomes
                .insert((state.globals.iter().map(show).collect(), state.threads.iter().map(end).collect()));
        }
    }

    /// Executes one instruction, and returns whether the thread keeps the GIL.
    fn execute(&self, state: &mut State, at: usize) -> bool {
        let thread = &mut state.threads[at];
        let (function, number) = *thread.frames.last().unwrap();
        thread.frames.last_mut().unwrap().1 += 1;
        let code = &self.program.functions[function];
        let keeps = self.check_at != CheckAt::EveryInstruction;
        let keeps_after_call = self.check_at == CheckAt::Never;
        match code.ops[number] {
            Op::Resume => return keeps_after_call,
            Op::LoadConst(constant) => thread.stack.push(value(&code.consts[constant as usize])),
            Op::LoadGlobal(global) => thread.stack.push(state.globals[global as usize]),
            Op::StoreGlobal(global) => state.globals[global as usize] = thread.stack.pop().unwrap(),
            Op::Add => {
                let (Some(Value::Int(right)), Some(Value::Int(left))) =
                    (thread.stack.pop(), thread.stack.pop())
                else {
                    unreachable!("all of them are integers")
                };
                thread.stack.push(Value::Int(left + right));
            }
            Op::PopJumpIfFalse(target) => {
                if matches!(thread.stack.pop(), Some(Value::Int(0) | Value::None)) {
                    thread.frames.last_mut().unwrap().1 = target as usize;
                }
            }
            Op::Call(0) => {
                let Some(Value::Function(callee)) = thread.stack.pop() else { unreachable!("it is `f`") };
                thread.frames.push((callee as usize, 0));
            }
            Op::Return => {
                thread.frames.pop();
                if thread.frames.is_empty() {
                    thread.status = Status::Over(show(&thread.stack.pop().unwrap()));
                    return false;
                }
                return keeps_after_call;
            }
            Op::CallNative(0, 0) => {
                thread.stack.push(Value::Int(5));
                return keeps_after_call;
            }
            Op::CallNativeReleased(0, 0) => {
                thread.stack.push(Value::Int(5));
                return false;
            }
            Op::Sleep => {
                thread.stack.pop();
                return false;
            }
            // After these the machine does not look at its breaker, wherever else it does.
            Op::Acquire(lock) => {
                if state.taken[lock as usize] {
                    thread.status = Status::Waits(lock as usize);
                    return false;
                }
                state.taken[lock as usize] = true;
                return true;
            }
            Op::Release(lock) => {
                if !state.taken[lock as usize] {
                    thread.status = Status::Over("this lock is not held".to_owned());
                    return false;
                }
                state.taken[lock as usize] = false;
                return true;
            }
            Op::Halt => {
                thread.status = Status::Over("None".to_owned());
                return false;
            }
            op => unreachable!("{op:?} is in no statement"),
        }
        keeps
    }
}
