//! A comment in a page is a mark that a test knows: one that is misspelt would hold nothing.

use tidy::{Complaints, MARKS, Part, Source, lines, sources};

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
fn a_misspelt_mark_is_seen() {
    let page = "<!-- output -->\n<!-- outptu -->\n   <!-- python: demo gather -->\n<!--code: a.rs#a -->\n\
                Write `<!-- so -->`.\n```text\n<!-- fenced -->\n```\n";
    check(&[Source::new("a.md", page)]).expect(&["a.md:2: is not a mark", "a.md:4: is not a mark"]);
}
