//! The checkout this tool works on: where it is, and which steps are in it.
//!
//! Nothing here is a list that could go stale: a step is built when its folder exists, its title is its package's
//! description, and its chapter is named only once the file is there.

use std::fs;
use std::path::{Path, PathBuf};

/// A checkout of the course.
pub(crate) struct Workspace {
    /// The folder that holds the workspace's `Cargo.toml`.
    pub(crate) root: PathBuf,
    /// The steps that are in it, in order.
    pub(crate) steps: Vec<Step>,
}

/// One step, as its folder tells it.
pub(crate) struct Step {
    pub(crate) number: u32,
    /// Its package's description.
    pub(crate) title: String,
    /// Where to start reading, relative to the root: the chapter, or the crate's own docs while there is none.
    pub(crate) reading: String,
}

impl Step {
    /// Returns the name of the step's package.
    pub(crate) fn package(&self) -> String {
        format!("step{}", self.number)
    }
}

impl Workspace {
    /// Finds the checkout around the current folder, or else the one this tool was built from.
    ///
    /// # Errors
    ///
    /// Returns a message for the learner if neither exists.
    pub(crate) fn find() -> Result<Self, String> {
        let here = std::env::current_dir().ok();
        let built_from = Path::new(env!("CARGO_MANIFEST_DIR"));
        here.iter()
            .flat_map(|dir| dir.ancestors())
            .chain(built_from.ancestors())
            .find(|dir| is_root(dir))
            .map(|root| Self { root: root.to_path_buf(), steps: steps(root) })
            .ok_or_else(|| "no checkout of the course here: change to its folder and try again".to_owned())
    }
}

fn is_root(dir: &Path) -> bool {
    dir.join("Cargo.toml").is_file() && dir.join("crates/course/Cargo.toml").is_file()
}

fn steps(root: &Path) -> Vec<Step> {
    let folders = fs::read_dir(root.join("crates")).into_iter().flatten().flatten();
    let mut steps: Vec<Step> =
        folders.filter_map(|folder| step(root, folder.file_name().to_str()?)).collect();
    steps.sort_by_key(|step| step.number);
    steps
}

/// Reads `crates/<folder>`, if it is a step: `step2-waker` is number 2, and its chapter is `02-waker.md`.
fn step(root: &Path, folder: &str) -> Option<Step> {
    let (number, topic) = folder.strip_prefix("step")?.split_once('-')?;
    let number: u32 = number.parse().ok()?;
    let manifest = fs::read_to_string(root.join("crates").join(folder).join("Cargo.toml")).ok()?;
    let chapter = format!("chapters/{number:02}-{topic}.md");
    let source = format!("crates/{folder}/src/lib.rs");
    let reading = [chapter, source].into_iter().find(|path| root.join(path).is_file())?;
    Some(Step { number, title: description(&manifest)?, reading })
}

fn description(manifest: &str) -> Option<String> {
    let quoted = manifest.lines().find_map(|line| line.strip_prefix("description = "))?;
    Some(quoted.trim().trim_matches('"').to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_description_is_read_without_its_quotes() {
        let manifest = "[package]\nname = \"step9\"\ndescription = \"Nine, and no more.\"\n";
        assert_eq!(description(manifest).as_deref(), Some("Nine, and no more."));
        assert_eq!(description("[package]\n"), None);
    }

    #[test]
    fn a_folder_that_is_no_step_is_passed_over() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        for folder in ["timeline", "course", "step", "step-2", "stepping-stones", "step99-absent"] {
            assert!(step(&root, folder).is_none(), "{folder}");
        }
    }
}
