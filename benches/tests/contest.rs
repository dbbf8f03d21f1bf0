//! The contest works: its list is JSON, and everyone on it measures something.
//!
//! `cargo test -p benches --test contest`
#![cfg(target_os = "linux")]

use std::process::{Command, Output};

use serde_json::Value;

fn contest(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_contest"))
        .args(arguments)
        .output()
        .expect("the binary was built for this test")
}

fn list() -> Value {
    serde_json::from_slice(&contest(&["--list"]).stdout).expect("the list is JSON")
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_else(|| panic!("{name} is missing in {value}"))
}

fn items<'a>(value: &'a Value, name: &str) -> &'a [Value] {
    value[name].as_array().unwrap_or_else(|| panic!("{name} is missing in {value}"))
}

#[test]
fn the_list_says_all_of_every_row() {
    let list = list();
    let names: Vec<_> =
        items(&list, "contestants").iter().map(|contestant| text(contestant, "name")).collect();
    assert!(["limit", "ours"].iter().all(|name| names.contains(name)), "{names:?}");
    for row in items(&list, "rows") {
        for name in ["id", "title", "unit", "better", "operation", "limit", "size_is"] {
            assert!(!text(row, name).is_empty());
        }
        assert!(row["size"].as_u64() >= row["quick_size"].as_u64());
        let missing = items(row, "missing");
        assert!(missing.iter().all(|contestant| text(contestant, "why").len() > 5));
        assert_eq!(items(row, "contestants").len() + missing.len(), names.len());
    }
}

#[test]
fn everyone_on_the_list_measures_something() {
    for row in items(&list(), "rows") {
        let id = text(row, "id");
        for contestant in items(row, "contestants").iter().filter_map(Value::as_str) {
            let size = if row["unit"] == "bytes" { "20000" } else { "3" };
            let output = contest(&[id, contestant, "--size", size, "--seconds", "0"]);
            let said = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "{id} {contestant}: {said}");
            let sample: Value = serde_json::from_slice(&output.stdout).expect("a sample is one line of JSON");
            assert_eq!((text(&sample, "row"), text(&sample, "contestant")), (id, contestant));
            assert!(sample["figure"].as_f64().is_some_and(|figure| figure > 0.0), "{sample}");
        }
    }
}

#[test]
fn what_is_not_there_is_said() {
    for (arguments, why) in [
        (["no-such-row", "ours"], "no row no-such-row"),
        (["block-on-ready", "nobody"], "no contestant nobody"),
        (["block-on-ready", "limit-spin"], "it has a row of its own"),
    ] {
        let output = contest(&arguments);
        assert_eq!(output.status.code(), Some(2));
        assert!(String::from_utf8_lossy(&output.stderr).contains(why));
    }
}
