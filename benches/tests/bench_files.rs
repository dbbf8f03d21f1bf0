//! What `cargo course bench` leaves: the run as JSON, and plots as SVG.
#![cfg(unix)]

mod stand_in;

use std::fs;

use serde_json::json;
use stand_in::{Stage, plain, row};

const STEADY: &str = "a limit 10 10 10\na ours 20 20 20\na tokio 40 40 40\na smol 50 50 50";

#[test]
fn a_run_is_kept_with_where_and_how_it_was_made() {
    let stage = Stage::new(&[plain("a")], STEADY);
    assert_eq!(stage.run(&[]).code, Some(0));
    let kept = stage.kept();
    assert_eq!(
        (&kept["ending"], &kept["samples_wanted"], &kept["quick"]),
        (&json!("whole"), &json!(3), &json!(false))
    );
    assert_eq!(kept["load_before"], 0.1);
    for known in ["cpu", "kernel", "rustc"] {
        assert!(kept["machine"][known].as_str().is_some_and(|text| !text.is_empty()), "{known}: {kept}");
    }
    assert!(kept["date"].as_str().is_some_and(|date| date.len() == 20 && date.ends_with('Z')), "{kept}");
    assert!(kept["command"].as_array().is_some_and(|words| words.contains(&json!("--contest"))));
    let samples = kept["samples"].as_array().expect("samples");
    assert_eq!(samples.len(), 12);
    for sample in samples {
        assert_eq!(sample["line"]["extra"]["rounds"], 3.0, "the contest's line as it was: {sample}");
        assert_eq!(sample["load"], json!([0.1, 0.1]));
        assert_eq!((&sample["row"], &sample["size"]), (&json!("a"), &json!(1000)));
    }
    assert_eq!(kept["rows"][0]["title"], "the title of a <&>");
}

#[test]
fn the_folder_has_a_dated_run_and_the_latest_one() {
    let stage = Stage::new(&[plain("a")], STEADY);
    assert_eq!(stage.run(&[]).code, Some(0));
    let entries = fs::read_dir(stage.path("kept")).expect("the folder is there");
    let mut names: Vec<String> =
        entries.map(|entry| entry.expect("readable").file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    let [json, svg, latest_json, latest_svg] = &names[..] else { panic!("{names:?}") };
    assert!(json.starts_with('2') && json.ends_with(".json") && svg.ends_with(".svg"), "{names:?}");
    assert_eq!((&latest_json[..], &latest_svg[..]), ("latest.json", "latest.svg"));
    assert_eq!(stage.read(&format!("kept/{json}")), stage.read("kept/latest.json"));
}

#[test]
fn named_files_are_written_instead() {
    let stage = Stage::new(&[plain("a")], STEADY);
    assert_eq!(stage.run(&["--json", "run.json", "--svg", "plot.svg"]).code, Some(0));
    assert!(stage.path("run.json").is_file() && stage.path("plot.svg").is_file());
    assert!(!stage.path("kept").exists());
}

#[test]
fn the_plot_is_well_formed_and_says_what_it_shows() {
    let rows = [plain("a"), row("without-limit", "ns", &json!(null), &["ours"]), plain("<&\">")];
    let stage =
        Stage::new(&rows, &format!("{STEADY}\nwithout-limit ours 1 1 1\n{}", STEADY.replace("a ", "<&\"> ")));
    let shown = stage.run(&[]);
    assert_eq!(shown.code, Some(1), "the stand-in's JSON does not survive that name: {}", shown.stderr);
    let svg = stage.read("kept/latest.svg");
    let document = roxmltree::Document::parse(&svg).expect("well-formed");
    let texts: Vec<&str> = document.descendants().filter_map(|node| node.text()).map(str::trim).collect();
    for expected in ["a", "2.00 ours 20.0", "4.00 tokio 40.0"] {
        assert!(texts.contains(&expected), "{expected} in {texts:?}");
    }
    assert!(!texts.contains(&"without-limit"), "there is nothing to divide by");
    let title = document.descendants().find(|node| node.has_tag_name("title")).and_then(|node| node.text());
    assert!(title.is_some_and(|title| title.contains("a: 2.00 ours 20.0, 4.00 tokio 40.0")), "{title:?}");
}

#[test]
fn each_color_of_a_plot_has_another_for_dark_pages() {
    let stage = Stage::new(&[plain("a")], STEADY);
    assert_eq!(stage.run(&["--scaling", "--samples", "1"]).code, Some(0));
    for file in ["kept/latest.svg", "kept/latest-scaling.svg"] {
        let svg = stage.read(file);
        let document = roxmltree::Document::parse(&svg).expect("well-formed");
        let style =
            document.descendants().find(|node| node.has_tag_name("style")).and_then(|node| node.text());
        let style = style.expect("a style");
        assert!(style.starts_with("@media (prefers-color-scheme:dark)"));
        for node in document.descendants() {
            for property in ["fill", "stroke"] {
                let Some(color) = node.attribute(property).filter(|color| *color != "none") else { continue };
                let is_seen = node.attribute("opacity") != Some("0");
                let rule = format!("[{property}=\"{color}\"]");
                assert!(!is_seen || style.contains(&rule), "{file}: no rule {rule}");
            }
        }
    }
}

#[test]
fn curves_have_a_panel_for_each_row_and_a_legend() {
    let figures = "a limit 1 1 1\na ours 2 3 4\na tokio 5 6 7\na smol 8 9 10";
    let stage = Stage::new(&[plain("a")], figures);
    assert_eq!(stage.run(&["--scaling", "--samples", "1", "--svg", "plot.svg"]).code, Some(0));
    let svg = stage.read("plot-scaling.svg");
    let document = roxmltree::Document::parse(&svg).expect("well-formed");
    let texts: Vec<&str> = document.descendants().filter_map(|node| node.text()).map(str::trim).collect();
    for expected in ["a", "things", "ns", "limit", "ours", "tokio", "smol", "10", "1k"] {
        assert!(texts.contains(&expected), "{expected} in {texts:?}");
    }
    let lines = document.descendants().filter(|node| node.has_tag_name("polyline"));
    assert!(lines.count() >= 4, "a line for each contestant");
}

#[test]
fn a_run_of_which_all_failed_is_kept_and_drawn_too() {
    let stage = Stage::new(&[plain("a")], "a limit crash\na ours crash\na tokio crash\na smol crash");
    assert_eq!(stage.run(&["--scaling", "--samples", "1"]).code, Some(1));
    for file in ["kept/latest.svg", "kept/latest-scaling.svg"] {
        roxmltree::Document::parse(&stage.read(file)).expect("well-formed");
    }
}
