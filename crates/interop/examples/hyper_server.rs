//! A web server: hyper, as it is published, on step 4's event loop or on its pool.
//!
//! ```console
//! $ cargo run -p interop --example hyper_server            # one thread, on a free port, which it prints
//! $ cargo run -p interop --example hyper_server -- 8080 2  # on port 8080, with two workers
//! ```
//!
//! hyper knows no runtime. It has the protocol: what it needs of a connection are `Read` and `Write`, which is
//! [`HyperIo`], and of a clock a `Timer`, which is [`HyperTimer`]. What is left to us is in here: accept, and start a task for each
//! connection. `/` says hello, `/echo` sends back what it is sent, while it is being sent.

use std::convert::Infallible;
use std::error::Error;
use std::future::Future;
use std::io;

use http_body_util::{BodyExt, Full, combinators::BoxBody};
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use interop::{HyperIo, HyperTimer};
use step4::{TcpListener, TcpStream, ThreadPool, run, spawn, spawn_on_pool};

type Body = BoxBody<Bytes, hyper::Error>;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<usize> =
        std::env::args().skip(1).map(|word| word.parse()).collect::<Result<_, _>>()?;
    let port = u16::try_from(arguments.first().copied().unwrap_or(0))?;
    match arguments.get(1) {
        None => run(serve(port, |connection| drop(spawn(connection))))?,
        Some(&workers) => {
            let pool = ThreadPool::new(workers)?;
            let server = serve(port, |connection| drop(spawn_on_pool(connection)));
            step2::block_on(pool.spawn(server))??;
        }
    }
    Ok(())
}

/// Accepts connections and starts a task for each, for ever. A handle that is dropped leaves its task running.
async fn serve(port: u16, start: impl Fn(Connection)) -> io::Result<()> {
    let listener = TcpListener::bind(([127, 0, 0, 1], port).into())?;
    println!("http://{}", listener.local_addr()?);
    loop {
        match listener.accept().await {
            Ok((stream, _peer)) => start(Box::pin(connection(stream))),
            // Descriptors have run out, or the peer is gone again: the next one may fare better, a little later.
            Err(error) => {
                eprintln!("no connection: {error}");
                step3::sleep(std::time::Duration::from_millis(10)).await;
            }
        }
    }
}

type Connection = std::pin::Pin<Box<dyn Future<Output = ()> + Send>>;

/// Answers one request of a connection after the other, until the peer closes it.
async fn connection(stream: TcpStream) {
    // hyper writes whole answers: there is nothing to collect.
    let _is_slower_at_worst = stream.set_nodelay(true);
    let mut http = http1::Builder::new();
    http.timer(HyperTimer::new()); // A header has 30 seconds to arrive.
    if let Err(error) = http.serve_connection(HyperIo(stream), service_fn(answer)).await {
        eprintln!("a connection broke: {error}");
    }
}

async fn answer(request: Request<Incoming>) -> Result<Response<Body>, Infallible> {
    let (status, body) = match request.uri().path() {
        "/" => (StatusCode::OK, text("Hello from an event loop.\n")),
        "/echo" => (StatusCode::OK, request.into_body().boxed()),
        _ => (StatusCode::NOT_FOUND, text("Nothing here.\n")),
    };
    let mut response = Response::new(body);
    *response.status_mut() = status;
    Ok(response)
}

fn text(text: &'static str) -> Body {
    Full::from(text).map_err(|never| match never {}).boxed()
}
