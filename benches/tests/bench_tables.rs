//! What `cargo course bench` prints: figures, ratios and targets, doubts, and what has changed.
#![cfg(unix)]

mod stand_in;

use serde_json::json;
use stand_in::{Stage, plain, row};

const ALL: [&str; 4] = ["limit", "ours", "tokio", "smol"];

/// Four contestants with the same figure in each sample.
const STEADY: &str = "a limit 10 10 10\na ours 20 20 20\na tokio 40 40 40\na smol 50 50 50";

#[test]
fn a_line_has_medians_the_best_peer_the_target_and_the_ratios() {
    let stage = Stage::new(
        &[row("a", "ns", &json!({ "at_most": 20.0 }), &ALL)],
        "a limit 10 9 11
         a ours 22 20 30
         a tokio 44 44 44
         a smol 99 1 33",
    );
    let shown = stage.run(&[]);
    assert_eq!(shown.code, Some(0), "{}", shown.stderr);
    let expected =
        ["a", "ns", "10.0", "smol 33.0", "22.0", "20", "missed", "0.67", "2.20", "20.0..30.0", "doubtful"];
    assert_eq!(shown.cells("a"), expected);
}

#[test]
fn a_target_may_be_a_multiple_of_the_limit() {
    let target = |times: f64| row("a", "ns", &json!({ "times_limit": times }), &ALL);
    for (times, cell, verdict) in [(2.0, "2 x limit", "ok"), (1.98, "1.98 x limit", "missed")] {
        let shown = Stage::new(&[target(times)], STEADY).run(&[]);
        assert_eq!(shown.cells("a")[5..7], [cell, verdict]);
    }
}

#[test]
fn the_summary_counts_rows_ahead_and_targets_met() {
    let target = json!({ "at_most": 20.0 });
    let rows = [row("a", "ns", &target, &ALL), row("b", "ns", &target, &ALL), plain("c")];
    let figures = "b limit 1 1 1\nb ours 30 30 30\nb tokio 31 31 31\nb smol 32 32 32
                   c limit 1 1 1\nc ours 30 30 30\nc tokio 29 29 29\nc smol 32 32 32";
    let shown = Stage::new(&rows, &format!("{STEADY}\n{figures}")).run(&[]);
    assert!(
        shown.stdout.contains("Ours is ahead of the best peer in 2 of 3; targets met: 1 of 2."),
        "{}",
        shown.stdout
    );
}

#[test]
fn rows_without_limit_or_peers_have_dashes_for_what_is_not_there() {
    let figures = "a ours 20 20 20\nb limit 10 10 10\nb ours 15 15 15";
    let rows = [row("a", "ns", &json!(null), &["ours"]), row("b", "ns", &json!(null), &["limit", "ours"])];
    let shown = Stage::new(&rows, figures).run(&[]);
    assert_eq!(shown.cells("a"), ["a", "ns", "-", "-", "20.0", "-", "-", "-", "20.0..20.0"]);
    assert_eq!(shown.cells("b"), ["b", "ns", "10.0", "-", "15.0", "-", "-", "1.50", "15.0..15.0"]);
    assert!(shown.stdout.contains("No peer was measured"), "{}", shown.stdout);
}

#[test]
fn the_second_table_has_all_contestants() {
    let stage = Stage::new(&[row("a", "ns", &json!(null), &["limit", "ours", "tokio"]), plain("b")], "");
    stage.figures(&format!("{STEADY}\n{}", STEADY.replace("a ", "b ")));
    let shown = stage.run(&["--all"]);
    let head = "row  limit  ours  tokio  smol";
    let table: Vec<&str> = shown.stdout.lines().skip_while(|line| *line != head).skip(2).take(2).collect();
    assert_eq!(table, ["a     10.0  20.0   40.0     -", "b     10.0  20.0   40.0  50.0"]);
    assert!(!stage.run(&[]).stdout.contains(head));
}

#[test]
fn a_kept_run_is_shown_again_as_it_was_and_as_markdown() {
    let stage = Stage::new(&[plain("a")], STEADY);
    let first = stage.run(&["--all", "--json", "run.json"]);
    let again = stand_in::shown(&mut stage.bare(&["--report", "run.json", "--all", "--svg", "again.svg"]));
    assert_eq!((again.code, again.stdout), (Some(0), first.stdout));
    assert_eq!(stage.read("again.svg"), stage.read("kept/latest.svg"));
    let markdown = stand_in::shown(&mut stage.bare(&["--report", "run.json", "--markdown"])).stdout;
    let lines: Vec<&str> = markdown.lines().filter(|line| line.starts_with('|')).collect();
    assert_eq!(lines.len(), 3, "{markdown}");
    let cells: Vec<&str> = lines[2].split('|').map(str::trim).collect();
    assert_eq!(cells[1..6], ["a", "ns", "10.0", "tokio 40.0", "20.0"]);
    assert!(lines[1].contains("-: |"), "figures are aligned to the right");
}

mod doubts {
    use super::*;

    #[test]
    fn a_quiet_machine_and_steady_samples_raise_none() {
        let shown = Stage::new(&[plain("a")], STEADY).run(&[]);
        assert!(!shown.stdout.contains("oubtful"), "{}", shown.stdout);
    }

    #[test]
    fn samples_that_lie_far_apart_are_named() {
        let figures =
            STEADY.replace("ours 20 20 20", "ours 18 20 25").replace("smol 50 50 50", "smol 50 90 500");
        let shown = Stage::new(&[plain("a")], &figures).run(&[]);
        assert!(shown.stdout.contains("- a: the samples of ours lie 35 % apart\n"), "{}", shown.stdout);
        assert!(!shown.stdout.contains("of smol"), "who is not shown does no harm: {}", shown.stdout);
    }

    #[test]
    fn other_programs_and_stolen_time_are_told_apart() {
        for (what, message) in [("busy", "other programs used"), ("stolen", "of a core was stolen")] {
            let figures = format!("{STEADY}\nb ours {what} 10 10");
            let rows = [plain("a"), row("b", "ns", &json!(null), &["ours"])];
            let shown = Stage::new(&rows, &figures).run(&[]);
            let doubts: Vec<&str> = shown.stdout.lines().filter(|line| line.starts_with("- ")).collect();
            assert!(
                doubts.len() == 1 && doubts[0].starts_with("- b: ") && doubts[0].contains(message),
                "{doubts:?}"
            );
        }
    }

    #[test]
    fn memory_is_measured_on_a_busy_machine_as_well() {
        let row = row("a", "bytes", &json!(null), &["ours"]);
        let shown = Stage::new(&[row], "a ours busy 10 10").run(&[]);
        assert!(!shown.stdout.contains("oubtful"), "{}", shown.stdout);
    }

    #[test]
    fn a_machine_that_was_busy_before_puts_all_rows_in_doubt() {
        let stage = Stage::new(&[plain("a")], STEADY);
        stage.write("proc/loadavg", "4321.50 1 1 1/100 7\n");
        let shown = stage.run(&[]);
        assert!(
            shown
                .stdout
                .contains("- all rows: the machine was busy before the run began, with a load of 4321.5")
        );
    }
}

mod comparison {
    use super::*;

    /// What is said of a second run, with these figures for ours and the limit, after a first of 20 and 10.
    fn against(ours: &str, limit: &str, args: &[&str]) -> String {
        let stage = Stage::new(&[plain("a")], STEADY);
        let first = stage.run(&[]);
        assert!(!first.stdout.contains("Against the run"), "nothing to compare with: {}", first.stdout);
        let figures = STEADY.replace("ours 20 20 20", &format!("ours {ours}"));
        stage.figures(&figures.replace("limit 10 10 10", &format!("limit {limit}")));
        let second = stage.run(args).stdout;
        let at = second.find("Against the run of 2").unwrap_or_else(|| panic!("{second}"));
        second[at..].to_owned()
    }

    #[test]
    fn a_row_that_became_slower_or_faster_is_named() {
        let said = against("25 24 26", "10 10 10", &[]);
        assert!(said.ends_with("\n- slower: a from 20.0 to 25.0 (+25 %)\n"), "{said}");
        let said = against("10 10 10", "10 10 10", &[]);
        assert!(said.ends_with("\n- faster: a from 20.0 to 10.0 (-50 %)\n"), "{said}");
    }

    #[test]
    fn a_small_change_and_one_within_the_spread_are_not() {
        for ours in ["22 22 22", "25 19 26"] {
            let said = against(ours, "10 10 10", &[]);
            assert!(said.ends_with("\n- no row changed by more than 15 % (1 compared)\n"), "{said}");
        }
    }

    #[test]
    fn it_is_said_if_the_limit_changed_as_well() {
        let said = against("30 30 30", "15 15 15", &[]);
        assert!(said.contains("(+50 %); but the limit changed too, by +50 %"), "{said}");
    }

    #[test]
    fn figures_of_different_sizes_are_not_compared() {
        let said = against("30 30 30", "10 10 10", &["--quick"]);
        assert!(said.contains("- not compared, since another size was measured: a\n"), "{said}");
    }

    #[test]
    fn any_kept_run_can_be_compared_with() {
        let stage = Stage::new(&[plain("a")], STEADY);
        stage.run(&["--json", "old.json"]);
        stage.figures(&STEADY.replace("ours 20 20 20", "ours 30 30 30"));
        let shown = stage.run(&["--json", "new.json", "--compare", "old.json"]);
        assert!(shown.stdout.contains("- slower: a from 20.0 to 30.0 (+50 %)"), "{}", shown.stdout);
        let shown = stand_in::shown(&mut stage.bare(&["--report", "old.json", "--compare", "new.json"]));
        assert!(shown.stdout.contains("- faster: a from 30.0 to 20.0 (-33 %)"), "{}", shown.stdout);
    }
}
