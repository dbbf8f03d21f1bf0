//! Futures that others have written, inside our tasks: all that they and we share is `Future`, `Waker` and `futures-io`.
#![allow(clippy::unwrap_used, reason = "a test may")]

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::{Arc, Mutex};
use std::task::{Poll, Waker};
use std::thread;
use std::time::Duration;

use async_executor::{Executor, LocalExecutor};
use futures::channel::{mpsc, oneshot};
use futures::future::{self, Either, FutureExt, Shared};
use futures::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use futures::stream::{self, FuturesUnordered, StreamExt, TryStreamExt};
use futures::task::AtomicWaker;
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

#[test]
fn ten_thousand_handles_are_awaited_by_one_join_all() {
    run_at_once(async {
        let all = future::join_all((0..10_000_u32).map(|n| spawn(sleeper(n % 10)))).await;
        let seconds: Vec<u32> = all.into_iter().map(Result::unwrap).collect();
        assert!(seconds.into_iter().eq((0..10_000).map(|n| n % 10)));
        assert_eq!(now(), 9 * SECOND);
    });
}

#[test]
fn the_handles_that_lose_a_select_all_go_on() {
    run_at_once(async {
        let (first, at, others) = future::select_all([3, 1, 2].map(|seconds| spawn(sleeper(seconds)))).await;
        assert_eq!((first.unwrap(), at, now()), (1, 1, SECOND));
        let (second, _, others) = future::select_all(others).await;
        assert_eq!((second.unwrap(), now()), (2, 2 * SECOND));
        drop(others); // A handle that is dropped leaves its task alone.
        sleep(SECOND).await;
    });
}

#[test]
fn a_try_join_all_ends_at_the_first_error_and_the_tasks_go_on() {
    run_at_once(async {
        let done = Rc::new(Cell::new(0));
        let tasks = [1, 2, 3].map(|seconds| {
            let done = Rc::clone(&done);
            spawn(async move {
                sleep(seconds * SECOND).await;
                done.set(done.get() + 1);
                if seconds == 2 { Err("two") } else { Ok(seconds) }
            })
            .map(Result::unwrap)
        });
        assert_eq!(future::try_join_all(tasks).await, Err("two"));
        assert_eq!((now(), done.get()), (2 * SECOND, 2));
        sleep(2 * SECOND).await;
        assert_eq!(done.get(), 3);
    });
}

#[test]
fn their_buffers_run_so_many_of_our_tasks_at_once() {
    run_at_once(async {
        let (inside, most) = (Rc::new(Cell::new(0)), Rc::new(Cell::new(0)));
        let start = {
            let (inside, most) = (Rc::clone(&inside), Rc::clone(&most));
            move |seconds: u32| {
                let (inside, most) = (Rc::clone(&inside), Rc::clone(&most));
                spawn(async move {
                    inside.set(inside.get() + 1);
                    most.set(most.get().max(inside.get()));
                    sleep(seconds * SECOND).await;
                    inside.set(inside.get() - 1);
                    seconds
                })
            }
        };
        let delays = [3, 1, 2, 1, 1];
        let unordered = stream::iter(delays).map(start.clone()).buffer_unordered(2);
        assert_eq!(unordered.try_collect::<Vec<_>>().await.unwrap(), [1, 3, 2, 1, 1]);
        let ordered = stream::iter(delays).map(start).buffered(2);
        assert_eq!(ordered.try_collect::<Vec<_>>().await.unwrap(), delays);
        assert_eq!(most.get(), 2);
    });
}

#[test]
fn a_select_of_theirs_gives_back_our_handle_to_be_awaited_later() {
    run_at_once(async {
        let task = spawn(sleeper(2));
        let Either::Right(((), task)) = future::select(task, Box::pin(sleep(SECOND))).await else {
            panic!("the sleep is shorter")
        };
        assert_eq!((task.await.unwrap(), now()), (2, 2 * SECOND));
    });
}

#[test]
fn an_atomic_waker_of_theirs_wakes_whichever_of_our_tasks_came_last() {
    run_at_once(async {
        let (waker, open) = (Rc::new(AtomicWaker::new()), Rc::new(Cell::new(false)));
        let polls = Rc::new(RefCell::new(Vec::new()));
        let waits = |name: &'static str| {
            let (waker, open, polls) = (Rc::clone(&waker), Rc::clone(&open), Rc::clone(&polls));
            spawn(future::poll_fn(move |cx| {
                polls.borrow_mut().push(name);
                waker.register(cx.waker());
                if open.get() { Poll::Ready(()) } else { Poll::Pending }
            }))
        };
        let (first, last) = (waits("first"), waits("last"));
        sleep(SECOND).await;
        open.set(true);
        waker.wake();
        last.await.unwrap();
        assert_eq!(*polls.borrow(), ["first", "last", "last"]);
        first.abort();
        assert!(first.await.is_err());
    });
}

/// The mailbox through which it wakes is another loop's by then, and the task's memory another task's.
#[test]
fn wakers_of_a_loop_that_has_ended_do_nothing_to_the_next_loop_of_the_thread() {
    async fn keep_waker_in(kept: Arc<Mutex<Vec<Waker>>>) {
        future::poll_fn(|cx| {
            kept.lock().unwrap().push(cx.waker().clone());
            Poll::Ready(())
        })
        .await;
    }
    let kept: Arc<Mutex<Vec<Waker>>> = Arc::default();
    let theirs = Arc::clone(&kept);
    run(async move {
        let tasks = (0..100).map(|_| spawn(keep_waker_in(Arc::clone(&theirs))));
        future::join_all(tasks).await;
    });
    run(async move {
        let polls = Rc::new(Cell::new(0));
        let counter = Rc::clone(&polls);
        let _waiting: Vec<_> = (0..100)
            .map(|_| {
                let counter = Rc::clone(&counter);
                spawn(future::poll_fn(move |_| {
                    counter.set(counter.get() + 1);
                    Poll::<()>::Pending
                }))
            })
            .collect();
        yield_now().await;
        let elsewhere = thread::spawn(move || {
            for waker in kept.lock().unwrap().drain(..) {
                waker.wake_by_ref();
                waker.wake();
            }
        });
        step4::unblock(move || elsewhere.join().unwrap()).await;
        sleep(Duration::from_millis(1)).await;
        assert_eq!(polls.get(), 100);
    });
}

#[test]
fn block_on_of_theirs_awaits_handles_of_our_pool() {
    let pool = ThreadPool::new(2).unwrap();
    let tasks: Vec<_> = (0..1_000_u32)
        .map(|n| {
            pool.spawn(async move {
                yield_now().await;
                n
            })
        })
        .collect();
    let all = futures::executor::block_on(future::join_all(tasks));
    assert_eq!(all.into_iter().map(Result::unwrap).sum::<u32>(), 499_500);
}

#[test]
fn a_pool_of_theirs_for_one_thread_awaits_handles_of_ours() {
    use futures::task::LocalSpawnExt;
    let pool = ThreadPool::new(2).unwrap();
    let mut theirs = futures::executor::LocalPool::new();
    let sum = Rc::new(Cell::new(0));
    for n in 0..100_u32 {
        let (task, sum) = (pool.spawn(async move { n }), Rc::clone(&sum));
        let adding = async move {
            let n = task.await.unwrap();
            sum.set(sum.get() + n);
        };
        theirs.spawner().spawn_local(adding).unwrap();
    }
    theirs.run();
    assert_eq!(sum.get(), 4_950);
}

#[test]
fn an_executor_of_smol_awaits_handles_of_our_pool() {
    let (pool, smol) = (ThreadPool::new(2).unwrap(), Executor::new());
    let tasks: Vec<_> = (0..100_u32)
        .map(|n| {
            smol.spawn(pool.spawn(async move {
                sleep(Duration::from_millis(1)).await;
                n
            }))
        })
        .collect();
    let sum = block_on(smol.run(async {
        let mut sum = 0;
        for task in tasks {
            sum += task.await.unwrap();
        }
        sum
    }));
    assert_eq!(sum, 4_950);
}

#[test]
fn an_executor_of_smol_runs_inside_our_task_and_its_tasks_use_our_timers_and_handles() {
    run_at_once(async {
        let smol = LocalExecutor::new();
        let sums = smol.run(async {
            let tasks: Vec<_> = [3, 1, 2]
                .map(|seconds| {
                    smol.spawn(async move { sleeper(seconds).await + spawn(sleeper(seconds)).await.unwrap() })
                })
                .into_iter()
                .collect();
            future::join_all(tasks).await
        });
        assert_eq!(sums.await, [6, 2, 4]);
        assert_eq!(now(), 6 * SECOND);
    });
}
