//! The same hyper service on our runtimes and on tokio's, asked by wrk: requests in a second, and how ours compare.
//!
//! ```console
//! $ cargo run --profile bench -p interop --example against_tokio            # 100 connections, five samples of two seconds
//! $ cargo run --profile bench -p interop --example against_tokio -- 1000 9
//! ```
//!
//! Each server is a process of its own and each sample one run of wrk, which is single-threaded; the samples are taken in turns, so
//! that a machine that slows down slows all of them. On tokio, hyper has the adapter of its authors, which reads into its buffer
//! without a copy. Takes one core for wrk and one or two for the server: what else the machine does shows.

use std::convert::Infallible;
use std::error::Error;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::rt::{Read, Timer, Write};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioIo, TokioTimer};
use interop::{HyperIo, HyperTimer};
use step4::{ThreadPool, run, spawn, spawn_on_pool};

/// Ours and tokio's counterpart, in pairs.
const SERVERS: [&str; 4] = ["event loop", "tokio current_thread", "pool of 2", "tokio multi_thread of 2"];
const SECONDS: &str = "2s";

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [word, server] = &arguments[..]
        && word == "serve"
    {
        return serve(server);
    }
    let number = |at: usize, default| arguments.get(at).map_or(Ok(default), |word| word.parse::<usize>());
    let (connections, samples) = (number(0, 100)?, number(1, 5)?);
    rlimit::increase_nofile_limit(u64::MAX)?;
    let servers = SERVERS.map(Server::start);
    let mut rates = SERVERS.map(|_| Vec::new());
    for _ in 0..samples {
        for (server, rates) in servers.iter().zip(&mut rates) {
            rates.push(server.as_ref().map_err(ToString::to_string)?.sample(connections)?);
        }
    }
    println!("{connections} connections, {samples} samples of {SECONDS}: requests per second");
    let medians = rates.each_mut().map(|rates| {
        rates.sort_by(f64::total_cmp);
        rates[rates.len() / 2]
    });
    for ((server, rates), median) in SERVERS.iter().zip(&rates).zip(medians) {
        let (least, most) = (rates[0], rates[rates.len() - 1]);
        println!("{server:<24} median {median:>8.0}   ({least:.0} to {most:.0})");
    }
    for pair in 0..SERVERS.len() / 2 {
        let (ours, theirs) = (2 * pair, 2 * pair + 1);
        println!("{} / {}: {:.2}", SERVERS[ours], SERVERS[theirs], medians[ours] / medians[theirs]);
    }
    Ok(())
}

/// A server in a process of its own, which ends with this.
struct Server {
    process: Child,
    url: String,
}

impl Server {
    fn start(name: &str) -> Result<Self, Box<dyn Error>> {
        let mut command = Command::new(std::env::current_exe()?);
        let mut process = command.args(["serve", name]).stdout(Stdio::piped()).spawn()?;
        let mut url = String::new();
        BufReader::new(process.stdout.take().ok_or("its output is a pipe")?).read_line(&mut url)?;
        Ok(Self { process, url: url.trim().to_owned() })
    }

    /// Has wrk ask for a while, and returns how many requests it got done in a second.
    fn sample(&self, connections: usize) -> Result<f64, Box<dyn Error>> {
        let connections = connections.to_string();
        let output = Command::new("wrk").args(["-t1", "-d", SECONDS, "-c", &connections, &self.url]).output();
        let text = String::from_utf8(output.map_err(|error| format!("wrk did not run: {error}"))?.stdout)?;
        if text.contains("Socket errors") || text.contains("Non-2xx") {
            return Err(text.into());
        }
        let rate =
            text.lines().find_map(|line| line.strip_prefix("Requests/sec:")).ok_or("wrk has no result")?;
        Ok(rate.trim().parse()?)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _has_ended = self.process.kill();
        let _has_ended = self.process.wait();
    }
}

fn serve(name: &str) -> Result<(), Box<dyn Error>> {
    match name {
        "event loop" => run(ours(|stream| drop(spawn(connection(HyperIo(stream), HyperTimer::new())))))?,
        "pool of 2" => {
            let server = ours(|stream| drop(spawn_on_pool(connection(HyperIo(stream), HyperTimer::new()))));
            step2::block_on(ThreadPool::new(2)?.spawn(server))??;
        }
        "tokio current_thread" => {
            tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(tokios())?;
        }
        _ => {
            let mut builder = tokio::runtime::Builder::new_multi_thread();
            let runtime = builder.worker_threads(2).enable_all().build()?;
            // Accepting is a task, as in the pool: what `block_on` runs is not on a worker.
            runtime.block_on(runtime.spawn(tokios()))??;
        }
    }
    Ok(())
}

/// Accepts connections on our runtimes, for ever.
async fn ours(start: impl Fn(step4::TcpStream)) -> std::io::Result<()> {
    let listener = step4::TcpListener::bind(any())?;
    println!("http://{}", listener.local_addr()?);
    loop {
        let (stream, _peer) = listener.accept().await?;
        stream.set_nodelay(true)?;
        start(stream);
    }
}

/// The same on tokio's.
async fn tokios() -> std::io::Result<()> {
    let listener = tokio::net::TcpListener::bind(any()).await?;
    println!("http://{}", listener.local_addr()?);
    loop {
        let (stream, _peer) = listener.accept().await?;
        stream.set_nodelay(true)?;
        drop(tokio::spawn(connection(TokioIo::new(stream), TokioTimer::new())));
    }
}

fn any() -> SocketAddr {
    ([127, 0, 0, 1], 0).into()
}

/// Answers one request after the other. An error is wrk's end, which closes its connections in the middle.
async fn connection(io: impl Read + Write + Unpin, timer: impl Timer + Send + Sync + 'static) {
    let mut http = http1::Builder::new();
    let _ended = http.timer(timer).serve_connection(io, service_fn(answer)).await;
}

async fn answer(_request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    Ok(Response::new(Full::from("Hello, whoever asks.\n")))
}
