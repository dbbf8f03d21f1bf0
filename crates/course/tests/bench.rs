//! The contract of `cargo course bench`: everything goes to the program of the contest as it is, and comes back.
#![cfg(unix)]

mod tool;

use tool::{Scratch, course, printed, root, stderr};

#[test]
fn options_reach_the_contest_as_they_were_given() {
    for args in
        [&["bench"][..], &["bench", "--quick", "--row", "a b"], &["bench", "--help"], &["bench", "-h"]]
    {
        // What cargo would be started with, printed.
        let line = printed(course(args).env("CARGO", "echo"));
        let (cargo, passed_on) = line.trim_end_matches('\n').split_once(" --").expect("options");
        assert_eq!(cargo, "run");
        let manifest = root().join("Cargo.toml");
        assert!(
            passed_on
                .starts_with(&format!("package benches --bin bench --manifest-path {}", manifest.display()))
        );
        let given = passed_on.split_once(" -- ").map(|(_, given)| given).unwrap_or_default();
        assert_eq!(given, args[1..].join(" "));
    }
}

#[test]
fn its_exit_code_is_passed_on() {
    let output = course(&["bench"]).env("CARGO", "false").output().expect("it starts");
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn a_missing_cargo_is_said_so() {
    let nowhere = Scratch::new("no-cargo-for-bench");
    let cargo = nowhere.path().join("cargo");
    let output = course(&["bench"]).env("CARGO", cargo).output().expect("it starts");
    assert_eq!(output.status.code(), Some(3));
    assert!(stderr(&output).contains("cannot start cargo"), "{}", stderr(&output));
}

#[test]
fn a_short_help_says_where_the_whole_one_is() {
    let help = printed(&mut course(&["help", "bench"]));
    assert!(help.contains("cargo course bench --help"), "{help}");
}
