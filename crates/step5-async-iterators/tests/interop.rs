//! Streams of others as our async iterators, and ours as their streams: neither side knows of the other.
#![allow(clippy::unwrap_used, reason = "a test may")]

mod support;

use std::cell::Cell;
use std::num::ParseIntError;
use std::rc::Rc;

use futures::channel::mpsc;
use futures::stream::{self, FuturesUnordered, StreamExt, TryStreamExt};
use step3::{now, sleep};
use step4::{ThreadPool, spawn};
use step5::{AsyncIterator, for_await, from_iter, from_stream};
use support::{SECOND, run, sleeper, slowly, turns_beside};

// Ours as streams.

#[test]
fn their_buffers_run_the_futures_of_our_iterator() {
    run(async {
        let naps = || from_iter([3, 1, 2]).map(sleeper).into_stream();
        assert_eq!(naps().buffer_unordered(3).collect::<Vec<_>>().await, [1, 2, 3]);
        assert_eq!(now(), 3 * SECOND);
        assert_eq!(naps().buffered(3).collect::<Vec<_>>().await, [3, 1, 2]);
        assert_eq!(now(), 6 * SECOND);
    });
}

#[test]
fn their_chunks_gather_our_items() {
    run(async {
        let chunks = slowly([1, 1, 2]).into_stream().chunks(2);
        assert_eq!(chunks.collect::<Vec<_>>().await, [vec![1, 1], vec![2]]);
    });
}

#[test]
fn their_ready_chunks_take_what_is_there_and_wait_for_no_more() {
    run(async {
        let items = from_iter([1, 2]).chain(slowly([1, 1]));
        let chunks = items.into_stream().ready_chunks(10);
        assert_eq!(chunks.collect::<Vec<_>>().await, [vec![1, 2], vec![1], vec![1]]);
    });
}

#[test]
fn their_select_all_waits_for_many_of_ours_at_once() {
    run(async {
        let sources = [slowly([3, 3]), slowly([1, 1]), slowly([5])];
        let all = stream::select_all(sources.map(AsyncIterator::into_stream));
        let timed: Vec<_> = all.map(|seconds| (seconds, now().as_secs())).collect().await;
        assert_eq!(timed, [(1, 1), (1, 2), (3, 3), (5, 5), (3, 6)]);
    });
}

#[test]
fn their_for_each_concurrent_overlaps_what_it_does_for_each_item() {
    run(async {
        let sum = Cell::new(0);
        let add = async |seconds| {
            let slept = sleeper(seconds).await;
            sum.set(sum.get() + slept);
        };
        from_iter([1, 2, 3]).into_stream().for_each_concurrent(None, add).await;
        assert_eq!((sum.get(), now()), (6, 3 * SECOND));
    });
}

#[test]
fn their_closures_may_await_for_each_item() {
    run(async {
        let naps = from_iter([1, 2]).into_stream().then(sleeper);
        assert_eq!(naps.collect::<Vec<_>>().await, [1, 2]);
        assert_eq!(now(), 3 * SECOND);
    });
}

#[test]
fn their_adapters_for_results_stop_at_our_first_error() {
    run(async {
        let numbers = |words: &'static [&str]| from_iter(words).map(|word| word.parse::<u32>()).into_stream();
        let all: Result<Vec<_>, ParseIntError> = numbers(&["1", "2"]).try_collect().await;
        assert_eq!(all, Ok(vec![1, 2]));
        let all: Result<Vec<_>, ParseIntError> = numbers(&["1", "two", "3"]).try_collect().await;
        assert!(all.is_err());
    });
}

#[test]
fn our_items_flow_into_a_sink_of_theirs_no_faster_than_it_takes_them() {
    run(async {
        let taken = Rc::new(Cell::new(0));
        let count = Rc::clone(&taken);
        let (sender, receiver) = mpsc::channel(1);
        let counted = from_iter(1..=100).map(move |n| {
            count.set(n);
            Ok(n)
        });
        let sending = spawn(counted.into_stream().forward(sender));
        sleep(SECOND).await;
        assert!(
            taken.get() <= 3,
            "{} items, for one that fits, one per sender and one in the hand",
            taken.get()
        );
        let received: Vec<_> = from_stream(receiver).collect().await;
        sending.await.unwrap().unwrap();
        assert!(received.into_iter().eq(1..=100));
    });
}

#[test]
fn a_next_loop_of_theirs_over_items_that_are_always_ready_lets_other_tasks_run() {
    run(async {
        let turns = turns_beside(async {
            let mut items = from_iter(0..10_000).into_stream();
            while let Some(_n) = StreamExt::next(&mut items).await {}
        });
        assert!(turns.await >= 10_000 / 128);
    });
}

// Theirs as async iterators.

#[test]
fn a_stream_of_theirs_that_must_not_move_runs_in_our_loop() {
    run(async {
        let squares = stream::unfold(1, |n| async move {
            sleep(SECOND).await;
            (n <= 3).then_some((n * n, n + 1))
        });
        let mut seen = Vec::new();
        for_await!(n in from_stream(squares) => {
            seen.push((n, now().as_secs()));
        });
        assert_eq!(seen, [(1, 1), (4, 2), (9, 3)]);
    });
}

#[test]
fn their_futures_unordered_is_an_iterator_of_outputs() {
    run(async {
        let naps: FuturesUnordered<_> = [3, 1, 2].map(sleeper).into_iter().collect();
        assert_eq!(from_stream(naps).collect::<Vec<_>>().await, [1, 2, 3]);
        assert_eq!(now(), 3 * SECOND);
    });
}

#[test]
fn our_loop_over_a_stream_that_is_always_ready_lets_other_tasks_run() {
    run(async {
        let turns = turns_beside(async {
            for_await!(_n in from_stream(stream::iter(0..10_000)) => {});
        });
        assert!(turns.await >= 10_000 / 128);
    });
}

#[test]
fn a_channel_of_theirs_carries_items_between_our_tasks_and_holds_the_sender_back() {
    run(async {
        let sent = Rc::new(Cell::new(0));
        let count = Rc::clone(&sent);
        let (sender, receiver) = async_channel::bounded(2);
        let producer = spawn(async move {
            for n in 1..=100 {
                sender.send(n).await.unwrap();
                count.set(n);
            }
        });
        sleep(SECOND).await;
        assert_eq!(sent.get(), 2);
        let mut received = Vec::new();
        for_await!(n in from_stream(receiver) => {
            received.push(n);
        });
        producer.await.unwrap();
        assert!(received.into_iter().eq(1..=100));
    });
}

#[test]
#[cfg_attr(miri, ignore = "the library behind the pool's queues is unsound in the eyes of Miri")]
fn the_workers_of_a_pool_share_a_channel_of_theirs_with_a_loop() {
    let pool = ThreadPool::new(2).unwrap();
    let sum = run(async move {
        let (sender, receiver) = async_channel::bounded(8);
        let add = |sum, n: u32| sum + n;
        let workers = [(); 4].map(|()| pool.spawn(from_stream(receiver.clone()).fold(0, add)));
        for n in 0..1_000 {
            sender.send(n).await.unwrap();
        }
        drop(sender);
        from_iter(workers).buffered(4).map(Result::unwrap).fold(0, add).await
    });
    assert_eq!(sum, 499_500);
}

#[test]
fn there_and_back_gives_the_same_items() {
    run(async {
        let back = from_stream(slowly([1, 2]).into_stream());
        assert_eq!(back.collect::<Vec<_>>().await, [1, 2]);
        let back = from_stream(stream::iter([1, 2])).into_stream();
        assert_eq!(back.collect::<Vec<_>>().await, [1, 2]);
    });
}
