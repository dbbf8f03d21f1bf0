//! TCP echo on epoll, by hand: wait, read what is there, write it back.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::fd::AsFd;
use std::sync::mpsc::Sender;
use std::thread;

use rustix::buffer::spare_capacity;
use rustix::event::epoll;

use crate::work::echo::MESSAGE;

/// Stands for the listener among the connections.
const LISTENER: u64 = u64::MAX;

pub(crate) fn serve_one(address: Sender<SocketAddr>) {
    serve(address, 1);
}

/// Both threads accept from one listener, and serve what they have accepted.
pub(crate) fn serve_two(address: Sender<SocketAddr>) {
    serve(address, 2);
}

/// One thread with its connections.
struct Server {
    epoll: rustix::fd::OwnedFd,
    connections: Vec<TcpStream>,
}

fn serve(address: Sender<SocketAddr>, threads: usize) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("there is a free port");
    listener.set_nonblocking(true).expect("a listener can");
    address.send(listener.local_addr().expect("a listener has an address")).expect("the client waits for it");
    drop(address); // It is told once.
    let mut servers: Vec<_> =
        (0..threads).map(|_| listener.try_clone().expect("descriptors are left")).collect();
    let own = servers.pop().expect("one thread at least");
    for listener in servers {
        thread::spawn(move || Server::new().run(&listener));
    }
    Server::new().run(&own);
}

impl Server {
    fn new() -> Self {
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC).expect("the system has an epoll for us");
        Self { epoll, connections: Vec::new() }
    }

    fn run(mut self, listener: &TcpListener) {
        self.watch(listener, LISTENER);
        let mut events: Vec<epoll::Event> = Vec::with_capacity(1024);
        loop {
            events.clear();
            epoll::wait(&self.epoll, spare_capacity(&mut events), None).expect("epoll can wait");
            for event in &events {
                let data = event.data;
                if data.u64() == LISTENER {
                    self.accept(listener);
                } else {
                    echo(&mut self.connections[data.u64() as usize]);
                }
            }
        }
    }

    fn watch(&self, socket: &impl AsFd, number: u64) {
        let data = epoll::EventData::new_u64(number);
        epoll::add(&self.epoll, socket, data, epoll::EventFlags::IN).expect("a socket can be watched");
    }

    /// Accepts one connection: the next may be another thread's.
    fn accept(&mut self, listener: &TcpListener) {
        match listener.accept() {
            Ok((stream, _)) => {
                stream.set_nonblocking(true).expect("a socket can");
                stream.set_nodelay(true).expect("a TCP socket can");
                self.watch(&stream, self.connections.len() as u64);
                self.connections.push(stream);
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Err(error) => panic!("could not accept: {error}"),
        }
    }
}

/// Reads once, as there is something, and writes that back.
fn echo(connection: &mut TcpStream) {
    let mut message = [0; MESSAGE];
    match connection.read(&mut message) {
        Ok(n) => connection.write_all(&message[..n]).expect("the client is there"),
        Err(error) if error.kind() == ErrorKind::WouldBlock => {}
        Err(error) => panic!("could not read: {error}"),
    }
}
