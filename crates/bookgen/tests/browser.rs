//! The book in a browser: serves it, and has node run every `browser/*.test.mjs` on it.
//!
//! It needs node, playwright-core (`npm ci` in that folder) and Chromium, so it is left out unless asked for:
//! `.ci/run book` installs them where it can.
#![allow(clippy::unwrap_used, reason = "a test may")]

mod support;

use std::path::Path;
use std::process::Command;
use std::thread;

use bookgen::{Server, build};
use support::{Scratch, root};

#[test]
#[ignore = "needs node and a browser: .ci/run book"]
fn the_book_works_in_a_browser() {
    let scratch = Scratch::new("browser");
    let out = scratch.path().join("book");
    build(&root(), &out).unwrap_or_else(|error| panic!("{error}"));
    let server = Server::bind(&out, 0).unwrap();
    let address = format!("http://{}/", server.address().unwrap());
    thread::spawn(move || server.run());
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/browser");
    let status = Command::new("node")
        .args(["--test", "--test-concurrency=1"])
        .current_dir(folder)
        .env("BOOK", address)
        .status()
        .expect("there is node");
    assert!(status.success(), "node ended with {status}");
}
