//! What an executor says that it holds: tasks, timers and sockets come and go with whoever uses them.
#![allow(clippy::unwrap_used, reason = "a test may")]

use std::future::pending;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use step2::{block_on, yield_now};
use step3::{sleep, timeout};
use step4::{
    Metrics, TcpListener, TcpStream, ThreadPool, metrics, run, spawn, spawn_clean_up, spawn_on_pool,
};

const HOUR: Duration = Duration::from_secs(3600);

fn any() -> SocketAddr {
    "127.0.0.1:0".parse().unwrap()
}

fn numbers(Metrics { tasks, timers, sockets, .. }: Metrics) -> [usize; 3] {
    [tasks, timers, sockets]
}

/// Holds three sockets and two timers for ever.
async fn hold_sockets_and_timers() {
    let listener = TcpListener::bind(any()).unwrap();
    let _client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    let _server = listener.accept().await.unwrap();
    let _limit = timeout(HOUR, sleep(HOUR)).await;
}

/// Asks until the answer is right: what happens on other threads takes its time.
fn until(pool: &ThreadPool, expected: [usize; 3]) {
    let start = Instant::now();
    while numbers(pool.metrics()) != expected {
        assert!(start.elapsed() < Duration::from_secs(20), "{:?} instead of {expected:?}", pool.metrics());
        // A worker that is woken looks at its timers.
        block_on(pool.spawn(async { yield_now().await })).unwrap();
    }
}

#[test]
fn a_loop_counts_what_its_tasks_hold_and_nothing_when_they_are_gone() {
    run(async {
        assert_eq!(numbers(metrics()), [1, 0, 0], "the main future is a task");
        let tasks: Vec<_> = (0..3).map(|_| spawn(hold_sockets_and_timers())).collect();
        while metrics().timers < 6 {
            sleep(Duration::from_millis(1)).await;
        }
        assert_eq!(numbers(metrics()), [4, 6, 9]);
        for task in tasks {
            task.abort();
            assert!(task.await.is_err());
        }
        assert_eq!(numbers(metrics()), [1, 0, 0]);
    });
}

#[test]
fn a_loop_counts_its_clean_ups_as_tasks() {
    run(async {
        let clean_up = spawn_clean_up(pending::<()>()).ok().unwrap();
        assert_eq!(metrics().tasks, 2);
        clean_up.abort();
        assert!(clean_up.await.is_err());
        assert_eq!(metrics().tasks, 1);
    });
}

#[test]
fn a_pool_counts_what_all_its_workers_hold_and_nothing_when_it_is_gone() {
    let pool = ThreadPool::new(3).unwrap();
    assert_eq!(numbers(pool.metrics()), [0, 0, 0]);
    let outside: Vec<_> = (0..4).map(|_| pool.spawn(hold_sockets_and_timers())).collect();
    let inside = block_on(
        pool.spawn(async { (0..4).map(|_| spawn_on_pool(hold_sockets_and_timers())).collect::<Vec<_>>() }),
    );
    until(&pool, [8, 16, 24]);
    for task in outside.into_iter().chain(inside.unwrap()) {
        task.abort();
        assert!(block_on(task).is_err());
    }
    until(&pool, [0, 0, 0]);
}

#[test]
#[should_panic(expected = "`metrics` needs an event loop that runs on this thread")]
fn outside_of_a_loop_there_is_nothing_to_count() {
    let _nothing = metrics();
}
