//! Code that a chapter quotes stands in the source as it is quoted.
//!
//! A quotation is a fence under `<!-- code: path/to/file.rs#Item -->`. It may leave out the docs and attributes above the
//! item, and nothing else.

use tidy::{Complaints, Source, sources};

#[test]
fn quoted_code_is_the_code() {
    check(&sources()).expect_none("a reader compares the chapter with the source: quote the item anew");
}

fn check(sources: &[Source]) -> Complaints {
    let mut complaints = Complaints::default();
    for page in sources.iter().filter(|source| source.path.ends_with(".md")) {
        for Quotation { line, place, code } in quotations(&page.text) {
            let path = place.split('#').next().unwrap_or(place);
            let what = match sources.iter().find(|source| source.path == path) {
                None => format!("quotes {path}: no such file"),
                Some(source) if !code.is_empty() && source.text.contains(&code) => continue,
                Some(_) => format!("is not what {place} says"),
            };
            complaints.add(&format!("{}:{line}", page.path), &what);
        }
    }
    complaints
}

struct Quotation<'a> {
    line: usize,
    place: &'a str,
    code: String,
}

/// Returns the marked fences; without a fence below the mark, the code is empty.
fn quotations(text: &str) -> Vec<Quotation<'_>> {
    let mut lines = text.lines().enumerate();
    let mut found = Vec::new();
    while let Some((number, line)) = lines.next() {
        let mark = line.strip_prefix("<!-- code: ").and_then(|rest| rest.strip_suffix(" -->"));
        let Some(place) = mark else { continue };
        let opens = lines.next().is_some_and(|(_, line)| line.starts_with("```"));
        let fence = lines.by_ref().map(|(_, line)| line).take_while(|line| opens && !line.starts_with("```"));
        let code = fence.map(|line| format!("{line}\n")).collect();
        found.push(Quotation { line: number + 1, place, code });
    }
    found
}

#[test]
fn a_quotation_that_drifted_and_one_of_nothing_are_seen() {
    let on = |page: &str| check(&[Source::new("a.md", page), Source::new("a.rs", "fn a() {\n    1\n}\n")]);
    on("<!-- code: a.rs#a -->\n```rust,ignore\nfn a() {\n    1\n}\n```\n").expect(&[]);
    on("<!-- code: a.rs#a -->\n```rust,ignore\nfn a() {\n    2\n}\n```\n")
        .expect(&["a.md:1: is not what a.rs#a says"]);
    on("<!-- code: b.rs#b -->\n```rust,ignore\nfn a() {\n    1\n}\n```\n").expect(&["no such file"]);
    on("<!-- code: a.rs#a -->\nno fence\n").expect(&["is not what a.rs#a says"]);
}
