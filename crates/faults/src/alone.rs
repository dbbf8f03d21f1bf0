//! A test in a process of its own: for what belongs to a whole process, as its descriptors and their limit.

use std::env;
use std::process::{Command, exit};
use std::thread;
use std::time::Duration;

/// Says to a process that it was started for one test.
const ALONE: &str = "FAULTS_ALONE";

/// How long such a test may take, times `FAULTS_CASES`, if that is set. It is there to end those that hang.
const LIMIT: Duration = Duration::from_secs(180);

/// Runs `body` in a process of its own: this test's program once more, with that one test.
///
/// `test` is the name of the test that calls this.
///
/// # Panics
///
/// If the body panics, or takes longer than three minutes (times `FAULTS_CASES`).
pub fn alone(test: &str, body: impl FnOnce()) {
    if env::var_os(ALONE).is_some() {
        let cases = env::var("FAULTS_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(1);
        thread::spawn(move || {
            thread::sleep(LIMIT * cases);
            eprintln!("still running after {:?}", LIMIT * cases);
            exit(1);
        });
        return body();
    }
    let program = env::current_exe().expect("the system knows which program runs");
    let once_more = Command::new(program)
        .args([test, "--exact", "--nocapture"])
        .env(ALONE, "1")
        // Else glibc keeps memory for each thread, and how much depends on which worker a server happens to run on.
        .env("MALLOC_ARENA_MAX", "1")
        .output();
    let once_more = once_more.expect("this program can be started once more");
    let said = String::from_utf8_lossy(&once_more.stdout);
    print!("{said}");
    eprint!("{}", String::from_utf8_lossy(&once_more.stderr));
    assert!(once_more.status.success(), "{test} failed in a process of its own: see above");
    assert!(said.contains("1 passed"), "there is no test {test:?}");
}
