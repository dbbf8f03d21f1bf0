//! What the workloads find when they begin: a folder with a file and a database, and a server.
//!
//! The server is step 1's, in a process of its own: its threads, its memory and its CPU time are nobody's here.

use std::cell::RefCell;
use std::env;
use std::fs;
use std::io::{self, BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{self, Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::time::Duration;

use step1::{Database, Options, serve};

/// Makes what the workloads ask for, and takes it away when it is dropped. The workloads must not run after that.
#[derive(Debug)]
pub struct Setting {
    folder: PathBuf,
    server_program: PathBuf,
    servers: RefCell<Vec<Child>>,
}

impl Setting {
    /// The argument with which `steps` is a server.
    pub const SERVE: &str = "serve";

    /// Makes the folder. `server_program` is the program `steps`, which is asked to [`serve`](Self::serve).
    ///
    /// # Errors
    ///
    /// Returns the system's error if there can be no such folder.
    pub fn new(server_program: impl Into<PathBuf>) -> io::Result<Self> {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!("steps-{}-{}", process::id(), NEXT.fetch_add(1, Relaxed));
        let folder = env::temp_dir().join(name);
        fs::create_dir(&folder)?;
        Ok(Self { folder, server_program: server_program.into(), servers: RefCell::default() })
    }

    /// Is that server, which answers each line with the line itself after so many microseconds, until its input ends.
    ///
    /// # Panics
    ///
    /// Panics if it is not told how many, or if the system refuses it an address.
    pub fn serve(micros: Option<&str>) {
        let micros = micros.and_then(|text| text.parse().ok()).expect("the delay in microseconds");
        let options = Options { delay: Duration::from_micros(micros), ..Options::default() };
        let server = serve("127.0.0.1:0", options, str::to_owned).expect("there is an address for it");
        println!("{}", server.addr());
        io::stdin().read_to_end(&mut Vec::new()).expect("the input ends when the parent does");
    }

    /// Starts a server that answers each line after `delay`.
    pub(crate) fn server(&self, delay: Duration) -> SocketAddr {
        let mut server = Command::new(&self.server_program)
            .args([Self::SERVE, &delay.as_micros().to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the program is there, as it was built with this one");
        let output = server.stdout.take().expect("it is piped");
        self.servers.borrow_mut().push(server);
        let mut line = String::new();
        BufReader::new(output).read_line(&mut line).expect("it says where it serves");
        line.trim().parse().expect("that is an address")
    }

    /// Makes a file with a text in it.
    pub(crate) fn file(&self, text: &str) -> PathBuf {
        let file = self.folder.join("note.txt");
        fs::write(&file, text).expect("the folder is ours");
        file
    }

    /// Makes a database, or returns the one that was made.
    pub(crate) fn database(&self) -> PathBuf {
        let file = self.folder.join("users.db");
        if !file.exists() {
            drop(Database::create(&file).expect("the folder is ours"));
        }
        file
    }
}

impl Drop for Setting {
    fn drop(&mut self) {
        for mut server in self.servers.take() {
            drop(server.stdin.take()); // The end of its input.
            let _status = server.wait();
        }
        let _already_gone = fs::remove_dir_all(&self.folder);
    }
}
