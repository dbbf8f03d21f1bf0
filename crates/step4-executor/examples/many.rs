//! Many of everything: 100,000 tasks, 1,000,000 timers, 10,000 connections; and what one of each costs.
//!
//! `cargo run --profile bench -p step4 --example many`, or with `-- tasks`, `yields`, `timers` or `echo` for one of them.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::process::Command;
use std::task::Poll;
use std::time::{Duration, Instant};

use step2::yield_now;
use step3::sleep;
use step4::{JoinHandle, TcpListener, TcpStream, run, spawn, unblock};

const TASKS: u32 = 100_000;
const YIELDS: u32 = 1_000_000;
const TIMERS: u32 = 1_000_000;
const CONNECTIONS: usize = 10_000;
const ROUNDS: usize = 10;

fn main() -> io::Result<()> {
    let wanted = std::env::args().nth(1);
    if wanted.as_deref() == Some("clients") {
        let server = std::env::args().nth(2).and_then(|addr| addr.parse().ok());
        return run(clients(server.ok_or(io::ErrorKind::InvalidInput)?));
    }
    let wants = |name: &str| wanted.as_deref().is_none_or(|wanted| wanted == name);
    if wants("tasks") {
        run(tasks());
    }
    if wants("yields") {
        run(yields());
    }
    if wants("timers") {
        run(timers());
    }
    if wants("echo") {
        run(echo())?;
    }
    Ok(())
}

fn report(what: &str, times: u32, took: Duration) {
    println!("{what:<52} {times:>9} times  {:>9.1} ns each", took.as_nanos() as f64 / f64::from(times));
}

async fn tasks() {
    for _ in 0..3 {
        let begin = Instant::now();
        let mut sum = 0;
        for n in 0..TASKS {
            sum += u64::from(spawn(async move { n }).await.expect("it does not fail"));
        }
        report("a task spawned and joined, one after the other", TASKS, begin.elapsed());
        assert_eq!(sum, u64::from(TASKS) * u64::from(TASKS - 1) / 2);

        let begin = Instant::now();
        let handles: Vec<JoinHandle<u32>> = (0..TASKS).map(|n| spawn(async move { n })).collect();
        for handle in handles {
            handle.await.expect("it does not fail");
        }
        report("a task spawned and joined, all at once", TASKS, begin.elapsed());
    }
}

async fn yields() {
    for together in [1, 1000] {
        let begin = Instant::now();
        let yielding = || {
            spawn(async move {
                for _ in 0..YIELDS / together {
                    yield_now().await;
                }
            })
        };
        let handles: Vec<_> = (0..together).map(|_| yielding()).collect();
        for handle in handles {
            handle.await.expect("it does not fail");
        }
        report(&format!("a yield, {together} tasks"), YIELDS, begin.elapsed());
    }
}

async fn timers() {
    let begin = Instant::now();
    for n in 0..TIMERS {
        let mut timer = pin!(sleep(Duration::from_millis(1000 + u64::from(n % 60_000))));
        std::future::poll_fn(|cx| {
            assert!(timer.as_mut().poll(cx).is_pending());
            Poll::Ready(())
        })
        .await;
    }
    report("a timer set and dropped, one after the other", TIMERS, begin.elapsed());

    let begin = Instant::now();
    let mut timers: Vec<_> =
        (0..TIMERS).map(|n| Box::pin(sleep(Duration::from_millis(1000 + u64::from(n % 60_000))))).collect();
    std::future::poll_fn(|cx| {
        assert!(timers.iter_mut().all(|timer| timer.as_mut().poll(cx).is_pending()));
        Poll::Ready(())
    })
    .await;
    drop(timers);
    report("a timer set and dropped, all at once, boxed", TIMERS, begin.elapsed());
}

/// The server; the clients are a process of their own, so that neither needs more than one descriptor a connection.
async fn echo() -> io::Result<()> {
    raise_limit()?;
    let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0)))?;
    let addr = listener.local_addr()?;
    let clients =
        unblock(move || Command::new(std::env::current_exe()?).args(["clients", &addr.to_string()]).status());
    let server = spawn(async move {
        loop {
            let (stream, _peer) = listener.accept().await.expect("accepting works");
            drop(spawn(serve(stream)));
        }
    });
    let status = clients.await?;
    server.abort();
    if status.success() { Ok(()) } else { Err(io::Error::other("the clients failed")) }
}

async fn clients(server: SocketAddr) -> io::Result<()> {
    raise_limit()?;
    let begin = Instant::now();
    let mut clients = Vec::new();
    for _ in 0..CONNECTIONS {
        let stream = TcpStream::connect(server).await?;
        ask(&stream, 1).await?; // Accepted by now: a burst would overflow the listener's backlog, and wait for retries.
        clients.push(stream);
    }
    println!("{CONNECTIONS} connections held after {:.2?}", begin.elapsed());
    let begin = Instant::now();
    let asking: Vec<_> =
        clients.into_iter().map(|stream| spawn(async move { ask(&stream, ROUNDS).await })).collect();
    for task in asking {
        task.await??;
    }
    report("an echo of 64 bytes, all connections at once", (CONNECTIONS * ROUNDS) as u32, begin.elapsed());
    Ok(())
}

fn raise_limit() -> io::Result<()> {
    let wanted = CONNECTIONS as u64 + 100;
    let limit = rlimit::increase_nofile_limit(wanted)?;
    if limit < wanted {
        return Err(io::Error::other(format!(
            "the system allows {limit} open files, and this takes {wanted}"
        )));
    }
    Ok(())
}

async fn serve(stream: TcpStream) -> io::Result<()> {
    let mut buffer = [0; 64];
    loop {
        match stream.read(&mut buffer).await? {
            0 => return Ok(()),
            n => stream.write_all(&buffer[..n]).await?,
        }
    }
}

async fn ask(stream: &TcpStream, rounds: usize) -> io::Result<()> {
    let (question, mut answer) = ([7; 64], [0; 64]);
    for _ in 0..rounds {
        stream.write_all(&question).await?;
        stream.read_exact(&mut answer).await?;
        assert_eq!(question, answer);
    }
    Ok(())
}
