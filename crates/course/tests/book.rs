//! The contract of `cargo course book`: everything goes to the program that builds and serves it, and comes back.
#![cfg(unix)]

mod tool;

use tool::{Scratch, course, printed, root, stderr};

#[test]
fn options_reach_the_program_as_they_were_given() {
    for args in
        [&["book"][..], &["book", "--open", "--port", "8000"], &["book", "--no-serve"], &["book", "--help"]]
    {
        // What cargo would be started with, printed.
        let line = printed(course(args).env("CARGO", "echo"));
        let (cargo, passed_on) = line.trim_end_matches('\n').split_once(" --").expect("options");
        assert_eq!(cargo, "run");
        let manifest = root().join("Cargo.toml");
        let expected = format!("package bookgen --bin bookgen --manifest-path {}", manifest.display());
        assert!(passed_on.starts_with(&expected), "{passed_on}");
        let given = passed_on.split_once(" -- ").map(|(_, given)| given).unwrap_or_default();
        assert_eq!(given, args[1..].join(" "));
    }
}

#[test]
fn its_exit_code_is_passed_on_and_a_missing_cargo_is_said_so() {
    let output = course(&["book"]).env("CARGO", "false").output().expect("it starts");
    assert_eq!(output.status.code(), Some(1));
    let nowhere = Scratch::new("no-cargo-for-book");
    let output = course(&["book"]).env("CARGO", nowhere.path().join("cargo")).output().expect("it starts");
    assert_eq!(output.status.code(), Some(3));
    assert!(stderr(&output).contains("cannot start cargo"), "{}", stderr(&output));
}

#[test]
fn a_short_help_says_where_the_whole_one_is() {
    let help = printed(&mut course(&["help", "book"]));
    assert!(help.contains("cargo course book --help"), "{help}");
}
