//! Checkouts in small, and folders that go away.
#![allow(dead_code, reason = "each test file uses a part of it")]

use std::fs;
use std::path::{Path, PathBuf};

use bookgen::{Built, Error, build};

/// The checkout these tests belong to.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).expect("it has a root").to_path_buf()
}

/// A folder for one test's files, removed when dropped.
pub(crate) struct Scratch(PathBuf);

impl Scratch {
    pub(crate) fn new(test: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("bookgen-{test}-{}", std::process::id()));
        fs::create_dir_all(&folder).expect("the temporary folder is writable");
        Self(folder.canonicalize().expect("it is there"))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    pub(crate) fn write(&self, path: &str, text: &str) {
        let path = self.0.join(path);
        fs::create_dir_all(path.parent().expect("it is below the folder")).expect("it is writable");
        fs::write(path, text).expect("it is writable");
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _already_gone = fs::remove_dir_all(&self.0);
    }
}

/// A checkout with two chapters, one source file and a page beside them.
pub(crate) struct Mini(Scratch);

impl Mini {
    pub(crate) fn new(test: &str) -> Self {
        let mini = Self(Scratch::new(test));
        mini.write("chapters/book.toml", "[book]\ntitle = \"Mini\"\nsrc = \".\"\n");
        mini.write("chapters/SUMMARY.md", "# Summary\n\n- [One](01-one.md)\n- [Two](02-two.md)\n");
        mini.write("chapters/01-one.md", "# One\n\n[on](02-two.md#a-heading)\n");
        mini.write("chapters/02-two.md", "# Two\n\n## A heading\n\n[back](01-one.md)\n");
        mini.write("crates/a/src/lib.rs", "//! A <crate> & more.\n//! ```\n//! ```\nfn a() {}\n# hidden?\n");
        mini.write("README.md", "# Read me\n\n[one](chapters/01-one.md) [code](crates/a/src/lib.rs)\n");
        mini
    }

    pub(crate) fn write(&self, path: &str, text: &str) {
        self.0.write(path, text);
    }

    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.0.path().join(path)
    }

    pub(crate) fn build(&self) -> Result<Built, Error> {
        build(self.0.path(), &self.path("out/book"))
    }

    /// Reads a page of the site.
    pub(crate) fn page(&self, path: &str) -> String {
        let path = self.path("out/book").join(path);
        fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }

    /// Builds, and returns what is wrong with the texts.
    pub(crate) fn faults(&self) -> Vec<String> {
        match self.build() {
            Err(Error::Faults(faults)) => faults,
            other => panic!("the texts are wrong, but: {other:?}"),
        }
    }
}
