//! `cargo course book`: builds the book, serves it to this machine, and opens it.

use std::env;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::thread;

use bookgen::{Error, Server, build};
use clap::Parser;

const EXIT_CODES: &str = "\
Exit codes:
    0  it worked; Ctrl-C has ended the server
    1  standard output could not be written
    2  the command line was wrong
    3  something could not be read, written or started, such as a port that is taken
    4  the book is not right: a link leads nowhere, or a chapter is missing; the last book that was is left in place";

/// Build the book from the chapters, and serve it to this machine until Ctrl-C.
#[derive(Parser)]
#[command(name = "bookgen", bin_name = "cargo course book", version, after_help = EXIT_CODES)]
struct Cli {
    /// Only build
    #[arg(long, conflicts_with_all = ["port", "open"])]
    no_serve: bool,

    /// Serve on this port; 0 is one that is free
    #[arg(long, value_name = "N", default_value_t = 0)]
    port: u16,

    /// Open it in the browser: $BROWSER, or else the system's own
    #[arg(long)]
    open: bool,
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let root = root();
    let out = target(&root).join("book");
    match build(&root, &out) {
        Ok(built) => {
            let (chapters, pages) = (built.chapters, built.pages);
            eprintln!(
                "built {chapters} chapters, and {pages} pages of what they refer to: {}",
                out.display()
            );
        }
        Err(error @ Error::Faults(_)) => return complain(&error.to_string(), 4),
        Err(error) => return complain(&error.to_string(), 3),
    }
    if cli.no_serve { ExitCode::SUCCESS } else { serve(&out, &cli) }
}

/// Serves until a signal asks for the end.
fn serve(site: &Path, cli: &Cli) -> ExitCode {
    let bound = Server::bind(site, cli.port).and_then(|server| Ok((server.address()?, server)));
    let (address, server) = match bound {
        Ok(bound) => bound,
        Err(error) => {
            return complain(&format!("cannot serve on port {} of 127.0.0.1: {error}", cli.port), 3);
        }
    };
    let stopped = stop();
    let address = format!("http://{address}/");
    let mut stdout = io::stdout().lock();
    if let Err(error) = writeln!(stdout, "{address}").and_then(|()| stdout.flush()) {
        return complain(&format!("cannot write to standard output: {error}"), 1);
    }
    drop(stdout);
    eprintln!("Ctrl-C ends it.");
    if cli.open {
        thread::spawn(move || open(&address));
    }
    thread::spawn(move || server.run());
    match stopped {
        Ok(wait) => wait(),
        Err(error) => return complain(&format!("cannot listen for signals: {error}"), 3),
    }
    eprintln!();
    ExitCode::SUCCESS
}

/// Listens for signals from now on; what it returns waits for one.
#[cfg(unix)]
fn stop() -> io::Result<impl FnOnce()> {
    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
    let mut signals = signal_hook::iterator::Signals::new([SIGHUP, SIGINT, SIGTERM])?;
    Ok(move || {
        let _which = signals.forever().next();
    })
}

/// Ctrl-C ends the process without us.
#[cfg(not(unix))]
fn stop() -> io::Result<impl FnOnce()> {
    Ok(|| {
        loop {
            thread::park();
        }
    })
}

fn open(address: &str) {
    let mut command = match (env::var_os("BROWSER"), env::consts::OS) {
        (Some(browser), _) => Command::new(browser),
        (None, "macos") => Command::new("open"),
        (None, "windows") => {
            let mut command = Command::new("cmd");
            command.args(["/C", "start", ""]);
            command
        }
        (None, _) => Command::new("xdg-open"),
    };
    let ended =
        command.arg(address).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status();
    if !ended.is_ok_and(|status| status.success()) {
        eprintln!("note: no browser could be started; open the address yourself");
    }
}

/// The checkout this program was built from.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .nth(2)
        .expect("crates/bookgen is two below")
        .to_path_buf()
}

/// Where cargo builds, and the book too.
fn target(root: &Path) -> PathBuf {
    env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), |folder| root.join(folder))
}

fn complain(message: &str, code: u8) -> ExitCode {
    eprintln!("error: {message}");
    ExitCode::from(code)
}
