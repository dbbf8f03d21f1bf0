//! hyper, as it is published, as a server and as a client on our runtimes: over loopback, on the event loop and on the pool.
//!
//! After each test every task of it has been awaited, no socket is registered, no timer set, and no descriptor open.
#![allow(clippy::unwrap_used, reason = "a test may")]

mod support;

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

use futures::stream::{self, StreamExt};
use http_body_util::{BodyExt, StreamBody};
use hyper::body::{Bytes, Frame};
use hyper::server::conn::http1;
use step3::sleep;
use step4::{TcpListener, TcpStream};
use step6::{Manage, Pool};
use support::{Body, Client, OnLoop, Place, Server, any, count, empty, full, on_both};

const CHUNK: usize = 64 << 10;

on_both! {
    one_connection_carries_many_requests
    requests_that_come_at_once_are_answered_in_their_order
    a_request_that_comes_byte_by_byte_is_answered
    bodies_go_both_ways_in_chunks_at_the_same_time
    a_body_is_asked_for_before_it_is_sent
    a_body_that_nobody_reads_is_held_back
    an_answer_that_nobody_reads_is_held_back
    a_peer_that_leaves_in_the_middle_of_its_request_ends_only_its_own_connection
    a_peer_that_leaves_in_the_middle_of_an_answer_ends_only_its_own_connection
    a_server_that_leaves_in_the_middle_of_an_answer_is_an_error_for_the_client
    an_answer_that_is_dropped_half_read_closes_the_connection
    a_header_that_does_not_come_ends_the_connection
    a_server_that_stops_finishes_the_answers_it_has_begun
    what_is_no_http_is_refused
    a_hundred_connections_are_served_together
}

/// A body of so many chunks, which counts those that were asked for.
fn chunks(number: usize, asked_for: &Arc<AtomicUsize>) -> Body {
    let asked_for = Arc::clone(asked_for);
    let frames = stream::iter(0..number).map(move |_| {
        asked_for.fetch_add(1, SeqCst);
        Ok::<_, Infallible>(Frame::data(Bytes::from_static(&[7; CHUNK])))
    });
    BodyExt::map_err(StreamBody::new(frames), |never| match never {}).boxed()
}

/// Reads until `end` has come.
async fn read_until(stream: &TcpStream, end: &str) -> String {
    let mut read = Vec::new();
    while !String::from_utf8_lossy(&read).ends_with(end) {
        let mut byte = [0];
        stream.read_exact(&mut byte).await.unwrap_or_else(|error| panic!("{error} after {read:?}"));
        read.push(byte[0]);
    }
    String::from_utf8(read).unwrap()
}

async fn read_to_end(stream: &TcpStream) -> String {
    let (mut read, mut buffer) = (Vec::new(), [0; 1024]);
    loop {
        match stream.read(&mut buffer).await.unwrap() {
            0 => return String::from_utf8(read).unwrap(),
            n => read.extend_from_slice(&buffer[..n]),
        }
    }
}

async fn one_connection_carries_many_requests<P: Place>() {
    let server = Server::<P>::start();
    let mut client = server.connect().await;
    for n in 0..1_000_u32 {
        assert_eq!(client.ask("/echo", full(n.to_string())).await.unwrap(), n.to_string());
    }
    client.close().await.unwrap();
    server.stop_after(1).await;
}

async fn requests_that_come_at_once_are_answered_in_their_order<P: Place>() {
    let server = Server::<P>::start();
    let stream = TcpStream::connect(server.addr).await.unwrap();
    let request = |n: usize| format!("POST /echo HTTP/1.1\r\nhost: x\r\ncontent-length: 4\r\n\r\n{n:04}");
    let all: String = (0..500).map(request).collect();
    stream.write_all(all.as_bytes()).await.unwrap();
    for n in 0..500 {
        let answer = read_until(&stream, &format!("\r\n\r\n{n:04}")).await;
        assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");
    }
    drop(stream);
    server.stop_after(1).await;
}

async fn a_request_that_comes_byte_by_byte_is_answered<P: Place>() {
    let server = Server::<P>::start();
    let stream = TcpStream::connect(server.addr).await.unwrap();
    stream.set_nodelay(true).unwrap();
    for byte in b"GET /hello HTTP/1.1\r\nhost: x\r\n\r\n" {
        stream.write_all(&[*byte]).await.unwrap();
        sleep(Duration::from_millis(1)).await;
    }
    assert!(read_until(&stream, "hello").await.starts_with("HTTP/1.1 200 OK"));
    drop(stream);
    server.stop_after(1).await;
}

/// The echo has no length beforehand, so it is sent in chunks; and it is longer than what the system keeps on the way.
async fn bodies_go_both_ways_in_chunks_at_the_same_time<P: Place>() {
    let server = Server::<P>::start();
    let mut client = server.connect().await;
    let asked_for = Arc::default();
    let response = client.send("/echo", chunks(400, &asked_for)).await.unwrap();
    assert_eq!(response.headers()["transfer-encoding"], "chunked");
    assert_eq!(count(response.into_body()).await.unwrap(), 400 * CHUNK);
    client.close().await.unwrap();
    server.stop_after(1).await;
}

async fn a_body_is_asked_for_before_it_is_sent<P: Place>() {
    let server = Server::<P>::start();
    let stream = TcpStream::connect(server.addr).await.unwrap();
    let head = "POST /count HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\ncontent-length: 3\r\n\r\n";
    stream.write_all(head.as_bytes()).await.unwrap();
    assert_eq!(read_until(&stream, "\r\n\r\n").await, "HTTP/1.1 100 Continue\r\n\r\n");
    stream.write_all(b"abc").await.unwrap();
    assert!(read_until(&stream, "\r\n\r\n3").await.starts_with("HTTP/1.1 200 OK"));
    drop(stream);
    server.stop_after(1).await;
}

async fn a_body_that_nobody_reads_is_held_back<P: Place>() {
    let server = Server::<P>::start();
    let mut client = server.connect().await;
    let asked_for = Arc::default();
    let (body, counter) = (chunks(1_000, &asked_for), Arc::clone(&asked_for));
    let asking = P::spawn(async move { (client.ask("/held", body).await.unwrap(), client) });
    sleep(Duration::from_millis(200)).await;
    assert!(counter.load(SeqCst) < 500, "{} chunks are on the way", counter.load(SeqCst));
    server.gate.set();
    let (answer, client) = asking.await;
    assert_eq!(answer, (1_000 * CHUNK).to_string());
    assert_eq!(asked_for.load(SeqCst), 1_000);
    client.close().await.unwrap();
    server.stop_after(1).await;
}

async fn an_answer_that_nobody_reads_is_held_back<P: Place>() {
    let server = Server::<P>::start();
    let mut client = server.connect().await;
    let asked_for = Arc::default();
    let response = client.send("/echo", chunks(1_000, &asked_for)).await.unwrap();
    sleep(Duration::from_millis(200)).await;
    assert!(asked_for.load(SeqCst) < 700, "{} chunks are on the way", asked_for.load(SeqCst));
    assert_eq!(count(response.into_body()).await.unwrap(), 1_000 * CHUNK);
    client.close().await.unwrap();
    server.stop_after(1).await;
}

async fn a_peer_that_leaves_in_the_middle_of_its_request_ends_only_its_own_connection<P: Place>() {
    let server = Server::<P>::start();
    let mut steady = server.connect().await;
    for part in ["GET /hel", "POST /count HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\nabc"] {
        let stream = TcpStream::connect(server.addr).await.unwrap();
        stream.write_all(part.as_bytes()).await.unwrap();
        sleep(Duration::from_millis(10)).await;
        drop(stream);
    }
    assert_eq!(steady.ask("/hello", empty()).await.unwrap(), "hello");
    steady.close().await.unwrap();
    let ends = server.stop().await;
    assert!(ends[0].is_ok() && ends[1].is_err() && ends[2].is_err(), "{ends:?}");
}

async fn a_peer_that_leaves_in_the_middle_of_an_answer_ends_only_its_own_connection<P: Place>() {
    let server = Server::<P>::start();
    let mut steady = server.connect().await;
    let stream = TcpStream::connect(server.addr).await.unwrap();
    stream.write_all(b"GET /zeros/50000000 HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    stream.read_exact(&mut [0; 1000]).await.unwrap();
    drop(stream); // With bytes unread, so that the server is told by a reset.
    assert_eq!(steady.ask("/hello", empty()).await.unwrap(), "hello");
    steady.close().await.unwrap();
    let ends = server.stop().await;
    assert!(ends[0].is_ok() && ends[1].is_err(), "{ends:?}");
}

async fn a_server_that_leaves_in_the_middle_of_an_answer_is_an_error_for_the_client<P: Place>() {
    let listener = TcpListener::bind(any()).unwrap();
    let addr = listener.local_addr().unwrap();
    let server = P::spawn(async move {
        let (stream, _peer) = listener.accept().await.unwrap();
        read_until(&stream, "\r\n\r\n").await;
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nabc").await.unwrap();
    });
    let mut client = Client::<P>::over(TcpStream::connect(addr).await.unwrap()).await;
    let error = client.ask("/hello", empty()).await.unwrap_err();
    assert!(
        error.is_body_write_aborted()
            || error.is_incomplete_message()
            || error.is_closed()
            || error.to_string().contains("body"),
        "{error:?}"
    );
    server.await;
    let _is_told_there_too = client.close().await;
}

async fn an_answer_that_is_dropped_half_read_closes_the_connection<P: Place>() {
    let server = Server::<P>::start();
    let mut client = server.connect().await;
    let mut body = client.send("/zeros/50000000", empty()).await.unwrap().into_body();
    drop(body.frame().await.unwrap().unwrap());
    drop(body);
    let _is_told_there_too = client.close().await;
    assert_eq!(server.stop().await.len(), 1);
}

async fn a_header_that_does_not_come_ends_the_connection<P: Place>() {
    let mut http = http1::Builder::new();
    http.header_read_timeout(Duration::from_millis(50));
    let server = Server::<P>::with(http);
    let stream = TcpStream::connect(server.addr).await.unwrap();
    stream.write_all(b"GET /hello HTTP/1.1\r\nhost: x\r\n").await.unwrap();
    assert_eq!(read_to_end(&stream).await, "");
    let ends = server.stop().await;
    assert!(ends[0].as_ref().unwrap_err().is_timeout(), "{ends:?}");
}

async fn a_server_that_stops_finishes_the_answers_it_has_begun<P: Place>() {
    let server = Server::<P>::start();
    let mut idle = server.connect().await;
    assert_eq!(idle.ask("/hello", empty()).await.unwrap(), "hello");
    let mut busy = server.connect().await;
    let asking = P::spawn(async move { (busy.ask("/held", full("four")).await.unwrap(), busy) });
    // An idle connection is closed at once; the one in the middle of an answer, after that.
    let gate = Arc::clone(&server.gate);
    sleep(Duration::from_millis(20)).await;
    server.asks_to_stop();
    idle.driving.await.unwrap();
    assert!(TcpStream::connect(server.addr).await.is_err());
    gate.set();
    let (answer, busy) = asking.await;
    assert_eq!(answer, "4");
    busy.driving.await.unwrap();
    server.stop_after(2).await;
}

async fn what_is_no_http_is_refused<P: Place>() {
    let server = Server::<P>::start();
    let stream = TcpStream::connect(server.addr).await.unwrap();
    stream.write_all(b"\x16\x03\x01 this is no HTTP\r\n\r\n").await.unwrap();
    assert!(read_to_end(&stream).await.starts_with("HTTP/1.1 400 Bad Request"));
    let ends = server.stop().await;
    assert!(ends[0].as_ref().unwrap_err().is_parse(), "{ends:?}");
}

async fn a_hundred_connections_are_served_together<P: Place>() {
    let server = Server::<P>::start();
    let mut asking = Vec::new();
    for n in 0..100_u32 {
        let mut client = server.connect().await;
        asking.push(P::spawn(async move {
            for _ in 0..20 {
                assert_eq!(client.ask("/echo", full(n.to_string())).await.unwrap(), n.to_string());
            }
            client.close().await.unwrap();
        }));
    }
    for task in asking {
        task.await;
    }
    server.stop_after(100).await;
}

/// Connections of hyper's client, for step 6's pool.
struct Connections(std::net::SocketAddr);

impl Manage for Connections {
    type Resource = Client<OnLoop>;
    type Error = std::io::Error;

    async fn connect(&self) -> std::io::Result<Client<OnLoop>> {
        Ok(Client::over(TcpStream::connect(self.0).await?).await)
    }

    async fn is_healthy(&self, client: &mut Client<OnLoop>) -> bool {
        client.requests.ready().await.is_ok()
    }
}

#[test]
fn a_pool_of_ours_lends_four_connections_to_fifty_tasks() {
    support::run_on_loop(async {
        let server = Server::<OnLoop>::start();
        let pool = Pool::new(4, Connections(server.addr));
        let asking: Vec<_> = (0..50_u32)
            .map(|n| {
                let pool = pool.clone();
                step4::spawn(async move {
                    for _ in 0..10 {
                        let mut lease = pool.lease().await.unwrap();
                        assert_eq!(lease.ask("/echo", full(n.to_string())).await.unwrap(), n.to_string());
                    }
                })
            })
            .collect();
        step4::gather(asking).await.unwrap();
        assert_eq!((pool.idle(), pool.lent()), (4, 0));
        drop(pool);
        server.stop_after(4).await;
    });
}
