//! A web client: hyper, as it is published, on step 4's event loop. Asks several times over one connection, all requests at once
//! from tasks of their own.
//!
//! ```console
//! $ cargo run -p interop --example hyper_server -- 8080
//! $ cargo run -p interop --example hyper_client -- http://127.0.0.1:8080/   # in another terminal
//! ```
//!
//! A connection has two ends for its user: `requests`, which sends, and a future that does the reading and writing. That future
//! is a task of its own here; it ends when `requests` is dropped.

use std::error::Error;
use std::rc::Rc;

use http_body_util::{BodyExt, Empty};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::{Request, Uri};
use interop::HyperIo;
use step4::{TcpStream, gather, resolve, run, spawn};
use step6::Mutex;

const REQUESTS: u32 = 3;

fn main() -> Result<(), Box<dyn Error>> {
    let uri = std::env::args().nth(1).unwrap_or_else(|| "http://127.0.0.1:8080/".to_owned()).parse()?;
    run(ask(uri))
}

async fn ask(uri: Uri) -> Result<(), Box<dyn Error>> {
    let host = uri.authority().ok_or("an address is like http://127.0.0.1:8080/")?.clone();
    let port = host.port_u16().unwrap_or(80);
    let addrs = resolve((host.host().to_owned(), port)).await?;
    let stream = TcpStream::connect(*addrs.first().ok_or("the name has no address")?).await?;
    let (requests, connection) = http1::handshake(HyperIo(stream)).await?;
    let connection = spawn(connection);

    // One request at a time goes over a connection of HTTP/1.1, so the tasks take turns.
    let requests = Rc::new(Mutex::new(requests));
    let tasks = (1..=REQUESTS).map(|number| {
        let (requests, uri, host) = (Rc::clone(&requests), uri.clone(), host.clone());
        spawn(async move {
            let request =
                Request::get(uri.path()).header("host", host.as_str()).body(Empty::<Bytes>::new())?;
            let response = {
                let mut requests = requests.lock().await;
                requests.ready().await?;
                requests.send_request(request).await?
            };
            let status = response.status();
            let body = response.into_body().collect().await?.to_bytes();
            println!("request {number}: {status}, {} bytes", body.len());
            Ok::<_, Box<dyn Error>>(body)
        })
    });
    let bodies = gather(tasks).await?;
    for body in bodies {
        print!("{}", String::from_utf8_lossy(&body?));
    }
    drop(requests);
    Ok(connection.await??)
}
