//! The server: one answer a line, whatever the peers do, and nothing left when it stops.
#![allow(clippy::unwrap_used, reason = "the exception for tests does not reach the functions they share")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use step1::{Errand, Options, Server, serve};

const LOOPBACK: &str = "127.0.0.1:0";

fn echo(options: Options) -> Server {
    serve(LOOPBACK, options, str::to_owned).unwrap()
}

fn ask(server: SocketAddr, line: &str) -> String {
    Errand::Ask { server, line: line.into() }.run().unwrap()
}

/// Connects, says all of `bytes` and no more, and reads until the server closes.
fn converse(server: &Server, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(server.addr()).unwrap();
    stream.write_all(bytes).unwrap();
    stream.shutdown(Shutdown::Write).unwrap();
    let mut answers = String::new();
    stream.read_to_string(&mut answers).unwrap();
    answers
}

#[test]
fn every_line_has_one_answer_in_order() {
    let server = serve(LOOPBACK, Options::default(), str::to_uppercase).unwrap();
    assert_eq!(converse(&server, b"one\ntwo\r\n\nthree\n"), "ONE\nTWO\n\nTHREE\n");
}

#[test]
fn the_last_line_has_an_answer_even_without_an_end() {
    assert_eq!(converse(&echo(Options::default()), b"one\ntwo"), "one\ntwo\n");
}

#[test]
fn the_delay_comes_before_each_answer() {
    let delay = Duration::from_millis(50);
    let server = echo(Options { delay, ..Options::default() });
    let start = Instant::now();
    assert_eq!(converse(&server, b"one\ntwo\n"), "one\ntwo\n");
    assert!(start.elapsed() >= 2 * delay);
}

#[test]
fn a_line_over_the_limit_gets_an_error_line_and_the_connection_goes_on() {
    let server = echo(Options { max_line: 5, ..Options::default() });
    let answers = converse(&server, b"one\nfar too long\ntwo\n");
    assert_eq!(answers, "one\nerror: line was longer than 5 bytes\ntwo\n");
}

#[test]
fn a_line_that_never_ends_gets_its_error_line_at_once() {
    let server = echo(Options { max_line: 5, ..Options::default() });
    let mut stream = TcpStream::connect(server.addr()).unwrap();
    stream.write_all(b"far too long").unwrap();
    let mut answer = String::new();
    BufReader::new(stream).read_line(&mut answer).unwrap();
    assert_eq!(answer, "error: line was longer than 5 bytes\n");
}

#[test]
fn a_line_that_is_not_utf8_gets_an_error_line_and_the_connection_goes_on() {
    let answers = converse(&echo(Options::default()), b"ab\xff\ntwo\n");
    assert_eq!(answers, "error: line was not UTF-8 after its first 2 bytes\ntwo\n");
}

#[test]
fn an_answer_that_is_not_one_line_becomes_an_error_line() {
    let server = serve(LOOPBACK, Options::default(), |_| "one\ntwo".to_owned()).unwrap();
    let answers = converse(&server, b"hello\n");
    assert!(answers.starts_with("error: text was not one line"), "{answers}");
    assert_eq!(answers.lines().count(), 1);
}

#[test]
fn connections_are_served_at_the_same_time() {
    let server = echo(Options::default());
    let _silent = TcpStream::connect(server.addr()).unwrap();
    assert_eq!(ask(server.addr(), "hello"), "hello");
}

#[test]
fn a_peer_that_resets_does_not_take_the_server_down() {
    let server = echo(Options::default());
    for _ in 0..3 {
        let mut stream = TcpStream::connect(server.addr()).unwrap();
        stream.write_all(b"one\n").unwrap();
        assert!(stream.peek(&mut [0]).unwrap() > 0);
        drop(stream); // Closing a socket with something unread in it resets the connection.
    }
    assert_eq!(ask(server.addr(), "hello"), "hello");
}

#[test]
fn a_panic_in_the_handler_closes_that_connection_and_no_other() {
    let brittle = |line: &str| if line == "break" { panic!("told to") } else { line.to_owned() };
    let server = serve(LOOPBACK, Options::default(), brittle).unwrap();
    assert_eq!(converse(&server, b"one\nbreak\ntwo\n"), "one\n");
    assert_eq!(ask(server.addr(), "hello"), "hello");
}

#[test]
fn an_address_in_use_is_named() {
    let server = echo(Options::default());
    let message = serve(server.addr(), Options::default(), str::to_owned).unwrap_err().to_string();
    assert!(message.starts_with(&format!("could not serve on {}: ", server.addr())), "{message}");
}

#[test]
fn an_address_that_is_none_is_named() {
    let message = serve("nowhere", Options::default(), str::to_owned).unwrap_err().to_string();
    assert!(message.starts_with("could not serve on nowhere: "), "{message}");
}

#[test]
fn a_stopped_server_is_not_there_any_more() {
    let server = serve(LOOPBACK, Options::default(), |_| "it is me".to_owned()).unwrap();
    let errand = Errand::Ask { server: server.addr(), line: "who is there?".into() };
    assert_eq!(errand.run().unwrap(), "it is me");
    server.stop();
    // Somebody else may have the port by now, so that an answer is possible, but not this one.
    assert_ne!(errand.run().ok().as_deref(), Some("it is me"));
}

#[test]
fn stopping_closes_live_connections() {
    let server = echo(Options::default());
    let mut stream = TcpStream::connect(server.addr()).unwrap();
    stream.write_all(b"one\n").unwrap();
    let mut bytes = [0; 4];
    stream.read_exact(&mut bytes).unwrap(); // So it has been accepted.
    server.stop();
    assert_eq!(stream.read(&mut bytes).unwrap(), 0);
}

#[test]
fn stopping_does_not_wait_for_a_delay() {
    let server = echo(Options { delay: Duration::from_secs(3600), ..Options::default() });
    let mut stream = TcpStream::connect(server.addr()).unwrap();
    stream.write_all(b"one\ntwo\n").unwrap();
    let start = Instant::now();
    server.stop();
    assert!(start.elapsed() < Duration::from_secs(60));
}

#[test]
fn stopping_unblocks_an_answer_that_nobody_reads() {
    let (entered, has_entered) = channel();
    let flood = move |_: &str| {
        entered.send(()).unwrap();
        "x".repeat(60_000)
    };
    let server = serve(LOOPBACK, Options { max_line: 60_000, ..Options::default() }, flood).unwrap();
    let mut stream = TcpStream::connect(server.addr()).unwrap();
    stream.write_all(&b"\n".repeat(1000)).unwrap();
    has_entered.recv().unwrap();
    server.stop();
}

#[test]
fn stopping_and_dropping_end_every_thread() {
    for end in [Server::stop, drop::<Server>] {
        let held_by_threads = Arc::new(());
        let held = Arc::clone(&held_by_threads);
        let handler = move |line: &str| {
            let _ = &held;
            line.to_owned()
        };
        let server = serve(LOOPBACK, Options::default(), handler).unwrap();
        let _silent = TcpStream::connect(server.addr()).unwrap();
        assert_eq!(ask(server.addr(), "hello"), "hello");
        end(server);
        assert_eq!(Arc::strong_count(&held_by_threads), 1);
    }
}
