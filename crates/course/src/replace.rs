//! Writes a file as a whole: whatever happens meanwhile, there is the old text or the new one.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

/// Puts `text` where `file` is, or is to be.
///
/// It is written beside it first, under a name with `.new-` in it, which stays behind only if the process is killed in between. Two
/// tools that write at once use different names; the later one wins.
///
/// # Errors
///
/// Returns the system's error, as when the disk is full. Then `file` is as it was, and nothing is beside it.
pub fn replace(file: &Path, text: impl AsRef<[u8]>) -> io::Result<()> {
    let mut new = file.as_os_str().to_owned();
    new.push(format!(".new-{}", std::process::id()));
    let write = || {
        let mut beside = File::create(&new)?;
        beside.write_all(text.as_ref())?;
        beside.sync_all()?; // Else a machine that stops may have the new name, and not yet the text.
        fs::rename(&new, file)
    };
    write().inspect_err(|_| {
        let _perhaps_never_made = fs::remove_file(&new);
    })
}
