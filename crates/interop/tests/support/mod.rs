//! What the tests of this package share: a place to run on, which counts what is left behind, and a web server that can be stopped.
#![allow(dead_code, reason = "each test file uses its own part")]
#![allow(clippy::unwrap_used, reason = "a test may")]

use std::cell::Cell;
use std::future::Future;
use std::io;
use std::marker::PhantomData;
use std::net::SocketAddr;
use std::pin::pin;
use std::rc::Rc;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Waker;
use std::time::{Duration, Instant};

use faults::Census;
use futures::future::{self, Either, FutureExt, RemoteHandle};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Empty, Full};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1 as client;
use hyper::server::conn::http1 as server;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use interop::{HyperIo, HyperTimer};
use step2::{Entered, Park};
use step3::{Clock, TimerDriver, sleep};
use step4::{EventLoop, IoDriver, TcpListener, TcpStream, ThreadPool, spawn, spawn_on_pool};
use step6::Event;

/// As long as anything here may take. Nothing waits for it, unless something is wrong.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// Where a test runs: on the event loop or on the pool.
pub(crate) trait Place: 'static {
    /// Starts a task. The handle of futures-rs may go to any thread from either place; dropping it cancels the task, and awaiting
    /// it passes a panic on.
    fn spawn<F>(future: F) -> RemoteHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static;
}

pub(crate) struct OnLoop;

impl Place for OnLoop {
    fn spawn<F>(future: F) -> RemoteHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        let (future, handle) = future.remote_handle();
        drop(spawn(future));
        handle
    }
}

pub(crate) struct OnPool;

impl Place for OnPool {
    fn spawn<F>(future: F) -> RemoteHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        let (future, handle) = future.remote_handle();
        drop(spawn_on_pool(future));
        handle
    }
}

/// Makes a test of each function on the event loop, and one on the pool.
#[allow(unused_macros, reason = "each test file uses its own part")]
macro_rules! on_both {
    ($($name:ident)*) => {
        mod on_the_event_loop {
            $(#[test] fn $name() { super::support::run_on_loop(super::$name::<super::support::OnLoop>()); })*
        }
        mod on_a_pool {
            $(#[test] fn $name() { super::support::run_on_pool(super::$name::<super::support::OnPool>()); })*
        }
    };
}
#[allow(unused_imports, reason = "each test file uses its own part")]
pub(crate) use on_both;

/// One test at a time: they count what the whole process has open.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Runs `test`, and looks that as many descriptors are open afterwards as before.
pub(crate) fn leaves_no_descriptor(test: impl FnOnce()) {
    let _alone = alone();
    let before = Census::take().descriptors;
    test();
    let start = Instant::now();
    while Census::take().descriptors != before {
        let now = Census::take().descriptors;
        assert!(start.elapsed() < PATIENCE, "{now} descriptors are open, {before} were");
        std::thread::yield_now();
    }
}

/// Runs `test` on an event loop. Afterwards no socket is registered, no timer set, and no descriptor open.
pub(crate) fn run_on_loop(test: impl Future<Output = ()> + 'static) {
    leaves_no_descriptor(|| {
        let left = Rc::new(Cell::new((0, 0)));
        let park = Watched {
            park: TimerDriver::new(IoDriver::new().unwrap(), Clock::real()),
            left: Rc::clone(&left),
        };
        EventLoop::on(park).run(async move {
            step3::timeout(PATIENCE, test).await.unwrap();
            sleep(Duration::from_millis(1)).await; // A look at timers and sockets, after all that was.
            assert_eq!(left.get(), (0, 0), "sockets and timers that are left");
        });
    });
}

/// Runs `test` on a pool of two. Afterwards no descriptor is open.
pub(crate) fn run_on_pool(test: impl Future<Output = ()> + Send + 'static) {
    leaves_no_descriptor(|| {
        let pool = ThreadPool::new(2).unwrap();
        step2::block_on(pool.spawn(step3::timeout(PATIENCE, test))).unwrap().unwrap();
    });
}

/// The loop's usual park, which tells how many sockets and timers it has after each look.
struct Watched {
    park: TimerDriver<IoDriver>,
    left: Rc<Cell<(usize, usize)>>,
}

impl Park for Watched {
    fn waker(&self) -> Waker {
        self.park.waker()
    }

    fn park(&mut self, limit: Option<Duration>) -> io::Result<bool> {
        let outcome = self.park.park(limit);
        self.left.set((self.park.inner().sockets(), self.park.timers()));
        outcome
    }

    fn enter(&self) -> Entered {
        self.park.enter()
    }
}

pub(crate) fn any() -> SocketAddr {
    ([127, 0, 0, 1], 0).into()
}

/// Connects two streams.
pub(crate) async fn pair() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind(any()).unwrap();
    let client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    (client, listener.accept().await.unwrap().0)
}

pub(crate) type Body = BoxBody<Bytes, hyper::Error>;

pub(crate) fn full(bytes: impl Into<Bytes>) -> Body {
    Full::new(bytes.into()).map_err(|never| match never {}).boxed()
}

pub(crate) fn empty() -> Body {
    Empty::new().map_err(|never| match never {}).boxed()
}

/// A hyper server on a free port. Stop it: that says how its connections ended.
pub(crate) struct Server<P: Place> {
    place: PhantomData<fn() -> P>,
    pub(crate) addr: SocketAddr,
    /// Opens what `/held` waits at before it reads its request's body.
    pub(crate) gate: Arc<Event>,
    stop: Arc<Event>,
    accepting: RemoteHandle<Vec<hyper::Result<()>>>,
}

impl<P: Place> Server<P> {
    pub(crate) fn start() -> Self {
        Self::with(server::Builder::new())
    }

    pub(crate) fn with(mut http: server::Builder) -> Self {
        http.timer(HyperTimer::new());
        let listener = TcpListener::bind(any()).unwrap();
        let addr = listener.local_addr().unwrap();
        let (stop, gate) = (Arc::new(Event::new()), Arc::new(Event::new()));
        let accepting = P::spawn(serve::<P>(listener, http, Arc::clone(&stop), Arc::clone(&gate)));
        Self { place: PhantomData, addr, gate, stop, accepting }
    }

    /// Ends it gracefully, and returns how each of its connections has ended. Every task of it is gone after this.
    pub(crate) async fn stop(self) -> Vec<hyper::Result<()>> {
        self.stop.set();
        self.accepting.await
    }

    /// Ends it, and looks that so many connections have ended, and all well.
    pub(crate) async fn stop_after(self, connections: usize) {
        let ends = self.stop().await;
        assert!(ends.len() == connections && ends.iter().all(Result::is_ok), "{ends:?}");
    }

    pub(crate) fn asks_to_stop(&self) {
        self.stop.set();
    }

    pub(crate) async fn connect(&self) -> Client<P> {
        Client::over(TcpStream::connect(self.addr).await.unwrap()).await
    }
}

/// Accepts until it is to stop; then lets the connections finish what they are in the middle of.
async fn serve<P: Place>(
    listener: TcpListener,
    http: server::Builder,
    stop: Arc<Event>,
    gate: Arc<Event>,
) -> Vec<hyper::Result<()>> {
    let mut connections = Vec::new();
    loop {
        let (accepting, stopping) = (listener.accept(), stop.wait());
        let Either::Left((accepted, _)) = future::select(pin!(accepting), pin!(stopping)).await else {
            break;
        };
        let (stream, _peer) = accepted.unwrap();
        connections.push(P::spawn(connection(stream, http.clone(), Arc::clone(&stop), Arc::clone(&gate))));
    }
    drop(listener);
    let mut ends = Vec::new();
    for connection in connections {
        ends.push(connection.await);
    }
    ends
}

async fn connection(
    stream: TcpStream,
    http: server::Builder,
    stop: Arc<Event>,
    gate: Arc<Event>,
) -> hyper::Result<()> {
    let service = service_fn(move |request| answer(request, Arc::clone(&gate)));
    let mut connection = pin!(http.serve_connection(HyperIo(stream), service));
    match future::select(connection.as_mut(), pin!(stop.wait())).await {
        Either::Left((end, _)) => end,
        Either::Right(((), _)) => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    }
}

/// The service: `/hello`, `/echo`, `/count` the bytes of a body, `/zeros/N`, and `/held`, which counts once the gate is open.
async fn answer(request: Request<Incoming>, gate: Arc<Event>) -> hyper::Result<Response<Body>> {
    let path = request.uri().path().to_owned();
    let body = match path.as_str() {
        "/hello" => full("hello"),
        "/echo" => request.into_body().boxed(),
        "/count" => full(count(request.into_body()).await?.to_string()),
        "/held" => {
            gate.wait().await;
            full(count(request.into_body()).await?.to_string())
        }
        zeros if zeros.starts_with("/zeros/") => full(vec![0; zeros["/zeros/".len()..].parse().unwrap()]),
        _ => {
            let mut response = Response::new(empty());
            *response.status_mut() = StatusCode::NOT_FOUND;
            return Ok(response);
        }
    };
    Ok(Response::new(body))
}

/// Counts the bytes of a body, a frame at a time.
pub(crate) async fn count(mut body: Incoming) -> hyper::Result<usize> {
    let mut bytes = 0;
    while let Some(frame) = body.frame().await {
        bytes += frame?.data_ref().map_or(0, Bytes::len);
    }
    Ok(bytes)
}

/// One connection of hyper's client, with the task that drives it.
pub(crate) struct Client<P: Place> {
    place: PhantomData<fn() -> P>,
    pub(crate) requests: client::SendRequest<Body>,
    pub(crate) driving: RemoteHandle<hyper::Result<()>>,
}

impl<P: Place> Client<P> {
    pub(crate) async fn over(stream: TcpStream) -> Self {
        let (requests, connection) = client::handshake(HyperIo(stream)).await.unwrap();
        Self { place: PhantomData, requests, driving: P::spawn(connection) }
    }

    pub(crate) async fn send(&mut self, path: &str, body: Body) -> hyper::Result<Response<Incoming>> {
        self.requests.ready().await?;
        let request = Request::post(path).header("host", "localhost").body(body).unwrap();
        self.requests.send_request(request).await
    }

    /// Sends a request and returns the whole body of the answer.
    pub(crate) async fn ask(&mut self, path: &str, body: Body) -> hyper::Result<Bytes> {
        let response = self.send(path, body).await?;
        assert_eq!(response.status(), StatusCode::OK);
        Ok(response.into_body().collect().await?.to_bytes())
    }

    /// Closes the connection, and returns how it ended. Its task is gone after this.
    pub(crate) async fn close(self) -> hyper::Result<()> {
        drop(self.requests);
        self.driving.await
    }
}
