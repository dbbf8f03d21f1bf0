//! A checkout in small: two exercises without dependencies, so that the tool's own tests build in a moment, and leave the learner's
//! files alone.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use super::{Scratch, course};

const CATALOGUE: &str = r#"
[misconceptions.W1-no-carry]
says = "A sum has as many digits as its parts."
rather = "It may have one more."
chapter = "chapters/01-sums.md#carry"

[[exercises]]
id = "add"
step = 1
difficulty = 1
minutes = 3
title = "Add two numbers"
goal = "Add."
contract = [
    { check = "small_numbers_add_up", says = "Small numbers add up." },
    { check = "a_carry_is_kept", says = "A carry is kept." },
]
hints = ["What is a sum?", "In `add`.", "a + b"]
misconceptions = ["W1-no-carry"]

[[exercises]]
id = "double"
step = 2
difficulty = 2
minutes = 3
title = "Double a number"
goal = "Double."
contract = [{ check = "two_becomes_four", says = "Two becomes four." }]
hints = ["What is twice?", "In `double`.", "2 * a"]
"#;

const MANIFEST: &str = r#"
[package]
name = "exercises"
edition = "2024"
autotests = false

[[test]]
name = "add"
path = "step1/add.rs"
test = false

[[test]]
name = "double"
path = "step2/double.rs"
test = false

[[test]]
name = "solution-add"
path = "solutions/add.rs"
"#;

const ADD: &str = "//! Adds.\n\nfn add(a: u8, b: u8) -> u16 {\n    // BEGIN SOLUTION: add them\n    \
    u16::from(a) + u16::from(b)\n    // END SOLUTION\n}\n\n#[cfg(test)]\n#[path = \"../checks/add.rs\"]\nmod checks;\n";

/// As the real ones do, they leave their counts where the tool asks for them.
const ADD_CHECKS: &str = r#"use super::add;

/// What an answer takes, if it says so.
pub(super) static POLLS: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);

fn count() {
    if let Some(file) = std::env::var_os("EXERCISES_COUNT_TO") {
        let polls = POLLS.load(std::sync::atomic::Ordering::Relaxed);
        std::fs::write(file, format!("polls = {polls}\nwakes = 1\nparks = 0\nallocations = 2\n")).unwrap();
    }
}

#[test]
fn a_carry_is_kept() {
    if add(200, 100) == 44 {
        panic!("misconception W1-no-carry: 200 and 100 were 44");
    }
    assert_eq!(add(200, 100), 300);
    count();
}

#[test]
fn small_numbers_add_up() {
    assert_eq!(add(1, 2), 3);
    count();
}
"#;

const DOUBLE: &str = "//! Doubles.\n\nfn double(a: u8) -> u8 {\n    // BEGIN SOLUTION: double it\n    2 * a\n    \
    // END SOLUTION\n}\n\n#[cfg(test)]\n#[path = \"../checks/double.rs\"]\nmod checks;\n";

const DOUBLE_CHECKS: &str = "#[test]\nfn two_becomes_four() {\n    assert_eq!(super::double(2), 4);\n}\n";

/// A small checkout in a folder of its own.
pub(crate) struct Mini(Scratch);

impl Mini {
    /// Makes one whose exercises are as they come.
    pub(crate) fn new(test: &str) -> Self {
        let mini = Self(Scratch::new(test));
        for (path, text) in [
            ("Cargo.toml", "[workspace]\nmembers = [\"exercises\"]\nresolver = \"3\"\n"),
            ("crates/course/Cargo.toml", ""),
            ("exercises/Cargo.toml", MANIFEST),
            ("exercises/src/lib.rs", ""),
            ("exercises/exercises.toml", CATALOGUE),
            ("exercises/solutions/add.rs", ADD),
            ("exercises/checks/add.rs", ADD_CHECKS),
            ("exercises/solutions/double.rs", DOUBLE),
            ("exercises/checks/double.rs", DOUBLE_CHECKS),
        ] {
            mini.write(path, text);
        }
        assert!(mini.run(&["reset", "all"]).status.success());
        mini
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn read(&self, path: &str) -> String {
        fs::read_to_string(self.path().join(path)).expect("it is there")
    }

    pub(crate) fn write(&self, path: &str, text: &str) {
        let path = self.path().join(path);
        fs::create_dir_all(path.parent().expect("it is in a folder")).expect("the folder is writable");
        fs::write(path, text).expect("the folder is writable");
    }

    /// Puts `body` where the solution of `add` has its own.
    pub(crate) fn answer(&self, body: &str) {
        self.write("exercises/step1/add.rs", &ADD.replace("u16::from(a) + u16::from(b)", body));
    }

    /// Puts a right answer to `add`.
    pub(crate) fn right_answer(&self) {
        self.write("exercises/step1/add.rs", ADD);
    }

    /// A command that starts the tool in this checkout.
    pub(crate) fn course(&self, args: &[&str]) -> Command {
        let mut command = course(args);
        command.current_dir(self.path()).env("CARGO_TARGET_DIR", self.path().join("target"));
        command.env("CARGO_NET_OFFLINE", "true");
        command
    }

    /// Runs the tool to its end.
    pub(crate) fn run(&self, args: &[&str]) -> Output {
        self.course(args).output().expect("it starts")
    }
}

/// What `output` has on standard output.
pub(crate) fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).replace("\r\n", "\n")
}
