//! The pool of workers under random interleavings: queues, idle workers, parks, tasks, and the pool's end, all together.
//!
//! `CARGO_TARGET_DIR=target/shuttle cargo test -p step4 --features shuttle --test shuttle --release`. Loom tries every
//! interleaving, of which a whole pool has too many; shuttle draws some thousands, half of them with few preemptions at
//! random places, which is where bugs are. A lost wake-up shows as a deadlock. What is drawn is the same in every run;
//! `SHUTTLE_SEED=7 SHUTTLE_ROUNDS=100000` draws others. A failure prints its schedule, for `shuttle::replay`.
#![cfg(feature = "shuttle")]
#![allow(clippy::unwrap_used, reason = "a test may")]

use std::future::{Future, poll_fn};
use std::sync::Arc;
use std::task::{Poll, Waker};

use shuttle::scheduler::{PctScheduler, RandomScheduler, Scheduler};
use shuttle::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use shuttle::sync::{Condvar, Mutex};
use shuttle::{Config, Runner, thread};
use step2::{block_on, join};
use step4::{JoinError, ThreadPool, spawn_on_pool};

/// How many interleavings are drawn by each of the two ways.
const ROUNDS: u64 = 3_000;
/// How many preemptions there are at most, where they are few.
const PREEMPTIONS: usize = 4;

fn check(execution: fn()) {
    let [seed, rounds] = [("SHUTTLE_SEED", 1), ("SHUTTLE_ROUNDS", ROUNDS)].map(|(name, usual)| {
        std::env::var(name).map_or(usual, |value| value.parse().expect("it is a number"))
    });
    let rounds = usize::try_from(rounds).unwrap();
    run(RandomScheduler::new_from_seed(seed, rounds), execution);
    run(PctScheduler::new_from_seed(seed, PREEMPTIONS, rounds), execution);
}

fn run(scheduler: impl Scheduler + 'static, execution: fn()) {
    let mut config = Config::new();
    config.stack_size = 256 * 1024;
    config.silence_warnings = true; // That it does not know the weaker orderings: for those there is loom.
    Runner::new(scheduler, config).run(execution);
}

/// Something that has happened, or is waited for by a thread: with its hands full, as one that computes.
#[derive(Clone, Default)]
struct Fact(Arc<(Mutex<bool>, Condvar)>);

impl Fact {
    fn set(&self) {
        *self.0.0.lock().unwrap() = true;
        self.0.1.notify_all();
    }

    fn block(&self) {
        let mut is_set = self.0.0.lock().unwrap();
        while !*is_set {
            is_set = self.0.1.wait(is_set).unwrap();
        }
    }
}

/// Where a task leaves its waker for a thread.
#[derive(Clone, Default)]
struct Slot(Arc<Place>);

#[derive(Default)]
struct Place {
    bell: Mutex<Bell>,
    left: Condvar,
}

#[derive(Default)]
struct Bell {
    waker: Option<Waker>,
    was_rung: bool,
}

impl Slot {
    /// Is ready once it was rung.
    fn wait(&self) -> impl Future<Output = ()> + Send + use<> {
        let slot = self.clone();
        poll_fn(move |cx| {
            let mut state = slot.0.bell.lock().unwrap();
            if state.was_rung {
                return Poll::Ready(());
            }
            state.waker = Some(cx.waker().clone());
            drop(state);
            slot.0.left.notify_all();
            Poll::Pending
        })
    }

    /// Waits for the task's waker, and wakes it.
    fn ring(&self) {
        let mut state = self.0.bell.lock().unwrap();
        while state.waker.is_none() {
            state = self.0.left.wait(state).unwrap();
        }
        state.was_rung = true;
        let waker = state.waker.take();
        drop(state);
        waker.into_iter().for_each(Waker::wake);
    }
}

/// Counts its drops.
struct Counted(Arc<AtomicUsize>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_add(1, SeqCst);
    }
}

#[test]
fn what_is_spawned_from_outside_is_run_while_workers_go_to_sleep() {
    check(|| {
        let pool = ThreadPool::new(2).unwrap();
        let tasks = [1, 2, 3].map(|n| pool.spawn(async move { n }));
        assert_eq!(tasks.map(|task| block_on(task).unwrap()), [1, 2, 3]);
        assert_eq!(block_on(pool.spawn(async { 4 })).unwrap(), 4); // By now they may all sleep.
    });
}

#[test]
fn two_threads_spawn_at_once_and_both_have_their_outcomes() {
    check(|| {
        let pool = Arc::new(ThreadPool::new(2).unwrap());
        let theirs = Arc::clone(&pool);
        let other = thread::spawn(move || block_on(theirs.spawn(async { 1 })).unwrap());
        assert_eq!(block_on(pool.spawn(async { 2 })).unwrap(), 2);
        assert_eq!(other.join().unwrap(), 1);
    });
}

#[test]
fn what_a_task_spawns_is_stolen_while_that_task_computes() {
    check(|| {
        let pool = ThreadPool::new(2).unwrap();
        let task = pool.spawn(async {
            let is_done = Fact::default();
            let theirs = is_done.clone();
            let child = spawn_on_pool(async move { theirs.set() });
            is_done.block(); // This worker does nothing else: the other one has to.
            child.await.unwrap();
        });
        block_on(task).unwrap();
    });
}

/// Spawns two tasks, and returns what awaits both.
fn two_of_which_the_first_blocks_until_the_second_has_run(
    pool: &ThreadPool,
) -> impl Future<Output = (Result<(), JoinError>, Result<(), JoinError>)> + use<> {
    let is_done = Fact::default();
    let theirs = is_done.clone();
    let first = pool.spawn(async move { theirs.block() });
    let second = pool.spawn(async move { is_done.set() });
    join(first, second)
}

#[test]
fn of_two_tasks_spawned_outside_the_second_does_not_wait_behind_the_first() {
    check(|| {
        let pool = ThreadPool::new(2).unwrap();
        block_on(two_of_which_the_first_blocks_until_the_second_has_run(&pool)).0.unwrap();
    });
}

/// Of three, one worker takes a batch of two. The one that stays behind in its queue is the other worker's to steal, even if
/// that one has looked for work at the moment when the batch was in nobody's queue, and has gone to sleep.
#[test]
fn what_comes_in_a_batch_does_not_wait_behind_the_first_of_it() {
    check(|| {
        let pool = ThreadPool::new(2).unwrap();
        let two = two_of_which_the_first_blocks_until_the_second_has_run(&pool);
        let third = pool.spawn(async {});
        block_on(join(two, third)).1.unwrap();
    });
}

#[test]
fn three_tasks_that_wait_for_each_other_with_their_hands_full_have_a_worker_each() {
    check(|| {
        let pool = ThreadPool::new(3).unwrap();
        let (one, two) = (Fact::default(), Fact::default());
        let task = pool.spawn(async move {
            let (ones, twos) = (one.clone(), two.clone());
            let first = spawn_on_pool(async move {
                ones.set();
                twos.block();
            });
            let second = spawn_on_pool(async move {
                one.block();
                two.set();
            });
            (first.await.unwrap(), second.await.unwrap())
        });
        block_on(task).unwrap();
    });
}

#[test]
fn tasks_woken_from_outside_while_workers_go_to_sleep_go_on() {
    check(|| {
        let pool = ThreadPool::new(2).unwrap();
        let slots = [Slot::default(), Slot::default()];
        let tasks = slots.each_ref().map(|slot| pool.spawn(slot.wait()));
        let others = slots.map(|slot| thread::spawn(move || slot.ring()));
        tasks.into_iter().for_each(|task| block_on(task).unwrap());
        others.into_iter().for_each(|other| other.join().unwrap());
    });
}

#[test]
fn a_pool_that_ends_drops_each_future_once_whatever_it_does_then() {
    check(|| {
        let drops = Arc::new(AtomicUsize::new(0));
        let pool = ThreadPool::new(2).unwrap();
        let slot = Slot::default();
        let waits = pool.spawn({
            let (counted, waiting) = (Counted(Arc::clone(&drops)), slot.wait());
            async move {
                waiting.await;
                drop(counted);
            }
        });
        let spawns = pool.spawn({
            let (counted, drops) = (Counted(Arc::clone(&drops)), Arc::clone(&drops));
            async move {
                let child = spawn_on_pool(async move {
                    step2::yield_now().await;
                    drop(counted);
                });
                _ = child.await;
                drop(Counted(drops));
            }
        });
        let rings = thread::spawn(move || slot.ring_if_there());
        pool.shutdown();
        rings.join().unwrap();
        assert!(matches!(block_on(waits), Ok(()) | Err(JoinError::Cancelled)));
        let all = if block_on(spawns).is_ok() { 3 } else { drops.load(SeqCst) };
        assert_eq!(drops.load(SeqCst), all);
        assert!(all == 2 || all == 3, "{all}: each once");
    });
}

impl Slot {
    /// Wakes the task if it waits.
    fn ring_if_there(&self) {
        let mut state = self.0.bell.lock().unwrap();
        state.was_rung = true;
        let waker = state.waker.take();
        drop(state);
        waker.into_iter().for_each(Waker::wake);
    }
}

#[test]
fn a_task_aborted_while_it_is_stolen_or_runs_ends_once() {
    check(|| {
        let drops = Arc::new(AtomicUsize::new(0));
        let pool = ThreadPool::new(2).unwrap();
        let counted = Counted(Arc::clone(&drops));
        let task = pool.spawn(async move {
            step2::yield_now().await;
            drop(counted);
        });
        task.abort();
        assert!(matches!(block_on(task), Ok(()) | Err(JoinError::Cancelled)));
        drop(pool);
        assert_eq!(drops.load(SeqCst), 1);
    });
}

/// A pool that did not cancel it would leave whoever awaits it waiting for ever: its site may be over by then, and its workers gone.
#[test]
fn what_a_task_spawns_while_its_pool_ends_is_cancelled() {
    check(|| {
        let pool = ThreadPool::new(2).unwrap();
        let child = Arc::new(Mutex::new(None));
        let place = Arc::clone(&child);
        drop(pool.spawn(async move {
            *place.lock().unwrap() = Some(spawn_on_pool(std::future::pending::<()>()));
        }));
        pool.shutdown();
        let child = child.lock().unwrap().take();
        assert!(child.is_none_or(|child| matches!(block_on(child), Err(JoinError::Cancelled))));
    });
}

#[test]
fn a_pool_dropped_by_its_own_task_ends() {
    check(|| {
        let pool = ThreadPool::new(2).unwrap();
        let (sender, receiver) = step2::oneshot::<ThreadPool>();
        let gone = Fact::default();
        let told = gone.clone();
        let task = pool.spawn(async move {
            drop(receiver.await);
            told.set();
            step2::yield_now().await; // It was aborted with all others.
        });
        assert!(sender.send(pool).is_ok());
        gone.block();
        assert!(matches!(block_on(task), Ok(()) | Err(JoinError::Cancelled)));
    });
}

#[test]
fn a_task_spawned_while_the_pool_ends_is_run_or_cancelled() {
    check(|| {
        let pool = Arc::new(ThreadPool::new(2).unwrap());
        let theirs = Arc::clone(&pool);
        let other = thread::spawn(move || theirs.spawn(async { 7 }));
        drop(pool); // One of the two is the last.
        let task = other.join().unwrap();
        assert!(matches!(block_on(task), Ok(7) | Err(JoinError::Cancelled)));
    });
}
