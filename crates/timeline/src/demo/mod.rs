//! What a demo program shares: saying things, reading its options, time to sleep through.
//!
//! A demo is an example of a step: `cargo run -p step4 --example gather -- --manual-clock`. It says what the note's
//! Python program prints, line for line; the picture of how that came about follows.
//!
//! ```no_run
//! use std::time::Duration;
//! use timeline::demo::{Stage, Time, say};
//!
//! let stage = Stage::from_args();
//! let time = Time::for_stage(&stage);
//! let clock = time.clone();
//! stage.play(move || clock.now(), || {
//!     say("Reading a file...");
//!     time.sleep(Duration::from_secs(2));
//!     say("File read.");
//! });
//! ```

mod options;
mod stage;
mod time;

use std::{
    fmt::Display,
    io::{self, ErrorKind, Write},
    process,
};

pub use stage::Stage;
pub use time::Time;

/// Prints a line, and records it as a note.
///
/// If nobody reads the output any longer, the process ends quietly, as one does in a pipe to `head`.
///
/// ```
/// let ((), timeline) = timeline::record(|| timeline::demo::say("hello"));
/// assert_eq!(timeline.notes(), ["hello"]);
/// ```
pub fn say(text: impl Display) {
    let text = text.to_string();
    crate::probe::note(|| text.clone());
    print(&format!("{text}\n"));
}

/// Writes to standard output at once.
fn print(text: &str) {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Ok(()) => {}
        Err(error) if error.kind() == ErrorKind::BrokenPipe => process::exit(0),
        Err(error) => fail(&format!("cannot write to standard output: {error}"), 1),
    }
}

/// Ends the process with one line that says why.
fn fail(why: &str, code: i32) -> ! {
    eprintln!("{why}");
    process::exit(code)
}
