//! A stream of ours, as hyper wants it: its `Read` and `Write` on top of those of `futures-io`.
//!
//! The two pairs of traits differ in one thing. hyper reads into memory that nobody has written yet, which saves it a pass over
//! the buffer, but takes unsafe code to fill in place. We do without: a read lands in a buffer that all streams of a thread
//! share, and what has come is copied from there. That is one copy of what was received, no pass over what was not, and no
//! memory for a connection that waits.

use std::cell::RefCell;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_io::{AsyncRead, AsyncWrite};
use hyper::rt::{Read, ReadBufCursor, Write};

/// As much as a socket hands over at once, mostly; hyper itself begins with 8 KiB.
const LANDING: usize = 64 << 10;

thread_local! {
    static BUFFER: RefCell<Box<[u8]>> = RefCell::new(vec![0; LANDING].into_boxed_slice());
}

/// A stream with the traits of `futures-io`, for hyper: a `TcpStream` of step 4, or what TLS makes of one.
///
/// ```
/// use http_body_util::Empty;
/// use hyper::{Request, StatusCode, body::Bytes, client, server, service::service_fn};
/// use interop::HyperIo;
/// use step4::{TcpListener, TcpStream, run, spawn};
///
/// run(async {
///     let listener = TcpListener::bind("127.0.0.1:0".parse().unwrap())?;
///     let addr = listener.local_addr()?;
///     let server = spawn(async move {
///         let (stream, _peer) = listener.accept().await.unwrap();
///         let answer = service_fn(async |_request| Ok::<_, hyper::Error>(hyper::Response::new(Empty::<Bytes>::new())));
///         server::conn::http1::Builder::new().serve_connection(HyperIo(stream), answer).await
///     });
///     let (mut requests, connection) = client::conn::http1::handshake(HyperIo(TcpStream::connect(addr).await?)).await.unwrap();
///     let client = spawn(connection);
///     let response = requests.send_request(Request::new(Empty::<Bytes>::new())).await.unwrap();
///     assert_eq!(response.status(), StatusCode::OK);
///     drop(requests); // The client has no more requests, so it closes the connection; then the server is done, too.
///     client.await?.unwrap();
///     server.await?.unwrap();
///     Ok(())
/// })
/// # as std::io::Result<()>;
/// ```
#[derive(Debug)]
pub struct HyperIo<T>(pub T);

impl<T: AsyncRead + Unpin> Read for HyperIo<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        mut into: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        BUFFER.with_borrow_mut(|buffer| {
            let limit = into.remaining().min(buffer.len());
            let read = ready!(Pin::new(&mut self.0).poll_read(cx, &mut buffer[..limit]))?;
            into.put_slice(&buffer[..read]);
            Poll::Ready(Ok(()))
        })
    }
}

impl<T: AsyncWrite + Unpin> Write for HyperIo<T> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_close(cx)
    }
}
