//! What it costs to count a reference up and down again, in each way of counting.
//!
//! `cargo run --profile bench -p step7 --example counts`
#![allow(clippy::unwrap_used, reason = "an example may")]

use std::hint::black_box;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread;
use std::time::Instant;

use step7::{Biased, Gil, Memory, Owner, Plain, Ref, Value};

const TIMES: u32 = 2_000_000;
const RUNS: usize = 15;

fn main() {
    println!("ns for each time up and down: median of {RUNS} runs of {TIMES}\n");

    let rc: Rc<str> = "text".into();
    print("Rc: plain", || rc.clone());

    let gil = Gil::default();
    let mut thread = gil.thread();
    let guard = thread.take();
    let plain = object::<Plain>(Value::text("text", guard.py()));
    print("plain, under the GIL", || plain.clone_ref(guard.py()));
    drop(plain);
    drop(guard);

    let arc: Arc<str> = "text".into();
    print("Arc: atomic", || arc.clone());
    while_another(
        || drop(black_box(arc.clone())),
        || print("Arc, while another thread counts too", || arc.clone()),
    );

    let owner = Owner::attach();
    let here = owner.here();
    let biased = object::<Biased>(Value::text("text", here));
    print("biased, by its owner", || biased.clone_ref(here));
    thread::scope(|scope| {
        scope.spawn(|| {
            let other = Owner::attach();
            print("biased, by another thread", || biased.clone_ref(other.here()));
        });
    });
    let attached = || Owner::attach();
    while_another_with(
        attached,
        |other| drop(black_box(biased.clone_ref(other.here()))),
        || print("biased, by its owner, while another thread counts too", || biased.clone_ref(here)),
    );
    let constant = Biased::constant("text", here);
    print("immortal", || constant.clone_ref(here));
    while_another_with(
        attached,
        |other| drop(black_box(constant.clone_ref(other.here()))),
        || print("immortal, while another thread counts too", || constant.clone_ref(here)),
    );
}

fn object<M: Memory>(value: Value<M>) -> Ref<M> {
    match value {
        Value::Object(object) => object,
        other => unreachable!("{other:?} is not on the heap"),
    }
}

/// Measures copying and dropping.
fn print<T>(name: &str, copy: impl Fn() -> T) {
    let run = || {
        let begin = Instant::now();
        for _ in 0..TIMES {
            drop(black_box(copy()));
        }
        begin.elapsed().as_nanos() as f64 / f64::from(TIMES)
    };
    let mut runs: Vec<f64> = (0..RUNS).map(|_| run()).collect();
    runs.sort_by(f64::total_cmp);
    println!("{name:<56}{:>6.1}", runs[RUNS / 2]);
}

/// Calls `f` while another thread calls `other` over and over.
fn while_another(other: impl Fn() + Sync, f: impl FnOnce()) {
    while_another_with(|| (), |()| other(), f);
}

fn while_another_with<S>(begin: impl Fn() -> S + Sync, other: impl Fn(&S) + Sync, f: impl FnOnce()) {
    let (has_begun, is_over) = (AtomicBool::new(false), AtomicBool::new(false));
    thread::scope(|scope| {
        scope.spawn(|| {
            let state = begin();
            has_begun.store(true, Relaxed);
            while !is_over.load(Relaxed) {
                other(&state);
            }
        });
        while !has_begun.load(Relaxed) {
            thread::yield_now();
        }
        f();
        is_over.store(true, Relaxed);
    });
}
