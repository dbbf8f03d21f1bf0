//! The files of the checkout.

use std::fs;
use std::path::{Path, PathBuf};

use crate::Source;

/// Folders that hold no text of ours: what cargo builds, what npm installs, and what version control keeps.
const PASSED_OVER: [&str; 3] = ["target", "node_modules", ".git"];

/// Returns the folder that holds the workspace's `Cargo.toml`.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).expect("crates/tidy is two below").to_path_buf()
}

/// Reads every text file of the tree, in the order of their paths.
///
/// Build output, version control, files that are not UTF-8 and what a learner edits are left out. Lines end in `\n`.
pub fn sources() -> Vec<Source> {
    sources_in("")
}

/// Reads every text file under `folder`, which is relative to the root; none if it is not there.
pub fn sources_in(folder: &str) -> Vec<Source> {
    let mut found = Vec::new();
    collect(&root(), folder, &mut found);
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found
}

fn collect(root: &Path, folder: &str, found: &mut Vec<Source>) {
    for entry in fs::read_dir(root.join(folder)).into_iter().flatten().flatten() {
        let name = entry.file_name().into_string().expect("file names in the tree are UTF-8");
        let path = if folder.is_empty() { name.clone() } else { format!("{folder}/{name}") };
        if is_the_learners(&path) {
            continue;
        }
        if entry.path().is_dir() {
            if !PASSED_OVER.contains(&name.as_str()) {
                collect(root, &path, found);
            }
        } else if let Ok(text) = fs::read_to_string(entry.path()) {
            found.push(Source { path, text: text.replace("\r\n", "\n") });
        }
    }
}

/// Tells whether a learner edits what is at `path`: whatever is in there, the rules are kept.
///
/// What a learner begins with is cut from the solutions, and those are held to the rules.
fn is_the_learners(path: &str) -> bool {
    path.starts_with("exercises/step") || path.starts_with("exercises/progress.toml")
}
