//! So many tasks, each of which adds to one number, 20 times: it reads, gives everyone else a turn, and writes. Without a
//! lock, additions would be lost. Returns the number.
//!
//! `cargo run --profile bench -p benches --bin steps -- sections`
//!
//! One way needs no lock: on a loop, nobody else runs between two awaits. It gives way *after* the write, as often.

use std::cell::Cell;
use std::future::Future;
use std::rc::Rc;
use std::sync::{Arc, Mutex};
use std::thread;

use step2::yield_now;
use step6::Semaphore;
use step7::{Data, Machine, Threading};

use crate::{Setting, Workload, machine, run};

const SECTIONS: usize = 20;

const PROGRAM: &str = "
global sum = 0
lock guard

func add(sections) locals(done)
    RESUME
    LOAD_CONST 0
    STORE_FAST done
again:
    LOAD_FAST done
    LOAD_FAST sections
    LT
    POP_JUMP_IF_FALSE over
    ACQUIRE guard
    LOAD_GLOBAL sum
    LOAD_CONST 0
    SLEEP
    LOAD_CONST 1
    ADD
    STORE_GLOBAL sum
    RELEASE guard
    LOAD_FAST done
    LOAD_CONST 1
    ADD
    STORE_FAST done
    JUMP_BACKWARD again
over:
    LOAD_CONST 0
    RETURN
end

func total()
    RESUME
    LOAD_GLOBAL sum
    RETURN
end
";

/// Adds under a lock of std, on whatever threads run the jobs.
fn under_a_lock(tasks: usize, run: impl FnOnce(Vec<Box<dyn FnOnce() -> u64 + Send>>) -> u64) -> u64 {
    let sum = Arc::new(Mutex::new(0));
    let job = || -> Box<dyn FnOnce() -> u64 + Send> {
        let sum = Arc::clone(&sum);
        Box::new(move || {
            for _ in 0..SECTIONS {
                let mut guard = sum.lock().expect("nothing panics under this lock");
                let seen = *guard;
                thread::yield_now();
                *guard = seen + 1;
            }
            0
        })
    };
    run((0..tasks).map(|_| job()).collect());
    *sum.lock().expect("nothing panics under this lock")
}

/// Adds under step 6's lock, on whatever runs the tasks.
fn under_an_async_lock<F>(tasks: usize, run: impl FnOnce(Vec<F>) -> u64, task: fn(Arc<Sum>) -> F) -> u64
where
    F: Future<Output = u64>,
{
    let sum = Arc::new(step6::Mutex::new(0));
    run((0..tasks).map(|_| task(Arc::clone(&sum))).collect());
    *sum.try_lock().expect("everyone has gone")
}

type Sum = step6::Mutex<u64>;

async fn locking(sum: Arc<Sum>) -> u64 {
    for _ in 0..SECTIONS {
        let mut guard = sum.lock().await;
        let seen = *guard;
        yield_now().await;
        *guard = seen + 1;
    }
    0
}

fn under_a_semaphore(tasks: usize) -> u64 {
    let shared = Rc::new((Semaphore::new(1), Cell::new(0)));
    let task = || {
        let shared = Rc::clone(&shared);
        async move {
            let (semaphore, sum) = &*shared;
            for _ in 0..SECTIONS {
                let _permit = semaphore.acquire().await;
                let seen = sum.get();
                yield_now().await;
                sum.set(seen + 1);
            }
            0
        }
    };
    run::on_a_loop((0..tasks).map(|_| task()).collect());
    shared.1.get()
}

fn without_a_lock(tasks: usize) -> u64 {
    let sum = Rc::new(Cell::new(0));
    let task = || {
        let sum = Rc::clone(&sum);
        async move {
            for _ in 0..SECTIONS {
                sum.set(sum.get() + 1);
                yield_now().await;
            }
            0
        }
    };
    run::on_a_loop((0..tasks).map(|_| task()).collect());
    sum.get()
}

fn on_a_machine<T: Threading>(machine: &Machine<T>, tasks: usize) -> u64 {
    machine::on_threads(machine, "add", vec![vec![Data::Int(SECTIONS as i64)]; tasks]);
    machine::number(&machine.run("total", &[]).expect("there is such a function"))
}

pub(crate) fn make(tasks: usize, _: &Setting) -> Workload {
    let program = machine::program(PROGRAM);
    let same = program.clone();
    let what = format!("{tasks} tasks, each adds to a number {SECTIONS} times; returns the number");
    Workload::new(what, tasks * SECTIONS)
        .way(1, "sequential", move || under_a_lock(tasks, run::sequential))
        .way(1, "a thread each, Mutex of std", move || under_a_lock(tasks, run::threads))
        .way(1, "pool of 10, Mutex of std", move || under_a_lock(tasks, run::pool))
        .way(4, "event loop, no lock", move || without_a_lock(tasks))
        .way(6, "event loop, Mutex", move || under_an_async_lock(tasks, run::on_a_loop, locking))
        .way(6, "event loop, Semaphore(1)", move || under_a_semaphore(tasks))
        .way(6, "thread pool of 2, Mutex", move || under_an_async_lock(tasks, run::on_workers, locking))
        .way(7, "machine, GIL and user's lock", move || on_a_machine(&machine::with_gil(&program), tasks))
        .way(7, "machine, user's lock alone", move || on_a_machine(&machine::without_gil(&same), tasks))
}
