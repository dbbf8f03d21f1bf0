//! How often the reactor asks the system, on real sockets: what is known to be empty is not read.
#![allow(clippy::unwrap_used, reason = "a test may")]

use std::cell::Cell;
use std::io::{Read, Write};
use std::net::TcpListener;

use super::*;

/// One end of a connection, registered, and the other end beside its driver. Counts how often the system is asked.
struct Connection {
    driver: IoDriver,
    ours: Registered<mio::net::TcpStream>,
    theirs: std::net::TcpStream,
    calls: Cell<u32>,
}

impl Connection {
    fn new() -> Self {
        let driver = IoDriver::new().unwrap();
        let _entered = driver.enter();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let theirs = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (stream, _peer) = listener.accept().unwrap();
        stream.set_nonblocking(true).unwrap();
        let ours = Registered::new(mio::net::TcpStream::from_std(stream)).unwrap();
        Self { driver, ours, theirs, calls: Cell::new(0) }
    }

    /// Reads into 8 bytes, and returns how many came, if any did.
    fn read(&self) -> Option<usize> {
        budget::refill();
        let mut buffer = [0; 8];
        let operation = |mut socket: &mio::net::TcpStream| {
            self.calls.set(self.calls.get() + 1);
            socket.read(&mut buffer)
        };
        match self.ours.poll_read(8, &mut Context::from_waker(Waker::noop()), operation) {
            Poll::Ready(outcome) => Some(outcome.unwrap()),
            Poll::Pending => None,
        }
    }

    /// Reads as [`read`](Self::read), and waits for events until something comes.
    fn read_later(&mut self) -> usize {
        loop {
            if let Some(read) = self.read() {
                return read;
            }
            self.driver.park(None).unwrap();
        }
    }

    /// Reads until `bytes` have come, in as many reads as it takes. Returns how many came.
    fn read_at_least(&mut self, bytes: usize) -> usize {
        let mut read = 0;
        while read < bytes {
            read += self.read_later();
        }
        read
    }
}

/// A server under load asked three times for a request: read, write, and a read that only said `WouldBlock`. tokio did not, and
/// answered more requests; see the example `against_tokio` of the crate `interop`.
#[test]
#[cfg(target_os = "linux")]
fn after_a_short_read_the_system_is_not_asked_before_the_next_event() {
    let mut connection = Connection::new();
    for _ in 0..3 {
        connection.theirs.write_all(b"abc").unwrap();
        assert_eq!(connection.read_later(), 3);
        let asked = connection.calls.get();
        assert_eq!(connection.read(), None);
        assert_eq!(connection.read(), None);
        assert_eq!(connection.calls.get(), asked);
    }
}

#[test]
fn after_a_read_that_filled_its_buffer_the_rest_is_read_at_once() {
    let mut connection = Connection::new();
    connection.theirs.write_all(&[7; 20]).unwrap();
    assert_eq!(connection.read_at_least(20), 20);
}

/// The end comes with the last bytes, as one event; a short read must not hide it.
#[test]
fn an_end_that_came_with_the_last_bytes_is_read() {
    let mut connection = Connection::new();
    connection.theirs.write_all(b"abc").unwrap();
    connection.theirs.shutdown(std::net::Shutdown::Write).unwrap();
    connection.driver.park(None).unwrap();
    assert_eq!(connection.read_later(), 3);
    assert_eq!(connection.read(), Some(0));
}

/// A read stops at an urgent byte, which is not read; what was sent after it has come too, and nothing tells of it again.
#[test]
fn bytes_behind_an_urgent_one_are_read() {
    let mut connection = Connection::new();
    connection.theirs.write_all(b"abc").unwrap();
    socket2::SockRef::from(&connection.theirs).send_out_of_band(b"!").unwrap();
    connection.theirs.write_all(b"def").unwrap();
    connection.driver.park(None).unwrap();
    assert_eq!(connection.read_at_least(6), 6);
}

/// The bytes are read before the driver has looked; what it then tells, of bytes or end, counts.
#[test]
fn an_end_that_comes_after_a_short_read_is_read() {
    let mut connection = Connection::new();
    connection.theirs.write_all(b"abc").unwrap();
    assert_eq!(connection.read_later(), 3);
    connection.theirs.shutdown(std::net::Shutdown::Write).unwrap();
    assert_eq!(connection.read_later(), 0);
}

#[test]
fn what_came_unseen_is_read_after_the_driver_has_ended() {
    let Connection { mut driver, ours, mut theirs, calls } = Connection::new();
    drop(driver.park(Some(Duration::ZERO)));
    let connection =
        Connection { driver: IoDriver::new().unwrap(), ours, theirs: theirs.try_clone().unwrap(), calls };
    assert_eq!(connection.read(), None);
    theirs.write_all(b"abc").unwrap();
    drop(driver);
    assert_eq!(connection.read(), Some(3));
}
