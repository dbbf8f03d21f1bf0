//! A database file that no other test uses, seen from outside: by SQLite without anything of ours in between.
#![allow(dead_code, reason = "each test file uses its own part")]
#![allow(clippy::unwrap_used, reason = "a test may")]

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

/// A path in the folder for temporary files, and what is made there; removed when this is dropped.
pub(crate) struct Scratch(PathBuf);

impl Scratch {
    /// Names a file, and does not make it.
    pub(crate) fn nothing() -> Self {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let (process, number) = (std::process::id(), NEXT.fetch_add(1, Relaxed));
        Self(std::env::temp_dir().join(format!("step6-{process}-{number}.db")))
    }

    /// Makes a database by running `sql` in it.
    pub(crate) fn database(sql: &str) -> Self {
        let scratch = Self::nothing();
        let outside = rusqlite::Connection::open(&scratch.0).unwrap();
        outside.execute_batch(sql).unwrap();
        scratch
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// Returns the path of a file that SQLite keeps beside it, such as "-journal".
    pub(crate) fn beside(&self, suffix: &str) -> PathBuf {
        let mut path = self.0.clone().into_os_string();
        path.push(suffix);
        path.into()
    }

    /// Returns whether a transaction has written to the database, and has not ended.
    pub(crate) fn is_being_written(&self) -> bool {
        self.beside("-journal").exists()
    }

    /// Returns whether anyone has a lock on the file. To find out takes the lock for a moment.
    pub(crate) fn is_locked(&self) -> bool {
        self.outside().execute_batch("BEGIN EXCLUSIVE; ROLLBACK").is_err()
    }

    /// Opens the database without anything of ours; it does not wait for locks.
    pub(crate) fn outside(&self) -> rusqlite::Connection {
        let outside = rusqlite::Connection::open(&self.0).unwrap();
        outside.busy_timeout(Duration::ZERO).unwrap();
        outside
    }

    /// Returns the one number that `sql` gives, as another program would see it.
    pub(crate) fn number(&self, sql: &str) -> i64 {
        self.outside().query_row(sql, [], |row| row.get(0)).unwrap()
    }

    /// Panics if anyone holds a lock on the file.
    pub(crate) fn can_be_written_at_once(&self) {
        assert!(!self.is_locked(), "somebody holds a lock on the file");
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        for suffix in ["", "-journal", "-wal", "-shm"] {
            let _there_or_not = fs::remove_file(self.beside(suffix));
        }
        let _there_or_not = fs::remove_dir(&self.0);
    }
}
