//! A server of lines, with a thread per connection: the network, as far as this course is concerned.
//!
//! ```text
//! acceptor        accept ─── accept ─────────── knock: shut all, join all, gone
//! connection 1       └─ read, wait, answer, read, ... closed by the peer
//! connection 2                └─ read, wait, answer, read, ... shut by the acceptor
//! ```
//!
//! Every thread here spends its life blocked. That is simple, and for a handful of connections it is right; what it
//! costs is a stack for each peer that says nothing.
//!
//! # Invariants
//!
//! 1. A connection's socket is owned by its thread and closed when that thread ends; the acceptor knows it weakly.
//! 2. The acceptor outlives every connection's thread, and [`Server`] outlives the acceptor: once it is dropped, there
//!    is neither thread nor descriptor left.
//!
//! # Absent on purpose
//!
//! No timeouts and no limit on connections: a peer that stays and says nothing holds its thread until the end.

use std::fmt::Display;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, Shutdown, SocketAddr, TcpListener, TcpStream, ToSocketAddrs};
use std::sync::{Arc, Weak};
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

use crate::connection::{Closing, Connection};
use crate::{Error, LineCodec};

/// Sets how a [`Server`] behaves.
///
/// # Examples
///
/// ```
/// let slow = step1::Options { delay: std::time::Duration::from_millis(100), ..Default::default() };
/// assert_eq!(slow.max_line, step1::LineCodec::DEFAULT_LIMIT);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// How long to wait before each answer: what makes it "the network". Nothing, unless told.
    pub delay: Duration,
    /// The longest line it takes or gives, in bytes: [`LineCodec::DEFAULT_LIMIT`], unless told.
    pub max_line: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self { delay: Duration::ZERO, max_line: LineCodec::DEFAULT_LIMIT }
    }
}

/// Answers lines on an address, from [`serve`] until it is stopped or dropped.
///
/// # Examples
///
/// ```
/// use step1::{Errand, Options, serve};
///
/// let server = serve("127.0.0.1:0", Options::default(), |line| line.to_uppercase())?;
/// let answer = Errand::Ask { server: server.addr(), line: "hello".into() }.run()?;
/// assert_eq!(answer, "HELLO");
/// server.stop();
/// # Ok::<(), step1::Error>(())
/// ```
#[derive(Debug)]
pub struct Server {
    addr: SocketAddr,
    closing: Arc<Closing>,
    acceptor: Option<JoinHandle<()>>,
}

/// Serves lines on `addr`, answering each with what `handler` makes of it.
///
/// Port 0 takes any free port; [`Server::addr`] tells which. A panic in `handler` closes that connection, and no other.
///
/// A line that is over the limit or not UTF-8 is answered by an `error: ` line, as is one whose answer is over the
/// limit or not one line, and the connection goes on. To close it would be to reset it, since the rest of the long line
/// is still coming, and a reset can overtake the answer that explains it.
///
/// # Errors
///
/// Returns [`Error::Io`], with the address in it, if the address is in use, or there is no such address here.
pub fn serve<A, H>(addr: A, options: Options, handler: H) -> Result<Server, Error>
where
    A: ToSocketAddrs + Display,
    H: Fn(&str) -> String + Send + Sync + 'static,
{
    let cannot = || Error::io(format!("serve on {addr}"));
    let listener = TcpListener::bind(&addr).map_err(cannot())?;
    let addr = listener.local_addr().map_err(cannot())?;
    let closing = Arc::new(Closing::default());
    let acceptor = Acceptor {
        listener,
        options,
        handler: Arc::new(handler),
        closing: Arc::clone(&closing),
        connections: Vec::new(),
    };
    let acceptor =
        named("acceptor").spawn(move || acceptor.run()).map_err(Error::io("start the acceptor"))?;
    Ok(Server { addr, closing, acceptor: Some(acceptor) })
}

impl Server {
    /// Tells the address it serves on.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Stops accepting, closes every connection, and returns once its last thread has gone; as dropping it does.
    ///
    /// It does not wait for a [delay](Options::delay) to pass, but it does wait for a handler to return: a handler that
    /// stops its own server waits for itself, for ever.
    pub fn stop(self) {
        drop(self);
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let Some(acceptor) = self.acceptor.take() else { return };
        self.closing.close();
        // The acceptor sleeps in `accept`, where it hears of nothing but a connection: so make one. Should that fail
        // (no descriptor left, perhaps), try again until somebody's connection has woken it.
        while !acceptor.is_finished() {
            match TcpStream::connect_timeout(&door(self.addr), Duration::from_secs(1)) {
                Ok(_knock) => break,
                Err(_) => std::thread::sleep(Duration::from_millis(10)),
            }
        }
        let _ = acceptor.join(); // It has nothing to return, and a panic of its has been printed.
    }
}

/// Where to knock on a listener: one that listens on every address can be reached on the loopback.
fn door(mut addr: SocketAddr) -> SocketAddr {
    if addr.ip().is_unspecified() {
        addr.set_ip(match addr.ip() {
            IpAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
            IpAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
        });
    }
    addr
}

/// The thread that owns the listener, and watches over the connections.
struct Acceptor<H> {
    listener: TcpListener,
    options: Options,
    handler: Arc<H>,
    closing: Arc<Closing>,
    connections: Vec<(Weak<TcpStream>, JoinHandle<()>)>,
}

impl<H: Fn(&str) -> String + Send + Sync + 'static> Acceptor<H> {
    fn run(mut self) {
        loop {
            let accepted = self.listener.accept();
            if self.closing.is_closed() {
                break;
            }
            self.see_off();
            // A peer that has gone again, or a process out of descriptors, is no reason to stop serving; a moment's
            // rest keeps the latter from making this a busy loop.
            if accepted.and_then(|(stream, _)| self.welcome(stream)).is_err() {
                self.closing.wait(Duration::from_millis(10));
            }
        }
        for (stream, _) in &self.connections {
            if let Some(stream) = stream.upgrade() {
                let _ = stream.shutdown(Shutdown::Both); // It may have been closed already.
            }
        }
        for (_, thread) in self.connections {
            let _ = thread.join();
        }
    }

    /// Joins the threads that have ended, lest they pile up.
    fn see_off(&mut self) {
        for (_, thread) in self.connections.extract_if(.., |(_, thread)| thread.is_finished()) {
            let _ = thread.join(); // A handler's panic has been printed, and has closed its connection.
        }
    }

    fn welcome(&mut self, stream: TcpStream) -> io::Result<()> {
        let stream = Arc::new(stream);
        let weak = Arc::downgrade(&stream);
        let connection = Connection {
            stream,
            codec: LineCodec::new(self.options.max_line),
            delay: self.options.delay,
            handler: Arc::clone(&self.handler),
            closing: Arc::clone(&self.closing),
        };
        // A peer that resets ends its own thread, and that is all it does.
        let thread = named("connection").spawn(move || drop(connection.run()))?;
        self.connections.push((weak, thread));
        Ok(())
    }
}

fn named(name: &str) -> Builder {
    Builder::new().name(name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn door_of(addr: &str) -> String {
        door(addr.parse().unwrap()).to_string()
    }

    #[test]
    fn a_listener_on_every_address_is_knocked_at_on_the_loopback() {
        assert_eq!(door_of("0.0.0.0:80"), "127.0.0.1:80");
        assert_eq!(door_of("[::]:80"), "[::1]:80");
    }

    #[test]
    fn a_listener_on_one_address_is_knocked_at_there() {
        assert_eq!(door_of("127.0.0.2:80"), "127.0.0.2:80");
    }
}
