//! Child processes that are waited for, and that do not outlive the tool.
//!
//! ```text
//!   reader of standard output ──┐
//!   reader of standard error  ──┼──▶ one channel ──▶ whoever waits for the child
//!   SIGINT, SIGTERM, SIGHUP   ──┘
//! ```
//!
//! # Invariants
//!
//! 1. The tool sleeps while a child runs: nothing polls, since that would take time from what is measured.
//! 2. A child has a process group of its own, and when it is ended early, all of that group is.
//! 3. A message of a child that was ended early never counts for a later one: messages carry the child's number.

use std::cell::Cell;
use std::io::{self, Read};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

/// How long a process group has to end when it is asked to.
const GRACE: Duration = Duration::from_secs(2);
/// How long to sleep while a child that has closed its output is about to end.
const ENDING: Duration = Duration::from_millis(2);

/// Starts children and waits for them.
pub(crate) struct Children {
    messages: Receiver<Message>,
    sender: Sender<Message>,
    started: Cell<u64>,
    is_interrupted: Cell<bool>,
}

enum Message {
    Interrupt,
    Read { child: u64, stream: usize, text: Vec<u8> },
}

/// How a child ended, and what it printed.
pub(crate) struct Ended {
    pub(crate) status: ExitStatus,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// Why there is nothing of a child.
pub(crate) enum Trouble {
    Interrupted,
    NotStarted(io::Error),
    TooLong(Duration),
}

impl Children {
    /// Starts to listen for signals.
    ///
    /// # Errors
    ///
    /// Returns why the system does not let it.
    pub(crate) fn new() -> io::Result<Self> {
        let (sender, messages) = channel();
        listen(sender.clone())?;
        Ok(Self { messages, sender, started: Cell::new(0), is_interrupted: Cell::new(false) })
    }

    /// Runs `command` to its end, but no longer than `limit`. Its standard output is read, and standard error if
    /// `command` pipes it.
    ///
    /// # Errors
    ///
    /// Returns why it did not come to its own end.
    pub(crate) fn run(&self, command: &mut Command, limit: Option<Duration>) -> Result<Ended, Trouble> {
        if self.is_interrupted() {
            return Err(Trouble::Interrupted);
        }
        command.stdin(Stdio::null()).stdout(Stdio::piped());
        apart(command);
        let mut child = command.spawn().map_err(Trouble::NotStarted)?;
        let number = self.started.get() + 1;
        self.started.set(number);
        let streams = [
            child.stdout.take().map(|stream| self.read(number, 0, stream)),
            child.stderr.take().map(|stream| self.read(number, 1, stream)),
        ];
        let open = streams.iter().flatten().count();
        let outcome = self.wait(&mut child, number, open, limit.map(|limit| (Instant::now() + limit, limit)));
        if outcome.is_err() {
            end(&mut child);
        }
        outcome
    }

    /// Says whether a signal has asked for the end.
    pub(crate) fn is_interrupted(&self) -> bool {
        let is_now = self.messages.try_iter().any(|message| matches!(message, Message::Interrupt));
        self.is_interrupted.set(self.is_interrupted.get() || is_now);
        self.is_interrupted.get()
    }

    fn read(&self, child: u64, stream: usize, mut from: impl Read + Send + 'static) {
        let sender = self.sender.clone();
        thread::spawn(move || {
            let mut text = Vec::new();
            let _what_came_until_then = from.read_to_end(&mut text);
            let _nobody_waits = sender.send(Message::Read { child, stream, text });
        });
    }

    fn wait(
        &self,
        child: &mut Child,
        number: u64,
        mut open: usize,
        limit: Option<(Instant, Duration)>,
    ) -> Result<Ended, Trouble> {
        let mut texts = [String::new(), String::new()];
        loop {
            if open == 0
                && let Some(status) = child.try_wait().map_err(Trouble::NotStarted)?
            {
                let [stdout, stderr] = texts;
                return Ok(Ended { status, stdout, stderr });
            }
            match self.message(open == 0, limit.map(|(end, _)| end)) {
                Some(Message::Interrupt) => {
                    self.is_interrupted.set(true);
                    return Err(Trouble::Interrupted);
                }
                Some(Message::Read { child, stream, text }) if child == number => {
                    texts[stream] = String::from_utf8_lossy(&text).into_owned();
                    open -= 1;
                }
                Some(Message::Read { .. }) | None => {}
            }
            if let Some((_, limit)) = limit.filter(|(end, _)| Instant::now() >= *end) {
                return Err(Trouble::TooLong(limit));
            }
        }
    }

    /// Sleeps until there is a message, or until `end`; but only a moment if the child is about to end.
    fn message(&self, is_ending: bool, end: Option<Instant>) -> Option<Message> {
        let left = end.map(|end| end.saturating_duration_since(Instant::now()));
        let longest = if is_ending { ENDING } else { Duration::MAX };
        match left.unwrap_or(longest).min(longest) {
            Duration::MAX => self.messages.recv().ok(),
            time => self.messages.recv_timeout(time).ok(),
        }
    }
}

#[cfg(unix)]
fn listen(sender: Sender<Message>) -> io::Result<()> {
    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
    let mut signals = signal_hook::iterator::Signals::new([SIGHUP, SIGINT, SIGTERM])?;
    thread::spawn(move || {
        for _signal in signals.forever() {
            let _nobody_waits = sender.send(Message::Interrupt);
        }
    });
    Ok(())
}

#[cfg(unix)]
fn apart(command: &mut Command) {
    std::os::unix::process::CommandExt::process_group(command, 0);
}

/// Asks the child's group to end, then ends it.
#[cfg(unix)]
fn end(child: &mut Child) {
    use rustix::process::{Pid, Signal, kill_process_group};
    let group = Pid::from_child(child);
    let _all_gone = kill_process_group(group, Signal::TERM);
    let since = Instant::now();
    while since.elapsed() < GRACE && matches!(child.try_wait(), Ok(None)) {
        thread::sleep(ENDING);
    }
    let _all_gone = kill_process_group(group, Signal::KILL);
    let _reaped = child.wait();
}

#[cfg(not(unix))]
fn listen(_: Sender<Message>) -> io::Result<()> {
    Ok(())
}

#[cfg(not(unix))]
fn apart(_: &mut Command) {}

#[cfg(not(unix))]
fn end(child: &mut Child) {
    let _already_ended = child.kill();
    let _reaped = child.wait();
}
