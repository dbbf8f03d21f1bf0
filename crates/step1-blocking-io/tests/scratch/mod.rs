//! A folder for one test, which is gone when the test is over.

use std::path::{Path, PathBuf};
use std::{env, fs, process};

pub(crate) struct Scratch(PathBuf);

impl Scratch {
    /// Makes a folder that no other test has, if each gives its own `name`.
    pub(crate) fn new(name: &str) -> Self {
        let folder = env::temp_dir().join(format!("step1-{name}-{}", process::id()));
        fs::create_dir(&folder).expect("the folder is new");
        Self(folder)
    }

    pub(crate) fn path(&self, file: impl AsRef<Path>) -> PathBuf {
        self.0.join(file)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // Failing here would hide why the test failed, if it did.
        let _ = fs::remove_dir_all(&self.0);
    }
}
