//! What these tests share: cases drawn at random, each with a seed that brings it back and a time limit.
//!
//! ```console
//! $ FAULTS_CASES=50 cargo test -p faults --test panics             # fifty times as many as usual
//! $ FAULTS_SEED=17 cargo test -p faults --test panics a_name       # that one alone
//! ```
#![allow(dead_code, reason = "each test file uses its own part")]
#![allow(clippy::unwrap_used, reason = "a test may")]

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;
use std::{env, fs, thread};

use fastrand::Rng;

/// How long a case may take: a lost wake shows as a hang.
const LIMIT: Duration = Duration::from_secs(120);

/// Runs so many cases, each with random numbers of its own, on a thread of its own.
///
/// # Panics
///
/// If one panics or hangs, with the seed that brings it back.
pub(crate) fn each_case(cases: u64, case: impl Fn(Rng) + Send + Clone + 'static) {
    let number = |name: &str| env::var(name).ok().map(|text| text.parse::<u64>().unwrap());
    let seeds = match number("FAULTS_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..cases * number("FAULTS_CASES").unwrap_or(1),
    };
    let test = this_test();
    for seed in seeds {
        let (case, (done, ended)) = (case.clone(), channel::<()>());
        let thread = thread::Builder::new().name(format!("{test} {seed}"));
        let thread = thread.spawn(move || {
            let _done = done; // Dropped when the case is over, however it ends.
            case(Rng::with_seed(seed));
        });
        let how = match ended.recv_timeout(LIMIT) {
            Err(RecvTimeoutError::Timeout) => "hangs",
            _ if thread.unwrap().join().is_err() => "fails",
            _ => continue,
        };
        panic!("{test} {how}; this brings it back: FAULTS_SEED={seed} cargo test -p faults {test}");
    }
}

/// So many milliseconds.
pub(crate) fn ms(count: u64) -> Duration {
    Duration::from_millis(count)
}

/// A folder that is this test's own, removed when dropped.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new() -> Self {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let name = format!("faults-{}-{}", std::process::id(), NEXT.fetch_add(1, Relaxed));
        let folder = env::temp_dir().join(name);
        fs::create_dir(&folder).unwrap();
        Self(folder)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    pub(crate) fn join(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _already_gone = fs::remove_dir_all(&self.0);
    }
}

/// The name of the test that runs, as its program takes it.
pub(crate) fn this_test() -> String {
    thread::current().name().unwrap().to_owned()
}

/// A command that runs the test `name` of this program, alone, in a process of its own.
pub(crate) fn another_process(name: &str) -> Command {
    let mut command = Command::new(env::current_exe().unwrap());
    command.args(["--exact", name, "--nocapture", "--test-threads=1"]);
    command
}

/// Says that a test did not run, and why, past what the harness captures.
pub(crate) fn skipped(why: &str) {
    let _unread = writeln!(io::stderr(), "skipped: {}: {why}", this_test());
}
