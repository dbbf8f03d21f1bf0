//! A future that needs tokio, polled by ours.
//!
//! tokio's locks and channels need no runtime, and are awaited in our tasks as they are. Its sockets and timers find their driver
//! through a thread-local, and panic where there is none. So a runtime of tokio's runs beside ours, on a thread of its own, and
//! is made current for the length of each poll. Its driver then wakes our task through our waker, from its thread.
//!
//! ```text
//!   our task ── poll ──▶ BesideTokio ── enter ──▶ TcpStream::poll_read ── leaves our waker ──▶ tokio's driver
//!       ▲                                                                                          │ thread "tokio"
//!       └──────────────────────────────────── wake ────────────────────────────────────────────────┘
//! ```

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::runtime::Handle;

/// Polls a future with a runtime of tokio's entered, so that its sockets, timers and `tokio::spawn` work in our tasks.
///
/// The runtime has to be driven: by its worker threads, or by a thread that blocks on it.
///
/// ```
/// use std::time::Duration;
/// use interop::BesideTokio;
///
/// let tokio = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
/// let handle = tokio.handle().clone();
/// step4::run(async {
///     BesideTokio::new(handle, async { tokio::time::sleep(Duration::from_millis(1)).await }).await;
/// });
/// # std::io::Result::Ok(())
/// ```
#[derive(Debug)]
pub struct BesideTokio<F> {
    tokio: Handle,
    /// `None` once it has been dropped, which is done inside the runtime, too: a timer takes itself out of its driver.
    future: Option<Pin<Box<F>>>,
}

impl<F: Future> BesideTokio<F> {
    /// Makes `future` find `tokio` at each poll.
    pub fn new(tokio: Handle, future: F) -> Self {
        Self { tokio, future: Some(Box::pin(future)) }
    }
}

impl<F: Future> Future for BesideTokio<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let Self { tokio, future } = &mut *self;
        let _entered = tokio.enter();
        future.as_mut().expect("it is there until it is dropped").as_mut().poll(cx)
    }
}

impl<F> Drop for BesideTokio<F> {
    fn drop(&mut self) {
        let _entered = self.tokio.enter();
        self.future = None;
    }
}
