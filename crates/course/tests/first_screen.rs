//! The contract of `cargo run`: one screen that says only what is so.

mod tool;

use std::process::Stdio;

use tool::{Scratch, course, printed, root};

#[test]
fn the_first_screen_fits_a_terminal_of_80_by_24() {
    let screen = printed(&mut course(&[]));
    let lines: Vec<&str> = screen.lines().collect();
    assert!(lines.len() <= 24, "{} lines:\n{screen}", lines.len());
    for line in lines {
        assert!(line.chars().count() <= 80, "{} columns: {line}", line.chars().count());
    }
}

#[test]
fn it_is_plain_text_in_a_pipe() {
    assert!(!printed(&mut course(&[])).contains('\x1b'));
}

#[test]
fn every_path_on_it_exists() {
    let screen = printed(&mut course(&[]));
    let paths: Vec<&str> = screen.split_whitespace().filter(|word| word.contains('/')).collect();
    assert!(!paths.is_empty(), "a path to read for each step:\n{screen}");
    for path in paths {
        assert!(root().join(path).exists(), "{path} is on the screen, and not in the tree");
    }
}

#[test]
fn every_package_it_tells_to_test_is_in_the_tree() {
    let screen = printed(&mut course(&[]));
    let packages: Vec<&str> = screen
        .lines()
        .filter_map(|line| line.split("cargo test -p ").nth(1)?.split_whitespace().next())
        .collect();
    assert!(packages.len() >= 4, "a test command for each step:\n{screen}");
    let listed = printed(&mut course(&["list"]));
    for package in packages {
        assert!(listed.contains(&format!("step\t{package}\t")), "no such package: {package}");
    }
}

#[test]
fn every_demo_it_names_is_listed() {
    let screen = printed(&mut course(&[]));
    let listed = printed(&mut course(&["list"]));
    for line in screen.lines() {
        let Some(rest) = line.split("cargo course demo ").nth(1) else { continue };
        if let Some(name) = rest.split("  ").next().filter(|name| !name.is_empty()) {
            assert!(listed.contains(&format!("demo\t{}\t", name.trim())), "no such demo: {name}");
        }
    }
}

#[test]
fn it_is_the_same_from_every_folder_of_the_tree_and_outside_of_it() {
    let screen = printed(&mut course(&[]));
    assert_eq!(printed(course(&[]).current_dir(root().join("crates/course/src"))), screen);
    let elsewhere = Scratch::new("elsewhere");
    assert_eq!(printed(course(&[]).current_dir(elsewhere.path())), screen);
}

#[test]
fn a_reader_that_hangs_up_early_is_no_error() {
    let mut child =
        course(&["list"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("it ends");
    assert!(output.status.success(), "{}", tool::stderr(&output));
    assert_eq!(tool::stderr(&output), "");
}
