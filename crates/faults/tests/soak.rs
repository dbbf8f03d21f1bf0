//! The soak, for as long as a test may take: that it runs, and judges. Ten minutes of it are a stage of `.ci/long`.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test may")]

use std::process::Command;

#[test]
fn a_third_of_a_minute_of_everything_at_once_leaves_nothing_and_nothing_grows() {
    let soak = Command::new(env!("CARGO_BIN_EXE_soak")).args(["--minutes", "0.33"]).output().unwrap();
    let said = String::from_utf8_lossy(&soak.stdout);
    println!("{said}");
    assert!(
        soak.status.success(),
        "the soak complains: see above\n{}",
        String::from_utf8_lossy(&soak.stderr)
    );
    assert!(said.ends_with("PASSED\n"));
}
