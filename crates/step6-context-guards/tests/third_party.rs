//! Libraries of others inside our tasks, and our locks and contexts around and inside theirs: all we share is `Future`.
#![allow(clippy::unwrap_used, reason = "a test may")]

mod support;

use std::rc::Rc;
use std::sync::Arc;

use futures::future::{self, FutureExt, Shared};
use futures::stream::{self, FuturesUnordered, StreamExt, TryStreamExt};
use futures::{lock as futures_lock, pin_mut};
use step2::yield_now;
use step3::{Elapsed, now, sleep};
use step4::{ThreadPool, gather, spawn};
use step5::{AsyncIterator, channel, for_await, from_stream};
use step6::{Barrier, ErrorGroup, Event, Mutex, RwLock, Semaphore, TaskGroup, time_limit, with};
use support::{DONE, Logged, SECOND, hold, log_of, run, sleeper, timed_log_of};

// Their channels and locks in our tasks.

#[test]
fn an_async_channel_joins_two_tasks_and_holds_the_faster_one_back() {
    let lines = log_of(async |log| {
        let (sender, receiver) = async_channel::bounded(1);
        let lines = log.clone();
        let producer = spawn(async move {
            for n in 0..3 {
                sender.send(n).await.unwrap();
                lines.say(format_args!("sent {n}"));
            }
        });
        for_await!(n in from_stream(receiver) => {
            log.say(format_args!("received {n}"));
            sleep(SECOND).await;
        });
        producer.await.unwrap();
    });
    assert_eq!(lines.len(), 6);
    let at = |line: &str| lines.iter().position(|it| it == line).unwrap();
    assert!(at("received 0") < at("sent 2"), "there is room for one");
    assert!(at("received 0") < at("received 1") && at("received 1") < at("received 2"));
}

#[test]
#[cfg_attr(miri, ignore = "the library behind the pool's queues is unsound in the eyes of Miri")]
fn an_async_channel_joins_a_task_of_a_pool_and_one_of_the_loop() {
    let pool = ThreadPool::new(2).unwrap();
    let sum = run(async move {
        let (sender, receiver) = async_channel::bounded(4);
        let producer = pool.spawn(async move {
            for n in 0..1_000_u32 {
                sender.send(n).await.unwrap();
            }
        });
        let sum = from_stream(receiver).fold(0, |sum, n| sum + n).await;
        producer.await.unwrap();
        sum
    });
    assert_eq!(sum, 499_500);
}

#[test]
fn a_mutex_of_theirs_is_held_across_an_await() {
    run(async {
        let balance = Rc::new(async_lock::Mutex::new(0));
        let deposits = (0..100).map(|_| {
            let balance = Rc::clone(&balance);
            spawn(async move {
                let mut balance = balance.lock().await;
                let read = *balance;
                yield_now().await;
                *balance = read + 1;
            })
        });
        gather(deposits).await.unwrap();
        assert_eq!(*balance.lock().await, 100);
    });
}

#[test]
fn a_mutex_of_futures_is_held_across_an_await() {
    run(async {
        let balance = Rc::new(futures_lock::Mutex::new(0));
        let deposits = (0..100).map(|_| {
            let balance = Rc::clone(&balance);
            spawn(async move {
                let mut balance = balance.lock().await;
                let read = *balance;
                yield_now().await;
                *balance = read + 1;
            })
        });
        gather(deposits).await.unwrap();
        assert_eq!(*balance.lock().await, 100);
    });
}

#[test]
fn a_semaphore_of_theirs_lets_so_many_on_at_once() {
    let lines = timed_log_of(async |log| {
        let semaphore = Rc::new(async_lock::Semaphore::new(2));
        let tasks = ["a", "b", "c"].map(|name| {
            let (semaphore, log) = (Rc::clone(&semaphore), log.clone());
            spawn(async move {
                let _permit = semaphore.acquire().await;
                log.say(name);
                sleep(SECOND).await;
            })
        });
        gather(tasks).await.unwrap();
    });
    assert_eq!(lines, ["a at 0", "b at 0", "c at 1"]);
}

#[test]
fn a_lock_of_theirs_for_readers_and_writers_works_in_our_tasks() {
    run(async {
        let lock = Rc::new(async_lock::RwLock::new(0));
        let (one, another) = (lock.read().await, lock.read().await);
        let theirs = Rc::clone(&lock);
        let writer = spawn(async move { *theirs.write().await += 1 });
        sleep(SECOND).await;
        assert!(!writer.is_finished());
        drop((one, another));
        writer.await.unwrap();
        assert_eq!(*lock.read().await, 1);
    });
}

#[test]
fn a_barrier_of_theirs_lets_our_tasks_go_together() {
    run(async {
        let barrier = Rc::new(async_lock::Barrier::new(3));
        let tasks = [1, 2, 3].map(|seconds| {
            let barrier = Rc::clone(&barrier);
            spawn(async move {
                sleep(seconds * SECOND).await;
                let leads = barrier.wait().await.is_leader();
                (leads, now())
            })
        });
        let outcomes = gather(tasks).await.unwrap();
        assert!(outcomes.iter().all(|&(_, at)| at == 3 * SECOND));
        assert_eq!(outcomes.iter().filter(|(leads, _)| *leads).count(), 1);
    });
}

#[test]
fn a_cell_of_theirs_is_filled_once_by_whoever_comes_first() {
    let lines = timed_log_of(async |log| {
        let cell = Rc::new(async_lock::OnceCell::new());
        let tasks = [1, 2, 3].map(|n| {
            let (cell, log) = (Rc::clone(&cell), log.clone());
            spawn(async move {
                let fill = async {
                    log.say(format_args!("filled by {n}"));
                    sleep(SECOND).await;
                    n
                };
                *cell.get_or_init(|| fill).await
            })
        });
        assert_eq!(gather(tasks).await.unwrap(), [1, 1, 1]);
        log.say("all have it");
    });
    assert_eq!(lines, ["filled by 1 at 0", "all have it at 1"]);
}

// Their adapters over our channel.

#[test]
fn their_adapters_go_over_our_channel() {
    run(async {
        let (sender, receiver) = channel(2);
        let producer = spawn(async move {
            for n in 0..10 {
                sender.send(n).await.unwrap();
            }
        });
        let squares = receiver.into_stream().map(|n| n * n).filter(|n| future::ready(n % 2 == 0));
        assert_eq!(squares.collect::<Vec<_>>().await, [0, 4, 16, 36, 64]);
        producer.await.unwrap();
    });
}

#[test]
fn their_concurrency_over_our_channel_is_limited_by_our_semaphore() {
    run(async {
        let (sender, receiver) = channel(100);
        for n in 0..6_u32 {
            sender.send(n).await.unwrap();
        }
        drop(sender);
        let semaphore = Semaphore::new(2);
        let work = async |n: u32| {
            let _permit = semaphore.acquire().await;
            sleep(SECOND).await;
            n
        };
        let done = receiver.into_stream().map(work).buffer_unordered(6).collect::<Vec<_>>().await;
        assert_eq!((done.len(), now()), (6, 3 * SECOND));
    });
}

#[test]
fn their_select_all_merges_channels_of_ours() {
    run(async {
        let (receivers, tasks): (Vec<_>, Vec<_>) = [3, 1, 2]
            .map(|seconds| {
                let (sender, receiver) = channel(1);
                let task = spawn(async move {
                    sleep(seconds * SECOND).await;
                    sender.send(seconds).await.unwrap();
                });
                (receiver.into_stream(), task)
            })
            .into_iter()
            .unzip();
        let merged: Vec<_> = stream::select_all(receivers).collect().await;
        assert_eq!(merged, [1, 2, 3]);
        gather(tasks).await.unwrap();
    });
}

// Our contexts around their futures.

#[test]
fn a_with_around_a_future_of_theirs_is_left_when_that_fails() {
    let lines = log_of(async |log| {
        let outcome = with(Logged::new("a", &log), async |_| {
            let numbers = stream::iter([Ok(1), Err("no bread"), Ok(3)]);
            numbers.try_fold(0, async |sum, n| Ok(sum + n)).await
        });
        assert_eq!(outcome.await, Err("no bread"));
    });
    assert_eq!(lines, ["enter a", "exit a: failed \"no bread\""]);
}

#[test]
fn a_with_inside_a_future_of_theirs_is_left_when_that_is_aborted() {
    let lines = log_of(async |log| {
        let (work, handle) = future::abortable(hold(Logged::new("a", &log)));
        let task = spawn(work);
        yield_now().await;
        handle.abort();
        assert_eq!(task.await.unwrap(), Err(future::Aborted));
    });
    assert_eq!(lines, ["enter a", "exit a: cancelled"]);
}

#[test]
fn withs_inside_their_set_are_left_before_the_with_around_it() {
    let lines = timed_log_of(async |log| {
        let body = async |_: &mut _| {
            let mut all: FuturesUnordered<_> =
                ["b", "c"].map(|name| hold(Logged::new(name, &log).exits_in(5))).into_iter().collect();
            assert!(futures::poll!(all.next()).is_pending());
            sleep(SECOND).await;
            DONE
        };
        with(Logged::new("a", &log), body).await.unwrap();
    });
    assert_eq!(lines.iter().filter(|line| line.starts_with("left") && line.ends_with("at 6")).count(), 2);
    assert_eq!(lines.last().unwrap(), "exit a: returned at 6");
}

#[test]
fn a_task_group_awaits_streams_of_theirs() {
    let outcome: Result<u32, ErrorGroup<&str>> = run(with(TaskGroup::new(), async |group| {
        let sums: Vec<_> = [1, 2]
            .map(|factor| {
                group.spawn(async move {
                    stream::iter([1, 2, 3]).map(Ok).try_fold(0, async |sum, n| Ok(sum + factor * n)).await
                })
            })
            .into();
        let mut total = 0;
        for sum in sums {
            total += sum.await.unwrap_or_default();
        }
        Ok(total)
    }));
    assert_eq!(outcome.unwrap(), 18);
}

#[test]
fn a_time_limit_of_ours_ends_a_stream_of_theirs() {
    run(async {
        let outcome = with(time_limit(SECOND), async |_| {
            stream::pending::<()>().next().await;
            Ok::<_, Elapsed>(())
        });
        assert_eq!(outcome.await, Err(Elapsed));
    });
}

// Their combinators around our futures.

#[test]
fn the_macro_join_awaits_our_locks_together() {
    run(async {
        let (mutex, semaphore, event, barrier) =
            (Mutex::new(1), Semaphore::new(1), Event::new(), Barrier::new(2));
        event.set();
        let (guard, permit, (), first, second) =
            futures::join!(mutex.lock(), semaphore.acquire(), event.wait(), barrier.wait(), barrier.wait());
        assert_eq!((*guard, semaphore.free(), first, second), (1, 0, 0, 1));
        drop(permit);
    });
}

#[test]
fn the_macro_select_drops_the_waiter_that_has_lost_and_it_costs_nothing() {
    run(async {
        let mutex = Rc::new(Mutex::new(7));
        let guard = mutex.lock().await;
        {
            let (lock, nap) = (mutex.lock().fuse(), sleep(SECOND).fuse());
            pin_mut!(lock, nap);
            futures::select! {
                _guard = lock => unreachable!("we hold it"),
                () = nap => {}
            }
        }
        drop(guard);
        assert!(!mutex.is_locked());
    });
}

#[test]
fn the_macro_select_takes_whichever_of_our_locks_is_free_first() {
    run(async {
        let lock = Arc::new(RwLock::new(7));
        let event = Rc::new(Event::new());
        let writing = lock.write().await;
        let theirs = Rc::clone(&event);
        let setter = spawn(async move {
            sleep(SECOND).await;
            theirs.set();
        });
        let which = {
            let (read, wait) = (lock.read().fuse(), event.wait().fuse());
            pin_mut!(read, wait);
            futures::select! {
                _guard = read => "read",
                () = wait => "event",
            }
        };
        assert_eq!((which, now()), ("event", SECOND));
        drop(writing);
        assert!(lock.try_write().is_some(), "the reader that lost has left the line");
        setter.await.unwrap();
    });
}

#[test]
fn futures_unordered_grants_our_lock_in_the_order_of_the_first_polls() {
    run(async {
        let mutex = Mutex::new(Vec::new());
        let mut all: FuturesUnordered<_> = (0..5)
            .map(|n| {
                let mutex = &mutex;
                async move {
                    let mut order = mutex.lock().await;
                    yield_now().await;
                    order.push(n);
                }
            })
            .collect();
        while all.next().await.is_some() {}
        drop(all);
        let order = mutex.into_inner();
        assert_eq!(order, [0, 1, 2, 3, 4]);
    });
}

#[test]
fn a_shared_future_of_theirs_around_our_handle_lets_all_who_wait_go() {
    run(async {
        let shared: Shared<_> = sleeper(1).map(|outcome| outcome.map_err(|_| ())).shared();
        let waiters: Vec<_> = (0..5).map(|_| spawn(shared.clone())).collect();
        for outcome in gather(waiters).await.unwrap() {
            assert_eq!(outcome, Ok(1));
        }
    });
}
