//! What programs do, with the lock as well as without: `tests/machine.rs` and `tests/free.rs` run them each in its own way.
//!
//! Whoever includes this says in what way, by `builder`, `Threads` and `is_idle`.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};

use step7::{CheckAt, Data, Machine};

use super::{Threads, builder, is_idle};

pub(crate) fn machine(text: &str) -> Machine<Threads> {
    builder(text).build().unwrap()
}

/// Writes a program with these instructions as its `main(x)`, whose instruction `n` is on line `n` + 2; and with one of all
/// that they may name after it.
pub(crate) fn main_of(instructions: &str) -> String {
    format!(
        "func main(x) locals(y)\n{}\nend\n{}",
        instructions.replace("; ", "\n"),
        "global g = None\nlock l\nfunc same(x)\nRESUME\nLOAD_FAST x\nRETURN\nend"
    )
}

/// Runs the instructions with `x`, and returns what is on top then.
fn top_with(x: impl Into<Data>, instructions: &str) -> Data {
    machine(&main_of(&format!("RESUME; {instructions}; RETURN"))).run("main", &[x.into()]).unwrap()
}

fn top(instructions: &str) -> Data {
    top_with(0, instructions)
}

/// Runs the instructions, which are alone in `main`, and expects this fault.
#[track_caller]
fn faults(instructions: &str, message: &str) {
    let machine = machine(&main_of(&format!("{instructions}; HALT")));
    let found = machine.run("main", &[Data::Int(0)]);
    assert_eq!(found.map_err(|fault| fault.to_string()), Err(message.to_owned()));
    assert!(is_idle(&machine));
}

fn list<const N: usize>(items: [i64; N]) -> Data {
    Data::List(items.map(Data::Int).to_vec())
}

/// Lists in lists, so many.
fn nested(depth: u32) -> Data {
    (1..depth).fold(Data::List(Vec::new()), |inner, _| Data::List(vec![inner]))
}

#[test]
fn integers_are_added_subtracted_and_multiplied() {
    assert_eq!(top("LOAD_CONST 7; LOAD_CONST 3; ADD"), Data::Int(10));
    assert_eq!(top("LOAD_CONST 7; LOAD_CONST -3; SUB"), Data::Int(10));
    assert_eq!(top("LOAD_CONST 7; LOAD_CONST 3; MUL"), Data::Int(21));
}

#[test]
fn an_integer_and_a_float_make_a_float() {
    assert_eq!(top("LOAD_CONST 1; LOAD_CONST 0.5; ADD"), Data::Float(1.5));
    assert_eq!(top("LOAD_CONST 0.5; LOAD_CONST 1; SUB"), Data::Float(-0.5));
    assert_eq!(top("LOAD_CONST 0.5; LOAD_CONST 0.5; MUL"), Data::Float(0.25));
}

#[test]
fn floats_overflow_to_infinity() {
    assert_eq!(top("LOAD_CONST 1e308; LOAD_CONST 10; MUL"), Data::Float(f64::INFINITY));
}

#[test]
fn numbers_and_strings_are_compared_with_their_kind() {
    for (less, more) in [("1", "2"), ("1", "1.5"), ("-inf", "0"), ("0.5", "0.75"), ("\"a\"", "\"ab\"")] {
        assert_eq!(top(&format!("LOAD_CONST {less}; LOAD_CONST {more}; LT")), Data::Bool(true));
        assert_eq!(top(&format!("LOAD_CONST {more}; LOAD_CONST {less}; LT")), Data::Bool(false));
        assert_eq!(top(&format!("LOAD_CONST {less}; LOAD_CONST {less}; LT")), Data::Bool(false));
    }
}

#[test]
fn values_are_equal_if_they_say_the_same() {
    for (one, other) in [("1", "1.0"), ("None", "None"), ("\"a\"", "\"a\""), ("same", "same")] {
        assert_eq!(top(&format!("LOAD_CONST {one}; LOAD_CONST {other}; EQ")), Data::Bool(true));
    }
    for (one, other) in
        [("1", "2"), ("None", "False"), ("1", "True"), ("\"1\"", "1"), ("NaN", "NaN"), ("same", "main")]
    {
        assert_eq!(top(&format!("LOAD_CONST {one}; LOAD_CONST {other}; EQ")), Data::Bool(false));
    }
}

#[test]
fn lists_are_equal_if_they_are_the_same_one() {
    assert_eq!(top("NEW_LIST; DUP; EQ"), Data::Bool(true));
    assert_eq!(top("NEW_LIST; NEW_LIST; EQ"), Data::Bool(false));
}

#[test]
fn strings_are_joined() {
    assert_eq!(top_with("grüße ", "LOAD_FAST x; LOAD_CONST \"dich\"; ADD"), Data::from("grüße dich"));
    assert_eq!(top_with("ab", "LOAD_FAST x; DUP; ADD"), Data::from("abab"));
}

#[test]
fn a_list_grows_and_has_a_length() {
    assert_eq!(top("NEW_LIST; LOAD_CONST 1; LIST_APPEND; LOAD_CONST 2; LIST_APPEND"), list([1, 2]));
    assert_eq!(top_with(list([1, 2, 3]), "LOAD_FAST x; LIST_LEN"), Data::Int(3));
}

#[test]
fn a_list_under_two_names_is_one_list() {
    let found = top(
        "NEW_LIST; STORE_FAST x; LOAD_FAST x; STORE_FAST y; LOAD_FAST y; LOAD_CONST 1; LIST_APPEND; POP; LOAD_FAST x",
    );
    assert_eq!(found, list([1]));
}

#[test]
fn two_lists_are_joined_to_a_new_one() {
    let found = top_with(
        list([1]),
        "LOAD_FAST x; DUP; ADD; STORE_FAST y; LOAD_FAST y; LOAD_CONST 2; LIST_APPEND; POP; LOAD_FAST x",
    );
    assert_eq!(found, list([1]));
    assert_eq!(top_with(list([1]), "LOAD_FAST x; DUP; ADD"), list([1, 1]));
}

#[test]
fn what_is_empty_or_zero_or_nothing_counts_as_false() {
    let is_true = "LOAD_FAST x; POP_JUMP_IF_FALSE no; LOAD_CONST True; RETURN; no:; LOAD_CONST False";
    for x in [Data::None, Data::Bool(false), Data::Int(0), Data::Float(0.0), Data::from(""), list([])] {
        assert_eq!(top_with(x, is_true), Data::Bool(false));
    }
    for x in [
        Data::Bool(true),
        Data::Int(-1),
        Data::Float(f64::NAN),
        Data::from("0"),
        list([0]),
        Data::Function(0),
    ] {
        assert_eq!(top_with(x, is_true), Data::Bool(true));
    }
}

#[test]
fn locals_hold_nothing_before_they_are_stored() {
    assert_eq!(top("LOAD_FAST y"), Data::None);
}

#[test]
fn a_function_gets_its_arguments_in_order_and_has_locals_of_its_own() {
    let machine = machine(
        "func main() locals(a)
            RESUME
            LOAD_CONST 1
            STORE_FAST a
            LOAD_CONST minus
            LOAD_CONST 10
            LOAD_CONST 3
            CALL 2
            LOAD_FAST a
            ADD
            RETURN
        end
        func minus(a, b)
            RESUME
            LOAD_FAST a
            LOAD_FAST b
            SUB
            DUP
            STORE_FAST a
            RETURN
        end",
    );
    assert_eq!(machine.run("main", &[]), Ok(Data::Int(8)));
}

#[test]
fn what_a_function_leaves_below_its_result_is_dropped() {
    let machine = machine(
        "func main()\n LOAD_CONST 5\n LOAD_CONST messy\n CALL 0\n ADD\n RETURN\n end
        func messy()\n NEW_LIST\n NEW_LIST\n LOAD_CONST 1\n RETURN\n end",
    );
    assert_eq!(machine.run("main", &[]), Ok(Data::Int(6)));
}

#[test]
fn a_function_is_a_value() {
    assert_eq!(top("LOAD_CONST same; STORE_FAST y; LOAD_FAST y; LOAD_CONST 7; CALL 1"), Data::Int(7));
    assert_eq!(top_with(Data::Function(1), "LOAD_FAST x; LOAD_CONST 7; CALL 1"), Data::Int(7));
}

#[test]
fn halt_ends_the_thread_from_within_a_call() {
    let machine = machine(
        "func main()\n LOAD_CONST ends\n CALL 0\n RETURN\n end
        func ends()\n HALT\n end",
    );
    assert_eq!(machine.run("main", &[]), Ok(Data::None));
}

const RECURSION: &str = "
func down(n)
    RESUME
    LOAD_FAST n
    POP_JUMP_IF_FALSE bottom
    LOAD_CONST 1
    LOAD_GLOBAL down
    LOAD_FAST n
    LOAD_CONST 1
    SUB
    CALL 1
    ADD
    RETURN
bottom:
    LOAD_CONST 1
    RETURN
end";

#[test]
fn a_function_may_call_itself() {
    assert_eq!(machine(RECURSION).run("down", &[Data::Int(9)]), Ok(Data::Int(10)));
}

#[test]
fn as_many_calls_stand_inside_each_other_as_the_limit_says_and_no_more() {
    let machine = builder(RECURSION).recursion_limit(10).build().unwrap();
    assert_eq!(machine.run("down", &[Data::Int(9)]), Ok(Data::Int(10)));
    let fault = machine.run("down", &[Data::Int(10)]).unwrap_err();
    assert_eq!(fault.to_string(), "line 11, in down, instruction 8: more than 10 calls inside each other");
}

#[test]
fn the_limit_is_a_thousand_if_nothing_else_is_said() {
    let machine = machine(RECURSION);
    assert_eq!(machine.run("down", &[Data::Int(999)]), Ok(Data::Int(1000)));
    assert!(machine.run("down", &[Data::Int(1000)]).is_err());
}

#[test]
fn an_integer_that_grows_too_large_is_a_fault() {
    let most = i64::MAX;
    let reason = format!("integer overflow: {most} + 1");
    let place = "line 4, in main, instruction 2";
    faults(&format!("LOAD_CONST {most}; LOAD_CONST 1; ADD"), &format!("{place}: {reason}"));
    faults(
        "LOAD_CONST -2; LOAD_CONST 9223372036854775807; SUB",
        &format!("{place}: integer overflow: -2 - {most}"),
    );
    faults(&format!("LOAD_CONST {most}; DUP; MUL"), &format!("{place}: integer overflow: {most} * {most}"));
}

#[test]
fn arithmetic_on_what_is_no_number_is_a_fault() {
    faults(
        "LOAD_CONST None; LOAD_CONST 1; ADD",
        "line 4, in main, instruction 2: no `+` for None and an int",
    );
    faults(
        "LOAD_CONST 1.5; LOAD_CONST \"\"; SUB",
        "line 4, in main, instruction 2: no `-` for a float and a string",
    );
    faults(
        "LOAD_CONST same; NEW_LIST; MUL",
        "line 4, in main, instruction 2: no `*` for a function and a list",
    );
    faults(
        "LOAD_CONST True; LOAD_CONST 1; ADD",
        "line 4, in main, instruction 2: no `+` for a bool and an int",
    );
}

#[test]
fn adding_a_string_and_a_list_is_a_fault() {
    faults(
        "LOAD_CONST \"\"; NEW_LIST; ADD",
        "line 4, in main, instruction 2: cannot add a string and a list",
    );
}

#[test]
fn comparing_what_has_no_order_is_a_fault() {
    faults("LOAD_CONST 1; LOAD_CONST None; LT", "line 4, in main, instruction 2: no `<` for an int and None");
    faults("NEW_LIST; NEW_LIST; LT", "line 4, in main, instruction 2: no `<` for a list and a list");
}

#[test]
fn calling_what_is_no_function_is_a_fault() {
    faults("LOAD_CONST \"same\"; CALL 0; POP", "line 3, in main, instruction 1: cannot call a string");
    faults("LOAD_CONST None; LOAD_CONST 1; CALL 1; POP", "line 4, in main, instruction 2: cannot call None");
}

#[test]
fn a_call_with_the_wrong_number_of_arguments_is_a_fault() {
    let message = "line 3, in main, instruction 1: same takes 1 argument(s), and was given 0";
    faults("LOAD_CONST same; CALL 0; POP", message);
}

/// Nobody verifies data; this once ended in a panic.
#[test]
fn calling_a_function_that_came_from_outside_and_does_not_exist_is_a_fault() {
    let machine = machine(&main_of("LOAD_FAST x; CALL 0; RETURN"));
    let fault = machine.run("main", &[Data::Function(99)]).unwrap_err();
    assert_eq!(fault.to_string(), "line 3, in main, instruction 1: there is no function 99");
}

#[test]
fn appending_to_what_is_no_list_is_a_fault() {
    faults(
        "LOAD_CONST \"\"; LOAD_CONST 1; LIST_APPEND",
        "line 4, in main, instruction 2: cannot append to a string",
    );
    faults(
        "LOAD_CONST 2; LOAD_CONST 1; LIST_APPEND",
        "line 4, in main, instruction 2: cannot append to an int",
    );
}

#[test]
fn the_length_of_what_is_no_list_is_a_fault() {
    faults("LOAD_CONST \"\"; LIST_LEN", "line 3, in main, instruction 1: a string has no length");
    faults("LOAD_CONST None; LIST_LEN", "line 3, in main, instruction 1: None has no length");
}

#[test]
fn sleeping_for_what_is_no_time_is_a_fault() {
    faults("LOAD_CONST -1; SLEEP", "line 3, in main, instruction 1: cannot sleep for -1 seconds");
    faults("LOAD_CONST -0.5; SLEEP", "line 3, in main, instruction 1: cannot sleep for -0.5 seconds");
    faults("LOAD_CONST NaN; SLEEP", "line 3, in main, instruction 1: cannot sleep for NaN seconds");
    faults("LOAD_CONST inf; SLEEP", "line 3, in main, instruction 1: cannot sleep for inf seconds");
    faults("LOAD_CONST None; SLEEP", "line 3, in main, instruction 1: cannot sleep for None");
}

#[test]
fn releasing_a_lock_that_is_not_held_is_a_fault() {
    faults("RELEASE l", "line 2, in main, instruction 0: this lock is not held");
    faults("ACQUIRE l; RELEASE l; RELEASE l", "line 4, in main, instruction 2: this lock is not held");
}

#[test]
fn a_fault_in_a_call_names_the_function_that_was_called() {
    let machine = machine(
        "func main()\n LOAD_CONST inner\n CALL 0\n RETURN\n end
        func inner()\n RESUME\n NEW_LIST\n DUP\n SUB\n RETURN\n end",
    );
    let fault = machine.run("main", &[]).unwrap_err();
    assert_eq!(fault.to_string(), "line 10, in inner, instruction 3: no `-` for a list and a list");
}

#[test]
fn a_fault_ends_its_thread_alone() {
    let machine = machine(&main_of("RESUME; LOAD_FAST x; LOAD_CONST 1; ADD; RETURN"));
    let threads = [Data::None, Data::Int(1)].map(|x| machine.start("main", &[x]).unwrap());
    let [faulty, fine] = threads.map(|thread| thread.join());
    assert!(faulty.is_err());
    assert_eq!(fine, Ok(Data::Int(2)));
    assert_eq!(machine.run("main", &[Data::Int(2)]), Ok(Data::Int(3)));
}

#[test]
fn a_thread_is_not_started_for_a_function_that_does_not_exist() {
    let machine = machine(&main_of("HALT"));
    let reason = machine.start("mian", &[]).unwrap_err().reason;
    assert_eq!(reason, "there is no such function");
}

#[test]
fn a_thread_is_not_started_with_the_wrong_number_of_arguments() {
    let machine = machine(&main_of("HALT"));
    let reason = machine.run("main", &[]).unwrap_err().reason;
    assert_eq!(reason, "it takes 1 argument(s), and was given 0");
}

#[test]
fn a_native_function_gets_its_arguments_in_order_and_gives_a_result() {
    let machine = builder(&main_of("LOAD_CONST 5; LOAD_CONST 1; LOAD_FAST x; CALL_NATIVE list 2; RETURN"))
        .native("list", |args| Ok(Data::List(args.to_vec())))
        .build()
        .unwrap();
    let found = machine.run("main", &[Data::from("two")]);
    assert_eq!(found, Ok(Data::List(vec![Data::Int(1), Data::from("two")])));
}

#[test]
fn a_native_functions_error_is_a_fault_where_it_was_called() {
    for instruction in ["CALL_NATIVE", "CALL_NATIVE_RELEASED"] {
        let machine = builder(&main_of(&format!("RESUME; {instruction} refuse 0; RETURN")))
            .native("refuse", |_| Err("no bread".to_owned()))
            .build()
            .unwrap();
        let fault = machine.run("main", &[Data::None]).unwrap_err();
        assert_eq!(fault.to_string(), "line 3, in main, instruction 1: no bread");
        assert!(is_idle(&machine));
    }
}

#[test]
fn a_native_functions_panic_comes_out_of_run_and_join_and_harms_no_other_thread() {
    for instruction in ["CALL_NATIVE", "CALL_NATIVE_RELEASED"] {
        let text = main_of(&format!("LOAD_FAST x; CALL_NATIVE same 1; POP; {instruction} fail 0; RETURN"));
        let machine = builder(&text)
            .native("same", |args| Ok(args[0].clone()))
            .native("fail", |_| panic!("in a native function"))
            .build()
            .unwrap();
        let panic =
            catch_unwind(AssertUnwindSafe(|| machine.run("main", &[Data::from("kept")]))).unwrap_err();
        assert_eq!(panic.downcast_ref(), Some(&"in a native function"));
        let thread = machine.start("main", &[Data::None]).unwrap();
        assert!(catch_unwind(AssertUnwindSafe(|| thread.join())).is_err());
        assert!(is_idle(&machine));
        assert_eq!(machine.run("same", &[Data::Int(1)]), Ok(Data::Int(1)));
    }
}

#[test]
fn a_machine_is_not_made_without_a_native_function_that_its_program_calls() {
    let error = builder(&main_of("CALL_NATIVE gone 0; RETURN")).build().unwrap_err();
    assert_eq!(error, "the program calls the native function `gone`, which it was not given");
}

pub(crate) const COUNT: &str = "
global n = 0
lock mutex
func locked(rounds)
    RESUME
again:
    ACQUIRE mutex
    LOAD_GLOBAL n
    LOAD_CONST 1
    ADD
    STORE_GLOBAL n
    RELEASE mutex
    LOAD_FAST rounds
    LOAD_CONST 1
    SUB
    DUP
    STORE_FAST rounds
    POP_JUMP_IF_FALSE done
    JUMP_BACKWARD again
done:
    HALT
end
func unlocked(rounds)
    RESUME
again:
    LOAD_GLOBAL n
    LOAD_CONST 1
    ADD
    STORE_GLOBAL n
    LOAD_FAST rounds
    LOAD_CONST 1
    SUB
    DUP
    STORE_FAST rounds
    POP_JUMP_IF_FALSE done
    JUMP_BACKWARD again
done:
    HALT
end
func total()
    RESUME
    LOAD_GLOBAL n
    RETURN
end";

#[test]
fn a_users_lock_may_be_given_back_by_another_thread() {
    let machine = machine(
        "lock l
        func take()\n ACQUIRE l\n HALT\n end
        func give()\n RELEASE l\n HALT\n end",
    );
    machine.run("take", &[]).unwrap();
    let waiter = machine.start("take", &[]).unwrap();
    machine.run("give", &[]).unwrap();
    assert_eq!(waiter.join(), Ok(Data::None));
    assert_eq!(machine.run("give", &[]), Ok(Data::None));
    assert!(machine.run("give", &[]).is_err());
}

#[test]
fn while_one_thread_sleeps_another_runs() {
    let log = Arc::new(Mutex::new(Vec::new()));
    let (lines, (tell, told)) = (Arc::clone(&log), channel());
    let machine = builder(
        "func sleeper()
            LOAD_CONST \"lies down\"\n CALL_NATIVE log 1\n LOAD_CONST 0.5\n SLEEP
            LOAD_CONST \"gets up\"\n CALL_NATIVE log 1\n HALT
        end
        func runner()\n LOAD_CONST \"runs\"\n CALL_NATIVE log 1\n HALT\n end",
    )
    .native("log", move |args| {
        lines.lock().unwrap().push(args[0].to_string());
        tell.send(()).unwrap();
        Ok(Data::None)
    })
    .build()
    .unwrap();
    let sleeper = machine.start("sleeper", &[]).unwrap();
    told.recv().unwrap();
    machine.run("runner", &[]).unwrap();
    sleeper.join().unwrap();
    assert_eq!(*log.lock().unwrap(), ["\"lies down\"", "\"runs\"", "\"gets up\""]);
}

/// Makes a machine with functions that never end, which tell when they have begun.
fn endless(check_at: CheckAt, tell: impl Fn() + Send + Sync + 'static) -> Machine<Threads> {
    builder(
        "func jumps()\n CALL_NATIVE begun 0\n POP\n again:\n JUMP_BACKWARD again\n end
        func recurses()\n RESUME\n CALL_NATIVE begun 0\n POP\n again:\n LOAD_GLOBAL same\n CALL 0\n POP\n JUMP_BACKWARD again\n end
        func same()\n RESUME\n LOAD_CONST None\n RETURN\n end",
    )
    .check_at(check_at)
    .native("begun", move |_| {
        tell();
        Ok(Data::None)
    })
    .build()
    .unwrap()
}

#[test]
fn stop_ends_every_thread_at_its_next_switch_point() {
    for check_at in [CheckAt::BackEdgesAndCalls, CheckAt::EveryInstruction] {
        let (tell, told) = channel();
        let machine = endless(check_at, move || _ = tell.send(()));
        let threads = ["jumps", "jumps", "recurses"].map(|name| machine.start(name, &[]).unwrap());
        threads.iter().for_each(|_| told.recv().unwrap());
        machine.stop();
        for thread in threads {
            let fault = thread.join().unwrap_err();
            assert_eq!(fault.reason, "the machine was stopped");
            assert_ne!(fault.line, 0, "it says where");
        }
    }
}

#[test]
fn a_machine_that_was_stopped_runs_nothing_any_more() {
    let machine = machine(COUNT);
    machine.stop();
    let fault = machine.run("locked", &[Data::Int(10)]).unwrap_err();
    assert_eq!((fault.line, &*fault.reason), (5, "the machine was stopped"));
}

#[test]
fn stop_wakes_those_who_sleep_and_those_who_wait_for_a_lock() {
    let (tell, told) = channel();
    let machine = builder(
        "lock l
        func sleeps()\n CALL_NATIVE begun 0\n POP\n LOAD_CONST 1000000\n SLEEP\n HALT\n end
        func waits()\n CALL_NATIVE begun 0\n POP\n ACQUIRE l\n ACQUIRE l\n HALT\n end",
    )
    .native("begun", move |_| {
        tell.send(()).unwrap();
        Ok(Data::None)
    })
    .build()
    .unwrap();
    let threads = ["sleeps", "waits"].map(|name| machine.start(name, &[]).unwrap());
    threads.iter().for_each(|_| told.recv().unwrap());
    machine.stop();
    for thread in threads {
        assert_eq!(thread.join().unwrap_err().reason, "the machine was stopped");
    }
}

#[test]
fn a_call_begins_with_locals_that_hold_nothing() {
    let machine = machine(
        "func main()
            RESUME
            LOAD_CONST 1\n LOAD_CONST 2\n LOAD_CONST 3\n LOAD_CONST 4\n ADD\n ADD\n ADD\n POP
            LOAD_CONST local
            CALL 0
            RETURN
        end
        func local() locals(x, y)\n RESUME\n LOAD_FAST y\n RETURN\n end",
    );
    assert_eq!(machine.run("main", &[]), Ok(Data::None));
}

#[test]
fn a_result_with_no_end_in_practice_is_refused() {
    let machine = machine(
        "func main() locals(l, i)
            RESUME
            NEW_LIST\n STORE_FAST l\n LOAD_CONST 0\n STORE_FAST i
        again:
            NEW_LIST\n LOAD_FAST l\n LIST_APPEND\n LOAD_FAST l\n LIST_APPEND\n STORE_FAST l
            LOAD_FAST i\n LOAD_CONST 1\n ADD\n STORE_FAST i
            LOAD_FAST i\n LOAD_CONST 60\n LT\n POP_JUMP_IF_FALSE done
            JUMP_BACKWARD again
        done:
            LOAD_FAST l
            RETURN
        end",
    );
    let fault = machine.run("main", &[]).unwrap_err();
    assert!(fault.reason.contains("a list of more than"), "{fault}");
}

#[test]
fn a_list_of_the_same_long_text_many_times_is_refused_and_one_of_short_ones_is_not() {
    let doubled = |name: &str, label: &str| {
        format!(
            "{label}: LOAD_FAST {name}; DUP; ADD; STORE_FAST {name}
            LOAD_FAST i; LOAD_CONST 1; ADD; STORE_FAST i; LOAD_FAST i; LOAD_CONST 10; LT
            POP_JUMP_IF_FALSE {label}_done; JUMP_BACKWARD {label}
            {label}_done: LOAD_CONST 0; STORE_FAST i"
        )
    };
    let text = format!(
        "func main(t) locals(l, i)
            LOAD_CONST 0; STORE_FAST i
            {}
            NEW_LIST; LOAD_FAST t; LIST_APPEND; STORE_FAST l
            {}
            LOAD_FAST l; RETURN
        end",
        doubled("t", "text"),
        doubled("l", "list"),
    );
    let machine = machine(&text.replace(": ", ":\n").replace("; ", "\n"));
    let Ok(Data::List(copies)) = machine.run("main", &[Data::from("x")]) else { panic!("it is refused") };
    assert_eq!(copies.len(), 1024);
    let fault = machine.run("main", &[Data::from("x".repeat(100).as_str())]).unwrap_err();
    assert_eq!(fault.reason, "its result is text of more than 67108864 bytes, all of it together");
}

#[test]
fn globals_are_shared_by_all_threads_and_last_as_long_as_the_machine() {
    let machine = machine(
        "global g = \"initial\"
        func get()\n LOAD_GLOBAL g\n RETURN\n end
        func set(x)\n LOAD_FAST x\n STORE_GLOBAL g\n HALT\n end",
    );
    assert_eq!(machine.run("get", &[]), Ok(Data::from("initial")));
    machine.start("set", &[list([1])]).unwrap().join().unwrap();
    assert_eq!(machine.run("get", &[]), Ok(list([1])));
}

#[test]
fn a_list_that_one_thread_appends_to_grows_for_all() {
    let machine = machine(
        "global g = None
        func begin()\n NEW_LIST\n STORE_GLOBAL g\n HALT\n end
        func append(x)\n LOAD_GLOBAL g\n LOAD_FAST x\n LIST_APPEND\n LIST_LEN\n RETURN\n end",
    );
    machine.run("begin", &[]).unwrap();
    let threads = [(); 7].map(|()| machine.start("append", &[Data::Int(1)]).unwrap());
    threads.into_iter().for_each(|thread| drop(thread.join().unwrap()));
    assert_eq!(machine.run("append", &[Data::Int(1)]), Ok(Data::Int(8)));
}

#[test]
fn constants_are_one_object_for_all_calls() {
    let machine = machine(
        "func main()\n LOAD_CONST text\n CALL 0\n LOAD_CONST text\n CALL 0\n EQ\n RETURN\n end
        func text()\n LOAD_CONST \"text\"\n RETURN\n end",
    );
    let threads = [(); 4].map(|()| machine.start("main", &[]).unwrap());
    assert_eq!(threads.map(|thread| thread.join().unwrap()), [(); 4].map(|()| Data::Bool(true)));
}

#[test]
fn data_of_every_kind_goes_in_and_comes_out() {
    let kinds = [
        Data::None,
        Data::Bool(true),
        Data::Int(i64::MIN),
        Data::Float(-1.5),
        Data::from("grüße\n"),
        Data::Function(1),
        list([]),
        Data::List(vec![list([1, 2]), Data::from("x"), Data::List(vec![Data::None, list([3])])]),
    ];
    for data in kinds {
        assert_eq!(top_with(data.clone(), "LOAD_FAST x"), data);
    }
}

#[test]
fn data_that_goes_in_is_a_copy() {
    let items = list([1]);
    let machine = machine(&main_of("LOAD_FAST x; LOAD_CONST 2; LIST_APPEND; RETURN"));
    assert_eq!(machine.run("main", std::slice::from_ref(&items)), Ok(list([1, 2])));
    assert_eq!(machine.run("main", std::slice::from_ref(&items)), Ok(list([1, 2])));
}

#[test]
fn lists_a_hundred_deep_come_out_and_deeper_ones_are_a_fault() {
    let machine = machine(&main_of("LOAD_FAST x; RETURN"));
    assert_eq!(machine.run("main", &[nested(100)]), Ok(nested(100)));
    let fault = machine.run("main", &[nested(101)]).unwrap_err();
    assert_eq!(fault.reason, "its result is a list that lies too deep in itself");
}

#[test]
#[cfg_attr(any(miri, sanitized), ignore = "leaks, as it should")]
fn a_list_that_contains_itself_does_not_come_out() {
    let machine = machine(&main_of("NEW_LIST; DUP; DUP; LIST_APPEND; LIST_APPEND; RETURN"));
    let fault = machine.run("main", &[Data::None]).unwrap_err();
    assert_eq!(fault.reason, "its result is a list that lies too deep in itself");
}

#[test]
fn a_list_too_deep_for_a_native_function_is_a_fault_where_it_is_called() {
    let machine = builder(&main_of("LOAD_FAST x; CALL_NATIVE same 1; RETURN"))
        .native("same", |args| Ok(args[0].clone()))
        .build()
        .unwrap();
    assert_eq!(machine.run("main", &[nested(100)]), Ok(nested(100)));
    let fault = machine.run("main", &[nested(101)]).unwrap_err();
    let message = "line 3, in main, instruction 1: an argument is a list that lies too deep in itself";
    assert_eq!(fault.to_string(), message);
}

#[test]
fn a_machine_lives_as_long_as_its_threads() {
    let machine = machine(RECURSION);
    let threads = [(); 4].map(|()| machine.start("down", &[Data::Int(500)]).unwrap());
    drop(machine);
    assert_eq!(threads.map(|thread| thread.join().unwrap()), [(); 4].map(|()| Data::Int(501)));
}

/// Runs `function` on two threads, so many rounds each, and returns how far they have counted.
fn count(function: &str, rounds: i64, check_at: CheckAt) -> Data {
    let machine = builder(COUNT).check_at(check_at).build().unwrap();
    let threads = [(); 2].map(|()| machine.start(function, &[Data::Int(rounds)]).unwrap());
    threads.into_iter().for_each(|thread| drop(thread.join().unwrap()));
    machine.run("total", &[]).unwrap()
}

#[test]
fn under_a_users_lock_no_count_is_lost_wherever_switches_fall() {
    let rounds = if cfg!(miri) { 10 } else { 500 };
    for check_at in [CheckAt::BackEdgesAndCalls, CheckAt::EveryInstruction, CheckAt::Never] {
        assert_eq!(count("locked", rounds, check_at), Data::Int(2 * rounds));
    }
}

#[test]
fn a_native_function_that_lets_go_may_run_the_machine() {
    let inner = machine(COUNT);
    let same = inner.clone();
    let machine = builder(&main_of("CALL_NATIVE_RELEASED inner 0; RETURN"))
        .native("inner", move |_| {
            same.run("unlocked", &[Data::Int(3)]).map_err(|fault| fault.to_string())?;
            same.run("total", &[]).map_err(|fault| fault.to_string())
        })
        .build()
        .unwrap();
    assert_eq!(machine.run("main", &[Data::None]), Ok(Data::Int(3)));
}
