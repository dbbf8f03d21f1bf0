//! Links that lead out of `chapters/`: what they lead to becomes a page of the site.
//!
//! ```text
//! chapters/02-waker.md        ──▶ 02-waker.html                  mdBook's own work
//! crates/step2-waker/src/a.rs ──▶ source/crates/step2-waker/src/a.rs.html
//! ARCHITECTURE.md             ──▶ source/ARCHITECTURE.html       and on to whatever it links to
//! ```
//!
//! # Invariants
//!
//! 1. A page is made of a file in the checkout, whatever a link or a symbolic link says.
//! 2. Every name that becomes part of an address is plain ([`is_plain`]), so that no address needs escaping.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use mdbook_markdown::pulldown_cmark::{Event, Tag};
use mdbook_markdown::{MarkdownOptions, new_cmark_parser};

/// Rewrites links, and gathers the pages that they need.
pub(crate) struct Outside {
    /// The checkout, with no symbolic link in its path.
    root: PathBuf,
    /// The chapters, relative to the root.
    chapters: BTreeSet<String>,
    /// What was linked to, relative to the root.
    linked: BTreeSet<String>,
    /// What is wrong with the links.
    pub(crate) faults: Vec<String>,
}

/// A link as it stands in a text.
struct Link {
    target: String,
    /// Where the target stands, as bytes of the text; none if it is not written plainly.
    place: Option<std::ops::Range<usize>>,
    line: usize,
    is_picture: bool,
}

impl Outside {
    pub(crate) fn new(root: PathBuf, chapters: BTreeSet<String>) -> Self {
        Self { root, chapters, linked: BTreeSet::new(), faults: Vec::new() }
    }

    /// Returns the pages for all that was linked to, and for what those link to: their paths in the site, as markdown, and text.
    pub(crate) fn pages(&mut self) -> BTreeMap<String, String> {
        let mut pages = BTreeMap::new();
        while let Some(path) = self.linked.iter().find(|path| !pages.contains_key(*path)).cloned() {
            let text = fs::read_to_string(self.root.join(&path)).unwrap_or_else(|error| {
                self.faults.push(format!("{path} is linked to, and cannot be read as text: {error}"));
                String::new()
            });
            let page = if path.ends_with(".md") { self.rewrite(&path, &text) } else { listing(&path, &text) };
            pages.insert(path, page);
        }
        pages
    }

    /// Rewrites the links in the markdown file at `path` that mdBook would not understand.
    pub(crate) fn rewrite(&mut self, path: &str, text: &str) -> String {
        let mut rewritten = text.to_owned();
        let mut links = links(text);
        links.sort_by_key(|link| link.place.as_ref().map_or(0, |place| place.start));
        // From the end, so that the places before stay where they are.
        for link in links.into_iter().rev() {
            let found = self.address(path, &link).and_then(|address| match (address, link.place) {
                (None, _) => Ok(None),
                (Some(address), Some(place)) => Ok(Some((address, place))),
                (Some(_), None) => Err("write the address plainly, without escapes".to_owned()),
            });
            match found {
                Ok(None) => {}
                Ok(Some((address, place))) => rewritten.replace_range(place, &address),
                Err(why) => {
                    self.faults.push(format!("{path}:{}: links to {}: {why}", link.line, link.target));
                }
            }
        }
        rewritten
    }

    /// Returns what a link from the file `from` has to say in the site; none if it can stay as it is.
    fn address(&mut self, from: &str, link: &Link) -> Result<Option<String>, String> {
        let (file, anchor) = link.target.split_at(link.target.find('#').unwrap_or(link.target.len()));
        let is_elsewhere = file.split('/').next().is_some_and(|start| start.contains(':'));
        if file.is_empty() || is_elsewhere {
            return Ok(None);
        }
        let path = join(from, file).ok_or("it leads out of the checkout")?;
        let in_the_book = self.is_in_the_book(&path);
        if in_the_book && self.chapters.contains(from) {
            return Ok(None);
        }
        let path = if in_the_book { path } else { self.file(path, link.is_picture)? };
        let address = relative(&address_of(from, self.is_in_the_book(from)), &address_of(&path, in_the_book));
        if !in_the_book {
            self.linked.insert(path);
        }
        Ok(Some(address + anchor))
    }

    /// Tells whether mdBook itself brings what is at `path` into the site. Whether it is there, the check finds out.
    fn is_in_the_book(&self, path: &str) -> bool {
        self.chapters.contains(path) || (path.starts_with("chapters/") && !path.ends_with(".md"))
    }

    /// Returns the file that a link to `path` shows: of a folder, what is to be read first in it.
    fn file(&self, path: String, is_picture: bool) -> Result<String, String> {
        let candidates = if self.root.join(&path).is_dir() {
            ["README.md", "src/lib.rs"]
                .map(|name| format!("{path}/{name}").trim_start_matches('/').to_owned())
                .to_vec()
        } else {
            vec![path]
        };
        let path =
            candidates.into_iter().find(|path| self.root.join(path).is_file()).ok_or("it is not there")?;
        if !is_plain(&path) {
            return Err(NOT_PLAIN.to_owned());
        }
        if is_picture {
            return Err("pictures have to be in chapters/".to_owned());
        }
        match self.root.join(&path).canonicalize() {
            Ok(real) if real.starts_with(&self.root) => Ok(path),
            _ => Err("it leads out of the checkout".to_owned()),
        }
    }
}

/// What is said of a name that is not plain.
pub(crate) const NOT_PLAIN: &str =
    "a name in the book has only letters, digits, dots, hyphens and underscores, all of ASCII";

/// Tells whether `path` can be used in an address as it is (invariant 2), and stays below where it begins.
pub(crate) fn is_plain(path: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    path.split('/').all(|name| !matches!(name, "" | "." | "..") && name.chars().all(plain))
}

/// Returns where the site has the page of the file at `path`.
pub(crate) fn address_of(path: &str, in_the_book: bool) -> String {
    let path =
        if in_the_book { path.trim_start_matches("chapters/").to_owned() } else { format!("source/{path}") };
    match path.strip_suffix(".md") {
        Some(stem) => format!("{stem}.html"),
        None if in_the_book => path,
        None => format!("{path}.html"),
    }
}

/// Shows a file as it is.
fn listing(path: &str, text: &str) -> String {
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest.max(2) + 1);
    // Not `rust`: of that, mdBook hides the lines that begin with a `#`.
    let language = match path.rsplit_once('.').map_or("", |(_, extension)| extension) {
        "rs" => "rs",
        "py" => "python",
        "toml" => "toml",
        "js" | "mjs" => "javascript",
        _ => "text",
    };
    let end = if text.ends_with('\n') { "" } else { "\n" };
    format!("# `{path}`\n\n{fence}{language}\n{text}{end}{fence}\n")
}

/// Finds the links and pictures in a text, and the definitions that links refer to.
fn links(text: &str) -> Vec<Link> {
    let line = |at: usize| text[..at].matches('\n').count() + 1;
    let parser = new_cmark_parser(text, &MarkdownOptions::default());
    let defined = parser.reference_definitions().iter().map(|(_, definition)| {
        let span = definition.span.clone();
        let at = text[span.clone()].find(&format!(": {}", definition.dest)).map(|at| at + 2);
        (definition.dest.to_string(), span, at, false)
    });
    let mut found: Vec<_> = defined.collect();
    for (event, span) in parser.into_offset_iter() {
        let (target, is_picture) = match event {
            Event::Start(Tag::Link { dest_url, .. }) => (dest_url, false),
            Event::Start(Tag::Image { dest_url, .. }) => (dest_url, true),
            _ => continue,
        };
        let written = &text[span.clone()];
        // A link that refers to a definition has no address of its own.
        if !written.ends_with(')') {
            continue;
        }
        let at = ["](", "](<"]
            .into_iter()
            .find_map(|start| Some(written.rfind(&format!("{start}{target}"))? + start.len()));
        found.push((target.to_string(), span, at, is_picture));
    }
    let link = |(target, span, at, is_picture): (String, std::ops::Range<usize>, Option<usize>, bool)| {
        let place = at.map(|at| span.start + at..span.start + at + target.len());
        Link { target, place, line: line(span.start), is_picture }
    };
    found.into_iter().map(link).collect()
}

/// Follows `relative` from the file `from`; none if that leads out of where `from` begins.
fn join(from: &str, relative: &str) -> Option<String> {
    let mut parts: Vec<&str> = from.split('/').collect();
    parts.pop();
    if relative.starts_with('/') {
        return None;
    }
    for part in relative.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()?),
            _ => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

/// Returns the address of the page `to`, as a link in the page `from` says it.
fn relative(from: &str, to: &str) -> String {
    "../".repeat(from.matches('/').count()) + to
}

/// Returns `path` with `/` between its parts on every system; none if it is not Unicode.
pub(crate) fn with_slashes(path: &Path) -> Option<String> {
    let parts: Option<Vec<&str>> = path.iter().map(|part| part.to_str()).collect();
    parts.map(|parts| parts.join("/"))
}
