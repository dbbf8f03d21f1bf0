//! UDP: datagrams, each whole or not at all.

use std::io;
use std::net::SocketAddr;

use crate::net::about;
use crate::reactor::{Direction, Registered};

/// Sends and receives datagrams.
///
/// ```
/// use step4::{UdpSocket, run};
///
/// run(async {
///     let any = "127.0.0.1:0".parse().unwrap();
///     let (a, b) = (UdpSocket::bind(any)?, UdpSocket::bind(any)?);
///     a.send_to(b"hello", b.local_addr()?).await?;
///     let mut buffer = [0; 16];
///     let (n, from) = b.recv_from(&mut buffer).await?;
///     assert_eq!((&buffer[..n], from), (&b"hello"[..], a.local_addr()?));
///     Ok(())
/// })
/// # as std::io::Result<()>;
/// ```
#[derive(Debug)]
pub struct UdpSocket {
    io: Registered<mio::net::UdpSocket>,
}

impl UdpSocket {
    /// Opens a socket on `addr`; port 0 is any free one.
    ///
    /// # Errors
    ///
    /// Returns the system's error, with the address in its text.
    ///
    /// # Panics
    ///
    /// Panics outside of a loop or pool.
    pub fn bind(addr: SocketAddr) -> io::Result<Self> {
        let socket =
            mio::net::UdpSocket::bind(addr).map_err(|error| about(&error, "open a socket on", addr))?;
        Ok(Self { io: Registered::new(socket)? })
    }

    /// Sends one datagram, waiting while the system's buffer is full. Returns how many bytes were sent.
    ///
    /// # Errors
    ///
    /// Returns the system's error, such as a datagram that is too long.
    pub async fn send_to(&self, datagram: &[u8], to: SocketAddr) -> io::Result<usize> {
        self.io.until_done(Direction::Write, |socket| socket.send_to(datagram, to)).await
    }

    /// Waits for a datagram. Returns its length and its sender; what does not fit into `buffer` is cut off
    /// (on Windows, it is an error).
    ///
    /// Dropping the future loses no datagram.
    ///
    /// # Errors
    ///
    /// Returns the system's error.
    pub async fn recv_from(&self, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        self.io.until_done(Direction::Read, |socket| socket.recv_from(buffer)).await
    }

    /// Returns this socket's address.
    ///
    /// # Errors
    ///
    /// Returns the system's error.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.io.socket().local_addr()
    }
}
