//! The files of a checkout, whatever stands in their place: a folder, a pipe, something huge, something that is no text.
//!
//! # Invariants
//!
//! 1. Only regular files are opened, of `MOST` bytes at the most: a named pipe would be waited for, a device might never end.
//! 2. What is set aside goes to a free name beside its own. Nothing is written over, and no link is written through.

use std::fs;
use std::io::{Error, ErrorKind, Result};
use std::path::{Path, PathBuf};

/// How large a file may be that is read: far more than any of the course has.
const MOST: u64 = 16 << 20;

/// Reads a text file of the checkout, its line ends made `\n`.
///
/// # Errors
///
/// Returns a message that names the file.
pub fn read(root: &Path, path: &str) -> std::result::Result<String, String> {
    let cannot = |error: Error| format!("cannot read {path}: {error}");
    let text = String::from_utf8(bytes(root, path).map_err(cannot)?).map_err(|error| {
        cannot(Error::other(format!("it is not UTF-8 from byte {} on", error.utf8_error().valid_up_to())))
    })?;
    Ok(text.replace("\r\n", "\n"))
}

/// Reads a file that comes with the course, as [`read`] does.
///
/// # Errors
///
/// Returns a message that names the file, and says how to bring it back.
pub fn read_ours(root: &Path, path: &str) -> std::result::Result<String, String> {
    read(root, path).map_err(|error| ours(path, &error))
}

/// Says how to bring a file back that comes with the course, behind what is wrong with it.
pub fn ours(path: &str, wrong: &str) -> String {
    format!("{wrong}\n{path} comes with the course: `git checkout {path}` brings it back")
}

/// Reads a file of the checkout.
///
/// # Errors
///
/// Returns the system's error; [`ErrorKind::NotFound`] if nothing is there, [`ErrorKind::FileTooLarge`] if it has more than
/// `MOST` bytes, and another if it is no regular file.
pub(crate) fn bytes(root: &Path, path: &str) -> Result<Vec<u8>> {
    let file = root.join(path);
    let found = fs::metadata(&file)?;
    if !found.is_file() {
        let what = if found.is_dir() { "it is a folder" } else { "it is no regular file" };
        return Err(Error::other(what));
    }
    if found.len() > MOST {
        return Err(Error::new(ErrorKind::FileTooLarge, format!("it has more than {} MiB", MOST >> 20)));
    }
    fs::read(file)
}

/// Renames what is at `path` to `path.WORD-1`, or the next number that is free, and returns that; none if nothing is there.
///
/// # Errors
///
/// Returns the system's error.
pub fn set_aside(root: &Path, path: &str, word: &str) -> Result<Option<String>> {
    // Asks about a link itself, not about what it leads to.
    let is_free = |path: &str| match root.join(path).symlink_metadata() {
        Ok(_) => Ok(false),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(true),
        Err(error) => Err(error),
    };
    if is_free(path)? {
        return Ok(None);
    }
    let mut number = 1;
    while !is_free(&format!("{path}.{word}-{number}"))? {
        number += 1;
    }
    let free = format!("{path}.{word}-{number}");
    fs::rename(root.join(path), root.join(&free))?;
    Ok(Some(free))
}

/// Returns the folder that cargo builds into.
pub fn target(root: &Path) -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), |folder| root.join(folder))
}

/// Says of a message from a parser what fits on a line of a terminal: it may quote whatever the file holds.
pub(crate) fn shown(message: &str) -> String {
    const MOST: usize = 200;
    let escaped = message.chars().take(MOST).flat_map(|c| {
        let is_plain = !c.is_control();
        is_plain.then_some(c).into_iter().chain((!is_plain).then(|| c.escape_default()).into_iter().flatten())
    });
    let cut = if message.chars().nth(MOST).is_some() { "…" } else { "" };
    format!("{}{cut}", escaped.collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::shown;

    #[test]
    fn a_message_is_one_short_line_and_gives_the_terminal_no_orders() {
        assert_eq!(shown("duplicate key `a`"), "duplicate key `a`");
        assert_eq!(shown("a\n\x1b[2Jb"), "a\\n\\u{1b}[2Jb");
        assert_eq!(shown(&"ü".repeat(1000)), format!("{}…", "ü".repeat(200)));
    }
}
