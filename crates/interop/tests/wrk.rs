//! The hyper server under wrk, on the event loop and on the pool: no error, and nothing left behind.
//!
//! wrk is a program of its own, from the system's packages, so these are ignored unless they are asked for:
//!
//! ```console
//! $ cargo test -p interop --test wrk -- --ignored --nocapture
//! ```
#![allow(clippy::unwrap_used, reason = "a test may")]

mod support;

use std::process::Command;

use step4::unblock;
use support::{OnLoop, OnPool, Place, Server, run_on_loop, run_on_pool};

/// Has wrk ask for some seconds, and stops the server.
async fn is_asked<P: Place>(connections: usize) {
    let server = Server::<P>::start();
    let url = format!("http://{}/hello", server.addr);
    let text = unblock(move || {
        let connections = connections.to_string();
        let output = Command::new("wrk").args(["-t1", "-d3s", "-c", &connections, &url]).output();
        String::from_utf8(output.expect("wrk is there").stdout).unwrap()
    });
    let text = text.await;
    println!("{text}");
    assert!(!text.contains("Socket errors") && !text.contains("Non-2xx"), "{text}");
    let done = text.lines().find_map(|line| line.trim().split_once(" requests in ")).unwrap().0;
    assert!(done.parse::<usize>().unwrap() > connections, "{text}");
    // wrk closes its connections in the middle of a request, so they may end with an error; but they do end. It also has one
    // to see whether anybody is there, before it begins.
    assert!((connections..=connections + 1).contains(&server.stop().await.len()));
}

#[test]
#[ignore = "needs wrk"]
fn a_hundred_connections_on_the_event_loop() {
    run_on_loop(is_asked::<OnLoop>(100));
}

#[test]
#[ignore = "needs wrk"]
fn a_hundred_connections_on_a_pool() {
    run_on_pool(is_asked::<OnPool>(100));
}

#[test]
#[ignore = "needs wrk, and a thousand descriptors twice"]
fn a_thousand_connections_on_the_event_loop() {
    rlimit::increase_nofile_limit(4096).unwrap();
    run_on_loop(is_asked::<OnLoop>(1000));
}

#[test]
#[ignore = "needs wrk, and a thousand descriptors twice"]
fn a_thousand_connections_on_a_pool() {
    rlimit::increase_nofile_limit(4096).unwrap();
    run_on_pool(is_asked::<OnPool>(1000));
}
