//! The idle workers' protocol under the model checker.
//!
//! `cargo test -p step4 --features loom --test loom --release`, best in a target folder of its own. (The models of the
//! task itself are in `src/task/model.rs`.) The queue here is a bare relaxed counter, so that nothing but the protocol
//! makes work visible to those who look for it.
#![cfg(feature = "loom")]
#![allow(clippy::unwrap_used, reason = "a test may")]

use std::sync::Arc;
use std::task::Waker;

use loom::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use loom::thread;
use step2::{Park, ThreadPark};
use step4::idle::Idle;

struct Shared {
    idle: Idle,
    queued: AtomicUsize,
    left: AtomicUsize,
    unparkers: loom::sync::Mutex<Vec<Option<Waker>>>,
}

impl Shared {
    fn new(workers: usize, work: usize) -> Arc<Self> {
        Arc::new(Self {
            idle: Idle::new(),
            queued: AtomicUsize::new(0),
            left: AtomicUsize::new(work),
            unparkers: loom::sync::Mutex::new(vec![None; workers]),
        })
    }

    fn add(&self) {
        self.queued.fetch_add(1, Relaxed);
        self.wake_one();
    }

    fn wake_one(&self) {
        if let Some(worker) = self.idle.notify() {
            self.unpark(worker);
        }
    }

    fn unpark(&self, worker: usize) {
        let waker = self.unparkers.lock().unwrap()[worker].clone();
        waker.expect("a worker that sleeps has left its waker").wake();
    }

    fn take(&self) -> bool {
        self.queued.fetch_update(Relaxed, Relaxed, |n| n.checked_sub(1)).is_ok()
    }

    fn is_over(&self) -> bool {
        self.left.load(Relaxed) == 0
    }

    /// The life of a worker, as in `steal`; ends when all work is done.
    fn work(&self, number: usize) {
        let mut park = ThreadPark::new();
        self.unparkers.lock().unwrap()[number] = Some(park.waker());
        let mut searching = false;
        while !self.is_over() {
            searching = searching || self.idle.search();
            if searching && self.take() {
                if self.idle.found() {
                    self.wake_one();
                }
                searching = false;
                if self.left.fetch_sub(1, Relaxed) == 1 {
                    let all = self.unparkers.lock().unwrap().clone();
                    all.into_iter().flatten().for_each(Waker::wake);
                }
                continue;
            }
            self.idle.sleep(number, searching);
            searching = if self.queued.load(Relaxed) > 0 || self.is_over() {
                self.idle.resume(number);
                true
            } else {
                park.park(None).expect("a thread can always park");
                self.idle.awake(number)
            };
        }
    }
}

#[test]
fn work_added_while_the_worker_goes_to_sleep_is_not_left_lying() {
    loom::model(|| {
        let shared = Shared::new(1, 1);
        let worker = thread::spawn({
            let shared = Arc::clone(&shared);
            move || shared.work(0)
        });
        shared.add();
        worker.join().unwrap(); // Loom reports a deadlock if the worker sleeps on.
    });
}

#[test]
fn two_pieces_of_work_for_two_workers_are_both_done() {
    let mut model = loom::model::Builder::new();
    model.preemption_bound = Some(2);
    model.check(|| {
        let shared = Shared::new(2, 2);
        let workers = [0, 1].map(|number| {
            let shared = Arc::clone(&shared);
            thread::spawn(move || shared.work(number))
        });
        shared.add();
        shared.add();
        workers.into_iter().for_each(|worker| worker.join().unwrap());
    });
}
