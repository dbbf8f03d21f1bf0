//! TLS by rustls, and compression, as they are published, over our streams; and hyper on top of TLS.
//!
//! The certificate is made here, for `localhost`, and its client trusts nothing else.
#![allow(clippy::unwrap_used, reason = "a test may")]

mod support;

use std::sync::Arc;

use async_compression::futures::bufread::GzipDecoder;
use async_compression::futures::write::GzipEncoder;
use futures::io::{AsyncReadExt, AsyncWriteExt, BufReader};
use futures_rustls::pki_types::{PrivateKeyDer, ServerName};
use futures_rustls::rustls::{ClientConfig, RootCertStore, ServerConfig};
use futures_rustls::{TlsAcceptor, TlsConnector};
use http_body_util::BodyExt;
use hyper::client::conn::http1 as client;
use hyper::server::conn::http1 as server;
use hyper::service::service_fn;
use hyper::{Request, Response};
use interop::HyperIo;
use support::{Place, on_both, pair};

on_both! {
    bytes_go_both_ways_in_secret
    a_client_that_trusts_nobody_does_not_connect
    a_web_server_speaks_https
    what_was_compressed_is_unpacked_on_the_other_side
}

fn localhost() -> ServerName<'static> {
    ServerName::try_from("localhost").unwrap()
}

/// Makes a certificate, and both sides' settings for it.
fn settings() -> (TlsConnector, TlsAcceptor) {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let certificate = made.cert.der().clone();
    let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
    let mut trusted = RootCertStore::empty();
    trusted.add(certificate.clone()).unwrap();
    let client = ClientConfig::builder().with_root_certificates(trusted).with_no_client_auth();
    let server =
        ServerConfig::builder().with_no_client_auth().with_single_cert(vec![certificate], key).unwrap();
    (Arc::new(client).into(), Arc::new(server).into())
}

async fn bytes_go_both_ways_in_secret<P: Place>() {
    let (connector, acceptor) = settings();
    let (client, server) = pair().await;
    let echo = P::spawn(async move {
        let mut stream = acceptor.accept(server).await.unwrap();
        let mut bytes = vec![0; 3_000_000];
        stream.read_exact(&mut bytes).await.unwrap();
        stream.write_all(&bytes).await.unwrap();
        stream.close().await.unwrap();
    });
    let mut stream = connector.connect(localhost(), client).await.unwrap();
    let sent: Vec<u8> = (0..3_000_000_u32).map(|n| (n % 253) as u8).collect();
    stream.write_all(&sent).await.unwrap();
    stream.flush().await.unwrap();
    let mut echoed = Vec::new();
    stream.read_to_end(&mut echoed).await.unwrap();
    assert!(echoed == sent);
    echo.await;
}

async fn a_client_that_trusts_nobody_does_not_connect<P: Place>() {
    let (_, acceptor) = settings();
    let nobody = ClientConfig::builder().with_root_certificates(RootCertStore::empty()).with_no_client_auth();
    let (client, server) = pair().await;
    let accepting = P::spawn(async move { acceptor.accept(server).await.map(drop) });
    let connected = TlsConnector::from(Arc::new(nobody)).connect(localhost(), client).await;
    assert!(connected.unwrap_err().to_string().contains("UnknownIssuer"));
    assert!(accepting.await.is_err());
}

async fn a_web_server_speaks_https<P: Place>() {
    let (connector, acceptor) = settings();
    let (client, server) = pair().await;
    let serving = P::spawn(async move {
        let stream = acceptor.accept(server).await.unwrap();
        let echo = async |request: Request<hyper::body::Incoming>| {
            Ok::<_, hyper::Error>(Response::new(request.into_body()))
        };
        server::Builder::new().serve_connection(HyperIo(stream), service_fn(echo)).await
    });
    let stream = connector.connect(localhost(), client).await.unwrap();
    let (mut requests, connection) = client::handshake(HyperIo(stream)).await.unwrap();
    let driving = P::spawn(connection);
    for n in 0..50 {
        requests.ready().await.unwrap();
        let body = support::full(vec![n; 50_000]);
        let response = requests.send_request(Request::post("/").body(body).unwrap()).await.unwrap();
        assert!(response.into_body().collect().await.unwrap().to_bytes() == vec![n; 50_000]);
    }
    drop(requests);
    driving.await.unwrap();
    serving.await.unwrap();
}

async fn what_was_compressed_is_unpacked_on_the_other_side<P: Place>() {
    let (client, server) = pair().await;
    let packing = P::spawn(async move {
        let mut packer = GzipEncoder::new(client);
        packer.write_all("again and ".repeat(100_000).as_bytes()).await.unwrap();
        packer.close().await.unwrap();
    });
    let mut unpacked = String::new();
    GzipDecoder::new(BufReader::new(server)).read_to_string(&mut unpacked).await.unwrap();
    assert!(unpacked == "again and ".repeat(100_000));
    packing.await;
}
