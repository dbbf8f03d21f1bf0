//! Every relative link in the markdown files leads somewhere: to a file, a folder, or a heading that is the only one of its
//! name in the file.

use std::collections::{BTreeMap, BTreeSet};

use tidy::{Complaints, Source, prose, root, sources};

#[test]
fn every_relative_link_leads_to_a_file_or_a_heading() {
    let sources = sources();
    check(&sources).expect_none("a reader follows links: each must lead somewhere");
}

fn check(sources: &[Source]) -> Complaints {
    let tree: BTreeMap<&str, &Source> = sources.iter().map(|source| (source.path.as_str(), source)).collect();
    let mut complaints = Complaints::default();
    for source in sources.iter().filter(|source| source.path.ends_with(".md")) {
        let mut anchors = BTreeSet::new();
        for (line, anchor) in headings(&source.text) {
            if !anchors.insert(anchor.clone()) {
                let what =
                    format!("a second heading \"{anchor}\"; a link would lead to the first, so rename one");
                complaints.add(&format!("{}:{line}", source.path), &what);
            }
        }
        for (line, target) in links(&source.text) {
            if let Some(what) = problem(source, &target, &tree) {
                complaints.add(&format!("{}:{line}", source.path), &format!("links to {target}: {what}"));
            }
        }
    }
    complaints
}

fn problem(from: &Source, target: &str, tree: &BTreeMap<&str, &Source>) -> Option<String> {
    if target.contains("://") || target.starts_with("mailto:") {
        return None;
    }
    let (file, anchor) = target.split_once('#').map_or((target, None), |(file, anchor)| (file, Some(anchor)));
    let path = if file.is_empty() { from.path.clone() } else { join(from.folder(), file) };
    match (tree.get(path.as_str()), anchor) {
        (Some(_), None) => None,
        (Some(page), Some(anchor)) if headings(&page.text).iter().any(|(_, other)| other == anchor) => None,
        (Some(_), Some(anchor)) => Some(format!("{path} has no heading \"{anchor}\"; take one it has")),
        (None, _) if tree.keys().any(|other| path.is_empty() || other.starts_with(&format!("{path}/"))) => {
            None
        }
        // What a learner edits, and what is no text, is not among the sources.
        (None, None) if root().join(&path).exists() => None,
        (None, _) => Some(format!("there is no {path}; mend the path, or drop the link until it exists")),
    }
}

/// Joins a folder and a relative path, both with `/`.
fn join(folder: &str, relative: &str) -> String {
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in relative.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            _ => parts.push(part),
        }
    }
    parts.join("/")
}

/// Returns the targets of `[text](target)` and `[name]: target` with their lines, outside code.
fn links(text: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for (number, line) in prose(text) {
        let bare = without_code(line);
        if let Some((_, target)) = bare.trim_start().strip_prefix('[').and_then(|rest| rest.split_once("]: "))
        {
            found.push((number, first_word(target)));
        }
        for part in bare.split("](").skip(1) {
            found.push((number, first_word(part.split(')').next().unwrap_or(part))));
        }
    }
    found
}

/// Returns `target` without a title behind it, and without angle brackets.
fn first_word(target: &str) -> String {
    target.split_whitespace().next().unwrap_or("").trim_matches(['<', '>']).to_owned()
}

fn without_code(line: &str) -> String {
    line.split('`').step_by(2).collect::<Vec<&str>>().join("`")
}

/// Returns the anchors of the headings, with their lines.
fn headings(text: &str) -> Vec<(usize, String)> {
    let headings = prose(text).filter(|(_, line)| line.starts_with('#'));
    headings.map(|(number, line)| (number, anchor(line.trim_start_matches('#').trim()))).collect()
}

/// Makes an anchor as code hosts do: lower case, hyphens, no punctuation.
fn anchor(heading: &str) -> String {
    let kept = heading.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    kept.collect::<String>().to_lowercase().replace(' ', "-")
}

mod the_rule_can_fail {
    use super::*;

    #[test]
    fn a_missing_file_a_missing_heading_and_nothing_in_code() {
        let page = "# One page\n[a](gone.md) [b](sub/there.md#two-words) [c](sub/there.md#three)\n\
                    `[d](in-code.md)` [e](#one-page) [f](#none) [g](https://example.org/x) [h](sub)\n\
                    ```\n[i](fenced.md)\n```\n[j]: ../outside.md\n";
        let there = "## Two words\n### Two, words\n[up](../page.md#one-page) [x](../lib.rs#L1)\n";
        let sources =
            [Source::new("page.md", page), Source::new("sub/there.md", there), Source::new("lib.rs", "")];
        check(&sources).expect(&[
            "page.md:2: links to gone.md",
            "has no heading \"three\"",
            "has no heading \"none\"",
            "page.md:7: links to ../outside.md",
            "sub/there.md:2: a second heading \"two-words\"",
            "sub/there.md:3: links to ../lib.rs#L1",
        ]);
    }

    #[test]
    fn an_anchor_is_what_a_code_host_makes_of_a_heading() {
        assert_eq!(anchor("What `run` does, and why"), "what-run-does-and-why");
        assert_eq!(anchor("Unsafe files"), "unsafe-files");
    }
}
