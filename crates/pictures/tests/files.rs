//! The files in `chapters` are what is drawn and recorded here; and each picture says what it should.
#![allow(clippy::unwrap_used, reason = "a test may")]

use std::fs;
use std::path::{Path, PathBuf};

use pictures::{pictures, traces};

fn chapters(folder: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../chapters").join(folder)
}

/// Compares the files of a folder with what they should be, or writes them if `UPDATE` is set.
fn hold(folder: &str, extension: &str, files: &[(&str, String)]) {
    let at = chapters(folder);
    let named = |name: &str| at.join(format!("{name}.{extension}"));
    let is_known = |path: &Path| files.iter().any(|(name, _)| named(name) == *path);
    let there = fs::read_dir(&at).into_iter().flatten().map(|entry| entry.unwrap().path());
    let strangers: Vec<PathBuf> = there.filter(|path| !is_known(path)).collect();
    if std::env::var_os("UPDATE").is_some_and(|value| !value.is_empty()) {
        fs::create_dir_all(&at).unwrap();
        strangers.iter().for_each(|path| fs::remove_file(path).unwrap());
        files.iter().for_each(|(name, text)| fs::write(named(name), text).unwrap());
        return;
    }
    let differs =
        |(name, text): &&(&str, String)| fs::read_to_string(named(name)).ok().as_ref() != Some(text);
    let mut stale: Vec<_> = files.iter().filter(differs).map(|(name, _)| named(name)).collect();
    stale.extend(strangers);
    let stale: Vec<_> = stale.iter().map(|path| path.file_name().unwrap().to_string_lossy()).collect();
    assert!(
        stale.is_empty(),
        "not what the steps do now, in chapters/{folder}: {}\nlook at them, and then run: UPDATE=1 cargo test -p pictures",
        stale.join(", ")
    );
}

#[test]
fn the_pictures_in_the_chapters_are_the_ones_that_are_drawn() {
    hold("pictures", "svg", &pictures());
}

#[test]
fn the_traces_in_the_chapters_are_the_ones_that_are_recorded() {
    let files: Vec<_> = traces().into_iter().map(|(name, trace)| (name, trace.json())).collect();
    hold("traces", "json", &files);
}
