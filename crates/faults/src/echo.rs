//! A server that sends back what it gets, whoever asks, and goes on whatever they do: what the tests let clients loose on.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use step3::{sleep, timeout};
use step4::{TcpListener, TcpStream};

/// How long a peer may neither send nor read.
const PATIENCE: Duration = Duration::from_secs(60);

/// How long to wait after an `accept` that failed: if descriptors have run out, the next one fails as well.
const REST: Duration = Duration::from_millis(10);

/// One connection, to be spawned.
pub type Echo = Pin<Box<dyn Future<Output = ()> + Send>>;

/// What a server has seen.
#[derive(Debug, Default)]
pub struct Tally {
    accepted: AtomicU64,
    ended: AtomicU64,
    refused: AtomicU64,
    echoed: AtomicU64,
    reset: AtomicU64,
    surprises: Mutex<Vec<String>>,
}

impl Tally {
    /// Returns how many connections have been accepted.
    #[must_use]
    pub fn accepted(&self) -> u64 {
        self.accepted.load(Relaxed)
    }

    /// Returns how many of these have ended.
    #[must_use]
    pub fn ended(&self) -> u64 {
        self.ended.load(Relaxed)
    }

    /// Returns how often `accept` has failed.
    #[must_use]
    pub fn refused(&self) -> u64 {
        self.refused.load(Relaxed)
    }

    /// Returns how many bytes have been sent back.
    #[must_use]
    pub fn echoed(&self) -> u64 {
        self.echoed.load(Relaxed)
    }

    /// Returns how many connections the peer has reset, or closed with something still to be read.
    #[must_use]
    pub fn reset(&self) -> u64 {
        self.reset.load(Relaxed)
    }

    /// Returns all errors but those that a peer can cause.
    #[must_use]
    pub fn surprises(&self) -> Vec<String> {
        self.surprises.lock().expect("nothing panics under this lock").clone()
    }

    fn note(&self, outcome: io::Result<()>) {
        if let Err(error) = outcome {
            match error.kind() {
                io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe => {
                    self.reset.fetch_add(1, Relaxed);
                }
                _ => self.surprises.lock().expect("nothing panics under this lock").push(error.to_string()),
            }
        }
        self.ended.fetch_add(1, Relaxed);
    }
}

/// Accepts for ever, and has `start` spawn each connection.
///
/// A peer that is gone already, and descriptors that have run out, are no reason to stop; the rest after each failure keeps the
/// latter from making this a busy loop, since the connection that cannot be accepted stays where it is.
pub async fn serve(listener: TcpListener, tally: Arc<Tally>, start: impl Fn(Echo)) {
    loop {
        match listener.accept().await {
            Ok((stream, _peer)) => {
                tally.accepted.fetch_add(1, Relaxed);
                let tally = Arc::clone(&tally);
                start(Box::pin(async move { tally.note(echo(stream, &tally).await) }));
            }
            Err(_) => {
                tally.refused.fetch_add(1, Relaxed);
                sleep(REST).await;
            }
        }
    }
}

/// Sends back what comes, until the peer says that this was all.
///
/// It reads no more than it has sent: a peer that does not read cannot make it keep more than a buffer.
///
/// # Errors
///
/// Returns the system's error, or that of a peer that did nothing for a minute.
pub async fn echo(stream: TcpStream, tally: &Tally) -> io::Result<()> {
    let mut buffer = [0; 1024];
    loop {
        let read = timeout(PATIENCE, stream.read(&mut buffer)).await.map_err(io::Error::other)??;
        if read == 0 {
            return Ok(());
        }
        timeout(PATIENCE, stream.write_all(&buffer[..read])).await.map_err(io::Error::other)??;
        tally.echoed.fetch_add(read as u64, Relaxed);
    }
}
