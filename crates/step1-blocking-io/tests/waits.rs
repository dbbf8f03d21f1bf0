//! Who waits, and how long it takes: the three strategies and the spinning one, on the same errands.
#![allow(clippy::unwrap_used, reason = "the exception for tests does not reach the functions they share")]

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::thread;
use std::time::{Duration, Instant};

use step1::{BlockingPool, Errand, Error, Options, Server, pooled, sequential, serve, spin, thread_each};

const DELAY: Duration = Duration::from_millis(100);
const ASKS: u32 = 8;

fn slow_server() -> Server {
    let options = Options { delay: DELAY, ..Options::default() };
    serve("127.0.0.1:0", options, |line| format!("you said {line}")).unwrap()
}

fn asks(server: SocketAddr) -> Vec<Errand> {
    (1..=ASKS).map(|n| Errand::Ask { server, line: format!("hello {n}") }).collect()
}

fn time(strategy: impl FnOnce(&[Errand]) -> Vec<Result<String, Error>>) -> Duration {
    let server = slow_server();
    let errands = asks(server.addr());
    let start = Instant::now();
    let results = strategy(&errands);
    let time = start.elapsed();
    assert!(results.iter().all(Result::is_ok), "{results:?}");
    time
}

#[test]
fn waits_add_up() {
    let time = time(sequential);
    assert!(time >= ASKS * DELAY, "{time:?}");
}

#[test]
fn n_threads_overlap() {
    let time = time(thread_each);
    assert!(time >= DELAY, "{time:?}");
    assert!(time < ASKS * DELAY / 2, "{time:?}, of {:?} in sequence", ASKS * DELAY);
}

#[test]
fn a_pool_of_two_overlaps_no_more_than_two() {
    let time = time(|errands| pooled(&BlockingPool::new(2, 8), errands));
    assert!(time >= ASKS / 2 * DELAY, "{time:?}");
}

#[test]
fn a_pool_of_four_overlaps_four() {
    let time = time(|errands| pooled(&BlockingPool::new(4, 8), errands));
    assert!(time < ASKS * DELAY / 2, "{time:?}, of {:?} in sequence", ASKS * DELAY);
}

#[test]
fn spinning_overlaps_on_one_thread() {
    let time = time(|errands| spin(errands).results);
    assert!(time < ASKS * DELAY / 2, "{time:?}, of {:?} in sequence", ASKS * DELAY);
}

#[test]
fn results_come_in_the_order_of_the_errands_whichever_is_over_first() {
    // The first asked sleeps longest.
    let nap = |line: &str| {
        thread::sleep(Duration::from_millis(line.parse().unwrap()));
        line.to_owned()
    };
    let server = serve("127.0.0.1:0", Options::default(), nap).unwrap();
    let lines = ["80", "40", "0"];
    let errands = lines.map(|line| Errand::Ask { server: server.addr(), line: line.into() });
    let all = [
        sequential(&errands),
        thread_each(&errands),
        pooled(&BlockingPool::new(3, 3), &errands),
        spin(&errands).results,
    ];
    for results in all {
        let results: Result<Vec<String>, Error> = results.into_iter().collect();
        assert_eq!(results.unwrap(), lines);
    }
}

#[test]
fn one_errands_failure_is_no_others() {
    let server = serve("127.0.0.1:0", Options::default(), str::to_owned).unwrap();
    let good = Errand::Ask { server: server.addr(), line: "hello".into() };
    let errands = [good.clone(), Errand::Read { file: "no/such/file".into() }, good];
    let all = [
        sequential(&errands),
        thread_each(&errands),
        pooled(&BlockingPool::new(2, 2), &errands),
        spin(&errands).results,
    ];
    for results in all {
        assert_eq!(results.iter().map(Result::is_ok).collect::<Vec<_>>(), [true, false, true]);
    }
}

#[test]
fn no_errands_give_no_results() {
    assert!(sequential(&[]).is_empty());
    assert!(thread_each(&[]).is_empty());
    assert!(pooled(&BlockingPool::new(1, 1), &[]).is_empty());
    assert!(spin(&[]).results.is_empty());
}

#[test]
fn more_errands_than_the_queue_holds_are_all_run() {
    let count = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&count);
    let server = serve("127.0.0.1:0", Options::default(), move |_| counted.fetch_add(1, SeqCst).to_string());
    let errands = asks(server.as_ref().unwrap().addr());
    assert_eq!(pooled(&BlockingPool::new(1, 1), &errands).len(), errands.len());
    assert_eq!(count.load(SeqCst), errands.len());
}

#[test]
fn each_errands_thread_has_a_name_and_a_lane() {
    let errands = ["one", "two"].map(|file| Errand::Read { file: file.into() });
    let (_, timeline) = timeline::record(|| thread_each(&errands));
    let names: Vec<&str> = timeline.threads.iter().map(|thread| thread.name.as_str()).collect();
    assert_eq!(names, ["main", "errand 1", "errand 2"]);
}
