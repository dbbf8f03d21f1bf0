//! What waiting costs. CPU time and thread counts are the whole process's, so these tests live in a process of their
//! own, and run one at a time.
#![allow(clippy::unwrap_used, reason = "the exception for tests does not reach the functions they share")]

use std::hint::black_box;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use step1::{BlockingPool, Errand, Options, Server, measure, pooled, sequential, serve, spin, thread_each};

const DELAY: Duration = Duration::from_millis(300);

/// Keeps the other tests waiting. One that failed must not fail them all.
fn alone() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

fn one_ask(delay: Duration) -> (Server, [Errand; 1]) {
    let server = serve("127.0.0.1:0", Options { delay, ..Options::default() }, str::to_owned).unwrap();
    let ask = Errand::Ask { server: server.addr(), line: "hello".into() };
    (server, [ask])
}

#[test]
fn cpu_time_is_about_0_while_blocked() {
    let _alone = alone();
    let (_server, ask) = one_ask(DELAY);
    let (_, usage) = measure(|| sequential(&ask));
    assert!(usage.wall >= DELAY, "{usage}");
    assert!(usage.cpu < DELAY / 10, "{usage}");
}

#[test]
fn cpu_time_is_about_0_while_asleep() {
    let _alone = alone();
    let ((), usage) = measure(|| thread::sleep(DELAY));
    assert!(usage.wall >= DELAY, "{usage}");
    assert!(usage.cpu < DELAY / 10, "{usage}");
}

/// Adds up the CPU time of three runs.
fn cpu_of_three(mut run: impl FnMut()) -> Duration {
    (0..3).map(|_| measure(&mut run).1.cpu).sum()
}

/// Computes for as long as the ask takes.
fn compute() {
    let start = Instant::now();
    while black_box(start).elapsed() < DELAY {}
}

// Left to itself, a spinning thread burns all of a processor. On a busy machine it gets less, but still what any
// computing thread gets: so compare with that, rather than with the clock on the wall.
#[test]
fn spinning_costs_as_much_cpu_time_as_computing() {
    let _alone = alone();
    let (_server, ask) = one_ask(DELAY);
    let (spinning, computing) = (cpu_of_three(|| drop(spin(&ask))), cpu_of_three(compute));
    assert!(spinning > computing / 2, "{spinning:?} against {computing:?}");
}

#[test]
fn spinning_costs_many_times_the_cpu_time_of_blocking() {
    let _alone = alone();
    let (_server, ask) = one_ask(DELAY);
    let (spinning, blocked) = (cpu_of_three(|| drop(spin(&ask))), cpu_of_three(|| drop(sequential(&ask))));
    assert!(spinning > 4 * blocked, "{spinning:?} against {blocked:?}");
}

#[test]
fn spinning_looks_thousands_of_times_for_one_answer() {
    let _alone = alone();
    let (_server, ask) = one_ask(DELAY);
    let looks = spin(&ask).looks;
    assert!(looks > 1_000, "{looks}");
}

#[test]
fn measure_hands_the_value_on() {
    let _alone = alone();
    assert_eq!(measure(|| "value").0, "value");
}

#[test]
fn every_thread_started_to_wait_is_counted_and_no_other() {
    let _alone = alone();
    let (_server, [ask]) = one_ask(Duration::ZERO);
    let errands = [ask.clone(), ask.clone(), ask];
    assert_eq!(measure(|| sequential(&errands)).1.threads, 0);
    assert_eq!(measure(|| thread_each(&errands)).1.threads, 3);
    assert_eq!(measure(|| pooled(&BlockingPool::new(2, 2), &errands)).1.threads, 2);
    assert_eq!(measure(|| spin(&errands)).1.threads, 0);
}
