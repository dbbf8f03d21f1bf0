//! Files: always "ready", and blocking all the same. So threads read and write them.
//!
//! asyncio has no file IO for this reason, and neither has any selector: epoll refuses regular files. Each call here is
//! one job of [`unblock`](crate::unblock()).

use std::io;
use std::path::PathBuf;

use crate::unblock;

/// Reads a whole file.
///
/// # Errors
///
/// Returns the system's error.
pub async fn read(path: impl Into<PathBuf>) -> io::Result<Vec<u8>> {
    let path = path.into();
    unblock(move || std::fs::read(path)).await
}

/// Reads a whole file as text.
///
/// # Errors
///
/// Returns the system's error, or `InvalidData` if it is not UTF-8.
///
/// ```
/// let text = step4::run(step4::fs::read_to_string("Cargo.toml"));
/// assert!(text.unwrap().contains("step4"));
/// ```
pub async fn read_to_string(path: impl Into<PathBuf>) -> io::Result<String> {
    let path = path.into();
    unblock(move || std::fs::read_to_string(path)).await
}

/// Writes a whole file, which is made or replaced.
///
/// Dropping the future does not stop a write that has begun.
///
/// # Errors
///
/// Returns the system's error.
pub async fn write(path: impl Into<PathBuf>, bytes: impl Into<Vec<u8>>) -> io::Result<()> {
    let (path, bytes) = (path.into(), bytes.into());
    unblock(move || std::fs::write(path, bytes)).await
}
