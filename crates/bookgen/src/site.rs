//! The whole site: what mdBook renders, the pages beside it, and the check of it all.
//!
//! # Invariants
//!
//! 1. Nothing is at `out` that was not checked, and what was there stays if the check fails.
//! 2. What is written stays below `out` and the folder beside it: a chapter's path never leads up.

use std::collections::BTreeSet;
use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use mdbook_driver::MDBook;
use mdbook_driver::book::{Book, BookItem, Chapter};
use mdbook_driver::config::Config;

use crate::check::check;
use crate::outside::{NOT_PLAIN, Outside, address_of, is_plain, with_slashes};

/// Markdown files in `chapters/` that are no chapters: the list of them, and a code host's page for the folder.
const NO_CHAPTERS: [&str; 2] = ["chapters/SUMMARY.md", "chapters/README.md"];

/// What was built.
#[derive(Debug)]
pub struct Built {
    /// How many chapters the book has.
    pub chapters: usize,
    /// How many files of the checkout are pages beside them, since something links there.
    pub pages: usize,
}

/// Why there is no new book.
#[derive(Debug)]
pub enum Error {
    /// What has to be mended in the texts, one line each.
    Faults(Vec<String>),
    /// What could not be read or written.
    Io(String),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Faults(faults) => write!(f, "the book is not right:\n  {}", faults.join("\n  ")),
            Self::Io(message) => f.write_str(message),
        }
    }
}

impl std::error::Error for Error {}

/// Builds the book of the checkout at `root` and puts it at `out`, in place of what is there.
///
/// # Errors
///
/// Returns all that is wrong with the texts, or what could not be read or written. Then `out` is as it was.
pub fn build(root: &Path, out: &Path) -> Result<Built, Error> {
    let root = root.canonicalize().map_err(cannot("read", root))?;
    let mut book = load(&root)?;
    let chapters = listed(&root, &book.book)?;
    let mut outside = Outside::new(root.clone(), chapters.clone());
    book.book.for_each_chapter_mut(|chapter| {
        let path = path_of(chapter).expect("`listed` has looked at it");
        chapter.content = outside.rewrite(&path, &chapter.content);
    });
    let pages = outside.pages();
    none(outside.faults)?;

    let new = beside(out, "new")?;
    let site = new.join("site");
    render(&mut book, &site)?;
    // The pages are a second book, so that they are in no list of chapters and in no search. Both books have the same
    // files beside their pages, under the same names (see `load`).
    let rendered = new.join("pages");
    book.book = Book::new_with_items(pages.iter().map(|(path, text)| page(path, text)).collect());
    let set = book.config.set("output.html.print.enable", false);
    set.map_err(|error| Error::Io(format!("{error:#}")))?;
    if !pages.is_empty() {
        render(&mut book, &rendered)?;
    }
    for path in pages.keys() {
        let address = address_of(path, false);
        let to = site.join(&address);
        fs::create_dir_all(to.parent().unwrap_or(&site)).map_err(cannot("write", &to))?;
        fs::copy(rendered.join(&address), &to).map_err(cannot("write", &to))?;
    }
    // Copied with the chapters, and no part of the book.
    fs::remove_file(site.join("book.toml")).map_err(cannot("write", &site))?;

    none(check(&site).map_err(cannot("read", &site))?)?;
    // A process that is killed here leaves the last book, or this one, or for a moment none; but never half of one.
    if out.exists() {
        fs::rename(out, new.join("last")).map_err(cannot("write", out))?;
    }
    fs::rename(&site, out).map_err(cannot("write", out))?;
    remove(&new)?;
    Ok(Built { chapters: chapters.len(), pages: pages.len() })
}

/// Reads the configuration and the chapters that the summary lists.
fn load(root: &Path) -> Result<MDBook, Error> {
    let folder = root.join("chapters");
    let fault = |error| Error::Faults(vec![format!("chapters/SUMMARY.md, chapters/book.toml: {error:#}")]);
    let mut config = Config::from_disk(folder.join("book.toml")).map_err(fault)?;
    config.build.create_missing = false;
    // They would read `{{` in a source file as a command.
    config.build.use_default_preprocessors = false;
    // The second book finds the files of the first one by their names.
    config.set("output.html.hash-files", false).map_err(fault)?;
    MDBook::load_with_config(folder, config).map_err(fault)
}

/// Returns the chapters' paths, relative to the root, if they are all markdown files in `chapters/`.
fn listed(root: &Path, book: &Book) -> Result<BTreeSet<String>, Error> {
    let (mut chapters, mut faults) = (BTreeSet::new(), Vec::new());
    for item in book.iter() {
        let BookItem::Chapter(chapter) = item else { continue };
        match path_of(chapter) {
            None => faults.push(format!("chapters/SUMMARY.md: `{}` has no file", chapter.name)),
            Some(path) if !is_plain(&path) || !path.ends_with(".md") => faults.push(format!(
                "chapters/SUMMARY.md: `{path}` is no markdown file in chapters/, or its name will not do: {NOT_PLAIN}"
            )),
            Some(path) if NO_CHAPTERS.contains(&path.as_str()) => {
                faults.push(format!("chapters/SUMMARY.md: {path} is no chapter"));
            }
            Some(path) => {
                if !chapters.insert(path.clone()) {
                    faults.push(format!("chapters/SUMMARY.md: names {path} twice"));
                }
            }
        }
    }
    for path in files(&root.join("chapters")).map_err(cannot("read", &root.join("chapters")))? {
        let path = format!("chapters/{path}");
        if !is_plain(&path) {
            faults.push(format!("{path:?}: {NOT_PLAIN}"));
        } else if path.ends_with(".md") && !chapters.contains(&path) && !NO_CHAPTERS.contains(&path.as_str())
        {
            faults.push(format!(
                "{path} is not in chapters/SUMMARY.md, so that no reader of the book finds it"
            ));
        }
    }
    none(faults)?;
    Ok(chapters)
}

/// Returns the path of a chapter, relative to the root.
fn path_of(chapter: &Chapter) -> Option<String> {
    Some(format!("chapters/{}", with_slashes(chapter.path.as_ref()?)?))
}

fn page(path: &str, text: &str) -> BookItem {
    // mdBook makes `.html` of the last extension.
    let stem = path.strip_suffix(".md").unwrap_or(path);
    BookItem::Chapter(Chapter::new(path, text.to_owned(), format!("source/{stem}.md"), Vec::new()))
}

fn render(book: &mut MDBook, to: &Path) -> Result<(), Error> {
    book.config.build.build_dir = to.to_path_buf();
    book.build().map_err(|error| Error::Faults(vec![format!("mdBook: {error:#}")]))
}

/// Returns every file below `folder`, relative to it, with `/` between the parts.
pub(crate) fn files(folder: &Path) -> io::Result<Vec<String>> {
    let (mut found, mut waiting) = (Vec::new(), vec![PathBuf::new()]);
    while let Some(below) = waiting.pop() {
        for entry in fs::read_dir(folder.join(&below))? {
            let entry = entry?;
            let path = below.join(entry.file_name());
            if entry.file_type()?.is_dir() {
                waiting.push(path);
            } else {
                found.push(with_slashes(&path).unwrap_or_else(|| path.to_string_lossy().into_owned()));
            }
        }
    }
    found.sort();
    Ok(found)
}

/// Makes an empty folder beside `out`.
fn beside(out: &Path, name: &str) -> Result<PathBuf, Error> {
    let folder = out.with_extension(name);
    remove(&folder)?;
    fs::create_dir_all(&folder).map_err(cannot("write", &folder))?;
    folder.canonicalize().map_err(cannot("read", &folder))
}

fn remove(folder: &Path) -> Result<(), Error> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(cannot("write", folder)(error)),
        _ => Ok(()),
    }
}

fn none(faults: Vec<String>) -> Result<(), Error> {
    if faults.is_empty() { Ok(()) } else { Err(Error::Faults(faults)) }
}

fn cannot(what: &str, path: &Path) -> impl Fn(io::Error) -> Error {
    let start = format!("cannot {what} {}", path.display());
    move |error| Error::Io(format!("{start}: {error}"))
}
