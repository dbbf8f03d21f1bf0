//! Code that a page quotes is the code.
//!
//! A quotation is a fence under `<!-- code: path/to/file.rs#Item -->`: the whole item, found by its name (see [`items`]),
//! without the docs, comments and attributes above it.

mod items;

use tidy::{Complaints, Kind, Source, hold, hold_tree, sources};

#[test]
fn quoted_code_is_the_code() {
    let rule = "a reader compares the chapter with the source: both say the same";
    let sources = sources();
    hold_tree("code", Kind::Fence, rule, |_, block| quoted(block.mark.1, block.language, &sources));
}

/// Returns the text of the item at `place`, or what is wrong with the quotation.
fn quoted(place: &str, language: &str, sources: &[Source]) -> Result<String, String> {
    if language != "rust,ignore" {
        return Err("quotes code: fence it as rust,ignore, since it does not compile by itself".to_owned());
    }
    let (path, name) = place.split_once('#').ok_or("names no item: write path#Item")?;
    let source =
        sources.iter().find(|source| source.path == path).ok_or(format!("quotes {path}: no such file"))?;
    let items =
        items::items(&source.text).map_err(|error| format!("quotes {path}, which is not Rust: {error}"))?;
    let called: Vec<&items::Item> = items.iter().filter(|item| item.is_called(name)).collect();
    let long_names = |items: &[&items::Item]| {
        items.iter().map(|item| format!("`{path}#{}`", item.long_name())).collect::<Vec<_>>().join(" or ")
    };
    match called.as_slice() {
        [item] => Ok(item.text.clone()),
        [] => {
            let alike: Vec<&items::Item> = items.iter().filter(|item| item.is_like(name)).collect();
            let write = if alike.is_empty() { items.iter().collect() } else { alike };
            Err(format!("there is no {place}; write {}", long_names(&write)))
        }
        several => Err(format!("{place} may be one of several; write {}", long_names(several))),
    }
}

mod the_rule_can_fail {
    use super::*;

    const SOURCE: &str = "\
//! A file.

/// Docs that are not quoted.
#[must_use]
// Nor is this comment.
fn one() -> u32 {
    1
}

pub struct Held<T>(T);

impl<T> Held<T> {
    /// Docs.
    fn get(&self) -> &T {
        // Within.
        &self.0
    }
}

impl<T> Drop for Held<T> {
    fn drop(&mut self) {}
}

impl From<u8> for Held<u8> {
    fn from(n: u8) -> Self {
        Self(n)
    }
}

impl From<u16> for Held<u16> {
    fn from(n: u16) -> Self { Self(n) }
}

#[macro_export]
macro_rules! two {
    () => { 2 };
}

mod inner {
    pub(super) const ONE: u32 = 1; // One.
}

trait Waits {
    /// Docs.
    fn wait(&self) {}
}
";

    fn on(name: &str, code: &str) -> (Complaints, Option<String>) {
        let page = format!("# A\n\n<!-- code: a.rs#{name} -->\n```rust,ignore\n{code}```\n");
        let sources = [Source::new("a.md", &page), Source::new("a.rs", SOURCE)];
        let make = |_: &Source, block: &tidy::Block<'_>| quoted(block.mark.1, block.language, &sources);
        let (complaints, pages) = hold(&sources, "code", Kind::Fence, make);
        (complaints, pages.into_iter().next().map(|page| page.text))
    }

    #[test]
    fn every_kind_of_item_is_found_by_its_name() {
        for (name, code) in [
            ("one", "fn one() -> u32 {\n    1\n}\n"),
            ("Held", "pub struct Held<T>(T);\n"),
            ("Held::get", "fn get(&self) -> &T {\n    // Within.\n    &self.0\n}\n"),
            ("Held::drop", "fn drop(&mut self) {}\n"),
            ("<Held as Drop>::drop", "fn drop(&mut self) {}\n"),
            ("impl Drop for Held", "impl<T> Drop for Held<T> {\n    fn drop(&mut self) {}\n}\n"),
            ("Held<u16>::from", "fn from(n: u16) -> Self { Self(n) }\n"),
            ("<Held as From< u16 >>::from", "fn from(n: u16) -> Self { Self(n) }\n"),
            ("two", "macro_rules! two {\n    () => { 2 };\n}\n"),
            ("inner::ONE", "pub(super) const ONE: u32 = 1;\n"),
            ("Waits::wait", "fn wait(&self) {}\n"),
        ] {
            let (complaints, rewritten) = on(name, code);
            assert_eq!((complaints.text(), rewritten), (String::new(), None), "{name}");
        }
    }

    /// `UPDATE=1` wrote the code over all that stood below the fence, up to the end of the page. A fuzzer found it.
    #[test]
    fn a_fence_that_does_not_end_is_seen_and_nothing_written_over() {
        for page in [
            "<!-- code: a.rs#one -->\n```rust,ignore\nold\n\n## Below\n\nMore.\n",
            "<!-- code: a.rs#one -->\n```rust,ignore",
        ] {
            let (complaints, rewritten) =
                hold(&[Source::new("a.md", page)], "code", Kind::Fence, |_, _| Ok("new\n".to_owned()));
            complaints.expect(&["is above a fence that does not end; close it"]);
            assert!(rewritten.is_empty());
        }
    }

    #[test]
    fn what_drifted_is_seen_and_rewritten() {
        let (complaints, rewritten) = on("one", "fn one() -> u32 {\n    2\n}\n");
        complaints.expect(&["a.md:4: line 2 is `    2` and should be `    1`"]);
        let page = "# A\n\n<!-- code: a.rs#one -->\n```rust,ignore\nfn one() -> u32 {\n    1\n}\n```\n";
        assert_eq!(rewritten.as_deref(), Some(page));
        on("one", "").0.expect(&["a.md:4: line 1 is at its end"]);
    }

    #[test]
    fn a_name_of_nothing_and_a_name_of_several_say_what_to_write() {
        on("two::get", "").0.expect(&["there is no a.rs#two::get; write `a.rs#Held<T>::get`"]);
        on("three", "").0.expect(&["there is no a.rs#three; write `a.rs#one` or `a.rs#Held` or"]);
        on("impl From for Held", "").0.expect(&[
            "several; write `a.rs#impl From<u8> for Held<u8>` or `a.rs#impl From<u16> for Held<u16>`",
        ]);
    }

    #[test]
    fn a_quotation_of_no_file_without_a_fence_or_in_another_language_is_seen() {
        let on = |page: &str| {
            let sources = [Source::new("a.md", page), Source::new("a.rs", "fn a() {}\n")];
            hold(&sources, "code", Kind::Fence, |_, block| quoted(block.mark.1, block.language, &sources)).0
        };
        on("1. In a list:\n\n   <!-- code: a.rs#a -->\n   ```rust,ignore\n   fn a() {}\n   ```\n")
            .expect(&[]);
        on("<!-- code: b.rs#a -->\n```rust,ignore\nfn a() {}\n```\n")
            .expect(&["a.md:2: quotes b.rs: no such file"]);
        on("<!-- code: a.rs#a -->\n```rust\nfn a() {}\n```\n").expect(&["fence it as rust,ignore"]);
        on("<!-- code: a.rs#a -->\nno fence\n").expect(&["a.md:1: has no such block below it"]);
        on("<!-- code: a.rs -->\n```rust,ignore\nfn a() {}\n```\n").expect(&["names no item"]);
    }
}
