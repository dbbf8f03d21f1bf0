//! The contract of the server: the site's files, to this machine, for reading; and nothing else.
#![allow(clippy::unwrap_used, reason = "a test may")]

mod support;

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::thread;

use bookgen::Server;
use support::Scratch;

/// A site of a few files, served.
struct Served {
    scratch: Scratch,
    address: SocketAddr,
}

impl Served {
    fn new(test: &str) -> Self {
        let scratch = Scratch::new(test);
        scratch.write("secret.txt", "a secret");
        scratch.write("site/index.html", "the first page");
        scratch.write("site/404.html", "not here");
        scratch.write("site/source/a.rs.html", "a source");
        scratch.write("site/a picture.svg", "<svg/>");
        let server = Server::bind(&scratch.path().join("site"), 0).unwrap();
        let address = server.address().unwrap();
        thread::spawn(move || server.run());
        Self { scratch, address }
    }

    /// Sends `request` as it is, and returns all that comes back.
    fn send(&self, request: &str) -> String {
        let mut stream = TcpStream::connect(self.address).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        // A connection that is cut is an answer, too.
        let _cut = stream.read_to_string(&mut answer);
        answer
    }

    fn get(&self, target: &str) -> (u16, String) {
        let answer = self.send(&format!("GET {target} HTTP/1.1\r\nHost: x\r\n\r\n"));
        let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_else(|| panic!("{target}: {answer:?}"));
        (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
    }
}

#[test]
fn it_listens_on_the_loopback_address_alone() {
    let served = Served::new("loopback");
    assert_eq!(served.address.ip().to_string(), "127.0.0.1");
}

#[test]
fn files_are_sent_with_their_type() {
    let served = Served::new("files");
    assert_eq!(served.get("/"), (200, "the first page".to_owned()));
    assert_eq!(served.get("/index.html?x#y").1, "the first page");
    assert_eq!(served.get("/source/a.rs.html").1, "a source");
    let picture = served.send("GET /a%20picture.svg HTTP/1.1\r\n\r\n");
    assert!(picture.contains("Content-Type: image/svg+xml\r\n"), "{picture}");
    assert!(picture.contains("Content-Length: 6\r\n"), "{picture}");
}

#[test]
fn what_is_not_there_is_said_so_on_a_page() {
    let served = Served::new("missing");
    for target in ["/gone.html", "/source", "/source/", "/index.html/", "//index.html"] {
        assert_eq!(served.get(target), (404, "not here".to_owned()), "{target}");
    }
}

#[test]
fn no_path_leads_out_of_the_site() {
    let served = Served::new("traversal");
    let targets = [
        "/../secret.txt",
        "/source/../../secret.txt",
        "/%2e%2e/secret.txt",
        "/..%2fsecret.txt",
        "/%2e%2e%2fsecret.txt",
        "/..\\secret.txt",
        "/..%5csecret.txt",
        "/source/..%00/secret.txt",
        "/secret.txt",
        "/C:/secret.txt",
        "/%ff",
    ];
    for target in targets {
        assert_eq!(served.get(target), (404, "not here".to_owned()), "{target}");
    }
    let whole = served.scratch.path().join("secret.txt").display().to_string();
    for target in [whole.as_str(), "http://127.0.0.1/index.html", "*", "index.html"] {
        assert_eq!(served.get(target).0, 404, "{target}");
    }
}

#[cfg(unix)]
#[test]
fn a_symbolic_link_does_not_lead_out_of_the_site() {
    let served = Served::new("symlink");
    let (secret, site) = (served.scratch.path().join("secret.txt"), served.scratch.path().join("site"));
    std::os::unix::fs::symlink(secret, site.join("link.txt")).unwrap();
    std::os::unix::fs::symlink(served.scratch.path(), site.join("up")).unwrap();
    assert_eq!(served.get("/link.txt").0, 404);
    assert_eq!(served.get("/up/secret.txt").0, 404);
}

#[test]
fn one_can_only_read() {
    let served = Served::new("methods");
    let head = served.send("HEAD / HTTP/1.1\r\n\r\n");
    assert!(head.starts_with("HTTP/1.1 200 OK\r\n") && head.contains("Content-Length: 14\r\n"), "{head}");
    assert!(head.ends_with("\r\n\r\n"), "no body: {head}");
    for method in ["POST", "PUT", "DELETE", "OPTIONS", "get"] {
        let answer = served.send(&format!("{method} / HTTP/1.1\r\n\r\n"));
        assert!(answer.starts_with("HTTP/1.1 405 ") && answer.contains("Allow: GET, HEAD\r\n"), "{answer}");
    }
}

#[test]
fn what_is_no_request_is_refused_and_the_next_client_is_served() {
    let served = Served::new("nonsense");
    for nonsense in
        ["\r\n\r\n", "GET\r\n\r\n", "GET / SMTP\r\n\r\n", "GET / HTTP/1.1 x\r\n\r\n", "\u{0}\u{1}\r\n\r\n"]
    {
        let answer = served.send(nonsense);
        assert!(answer.starts_with("HTTP/1.1 400 "), "{nonsense:?}: {answer}");
    }
    let endless = "x".repeat(100_000);
    let mut stream = TcpStream::connect(served.address).unwrap();
    let _refused = stream.write_all(format!("GET /{endless}").as_bytes());
    let mut answer = Vec::new();
    let _cut = stream.read_to_end(&mut answer);
    assert!(answer.is_empty());
    TcpStream::connect(served.address).unwrap().shutdown(Shutdown::Both).unwrap();
    // One who has not said anything yet holds nobody up.
    let _silent = TcpStream::connect(served.address).unwrap();
    assert_eq!(served.get("/").0, 200);
}
