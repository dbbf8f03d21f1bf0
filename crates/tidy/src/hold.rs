//! What is under a mark is held to what it is made from, or made anew.
//!
//! With `UPDATE=1` in the environment, what differs is rewritten first, and then everything is checked as always.

use std::{env, fs};

use crate::page::{Kind, blocks};
use crate::{Block, Complaints, Source, root, sources};

/// What to make of a block: its lines as they should be, or why that cannot be said.
type Made = Result<String, String>;

/// Holds every block under the mark `word`, in all pages of the tree, to what `make` makes of it.
///
/// # Panics
///
/// Panics with the complaints, under `rule`, if there are any; and if a page cannot be rewritten.
#[track_caller]
pub fn hold_tree(word: &str, kind: Kind, rule: &str, mut make: impl FnMut(&Source, &Block<'_>) -> Made) {
    if env::var_os("UPDATE").is_some_and(|value| value == "1") {
        for page in hold(&sources(), word, kind, &mut make).1 {
            eprintln!("rewritten: {}", page.path);
            fs::write(root().join(&page.path), page.text).expect("the tree can be written");
        }
    }
    hold(&sources(), word, kind, make).0.expect_none(rule);
}

/// Holds every block under the mark `word` in the pages among `sources`; returns also the pages as they should be, if they
/// are not.
pub fn hold(
    sources: &[Source],
    word: &str,
    kind: Kind,
    mut make: impl FnMut(&Source, &Block<'_>) -> Made,
) -> (Complaints, Vec<Source>) {
    let (mut complaints, mut rewritten) = (Complaints::default(), Vec::new());
    for page in sources.iter().filter(|source| source.path.ends_with(".md")) {
        let mut text = page.text.clone();
        // From the last one up, so that the places of those that are still to come stay right.
        let mut of_page = Vec::new();
        for block in blocks(&page.text).iter().rev().filter(|block| block.mark.0 == word) {
            let can_be_made = block.kind == kind || (kind == Kind::Table && block.kind == Kind::Nothing);
            let made = match can_be_made {
                true if block.is_whole => make(page, block),
                // To rewrite it would be to write over all that stands below.
                true => Err("is above a fence that does not end; close it".to_owned()),
                false => Err("has no such block below it".to_owned()),
            };
            match made {
                Ok(made) if made == block.text => {}
                Ok(made) => {
                    of_page.push((block.line, difference(&block.text, &made)));
                    text.replace_range(block.span.clone(), &indented(&made, block.indent));
                }
                Err(why) => of_page.push((block.line, why)),
            }
        }
        for (line, what) in of_page.iter().rev() {
            complaints.add(&format!("{}:{line}", page.path), what);
        }
        if text != page.text {
            rewritten.push(Source { path: page.path.clone(), text });
        }
    }
    (complaints, rewritten)
}

/// Says where `found` first differs from what it should be, and what to do about it.
fn difference(found: &str, made: &str) -> String {
    let same = found.lines().zip(made.lines()).take_while(|(found, made)| found == made).count();
    let line =
        |text: &str| text.lines().nth(same).map_or("at its end".to_owned(), |line| format!("`{line}`"));
    let (has, should) = (line(found), line(made));
    format!("line {} is {has} and should be {should}; UPDATE=1 rewrites it", same + 1)
}

fn indented(text: &str, indent: usize) -> String {
    let line = |line: &str| if line.is_empty() { "\n".to_owned() } else { format!("{:indent$}{line}\n", "") };
    text.lines().map(line).collect()
}
