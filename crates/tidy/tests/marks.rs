//! A comment in a page is a mark that a test knows: one that is misspelt would hold nothing. And each fence ends.

use tidy::{Complaints, MARKS, Part, Source, blocks, lines, sources};

#[test]
fn every_comment_in_a_page_is_a_mark() {
    check(&sources()).expect_none("a page has no comments but marks");
}

fn check(sources: &[Source]) -> Complaints {
    let mut complaints = Complaints::default();
    for page in sources.iter().filter(|source| source.path.ends_with(".md")) {
        for line in lines(&page.text).iter().filter(|line| line.part == Part::Prose) {
            let is_mark = line.mark().is_some_and(|(word, _)| MARKS.contains(&word));
            let outside_code = line.text.split('`').step_by(2);
            if outside_code.into_iter().any(|text| text.contains("<!--")) && !is_mark {
                let what = format!("is not a mark; write `<!-- WORD: what -->` with one of {MARKS:?}");
                complaints.add(&format!("{}:{}", page.path, line.number), &what);
            }
        }
    }
    complaints
}

#[test]
fn every_fence_in_a_page_ends() {
    check_ends(&sources()).expect_none("a fence without an end takes in the rest of its page");
}

fn check_ends(sources: &[Source]) -> Complaints {
    let mut complaints = Complaints::default();
    for page in sources.iter().filter(|source| source.path.ends_with(".md")) {
        for block in blocks(&page.text).iter().filter(|block| !block.is_whole) {
            complaints.add(&format!("{}:{}", page.path, block.line), "the fence does not end; close it");
        }
    }
    complaints
}

#[test]
fn a_fence_without_an_end_is_seen() {
    let page = "```text\na\n```\n\n| a |\n\n````text\n```\n";
    check_ends(&[Source::new("a.md", page)]).expect(&["a.md:7: the fence does not end"]);
}

#[test]
fn a_misspelt_mark_is_seen() {
    let page = "<!-- output -->\n<!-- outptu -->\n   <!-- python: demo gather -->\n<!--code: a.rs#a -->\n\
                Write `<!-- so -->`.\n```text\n<!-- fenced -->\n```\n";
    check(&[Source::new("a.md", page)]).expect(&["a.md:2: is not a mark", "a.md:4: is not a mark"]);
}
