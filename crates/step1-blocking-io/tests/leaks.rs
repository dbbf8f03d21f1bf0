//! What is left behind, counted by the system. One test, alone in its process, so that nothing else starts or ends.
#![allow(clippy::unwrap_used, reason = "the exception for tests does not reach the functions they share")]
#![cfg(target_os = "linux")]

use std::net::TcpStream;
use std::time::{Duration, Instant};
use std::{fs, thread};

use step1::{BlockingPool, Errand, Options, serve, thread_each};

/// Counts this process's threads and its open descriptors.
fn census() -> (usize, usize) {
    let count = |folder| fs::read_dir(folder).unwrap().count();
    (count("/proc/self/task"), count("/proc/self/fd"))
}

/// Waits for the census to be `expected`: a thread that was joined may be listed for a moment longer.
fn settles_at(expected: (usize, usize)) {
    let start = Instant::now();
    while census() != expected {
        assert!(start.elapsed() < Duration::from_secs(10), "{:?} instead of {expected:?}", census());
        thread::yield_now();
    }
}

#[test]
fn a_stopped_server_and_a_dropped_pool_leave_no_thread_and_no_descriptor_behind() {
    let before = census();

    let server = serve("127.0.0.1:0", Options::default(), str::to_owned).unwrap();
    let idle: Vec<TcpStream> = (0..5).map(|_| TcpStream::connect(server.addr()).unwrap()).collect();
    let ask = Errand::Ask { server: server.addr(), line: "hello".into() };
    // By the time that it answers these, it has accepted those.
    for result in thread_each(&[ask.clone(), ask.clone(), ask.clone()]) {
        assert_eq!(result.unwrap(), "hello");
    }
    // A connection that has ended is not kept until the server is: acceptor, five threads; listener, five at each end.
    settles_at((before.0 + 6, before.1 + 11));

    let pool = BlockingPool::new(4, 4);
    assert_eq!(pool.submit(move || ask.run()).wait().unwrap().unwrap(), "hello");
    settles_at((before.0 + 10, before.1 + 11));

    drop(pool);
    server.stop();
    drop(idle);
    settles_at(before);
}
