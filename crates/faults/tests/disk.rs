//! A disk that is full: what was to be written is refused with a clear error, what was there stays, and when there is room again,
//! everything goes on.
//!
//! The disk is real, and small: a `tmpfs` in a mount namespace of the test's own, where the system lets anybody make one.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test may")]

mod support;

use std::env;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::Command;

use faults::Census;
use step4::{gather, run, spawn};
use step5::AsyncIterator;
use step6::{Connection, DatabaseAt, DbError, DbErrorKind, Pool, transaction, with};
use support::{Folder, another_process, skipped, this_test};

/// How large a disk is, in kilobytes.
const SIZE: u64 = 2048;

const DISK: &str = "FAULTS_DISK";

/// The code of a process that could not mount a disk: none that a test ends with.
const NO_DISK: i32 = 77;

/// Runs `body` with the root of a disk of [`SIZE`], in a process of its own.
fn on_a_small_disk(body: impl FnOnce(Disk)) {
    if let Some(root) = env::var_os(DISK) {
        return body(Disk(root.into()));
    }
    let folder = Folder::new();
    let test = another_process(&this_test());
    let mount =
        format!("mount -t tmpfs -o size={SIZE}k none \"${DISK}\" || exit {NO_DISK}; exec \"$0\" \"$@\"");
    let mut command = Command::new("unshare");
    command.args(["--user", "--map-root-user", "--mount", "sh", "-c", &mount]);
    command.arg(test.get_program()).args(test.get_args()).env(DISK, folder.path());
    match command.output() {
        Ok(output) if output.status.success() => {}
        // 1 is how `unshare` itself ends if it may not.
        Ok(output) if [Some(1), Some(NO_DISK)].contains(&output.status.code()) => {
            skipped(&format!(
                "no small disk can be mounted: {}",
                String::from_utf8_lossy(&output.stderr).trim()
            ));
        }
        Ok(output) => panic!(
            "{}:\n{}{}",
            output.status,
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        ),
        Err(error) => skipped(&format!("there is no unshare: {error}")),
    }
}

/// A small disk.
struct Disk(PathBuf);

impl Disk {
    fn join(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// Takes all the room there is.
    fn fill(&self) {
        let ballast = self.join("ballast");
        let error = fs::write(&ballast, vec![1; SIZE as usize * 2048]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::StorageFull);
    }

    /// Gives it back.
    fn clear(&self) {
        fs::remove_file(self.join("ballast")).unwrap();
    }

    /// Which files there are, but for those of a database that are there only while it is written.
    fn files(&self) -> Vec<String> {
        let files =
            fs::read_dir(&self.0).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut files: Vec<_> = files.collect();
        files.sort();
        files
    }
}

const FULL: &str = "database or disk is full";

const INSERT: &str = "INSERT INTO entries VALUES (randomblob(10000))";

/// A database with one entry.
async fn database(path: &Path) -> Connection {
    let db = Connection::create(path).await.unwrap();
    db.execute_batch(&format!("CREATE TABLE entries (bytes BLOB); {INSERT}")).await.unwrap();
    db
}

async fn count(db: &Connection) -> i64 {
    let rows = db.query("SELECT count(*) AS count FROM entries", []).await.unwrap();
    rows[0].get("count").unwrap()
}

/// SQLite has found nothing to complain of, and what a program sees that comes later is the same.
async fn is_sound(db: &Connection, path: &Path, entries: i64) {
    let rows = db.query("PRAGMA integrity_check", []).await.unwrap();
    assert_eq!(rows[0].get::<String>("integrity_check").unwrap(), "ok");
    assert_eq!(count(db).await, entries);
    let other = rusqlite::Connection::open(path).unwrap();
    assert_eq!(
        other.query_row("SELECT count(*) FROM entries", [], |row| row.get::<_, i64>(0)).unwrap(),
        entries
    );
}

#[test]
fn a_statement_on_a_full_disk_says_so_and_works_when_there_is_room() {
    on_a_small_disk(|disk| {
        run(async move {
            let path = disk.join("a.db");
            let mut db = database(&path).await;
            disk.fill();
            for _ in 0..3 {
                let error = db.execute(INSERT, []).await.unwrap_err();
                assert_eq!(error.kind(), DbErrorKind::Other);
                assert_eq!(error.to_string(), format!("could not run `{INSERT}`: {FULL}"));
                let error = db.query(&format!("{INSERT} RETURNING 1"), []).await.unwrap_err();
                assert!(error.to_string().ends_with(FULL), "{error}");
                let rows = db.rows(format!("{INSERT} RETURNING 1"), []).collect::<Vec<_>>().await;
                assert!(matches!(&rows[..], [Err(error)] if error.to_string().ends_with(FULL)), "{rows:?}");
                assert_eq!(count(&db).await, 1, "reading takes no room");
            }
            disk.clear();
            assert_eq!(db.execute(INSERT, []).await, Ok(1));
            is_sound(&db, &path, 2).await;
            db.close().await.unwrap();
            assert_eq!(disk.files(), ["a.db"], "no journal is left");
        });
    });
}

#[test]
fn a_disk_that_is_full_in_the_middle_of_a_transaction_rolls_all_of_it_back() {
    on_a_small_disk(|disk| {
        run(async move {
            let path = disk.join("a.db");
            let db = database(&path).await;
            // Until there is no room: how far it gets is the disk's to say.
            let outcome = with(transaction(db.clone()), async |tx| {
                loop {
                    tx.execute(INSERT, []).await?;
                }
            });
            let outcome: Result<(), DbError> = outcome.await;
            assert!(outcome.unwrap_err().to_string().ends_with(FULL));
            is_sound(&db, &path, 1).await;
            // Who goes on all the same commits nothing, not even what comes after there is room again.
            disk.fill();
            let outcome = with(transaction(db.clone()), async |tx| {
                assert!(tx.execute(INSERT, []).await.is_err());
                disk.clear();
                let later = tx.execute(INSERT, []).await;
                if let Err(error) = later {
                    assert_eq!(error.kind(), DbErrorKind::RolledBack);
                }
                Ok::<_, DbError>(())
            });
            let committed = i64::from(outcome.await.is_ok());
            is_sound(&db, &path, 1 + committed).await;
            // Many rows that have to be written before the commit, and a commit that has no room.
            let big =
                "INSERT INTO entries SELECT randomblob(100000) FROM (VALUES (1), (2), (3), (4), (5), (6))";
            let outcome = with(transaction(db.clone()), async |tx| {
                tx.execute(big, []).await?;
                disk.fill();
                Ok::<_, DbError>(())
            });
            let error = outcome.await.unwrap_err();
            assert_eq!(error.to_string(), format!("could not commit a transaction: {FULL}"));
            is_sound(&db, &path, 1 + committed).await;
            disk.clear();
            let outcome = with(transaction(db.clone()), async |tx| tx.execute(big, []).await);
            assert_eq!(outcome.await, Ok(6));
            is_sound(&db, &path, 7 + committed).await;
        });
    });
}

#[test]
fn a_pool_on_a_full_disk_gets_all_its_leases_back() {
    on_a_small_disk(|disk| {
        run(async move {
            let path = disk.join("a.db");
            database(&path).await.close().await.unwrap();
            let pool = Pool::new(3, DatabaseAt::new(&path));
            disk.fill();
            for round in 0..3 {
                let writers = (0..12).map(|n| {
                    let pool = pool.clone();
                    spawn(async move {
                        let lease = pool.lease().await?;
                        if n % 2 == 0 {
                            lease.execute(INSERT, []).await?;
                        } else {
                            with(transaction(lease), async |tx| tx.execute(INSERT, []).await).await?;
                        }
                        Ok::<_, DbError>(())
                    })
                });
                let outcomes = gather(writers).await.unwrap();
                assert_eq!(pool.lent(), 0);
                if round < 2 {
                    for outcome in outcomes {
                        assert!(outcome.unwrap_err().to_string().ends_with(FULL));
                    }
                } else {
                    assert!(outcomes.iter().all(Result::is_ok), "{outcomes:?}");
                }
                if round == 1 {
                    disk.clear();
                }
            }
            let lease = pool.lease().await.unwrap();
            is_sound(&lease, &path, 13).await;
        });
    });
}

#[test]
fn a_database_that_cannot_be_made_says_so_and_can_be_when_there_is_room() {
    on_a_small_disk(|disk| {
        run(async move {
            disk.fill();
            let db = Connection::create(disk.join("a.db")).await.unwrap();
            let table = "CREATE TABLE entries (bytes BLOB)";
            let error = db.execute_batch(table).await.unwrap_err();
            assert_eq!(error.to_string(), format!("could not run `{table}`: {FULL}"));
            disk.clear();
            db.execute_batch(table).await.unwrap();
            assert_eq!(db.execute(INSERT, []).await, Ok(1));
        });
    });
}

#[test]
fn a_file_that_does_not_fit_is_an_error_and_costs_no_thread_and_no_descriptor() {
    on_a_small_disk(|disk| {
        run(async move {
            step4::fs::write(disk.join("small"), "whole").await.unwrap();
            let before = Census::take();
            disk.fill();
            for n in 0..50 {
                let error =
                    step4::fs::write(disk.join(&format!("big-{n}")), vec![1; 8192]).await.unwrap_err();
                assert_eq!(error.kind(), ErrorKind::StorageFull);
            }
            assert_eq!(step4::fs::read_to_string(disk.join("small")).await.unwrap(), "whole");
            disk.clear();
            step4::fs::write(disk.join("big-0"), vec![1; 8192]).await.unwrap();
            assert_eq!(step4::fs::read(disk.join("big-0")).await.unwrap().len(), 8192);
            assert_eq!(Census::take().descriptors, before.descriptors);
        });
    });
}

/// Where no disk can be mounted, SQLite's own limit is the same to it as a full one.
#[test]
fn a_database_with_a_limit_rolls_back_and_goes_on_when_the_limit_is_raised() {
    run(async {
        let db = Connection::in_memory().await.unwrap();
        db.execute_batch(&format!("CREATE TABLE entries (bytes BLOB); {INSERT}")).await.unwrap();
        db.query("PRAGMA max_page_count = 20", []).await.unwrap();
        let outcome: Result<(), DbError> = with(transaction(db.clone()), async |tx| {
            loop {
                tx.execute(INSERT, []).await?;
            }
        })
        .await;
        assert_eq!(outcome.unwrap_err().to_string(), format!("could not run `{INSERT}`: {FULL}"));
        assert_eq!(count(&db).await, 1);
        db.query("PRAGMA max_page_count = 1000", []).await.unwrap();
        assert_eq!(db.execute(INSERT, []).await, Ok(1));
        assert_eq!(count(&db).await, 2);
    });
}
