//! Idle workers, the event loop's mailbox, and many futures in one, under the model checker.
//!
//! `cargo test -p step4 --features loom --test loom --release`, best in a target folder of its own. (The models of the
//! task itself are in `src/task/model.rs`, those of the reactor in `src/reactor/model.rs`.) The workers' queue here is a bare
//! relaxed counter, so that nothing but the protocol makes work visible to those who look for it.
#![cfg(feature = "loom")]
#![allow(clippy::unwrap_used, reason = "a test may")]

use std::future::{Future, poll_fn};
use std::sync::Arc;
use std::task::{Poll, Waker};

use loom::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use loom::thread;
use step2::{Park, ThreadPark, block_on, oneshot};
use step4::idle::Idle;
use step4::{EventLoop, JoinError, ThreadPool, join_all, spawn};

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

/// Checks all interleavings of so many preemptions at most.
fn model_with(preemptions: usize, execution: impl Fn() + Sync + Send + 'static) {
    let mut model = loom::model::Builder::new();
    model.preemption_bound = Some(preemptions);
    model.check(execution);
}

#[test]
fn two_pieces_of_work_for_two_workers_are_both_done() {
    model_with(2, || {
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

#[test]
fn a_task_woken_from_elsewhere_while_its_loop_goes_to_sleep_goes_on() {
    model_with(3, || {
        let (sender, receiver) = oneshot();
        let other = thread::spawn(move || sender.send(7));
        let sent = EventLoop::on(ThreadPark::new()).run(async { spawn(receiver).await.unwrap() });
        assert_eq!(sent, Ok(7));
        other.join().unwrap().unwrap();
    });
}

#[test]
fn two_tasks_woken_by_two_threads_both_go_on_though_only_the_first_letter_wakes_the_loop() {
    model_with(3, || {
        let channels = [oneshot(), oneshot()];
        let (senders, receivers): (Vec<_>, Vec<_>) = channels.into_iter().unzip();
        let others: Vec<_> =
            senders.into_iter().map(|sender| thread::spawn(move || sender.send(7).unwrap())).collect();
        EventLoop::on(ThreadPark::new()).run(async {
            for task in receivers.into_iter().map(spawn).collect::<Vec<_>>() {
                assert_eq!(task.await.unwrap(), Ok(7));
            }
        });
        others.into_iter().for_each(|other| other.join().unwrap());
    });
}

/// The waker of a task of the first loop is called whenever it likes: then, in between, or when the next loop has that loop's
/// mailbox, here on another thread.
#[test]
fn a_waker_that_has_outlived_its_loop_does_no_harm_to_the_one_that_has_its_mailbox() {
    model_with(3, || {
        let (sender, receiver) = oneshot();
        let other = thread::spawn(move || sender.send(7));
        let kept = EventLoop::on(ThreadPark::new()).run(async move {
            let mut receiver = Box::pin(receiver);
            let early = poll_fn(|cx| Poll::Ready(receiver.as_mut().poll(cx))).await;
            early.is_pending().then_some(receiver)
        });
        let next = thread::spawn(move || {
            EventLoop::on(ThreadPark::new()).run(async {
                if let Some(receiver) = kept {
                    assert_eq!(spawn(receiver).await.unwrap(), Ok(7));
                }
            });
        });
        other.join().unwrap().unwrap();
        next.join().unwrap();
    });
}

#[test]
fn of_many_futures_in_one_two_that_are_woken_by_two_threads_are_both_polled() {
    model_with(3, || {
        let channels = [oneshot(), oneshot()];
        let (senders, receivers): (Vec<_>, Vec<_>) = channels.into_iter().unzip();
        let others: Vec<_> =
            senders.into_iter().map(|sender| thread::spawn(move || sender.send(7).unwrap())).collect();
        assert_eq!(block_on(join_all(receivers)), [Ok(7), Ok(7)]);
        others.into_iter().for_each(|other| other.join().unwrap());
    });
}

/// The whole pool, as small as it can be; `tests/shuttle.rs` has larger ones.
#[test]
fn a_pool_that_ends_as_its_only_worker_goes_to_sleep_runs_or_cancels_what_it_has() {
    model_with(4, || {
        let pool = ThreadPool::new(1).unwrap();
        let task = pool.spawn(async { 7 });
        drop(pool); // Loom reports a deadlock if the worker sleeps on.
        assert!(matches!(block_on(task), Ok(7) | Err(JoinError::Cancelled)));
    });
}

#[test]
fn two_workers_both_hear_of_the_pools_end() {
    model_with(2, || drop(ThreadPool::new(2).unwrap()));
}
