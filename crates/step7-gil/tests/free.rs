//! The machine without the lock: its programs do as they do with it, its threads run at once, and nothing leaks.
#![allow(clippy::unwrap_used, reason = "a test may")]

mod programs;

use std::sync::{Arc, Barrier};

use programs::{COUNT, main_of};
use step7::{Data, Free, Machine, MachineBuilder, Program};

type Threads = Free;

fn builder(text: &str) -> MachineBuilder<Free> {
    let program: Program = text.parse().unwrap();
    Machine::builder(program.verify().unwrap()).free()
}

/// Returns whether no thread is left in there. Nothing could keep the others out.
fn is_idle(_machine: &Machine<Free>) -> bool {
    true
}

#[test]
fn threads_are_in_native_code_at_once_whether_or_not_it_lets_go() {
    for instruction in ["CALL_NATIVE", "CALL_NATIVE_RELEASED"] {
        let both_are_here = Arc::new(Barrier::new(2));
        let machine = builder(&main_of(&format!("{instruction} meet 0; RETURN")))
            .native("meet", move |_| {
                both_are_here.wait();
                Ok(Data::None)
            })
            .build()
            .unwrap();
        let threads = [(); 2].map(|()| machine.start("main", &[Data::None]).unwrap());
        assert_eq!(threads.map(|thread| thread.join()), [Ok(Data::None), Ok(Data::None)]);
    }
}

#[test]
fn a_user_of_the_machine_may_come_again_from_another_thread() {
    let machine = builder(COUNT).build().unwrap();
    let inner = machine.clone();
    std::thread::spawn(move || inner.run("unlocked", &[Data::Int(3)]).unwrap()).join().unwrap();
    assert_eq!(machine.run("total", &[]), Ok(Data::Int(3)));
}
