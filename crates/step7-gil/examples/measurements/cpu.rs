//! Threads that only compute: how long they take together, how often they switch, and what asking costs.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::thread;
use std::time::Duration;

use step7::{CheckAt, Data, Gil, INTERVAL, Machine, Policy, Threading};

use crate::Unit::{Nanos, PerSecond, Percent, Ratio};
use crate::program::{best, builder, every, in_a_row, together};
use crate::{Row, Unit};

const ROUNDS: [Data; 1] = [Data::Int(10_000_000)];

fn twice<T: Threading>(machine: &Machine<T>) -> [(&Machine<T>, &'static str); 2] {
    [(machine, "count"), (machine, "count")]
}

/// M1: two threads that compute are no faster than one that does both, unless each has an interpreter of its own, or there is no lock.
pub(crate) fn two_threads() -> Vec<Row> {
    let [at_5, at_half, at_twentieth] = [1, 10, 100].map(|part| every(INTERVAL / part));
    let (one, other) = (every(INTERVAL), every(INTERVAL));
    let free = builder(&Gil::default()).free().build().unwrap();
    let [base, at_5, at_half, at_twentieth, two_machines, no_lock] = best([
        &|| in_a_row(&twice(&at_5), &ROUNDS),
        &|| together(&twice(&at_5), &ROUNDS),
        &|| together(&twice(&at_half), &ROUNDS),
        &|| together(&twice(&at_twentieth), &ROUNDS),
        &|| together(&[(&one, "count"), (&other, "count")], &ROUNDS),
        &|| together(&twice(&free), &ROUNDS),
    ]);
    vec![
        Row::new("two threads, every 5 ms", Ratio, at_5 / base, 0.75, f64::INFINITY),
        Row::new("two threads, every 0.5 ms", Ratio, at_half / base, 0.75, f64::INFINITY),
        Row::new("two threads, every 0.05 ms", Ratio, at_twentieth / base, 0.75, f64::INFINITY),
        Row::new("two interpreters", Ratio, two_machines / base, 0.0, 0.75),
        Row::new("two threads, no lock", Ratio, no_lock / base, 0.0, 0.75),
    ]
}

/// M2: the interval sets how often they switch, and gives each its half.
pub(crate) fn switches() -> Vec<Row> {
    let measure = |interval: Duration, from: f64, to: f64| {
        let gil = Gil::builder().interval(interval).build();
        let rounds: Arc<[AtomicU64; 2]> = Arc::default();
        let counts = Arc::clone(&rounds);
        let round = move |args: &[Data]| {
            let Data::Int(me) = args[0] else { return Err("`round` takes a number".to_owned()) };
            counts[me as usize].fetch_add(1, Relaxed);
            Ok(Data::None)
        };
        let machine = builder(&gil).native("round", round).build().unwrap();
        let threads = [0, 1].map(|me| machine.start("hog", &[Data::Int(me)]).unwrap());
        thread::sleep(Duration::from_secs(1));
        let switches = gil.figures().switches as f64;
        machine.stop();
        threads.into_iter().for_each(|thread| drop(thread.join())); // A fault: that they were stopped.
        let [first, second] = [0, 1].map(|me: usize| rounds[me].load(Relaxed) as f64);
        let every = format!("every {} ms", interval.as_secs_f64() * 1e3);
        [
            Row::new(format!("switches a second, {every}"), PerSecond, switches, from, to),
            Row::new(
                format!("share of the first, {every}"),
                Percent,
                first / (first + second) * 100.0,
                40.0,
                60.0,
            ),
        ]
    };
    [measure(INTERVAL, 160.0, 240.0), measure(INTERVAL / 10, 1200.0, 2000.0)].into_iter().flatten().collect()
}

/// M5: a lock that is let go every hundred checks, as before Python 3.2: others are woken for nothing, again and again.
pub(crate) fn ticks() -> Vec<Row> {
    let machine = |policy| builder(&Gil::builder().policy(policy).build()).build().unwrap();
    let (ticks, interval) = (machine(Policy::Ticks(100)), machine(Policy::Interval));
    let [ticks_alone, ticks, interval_alone, interval] = best([
        &|| in_a_row(&twice(&ticks), &ROUNDS),
        &|| together(&twice(&ticks), &ROUNDS),
        &|| in_a_row(&twice(&interval), &ROUNDS),
        &|| together(&twice(&interval), &ROUNDS),
    ]);
    vec![
        Row::new("two threads, every 100 checks", Ratio, ticks / ticks_alone, 1.5, f64::INFINITY),
        Row::new("two threads, when asked", Ratio, interval / interval_alone, 0.75, 1.5),
    ]
}

/// M7: what it costs to look at the eval breaker, where loops go round and at every instruction.
pub(crate) fn checks() -> Vec<Row> {
    let machine = |check_at| builder(&Gil::default()).check_at(check_at).build().unwrap();
    let [never, edges, every] =
        [CheckAt::Never, CheckAt::BackEdgesAndCalls, CheckAt::EveryInstruction].map(machine);
    let measure = |function, n, steps: f64| {
        let run = |machine: &Machine| drop(machine.run(function, &[Data::Int(n)]).unwrap());
        let times = best([&|| run(&never), &|| run(&edges), &|| run(&every)]);
        let row = |how: &str, unit: Unit, value| Row::report(format!("{function}({n}), {how}"), unit, value);
        let [never, edges, every] = times;
        [
            row("a round at loops and calls", Nanos, edges / steps * 1e9),
            row("never to that", Ratio, never / edges),
            row("every instruction to that", Ratio, every / edges),
        ]
    };
    [measure("count", 10_000_000, 1e7), measure("fib", 27, 832_040.0)].into_iter().flatten().collect()
}
