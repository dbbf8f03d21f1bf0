//! The machine with a lock: what its programs do, when its threads run, and where switches may fall.
#![allow(clippy::unwrap_used, reason = "a test may")]

mod programs;

use std::sync::Mutex;
use std::sync::mpsc::channel;
use std::time::Duration;

use programs::{COUNT, main_of};
use step7::{CheckAt, DROP_REQUEST, Data, Gil, Machine, MachineBuilder, Policy, Program};

type Threads = Gil;

fn builder(text: &str) -> MachineBuilder {
    let program: Program = text.parse().unwrap();
    Machine::builder(program.verify().unwrap())
}

/// Returns whether no thread is left in there.
fn is_idle(machine: &Machine) -> bool {
    !machine.gil().is_taken()
}

#[test]
fn a_native_function_keeps_the_lock_or_is_called_without_it() {
    for (instruction, is_held) in [("CALL_NATIVE", true), ("CALL_NATIVE_RELEASED", false)] {
        let gil = Gil::default();
        let seen = gil.clone();
        let machine = builder(&main_of(&format!("{instruction} look 0; RETURN")))
            .gil(&gil)
            .native("look", move |_| Ok(Data::Bool(seen.is_held_here())))
            .build()
            .unwrap();
        assert_eq!(machine.run("main", &[Data::None]), Ok(Data::Bool(is_held)));
    }
}

/// How many times less is counted under Miri, which has no time for more.
const LESS: i64 = if cfg!(miri) { 50 } else { 1 };

/// Runs `function` on two threads, so many rounds each, and returns how far they have counted.
fn count(function: &str, rounds: i64, check_at: CheckAt, policy: Policy) -> Data {
    let gil = Gil::builder().interval(Duration::from_micros(100)).policy(policy).build();
    let machine = builder(COUNT).gil(&gil).check_at(check_at).build().unwrap();
    let threads = [(); 2].map(|()| machine.start(function, &[Data::Int(rounds)]).unwrap());
    threads.into_iter().for_each(|thread| drop(thread.join().unwrap()));
    machine.run("total", &[]).unwrap()
}

#[test]
fn however_often_the_lock_changes_hands_no_count_is_lost_under_a_users_lock() {
    for check_at in [CheckAt::BackEdgesAndCalls, CheckAt::EveryInstruction, CheckAt::Never] {
        assert_eq!(count("locked", 500 / LESS, check_at, Policy::Interval), Data::Int(1000 / LESS));
        assert_eq!(count("locked", 100 / LESS, check_at, Policy::Ticks(1)), Data::Int(200 / LESS));
    }
}

#[test]
fn without_a_switch_point_in_between_no_count_is_lost_without_a_lock() {
    let count = |rounds, policy| count("unlocked", rounds, CheckAt::BackEdgesAndCalls, policy);
    assert_eq!(count(5000 / LESS, Policy::Interval), Data::Int(10_000 / LESS));
    assert_eq!(count(500 / LESS, Policy::Ticks(1)), Data::Int(1000 / LESS));
}

#[test]
fn who_waits_for_a_users_lock_or_sleeps_does_not_hold_the_machines() {
    let (tell, told) = channel();
    let (go, may_go) = channel::<()>();
    let may_go = Mutex::new(may_go);
    let machine = builder(
        "lock l
        func holder()\n ACQUIRE l\n CALL_NATIVE_RELEASED wait 0\n RELEASE l\n RETURN\n end
        func waiter()\n LOAD_CONST 0.001\n SLEEP\n ACQUIRE l\n RELEASE l\n LOAD_CONST 7\n RETURN\n end
        func third()\n RESUME\n LOAD_CONST 3\n RETURN\n end",
    )
    .native("wait", move |_| {
        tell.send(()).unwrap();
        may_go.lock().unwrap().recv().unwrap();
        Ok(Data::None)
    })
    .build()
    .unwrap();
    let holder = machine.start("holder", &[]).unwrap();
    told.recv().unwrap();
    let waiter = machine.start("waiter", &[]).unwrap();
    for _ in 0..100 {
        assert_eq!(machine.run("third", &[]), Ok(Data::Int(3)));
    }
    go.send(()).unwrap();
    assert_eq!((holder.join(), waiter.join()), (Ok(Data::None), Ok(Data::Int(7))));
}

#[test]
fn stopping_one_machine_leaves_the_others_under_its_lock_alone() {
    let gil = Gil::default();
    let [stopped, other] = [(); 2].map(|()| builder(COUNT).gil(&gil).build().unwrap());
    stopped.stop();
    assert_eq!(other.run("locked", &[Data::Int(10)]), Ok(Data::None));
    assert_eq!(other.run("total", &[]), Ok(Data::Int(10)));
}

#[test]
fn two_machines_of_one_program_and_one_lock_have_globals_of_their_own() {
    let gil = Gil::default();
    let [one, other] = [(); 2].map(|()| builder(COUNT).gil(&gil).build().unwrap());
    one.run("unlocked", &[Data::Int(3)]).unwrap();
    assert_eq!([one, other].map(|machine| machine.run("total", &[]).unwrap()), [Data::Int(3), Data::Int(0)]);
}

/// Counts the switch points that a run passes: a lock that is let go at each check counts them.
fn switch_points(text: &str, check_at: CheckAt) -> u64 {
    let gil = Gil::builder().policy(Policy::Ticks(1)).build();
    let builder = builder(text).gil(&gil).check_at(check_at);
    let machine = builder.native("nothing", |_| Ok(Data::None)).build().unwrap();
    machine.run("main", &[Data::Int(3)]).unwrap();
    gil.figures().forced
}

#[test]
fn switch_points_are_where_functions_begin_after_calls_and_where_loops_go_round() {
    let points = |text: &str| switch_points(text, CheckAt::BackEdgesAndCalls);
    assert_eq!(points(&main_of("LOAD_CONST 1; POP; HALT")), 0);
    assert_eq!(points(&main_of("RESUME; LOAD_CONST 1; POP; HALT")), 1);
    assert_eq!(
        points(&main_of("LOAD_CONST same; LOAD_CONST 1; CALL 1; RETURN")),
        2,
        "its RESUME, and after it"
    );
    assert_eq!(points(&main_of("CALL_NATIVE nothing 0; RETURN")), 1);
    assert_eq!(points(&main_of("CALL_NATIVE_RELEASED nothing 0; RETURN")), 1);
    assert_eq!(points(&COUNT.replace("unlocked", "main")), 3, "its RESUME, and two of three rounds");
}

#[test]
fn every_instruction_but_the_first_is_a_switch_point_if_so_set() {
    let points = |text: &str| switch_points(text, CheckAt::EveryInstruction);
    assert_eq!(points(&main_of("HALT")), 0);
    assert_eq!(points(&main_of("RESUME; LOAD_CONST 1; POP; HALT")), 3);
    assert_eq!(points(&main_of("LOAD_CONST same; LOAD_CONST 1; CALL 1; RETURN")), 6);
    assert_eq!(points(&main_of("CALL_NATIVE nothing 0; RETURN")), 1);
}

#[test]
fn there_are_no_switch_points_if_so_set() {
    let points = |text: &str| switch_points(text, CheckAt::Never);
    assert_eq!(points(&COUNT.replace("unlocked", "main")), 0);
    assert_eq!(points(&main_of("CALL_NATIVE nothing 0; RETURN")), 0);
    assert_eq!(points(&main_of("LOAD_CONST same; LOAD_CONST 1; CALL 1; RETURN")), 0);
}

#[test]
fn native_code_that_keeps_the_lock_starves_the_others_however_often_it_is_asked() {
    let gil = Gil::builder().interval(Duration::from_micros(100)).build();
    let (tell, told) = channel();
    let asked = gil.clone();
    let machine = builder(&main_of("CALL_NATIVE hog 0; RETURN"))
        .gil(&gil)
        .native("hog", move |_| {
            tell.send(()).unwrap();
            let switches = asked.figures().switches;
            let requests = || asked.figures().requests;
            while requests() < 3 {
                std::thread::yield_now(); // It is asked again and again.
            }
            assert_ne!(asked.breaker().get() & DROP_REQUEST, 0);
            Ok(Data::Bool(asked.figures().switches == switches))
        })
        .build()
        .unwrap();
    let hog = machine.start("main", &[Data::None]).unwrap();
    told.recv().unwrap();
    let other = machine.start("same", &[Data::Int(7)]).unwrap();
    assert_eq!(hog.join(), Ok(Data::Bool(true)), "nobody else had the lock meanwhile");
    assert_eq!(other.join(), Ok(Data::Int(7)));
}
