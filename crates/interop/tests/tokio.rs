//! tokio beside our runtimes: its locks and channels in our tasks as they are, its sockets and timers with its runtime entered.
#![allow(clippy::unwrap_used, reason = "a test may")]

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

use interop::BesideTokio;
use step2::yield_now;
use step3::sleep;
use step4::{ThreadPool, run, spawn};
use support::{Place, any, leaves_no_descriptor, on_both};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::{Barrier, Mutex, Notify, RwLock, Semaphore, broadcast, mpsc, oneshot, watch};

on_both! {
    a_bounded_channel_holds_the_sender_back
    a_oneshot_brings_a_value_or_the_news_that_there_is_none
    a_mutex_is_held_across_an_await
    a_semaphore_lets_so_many_on
    a_lock_for_readers_and_writers_keeps_them_apart
    a_broadcast_reaches_everyone
    a_watch_shows_the_latest_value
    a_notify_wakes_the_one_that_waits
    a_barrier_lets_all_go_together
    a_task_that_is_aborted_leaves_the_line_for_their_lock
    ten_thousand_messages_without_a_pause_let_others_run
}

async fn a_bounded_channel_holds_the_sender_back<P: Place>() {
    let (sender, mut receiver) = mpsc::channel(2);
    let sent = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&sent);
    let producing = P::spawn(async move {
        for n in 0..100 {
            sender.send(n).await.unwrap();
            counter.fetch_add(1, SeqCst);
        }
    });
    sleep(Duration::from_millis(5)).await;
    assert!(sent.load(SeqCst) <= 2);
    for n in 0..100 {
        assert_eq!(receiver.recv().await, Some(n));
    }
    assert_eq!(receiver.recv().await, None);
    producing.await;
}

async fn a_oneshot_brings_a_value_or_the_news_that_there_is_none<P: Place>() {
    let (sender, receiver) = oneshot::channel();
    let waiting = P::spawn(receiver);
    yield_now().await;
    sender.send(7).unwrap();
    assert_eq!(waiting.await, Ok(7));
    let (sender, receiver) = oneshot::channel::<u32>();
    drop(sender);
    assert!(receiver.await.is_err());
}

async fn a_mutex_is_held_across_an_await<P: Place>() {
    let balance = Arc::new(Mutex::new(0));
    let deposits: Vec<_> = (0..100)
        .map(|_| {
            let balance = Arc::clone(&balance);
            P::spawn(async move {
                let mut balance = balance.lock().await;
                let read = *balance;
                yield_now().await;
                *balance = read + 1;
            })
        })
        .collect();
    for deposit in deposits {
        deposit.await;
    }
    assert_eq!(*balance.lock().await, 100);
}

async fn a_semaphore_lets_so_many_on<P: Place>() {
    let semaphore = Arc::new(Semaphore::new(3));
    let (inside, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let tasks: Vec<_> = (0..30)
        .map(|_| {
            let (semaphore, inside, most) = (Arc::clone(&semaphore), Arc::clone(&inside), Arc::clone(&most));
            P::spawn(async move {
                let _permit = semaphore.acquire().await.unwrap();
                most.fetch_max(inside.fetch_add(1, SeqCst) + 1, SeqCst);
                yield_now().await;
                inside.fetch_sub(1, SeqCst);
            })
        })
        .collect();
    for task in tasks {
        task.await;
    }
    assert!((1..=3).contains(&most.load(SeqCst)));
    assert_eq!(semaphore.available_permits(), 3);
}

async fn a_lock_for_readers_and_writers_keeps_them_apart<P: Place>() {
    let lock = Arc::new(RwLock::new(0));
    let (one, another) = (lock.read().await, lock.read().await);
    let theirs = Arc::clone(&lock);
    let writing = P::spawn(async move { *theirs.write().await += 1 });
    sleep(Duration::from_millis(2)).await;
    assert_eq!(*one, 0, "the writer waits");
    drop((one, another));
    writing.await;
    assert_eq!(*lock.read().await, 1);
}

async fn a_broadcast_reaches_everyone<P: Place>() {
    let (sender, _) = broadcast::channel(16);
    let listening: Vec<_> = (0..5)
        .map(|_| {
            let mut receiver = sender.subscribe();
            P::spawn(async move { (receiver.recv().await, receiver.recv().await) })
        })
        .collect();
    sender.send(1).unwrap();
    sender.send(2).unwrap();
    for task in listening {
        assert_eq!(task.await, (Ok(1), Ok(2)));
    }
}

async fn a_watch_shows_the_latest_value<P: Place>() {
    let (sender, mut receiver) = watch::channel(0);
    let watching = P::spawn(async move { *receiver.wait_for(|n| *n == 3).await.unwrap() });
    for n in 1..=3 {
        sender.send(n).unwrap();
        yield_now().await;
    }
    assert_eq!(watching.await, 3);
}

async fn a_notify_wakes_the_one_that_waits<P: Place>() {
    let notify = Arc::new(Notify::new());
    let theirs = Arc::clone(&notify);
    let waiting = P::spawn(async move { theirs.notified().await });
    yield_now().await;
    notify.notify_one();
    waiting.await;
}

async fn a_barrier_lets_all_go_together<P: Place>() {
    let barrier = Arc::new(Barrier::new(4));
    let others: Vec<_> = (0..3)
        .map(|_| {
            let barrier = Arc::clone(&barrier);
            P::spawn(async move { barrier.wait().await.is_leader() })
        })
        .collect();
    let mut leaders = usize::from(barrier.wait().await.is_leader());
    for other in others {
        leaders += usize::from(other.await);
    }
    assert_eq!(leaders, 1);
}

async fn a_task_that_is_aborted_leaves_the_line_for_their_lock<P: Place>() {
    let mutex = Arc::new(Mutex::new(()));
    let guard = mutex.lock().await;
    let theirs = Arc::clone(&mutex);
    let waiting = P::spawn(async move { drop(theirs.lock().await) });
    sleep(Duration::from_millis(2)).await;
    drop(waiting);
    sleep(Duration::from_millis(2)).await;
    drop(guard);
    assert_eq!(Arc::strong_count(&mutex), 1);
    assert!(mutex.try_lock().is_ok());
}

/// tokio's budget is for its own tasks alone, so in ours its channel is always ready: we give way by awaiting something of ours.
async fn ten_thousand_messages_without_a_pause_let_others_run<P: Place>() {
    let (sender, mut receiver) = mpsc::unbounded_channel();
    (0..10_000).for_each(|n| sender.send(n).unwrap());
    drop(sender);
    let turns = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&turns);
    let other = P::spawn(async move {
        loop {
            counter.fetch_add(1, SeqCst);
            yield_now().await;
        }
    });
    let mut received = 0;
    while receiver.recv().await.is_some() {
        received += 1;
        std::future::poll_fn(|cx| step4::budget::spend(cx)).await;
    }
    drop(other);
    assert_eq!(received, 10_000);
    assert!(turns.load(SeqCst) > 10, "{turns:?} turns");
}

/// A runtime of tokio's with one thread.
fn tokio_beside() -> Runtime {
    Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap()
}

#[test]
fn their_sockets_and_timers_work_in_our_tasks_with_their_runtime_entered() {
    leaves_no_descriptor(|| {
        let tokio = tokio_beside();
        let handle = tokio.handle().clone();
        run(async move {
            let (address, listening) = oneshot::channel();
            let server = spawn(BesideTokio::new(handle.clone(), async move {
                let listener = tokio::net::TcpListener::bind(any()).await.unwrap();
                address.send(listener.local_addr().unwrap()).unwrap();
                let (mut stream, _peer) = listener.accept().await.unwrap();
                let (mut reader, mut writer) = stream.split();
                tokio::io::copy(&mut reader, &mut writer).await.unwrap()
            }));
            let addr = listening.await.unwrap();
            // Our socket on one side, theirs on the other, in two tasks of one loop.
            let client = step4::TcpStream::connect(addr).await.unwrap();
            for n in 0..100_u8 {
                client.write_all(&[n; 1000]).await.unwrap();
                let mut echoed = [0; 1000];
                client.read_exact(&mut echoed).await.unwrap();
                assert_eq!(echoed, [n; 1000]);
            }
            drop(client);
            assert_eq!(server.await.unwrap(), 100_000);

            let limited = BesideTokio::new(handle, async {
                tokio::time::timeout(Duration::from_millis(5), std::future::pending::<()>()).await
            });
            assert!(limited.await.is_err());
        });
        drop(tokio);
    });
}

#[test]
fn a_task_of_theirs_is_spawned_and_awaited_from_a_task_of_ours() {
    leaves_no_descriptor(|| {
        let tokio = tokio_beside();
        let pool = ThreadPool::new(2).unwrap();
        let theirs = BesideTokio::new(tokio.handle().clone(), async {
            tokio::spawn(async {
                tokio::time::sleep(Duration::from_millis(1)).await;
                42
            })
            .await
            .unwrap()
        });
        assert_eq!(step2::block_on(pool.spawn(theirs)).unwrap(), 42);
    });
}

#[test]
fn our_handles_are_awaited_by_a_task_of_theirs() {
    leaves_no_descriptor(|| {
        let tokio = tokio_beside();
        let pool = ThreadPool::new(2).unwrap();
        let ours = pool.spawn(async {
            sleep(Duration::from_millis(1)).await;
            42
        });
        assert_eq!(tokio.block_on(tokio.spawn(ours)).unwrap().unwrap(), 42);
    });
}

/// A timer of theirs, dropped outside of their runtime, would still be in their wheel; or the drop would panic.
#[test]
fn a_future_of_theirs_that_is_aborted_in_our_task_is_dropped_inside_their_runtime() {
    leaves_no_descriptor(|| {
        struct Inside;
        impl Drop for Inside {
            fn drop(&mut self) {
                assert!(tokio::runtime::Handle::try_current().is_ok());
            }
        }
        let tokio = tokio_beside();
        let handle = tokio.handle().clone();
        run(async move {
            let task = spawn(BesideTokio::new(handle, async {
                let _inside = Inside;
                tokio::time::sleep(Duration::from_secs(3600)).await;
            }));
            yield_now().await;
            yield_now().await;
            task.abort();
            assert!(matches!(task.await, Err(step4::JoinError::Cancelled)));
        });
    });
}

#[test]
fn their_read_of_a_socket_ends_when_the_peer_does_on_the_pool() {
    leaves_no_descriptor(|| {
        let tokio = tokio_beside();
        let pool = ThreadPool::new(2).unwrap();
        let listener = std::net::TcpListener::bind(any()).unwrap();
        let addr = listener.local_addr().unwrap();
        let reading = pool.spawn(BesideTokio::new(tokio.handle().clone(), async move {
            let mut stream = tokio::net::TcpStream::connect(addr).await.unwrap();
            stream.write_all(b"?").await.unwrap();
            let mut answer = String::new();
            stream.read_to_string(&mut answer).await.unwrap();
            answer
        }));
        let (mut stream, _peer) = listener.accept().unwrap();
        std::io::Read::read_exact(&mut stream, &mut [0]).unwrap();
        std::io::Write::write_all(&mut stream, b"the end").unwrap();
        drop(stream);
        assert_eq!(step2::block_on(reading).unwrap(), "the end");
    });
}
