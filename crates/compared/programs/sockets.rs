//! Sockets: the loop waits for all of them at once.

use std::io;
use std::net::{Shutdown, SocketAddr};
use std::rc::Rc;

use compared::say;
use step1::LineCodec;
use step2::yield_now;
use step4::{TcpListener, TcpStream, fs, spawn};
use step5::{AsyncIterator, for_await, incoming, lines};

async fn answer(connection: TcpStream) -> io::Result<()> {
    for_await!(line in lines(&connection, LineCodec::default()) => {
        connection.write_all(format!("{}\n", line?).as_bytes()).await?;
    });
    Ok(())
}

fn start_server() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let address = listener.local_addr().unwrap();
    let server = async move {
        for_await!(connection in incoming(&listener) => {
            drop(spawn(answer(connection.unwrap())));
        });
    };
    drop(spawn(server)); // Cancelled when the main future ends.
    address
}

async fn read_line(connection: &TcpStream) -> String {
    lines(connection, LineCodec::default()).next().await.unwrap().unwrap()
}

/// A client that says nothing keeps no other waiting.
pub(crate) async fn clients_overlap() {
    let address = start_server();
    let silent = TcpStream::connect(address).await.unwrap();
    let connection = TcpStream::connect(address).await.unwrap();

    connection.write_all(b"second\n").await.unwrap();
    say!("{}", read_line(&connection).await);
    silent.write_all(b"first\n").await.unwrap();
    say!("{}", read_line(&silent).await);
}

/// Whoever reads hears that the other side has closed: it reads nothing, again and again.
pub(crate) async fn the_end_of_a_connection() {
    let connection = TcpStream::connect(start_server()).await.unwrap();

    connection.write_all(b"hello\n").await.unwrap();
    connection.shutdown(Shutdown::Write).unwrap();
    say!("{}", read_line(&connection).await);
    say!("{} bytes", connection.read(&mut [0; 10]).await.unwrap());
    say!("{} bytes", connection.read(&mut [0; 10]).await.unwrap());
}

/// While one task waits to read, others run.
pub(crate) async fn reading_while_others_run() {
    let connection = Rc::new(TcpStream::connect(start_server()).await.unwrap());

    async fn client(connection: Rc<TcpStream>) {
        say!("reading");
        say!("{}", read_line(&connection).await);
    }

    let task = spawn(client(Rc::clone(&connection)));
    yield_now().await;
    say!("another task");
    connection.write_all(b"read\n").await.unwrap();
    task.await.unwrap();
}

/// A file is always ready, says the system, so a thread reads it, and the loop lives meanwhile.
pub(crate) async fn a_file_is_read_by_a_thread() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/programs/sockets.rs");

    async fn other() {
        say!("another task");
    }

    let task = spawn(other());
    let text = fs::read_to_string(path).await.unwrap();
    say!("{}", if text.contains("a_file_is_read") { "read it" } else { "read something else" });
    task.await.unwrap();
}
