//! What `cargo course bench` measures, in which order, and with which sizes.
#![cfg(unix)]

mod stand_in;

use std::collections::BTreeSet;

use serde_json::json;
use stand_in::{Stage, plain, row, script, shown};

const FIGURES: &str = "a limit 1 1 1\na ours 1 1 1\na tokio 1 1 1\na smol 1 1 1
                       b limit 1 1 1\nb ours 1 1 1\nb tokio 1 1 1\nb smol 1 1 1";

fn stage() -> Stage {
    Stage::new(&[plain("a"), plain("b")], FIGURES)
}

#[test]
fn three_samples_at_the_rows_own_size_unless_told_otherwise() {
    let stage = stage();
    assert_eq!(stage.run(&[]).code, Some(0));
    let calls = stage.calls();
    assert_eq!(calls.len(), 2 * 4 * 3);
    assert!(calls.iter().all(|call| call.ends_with(" --size 1000 --seconds 0.2")), "{calls:?}");
}

#[test]
fn quick_means_quick_sizes_short_samples_and_one_of_each() {
    let stage = stage();
    assert_eq!(stage.run(&["--quick"]).code, Some(0));
    let calls = stage.calls();
    assert_eq!(calls.len(), 2 * 4);
    assert!(calls.iter().all(|call| call.ends_with(" --size 10 --seconds 0.05")), "{calls:?}");
}

#[test]
fn contestants_take_turns_row_by_row_in_an_order_that_changes() {
    let figures = FIGURES.replace("1 1 1", &"1 ".repeat(8));
    let stage = Stage::new(&[plain("a"), plain("b")], &figures);
    assert_eq!(stage.run(&["--samples", "8"]).code, Some(0));
    let calls = stage.calls();
    let mut orders = BTreeSet::new();
    for (at, turn) in calls.chunks(4).enumerate() {
        let words: Vec<Vec<&str>> = turn.iter().map(|call| call.split(' ').collect()).collect();
        assert!(words.iter().all(|words| words[0] == ["a", "b"][at % 2]), "{turn:?}");
        let order: Vec<&str> = words.iter().map(|words| words[1]).collect();
        assert_eq!(order.iter().collect::<BTreeSet<_>>().len(), 4, "each once: {order:?}");
        orders.insert(order);
    }
    assert!(orders.len() > 1, "sixteen times the same order is no chance");
}

#[test]
fn rows_and_contestants_can_be_named() {
    let stage = stage();
    assert_eq!(
        stage.run(&["--samples", "1", "--row", "b", "--contestant", "ours", "--contestant", "smol"]).code,
        Some(0)
    );
    let asked: BTreeSet<String> =
        stage.calls().iter().map(|call| call.split(" --").next().expect("one").to_owned()).collect();
    assert_eq!(asked, ["b ours", "b smol"].map(str::to_owned).into());
}

#[test]
fn an_unknown_name_is_refused_with_a_similar_one_or_all() {
    for (args, message) in [
        (["--contestant", "tokyo"], "no contestant tokyo in the contest; did you mean tokio?"),
        (["--row", "zzz"], "no row zzz in the contest; there are: a, b"),
    ] {
        let stage = stage();
        let shown = stage.run(&args);
        assert_eq!(shown.code, Some(2));
        assert!(shown.stderr.contains(message), "{}", shown.stderr);
        assert!(stage.calls().is_empty(), "nothing was measured");
    }
}

#[test]
fn options_that_make_no_sense_are_refused() {
    for args in [&["--samples", "0"][..], &["--fast"], &["--report", "x.json", "--quick"], &["--limit", "0"]]
    {
        let shown = stage().run(args);
        assert_eq!(shown.code, Some(2), "{args:?}: {}", shown.stderr);
        assert!(shown.stderr.starts_with("error: "), "{}", shown.stderr);
    }
    let stage = Stage::new(&[row("a", "ns", &json!(null), &["ours"])], "a ours 1 1 1");
    let shown = stage.run(&["--contestant", "smol"]);
    assert_eq!(shown.code, Some(2));
    assert!(shown.stderr.contains("none of these contestants takes part"), "{}", shown.stderr);
}

#[test]
fn scaling_measures_every_size_and_leaves_the_table_as_it_is() {
    let stage = Stage::new(&[plain("a")], &FIGURES.replace("ours 1", "ours 7"));
    let shown = stage.run(&["--scaling", "--samples", "1", "--contestant", "ours"]);
    assert_eq!(shown.code, Some(0), "{}", shown.stderr);
    let sizes: Vec<String> =
        stage.calls().iter().map(|call| call.split(' ').nth(3).expect("a size").to_owned()).collect();
    assert_eq!(sizes, ["1000", "1", "10"], "its own size first, and only once");
    assert_eq!(shown.cells("a")[4], "7.00");
}

#[test]
fn another_program_adds_its_contestants_to_the_rows() {
    let stage = stage();
    // It says only what is different.
    let rows = json!([
        { "id": "a", "size": 5, "unit": "ns", "contestants": ["asyncio"] },
        { "id": "b", "contestants": [], "missing": [{ "name": "asyncio", "why": "it stays at home" }] },
        { "id": "unknown", "contestants": ["asyncio"] },
    ]);
    stage.write("other.json", &json!({ "rows": rows }).to_string());
    stage.figures(&format!("{FIGURES}\na asyncio 9 9 9"));
    let with_other = |args: &[&str]| shown(stage.command(args).arg("--contest").arg(script("other.sh")));
    let first = with_other(&["--all", "--samples", "1"]);
    assert_eq!(first.code, Some(0), "{}", first.stderr);
    assert!(first.stdout.contains("row  limit  ours  tokio  smol  asyncio"), "{}", first.stdout);
    assert!(
        stage.calls().contains(&"a asyncio --size 5 --seconds 0.2".to_owned()),
        "sizes are each program's own"
    );
    assert_eq!(stage.kept()["rows"][1]["missing"][1]["name"], "asyncio");
    assert_eq!(with_other(&["--quick"]).code, Some(0));
    assert!(
        stage.calls().contains(&"a asyncio --size 5 --seconds 0.05".to_owned()),
        "no larger than its own"
    );

    let rows = json!([{ "id": "a", "unit": "bytes", "contestants": ["asyncio"] }]);
    stage.write("other.json", &json!({ "rows": rows }).to_string());
    let refused = with_other(&["--quick"]);
    assert_eq!(refused.code, Some(0), "{}", refused.stderr);
    assert!(refused.stderr.contains("row a is measured in ns, not in another unit"), "{}", refused.stderr);
}

#[test]
fn another_program_that_does_not_answer_is_left_out_with_a_reason() {
    let stage = stage();
    let shown = shown(stage.command(&["--samples", "1"]).args(["--contest", "not-there"]));
    assert_eq!(shown.code, Some(0), "{}", shown.stderr);
    assert!(shown.stderr.contains("left out not-there: it does not start"), "{}", shown.stderr);
    assert!(shown.stdout.contains("Left out:\n\n- not-there: it does not start"), "{}", shown.stdout);
}
