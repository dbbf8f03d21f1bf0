//! One text file of the tree, and what is wrong with it.

/// A text file: where it is, and what it says.
#[derive(Clone, Debug)]
pub struct Source {
    /// Relative to the root, with `/` between the folders on every system.
    pub path: String,
    /// All of it.
    pub text: String,
}

impl Source {
    /// Makes a file that is not in the tree, for a rule's own tests.
    pub fn new(path: &str, text: &str) -> Self {
        Self { path: path.to_owned(), text: text.to_owned() }
    }

    /// Tells whether the file is Rust.
    pub fn is_rust(&self) -> bool {
        self.path.ends_with(".rs")
    }

    /// Tells whether the file is Rust that the maintainers answer for: not a learner's answer to an exercise.
    pub fn is_code(&self) -> bool {
        let ours = ["crates/", "benches/", "exercises/", "chapters/"];
        self.is_rust() && ours.iter().any(|folder| self.path.starts_with(folder))
    }

    /// Returns the folder the file is in; empty for the root.
    pub fn folder(&self) -> &str {
        self.path.rsplit_once('/').map_or("", |(folder, _)| folder)
    }
}

/// What a rule found, to be shown together rather than one at a time.
#[derive(Debug, Default)]
pub struct Complaints(Vec<String>);

impl Complaints {
    /// Adds a complaint: what is wrong at `place`, and what to do about it.
    pub fn add(&mut self, place: &str, what: &str) {
        self.0.push(format!("{place}: {what}"));
    }

    /// Returns the complaints as text, one a line.
    pub fn text(&self) -> String {
        self.0.join("\n")
    }

    /// Checks that there are none.
    ///
    /// # Panics
    ///
    /// Panics with all of them, under `rule`, if there are any.
    #[track_caller]
    pub fn expect_none(&self, rule: &str) {
        assert!(self.0.is_empty(), "{rule}\n\n{}\n", self.text());
    }

    /// Checks that there is one complaint for each of `parts`, in order, that contains it.
    ///
    /// # Panics
    ///
    /// Panics if there are more, fewer or others.
    #[track_caller]
    pub fn expect(&self, parts: &[&str]) {
        let as_expected = self.0.len() == parts.len() && self.0.iter().zip(parts).all(|(c, p)| c.contains(p));
        assert!(as_expected, "expected one complaint for each of {parts:?}, but found:\n{}", self.text());
    }
}
