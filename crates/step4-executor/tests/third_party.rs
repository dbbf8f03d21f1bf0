//! Futures that others have written, inside our tasks: all that they and we share is `Future`, `Waker` and `futures-io`.
#![allow(clippy::unwrap_used, reason = "a test may")]

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use futures::channel::{mpsc, oneshot};
use futures::future::{self, FutureExt, Shared};
use futures::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use futures::stream::{FuturesUnordered, StreamExt};
use futures::{AsyncRead, SinkExt, pin_mut};
use step2::{block_on, yield_now};
use step3::{Clock, ManualClock, now, sleep};
use step4::{EventLoop, TcpListener, TcpStream, ThreadPool, run, spawn, spawn_on_pool};

const SECOND: Duration = Duration::from_secs(1);

/// Runs `main` on a clock that moves only as the loop sleeps.
fn run_at_once<F: Future + 'static>(main: F) -> F::Output {
    EventLoop::with_clock(Clock::from(&ManualClock::new())).unwrap().run(main)
}

async fn sleeper(seconds: u32) -> u32 {
    sleep(seconds * SECOND).await;
    seconds
}

/// Connects two streams.
async fn pair() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    (client, listener.accept().await.unwrap().0)
}

#[test]
fn the_macro_join_awaits_our_sleeps_and_our_handles_together() {
    run_at_once(async {
        let task = spawn(sleeper(2));
        let (a, b, c) = futures::join!(sleeper(1), task, sleeper(3));
        assert_eq!((a, b.unwrap(), c), (1, 2, 3));
        assert_eq!(now(), 3 * SECOND);
    });
}

#[test]
fn the_macro_select_takes_the_first_and_the_other_goes_on() {
    run_at_once(async {
        let slow = sleeper(2).fuse();
        let fast = spawn(sleeper(1)).fuse();
        pin_mut!(slow, fast);
        let first = futures::select! {
            seconds = slow => seconds,
            outcome = fast => outcome.unwrap(),
        };
        assert_eq!((first, now()), (1, SECOND));
        assert_eq!(slow.await, 2);
        assert_eq!(now(), 2 * SECOND);
    });
}

#[test]
fn futures_unordered_hands_out_ours_as_they_come() {
    run_at_once(async {
        let mut all: FuturesUnordered<_> =
            [3, 1, 2].map(|seconds| spawn(sleeper(seconds))).into_iter().collect();
        let mut order = Vec::new();
        while let Some(outcome) = all.next().await {
            order.push(outcome.unwrap());
        }
        assert_eq!(order, [1, 2, 3]);
    });
}

#[test]
fn futures_unordered_of_finished_tasks_lets_others_run() {
    run(async {
        let tasks: Vec<_> = (0..5_000).map(|_| spawn(async {})).collect();
        while tasks.iter().any(|task| !task.is_finished()) {
            yield_now().await;
        }
        let turns = Rc::new(Cell::new(0));
        let counter = Rc::clone(&turns);
        let other = spawn(async move {
            loop {
                counter.set(counter.get() + 1);
                yield_now().await;
            }
        });
        let taken = tasks.into_iter().collect::<FuturesUnordered<_>>().count().await;
        other.abort();
        assert_eq!(taken, 5_000);
        assert!(turns.get() >= 5_000 / 128, "{} turns", turns.get());
    });
}

#[test]
fn a_bounded_channel_carries_items_between_tasks_and_holds_the_sender_back() {
    run_at_once(async {
        let (mut sender, mut receiver) = mpsc::channel(1);
        let sent = Rc::new(Cell::new(0));
        let count = Rc::clone(&sent);
        let producer = spawn(async move {
            for n in 0..100 {
                sender.send(n).await.unwrap();
                count.set(n + 1);
            }
        });
        sleep(SECOND).await;
        assert!(sent.get() <= 2, "{} items, for one that fits", sent.get());
        let mut received = Vec::new();
        while let Some(n) = receiver.next().await {
            received.push(n);
        }
        producer.await.unwrap();
        assert_eq!(received, (0..100).collect::<Vec<_>>());
    });
}

#[test]
fn a_channel_carries_items_from_the_workers_of_a_pool_to_a_loop() {
    let pool = ThreadPool::new(2).unwrap();
    let sum = run(async move {
        let (sender, receiver) = mpsc::unbounded();
        for n in 0..1_000_u32 {
            let sender = sender.clone();
            drop(pool.spawn(async move {
                yield_now().await;
                sender.unbounded_send(n).unwrap();
            }));
        }
        drop(sender);
        receiver.fold(0, |sum, n| future::ready(sum + n)).await
    });
    assert_eq!(sum, 499_500);
}

#[test]
fn a_oneshot_of_theirs_wakes_a_task_of_ours() {
    run_at_once(async {
        let (sender, receiver) = oneshot::channel();
        let task = spawn(receiver);
        sleep(SECOND).await;
        sender.send(7).unwrap();
        assert_eq!(task.await.unwrap(), Ok(7));
        let (sender, receiver) = oneshot::channel::<u32>();
        drop(sender);
        assert_eq!(receiver.await, Err(oneshot::Canceled));
    });
}

#[test]
fn many_tasks_await_one_shared_future_and_are_woken_in_order() {
    run_at_once(async {
        let shared: Shared<_> = sleeper(1).shared();
        let waiters: Vec<_> = (0..10).map(|_| spawn(shared.clone())).collect();
        for waiter in waiters {
            assert_eq!(waiter.await.unwrap(), 1);
        }
        assert_eq!(now(), SECOND);
    });
}

#[test]
fn an_abortable_future_of_theirs_ends_inside_our_task() {
    run_at_once(async {
        let (work, handle) = future::abortable(sleeper(3600));
        let task = spawn(work);
        sleep(SECOND).await;
        handle.abort();
        assert_eq!(task.await.unwrap(), Err(future::Aborted));
        assert_eq!(now(), SECOND);
    });
}

#[test]
fn copy_moves_bytes_from_stream_to_stream() {
    run(async {
        let ((source, middle_in), (middle_out, sink)) = (pair().await, pair().await);
        let copying = spawn(async move {
            let copied = futures::io::copy(middle_in, &mut &middle_out).await.unwrap();
            AsyncWriteExt::close(&mut &middle_out).await.unwrap();
            copied
        });
        let reading = spawn(async move {
            let mut bytes = Vec::new();
            (&sink).read_to_end(&mut bytes).await.unwrap();
            bytes
        });
        let bytes: Vec<u8> = (0..1_000_000_u32).map(|n| (n % 253) as u8).collect();
        source.write_all(&bytes).await.unwrap();
        drop(source);
        assert_eq!(copying.await.unwrap(), 1_000_000);
        assert!(reading.await.unwrap() == bytes);
    });
}

#[test]
fn lines_are_read_through_a_buffer_of_theirs() {
    /// Reads lines from anything that can be read.
    async fn lines(from: impl AsyncRead + Unpin) -> Vec<String> {
        BufReader::new(from).lines().map(Result::unwrap).collect().await
    }
    run(async {
        let (client, server) = pair().await;
        let reading = spawn(lines(server));
        for part in ["he", "llo\nwor", "ld\nthe end"] {
            client.write_all(part.as_bytes()).await.unwrap();
            yield_now().await;
        }
        drop(client);
        assert_eq!(reading.await.unwrap(), ["hello", "world", "the end"]);
    });
}

#[test]
fn a_stream_that_is_split_is_read_by_one_task_and_written_by_another() {
    run(async {
        let (client, server) = pair().await;
        let echo = spawn(async move {
            let (reader, mut writer) = server.split();
            let copied = futures::io::copy(reader, &mut writer).await.unwrap();
            writer.close().await.unwrap();
            copied
        });
        let (mut reader, mut writer) = client.split();
        let writing = spawn(async move {
            writer.write_all(&[7; 300_000]).await.unwrap();
            writer.close().await.unwrap();
        });
        let mut bytes = Vec::new();
        reader.read_to_end(&mut bytes).await.unwrap();
        assert!(bytes == [7; 300_000]);
        writing.await.unwrap();
        assert_eq!(echo.await.unwrap(), 300_000);
    });
}

#[test]
fn our_handles_are_awaited_by_an_executor_of_theirs() {
    let pool = ThreadPool::new(2).unwrap();
    let inner = pool.spawn(async { spawn_on_pool(async { 42 }).await.unwrap() });
    assert_eq!(block_on(future::join(inner, future::ready(1))).0.unwrap(), 42);
}
