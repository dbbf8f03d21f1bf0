//! The work-stealing pool: tasks that wander between threads, and end once all the same.
#![allow(clippy::unwrap_used, reason = "a test may")]

use std::collections::HashSet;
use std::future::{Future, pending, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed, Ordering::SeqCst};
use std::sync::{Arc, Barrier, mpsc};
use std::task::{Poll, Waker};
use std::thread;
use std::time::{Duration, Instant};

use step2::{block_on, oneshot, yield_now};
use step3::{Elapsed, sleep, timeout};
use step4::{
    JoinError, TcpListener, TcpStream, ThreadPool, gather, join_all, run, spawn, spawn_on_pool, unblock,
};

/// Counts how many of its clones were dropped.
#[derive(Clone)]
struct Guard(Arc<AtomicUsize>);

impl Drop for Guard {
    fn drop(&mut self) {
        self.0.fetch_add(1, SeqCst);
    }
}

/// Fewer rounds under Miri, which needs `-Zmiri-tree-borrows -Zmiri-ignore-leaks` here for crossbeam's sake.
fn rounds(usually: usize) -> usize {
    if cfg!(miri) { usually.div_ceil(1_000).max(12) } else { usually }
}

fn pool(workers: usize) -> ThreadPool {
    ThreadPool::new(workers).unwrap()
}

/// Returns the waker of the task that awaits this.
async fn own_waker() -> Waker {
    poll_fn(|cx| Poll::Ready(cx.waker().clone())).await
}

// Spawn and join.

#[test]
fn tasks_spawned_outside_and_inside_return_their_outputs() {
    let pool = pool(2);
    let outside = pool.spawn(async {
        let inside: Vec<_> = (0..10).map(|n| spawn_on_pool(async move { n })).collect();
        gather(inside).await.unwrap().into_iter().sum::<u32>()
    });
    assert_eq!(block_on(outside).unwrap(), 45);
}

#[test]
fn a_handle_is_awaited_inside_an_event_loop() {
    let pool = pool(2);
    let output = run(async move {
        let outputs = gather((0..10).map(|n| pool.spawn(async move { n }))).await.unwrap();
        let one = pool.spawn(async { 100 }).await.unwrap();
        outputs.into_iter().sum::<u32>() + one
    });
    assert_eq!(output, 145);
}

#[test]
fn a_task_of_a_pool_and_a_task_of_a_loop_wake_each_other() {
    let pool = pool(2);
    let sum = run(async move {
        let mut sum = 0;
        for _ in 0..rounds(1_000) {
            let (ping, pinged) = oneshot();
            let (pong, ponged) = oneshot();
            let there = pool.spawn(async move { pong.send(pinged.await.unwrap()).unwrap() });
            let here = spawn(async move { ponged.await.unwrap() });
            ping.send(1).unwrap();
            sum += here.await.unwrap();
            there.await.unwrap();
        }
        sum
    });
    assert_eq!(sum, rounds(1_000));
}

#[test]
fn a_handle_of_one_pool_is_awaited_on_another() {
    let (first, second) = (pool(1), pool(1));
    let answer = first.spawn(async { 42 });
    assert_eq!(block_on(second.spawn(async move { answer.await.unwrap() })).unwrap(), 42);
}

#[test]
fn a_detached_task_runs_on() {
    let pool = pool(2);
    let (done, wait) = mpsc::channel();
    drop(pool.spawn(async move {
        yield_now().await;
        done.send(()).unwrap();
    }));
    wait.recv().unwrap();
}

#[test]
fn a_hundred_thousand_tasks_are_spawned_and_joined() {
    let pool = pool(2);
    let count = rounds(100_000);
    let all = pool.spawn(async move {
        let handles: Vec<_> = (0..count).map(|n| spawn_on_pool(async move { n })).collect();
        let mut sum = 0;
        for handle in handles {
            sum += handle.await.unwrap();
        }
        sum
    });
    assert_eq!(block_on(all).unwrap(), count * (count - 1) / 2);
}

// Panics and abort.

#[test]
fn a_panic_is_the_joiners_error_and_the_workers_go_on() {
    let pool = pool(2);
    let bad: Vec<_> = (0..20).map(|n| pool.spawn(async move { panic!("no bread {n}") })).collect();
    for (n, handle) in bad.into_iter().enumerate() {
        let error: JoinError = block_on(handle).unwrap_err();
        assert_eq!(error.to_string(), format!("the task panicked: no bread {n}"));
    }
    // Both workers are still there: each waits for the other.
    let meet = Arc::new(Barrier::new(2));
    let other = Arc::clone(&meet);
    let both = [pool.spawn(async move { meet.wait() }), pool.spawn(async move { other.wait() })];
    assert!(block_on(gather(both)).is_ok());
}

#[test]
fn an_aborted_task_is_dropped_where_it_waits() {
    let pool = pool(2);
    let dropped = Arc::new(AtomicUsize::new(0));
    let guard = Guard(Arc::clone(&dropped));
    let (started, wait) = mpsc::channel();
    let task = pool.spawn(async move {
        let _guard = guard;
        started.send(()).unwrap();
        pending::<()>().await;
    });
    wait.recv().unwrap();
    assert!(task.abort());
    assert!(matches!(block_on(task), Err(JoinError::Cancelled)));
    assert_eq!(dropped.load(SeqCst), 1);
}

#[test]
fn a_task_aborted_in_the_middle_of_a_poll_ends_after_it() {
    let pool = pool(1);
    let (started, wait) = mpsc::channel();
    let (go_on, resume) = mpsc::channel::<()>();
    let task = pool.spawn(async move {
        started.send(()).unwrap();
        resume.recv().unwrap();
        yield_now().await;
        unreachable!("it was aborted during the poll before");
    });
    wait.recv().unwrap();
    assert!(task.abort());
    assert!(!task.is_finished());
    go_on.send(()).unwrap();
    assert!(matches!(block_on(task), Err(JoinError::Cancelled)));
}

#[test]
fn a_task_that_has_ended_cannot_be_aborted() {
    let pool = pool(1);
    let task = pool.spawn(async { 7 });
    while !task.is_finished() {
        thread::yield_now();
    }
    assert!(!task.abort());
    assert_eq!(block_on(task).unwrap(), 7);
}

// The end.

#[test]
fn shutdown_drops_every_task_before_it_returns() {
    let pool = pool(2);
    let dropped = Arc::new(AtomicUsize::new(0));
    let tasks = rounds(1_000);
    let handles: Vec<_> = (0..tasks)
        .map(|n| {
            let guard = Guard(Arc::clone(&dropped));
            pool.spawn(async move {
                let _guard = guard;
                if n % 2 == 0 {
                    sleep(Duration::from_secs(3600)).await;
                } else {
                    loop {
                        yield_now().await;
                    }
                }
            })
        })
        .collect();
    pool.shutdown();
    assert_eq!(dropped.load(SeqCst), tasks);
    for handle in handles {
        assert!(matches!(block_on(handle), Err(JoinError::Cancelled)));
    }
}

#[test]
fn an_idle_pool_ends_when_it_is_dropped() {
    drop(pool(4));
}

#[test]
fn a_waker_and_a_handle_may_outlive_their_pool() {
    let pool = pool(2);
    let waiting = pool.spawn(pending::<()>());
    let waker = block_on(pool.spawn(own_waker())).unwrap();
    let (sender, receiver) = mpsc::channel();
    drop(pool.spawn(async move {
        sender.send(own_waker().await).unwrap();
        pending::<()>().await;
    }));
    let other = receiver.recv().unwrap();
    drop(pool);
    for waker in [waker, other] {
        waker.wake_by_ref();
        drop(waker.clone());
        waker.wake();
    }
    assert!(!waiting.abort());
    assert!(matches!(block_on(waiting), Err(JoinError::Cancelled)));
}

#[test]
fn what_a_destructor_spawns_while_the_pool_ends_is_cancelled() {
    struct Spawns(mpsc::Sender<bool>);
    impl Drop for Spawns {
        fn drop(&mut self) {
            let late = spawn_on_pool(async {});
            self.0.send(matches!(block_on(late), Err(JoinError::Cancelled))).unwrap();
        }
    }
    let pool = pool(2);
    let (sender, receiver) = mpsc::channel();
    let spawns = Spawns(sender);
    drop(pool.spawn(async move {
        let _spawns = spawns;
        pending::<()>().await;
    }));
    drop(pool);
    assert!(receiver.recv().unwrap());
}

#[test]
fn a_pool_dropped_by_its_own_task_ends_when_that_task_has() {
    let pool = Arc::new(pool(2));
    let dropped = Arc::new(AtomicUsize::new(0));
    let guard = Guard(Arc::clone(&dropped));
    let sibling = pool.spawn(async move {
        let _guard = guard;
        pending::<()>().await;
    });
    let (go_on, resume) = oneshot();
    let own = Arc::clone(&pool);
    let task = pool.spawn(async move {
        resume.await.unwrap();
        drop(own);
        "the end of this poll"
    });
    drop(pool);
    go_on.send(()).unwrap();
    assert!(matches!(block_on(sibling), Err(JoinError::Cancelled)));
    assert_eq!(dropped.load(SeqCst), 1);
    assert_eq!(block_on(task).unwrap(), "the end of this poll");
}

#[test]
fn every_task_is_dropped_once_whatever_becomes_of_it() {
    let dropped = Arc::new(AtomicUsize::new(0));
    let tasks = rounds(3_000);
    let pool = pool(2);
    for n in 0..tasks {
        let (future, output) = (Guard(Arc::clone(&dropped)), Guard(Arc::clone(&dropped)));
        let task = pool.spawn(async move {
            let _future = future;
            for _ in 0..n % 3 {
                yield_now().await;
            }
            output
        });
        match n % 4 {
            0 => drop(task),
            1 => {
                task.abort();
            }
            2 => drop(block_on(task)),
            _ => drop(pool.spawn(async move { drop(task.await) })),
        }
    }
    drop(pool);
    assert_eq!(dropped.load(SeqCst), 2 * tasks);
}

/// The worker that has run it is still in the middle of giving it back when another takes it, and frees it.
#[test]
fn a_detached_task_that_yields_may_be_freed_by_another_worker_at_once() {
    let pool = pool(3);
    let tasks = if cfg!(miri) { 300 } else { 10_000 };
    let left = Arc::new(AtomicUsize::new(0));
    for _ in 0..tasks {
        let guard = Guard(Arc::clone(&left));
        drop(pool.spawn(async move {
            let _guard = guard;
            yield_now().await;
        }));
    }
    while left.load(SeqCst) < tasks {
        thread::yield_now();
    }
}

// Bad use.

#[test]
fn an_event_loop_inside_a_task_of_a_pool_is_refused() {
    let pool = pool(1);
    let error = block_on(pool.spawn(async { run(async {}) })).unwrap_err().to_string();
    assert!(error.contains("an event loop is running on this thread already"), "{error}");
    assert_eq!(block_on(pool.spawn(async { "nothing is lost" })).unwrap(), "nothing is lost");
}

#[test]
fn spawn_on_pool_outside_of_a_pool_says_what_to_use() {
    let panic = catch_unwind(AssertUnwindSafe(|| drop(spawn_on_pool(async {})))).unwrap_err();
    let message = panic.downcast::<&str>().unwrap();
    assert!(message.contains("`spawn_on_pool` needs a worker"), "{message}");
    let pool = pool(1);
    let error = block_on(pool.spawn(async { drop(spawn(async {})) })).unwrap_err().to_string();
    assert!(error.contains("in a task of a `ThreadPool`, use `step4::spawn_on_pool`"), "{error}");
}

#[test]
fn a_pool_without_workers_is_refused() {
    let panic = catch_unwind(|| ThreadPool::new(0).map(drop)).unwrap_err();
    assert_eq!(*panic.downcast::<&str>().unwrap(), "a thread pool needs at least one worker");
}

// Work spreads.

#[test]
fn a_task_that_blocks_its_worker_does_not_keep_others_from_running() {
    let pool = pool(2);
    let blocked = pool.spawn(async {
        let (last, wait) = mpsc::channel();
        // These stand in this worker's own queue, behind this poll: someone else has to take them from there.
        for n in 0..100 {
            let last = last.clone();
            drop(spawn_on_pool(async move {
                yield_now().await;
                last.send(n).unwrap();
            }));
        }
        drop(last);
        wait.into_iter().sum::<u32>() // Blocks, as no task should.
    });
    assert_eq!(block_on(blocked).unwrap(), 4_950);
}

#[test]
fn as_many_tasks_run_at_once_as_there_are_workers() {
    let pool = pool(4);
    for _ in 0..rounds(50) {
        let meet = Arc::new(Barrier::new(4));
        let all = (0..4).map(|_| {
            let meet = Arc::clone(&meet);
            pool.spawn(async move {
                meet.wait();
                thread::current().id()
            })
        });
        let threads: HashSet<_> = block_on(gather(all)).unwrap().into_iter().collect();
        assert_eq!(threads.len(), 4);
    }
}

#[test]
fn what_comes_from_outside_is_not_starved_by_a_worker_that_is_never_idle() {
    let pool = pool(1);
    let stop = Arc::new(AtomicBool::new(false));
    let busy: Vec<_> = (0..2)
        .map(|_| {
            let stop = Arc::clone(&stop);
            pool.spawn(async move {
                while !stop.load(Relaxed) {
                    yield_now().await;
                }
            })
        })
        .collect();
    let outside = pool.spawn(async move { stop.store(true, Relaxed) });
    block_on(outside).unwrap();
    block_on(gather(busy)).unwrap();
}

#[test]
fn timers_are_looked_at_by_a_worker_that_is_never_idle() {
    let pool = pool(1);
    let stop = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&stop);
    let busy = pool.spawn(async move {
        while !flag.load(Relaxed) {
            yield_now().await;
        }
    });
    let timer = pool.spawn(async move {
        sleep(Duration::from_millis(5)).await;
        stop.store(true, Relaxed);
    });
    block_on(timer).unwrap();
    block_on(busy).unwrap();
}

#[test]
fn a_task_woken_by_many_threads_at_once_ends_once() {
    let pool = pool(2);
    for _ in 0..rounds(200) {
        let left = Arc::new(AtomicUsize::new(3));
        let (sender, receiver) = mpsc::channel();
        let count = Arc::clone(&left);
        let task = pool.spawn(async move {
            sender.send(own_waker().await).unwrap();
            poll_fn(|_| if count.load(Relaxed) == 0 { Poll::Ready(()) } else { Poll::Pending }).await;
        });
        let waker = receiver.recv().unwrap();
        let wakers: Vec<_> = (0..3)
            .map(|_| {
                let (waker, left) = (waker.clone(), Arc::clone(&left));
                thread::spawn(move || {
                    waker.wake_by_ref();
                    left.fetch_sub(1, Relaxed);
                    waker.wake();
                })
            })
            .collect();
        block_on(task).unwrap();
        wakers.into_iter().for_each(|thread| thread.join().unwrap());
    }
}

// Timers, sockets and blocking jobs in tasks of a pool.

#[test]
#[cfg_attr(miri, ignore = "it is about wall time")]
fn sleeps_in_tasks_of_a_pool_overlap() {
    let pool = pool(2);
    let begin = Instant::now();
    let sleeps = (0..100).map(|_| pool.spawn(sleep(Duration::from_millis(50))));
    block_on(gather(sleeps)).unwrap();
    let took = begin.elapsed();
    assert!((Duration::from_millis(50)..Duration::from_millis(2_500)).contains(&took), "{took:?}");
}

#[test]
fn a_timeout_in_a_task_of_a_pool_drops_its_future() {
    let pool = pool(2);
    let dropped = Arc::new(AtomicUsize::new(0));
    let guard = Guard(Arc::clone(&dropped));
    let outcome = block_on(pool.spawn(async move {
        timeout(Duration::from_millis(1), async move {
            let _guard = guard;
            pending::<()>().await;
        })
        .await
    }));
    assert_eq!(outcome.unwrap(), Err(Elapsed));
    assert_eq!(dropped.load(SeqCst), 1);
}

#[test]
fn a_sleep_ends_in_time_though_its_task_has_gone_to_another_worker() {
    let pool = pool(2);
    let (first, polled) = mpsc::channel();
    let task = pool.spawn(async move {
        let begin = Instant::now();
        let mut nap = pin!(sleep(Duration::from_millis(20)));
        poll_fn(|cx| {
            assert!(nap.as_mut().poll(cx).is_pending());
            Poll::Ready(())
        })
        .await;
        let home = thread::current().id();
        first.send((home, own_waker().await)).unwrap();
        // Until the other worker polls this: the first one, which has the timer, is blocked.
        poll_fn(|_| if thread::current().id() == home { Poll::Pending } else { Poll::Ready(()) }).await;
        nap.await;
        begin.elapsed()
    });
    let (home, waker) = polled.recv().unwrap();
    let (both_run, release) = (Arc::new(Barrier::new(3)), Arc::new(Barrier::new(2)));
    let blockers: Vec<_> = (0..2)
        .map(|_| {
            let (both_run, release) = (Arc::clone(&both_run), Arc::clone(&release));
            pool.spawn(async move {
                both_run.wait();
                if thread::current().id() == home {
                    release.wait();
                }
            })
        })
        .collect();
    both_run.wait();
    waker.wake();
    assert!(block_on(task).unwrap() >= Duration::from_millis(20));
    release.wait();
    block_on(gather(blockers)).unwrap();
}

#[test]
#[cfg_attr(miri, ignore = "it has no sockets")]
fn sockets_work_in_tasks_of_a_pool() {
    let pool = pool(2);
    let echoed = pool.spawn(async {
        let listener = TcpListener::bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let addr = listener.local_addr().unwrap();
        let server = spawn_on_pool(async move {
            for _ in 0..20 {
                let (stream, _peer) = listener.accept().await.unwrap();
                drop(spawn_on_pool(async move {
                    let mut buffer = [0; 5];
                    stream.read_exact(&mut buffer).await.unwrap();
                    stream.write_all(&buffer).await.unwrap();
                }));
            }
        });
        let clients = (0..20).map(|_| {
            spawn_on_pool(async move {
                let stream = TcpStream::connect(addr).await.unwrap();
                stream.write_all(b"hello").await.unwrap();
                let mut buffer = [0; 5];
                stream.read_exact(&mut buffer).await.unwrap();
                buffer
            })
        });
        let answers = gather(clients).await.unwrap();
        server.await.unwrap();
        answers
    });
    assert_eq!(block_on(echoed).unwrap(), [*b"hello"; 20]);
}

#[test]
fn blocking_jobs_of_a_pool_run_beside_its_workers() {
    let pool = pool(1);
    let task = pool.spawn(async {
        let (sender, receiver) = mpsc::channel();
        let job = spawn_on_pool(unblock(move || receiver.recv().unwrap()));
        yield_now().await; // The only worker is free, although the job waits for what it does next.
        sender.send("from the worker").unwrap();
        job.await.unwrap()
    });
    assert_eq!(block_on(task).unwrap(), "from the worker");
}

#[test]
fn a_pool_waits_for_its_blocking_jobs_when_it_ends() {
    let pool = pool(2);
    let done = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&done);
    let (begun, wait) = mpsc::channel();
    let (release, released) = mpsc::channel::<()>();
    drop(pool.spawn(unblock(move || {
        begun.send(()).unwrap();
        released.recv().unwrap();
        flag.store(true, SeqCst);
    })));
    wait.recv().unwrap();
    release.send(()).unwrap();
    drop(pool);
    assert!(done.load(SeqCst));
}

#[test]
fn a_pool_waits_for_its_blocking_jobs_even_if_a_job_of_another_pool_ends_it() {
    let (one, other) = (pool(1), pool(1));
    let (begun, wait) = mpsc::channel();
    let (ended, has_ended) = mpsc::channel();
    let (answer, answered) = mpsc::channel();
    drop(other.spawn(unblock(move || {
        begun.send(()).unwrap();
        answer.send(has_ended.recv_timeout(Duration::from_millis(100)).is_ok()).unwrap();
    })));
    wait.recv().unwrap();
    let ending = one.spawn(unblock(move || {
        drop(other);
        ended.send(()).unwrap_err(); // The job is over.
    }));
    block_on(ending).unwrap();
    assert!(!answered.recv().unwrap(), "the pool was over before its job");
}

#[test]
fn join_all_runs_inside_one_task_of_a_pool() {
    let pool = pool(2);
    let outputs = pool.spawn(join_all((0..10).map(|n| async move {
        yield_now().await;
        n
    })));
    assert_eq!(block_on(outputs).unwrap(), (0..10).collect::<Vec<_>>());
}
