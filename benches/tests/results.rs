//! The page of results shows the kept run, and nothing else.
//!
//! `chapters/results/contest.json` is one full run on a quiet machine. The page's tables are what the tool says of it;
//! `UPDATE=1 cargo test -p benches --test results` writes them anew.

use std::path::Path;
use std::process::Command;
use std::{env, fs};

const HEADING: &str = "## The tables\n\n";

#[test]
fn the_tables_on_the_page_are_those_of_the_kept_run() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace is above");
    let kept = root.join("chapters/results/contest.json");
    let report = Command::new(env!("CARGO_BIN_EXE_bench"))
        .arg("--report")
        .arg(kept)
        .args(["--markdown", "--all"])
        .output()
        .expect("the binary was built for this test");
    assert!(report.status.success(), "{}", String::from_utf8_lossy(&report.stderr));
    let tables = String::from_utf8(report.stdout).expect("text");
    assert!(tables.contains("| ours"), "{tables}");
    let page = root.join("chapters/results.md");
    let text = fs::read_to_string(&page).expect("the page is there");
    let (above, shown) = text.split_once(HEADING).expect("the page has the heading of its tables");
    let tables = tables.trim_end();
    if env::var_os("UPDATE").is_some() {
        fs::write(&page, format!("{above}{HEADING}{tables}\n")).expect("the page can be written");
    } else {
        assert_eq!(shown.trim_end(), tables, "UPDATE=1 cargo test -p benches --test results writes it anew");
    }
}
