//! One connection of a server: reads lines from its peer, and answers them.
//!
//! ```text
//! read (asleep) ──> codec ──> for each line: wait out the delay, handle, write (asleep) ──> read ...
//!       │                            │                                      │
//!       peer closed: the last line   server closes: end                     peer reset: end
//! ```
//!
//! # Invariants
//!
//! 1. Every line in has exactly one line out, in order; what cannot be answered has one that starts with `error: `.
//! 2. A closing server wakes this thread wherever it sleeps: the acceptor shuts its socket, [`Closing`] its delay.

use std::io::{self, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::Duration;

use crate::{Error, LineCodec};

/// The thread that reads from one peer, and answers it.
pub(crate) struct Connection<H> {
    pub(crate) stream: Arc<TcpStream>,
    pub(crate) codec: LineCodec,
    pub(crate) delay: Duration,
    pub(crate) handler: Arc<H>,
    pub(crate) closing: Arc<Closing>,
}

impl<H: Fn(&str) -> String> Connection<H> {
    pub(crate) fn run(mut self) -> io::Result<()> {
        let mut bytes = [0; 4096];
        loop {
            // The thread sleeps here, for as long as the peer is silent.
            let read = match (&*self.stream).read(&mut bytes) {
                Err(error) if error.kind() == ErrorKind::Interrupted => continue, // By a signal, which is no news of the peer.
                outcome => outcome?,
            };
            if read == 0 {
                break;
            }
            self.codec.feed(&bytes[..read]);
            while let Some(line) = self.codec.next_line() {
                self.answer(line)?;
            }
        }
        // The peer has no more to say. It may still be listening: its last line has an answer, too.
        while let Some(line) = self.codec.finish() {
            self.answer(line)?;
        }
        Ok(())
    }

    fn answer(&self, line: Result<String, Error>) -> io::Result<()> {
        if self.closing.wait(self.delay) {
            return Err(io::ErrorKind::ConnectionAborted.into()); // Whatever else has been read goes unanswered.
        }
        let mut bytes = Vec::new();
        let encoded = line.and_then(|line| self.codec.encode(&(self.handler)(&line), &mut bytes));
        if let Err(error) = encoded {
            bytes = format!("error: {error}\n").into_bytes(); // However short the limit, it does not cut this.
        }
        (&*self.stream).write_all(&bytes)
    }
}

/// Tells the threads that the server is closing, and wakes those that wait out a delay.
#[derive(Debug, Default)]
pub(crate) struct Closing {
    closed: Mutex<bool>,
    changed: Condvar,
}

impl Closing {
    pub(crate) fn close(&self) {
        *self.lock() = true;
        self.changed.notify_all();
    }

    pub(crate) fn is_closed(&self) -> bool {
        *self.lock()
    }

    /// Blocks for `time`, or until the server closes, and says whether it does.
    pub(crate) fn wait(&self, time: Duration) -> bool {
        let (closed, _) = self
            .changed
            .wait_timeout_while(self.lock(), time, |closed| !*closed)
            .expect("nothing panics under this lock");
        *closed
    }

    fn lock(&self) -> MutexGuard<'_, bool> {
        self.closed.lock().expect("nothing panics under this lock")
    }
}
