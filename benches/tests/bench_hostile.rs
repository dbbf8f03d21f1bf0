//! What `cargo course bench` does with a kept run that is broken, huge or absurd: it shows what there is, or says what is wrong.
#![cfg(unix)]

mod stand_in;

use std::fs::{self, File};
use std::process::{Command, Stdio};
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};
use stand_in::{Shown, Stage, plain};

const STEADY: &str = "a limit 10 10 10\na ours 20 20 20\na tokio 40 40 40\na smol 50 50 50";

/// A stage with a run, with curves in it, that was kept.
fn kept() -> (Stage, Value) {
    let stage = Stage::new(&[plain("a")], STEADY);
    assert_eq!(stage.run(&[]).code, Some(0));
    let mut run = stage.kept();
    let samples = run["samples"].as_array_mut().expect("it has samples");
    let curves: Vec<Value> = samples
        .iter()
        .cloned()
        .flat_map(|sample| {
            [1, 10, 1000].map(|size| {
                let mut sample = sample.clone();
                (sample["size"], sample["scaling"]) = (json!(size), json!(true));
                sample
            })
        })
        .collect();
    samples.extend(curves);
    stage.write("kept.json", &run.to_string());
    (stage, run)
}

/// Shows the run in `file`, which has to come to an end, and not to a panic.
#[track_caller]
fn report(stage: &Stage, file: &str, args: &[&str]) -> Shown {
    let mut command: Command = stage.bare(&["--report", file]);
    command.args(args).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = command.spawn().expect("it starts");
    let (done, ended) = channel();
    thread::spawn(move || done.send(child.wait_with_output()));
    let output =
        ended.recv_timeout(Duration::from_secs(60)).unwrap_or_else(|_| panic!("{file} {args:?} hangs"));
    let shown = Shown::of(&output.expect("its output can be read"));
    assert!(matches!(shown.code, Some(0 | 1 | 3)), "{file} {args:?}: {:?}: {}", shown.code, shown.stderr);
    assert_eq!(
        shown.code != Some(0),
        shown.stderr.starts_with("error: cannot "),
        "{file} {args:?}: {}",
        shown.stderr
    );
    shown
}

/// A figure next to nothing, or next to everything, or a size of 0, was drawn on a logarithmic axis, without end.
#[test]
fn a_run_of_absurd_numbers_is_shown_or_refused() {
    let (stage, run) = kept();
    let numbers = [
        "0",
        "-1",
        "1e308",
        "-1e308",
        "5e-324",
        "1e-300",
        "18446744073709551615",
        "-9223372036854775808",
        "4294967295",
        "1e999",
        "null",
        "\"\"",
        "[]",
        "{}",
    ];
    let text = run.to_string();
    let places = [
        "\"samples_wanted\":",
        "\"seed\":",
        "\"load_before\":",
        "\"cores\":",
        "\"size\":",
        "\"round\":",
        "\"seconds\":",
        "\"figure\":",
        "\"ns_per_op\":",
        "\"others_seconds\":",
        "\"stolen_seconds\":",
        "\"quick_size\":",
    ];
    for place in places {
        for number in numbers {
            // In all places, in the first alone, and in every other one.
            for every in [1, usize::MAX, 2] {
                let mut parts = text.split(place);
                let mut absurd = parts.next().expect("a split has a first part").to_owned();
                for (at, part) in parts.enumerate() {
                    let end = part.find([',', '}']).expect("an object ends");
                    let (value, rest) = part.split_at(end);
                    absurd += &format!("{place}{}{rest}", if at % every == 0 { number } else { value });
                }
                stage.write("absurd.json", &absurd);
                report(&stage, "absurd.json", &["--svg", "absurd.svg", "--all"]);
            }
        }
    }
}

/// What a name had in it went to the terminal, which obeyed.
#[test]
fn a_run_of_absurd_names_is_shown() {
    let (stage, run) = kept();
    for name in
        ["", "\\u0000", "<script>&amp;", "]]>", "\\u001b[2J", "|||", "\\ud83d\\ude00", &"long".repeat(10_000)]
    {
        for from in ["\"a\"", "\"tokio\"", "\"ns\""] {
            stage.write("absurd.json", &run.to_string().replace(from, &format!("\"{name}\"")));
            for args in [&["--markdown", "--all"][..], &["--svg", "absurd.svg"], &["--compare", "kept.json"]]
            {
                let shown = report(&stage, "absurd.json", args);
                assert!(!shown.stdout.contains(['\x1b', '\0']), "it gives the terminal no orders");
            }
        }
    }
}

#[test]
fn garbage_in_a_kept_run_is_refused_in_a_line() {
    let (stage, run) = kept();
    let text = run.to_string().into_bytes();
    let mut noise = 8_u64;
    let mut below = |limit: usize| {
        noise = noise.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (noise >> 33) as usize % limit
    };
    for _ in 0..150 {
        let mut bytes = text.clone();
        let (from, len) = (below(bytes.len() - 200), below(200));
        match below(4) {
            0 => bytes.truncate(from),
            1 => drop(bytes.drain(from..from + len)),
            2 => bytes[from..from + 3].fill_with(|| below(256) as u8),
            _ => bytes[from..from + 1].fill_with(|| b'0' + below(10) as u8),
        }
        fs::write(stage.path("garbage.json"), bytes).expect("the folder is writable");
        let shown = report(&stage, "garbage.json", &["--svg", "garbage.svg"]);
        if shown.code == Some(3) {
            assert!(
                shown.stderr.starts_with("error: cannot read the run in garbage.json: "),
                "{}",
                shown.stderr
            );
            assert!(shown.stderr.lines().count() == 1 && shown.stdout.is_empty(), "{}", shown.stderr);
        }
    }
}

/// A named pipe was waited for.
#[test]
fn what_is_no_file_or_is_huge_is_refused() {
    let (stage, _) = kept();
    File::create(stage.path("huge.json"))
        .and_then(|file| file.set_len(400 << 20))
        .expect("the folder is writable");
    stage.write("deep.json", &"[".repeat(1_000_000));
    stage.write("empty.json", "");
    assert!(
        Command::new("mkfifo").arg(stage.path("pipe.json")).status().expect("there is a mkfifo").success()
    );
    for file in ["huge.json", "deep.json", "empty.json", "pipe.json", "kept", "/dev/zero", "not-there.json"] {
        let shown = report(&stage, file, &[]);
        assert_eq!(shown.code, Some(3), "{file}");
        assert!(shown.stderr.len() < 300, "{file}: {}", shown.stderr);
    }
}
