//! The reactor under the model checker: the code that ships, on a selector in which things happen when the model says so.
//!
//! `cargo test -p step4 --features loom --lib --release reactor`, best in a target folder of its own. The selector is that of
//! the crate `modelled`: edge-triggered, so a missed event is missed for good, and shows as a deadlock.

use std::io;
use std::sync::Arc;

use loom::sync::Mutex;
use loom::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use loom::thread;
use step2::{Park, block_on, drive, join};

use super::{Direction, IoDriver, Registered};
use crate::sync::mio::event::{Event, Source};
use crate::sync::mio::{Interest, Registry, Token};

fn check(execution: impl Fn() + Send + Sync + 'static) {
    let mut model = loom::model::Builder::new();
    model.preemption_bound = Some(3);
    model.check(execution);
}

/// A socket to read from. Clones are the same.
#[derive(Clone, Default)]
struct Pipe(Arc<Inside>);

#[derive(Default)]
struct Inside {
    /// How many bytes there are, and whether these are the last.
    bytes: Mutex<(usize, bool)>,
    registered: Mutex<Option<(Registry, Token)>>,
}

impl Pipe {
    /// Plays the peer: a byte arrives, and the system tells of it.
    fn arrive(&self) {
        self.0.bytes.lock().unwrap().0 += 1;
        self.tell(Event::readable);
    }

    /// Plays the peer: there is no more to come.
    fn end(&self) {
        self.0.bytes.lock().unwrap().1 = true;
        self.tell(Event::read_closed);
    }

    fn tell(&self, what: fn(Token) -> Event) {
        if let Some((registry, token)) = &*self.0.registered.lock().unwrap() {
            registry.happened(what(*token));
        }
    }

    /// Plays the system call that has room for all there is.
    fn read(&self) -> io::Result<usize> {
        let mut bytes = self.0.bytes.lock().unwrap();
        match *bytes {
            (0, false) => Err(io::ErrorKind::WouldBlock.into()),
            (there, _) => {
                bytes.0 = 0;
                Ok(there)
            }
        }
    }
}

impl Source for Pipe {
    fn register(&mut self, registry: &Registry, token: Token, _interest: Interest) -> io::Result<()> {
        *self.0.registered.lock().unwrap() = Some((registry.try_clone()?, token));
        Ok(())
    }

    fn deregister(&mut self, _registry: &Registry) -> io::Result<()> {
        *self.0.registered.lock().unwrap() = None;
        Ok(())
    }
}

/// Opens a socket on `driver`.
fn open(driver: &IoDriver) -> (Registered<Pipe>, Pipe) {
    let pipe = Pipe::default();
    let _entered = driver.enter();
    (Registered::new(pipe.clone()).unwrap(), pipe)
}

async fn read(socket: &Registered<Pipe>) -> io::Result<usize> {
    socket.until_done(Direction::Read, Pipe::read).await
}

/// Reads with more room than is ever needed, so that each read says that there was no more; until the end, or `most` bytes.
async fn read_short(socket: &Registered<Pipe>, most: usize) -> usize {
    let mut read = 0;
    while read < most {
        match socket.read(100, Pipe::read).await.unwrap() {
            0 => break,
            more => read += more,
        }
    }
    read
}

/// Lets a thread read while this one looks for events, and the peer does its part on a third.
fn read_aside(most: usize, peer: impl FnOnce(&Pipe) + 'static) -> usize {
    let mut driver = IoDriver::new().unwrap();
    let (socket, pipe) = open(&driver);
    let peer = thread::spawn(move || peer(&pipe));
    let (sender, receiver) = step2::oneshot();
    let reader = thread::spawn(move || sender.send(block_on(read_short(&socket, most))).unwrap());
    let read = drive(&mut driver, receiver).unwrap().unwrap();
    peer.join().unwrap();
    reader.join().unwrap();
    read
}

#[test]
fn a_wake_as_the_thread_goes_to_sleep_in_the_selector_is_not_lost_and_carries_what_was_written_before() {
    check(|| {
        let mut driver = IoDriver::new().unwrap();
        let letters = [0, 1].map(|_| Arc::new(AtomicUsize::new(0)));
        for letter in &letters {
            let (waker, letter) = (driver.waker(), Arc::clone(letter));
            thread::spawn(move || {
                letter.store(1, Relaxed);
                waker.wake();
            });
        }
        while letters.iter().any(|letter| letter.load(Relaxed) == 0) {
            driver.park(None).unwrap(); // Loom reports a deadlock if this sleeps through.
        }
    });
}

#[test]
fn an_event_and_a_wake_that_come_together_are_both_seen() {
    check(|| {
        let mut driver = IoDriver::new().unwrap();
        let (socket, pipe) = open(&driver);
        let (sender, receiver) = step2::oneshot();
        let peer = thread::spawn(move || pipe.arrive());
        let other = thread::spawn(move || sender.send(7));
        let (read, sent) = drive(&mut driver, join(read(&socket), receiver)).unwrap();
        assert_eq!((read.unwrap(), sent), (1, Ok(7)));
        peer.join().unwrap();
        other.join().unwrap().unwrap();
    });
}

/// A worker may poll a socket that another worker's selector serves: then the event may fall between the system call that
/// finds nothing, and the waker that is left because of it.
#[test]
fn an_event_between_would_block_and_the_waker_is_not_missed() {
    check(|| {
        let mut driver = IoDriver::new().unwrap();
        let (socket, pipe) = open(&driver);
        let peer = thread::spawn(move || pipe.arrive());
        let reader = thread::spawn(move || (block_on(read(&socket)).unwrap(), socket));
        driver.park(None).unwrap(); // There is one event; whoever waits for it was told when this is over.
        assert_eq!(reader.join().unwrap().0, 1);
        peer.join().unwrap();
    });
}

/// Its event may be told of between the system call and what is noted because of it, or be one with that of the first byte.
#[test]
fn a_byte_that_comes_while_a_short_read_is_noted_is_read() {
    check(|| {
        let two = |pipe: &Pipe| {
            pipe.arrive();
            pipe.arrive();
        };
        assert_eq!(read_aside(2, two), 2);
    });
}

#[test]
fn an_end_that_comes_while_a_short_read_is_noted_is_read() {
    check(|| {
        let last = |pipe: &Pipe| {
            pipe.arrive();
            pipe.end();
        };
        assert_eq!(read_aside(usize::MAX, last), 1);
    });
}

#[test]
fn who_waits_for_a_socket_as_its_driver_ends_is_told() {
    check(|| {
        let driver = IoDriver::new().unwrap();
        let (socket, _pipe) = open(&driver);
        let reader = thread::spawn(move || block_on(read(&socket)));
        drop(driver);
        assert_eq!(reader.join().unwrap().unwrap_err().kind(), io::ErrorKind::Other);
    });
}

#[test]
fn a_socket_dropped_as_its_event_comes_does_no_harm_to_the_one_that_gets_its_number() {
    check(|| {
        let mut driver = IoDriver::new().unwrap();
        let (socket, pipe) = open(&driver);
        let peer = thread::spawn(move || pipe.arrive());
        let dropper = thread::spawn(move || drop(socket));
        let (next, next_pipe) = open(&driver);
        next_pipe.arrive();
        assert_eq!(drive(&mut driver, read(&next)).unwrap().unwrap(), 1);
        peer.join().unwrap();
        dropper.join().unwrap();
        drop(next);
        assert_eq!(driver.sockets(), 0);
    });
}
