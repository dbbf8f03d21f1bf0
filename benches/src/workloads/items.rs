//! The numbers from 1 to so many, from whoever makes them to whoever iterates. Returns their sum.
//!
//! `cargo run --profile bench -p benches --bin steps -- items`
//!
//! Nothing has to wait for the numbers. So what is measured is the way from one to the other.

use std::hint::black_box;
use std::sync::mpsc::sync_channel;

use step4::{ThreadPool, spawn};
use step5::{AsyncIterator, Receiver, Sender, channel, for_await, from_iter, from_thread, generator};

use crate::{Setting, Workload, run};

/// As many as step 5's blocking producers may be ahead.
const AHEAD: usize = step5::producer::AHEAD;

/// Makes the numbers; the compiler does not know that it could add them up at once.
fn numbers(items: usize) -> impl Iterator<Item = u64> {
    (1..=items as u64).map(black_box)
}

async fn sum(items: impl AsyncIterator<Item = u64>) -> u64 {
    let mut sum = 0;
    for_await!(item in items => { sum += item; });
    sum
}

fn from_a_thread_by_a_channel(items: usize) -> u64 {
    let (sender, receiver) = sync_channel(AHEAD);
    let sending = run::thread(move || {
        numbers(items).for_each(|item| sender.send(item).expect("the receiver takes them all"));
        0
    });
    receiver.into_iter().sum::<u64>() + run::join_thread(sending)
}

async fn send(items: usize, sender: Sender<u64>) -> u64 {
    for item in numbers(items) {
        sender.send(item).await.expect("the receiver takes them all");
    }
    0
}

/// Makes a channel, and two futures for its ends.
fn both_ends(items: usize) -> (impl Future<Output = u64> + Send, impl Future<Output = u64> + Send) {
    let (sender, receiver): (_, Receiver<u64>) = channel(AHEAD);
    (send(items, sender), sum(receiver))
}

async fn two_tasks(items: usize) -> u64 {
    let (sending, receiving) = both_ends(items);
    let sending = spawn(sending);
    receiving.await + sending.await.expect("it does not fail")
}

fn two_tasks_on_workers(items: usize) -> u64 {
    let pool = ThreadPool::new(run::WORKERS).expect("the system gives a few selectors and threads");
    let (sending, receiving) = both_ends(items);
    step2::block_on(run::gathered([pool.spawn(sending), pool.spawn(receiving)]))
}

fn generated(items: usize) -> impl AsyncIterator<Item = u64> {
    generator(move |y| async move {
        for item in numbers(items) {
            y.emit(item).await;
        }
    })
}

fn produced(items: usize) -> impl AsyncIterator<Item = u64> {
    from_thread(move |producer| {
        for item in numbers(items) {
            assert!(producer.emit(item).is_continue(), "the consumer takes them all");
        }
    })
}

pub(crate) fn make(items: usize, _: &Setting) -> Workload {
    let what = format!("the numbers from 1 to {items}; returns their sum");
    Workload::new(what, items * (items + 1) / 2)
        .way(1, "iterator", move || numbers(items).sum())
        .way(1, "a thread, a channel of 32", move || from_a_thread_by_a_channel(items))
        .way(5, "event loop, from_iter", move || step4::run(sum(from_iter(numbers(items)))))
        .way(5, "event loop, generator", move || step4::run(sum(generated(items))))
        .way(5, "event loop, a channel of 32", move || step4::run(two_tasks(items)))
        .way(5, "thread pool, a channel of 32", move || two_tasks_on_workers(items))
        .way(5, "event loop, from_thread", move || step4::run(sum(produced(items))))
}
