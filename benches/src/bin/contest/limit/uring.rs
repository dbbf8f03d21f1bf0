//! TCP echo on io_uring, by hand: one push sends a message back and asks for the next, and one system call submits all that
//! was pushed and waits for more.
//!
//! ```text
//!   wait ─▶ accepted ─▶ push: accept again; receive
//!     ▲  ─▶ received ─▶ push: send ── linked ─▶ receive        a send that works is not reported
//!     └── submit what was pushed
//! ```
//!
//! It is here to say whether an io_uring driver would earn its place in step 4. The server's CPU time for a round trip on
//! one thread, in µs: median, least and most of ten samples of 0.2 s, taken in turns on 2 cores of an AMD EPYC virtual
//! machine, Linux 6.18, rustc 1.95 (wall times drift more than they differ):
//!
//! | connections | `limit`           | `limit-uring`     | `ours`            | `monoio`          | `tokio`           |
//! |------------:|------------------:|------------------:|------------------:|------------------:|------------------:|
//! |           1 |  23.2 (18.4–27.4) |  23.2 (20.3–34.3) |  24.1 (20.7–30.5) |  24.7 (22.3–39.6) |  23.0 (21.0–32.3) |
//! |           8 |  5.41 (5.17–7.43) |  5.36 (5.05–5.73) |  6.24 (5.81–7.24) |  6.62 (6.00–7.60) |  6.19 (5.98–7.85) |
//! |          64 |  5.27 (5.16–8.78) |  5.07 (5.01–7.99) |  5.99 (5.64–8.46) | 6.45 (5.80–10.04) |  5.98 (5.73–8.83) |
//! |         512 |  5.65 (5.32–9.15) |  5.22 (5.05–6.83) |  6.34 (5.99–8.81) |  6.54 (6.26–7.14) | 6.26 (6.09–10.59) |
//!
//! ```console
//! $ cargo run --profile bench -p benches --features peers --bin contest -- echo-one-thread limit-uring --size 64
//! ```
//!
//! By hand, io_uring saves 8 per cent at most of what epoll takes, and nothing with one connection, as sending and receiving
//! cost the same in the kernel; the samples scatter more. monoio, a whole runtime on io_uring, takes more than ours on epoll. A
//! driver on io_uring would be no second `Park` either, since the kernel uses a buffer until the operation is over, even if its
//! future was dropped, so that sockets would have to own their buffers: it does not earn its place.
//!
//! # Invariants
//!
//! 1. A connection's buffer is never freed, and only the kernel looks into it.
//! 2. A connection has one operation on its buffer at a time: a receive that is linked to a send begins after it.
//!
//! # Absent on purpose
//!
//! Multishot receives from a ring of buffers, registered sockets and a registered ring: tried, they made no difference
//! beyond the scatter.
#![allow(unsafe_code, reason = "the kernel reads and writes memory that a pushed operation points to")]

use std::net::{SocketAddr, TcpListener};
use std::os::fd::AsRawFd;
use std::ptr::null_mut;
use std::sync::mpsc::Sender;
use std::{io, thread};

use io_uring::squeue::{Entry, Flags};
use io_uring::types::Fd;
use io_uring::{IoUring, cqueue, opcode};
use rustix::net::RecvFlags;
use rustix::net::sockopt::set_tcp_nodelay;

use crate::work::echo::MESSAGE;

/// Stands for the listener among the connections.
const LISTENER: u64 = u64::MAX;
/// How many operations may be pushed before they must be submitted.
const ENTRIES: u32 = 1024;
/// The kernel's `IORING_RECVSEND_POLL_FIRST`: does not try at once, since the client has yet to answer.
const POLL_FIRST: u16 = 1;

pub(crate) fn serve_one(address: Sender<SocketAddr>) {
    serve(address, 1);
}

/// Both threads accept from one listener, and serve what they have accepted.
pub(crate) fn serve_two(address: Sender<SocketAddr>) {
    serve(address, 2);
}

/// A socket, and the memory for its message.
#[derive(Clone, Copy)]
struct Connection {
    socket: Fd,
    message: *mut u8,
}

/// One thread with its connections.
struct Server {
    ring: IoUring,
    listener: Fd,
    connections: Vec<Connection>,
}

fn serve(address: Sender<SocketAddr>, threads: usize) {
    // It stays in blocking mode, and so do its connections: io_uring waits only for such sockets.
    let listener = TcpListener::bind("127.0.0.1:0").expect("there is a free port");
    set_tcp_nodelay(&listener, true).expect("a TCP socket can"); // Its connections inherit it.
    let socket = Fd(listener.as_raw_fd());
    let server = Server::new(socket);
    address.send(listener.local_addr().expect("a listener has an address")).expect("the client waits for it");
    drop(address); // It is told once.
    for _ in 1..threads {
        thread::spawn(move || Server::new(socket).run());
    }
    server.run();
}

impl Server {
    /// Makes a ring, which this thread alone may use.
    fn new(listener: Fd) -> Self {
        let mut builder = IoUring::builder();
        builder.setup_single_issuer().setup_defer_taskrun();
        match builder.build(ENTRIES) {
            Ok(ring) => Self { ring, listener, connections: Vec::new() },
            Err(error) => panic!("no io_uring here: it must be permitted, and Linux 6.1 at least: {error}"),
        }
    }

    fn run(mut self) -> ! {
        self.accept();
        loop {
            self.ring.submit_and_wait(1).expect("a ring can wait");
            while let Some(done) = self.next() {
                let result = done.result();
                assert!(result >= 0, "an operation failed: {}", io::Error::from_raw_os_error(-result));
                if done.user_data() == LISTENER {
                    self.begin(Fd(result));
                    self.accept();
                } else if result > 0 {
                    self.echo(done.user_data(), result as u32);
                }
            }
        }
    }

    fn next(&mut self) -> Option<cqueue::Entry> {
        self.ring.completion().next()
    }

    /// Accepts one connection: the next may be another thread's.
    fn accept(&mut self) {
        let accept = opcode::Accept::new(self.listener, null_mut(), null_mut()).build();
        self.push(&[accept.user_data(LISTENER)]);
    }

    fn begin(&mut self, socket: Fd) {
        let message = Box::leak(Box::new([0; MESSAGE])).as_mut_ptr();
        let connection = Connection { socket, message };
        let number = self.connections.len() as u64;
        self.connections.push(connection);
        self.push(&[connection.receive(number)]);
    }

    fn echo(&mut self, number: u64, length: u32) {
        let connection = self.connections[number as usize];
        self.push(&[connection.send(length), connection.receive(number)]);
    }

    /// Has the kernel do `operations` with the next submission.
    fn push(&mut self, operations: &[Entry]) {
        let mut queue = self.ring.submission();
        if queue.capacity() - queue.len() < operations.len() {
            drop(queue);
            self.ring.submit().expect("a ring takes what was pushed");
            queue = self.ring.submission();
        }
        // SAFETY: what they point to is a connection's buffer, or nothing; it stays, and nobody else uses it (1, 2).
        unsafe { queue.push_multiple(operations) }.expect("it has just been emptied");
    }
}

impl Connection {
    fn receive(self, number: u64) -> Entry {
        let receive = opcode::Recv::new(self.socket, self.message, MESSAGE as u32);
        receive.ioprio(POLL_FIRST).build().user_data(number)
    }

    /// Sends all of the message, before what is pushed next.
    fn send(self, length: u32) -> Entry {
        let send = opcode::Send::new(self.socket, self.message, length);
        let all = RecvFlags::WAITALL.bits() as i32; // A send may have it as well, in io_uring.
        send.flags(all).build().flags(Flags::IO_LINK | Flags::SKIP_SUCCESS)
    }
}
