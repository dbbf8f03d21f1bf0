//! Sockets that are awaited: TCP and UDP, on the reactor of the thread that opened them.
//!
//! Addresses are [`SocketAddr`]s, not names: looking a name up blocks, so it is a job for other
//! threads, [`resolve`].

mod tcp;
mod udp;

use std::io;
use std::net::{SocketAddr, ToSocketAddrs};

pub use tcp::{TcpListener, TcpStream};
pub use udp::UdpSocket;

/// Looks up a name like `"localhost:80"`, on a thread that may block.
///
/// # Errors
///
/// Returns the system's error if there is no such name.
///
/// ```
/// let found = step4::run(async { step4::resolve("127.0.0.1:80").await });
/// assert_eq!(found.unwrap(), ["127.0.0.1:80".parse().unwrap()]);
/// ```
pub async fn resolve(name: impl ToSocketAddrs + Send + 'static) -> io::Result<Vec<SocketAddr>> {
    crate::unblock(move || Ok(name.to_socket_addrs()?.collect())).await
}

/// Says in an error what was being done, and to which address.
fn about(error: &io::Error, doing: &str, addr: SocketAddr) -> io::Error {
    io::Error::new(error.kind(), format!("could not {doing} {addr}: {error}"))
}
