//! Unsafe code stays in the files that ARCHITECTURE.md lists, each with its reason, and each listed file has some.

mod words;

use std::collections::BTreeSet;

use tidy::{Complaints, Source, sources};
use words::{Word, words_with_tests};

/// The heading the list stands under: one bullet a file, its path in backticks first.
const HEADING: &str = "Unsafe files";

#[test]
fn unsafe_code_is_in_the_listed_files_and_nowhere_else() {
    let sources = sources();
    let map = sources.iter().find(|source| source.path == "ARCHITECTURE.md").expect("the tree has a map");
    check(map, &sources)
        .expect_none("every file with unsafe code is on the list in ARCHITECTURE.md, and no other");
}

fn check(map: &Source, sources: &[Source]) -> Complaints {
    let listed = listed_files(&map.text);
    let with_unsafe: BTreeSet<&str> =
        sources.iter().filter(|s| has_unsafe(s)).map(|s| s.path.as_str()).collect();
    let mut complaints = Complaints::default();
    for path in with_unsafe.iter().filter(|path| !listed.contains(**path)) {
        let what = format!(
            "has unsafe code; list it in {} under \"{HEADING}\" with its reason, or do without",
            map.path
        );
        complaints.add(path, &what);
    }
    for path in listed.iter().filter(|path| !with_unsafe.contains(path.as_str())) {
        complaints.add(
            &map.path,
            &format!("lists {path}, which has no unsafe code (or is gone); take it off the list"),
        );
    }
    complaints
}

/// Returns the paths listed under [`HEADING`].
fn listed_files(map: &str) -> BTreeSet<String> {
    let is_heading = |line: &&str| line.starts_with('#');
    let section = map.lines().skip_while(|line| !(is_heading(line) && line.ends_with(HEADING))).skip(1);
    let bullets = section.take_while(|line| !is_heading(line)).filter_map(|line| line.strip_prefix("- `"));
    bullets.filter_map(|line| Some(line.split_once('`')?.0.to_owned())).collect()
}

/// Tells whether `source` has an `unsafe` of any kind, or lifts the lint that denies it.
fn has_unsafe(source: &Source) -> bool {
    if !source.is_code() {
        return false;
    }
    let words: Vec<Word> = words_with_tests(source);
    let lifts = words
        .windows(2)
        .any(|pair| matches!(pair[0].text.as_str(), "allow" | "expect") && pair[1].text == "unsafe_code");
    lifts || words.iter().any(|word| word.text == "unsafe")
}

mod the_rule_can_fail {
    use super::*;

    const MAP: &str = "# Map\n## Unsafe files\n\n- `crates/a.rs`: a vtable\n- `crates/gone.rs`: was one\n\n## Next\n- `crates/b.rs`\n";

    #[test]
    fn a_file_that_is_not_listed_and_a_listed_file_that_has_none() {
        let sources = [
            Source::new("crates/a.rs", "fn f() { unsafe { g() } }"),
            Source::new("crates/b.rs", "#![allow(unsafe_code)]"),
            Source::new(
                "crates/c.rs",
                "#![forbid(unsafe_code)]\n// unsafe in a comment\nconst C: &str = \"unsafe\";",
            ),
            Source::new("crates/d.rs", "#[cfg(test)]\nmod tests { unsafe fn f() {} }"),
        ];
        let complaints = check(&Source::new("MAP.md", MAP), &sources);
        complaints.expect(&[
            "crates/b.rs: has unsafe",
            "crates/d.rs: has unsafe",
            "MAP.md: lists crates/gone.rs",
        ]);
    }
}
