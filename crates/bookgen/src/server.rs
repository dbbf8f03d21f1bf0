//! A small server for the site: files of one folder, to this machine alone, for reading.
//!
//! # Invariants
//!
//! 1. It listens on 127.0.0.1 and on nothing else.
//! 2. A file is sent only if it lies in the site's folder, with all symbolic links followed.
//! 3. A client that is slow or says too much costs a thread for a limited time, and nobody else anything.
//!
//! # Absent on purpose
//!
//! No connection is kept for a second request: pages are few and near.

use std::fs;
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use crate::check::decode;

/// How long a request's head may be, and how long one may keep silent.
const HEAD: usize = 8 * 1024;
const PATIENCE: Duration = Duration::from_secs(5);
/// How long to wait if the system refuses a connection or a thread.
const PAUSE: Duration = Duration::from_millis(50);

/// Serves a site on this machine.
pub struct Server {
    listener: TcpListener,
    /// With no symbolic link in its path.
    site: PathBuf,
}

struct Answer {
    status: &'static str,
    kind: &'static str,
    body: Vec<u8>,
}

impl Server {
    /// Listens on 127.0.0.1 for requests for the files of `site`; port 0 is one that is free.
    ///
    /// # Errors
    ///
    /// Returns what the system says, such as that the port is taken.
    pub fn bind(site: &Path, port: u16) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))?;
        Ok(Self { listener, site: site.canonicalize()? })
    }

    /// Returns where it listens.
    ///
    /// # Errors
    ///
    /// Returns what the system says.
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Serves, for ever.
    pub fn run(&self) -> ! {
        loop {
            let Ok((client, _)) = self.listener.accept() else {
                // Such as too many open files: some will be closed.
                thread::sleep(PAUSE);
                continue;
            };
            let site = self.site.clone();
            let served = thread::Builder::new().spawn(move || {
                let _client_gone = serve(client, &site);
            });
            if served.is_err() {
                thread::sleep(PAUSE);
            }
        }
    }
}

fn serve(mut client: TcpStream, site: &Path) -> io::Result<()> {
    client.set_read_timeout(Some(PATIENCE))?;
    client.set_write_timeout(Some(PATIENCE))?;
    let head = read_head(&mut client)?;
    let (is_head_only, answer) = answer(&head, site);
    let Answer { status, kind, body } = answer;
    write!(client, "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n", body.len())?;
    // A book that was built again is seen at once.
    client.write_all(b"Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n")?;
    client.write_all(b"Allow: GET, HEAD\r\nConnection: close\r\n\r\n")?;
    if !is_head_only {
        client.write_all(&body)?;
    }
    client.flush()
}

/// Reads up to the empty line that ends a request's head.
fn read_head(client: &mut impl Read) -> io::Result<Vec<u8>> {
    let (mut head, mut byte) = (Vec::new(), [0; 512]);
    while !head.windows(4).any(|four| four == b"\r\n\r\n") {
        let read = client.read(&mut byte)?;
        if read == 0 || head.len() > HEAD {
            return Err(io::ErrorKind::InvalidData.into());
        }
        head.extend_from_slice(&byte[..read]);
    }
    Ok(head)
}

/// Answers a request, and says whether it asked for the answer's head alone.
fn answer(head: &[u8], site: &Path) -> (bool, Answer) {
    let text = String::from_utf8_lossy(head);
    let mut words = text.lines().next().unwrap_or_default().split(' ');
    let (method, target, version) = (words.next(), words.next(), words.next());
    let is_http = version.is_some_and(|version| version.starts_with("HTTP/1.")) && words.next().is_none();
    let answer = match (method, target) {
        (Some("GET" | "HEAD"), Some(target)) if is_http => file(target, site),
        (Some(_), Some(_)) if is_http => plain("405 Method Not Allowed"),
        _ => plain("400 Bad Request"),
    };
    (method == Some("HEAD"), answer)
}

fn file(target: &str, site: &Path) -> Answer {
    let found = path_in(target, site).and_then(|path| Some((kind(&path), fs::read(path).ok()?)));
    match found {
        Some((kind, body)) => Answer { status: "200 OK", kind, body },
        None => match fs::read(site.join("404.html")) {
            Ok(body) => Answer { status: "404 Not Found", kind: "text/html; charset=utf-8", body },
            Err(_) => plain("404 Not Found"),
        },
    }
}

fn plain(status: &'static str) -> Answer {
    Answer { status, kind: "text/plain; charset=utf-8", body: format!("{status}\n").into_bytes() }
}

/// Finds the file that `target` names (invariant 2).
fn path_in(target: &str, site: &Path) -> Option<PathBuf> {
    let address = target.split(['?', '#']).next()?.strip_prefix('/')?;
    let mut path = site.to_path_buf();
    let names: Vec<String> = address.split('/').map(decode).collect();
    for (at, name) in names.iter().enumerate() {
        let name = if name.is_empty() && at + 1 == names.len() { "index.html" } else { name.as_str() };
        // Besides `..`, these would mean something else to some system.
        if matches!(name, "" | "." | "..") || name.contains(['/', '\\', ':', '\0']) {
            return None;
        }
        path.push(name);
    }
    let real = path.canonicalize().ok()?;
    (real.starts_with(site) && real.is_file()).then_some(real)
}

fn kind(path: &Path) -> &'static str {
    match path.extension().and_then(|extension| extension.to_str()).unwrap_or_default() {
        "html" => "text/html; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "json" => "application/json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "woff2" => "font/woff2",
        "txt" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}
