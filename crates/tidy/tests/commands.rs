//! The tests that a text tells its reader to run are there: a filter that fits nothing would pass, and show nothing.

use tidy::{Complaints, Source, sources};

#[test]
fn every_test_that_a_text_names_is_there() {
    check(&sources()).expect_none("name a test that is there");
}

/// Looks at each `cargo test -p PACKAGE --test FILE FILTER` in the pages.
fn check(sources: &[Source]) -> Complaints {
    let mut complaints = Complaints::default();
    for page in sources.iter().filter(|source| source.path.ends_with(".md")) {
        for (at, line) in page.text.lines().enumerate() {
            let Some((package, file, filter)) = command(line) else { continue };
            let is_it = |source: &&Source| is_file_of(&source.path, package, file);
            let what = match sources.iter().find(is_it) {
                None => format!("{package} has no test file {file}"),
                Some(tests) if has_test(&tests.text, filter) => continue,
                Some(tests) => format!("no test in {} has `{filter}` in its name", tests.path),
            };
            complaints.add(&format!("{}:{}", page.path, at + 1), &what);
        }
    }
    complaints
}

/// Tells whether the tests of a target are in the file at `path`. Those of an exercise are its checks.
fn is_file_of(path: &str, package: &str, file: &str) -> bool {
    if package == "exercises" {
        return path == format!("exercises/checks/{}.rs", file.trim_start_matches("solution-"));
    }
    let in_package = path.strip_prefix("crates/").and_then(|rest| rest.strip_prefix(package));
    let folder = in_package.and_then(|rest| rest.strip_suffix(&format!("/tests/{file}.rs")));
    folder.is_some_and(|topic| topic.is_empty() || topic.starts_with('-'))
}

/// Takes package, file and filter out of a command.
fn command(line: &str) -> Option<(&str, &str, &str)> {
    let command = line.split("cargo test -p ").nth(1)?.split('`').next()?;
    let mut words = command.split_whitespace();
    let package = words.next()?;
    (words.next()? == "--test").then_some(())?;
    Some((package, words.next()?, words.next().unwrap_or("")))
}

fn has_test(text: &str, filter: &str) -> bool {
    let names = text.lines().filter_map(|line| line.trim_start().strip_prefix("fn ")?.split('(').next());
    names.into_iter().any(|name| name.contains(filter))
}

#[test]
fn a_filter_that_fits_nothing_and_a_file_that_is_not_there_are_seen() {
    let tests = Source::new("crates/step4-x/tests/gather.rs", "#[test]\nfn gather_fails_fast() {}\n");
    let on = |line: &str| {
        let page = Source::new("a.md", line);
        check(&[page, Source::new(&tests.path, &tests.text)])
    };
    on("   $ cargo test -p step4 --test gather fails_fast\n").expect(&[]);
    on("$ cargo test -p step4 --test gather\n").expect(&[]);
    on("$ cargo test -p step4 --test gather fails_slowly\n").expect(&["a.md:1: no test in"]);
    on("see `cargo test -p step4 --test gather`, and more\n").expect(&[]);
    on("$ cargo test -p course --test demos\n").expect(&["course has no test file demos"]);
    on("$ cargo test -p step4 --test gathering\n").expect(&["step4 has no test file gathering"]);
}
