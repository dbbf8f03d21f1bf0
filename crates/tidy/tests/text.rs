//! What every file of the tree keeps to: a header, no path of one machine, dependencies from the public registry alone.

use tidy::{Complaints, Source, sources};

#[test]
fn every_rust_file_starts_with_its_header() {
    let mut complaints = Complaints::default();
    for source in sources().iter().filter(|source| source.is_code()) {
        check_header(source, &mut complaints);
    }
    complaints.expect_none("a file says what it is before anything else");
}

#[test]
fn no_file_names_a_folder_of_one_machine() {
    let mut complaints = Complaints::default();
    for source in &sources() {
        check_folders(source, &mut complaints);
    }
    complaints.expect_none("the tree works wherever it is cloned, and says nothing of where it was written");
}

#[test]
fn every_dependency_comes_from_the_public_registry() {
    let mut complaints = Complaints::default();
    for source in sources().iter().filter(|source| source.path.ends_with("Cargo.lock")) {
        check_origin(source, &mut complaints);
    }
    complaints.expect_none("a fresh clone builds with what everyone can get");
}

fn check_header(source: &Source, complaints: &mut Complaints) {
    if !source.text.starts_with("//! ") {
        complaints.add(&source.path, "does not start with a `//!` line; say in one what the file is");
    }
}

fn check_folders(source: &Source, complaints: &mut Complaints) {
    // Put together here, so that this file does not hold what it looks for.
    let folders = ["work", "root", "tmp", "home"].map(|name| format!("/{name}/"));
    for (at, line) in source.text.lines().enumerate() {
        if let Some(folder) = folders.iter().find(|folder| mentions(line, folder)) {
            let what = format!(
                "names a folder under {folder}; use a relative path, or ask the system for its folder"
            );
            complaints.add(&format!("{}:{}", source.path, at + 1), &what);
        }
    }
}

/// Tells whether `line` has `folder` as the start of a path, rather than inside a longer one or an address.
fn mentions(line: &str, folder: &str) -> bool {
    let mut starts = line.match_indices(folder).map(|(at, _)| line[..at].chars().next_back());
    starts.any(|before| !before.is_some_and(|c| c.is_alphanumeric() || "._-}/".contains(c)))
}

fn check_origin(lock: &Source, complaints: &mut Complaints) {
    const PUBLIC: &str = "source = \"registry+https://github.com/rust-lang/crates.io-index\"";
    for (at, line) in lock.text.lines().enumerate() {
        if line.starts_with("source = ") && line != PUBLIC {
            let what = format!("takes a package from elsewhere ({line}); take a published version");
            complaints.add(&format!("{}:{}", lock.path, at + 1), &what);
        }
    }
}

mod each_rule_can_fail {
    use super::*;

    #[test]
    fn a_file_without_a_header() {
        let mut complaints = Complaints::default();
        check_header(&Source::new("a.rs", "use std::fs;\n//! Late.\n"), &mut complaints);
        check_header(&Source::new("b.rs", "//! Early.\n"), &mut complaints);
        complaints.expect(&["a.rs: does not start"]);
    }

    #[test]
    fn a_path_of_one_machine() {
        let absolute =
            format!("see {}notes.md\nand src/tmp/mod.rs or a.b/root/x\n", ["", "work", ""].join("/"));
        let mut complaints = Complaints::default();
        check_folders(&Source::new("a.md", &absolute), &mut complaints);
        complaints.expect(&["a.md:1: names a folder under"]);
    }

    #[test]
    fn a_package_from_elsewhere() {
        let lock = "source = \"registry+https://github.com/rust-lang/crates.io-index\"\nsource = \"git+https://example.org\"\n";
        let mut complaints = Complaints::default();
        check_origin(&Source::new("Cargo.lock", lock), &mut complaints);
        complaints.expect(&["Cargo.lock:2: takes a package"]);
    }
}
