//! Polled sockets: the same answers as blocked ones give, whatever a look finds.
#![allow(clippy::unwrap_used, reason = "the exception for tests does not reach the functions they share")]

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::thread;

use step1::{Errand, Options, serve, spin};

fn ask(server: SocketAddr) -> Errand {
    Errand::Ask { server, line: "hello".into() }
}

/// Serves one connection: reads something, writes `pieces` one by one, and closes.
fn answer_in(pieces: &'static [&'static [u8]]) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = listener.local_addr().unwrap();
    thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        stream.set_nodelay(true).unwrap();
        let _ = stream.read(&mut [0; 100]).unwrap();
        for piece in pieces {
            stream.write_all(piece).unwrap();
            thread::yield_now();
        }
    });
    addr
}

#[test]
fn an_answer_in_pieces_is_put_together() {
    let spun = spin(&[ask(answer_in(&[b"he", b"l", b"l", b"o\r", b"\n"]))]);
    assert_eq!(spun.results[0].as_deref().unwrap(), "hello");
}

#[test]
fn a_longest_possible_line_goes_out_and_comes_back() {
    let server = serve("127.0.0.1:0", Options::default(), str::to_owned).unwrap();
    let line = "x".repeat(step1::LineCodec::DEFAULT_LIMIT);
    let spun = spin(&[Errand::Ask { server: server.addr(), line: line.clone() }]);
    assert_eq!(spun.results[0].as_deref().unwrap(), line);
}

#[test]
fn a_server_that_closes_too_early_is_named_and_costs_no_other_answer() {
    let broken = answer_in(&[b"half an ans"]);
    let spun = spin(&[ask(broken), ask(answer_in(&[b"whole\n"]))]);
    let message = spun.results[0].as_ref().unwrap_err().to_string();
    assert_eq!(
        message,
        format!("could not ask {broken}: the connection was closed before the answer was whole")
    );
    assert_eq!(spun.results[1].as_deref().unwrap(), "whole");
}

#[test]
fn a_bad_answer_is_an_error() {
    let spun = spin(&[ask(answer_in(&[b"\xff\n"]))]);
    let message = spun.results[0].as_ref().unwrap_err().to_string();
    assert!(message.ends_with(": line was not UTF-8 after its first 0 bytes"), "{message}");
}

#[test]
fn what_cannot_be_polled_is_run_without_a_look() {
    let spun = spin(&[Errand::Read { file: "no/such/file".into() }]);
    assert!(spun.results[0].is_err());
    assert_eq!(spun.looks, 0);
}
