//! Any progress file: it is understood, and keeps what it had; or it is set aside as it was, and a new one begins.
#![no_main]

use std::fs;
use std::path::PathBuf;
use std::sync::LazyLock;

use course::progress::{FILE, Progress};
use libfuzzer_sys::fuzz_target;
use toml::Table;

static ROOT: LazyLock<PathBuf> = LazyLock::new(|| {
    let root = std::env::temp_dir().join(format!("fuzz-progress-{}", std::process::id()));
    fs::create_dir_all(root.join("exercises")).expect("the temporary folder is writable");
    root
});

fn read() -> Table {
    fs::read_to_string(ROOT.join(FILE)).expect("it was written").parse().expect("it is sound")
}

fuzz_target!(|bytes: &[u8]| {
    let (file, aside) = (ROOT.join(FILE), ROOT.join(format!("{FILE}.broken-1")));
    fs::write(&file, bytes).expect("the folder is writable");
    let (mut progress, notice) = Progress::load(&ROOT).expect("it is a file");
    let before = match &notice {
        None => str::from_utf8(bytes).expect("it was understood").parse().expect("it was understood"),
        Some(notice) => {
            assert!(notice.chars().count() < 400 && !notice.contains(char::is_control), "{notice:?}");
            assert_eq!(fs::read(&aside).expect("it was set aside"), bytes);
            fs::remove_file(&aside).expect("it is ours");
            Table::new()
        }
    };
    let level = 1 + progress.hint("x") % 3;
    progress.hinted("x", level).expect("the folder is writable");
    let (again, notice) = Progress::load(&ROOT).expect("it is a file");
    assert_eq!((again.hint("x"), notice), (level, None));
    // All else is as it was.
    let mut after = read();
    let hints = after.get_mut("hints").and_then(toml::Value::as_table_mut).expect("a hint was kept");
    hints.remove("x");
    if hints.is_empty() {
        after.remove("hints");
    }
    let mut before = before;
    if let Some(hints) = before.get_mut("hints").and_then(toml::Value::as_table_mut) {
        hints.remove("x");
        if hints.is_empty() {
            before.remove("hints");
        }
    }
    // As text: NaN is not equal to itself.
    assert_eq!(after.to_string(), before.to_string());
});
