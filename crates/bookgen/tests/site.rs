//! The contract of the built site: what is in it, and which texts are refused.
#![allow(clippy::unwrap_used, reason = "a test may")]

mod support;

use std::fs;

use support::Mini;

/// Checks that there is one fault, and that it says all of `parts`.
#[track_caller]
fn one_fault(mini: &Mini, parts: &[&str]) {
    let faults = mini.faults();
    assert_eq!(faults.len(), 1, "{faults:#?}");
    for part in parts {
        assert!(faults[0].contains(part), "{part:?} is not in {:?}", faults[0]);
    }
}

#[test]
fn chapters_become_pages_that_link_to_each_other() {
    let mini = Mini::new("chapters");
    let built = mini.build().unwrap();
    assert_eq!((built.chapters, built.pages), (2, 0));
    assert!(mini.page("01-one.html").contains("href=\"02-two.html#a-heading\""));
    assert!(mini.page("index.html").contains("One"));
    assert!(!mini.path("out/book/book.toml").exists());
}

#[test]
fn a_source_file_that_is_linked_to_is_shown_as_it_is() {
    let mini = Mini::new("source");
    mini.write(
        "chapters/01-one.md",
        "# One\n\n[lib.rs](../crates/a/src/lib.rs \"the file\"), [again][a]\n\n[a]: ../crates/a/src/lib.rs\n",
    );
    assert_eq!(mini.build().unwrap().pages, 1);
    let chapter = mini.page("01-one.html");
    assert_eq!(chapter.matches("href=\"source/crates/a/src/lib.rs.html\"").count(), 2, "{chapter}");
    let source = mini.page("source/crates/a/src/lib.rs.html");
    assert!(
        source.contains("//! A &lt;crate&gt; &amp; more.\n//! ```\n//! ```\nfn a() {}\n# hidden?\n"),
        "{source}"
    );
    assert!(source.contains("class=\"language-rs\""), "{source}");
    // It is found by links alone: neither the list of chapters nor the search has it.
    assert!(!mini.page("toc.html").contains("lib.rs"));
    assert!(!mini.page("searchindex.js").contains("crates/a"));
}

#[test]
fn a_page_outside_the_chapters_comes_with_all_it_links_to() {
    let mini = Mini::new("readme");
    mini.write(
        "chapters/02-two.md",
        "# Two\n\n## A heading\n\n[readme](../README.md#read-me) [crate](../crates/a)\n",
    );
    assert_eq!(mini.build().unwrap().pages, 2);
    assert!(mini.page("02-two.html").contains("href=\"source/README.html#read-me\""));
    assert!(mini.page("02-two.html").contains("href=\"source/crates/a/src/lib.rs.html\""));
    let readme = mini.page("source/README.html");
    assert!(readme.contains("href=\"../01-one.html\""), "{readme}");
    assert!(readme.contains("href=\"../source/crates/a/src/lib.rs.html\""), "{readme}");
}

#[test]
fn the_page_to_print_leads_to_the_sources_too() {
    let mini = Mini::new("print");
    mini.write("chapters/01-one.md", "# One\n\n[lib.rs](../crates/a/src/lib.rs) [on](02-two.md#a-heading)\n");
    mini.build().unwrap();
    let page = mini.page("print.html");
    assert!(page.contains("href=\"source/crates/a/src/lib.rs.html\""), "{page}");
    assert!(page.contains("href=\"#a-heading\""), "{page}");
}

#[test]
fn a_link_to_a_missing_file_is_refused() {
    let mini = Mini::new("missing-file");
    mini.write("chapters/01-one.md", "# One\n\n[x](../crates/a/src/gone.rs)\n");
    one_fault(&mini, &["chapters/01-one.md:3", "../crates/a/src/gone.rs", "not there"]);
    mini.write("chapters/01-one.md", "# One\n\n[x](03-three.md)\n");
    one_fault(&mini, &["chapters/01-one.md:3", "03-three.md", "not there"]);
    mini.write("chapters/01-one.md", "# One\n\n![x](pictures/gone.svg)\n");
    let faults = mini.faults();
    assert!(faults.iter().any(|fault| fault.contains("01-one.html: loads pictures/gone.svg")), "{faults:#?}");
}

#[test]
fn a_link_to_a_missing_anchor_is_refused() {
    let mini = Mini::new("missing-anchor");
    for target in ["02-two.md#gone", "#gone", "../crates/a/src/lib.rs#L1"] {
        mini.write("chapters/01-one.md", &format!("# One\n\n[x]({target})\n"));
        let faults = mini.faults();
        let anchor = target.split_once('#').unwrap().1;
        let found = format!("has no anchor \"{anchor}\"");
        assert!(
            faults.iter().any(|fault| fault.starts_with("01-one.html: ") && fault.contains(&found)),
            "{faults:#?}"
        );
    }
}

#[test]
fn a_chapter_that_is_missing_or_left_out_is_refused() {
    let mini = Mini::new("summary");
    mini.write("chapters/03-three.md", "# Three\n");
    one_fault(&mini, &["chapters/03-three.md is not in chapters/SUMMARY.md"]);
    mini.write(
        "chapters/SUMMARY.md",
        "- [One](01-one.md)\n- [Two](02-two.md)\n- [3](03-three.md)\n- [4](04-four.md)\n",
    );
    one_fault(&mini, &["04-four.md"]);
    assert!(!mini.path("chapters/04-four.md").exists(), "it is not made, either");
    mini.write(
        "chapters/SUMMARY.md",
        "- [One](01-one.md)\n- [Two](02-two.md)\n- [3](03-three.md)\n- [Four]()\n",
    );
    one_fault(&mini, &["`Four` has no file"]);
}

#[test]
fn a_summary_cannot_name_what_is_outside_the_chapters() {
    let mini = Mini::new("hostile-summary");
    mini.write("chapters/SUMMARY.md", "- [One](01-one.md)\n- [Two](02-two.md)\n- [Up](../README.md)\n");
    one_fault(&mini, &["`chapters/../README.md`"]);
    assert!(!mini.path("out/README.html").exists());
    assert!(!mini.path("out/book.new/README.html").exists());
}

#[test]
fn a_link_cannot_fetch_what_is_outside_the_checkout() {
    let mini = Mini::new("hostile-link");
    let outside = mini.path("").with_extension("secret");
    fs::write(&outside, "a secret").unwrap();
    let name = outside.file_name().unwrap().to_str().unwrap().to_owned();
    for target in [format!("../../{name}"), outside.display().to_string()] {
        mini.write("chapters/01-one.md", &format!("# One\n\n[x]({target})\n"));
        one_fault(&mini, &["chapters/01-one.md:3", "out of the checkout"]);
    }
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink(&outside, mini.path("crates/a/link.rs")).unwrap();
        mini.write("chapters/01-one.md", "# One\n\n[x](../crates/a/link.rs)\n");
        one_fault(&mini, &["../crates/a/link.rs", "out of the checkout"]);
    }
    fs::remove_file(&outside).unwrap();
}

#[cfg(unix)]
#[test]
fn a_file_with_a_hostile_name_is_refused() {
    for name in ["a b.svg", "<img src=x>.md", "\"onload=.svg", "a#b.md", "50%41.svg", "a\nb.md"] {
        let mini = Mini::new("hostile-name");
        mini.write(&format!("chapters/{name}"), "");
        one_fault(&mini, &["only letters"]);
    }
    let mini = Mini::new("hostile-name");
    mini.write("crates/a/src/a b.rs", "");
    mini.write("chapters/01-one.md", "# One\n\n[x](<../crates/a/src/a b.rs>)\n");
    one_fault(&mini, &["a b.rs", "only letters"]);
}

#[test]
fn nothing_is_loaded_from_the_network() {
    let mini = Mini::new("network");
    for markup in [
        "<img src=\"https://example.org/a.png\">",
        "<script src=\"//example.org/a.js\"></script>",
        "![x](http://example.org/a.svg)",
    ] {
        mini.write("chapters/01-one.md", &format!("# One\n\n{markup}\n"));
        let faults = mini.faults();
        let found =
            |fault: &String| fault.starts_with("01-one.html: loads ") && fault.contains("example.org");
        assert!(faults.iter().any(found), "{faults:#?}");
    }
    mini.write("chapters/01-one.md", "# One\n\n[to read on](https://example.org/)\n");
    mini.build().unwrap();
}

#[test]
fn a_picture_and_a_style_sheet_load_nothing_from_the_network() {
    let mini = Mini::new("picture");
    mini.write(
        "chapters/pictures/a.svg",
        "<svg xmlns=\"http://www.w3.org/2000/svg\"><image href=\"https://example.org/a.png\"/></svg>",
    );
    one_fault(&mini, &["pictures/a.svg: loads https://example.org/a.png"]);
    mini.write("chapters/pictures/a.svg", "<svg xmlns=\"http://www.w3.org/2000/svg\"/>");
    mini.write("chapters/player/a.css", "@import url(https://example.org/a.css);");
    one_fault(&mini, &["player/a.css: loads https://example.org/a.css"]);
}

#[test]
fn comments_stay_hidden_and_the_fence_below_them_is_code() {
    let mini = Mini::new("comment");
    mini.write(
        "chapters/01-one.md",
        "# One\n\n<!-- code: crates/a/src/lib.rs#a -->\n```rust,ignore\n#[test]\nfn a() {}\n```\n",
    );
    mini.build().unwrap();
    let page = mini.page("01-one.html");
    assert!(page.contains("<!-- code: crates/a/src/lib.rs#a -->"), "as a comment: {page}");
    assert!(page.contains("#[test]\nfn a() {}"), "{page}");
    assert!(!page.contains("class=\"playground\""), "{page}");
}

#[test]
fn a_book_that_is_not_right_leaves_the_last_one_in_place() {
    let mini = Mini::new("kept");
    mini.build().unwrap();
    mini.write("chapters/01-one.md", "# Another\n\n[x](#gone)\n");
    mini.faults();
    assert!(mini.page("01-one.html").contains("One"));
    mini.write("chapters/01-one.md", "# Another\n");
    mini.build().unwrap();
    assert!(mini.page("01-one.html").contains("Another"));
    assert!(!mini.path("out/book.new").exists());
}

#[test]
fn a_command_in_a_text_is_text() {
    let mini = Mini::new("command");
    mini.write("chapters/01-one.md", "# One\n\n```text\n{{#include ../README.md}}\n```\n");
    mini.build().unwrap();
    assert!(mini.page("01-one.html").contains("{{#include ../README.md}}"));
}
