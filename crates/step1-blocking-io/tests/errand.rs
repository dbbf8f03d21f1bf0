//! An errand: one blocking operation, and its result or a message that names what it was about.
#![allow(clippy::unwrap_used, reason = "the exception for tests does not reach the functions they share")]

mod scratch;

use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::thread;

use scratch::Scratch;
use step1::{Database, Errand, Options, serve};

fn message(errand: &Errand) -> String {
    errand.run().unwrap_err().to_string()
}

fn ask(server: SocketAddr, line: &str) -> Errand {
    Errand::Ask { server, line: line.into() }
}

/// Serves one connection: reads something, says `answer`, and closes.
fn answer_once(answer: &'static str) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = listener.local_addr().unwrap();
    thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let _ = stream.read(&mut [0; 100]).unwrap();
        stream.write_all(answer.as_bytes()).unwrap();
    });
    addr
}

#[test]
fn one_file_operation_reads_a_file() {
    let scratch = Scratch::new("one-file");
    let file = scratch.path("note.txt");
    fs::write(&file, "Begin operation\nEnd operation\n").unwrap();
    assert_eq!(Errand::Read { file }.run().unwrap(), "Begin operation\nEnd operation\n");
}

#[test]
fn one_socket_operation_sends_a_line_and_brings_a_line_back() {
    let server = serve("127.0.0.1:0", Options::default(), |line| format!("you said {line}")).unwrap();
    assert_eq!(ask(server.addr(), "hello").run().unwrap(), "you said hello");
}

#[test]
fn one_database_operation_brings_rows_back() {
    let scratch = Scratch::new("one-database");
    let database = scratch.path("users.db");
    Database::create(&database).unwrap();
    let errand = Errand::Query { database, sql: "SELECT id, name FROM users LIMIT 2".into() };
    assert_eq!(errand.run().unwrap(), "1|Ada Lovelace\n2|Grace Hopper");
}

#[test]
fn an_errand_can_be_run_again() {
    let server = serve("127.0.0.1:0", Options::default(), str::to_uppercase).unwrap();
    let errand = ask(server.addr(), "again");
    assert_eq!(errand.run().unwrap(), errand.run().unwrap());
}

#[test]
fn a_missing_file_is_named() {
    let message = message(&Errand::Read { file: "no/such/file".into() });
    assert!(message.starts_with("could not read no/such/file: "), "{message}");
}

#[test]
fn a_file_that_is_not_text_is_named() {
    let scratch = Scratch::new("not-text");
    let file = scratch.path("blob");
    fs::write(&file, [0xff, 0xfe]).unwrap();
    let message = message(&Errand::Read { file: file.clone() });
    assert!(message.starts_with(&format!("could not read {}: ", file.display())), "{message}");
    assert!(message.contains("UTF-8"), "{message}");
}

#[test]
fn a_server_that_is_not_there_is_named() {
    // Its port is held, so that nobody else takes it, but not listened on: a connection's own end.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let held = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let nobody = held.local_addr().unwrap();
    let message = message(&ask(nobody, "hello"));
    assert!(message.starts_with(&format!("could not ask {nobody}: ")), "{message}");
}

#[test]
fn a_server_that_closes_in_the_middle_of_its_answer_is_an_error() {
    for cut in ["", "half an ans"] {
        let server = answer_once(cut);
        let expected =
            format!("could not ask {server}: the connection was closed before the answer was whole");
        assert_eq!(message(&ask(server, "hello")), expected);
    }
}

#[test]
fn an_answer_over_the_limit_is_an_error() {
    let long = Options { max_line: 100_000, ..Options::default() };
    let server = serve("127.0.0.1:0", long, |_| "x".repeat(10_000)).unwrap();
    let message = message(&ask(server.addr(), "hello"));
    assert!(message.ends_with(": line was longer than 8192 bytes"), "{message}");
}

#[test]
fn a_question_of_two_lines_is_refused_before_anything_is_sent() {
    let server = serve("127.0.0.1:0", Options::default(), |_| panic!("nothing was to be sent")).unwrap();
    let message = message(&ask(server.addr(), "one\ntwo"));
    assert!(message.contains("was not one line"), "{message}");
}

#[test]
fn a_missing_database_is_named_and_not_made() {
    let scratch = Scratch::new("missing-database");
    let database = scratch.path("users.db");
    let message = message(&Errand::Query { database: database.clone(), sql: "SELECT 1".into() });
    assert!(
        message.starts_with(&format!("could not open the database {}: ", database.display())),
        "{message}"
    );
    assert!(!database.exists());
}

#[test]
fn an_errand_says_when_it_begins_and_when_it_ends() {
    let (_, timeline) = timeline::record(|| Errand::Read { file: "no/such/file".into() }.run());
    assert_eq!(timeline.notes(), ["begin: read no/such/file", "end: read no/such/file"]);
}
