//! All ways of a workload do the same work, and what their figures say of them is so.
//!
//! `cargo test -p benches --test steps`
#![allow(clippy::unwrap_used, reason = "the exception for tests does not reach the functions they share")]

use std::process::{Command, Output};

use benches::{Cost, Kind, Setting, kinds};

const PROGRAM: &str = env!("CARGO_BIN_EXE_steps");

fn kind(name: &str) -> Kind {
    kinds().into_iter().find(|kind| kind.name == name).unwrap()
}

fn steps(args: &[&str]) -> Output {
    Command::new(PROGRAM).args(args).output().unwrap()
}

/// Measures one way of a workload, in its tiny size, in a process of its own.
fn cost(workload: &str, step: u8, name: &str) -> Cost {
    let kind = kind(workload);
    let ways = kind.make(kind.tiny, &Setting::new(PROGRAM).unwrap()).ways;
    let at = ways.iter().position(|way| way.step == step && way.name == name);
    let at = at.unwrap_or_else(|| panic!("{workload} has no way {name} of step {step}: {ways:?}"));
    let output = steps(&["row", workload, &kind.tiny.to_string(), &at.to_string()]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn recorded(cost: &Cost) -> [usize; 3] {
    [cost.polls, cost.wakes, cost.sleeps]
}

#[test]
fn all_ways_of_a_workload_do_the_same_work() {
    let setting = Setting::new(PROGRAM).unwrap();
    for kind in kinds() {
        for size in [kind.tiny, kind.tiny + 1] {
            let workload = kind.make(size, &setting);
            for way in &workload.ways {
                assert_eq!(way.run(), workload.checksum, "{}, {way}", kind.name);
            }
        }
    }
}

#[test]
fn ways_are_in_the_order_of_the_steps_and_have_names_of_their_own() {
    let setting = Setting::new(PROGRAM).unwrap();
    for kind in kinds() {
        let ways = kind.make(kind.tiny, &setting).ways;
        assert!(ways.is_sorted_by_key(|way| way.step), "{ways:?}");
        for (at, way) in ways.iter().enumerate() {
            assert!(ways[..at].iter().all(|other| other.to_string() != way.to_string()), "{way}");
        }
    }
}

#[test]
fn waits_on_threads_poll_nothing_and_take_a_thread_each_or_a_pools() {
    let waits = kind("waits").tiny;
    for (name, threads) in [("sequential", 1), ("a thread each", waits + 1), ("pool of 10", 11)] {
        let cost = cost("waits", 1, name);
        assert_eq!(recorded(&cost), [0, 0, 0], "{name}");
        assert_eq!(cost.threads, threads, "{name}");
    }
    assert_eq!(cost("waits", 1, "sequential").allocations, 0);
    assert_eq!(cost("waits", 2, "block_on, pool of 10").threads, 11);
}

#[test]
fn waits_in_one_future_are_woken_each_and_polled_together() {
    let waits = kind("waits").tiny;
    let cost = cost("waits", 3, "block_on, join");
    assert_eq!((cost.threads, cost.wakes), (1, waits));
    // All are due in one tick, or in two, if the first one was set at the end of a tick.
    assert!((2..=1 + waits).contains(&cost.polls) && (1..=waits).contains(&cost.sleeps), "{cost:?}");
}

#[test]
fn waits_in_tasks_are_polled_twice_each_on_one_thread() {
    let waits = kind("waits").tiny;
    for (step, name) in
        [(4, "event loop, a task each"), (6, "event loop, task group"), (7, "event loop under a GIL")]
    {
        let cost = cost("waits", step, name);
        assert_eq!(cost.threads, 1, "{name}");
        // And the main task: at its start, and after tasks have ended, as many as end in a turn at a time.
        assert!((2 * waits + 2..=3 * waits + 1).contains(&cost.polls), "{name}: {cost:?}");
        assert!((waits + 1..=2 * waits).contains(&cost.wakes), "{name}: {cost:?}");
    }
    assert_eq!(cost("waits", 4, "thread pool of 2").threads, 3);
}

#[test]
fn waits_side_by_side_take_the_time_of_a_few() {
    let all = cost("waits", 1, "sequential").wall;
    let overlapped = cost("waits", 4, "event loop, a task each").wall;
    assert!(all.as_millis() >= 2 * kind("waits").tiny as u128 && overlapped.as_millis() >= 2);
    assert!(overlapped < all, "{overlapped:?} of {all:?}");
}

#[test]
fn errands_and_echo_take_the_threads_that_their_way_says() {
    assert_eq!(cost("errands", 1, "sequential").threads, 1);
    assert_eq!(cost("errands", 1, "spin").threads, 1);
    assert_eq!(cost("errands", 1, "a thread each").threads, 4);
    assert_eq!(cost("errands", 7, "machine, lock kept").threads, 4);
    assert_eq!(cost("echo", 1, "a thread each").threads, 9);
    assert_eq!(cost("echo", 4, "event loop, a task each").threads, 1);
    assert_eq!(cost("echo", 5, "event loop, lines").threads, 1);
}

#[test]
fn items_that_need_not_be_waited_for_put_no_thread_to_sleep() {
    let iterator = cost("items", 1, "iterator");
    assert_eq!((iterator.allocations, iterator.heap, recorded(&iterator)), (0, 0, [0, 0, 0]));
    for name in ["event loop, from_iter", "event loop, generator", "event loop, a channel of 32"] {
        let cost = cost("items", 5, name);
        assert_eq!((cost.threads, cost.sleeps), (1, 0), "{name}");
    }
    assert_eq!(cost("items", 5, "event loop, from_thread").threads, 2);
}

#[test]
fn rows_one_by_one_take_less_memory_than_all_at_once() {
    let all = cost("rows", 1, "all rows at once");
    let each = cost("rows", 1, "row by row");
    assert!(each.heap < all.heap, "{} of {} bytes", each.heap, all.heap);
    assert_eq!(cost("rows", 5, "event loop, rows").threads, 2);
}

#[test]
fn a_task_that_gives_way_so_often_is_polled_once_more() {
    let tasks = kind("sections").tiny;
    let cost = cost("sections", 4, "event loop, no lock");
    assert_eq!(cost.threads, 1);
    // The main task is polled at its start, and when all have ended, which is in one turn.
    assert_eq!(recorded(&cost), [tasks * (20 + 1) + 2, tasks * 20 + 1, 0]);
}

#[test]
fn counting_takes_one_thread_or_two_beside_the_one_that_waits() {
    for (name, threads) in [
        ("GIL, one thread", 1),
        ("GIL, two threads", 3),
        ("two machines, a GIL each", 3),
        ("no GIL, one thread", 1),
        ("no GIL, two threads", 3),
    ] {
        assert_eq!(cost("count", 7, name).threads, threads, "{name}");
    }
}

#[test]
fn the_table_has_a_title_a_head_and_a_line_for_each_way() {
    let output = steps(&["waits", "--tiny"]);
    assert!(output.status.success());
    let table = String::from_utf8(output.stdout).unwrap();
    let lines: Vec<&str> = table.lines().collect();
    assert_eq!(lines[0], "waits: 4 waits of 2 ms; returns how many");
    let head =
        "step way wall ms CPU ms threads switches heap KiB resident KiB allocations polls wakes sleeps";
    assert_eq!(lines[2].split_whitespace().collect::<Vec<_>>().join(" "), head);
    let kind = kind("waits");
    let ways = kind.make(kind.tiny, &Setting::new(PROGRAM).unwrap()).ways;
    assert_eq!(lines.len(), 3 + ways.len() + 1);
    for (way, line) in ways.iter().zip(&lines[3..]) {
        assert!(line.starts_with(&format!("{:<5} {:<29} ", way.step, way.name)), "{line}");
        assert_eq!(line.len(), lines[2].len(), "{line}");
    }
}

#[test]
fn a_workload_that_is_not_there_is_refused_with_those_that_are() {
    let output = steps(&["wait"]);
    assert!(!output.status.success());
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(errors.contains("waits, errands, echo, rows, items, sections, count"), "{errors}");
}
