//! Sockets: clients that overlap, peers that misbehave, waits that are given up.
#![allow(clippy::unwrap_used, reason = "a test may")]

use std::cell::{Cell, RefCell};
use std::future::{Future, poll_fn};
use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream as BlockingStream};
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread;

use futures_io::{AsyncRead, AsyncWrite};
use step1::LineCodec;
use step2::{drive, oneshot, yield_now};
use step4::{IoDriver, TcpListener, TcpStream, UdpSocket, gather, run, spawn};

fn any() -> SocketAddr {
    "127.0.0.1:0".parse().unwrap()
}

/// Sends back what comes, until the peer ends.
async fn echo(stream: TcpStream) -> io::Result<usize> {
    let mut buffer = [0; 1024];
    let mut echoed = 0;
    loop {
        match stream.read(&mut buffer).await? {
            0 => return Ok(echoed),
            n => stream.write_all(&buffer[..n]).await?,
        }
        echoed += 1;
    }
}

/// Sends `message`, and returns as many bytes of the answer.
async fn ask(addr: SocketAddr, message: &[u8]) -> io::Result<Vec<u8>> {
    let stream = TcpStream::connect(addr).await?;
    stream.write_all(message).await?;
    let mut answer = vec![0; message.len()];
    stream.read_exact(&mut answer).await?;
    Ok(answer)
}

/// Connects two streams.
async fn pair() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind(any()).unwrap();
    let client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    (client, listener.accept().await.unwrap().0)
}

/// Polls `future` once, and gives it up.
async fn give_up_on<F: Future>(future: F) {
    let mut future = pin!(future);
    poll_fn(|cx| {
        assert!(future.as_mut().poll(cx).is_pending());
        Poll::Ready(())
    })
    .await;
}

// What works.

#[test]
fn what_is_sent_comes_back() {
    run(async {
        let listener = TcpListener::bind(any()).unwrap();
        let addr = listener.local_addr().unwrap();
        let server = spawn(async move { echo(listener.accept().await?.0).await });
        assert_eq!(ask(addr, b"hello").await.unwrap(), b"hello");
        assert_eq!(server.await.unwrap().unwrap(), 1);
    });
}

#[test]
fn a_hundred_clients_overlap() {
    run(async {
        let listener = TcpListener::bind(any()).unwrap();
        let addr = listener.local_addr().unwrap();
        let server = spawn(async move {
            // Nobody gets an answer before all are connected.
            let mut streams = Vec::new();
            while streams.len() < 100 {
                streams.push(listener.accept().await.unwrap().0);
            }
            gather(streams.into_iter().map(|stream| spawn(echo(stream))).collect::<Vec<_>>()).await.unwrap()
        });
        let clients = (0..100_u8).map(|n| spawn(async move { ask(addr, &[n; 50]).await.unwrap() }));
        let answers = gather(clients.collect::<Vec<_>>()).await.unwrap();
        for (n, answer) in (0..).zip(answers) {
            assert_eq!(answer, [n; 50]);
        }
        server.await.unwrap();
    });
}

#[test]
#[cfg_attr(miri, ignore = "eight megabytes are too many for Miri")]
fn a_writer_waits_for_a_reader_that_is_behind_and_nothing_is_lost() {
    const LENGTH: usize = 8 << 20; // More than the system buffers.
    run(async {
        let (writer, reader) = pair().await;
        let finished = Rc::new(Cell::new(false));
        let flag = Rc::clone(&finished);
        let writing = spawn(async move {
            let bytes: Vec<u8> = (0..LENGTH).map(|n| (n % 251) as u8).collect();
            writer.write_all(&bytes).await.unwrap();
            flag.set(true);
        });
        for _ in 0..1_000 {
            yield_now().await;
        }
        assert!(!finished.get(), "it waits, although the loop has turned a thousand times");
        let mut read = vec![0; LENGTH];
        reader.read_exact(&mut read).await.unwrap();
        assert!(read.iter().enumerate().all(|(n, byte)| *byte == (n % 251) as u8));
        writing.await.unwrap();
        assert_eq!(reader.read(&mut [0]).await.unwrap(), 0, "and then the end");
    });
}

#[test]
fn one_task_reads_while_another_writes_the_same_stream() {
    run(async {
        let (here, there) = pair().await;
        let server = spawn(echo(there));
        let writer = Rc::new(here);
        let reader = Rc::clone(&writer);
        let reading = spawn(async move {
            let mut bytes = vec![0; 1 << 20];
            reader.read_exact(&mut bytes).await.unwrap();
            bytes.len()
        });
        let writing = spawn(async move {
            writer.write_all(&vec![1; 1 << 20]).await.unwrap();
            writer.shutdown(Shutdown::Write).unwrap();
        });
        assert_eq!(reading.await.unwrap(), 1 << 20);
        writing.await.unwrap();
        server.await.unwrap().unwrap();
    });
}

#[test]
fn after_a_half_close_the_answer_still_comes() {
    run(async {
        let (client, server) = pair().await;
        let server = spawn(async move {
            let (mut received, mut buffer) = (Vec::new(), [0; 16]);
            loop {
                match server.read(&mut buffer).await.unwrap() {
                    0 => break,
                    n => received.extend_from_slice(&buffer[..n]),
                }
            }
            received.reverse();
            server.write_all(&received).await.unwrap();
        });
        client.write_all(b"hello").await.unwrap();
        client.shutdown(Shutdown::Write).unwrap();
        assert!(client.write(b"more").await.is_err(), "this half is closed");
        let mut answer = [0; 5];
        client.read_exact(&mut answer).await.unwrap();
        assert_eq!(&answer, b"olleh");
        server.await.unwrap();
    });
}

#[test]
fn both_ends_know_both_addresses() {
    run(async {
        let (client, server) = pair().await;
        assert_eq!(client.local_addr().unwrap(), server.peer_addr().unwrap());
        assert_eq!(client.peer_addr().unwrap(), server.local_addr().unwrap());
        client.set_nodelay(true).unwrap();
    });
}

#[test]
#[cfg_attr(miri, ignore = "Miri has no datagrams")]
fn datagrams_come_whole_and_with_their_sender() {
    run(async {
        let (a, b) = (UdpSocket::bind(any()).unwrap(), UdpSocket::bind(any()).unwrap());
        let to = b.local_addr().unwrap();
        for datagram in [&b"one"[..], b"", b"three"] {
            assert_eq!(a.send_to(datagram, to).await.unwrap(), datagram.len());
        }
        let mut buffer = [0; 4];
        let from = a.local_addr().unwrap();
        assert_eq!(b.recv_from(&mut buffer).await.unwrap(), (3, from));
        assert_eq!(b.recv_from(&mut buffer).await.unwrap(), (0, from));
        #[cfg(unix)]
        assert_eq!(b.recv_from(&mut buffer).await.unwrap(), (4, from), "what does not fit is cut off");
    });
}

// Who misbehaves.

#[test]
fn a_peer_that_resets_is_an_error_and_the_server_goes_on() {
    run(async {
        let listener = TcpListener::bind(any()).unwrap();
        let addr = listener.local_addr().unwrap();
        let errors = Rc::new(RefCell::new(Vec::new()));
        let seen = Rc::clone(&errors);
        let server = spawn(async move {
            for _ in 0..2 {
                let (stream, _peer) = listener.accept().await.unwrap();
                stream.write_all(b"!").await.unwrap();
                if let Err(error) = echo(stream).await {
                    seen.borrow_mut().push(error.kind());
                }
            }
        });
        // A socket that is closed with unread bytes in it resets the connection.
        let resets = thread::spawn(move || {
            let stream = BlockingStream::connect(addr).unwrap();
            assert_eq!(stream.peek(&mut [0]).unwrap(), 1);
        });
        let mut answer = [0; 6];
        let good = TcpStream::connect(addr).await.unwrap();
        good.write_all(b"hello").await.unwrap();
        good.read_exact(&mut answer).await.unwrap();
        assert_eq!(&answer, b"!hello");
        drop(good);
        server.await.unwrap();
        resets.join().unwrap();
        assert_eq!(*errors.borrow(), [io::ErrorKind::ConnectionReset]);
    });
}

#[test]
fn a_peer_that_ends_too_early_is_an_error_of_read_exact() {
    run(async {
        let (client, server) = pair().await;
        client.write_all(b"abc").await.unwrap();
        drop(client);
        let error = server.read_exact(&mut [0; 4]).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
    });
}

#[test]
fn a_line_over_the_limit_is_an_error_and_the_next_line_is_served() {
    async fn serve_lines(stream: TcpStream) -> io::Result<()> {
        let mut codec = LineCodec::new(8);
        let mut buffer = [0; 5];
        loop {
            let n = stream.read(&mut buffer).await?;
            if n == 0 {
                return Ok(());
            }
            codec.feed(&buffer[..n]);
            while let Some(line) = codec.next_line() {
                let answer =
                    line.map_or_else(|error| format!("error: {error}\n"), |line| format!("{line}!\n"));
                stream.write_all(answer.as_bytes()).await?;
            }
        }
    }
    let answers = run(async {
        let (client, server) = pair().await;
        let server = spawn(serve_lines(server));
        client.write_all(b"short\nfar too long a line\nagain\r\n").await.unwrap();
        client.shutdown(Shutdown::Write).unwrap();
        let mut answers = Vec::new();
        let mut buffer = [0; 64];
        while let n @ 1.. = client.read(&mut buffer).await.unwrap() {
            answers.extend_from_slice(&buffer[..n]);
        }
        server.await.unwrap().unwrap();
        String::from_utf8(answers).unwrap()
    });
    let answers: Vec<_> = answers.lines().collect();
    assert_eq!((answers.len(), answers[0], answers[2]), (3, "short!", "again!"));
    assert!(answers[1].starts_with("error: ") && answers[1].contains('8'), "{}", answers[1]);
}

#[test]
#[cfg_attr(miri, ignore = "Miri has no datagrams")]
fn an_address_in_use_is_an_error_that_names_it() {
    run(async {
        let listener = TcpListener::bind(any()).unwrap();
        let addr = listener.local_addr().unwrap();
        let error = TcpListener::bind(addr).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::AddrInUse);
        assert!(error.to_string().starts_with(&format!("could not listen on {addr}: ")), "{error}");
        let socket = UdpSocket::bind(any()).unwrap();
        let addr = socket.local_addr().unwrap();
        let error = UdpSocket::bind(addr).unwrap_err();
        assert!(error.to_string().starts_with(&format!("could not open a socket on {addr}: ")), "{error}");
        drop(listener);
    });
}

#[test]
fn an_address_where_nobody_listens_is_an_error_that_names_it() {
    run(async {
        let listener = TcpListener::bind(any()).unwrap();
        let addr = listener.local_addr().unwrap();
        drop(listener);
        let error = TcpStream::connect(addr).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
        assert!(error.to_string().starts_with(&format!("could not connect to {addr}: ")), "{error}");
    });
}

#[test]
fn a_waker_that_panics_on_a_socket_takes_nothing_with_it() {
    struct Panicking;
    impl Wake for Panicking {
        fn wake(self: Arc<Self>) {
            panic!("a waker, as its socket became readable");
        }
    }
    run(async {
        let (client, server) = pair().await;
        let panicking = Waker::from(Arc::new(Panicking));
        let polled = Pin::new(&mut &server).poll_read(&mut Context::from_waker(&panicking), &mut [0]);
        assert!(polled.is_pending());
        let server = Rc::new(server);
        let reader = Rc::clone(&server);
        let reading = spawn(async move { reader.read(&mut [0; 8]).await.unwrap() });
        yield_now().await;
        client.write_all(b"hello").await.unwrap();
        assert_eq!(reading.await.unwrap(), 5);
    });
}

// Waits that are given up, and waits of several.

#[test]
fn an_accept_that_is_given_up_loses_no_connection() {
    run(async {
        let listener = TcpListener::bind(any()).unwrap();
        let addr = listener.local_addr().unwrap();
        for _ in 0..10 {
            give_up_on(listener.accept()).await;
            let client = BlockingStream::connect(addr).unwrap();
            let (_stream, peer) = listener.accept().await.unwrap();
            assert_eq!(peer, client.local_addr().unwrap());
        }
    });
}

#[test]
fn a_read_that_is_given_up_loses_no_bytes() {
    run(async {
        let (client, server) = pair().await;
        for n in 0..100 {
            give_up_on(server.read(&mut [0; 8])).await;
            client.write_all(&[n]).await.unwrap();
            let mut byte = [0];
            server.read_exact(&mut byte).await.unwrap();
            assert_eq!(byte, [n]);
        }
    });
}

#[test]
fn a_read_aborted_after_it_was_woken_loses_no_bytes() {
    run(async {
        let (client, server) = pair().await;
        let server = Rc::new(server);
        let reader = Rc::clone(&server);
        let reading = spawn(async move { reader.read(&mut [0; 8]).await });
        yield_now().await;
        client.write_all(b"hello").await.unwrap();
        reading.abort();
        reading.await.unwrap_err();
        let mut buffer = [0; 5];
        server.read_exact(&mut buffer).await.unwrap();
        assert_eq!(&buffer, b"hello");
    });
}

#[test]
#[cfg_attr(miri, ignore = "Miri has no datagrams")]
fn two_tasks_that_wait_on_one_socket_are_both_served() {
    run(async {
        let (a, b) = (UdpSocket::bind(any()).unwrap(), Rc::new(UdpSocket::bind(any()).unwrap()));
        let to = b.local_addr().unwrap();
        let receivers = [(); 2].map(|()| {
            let b = Rc::clone(&b);
            spawn(async move {
                let mut byte = [0];
                b.recv_from(&mut byte).await.unwrap();
                byte[0]
            })
        });
        let given_up = Rc::clone(&b);
        let given_up = spawn(async move { given_up.recv_from(&mut [0]).await });
        yield_now().await;
        given_up.abort();
        a.send_to(&[1], to).await.unwrap();
        a.send_to(&[2], to).await.unwrap();
        let mut received = gather(receivers).await.unwrap();
        received.sort_unstable();
        assert_eq!(received, [1, 2]);
    });
}

#[test]
fn two_tasks_that_wait_on_one_listener_are_both_served() {
    run(async {
        let listener = Rc::new(TcpListener::bind(any()).unwrap());
        let addr = listener.local_addr().unwrap();
        let acceptors = [(); 2].map(|()| {
            let listener = Rc::clone(&listener);
            spawn(async move { listener.accept().await.unwrap().1 })
        });
        yield_now().await;
        let first = TcpStream::connect(addr).await.unwrap();
        let second = TcpStream::connect(addr).await.unwrap();
        let mut accepted = gather(acceptors).await.unwrap();
        let mut connected = vec![first.local_addr().unwrap(), second.local_addr().unwrap()];
        accepted.sort_unstable();
        connected.sort_unstable();
        assert_eq!(accepted, connected);
    });
}

#[test]
fn the_latest_waker_of_poll_read_wins() {
    async fn earlier(stream: Rc<TcpStream>, go_on: step2::Receiver<()>) {
        poll_fn(|cx| {
            assert!(Pin::new(&mut &*stream).poll_read(cx, &mut [0]).is_pending());
            Poll::Ready(())
        })
        .await;
        go_on.await.unwrap();
    }
    async fn later(stream: Rc<TcpStream>) -> usize {
        poll_fn(|cx| Pin::new(&mut &*stream).poll_read(cx, &mut [0; 8])).await.unwrap()
    }
    let ((), timeline) = timeline::record(|| {
        run(async {
            let (client, server) = pair().await;
            let server = Rc::new(server);
            let (go_on, wait) = oneshot();
            let earlier = spawn(earlier(Rc::clone(&server), wait));
            let later = spawn(later(server));
            yield_now().await;
            client.write_all(b"hello").await.unwrap();
            assert_eq!(later.await.unwrap(), 5);
            go_on.send(()).unwrap();
            earlier.await.unwrap();
        });
    });
    assert_eq!(
        (timeline.wakes("earlier"), timeline.wakes("later")),
        (1, 1),
        "the earlier by its oneshot alone"
    );
}

// What is registered, and for how long.

#[test]
fn a_socket_is_registered_until_it_is_dropped() {
    let mut driver = IoDriver::new().unwrap();
    let (listener, (client, server)) = drive(&mut driver, async {
        let listener = TcpListener::bind(any()).unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (server, _peer) = listener.accept().await.unwrap();
        (listener, (client, server))
    })
    .unwrap();
    assert_eq!(driver.sockets(), 3);
    drop(listener);
    assert_eq!(driver.sockets(), 2);
    let ended = drive(&mut driver, async move {
        drop(client);
        server.read(&mut [0]).await.unwrap()
    });
    assert_eq!((ended.unwrap(), driver.sockets()), (0, 0));
}

#[test]
fn connections_that_fail_leave_no_registration_behind() {
    let mut driver = IoDriver::new().unwrap();
    drive(&mut driver, async {
        let listener = TcpListener::bind(any()).unwrap();
        let addr = listener.local_addr().unwrap();
        drop(listener);
        for _ in 0..10 {
            TcpStream::connect(addr).await.unwrap_err();
        }
    })
    .unwrap();
    assert_eq!(driver.sockets(), 0);
}

#[test]
fn sockets_come_and_go_and_the_next_one_is_served() {
    let mut driver = IoDriver::new().unwrap();
    drive(&mut driver, async {
        for n in 0..500_u32 {
            let (client, server) = pair().await;
            give_up_on(server.read(&mut [0])).await; // There is a waker on it when it goes.
            client.write_all(&n.to_be_bytes()).await.unwrap();
            if n % 2 == 0 {
                let mut bytes = [0; 4];
                server.read_exact(&mut bytes).await.unwrap();
                assert_eq!(u32::from_be_bytes(bytes), n);
            }
        }
    })
    .unwrap();
    assert_eq!(driver.sockets(), 0);
}

#[test]
fn a_dropped_socket_lets_go_of_the_wakers_that_wait_on_it() {
    struct Bell;
    impl Wake for Bell {
        fn wake(self: Arc<Self>) {}
    }
    run(async {
        let bell = Arc::new(Bell);
        let waker = Waker::from(Arc::clone(&bell));
        let (_client, server) = pair().await;
        let polled = Pin::new(&mut &server).poll_read(&mut Context::from_waker(&waker), &mut [0]);
        assert!(polled.is_pending());
        // A future that waits has a place of its own beside.
        let mut buffer = [0];
        let mut reading = Box::pin(server.read(&mut buffer));
        assert!(reading.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
        drop(waker);
        assert_eq!(Arc::strong_count(&bell), 3, "`poll_read` has left one, and the future another");
        drop(reading);
        assert_eq!(Arc::strong_count(&bell), 2);
        drop(server);
        assert_eq!(Arc::strong_count(&bell), 1);
    });
}

#[test]
fn the_traits_of_futures_io_close_one_half() {
    run(async {
        let (mut client, server) = pair().await;
        poll_fn(|cx| Pin::new(&mut client).poll_write(cx, b"hello")).await.unwrap();
        poll_fn(|cx| Pin::new(&mut client).poll_flush(cx)).await.unwrap();
        poll_fn(|cx| Pin::new(&mut client).poll_close(cx)).await.unwrap();
        let mut bytes = [0; 5];
        server.read_exact(&mut bytes).await.unwrap();
        assert_eq!(server.read(&mut bytes).await.unwrap(), 0);
        server.write_all(b"bye").await.unwrap();
        let n = poll_fn(|cx| Pin::new(&mut client).poll_read(cx, &mut bytes)).await.unwrap();
        assert_eq!(&bytes[..n], b"bye");
    });
}

#[test]
fn our_sockets_speak_with_blocking_ones() {
    run(async {
        let listener = TcpListener::bind(any()).unwrap();
        let addr = listener.local_addr().unwrap();
        let server = spawn(async move { echo(listener.accept().await?.0).await });
        let answer = step4::unblock(move || {
            let mut stream = BlockingStream::connect(addr)?;
            stream.write_all(b"hello")?;
            stream.shutdown(Shutdown::Write)?;
            let mut answer = String::new();
            stream.read_to_string(&mut answer)?;
            io::Result::Ok(answer)
        });
        assert_eq!(answer.await.unwrap(), "hello");
        server.await.unwrap().unwrap();
    });
}
