//! What is left behind, counted by the system. One test, alone in its process, so that nothing else starts or ends.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test may")]

use std::net::SocketAddr;
use std::time::{Duration, Instant};
use std::{fs, thread};

use step2::block_on;
use step4::{TcpListener, TcpStream, ThreadPool, UdpSocket, gather, run, spawn, spawn_on_pool, unblock};

/// Counts this process's threads and its open descriptors.
fn census() -> (usize, usize) {
    let count = |folder| fs::read_dir(folder).unwrap().count();
    (count("/proc/self/task"), count("/proc/self/fd"))
}

/// Waits for the census to be `expected`: a thread that was joined may be listed for a moment longer.
fn settles_at(expected: (usize, usize), after: &str) {
    let start = Instant::now();
    while census() != expected {
        assert!(
            start.elapsed() < Duration::from_secs(10),
            "{:?} instead of {expected:?} after {after}",
            census()
        );
        thread::yield_now();
    }
}

fn any() -> SocketAddr {
    "127.0.0.1:0".parse().unwrap()
}

/// Holds two ends of a connection, a listener and a datagram socket, and waits on one of them for ever.
async fn wait_on_sockets() {
    let listener = TcpListener::bind(any()).unwrap();
    let _datagrams = UdpSocket::bind(any()).unwrap();
    let client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    let (_server, _peer) = listener.accept().await.unwrap();
    client.read(&mut [0]).await.unwrap();
}

#[test]
fn a_loop_and_a_pool_leave_no_thread_and_no_descriptor_behind() {
    let before = census();

    run(async move {
        let waiting: Vec<_> = (0..10).map(|_| spawn(wait_on_sockets())).collect();
        unblock(|| ()).await;
        assert!(census().1 >= before.1 + 2, "a selector takes descriptors");
        waiting.into_iter().for_each(drop);
    });
    settles_at(before, "a loop that ended with tasks on sockets");

    let handles = run(async { [spawn(wait_on_sockets()), spawn(wait_on_sockets())] });
    settles_at(before, "a loop whose handles are kept");
    drop(handles);

    let panic = std::panic::catch_unwind(|| {
        run(async {
            let _waiting = spawn(wait_on_sockets());
            unblock(|| ()).await;
            panic!("main, with sockets open");
        })
    });
    assert!(panic.is_err());
    settles_at(before, "a loop whose main has panicked");

    let pool = ThreadPool::new(3).unwrap();
    let spread = pool.spawn(async {
        let waiting: Vec<_> = (0..10).map(|_| spawn_on_pool(wait_on_sockets())).collect();
        gather((0..10).map(|_| spawn_on_pool(unblock(|| ())))).await.unwrap();
        waiting.into_iter().for_each(drop);
    });
    block_on(spread).unwrap();
    assert!(census().0 >= before.0 + 3, "a pool takes threads");
    drop(pool);
    settles_at(before, "a pool that ended with tasks on sockets");
}
