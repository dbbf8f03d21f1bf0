//! Clients of an echo server, all connected at once, and most of them ill-mannered: what `tests/connections.rs` lets loose.
//!
//! They are a process of their own, since both ends of ten thousand connections are more descriptors than a process may mostly
//! have; and they block, so that they have nothing of the runtimes that they are there to test.
//!
//! ```text
//!   all connect, and are answered ──▶ a line on stdin ──▶ rounds: all send, then all receive ──▶ each ends in its manner
//! ```

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::Barrier;
use std::thread;
use std::time::Duration;

use clap::Parser;
use socket2::{Domain, SockRef, Socket, Type};

const THREADS: usize = 8;
const ROUNDS: usize = 5;

/// More than the system's buffers can hold: a server that takes more from a peer that does not read keeps it in its own memory.
const TOO_MUCH: u64 = 64 << 20;

#[derive(Parser)]
#[command(about)]
struct Args {
    /// Where the server listens
    addr: SocketAddr,
    /// How many connections are open at once
    connections: usize,
}

/// What a client does.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Manner {
    /// Sends lines, reads each, says good-bye.
    Polite,
    /// Says at once that it has sent all, and reads it much later.
    HalfClosed,
    /// Resets the connection in one of the rounds, with an answer on its way.
    Resets,
    /// Is gone in the middle of a line.
    Vanishes,
    /// Sends and reads byte by byte.
    Slow,
    /// Sends until the server takes no more. Some read all of it later; others reset the connection.
    Deaf,
}

impl Manner {
    fn of(number: usize) -> Self {
        match number % 100 {
            0..40 => Manner::Polite,
            40..60 => Manner::HalfClosed,
            60..75 => Manner::Resets,
            75..90 => Manner::Vanishes,
            99 if number % 2000 == 1999 => Manner::Deaf, // Few: each fills some megabytes of the system's memory.
            _ => Manner::Slow,
        }
    }
}

struct Client {
    number: usize,
    manner: Manner,
    stream: TcpStream,
    sent: u64,
    received: u64,
}

/// What is at a place of what a client sends: other bytes for each client, so that none passes for another's.
fn byte(number: usize, place: u64) -> u8 {
    ((number as u64).wrapping_mul(31).wrapping_add(place) % 251) as u8
}

impl Client {
    fn connect(number: usize, addr: SocketAddr) -> io::Result<Self> {
        let manner = Manner::of(number);
        let socket = Socket::new(Domain::for_address(addr), Type::STREAM, None)?;
        if manner == Manner::Deaf {
            // No large buffers on this side: the other one's shall fill up. (Tiny ones would make it slow to empty them.)
            socket.set_recv_buffer_size(128 << 10)?;
            socket.set_send_buffer_size(128 << 10)?;
        }
        socket.connect(&addr.into())?;
        socket.set_tcp_nodelay(true)?;
        let mut client = Self { number, manner, stream: socket.into(), sent: 0, received: 0 };
        client.send(1)?;
        client.receive(1)?;
        Ok(client)
    }

    fn bytes(&self, count: usize) -> Vec<u8> {
        (0..count as u64).map(|place| byte(self.number, self.sent + place)).collect()
    }

    fn send(&mut self, count: usize) -> io::Result<()> {
        let bytes = self.bytes(count);
        self.stream.write_all(&bytes)?;
        self.sent += count as u64;
        Ok(())
    }

    /// Reads so many bytes, which have to be those that were sent.
    fn receive(&mut self, count: u64) -> io::Result<()> {
        let mut left = count;
        let mut buffer = [0; 4096];
        while left > 0 {
            let wanted = buffer.len().min(usize::try_from(left).unwrap_or(usize::MAX));
            match self.stream.read(&mut buffer[..wanted])? {
                0 => return Err(ErrorKind::UnexpectedEof.into()),
                read => {
                    self.check(&buffer[..read])?;
                    left -= read as u64;
                }
            }
        }
        Ok(())
    }

    fn check(&mut self, bytes: &[u8]) -> io::Result<()> {
        for found in bytes {
            if *found != byte(self.number, self.received) || self.received == self.sent {
                let what =
                    format!("client {} got another byte than it sent, at {}", self.number, self.received);
                return Err(io::Error::other(what));
            }
            self.received += 1;
        }
        Ok(())
    }

    /// Says that this was all, and reads all that is still to come, and the end after it.
    fn finish(&mut self) -> io::Result<()> {
        self.stream.shutdown(Shutdown::Write)?;
        self.receive_the_rest()
    }

    fn receive_the_rest(&mut self) -> io::Result<()> {
        self.receive(self.sent - self.received)?;
        match self.stream.read(&mut [0])? {
            0 => Ok(()),
            _ => Err(io::Error::other(format!("client {} got more than it sent", self.number))),
        }
    }

    /// Sends until nothing goes any more.
    fn fill(&mut self) -> io::Result<()> {
        self.stream.set_nonblocking(true)?;
        let mut refused = 0;
        while refused < 10 {
            let bytes = self.bytes(64 << 10);
            match self.stream.write(&bytes) {
                Ok(written) => {
                    self.sent += written as u64;
                    refused = 0;
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    refused += 1;
                    thread::sleep(Duration::from_millis(5));
                }
                Err(error) => return Err(error),
            }
            if self.sent > TOO_MUCH {
                return Err(io::Error::other(
                    "the server takes more and more from a peer that reads nothing",
                ));
            }
        }
        self.stream.set_nonblocking(false)
    }

    /// Has the system send a reset, instead of the end, when the socket is closed.
    fn will_reset(&self) -> io::Result<()> {
        SockRef::from(&self.stream).set_linger(Some(Duration::ZERO))
    }

    /// Its first half of a round. False: it is gone, or will be.
    fn speak(&mut self, round: usize) -> io::Result<bool> {
        let is_its_round = self.number % ROUNDS == round;
        match self.manner {
            Manner::Polite => self.send(100 + self.number % 1400)?,
            Manner::HalfClosed if round == 0 => {
                self.send(8000)?;
                self.stream.shutdown(Shutdown::Write)?;
            }
            Manner::Resets if is_its_round => {
                self.send(2000)?;
                self.will_reset()?;
                return Ok(false);
            }
            Manner::Vanishes if is_its_round => {
                self.send(10)?;
                return Ok(false);
            }
            Manner::Deaf if round == 0 => self.fill()?,
            _ => {}
        }
        Ok(true)
    }

    /// Its second half.
    fn listen(&mut self, round: usize) -> io::Result<()> {
        match self.manner {
            Manner::Polite => self.receive(self.sent - self.received)?,
            Manner::Slow => {
                for _ in 0..10 {
                    self.send(1)?;
                    self.receive(1)?;
                }
            }
            _ => {}
        }
        if round + 1 < ROUNDS {
            return Ok(());
        }
        match self.manner {
            Manner::HalfClosed => self.receive_the_rest(),
            Manner::Deaf if self.number % 4000 == 3999 => self.will_reset(),
            Manner::Resets | Manner::Vanishes => Ok(()),
            Manner::Polite | Manner::Slow | Manner::Deaf => self.finish(),
        }
    }
}

/// Is so many clients, one after the other in each half of a round, and returns how many bytes came back.
fn be(numbers: impl Iterator<Item = usize>, addr: SocketAddr, all: &Barrier) -> io::Result<u64> {
    let mut received = 0;
    let connected: io::Result<Vec<_>> = numbers.map(|number| Client::connect(number, addr)).collect();
    if let Err(error) = &connected {
        eprintln!("a client was not served: {error}"); // Now, since whoever has us wait waits for all.
    }
    all.wait();
    all.wait();
    let mut clients = connected?;
    for round in 0..ROUNDS {
        let mut left = Vec::new();
        for mut client in clients {
            if client.speak(round)? {
                left.push(client);
            } else {
                received += client.received;
            }
        }
        for client in &mut left {
            client.listen(round)?;
        }
        clients = left;
    }
    Ok(received + clients.iter().map(|client| client.received).sum::<u64>())
}

fn main() -> io::Result<()> {
    let Args { addr, connections } = Args::parse();
    let limit = rlimit::increase_nofile_limit(u64::MAX)?;
    if limit < connections as u64 + 64 {
        return Err(io::Error::other(format!(
            "{connections} connections need more than {limit} descriptors"
        )));
    }
    let all = Barrier::new(THREADS + 1);
    let received = thread::scope(|scope| {
        let start = |thread| {
            let all = &all;
            scope.spawn(move || be((thread..connections).step_by(THREADS), addr, all))
        };
        let threads: Vec<_> = (0..THREADS).map(start).collect();
        all.wait(); // Now all are open: whoever started this sees to it,
        io::stdin().read_line(&mut String::new())?;
        all.wait(); // and says when to begin.
        threads.into_iter().map(|thread| thread.join().expect("no client panics")).sum::<io::Result<u64>>()
    })?;
    println!("{received} bytes came back");
    Ok(())
}
