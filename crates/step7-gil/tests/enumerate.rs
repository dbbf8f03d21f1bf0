//! The exhaustive scheduler: which outcomes programs have, exactly, and by which schedules.
#![allow(clippy::unwrap_used, reason = "a test may")]

mod naive;
mod statements;

use std::collections::BTreeSet;
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use proptest::prelude::*;
use step7::{CheckAt, Data, End, Gil, Machine, Outcome, Outcomes, Policy, Program, Schedules, Verified};
use timeline::{Kind, Timeline};

const EVERY: CheckAt = CheckAt::EveryInstruction;
const LOOPS: CheckAt = CheckAt::BackEdgesAndCalls;
const NEVER: CheckAt = CheckAt::Never;

fn verified(text: &str) -> Verified {
    text.replace("; ", "\n").parse::<Program>().unwrap().verify().unwrap()
}

fn schedules(text: &str, check_at: CheckAt, threads: &[&str]) -> Schedules {
    let schedules = Schedules::of(&verified(text)).check_at(check_at);
    threads.iter().fold(schedules, |schedules, function| schedules.thread(function, &[]))
}

fn found(text: &str, check_at: CheckAt, threads: &[&str]) -> Outcomes {
    schedules(text, check_at, threads).run().unwrap()
}

fn ints(values: impl IntoIterator<Item = i64>) -> Vec<Data> {
    values.into_iter().map(Data::Int).collect()
}

const DECLARED: &str = "
global n = 0
global list = None
lock l
func f()\n RESUME\n LOAD_CONST 1\n RETURN\n end
";

/// Does it twice, one after the other.
fn straight(body: &str) -> String {
    format!("{DECLARED}func add()\nRESUME; {body}; {body}; LOAD_CONST None; RETURN\nend\n")
}

/// Does it twice, in a loop.
fn in_a_loop(body: &str) -> String {
    format!(
        "{DECLARED}func add() locals(i)
        RESUME; LOAD_CONST 2; STORE_FAST i; again:
        {body}; LOAD_FAST i; LOAD_CONST 1; SUB; STORE_FAST i
        LOAD_FAST i; POP_JUMP_IF_FALSE done; JUMP_BACKWARD again
        done:; LOAD_CONST None; RETURN\nend\n"
    )
}

const ADD: &str = "LOAD_GLOBAL n; LOAD_CONST 1; ADD; STORE_GLOBAL n";
const ADD_CALL: &str = "LOAD_GLOBAL n; LOAD_GLOBAL f; CALL 0; ADD; STORE_GLOBAL n";
const CALL_FIRST: &str = "LOAD_GLOBAL f; CALL 0; LOAD_GLOBAL n; ADD; STORE_GLOBAL n";
const LOCKED: &str = "ACQUIRE l; LOAD_GLOBAL n; LOAD_GLOBAL f; CALL 0; ADD; STORE_GLOBAL n; RELEASE l";

/// Two threads do it twice each: says what `n` may end as, which is the same straight on and in a loop.
#[track_caller]
fn twice_by_two(body: &str, check_at: CheckAt, finals: impl IntoIterator<Item = i64>) {
    let finals = ints(finals);
    for text in [straight(body), in_a_loop(body)] {
        let found = found(&text, check_at, &["add", "add"]);
        assert_eq!(found.finals("n"), finals, "{text}");
        assert!(!found.iter().any(Outcome::is_deadlock));
        assert_eq!(found.results(0), [End::Returned(Data::None)]);
    }
}

#[test]
fn n_plus_equals_one_loses_updates_at_every_instruction_and_none_at_loops_and_calls() {
    twice_by_two(ADD, EVERY, 2..=4);
    twice_by_two(ADD, LOOPS, [4]);
    twice_by_two(ADD, NEVER, [4]);
}

#[test]
fn a_call_between_reading_and_writing_loses_updates_under_both() {
    twice_by_two(ADD_CALL, EVERY, 2..=4);
    twice_by_two(ADD_CALL, LOOPS, 2..=4);
    twice_by_two(ADD_CALL, NEVER, [4]);
}

#[test]
fn a_call_before_reading_loses_updates_at_every_instruction_alone() {
    twice_by_two(CALL_FIRST, EVERY, 2..=4);
    twice_by_two(CALL_FIRST, LOOPS, [4]);
}

#[test]
fn under_a_users_lock_no_update_is_lost() {
    twice_by_two(LOCKED, EVERY, [4]);
    twice_by_two(LOCKED, LOOPS, [4]);
    twice_by_two(LOCKED, NEVER, [4]);
}

/// Two threads do it twice each, to a list that the first of them makes: says how long it may be in the end, without the item
/// that it has from the start.
fn lengths(body: &str, check_at: CheckAt) -> Vec<usize> {
    let make = "ACQUIRE l; LOAD_GLOBAL list; POP_JUMP_IF_FALSE make; JUMP_FWD made; make:
        NEW_LIST; LOAD_CONST 0; LIST_APPEND; STORE_GLOBAL list; made:; RELEASE l";
    let text = straight(body).replace("func add()\nRESUME", &format!("func add()\nRESUME; {make}"));
    let lists = found(&text, check_at, &["add", "add"]).finals("list");
    lists.iter().map(|list| if let Data::List(items) = list { items.len() - 1 } else { 0 }).collect()
}

#[test]
fn an_append_to_a_shared_list_is_never_lost() {
    let append = "LOAD_GLOBAL list; LOAD_CONST 1; LIST_APPEND; POP";
    assert_eq!(lengths(append, EVERY), [4]);
    assert_eq!(lengths(append, LOOPS), [4]);
    let replace = "LOAD_GLOBAL list; NEW_LIST; LOAD_CONST 1; LIST_APPEND; ADD; STORE_GLOBAL list";
    assert_eq!(lengths(replace, EVERY), [2, 3, 4], "list += [1] makes a new one");
    assert_eq!(lengths(replace, LOOPS), [4]);
}

/// Who finds no winner becomes one: `between` is done after looking.
fn check_then_act(between: &str) -> String {
    format!(
        "{DECLARED}global is_won = False\n
        func act()\n LOAD_GLOBAL is_won; POP_JUMP_IF_FALSE mine; HALT
        mine:; {between}LOAD_CONST True; STORE_GLOBAL is_won; {ADD}; HALT\nend"
    )
}

#[test]
fn check_then_act_has_two_winners_if_a_switch_falls_in_between() {
    let winners = |between, check_at| found(&check_then_act(between), check_at, &["act", "act"]).finals("n");
    assert_eq!(winners("", EVERY), ints([1, 2]));
    assert_eq!(winners("", LOOPS), ints([1]));
    let call = "LOAD_GLOBAL f; CALL 0; POP; ";
    assert_eq!(winners(call, EVERY), ints([1, 2]));
    assert_eq!(winners(call, LOOPS), ints([1, 2]));
    assert_eq!(winners(call, NEVER), ints([1]));
}

fn two_locks(other: &str) -> String {
    format!(
        "lock a\nlock b\n
        func one()\n ACQUIRE a; RESUME; ACQUIRE b; RESUME; RELEASE b; RELEASE a; HALT\n end
        func two()\n {other}; HALT\n end"
    )
}

#[test]
fn two_locks_in_opposite_order_may_deadlock_and_in_the_same_order_never() {
    let opposite = two_locks("ACQUIRE b; RESUME; ACQUIRE a; RESUME; RELEASE a; RELEASE b");
    let same = two_locks("ACQUIRE a; RESUME; ACQUIRE b; RESUME; RELEASE b; RELEASE a");
    for check_at in [EVERY, LOOPS] {
        let opposite = found(&opposite, check_at, &["one", "two"]);
        let deadlock = opposite.iter().find(|outcome| outcome.is_deadlock()).unwrap();
        assert_eq!(deadlock.ends, [End::Waits("b".into()), End::Waits("a".into())]);
        let turns: Vec<_> = deadlock.schedule.iter().map(ToString::to_string).collect();
        let first = "thread 0: ACQUIRE a, RESUME";
        assert_eq!(turns[0], first, "and so far the other one has not begun");
        assert_eq!(turns.len(), 3, "{turns:?}");
        assert_eq!(opposite.iter().count(), 2, "it may end well, too");
        assert!(!found(&same, check_at, &["one", "two"]).iter().any(Outcome::is_deadlock));
    }
    let never = found(&opposite, NEVER, &["one", "two"]);
    assert!(!never.iter().any(Outcome::is_deadlock), "nobody comes in between");
}

#[test]
fn who_ends_with_a_lock_taken_leaves_the_others_waiting() {
    let found = found("lock l\nfunc take()\n ACQUIRE l; HALT\n end", LOOPS, &["take", "take"]);
    let ends: Vec<_> = found.iter().map(|outcome| outcome.ends.clone()).collect();
    let (halted, waits) = (End::Returned(Data::None), End::Waits("l".into()));
    assert_eq!(ends, [[halted.clone(), waits.clone()], [waits, halted]]);
}

#[test]
fn three_threads_may_lose_more() {
    let text = format!("{DECLARED}func add()\n{ADD}; HALT\nend");
    let [every, loops] = [EVERY, LOOPS].map(|check_at| found(&text, check_at, &["add"; 3]));
    assert_eq!(every.finals("n"), ints(1..=3));
    assert_eq!(every.schedules(), Some(756_756), "15! / (5! 5! 5!)");
    assert_eq!(loops.finals("n"), ints([3]));
    assert_eq!(loops.schedules(), Some(6));
}

#[test]
fn a_fault_in_one_thread_does_not_stop_the_others() {
    let text = format!(
        "{DECLARED}func add()\n{ADD}; HALT\nend
        func fail()\n LOAD_GLOBAL n; LOAD_CONST 0; EQ; POP_JUMP_IF_FALSE late; NEW_LIST; DUP; SUB; RETURN
        late:; LOAD_CONST 7; RETURN\nend"
    );
    let found = found(&text, EVERY, &["add", "fail"]);
    assert_eq!(found.finals("n"), ints([1]));
    assert_eq!(found.results(0), [End::Returned(Data::None)]);
    let results: Vec<_> = found.results(1).iter().map(ToString::to_string).collect();
    let fault = "in fail, instruction 6: no `-` for a list and a list";
    assert_eq!(results[0], "7");
    assert!(results.len() == 2 && results[1].contains(fault), "{results:?}");
}

#[test]
fn giving_back_a_lock_that_is_free_is_a_fault() {
    let found = found("lock l\nfunc main()\n RELEASE l; HALT\n end", LOOPS, &["main"]);
    assert!(
        matches!(&found.results(0)[..], [End::Faulted(fault)] if fault.reason == "this lock is not held")
    );
}

const SPIN: &str = "
global flag = False
func wait()
again:
    LOAD_GLOBAL flag
    POP_JUMP_IF_FALSE round
    HALT
round:
    JUMP_BACKWARD again
end
func set()\n LOAD_CONST True\n STORE_GLOBAL flag\n HALT\n end";

#[test]
fn a_thread_that_spins_has_few_states_and_no_end_of_schedules() {
    for check_at in [EVERY, LOOPS] {
        let found = found(SPIN, check_at, &["wait", "set"]);
        assert_eq!(found.schedules(), None);
        assert!(found.states() < 40, "{}", found.states());
        assert_eq!(found.finals("flag"), [Data::Bool(true)]);
        assert!(found.iter().all(|outcome| outcome.schedules.is_none()));
    }
}

#[test]
fn a_loop_that_never_lets_go_keeps_the_others_out_for_ever() {
    let both = found(SPIN, NEVER, &["wait", "set"]);
    assert_eq!(both.schedules(), None);
    assert_eq!(both.iter().count(), 1, "it ends if the other one is first");
    assert_eq!(both.iter().next().unwrap().schedule.len(), 2);
    let alone = found(SPIN, NEVER, &["wait"]);
    assert_eq!((alone.iter().count(), alone.states()), (0, 2));
}

#[test]
fn nobody_comes_in_where_a_turn_stops_for_a_waiter() {
    let text = "global n = 0\nglobal seen = None\nlock l
        func hold()\n ACQUIRE l; LOAD_CONST 0; SLEEP; LOAD_CONST 1; STORE_GLOBAL n; RELEASE l; LOAD_CONST 2; STORE_GLOBAL n; HALT\n end
        func look()\n ACQUIRE l; LOAD_GLOBAL n; STORE_GLOBAL seen; HALT\n end";
    assert_eq!(found(text, NEVER, &["hold", "look"]).finals("seen"), ints([0, 2]));
    assert_eq!(found(text, EVERY, &["hold", "look"]).finals("seen"), ints(0..=2));
}

#[test]
fn states_that_differ_in_nothing_but_a_lock_are_kept_apart() {
    let text = "global g = False\nlock l
        func maybe()\n LOAD_GLOBAL g; POP_JUMP_IF_FALSE out; ACQUIRE l; out:; HALT\n end
        func set()\n LOAD_CONST True; STORE_GLOBAL g; HALT\n end
        func take()\n ACQUIRE l; HALT\n end";
    let found = found(text, NEVER, &["maybe", "set", "take"]);
    assert_eq!(found.results(2), [End::Returned(Data::None), End::Waits("l".into())]);
}

#[test]
fn states_that_differ_in_what_a_thread_has_left_behind_are_one() {
    let text = "global g = 0\nlock l
        func fail()\n LOAD_GLOBAL g; RELEASE l; POP; HALT\n end
        func set()\n LOAD_CONST 1; STORE_GLOBAL g; HALT\n end";
    assert_eq!(found(text, NEVER, &["fail", "set"]).states(), 4);
}

#[test]
fn an_outcome_of_several_states_has_the_schedules_of_all_and_the_shortest() {
    // Each takes a lock unless the other one was first; so both are free only if turns change in the middle of both.
    let text = "global a = 0\nglobal b = 0\nlock l\nlock m
        func one()\n LOAD_CONST 1; STORE_GLOBAL a; LOAD_GLOBAL b; POP_JUMP_IF_FALSE take; HALT; take:; RESUME; ACQUIRE l; HALT\n end
        func two()\n LOAD_CONST 1; STORE_GLOBAL b; LOAD_GLOBAL a; POP_JUMP_IF_FALSE take; HALT; take:; RESUME; ACQUIRE m; HALT\n end";
    let found = found(text, EVERY, &["one", "two"]);
    let [outcome] = found.iter().collect::<Vec<_>>()[..] else { panic!("they differ in their locks alone") };
    assert_eq!(outcome.schedule.len(), 2);
    let (_, schedules) = naive::enumerate(verified(text).program(), EVERY, &["one", "two"]);
    assert_eq!(outcome.schedules, Some(schedules));
}

#[test]
fn too_many_states_are_an_error() {
    let text = "global n = 0\nfunc count()\n again:; LOAD_GLOBAL n; LOAD_CONST 1; ADD; STORE_GLOBAL n; JUMP_BACKWARD again\n end";
    let error = schedules(text, EVERY, &["count"]).limit(1000).run().unwrap_err();
    assert_eq!(error, "more than 1000 states: let the threads do less, or set a higher limit");
    let states = found(SPIN, EVERY, &["wait", "set"]).states();
    assert!(schedules(SPIN, EVERY, &["wait", "set"]).limit(states).run().is_ok());
    assert!(schedules(SPIN, EVERY, &["wait", "set"]).limit(states - 1).run().is_err());
}

#[test]
fn what_cannot_be_run_is_an_error() {
    let error = |schedules: Schedules| schedules.run().unwrap_err();
    let program = "func main(x)\n CALL_NATIVE missing 0; RETURN\n end";
    assert_eq!(error(schedules(program, LOOPS, &["mian"])), "there is no function `mian`");
    assert_eq!(error(schedules(program, LOOPS, &["main"])), "`main` takes 1 argument(s), and was given 0");
    let missing = "the program calls the native function `missing`, which was not given to it";
    assert_eq!(error(schedules(program, LOOPS, &[])), missing);
}

#[test]
#[cfg_attr(any(miri, sanitized), ignore = "leaks, as it should")]
fn a_global_that_may_end_as_a_list_that_contains_itself_is_an_error() {
    let deep = "global g = None\nfunc main()\n NEW_LIST; DUP; DUP; LIST_APPEND; STORE_GLOBAL g; HALT\n end";
    let error = schedules(deep, LOOPS, &["main"]).run().unwrap_err();
    assert_eq!(error, "`g` may end as a list that lies too deep in itself");
}

#[test]
fn a_native_function_without_the_lock_lets_others_in_and_one_with_it_does_not() {
    let text = |call| {
        format!(
            "{DECLARED}func add()\n LOAD_GLOBAL n; LOAD_CONST 1; {call} same 1; ADD; STORE_GLOBAL n; HALT\n end"
        )
    };
    let finals = |call, check_at| {
        let schedules = schedules(&text(call), check_at, &["add", "add"]);
        schedules.native("same", |args| Ok(args[0].clone())).run().unwrap().finals("n")
    };
    assert_eq!(finals("CALL_NATIVE", NEVER), ints([2]));
    assert_eq!(finals("CALL_NATIVE_RELEASED", NEVER), ints([1, 2]));
    assert_eq!(finals("CALL_NATIVE", LOOPS), ints([1, 2]), "after a call is a switch point");
}

#[test]
fn a_native_functions_error_is_a_fault() {
    let schedules = schedules("func main()\n CALL_NATIVE refuse 0; RETURN\n end", LOOPS, &["main"]);
    let found = schedules.native("refuse", |_| Err("no bread".to_owned())).run().unwrap();
    assert_eq!(found.results(0)[0].to_string(), "line 2, in main, instruction 0: no bread");
}

#[test]
fn a_sleep_lets_others_in_and_takes_no_time() {
    let text = format!(
        "{DECLARED}func add()\n LOAD_GLOBAL n; LOAD_CONST 1; LOAD_CONST 1e6; SLEEP; ADD; STORE_GLOBAL n; HALT\n end"
    );
    assert_eq!(found(&text, NEVER, &["add", "add"]).finals("n"), ints([1, 2]));
}

#[test]
fn the_schedules_of_two_threads_that_share_nothing_are_the_ways_to_shuffle_them() {
    let text = "func main()\n RESUME; LOAD_CONST 1; POP; RETURN_IT:; LOAD_CONST None; RETURN\n end"
        .replace("RETURN_IT:; ", "");
    let found = |check_at| found(&text, check_at, &["main", "main"]);
    assert_eq!(found(EVERY).schedules(), Some(252), "5 instructions of each: 10 over 5");
    assert_eq!(found(EVERY).states(), 36, "each is in one of 6 places");
    assert_eq!(found(LOOPS).schedules(), Some(6), "up to the switch point, and the rest: 4 over 2");
    assert_eq!(found(NEVER).schedules(), Some(2));
    assert_eq!(found(NEVER).states(), 4);
    assert_eq!(schedules(&text, EVERY, &[]).run().unwrap().schedules(), Some(1), "to do nothing");
}

#[test]
fn schedules_too_many_to_count_are_as_many_as_can_be_counted() {
    let text = format!("func main()\n{}HALT\nend", "RESUME\n".repeat(70));
    let found = found(&text, EVERY, &["main", "main"]);
    assert_eq!(found.schedules(), Some(u128::MAX));
    assert_eq!(found.states(), 72 * 72);
}

#[test]
fn an_outcome_knows_how_many_schedules_lead_to_it() {
    let found = found(&format!("{DECLARED}func add()\n{ADD}; HALT\nend"), EVERY, &["add", "add"]);
    let of = |n| {
        found
            .iter()
            .find(|outcome| *outcome.global("n") == Data::Int(n))
            .and_then(|outcome| outcome.schedules)
    };
    let (Some(one), Some(two)) = (of(1), of(2)) else { panic!() };
    assert_eq!(Some(one + two), found.schedules());
    // Nothing is lost if one has stored before the other one loads: then its HALT may fall anywhere from there on.
    assert_eq!(two, 2 * 6);
}

#[test]
fn a_list_is_the_same_under_two_names_and_two_lists_are_not() {
    let text = |second| {
        format!(
            "global a = None\nglobal b = None
            func main()\n NEW_LIST; STORE_GLOBAL a; {second}; STORE_GLOBAL b
            LOAD_GLOBAL a; LOAD_CONST 1; LIST_APPEND; POP; HALT\n end"
        )
    };
    let one = found(&text("LOAD_GLOBAL a"), LOOPS, &["main"]);
    assert_eq!(
        (one.finals("a"), one.finals("b")),
        (vec![Data::List(ints([1]))], vec![Data::List(ints([1]))])
    );
    let two = found(&text("NEW_LIST"), LOOPS, &["main"]);
    assert_eq!(
        (two.finals("a"), two.finals("b")),
        (vec![Data::List(ints([1]))], vec![Data::List(Vec::new())])
    );
    // Both orders leave two empty lists under three names: which two of them are one list is all the difference.
    let count = "LOAD_GLOBAL n; LOAD_CONST 1; ADD; STORE_GLOBAL n; HALT";
    let both = format!(
        "global n = 0\nglobal seen = 0\nglobal a = 1\nglobal b = 2\nglobal c = 3
        func one()\n NEW_LIST; DUP; STORE_GLOBAL a; STORE_GLOBAL b; NEW_LIST; STORE_GLOBAL c; {count}\n end
        func two()\n NEW_LIST; STORE_GLOBAL a; NEW_LIST; DUP; STORE_GLOBAL b; STORE_GLOBAL c; {count}\n end
        func look()\n LOAD_GLOBAL n; STORE_GLOBAL seen; LOAD_GLOBAL a; LOAD_GLOBAL b; EQ; RETURN\n end"
    );
    let found = found(&both, NEVER, &["one", "two", "look"]);
    let last = found.iter().filter(|outcome| *outcome.global("seen") == Data::Int(2));
    assert_eq!(last.map(|outcome| outcome.ends[2].to_string()).collect::<Vec<_>>(), ["False", "True"]);
}

#[test]
#[cfg_attr(any(miri, sanitized), ignore = "leaks, as it should")]
fn a_list_that_contains_itself_is_a_state_like_any_other() {
    let text = "global g = None\nfunc main()\n NEW_LIST; DUP; DUP; LIST_APPEND; STORE_GLOBAL g; RESUME
        LOAD_GLOBAL g; LIST_LEN; STORE_GLOBAL g; HALT\n end";
    assert_eq!(found(text, EVERY, &["main"]).finals("g"), ints([1]));
}

#[test]
fn a_result_is_what_it_was_when_its_thread_ended() {
    let text = "global g = None
        func give()\n NEW_LIST; DUP; STORE_GLOBAL g; RETURN\n end
        func grow()\n LOAD_GLOBAL g; POP_JUMP_IF_FALSE late; late:; LOAD_GLOBAL g; LOAD_CONST 1; LIST_APPEND; HALT\n end";
    let results = found(text, EVERY, &["give", "grow"]).results(0);
    assert_eq!(results, [Vec::new(), ints([1])].map(|items| End::Returned(Data::List(items))));
}

#[test]
fn finals_are_sorted_and_each_is_there_once() {
    let sorted =
        ["None", "False", "True", "-10", "9", "10", "-2.5", "-0.0", "0.0", "1000.0", "NaN", "\"a\"", "\"b\""];
    let store = |value| format!("LOAD_CONST {value}; STORE_GLOBAL g; RESUME\n");
    let all = sorted.into_iter().rev().chain(sorted).map(store).collect::<String>();
    let text = format!(
        "global g = 9\nglobal seen = 9\nfunc all()\n{all}HALT\nend
        func look()\n LOAD_GLOBAL g; STORE_GLOBAL seen; HALT\nend"
    );
    let finals = found(&text, LOOPS, &["all", "look"]).finals("seen");
    assert_eq!(finals.iter().map(ToString::to_string).collect::<Vec<_>>(), sorted);
}

#[test]
fn a_waiter_may_get_its_lock_before_the_one_who_gave_it_back_asks_again() {
    // No switch point lies between the second RELEASE and ACQUIRE. But who waits for a lock needs no GIL to take it.
    let write = |what| format!("LOAD_GLOBAL order; LOAD_CONST \"{what}\"; ADD; STORE_GLOBAL order");
    let (begin, one, two) = (write("begin "), write("one "), write("two "));
    let text = format!(
        "global order = \"\"\nlock l
        func again()\n ACQUIRE l; {begin}; LOAD_CONST 0; SLEEP; RELEASE l; ACQUIRE l; {one}; RELEASE l; HALT\n end
        func once()\n ACQUIRE l; {two}; RELEASE l; HALT\n end"
    );
    let orders = ["begin one two ", "begin two one ", "two begin one "];
    let found = found(&text, NEVER, &["again", "once"]);
    assert_eq!(found.finals("order"), orders.map(Data::from));

    // Meanwhile the other one keeps the GIL: until it has to wait itself, at 10.
    let outcome =
        found.iter().find(|outcome| *outcome.global("order") == Data::from("begin two one ")).unwrap();
    let turns: Vec<_> = outcome.schedule.iter().map(|turn| (turn.thread, turn.instructions.len())).collect();
    assert_eq!(turns, [(0, 7), (1, 1), (0, 1), (1, 0), (0, 1), (1, 6), (0, 6)]);
    assert_eq!(outcome.schedule[3].to_string(), "thread 1: takes a lock");
    let holds = holds(&outcome.timeline());
    assert_eq!(holds[4..7], ["8 0 again takes", "10 0 again lets go", "10 1 once takes"]);
}

#[test]
fn the_schedule_has_as_few_turns_as_can_be_and_says_what_they_do() {
    let found = found(&straight(ADD), EVERY, &["add", "add"]);
    let turns =
        |n: i64| found.iter().find(|outcome| *outcome.global("n") == Data::Int(n)).unwrap().schedule.clone();
    assert_eq!([4, 3, 2].map(|n| turns(n).len()), [2, 4, 3]);
    let schedule = turns(2);
    assert_eq!(schedule.iter().map(|turn| turn.thread).collect::<Vec<_>>(), [0, 1, 0]);
    assert_eq!(schedule[1].instructions.len(), 11, "all that it has");
    let executed = |thread| {
        schedule.iter().filter(move |turn| turn.thread == thread).flat_map(|turn| &turn.instructions)
    };
    assert!(executed(0).eq(executed(1)), "both do the same");
    assert_eq!((&*schedule[2].function, schedule[2].first as usize), ("add", schedule[0].instructions.len()));
}

#[test]
fn outcomes_with_fewer_turns_come_first() {
    let found = found(&straight(ADD_CALL), LOOPS, &["add", "add"]);
    let turns: Vec<_> = found.iter().map(|outcome| outcome.schedule.len()).collect();
    assert!(turns.is_sorted(), "{turns:?}");
}

fn lost() -> Outcome {
    let found = found(&straight(ADD_CALL), LOOPS, &["add", "add"]);
    found.iter().find(|outcome| *outcome.global("n") == Data::Int(2)).unwrap().clone()
}

/// Says who holds the GIL when, in milliseconds.
fn holds(timeline: &Timeline) -> Vec<String> {
    timeline.order(|event| {
        let thread = &timeline.threads[event.thread.0 as usize].name;
        let what = match &event.kind {
            Kind::LockTaken { lock } if lock.0 == 0 => "takes",
            Kind::LockReleased { lock } if lock.0 == 0 => "lets go",
            _ => return None,
        };
        Some(format!("{} {thread} {what}", event.at.as_millis()))
    })
}

#[test]
fn a_timeline_has_a_lane_for_each_thread_and_shows_when_it_holds_the_lock() {
    let outcome = lost();
    let timeline = outcome.timeline();
    let names: Vec<_> = timeline.threads.iter().map(|thread| &*thread.name).collect();
    assert_eq!(names, ["main", "0 add", "1 add"]);
    let counts: Vec<_> = outcome.schedule.iter().map(|turn| turn.instructions.len()).collect();
    let [one, two, three] = counts[..] else { panic!("{counts:?}") };
    assert_eq!(
        holds(&timeline),
        [
            "0 0 add takes".to_owned(),
            format!("{one} 0 add lets go"),
            format!("{one} 1 add takes"),
            format!("{} 1 add lets go", one + two),
            format!("{} 0 add takes", one + two),
            format!("{} 0 add lets go", one + two + three),
        ]
    );
    let ends = timeline.order(|event| {
        let is_end = event.kind == Kind::ThreadEnded;
        is_end.then(|| format!("{} {}", event.at.as_millis(), timeline.threads[event.thread.0 as usize].name))
    });
    let all = one + two + three;
    assert_eq!(ends, [format!("{} 1 add", one + two), format!("{all} 0 add"), format!("{all} main")]);
    assert_eq!(timeline.end, Duration::from_millis((one + two + three) as u64));
    let notes: Vec<_> = outcome.schedule.iter().map(|turn| turn.instructions.join(", ")).collect();
    assert_eq!(timeline.notes(), notes);
}

#[test]
fn a_timeline_is_the_same_every_time_and_within_another_recording() {
    let outcome = lost();
    let timeline = outcome.timeline();
    assert_eq!(outcome.timeline(), timeline);
    let (inner, outer) = timeline::record(|| outcome.timeline());
    assert_eq!(inner, timeline);
    assert_eq!(outer.threads.len(), 1, "and says nothing to it");
    let ((), outer) = timeline::record(|| outcome.replay(|| ()));
    let untimed = |timeline: Timeline| {
        timeline.events.into_iter().map(|event| (event.thread, event.kind)).collect::<Vec<_>>()
    };
    assert_eq!(untimed(outer), untimed(timeline));
}

#[test]
fn a_deadlock_ends_its_timeline_with_all_waiting() {
    let text = two_locks("ACQUIRE b; RESUME; ACQUIRE a; RESUME; RELEASE a; RELEASE b");
    let found = found(&text, EVERY, &["one", "two"]);
    let timeline = found.iter().find(|outcome| outcome.is_deadlock()).unwrap().timeline();
    let locks = timeline.order(|event| match event.kind {
        Kind::LockWanted { lock } => Some(format!("{} wants {lock}", event.thread.0)),
        Kind::LockTaken { lock } => Some(format!("{} takes {lock}", event.thread.0)),
        Kind::LockReleased { lock } => Some(format!("{} lets go of {lock}", event.thread.0)),
        _ => None,
    });
    let one = ["1 takes lock 0", "1 takes lock 1", "1 lets go of lock 0", "1 wants lock 0"];
    let two = ["2 takes lock 0", "2 takes lock 2", "2 lets go of lock 0", "2 wants lock 1"];
    let end = ["1 takes lock 0", "1 lets go of lock 0", "1 wants lock 2"];
    assert_eq!(locks[..2], ["1 wants lock 0", "2 wants lock 0"]);
    assert_eq!(locks[2..], [&one[..], &two, &end].concat());
}

#[test]
fn exploring_is_left_out_of_a_recording() {
    let (_, timeline) = timeline::record(|| found(&straight(ADD), LOOPS, &["add", "add"]));
    assert_eq!(timeline.events.len(), 2, "this thread starts and ends");
}

#[test]
#[should_panic(expected = "does a native function depend on more than its arguments?")]
fn a_native_function_that_is_not_the_same_each_time_is_noticed() {
    let calls = std::sync::atomic::AtomicI64::new(0);
    let count = move |_: &[Data]| Ok(Data::Int(calls.fetch_add(1, std::sync::atomic::Ordering::Relaxed)));
    let schedules = schedules("func main()\n CALL_NATIVE count 0; RETURN\n end", LOOPS, &["main"]);
    drop(schedules.native("count", count).run());
}

#[test]
fn a_native_function_may_take_other_locks() {
    let inner = verified("func main()\n NEW_LIST; LIST_LEN; RETURN\n end");
    let call = move |_: &[Data]| Ok(Machine::builder(inner.clone()).build()?.run("main", &[]).unwrap());
    let text = "func main()\n NEW_LIST; CALL_NATIVE call 0; LIST_APPEND; RETURN\n end";
    let found = schedules(text, EVERY, &["main", "main"]).native("call", call).run().unwrap();
    assert_eq!(found.results(1), [End::Returned(Data::List(ints([0])))]);
}

fn check_at() -> impl Strategy<Value = CheckAt> {
    prop_oneof![Just(EVERY), Just(LOOPS), Just(NEVER)]
}

/// Says all that came of a program: globals, and how each thread ended.
type Seen = (Vec<String>, Vec<String>);

fn seen(outcome: &Outcome) -> Seen {
    let words = |end: &End| match end {
        End::Faulted(fault) => fault.reason.clone(),
        end => end.to_string(),
    };
    (outcome.globals.iter().map(ToString::to_string).collect(), outcome.ends.iter().map(words).collect())
}

/// Runs the program on threads of the system that let go at each check.
fn race(program: &Verified, check_at: CheckAt, threads: usize) -> Seen {
    let gil = Gil::builder().policy(Policy::Ticks(1)).build();
    let builder = Machine::builder(program.clone()).gil(&gil).check_at(check_at);
    let machine = builder.native("five", |_| Ok(Data::Int(5))).build().unwrap();
    let running: Vec<_> = (0..threads).map(|at| machine.start(&format!("t{at}"), &[]).unwrap()).collect();
    let ends = running.into_iter().map(|thread| match thread.join() {
        Ok(data) => data.to_string(),
        Err(fault) => fault.reason,
    });
    let ends = ends.collect();
    let Ok(Data::List(globals)) = machine.run("look", &[]) else { panic!("it returns a list") };
    (globals.iter().map(ToString::to_string).collect(), ends)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn a_naive_enumerator_finds_the_same_outcomes_and_counts_the_same_schedules(
        (check_at, text) in check_at().prop_flat_map(|check_at| {
            (Just(check_at), statements::program(2, 3, if check_at == EVERY { 16 } else { 40 }))
        }),
    ) {
        let program = verified(&text);
        let (outcomes, schedules) = naive::enumerate(program.program(), check_at, &["t0", "t1"]);
        let found = Schedules::of(&program).check_at(check_at).thread("t0", &[]).thread("t1", &[]);
        let found = found.native("five", |_| Ok(Data::Int(5))).run().unwrap();
        prop_assert_eq!(found.iter().map(seen).collect::<BTreeSet<_>>(), outcomes);
        if program.program().locks.is_empty() {
            prop_assert_eq!(found.schedules(), Some(schedules));
        }
    }

    #[test]
    fn switch_points_are_where_the_machine_looks_at_its_breaker(
        text in statements::program(1, 8, 100),
        check_at in check_at(),
    ) {
        let program = verified(&text);
        let gil = Gil::builder().policy(Policy::Ticks(1)).build();
        let machine = Machine::builder(program.clone()).gil(&gil).check_at(check_at).native("five", |_| Ok(Data::Int(5)));
        let outcome = machine.build().unwrap().run("t0", &[]);
        let switches = gil.figures().forced + gil.figures().voluntary - 2; // Once when it was built, once at its end.
        let found = Schedules::of(&program).check_at(check_at).thread("t0", &[]).thread("halt", &[]);
        let found = found.native("five", |_| Ok(Data::Int(5))).run().unwrap();
        // A call without the lock lets go and then, if calls are switch points, once more, with nothing in between.
        let released = text.matches("RELEASED").count();
        prop_assume!(outcome.is_ok() || released == 0);
        let switches = switches - if check_at == NEVER { 0 } else { released as u64 };
        prop_assert_eq!(found.schedules(), Some(u128::from(switches) + 2));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, ..ProptestConfig::default() })]

    #[test]
    fn what_comes_of_threads_of_the_system_is_among_the_outcomes(
        text in statements::program(3, 3, 36),
        check_at in check_at(),
    ) {
        let program = verified(&text);
        let found = (0..3).fold(Schedules::of(&program).check_at(check_at), |found, at| found.thread(&format!("t{at}"), &[]));
        let Ok(found) = found.native("five", |_| Ok(Data::Int(5))).limit(1000).run() else { return Ok(()) };
        let outcomes: BTreeSet<_> = found.iter().map(seen).collect();
        if !found.iter().any(Outcome::is_deadlock) {
            let (done, raced) = channel();
            thread::spawn(move || (0..5).for_each(|_| drop(done.send(race(&program, check_at, 3)))));
            for _ in 0..5 {
                let raced = raced.recv_timeout(Duration::from_secs(60)).expect("it ends, as no schedule is a deadlock");
                prop_assert!(outcomes.contains(&raced), "{:?} is not among {:?}", raced, outcomes);
            }
        }
    }
}
