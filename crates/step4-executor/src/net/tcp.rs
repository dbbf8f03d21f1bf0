//! TCP: a listener that accepts, a stream that reads and writes.

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr};
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_io::{AsyncRead, AsyncWrite};

use crate::net::about;
use crate::reactor::{Direction, Registered};

/// Accepts TCP connections.
///
/// ```
/// use step4::{TcpListener, TcpStream, run, spawn};
///
/// run(async {
///     let listener = TcpListener::bind("127.0.0.1:0".parse().unwrap())?;
///     let addr = listener.local_addr()?;
///     let client = spawn(async move { TcpStream::connect(addr).await?.write_all(b"hello").await });
///     let (stream, _peer) = listener.accept().await?;
///     let mut greeting = [0; 5];
///     stream.read_exact(&mut greeting).await?;
///     assert_eq!(&greeting, b"hello");
///     client.await?
/// })?;
/// # std::io::Result::Ok(())
/// ```
#[derive(Debug)]
pub struct TcpListener {
    io: Registered<mio::net::TcpListener>,
}

impl TcpListener {
    /// Listens on `addr`; port 0 is any free one.
    ///
    /// # Errors
    ///
    /// Returns the system's error, with the address in its text: an address in use, one that is not ours.
    ///
    /// # Panics
    ///
    /// Panics outside of a loop or pool.
    pub fn bind(addr: SocketAddr) -> io::Result<Self> {
        let listener = mio::net::TcpListener::bind(addr).map_err(|error| about(&error, "listen on", addr))?;
        Ok(Self { io: Registered::new(listener)? })
    }

    /// Waits for a connection, and returns it with the peer's address.
    ///
    /// Dropping the future loses no connection.
    ///
    /// # Errors
    ///
    /// Returns the system's error: file descriptors that have run out, a peer that is gone again. The listener can be
    /// used after either. In the first case the connection stays where it is, and the next call fails at once until
    /// descriptors are back: so sleep a little before it, or the server takes all of a processor meanwhile.
    pub async fn accept(&self) -> io::Result<(TcpStream, SocketAddr)> {
        let (stream, peer) = self.io.until_done(Direction::Read, mio::net::TcpListener::accept).await?;
        Ok((TcpStream { io: Registered::new(stream)? }, peer))
    }

    /// Polls for a connection, as [`accept`](Self::accept) does. Of several tasks that poll, the last one is woken.
    ///
    /// # Errors
    ///
    /// As [`accept`](Self::accept).
    pub fn poll_accept(&self, cx: &mut Context<'_>) -> Poll<io::Result<(TcpStream, SocketAddr)>> {
        self.io.poll(Direction::Read, cx, mio::net::TcpListener::accept).map(|accepted| {
            let (stream, peer) = accepted?;
            Ok((TcpStream { io: Registered::new(stream)? }, peer))
        })
    }

    /// Returns the address that it listens on.
    ///
    /// # Errors
    ///
    /// Returns the system's error.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.io.socket().local_addr()
    }
}

/// A TCP connection.
///
/// Its methods take `&self`: one task may read while another writes, and several may share it. It also has the traits
/// of `futures-io`, for code that is written against those. See [`TcpListener`] for both ends of one.
///
/// ```
/// use step4::{TcpStream, run};
///
/// let free = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?; // Nobody listens there any more.
/// let error = run(async move { TcpStream::connect(free).await.unwrap_err() });
/// assert!(error.to_string().contains(&free.to_string()));
/// # std::io::Result::Ok(())
/// ```
#[derive(Debug)]
pub struct TcpStream {
    io: Registered<mio::net::TcpStream>,
}

impl TcpStream {
    /// Connects to `addr`.
    ///
    /// # Errors
    ///
    /// Returns the system's error, with the address in its text: nobody listens there, it cannot be reached.
    ///
    /// # Panics
    ///
    /// Panics outside of a loop or pool.
    pub async fn connect(addr: SocketAddr) -> io::Result<Self> {
        let connecting = async {
            let stream = Self { io: Registered::new(mio::net::TcpStream::connect(addr)?)? };
            stream.io.until_done(Direction::Write, is_connected).await?;
            Ok(stream)
        };
        connecting.await.map_err(|error| about(&error, "connect to", addr))
    }

    /// Reads what is there, at most `buffer`, and waits if there is nothing. Returns 0 at the end.
    ///
    /// Dropping the future loses no bytes.
    ///
    /// # Errors
    ///
    /// Returns the system's error, such as a connection that was reset.
    pub async fn read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        self.io.read(buffer.len(), |mut socket| socket.read(buffer)).await
    }

    /// Reads until `buffer` is full. Dropping the future loses what it had read.
    ///
    /// # Errors
    ///
    /// As [`read`](Self::read); and `UnexpectedEof` if the connection ends before.
    pub async fn read_exact(&self, mut buffer: &mut [u8]) -> io::Result<()> {
        while !buffer.is_empty() {
            match self.read(buffer).await? {
                0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                n => buffer = &mut buffer[n..],
            }
        }
        Ok(())
    }

    /// Writes some of `bytes`, waiting while the peer is behind. Returns how many were written.
    ///
    /// # Errors
    ///
    /// Returns the system's error, such as a connection that was reset.
    pub async fn write(&self, bytes: &[u8]) -> io::Result<usize> {
        self.io.until_done(Direction::Write, |mut socket| socket.write(bytes)).await
    }

    /// Writes all of `bytes`. Dropping the future may have written a part of them.
    ///
    /// # Errors
    ///
    /// As [`write`](Self::write).
    pub async fn write_all(&self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            match self.write(bytes).await? {
                0 => return Err(io::ErrorKind::WriteZero.into()),
                n => bytes = &bytes[n..],
            }
        }
        Ok(())
    }

    /// Shuts down one direction or both, at once. The peer reads the end after what was written.
    ///
    /// # Errors
    ///
    /// Returns the system's error.
    pub fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        self.io.socket().shutdown(how)
    }

    /// Sends small writes at once (true) instead of collecting them.
    ///
    /// # Errors
    ///
    /// Returns the system's error.
    pub fn set_nodelay(&self, nodelay: bool) -> io::Result<()> {
        self.io.socket().set_nodelay(nodelay)
    }

    /// Returns this end's address.
    ///
    /// # Errors
    ///
    /// Returns the system's error.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.io.socket().local_addr()
    }

    /// Returns the other end's address.
    ///
    /// # Errors
    ///
    /// Returns the system's error.
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.io.socket().peer_addr()
    }
}

/// Returns whether a connection stands, its error if it failed, or `WouldBlock` while neither is known.
fn is_connected(socket: &mio::net::TcpStream) -> io::Result<()> {
    if let Some(error) = socket.take_error()? {
        return Err(error);
    }
    match socket.peer_addr() {
        Err(error) if error.kind() == io::ErrorKind::NotConnected => Err(io::ErrorKind::WouldBlock.into()),
        outcome => outcome.map(drop),
    }
}

impl AsyncRead for &TcpStream {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        self.io.poll_read(buffer.len(), cx, |mut socket| socket.read(buffer))
    }
}

impl AsyncWrite for &TcpStream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.io.poll(Direction::Write, cx, |mut socket| socket.write(bytes))
    }

    fn poll_flush(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(())) // A socket keeps nothing back.
    }

    fn poll_close(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(match self.shutdown(Shutdown::Write) {
            // The peer was faster: it is closed.
            Err(error) if error.kind() == io::ErrorKind::NotConnected => Ok(()),
            outcome => outcome,
        })
    }
}

impl AsyncRead for TcpStream {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut &*self).poll_read(cx, buffer)
    }
}

impl AsyncWrite for TcpStream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut &*self).poll_write(cx, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut &*self).poll_flush(cx)
    }

    fn poll_close(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut &*self).poll_close(cx)
    }
}
