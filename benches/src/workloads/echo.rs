//! Eight connections over the loopback, and so many round trips on each, of a line of 64 bytes. Returns how many in all.
//!
//! `cargo run --profile bench -p benches --bin steps -- echo`
//!
//! The server has a thread for each connection, and is the same for all: what is compared are the clients.

use std::io::{self, Read, Write};
use std::net::SocketAddr;
use std::time::Duration;

use step1::LineCodec;
use step4::TcpStream;
use step5::{AsyncIterator, lines};

use crate::{Setting, Workload, run};

const CONNECTIONS: usize = 8;
const BYTES: usize = 64;

/// What goes there and back: a line, with its end.
fn line() -> [u8; BYTES] {
    let mut line = [b'-'; BYTES];
    line[BYTES - 1] = b'\n';
    line
}

fn job(server: SocketAddr, trips: usize) -> io::Result<u64> {
    let mut stream = std::net::TcpStream::connect(server)?;
    stream.set_nodelay(true)?;
    let (question, mut answer) = (line(), [0; BYTES]);
    for _ in 0..trips {
        stream.write_all(&question)?;
        stream.read_exact(&mut answer)?;
        assert_eq!(answer, question);
    }
    Ok(trips as u64)
}

async fn future(server: SocketAddr, trips: usize) -> io::Result<u64> {
    let stream = TcpStream::connect(server).await?;
    stream.set_nodelay(true)?;
    let (question, mut answer) = (line(), [0; BYTES]);
    for _ in 0..trips {
        stream.write_all(&question).await?;
        stream.read_exact(&mut answer).await?;
        assert_eq!(answer, question);
    }
    Ok(trips as u64)
}

/// The same as a loop over the lines that come back.
async fn iterating(server: SocketAddr, trips: usize) -> io::Result<u64> {
    let stream = TcpStream::connect(server).await?;
    stream.set_nodelay(true)?;
    let question = line();
    let mut answers = lines(&stream, LineCodec::default());
    for _ in 0..trips {
        stream.write_all(&question).await?;
        let answer = answers.next().await.expect("the server does not hang up")?;
        assert_eq!(answer.as_bytes(), &question[..BYTES - 1]);
    }
    Ok(trips as u64)
}

pub(crate) fn make(trips: usize, setting: &Setting) -> Workload {
    let server = setting.server(Duration::ZERO);
    let job = move || job(server, trips).expect("the loopback works");
    let future = move || async move { future(server, trips).await.expect("the loopback works") };
    let iterating = move || async move { iterating(server, trips).await.expect("the loopback works") };
    let what = format!("{CONNECTIONS} connections, {trips} round trips on each; returns the round trips");
    Workload::new(what, CONNECTIONS * trips)
        .jobs(move || vec![job; CONNECTIONS])
        .futures(move || (0..CONNECTIONS).map(|_| future()).collect())
        .way(5, "event loop, lines", move || run::on_a_loop((0..CONNECTIONS).map(|_| iterating()).collect()))
}
