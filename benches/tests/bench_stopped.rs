//! What `cargo course bench` leaves when it is stopped at any moment, by Ctrl-C, for good or by a disk without room: a whole run,
//! this one or the last one, and nothing that still runs.
#![cfg(unix)]

mod stand_in;

use std::fs;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};
use std::{env, thread};

use serde_json::Value;
use stand_in::{Shown, Stage, plain};

const ROWS: &str =
    "a limit 10\na ours 20\na tokio 40\na smol 50\nb limit 10\nb ours 20\nb tokio 40\nb smol 50";

fn stage() -> Stage {
    Stage::new(&["a", "b"].map(plain), ROWS)
}

const ARGS: [&str; 2] = ["--samples", "1"];

/// The names in the folder of kept runs, whose dates and numbers are left out.
fn kept(stage: &Stage) -> Vec<String> {
    let entries = fs::read_dir(stage.path("kept")).into_iter().flatten().flatten();
    let mut names: Vec<_> = entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

fn is_whole(stage: &Stage, name: &str) {
    if name.ends_with(".json") {
        let run: Result<Value, _> = serde_json::from_str(&stage.read(&format!("kept/{name}")));
        assert!(run.is_ok_and(|run| run["samples"].is_array()), "{name} is cut off");
    } else if name.ends_with(".svg") {
        assert!(stage.read(&format!("kept/{name}")).trim_end().ends_with("</svg>"), "{name} is cut off");
    }
}

/// Waits until nobody is left of a group of processes. Who is killed leaves a contestant to its end, which would use the next run's
/// figures.
fn wait_for(group: u32) {
    let group = group.to_string();
    let is_left = || {
        let listed = Command::new("ps").args(["-eo", "pgid=,stat="]).output().expect("there is a ps");
        String::from_utf8_lossy(&listed.stdout).lines().any(|line| {
            let mut words = line.split_whitespace();
            words.next() == Some(&group) && words.next().is_some_and(|state| !state.starts_with('Z'))
        })
    };
    while is_left() {
        thread::sleep(Duration::from_millis(2));
    }
}

#[test]
fn a_run_that_is_stopped_at_any_moment_leaves_whole_files_alone() {
    let cases = 8 * env::var("FAULTS_CASES").map_or(1, |times| times.parse().expect("a number"));
    let whole = Instant::now();
    assert_eq!(stage().run(&ARGS).code, Some(0));
    let whole = whole.elapsed();
    for case in 0..cases {
        for signal in ["-INT", "-KILL"] {
            let stage = stage();
            stage.run(&ARGS);
            stage.figures(ROWS);
            let mut command = stage.command(&ARGS);
            command.process_group(0).stdout(Stdio::piped()).stderr(Stdio::piped());
            let child = command.spawn().expect("it starts");
            let group = child.id();
            thread::sleep(whole.mul_f64((f64::from(case) + 0.5) / f64::from(cases)));
            let kill =
                Command::new("kill").args([signal, &child.id().to_string()]).stderr(Stdio::null()).status();
            kill.expect("there is a kill"); // It fails if it has ended by itself.
            let since = Instant::now();
            let output = child.wait_with_output().expect("it ends");
            assert!(since.elapsed() < Duration::from_secs(30), "it ends soon");
            if signal == "-INT" {
                let (code, by) = (output.status.code(), output.status.signal());
                // Before it listens, the system ends it.
                assert!(
                    [Some(0), Some(130)].contains(&code) || by == Some(2),
                    "{}",
                    Shown::of(&output).stderr
                );
            }
            wait_for(group);
            for name in kept(&stage) {
                is_whole(&stage, &name);
                assert!(signal == "-KILL" || !name.contains(".new-"), "{name} is left");
            }
            assert!(stage.kept()["samples"].is_array(), "there is a last run");
            stage.figures(ROWS);
            let next = stage.run(&ARGS);
            assert_eq!(next.code, Some(0), "the next one works: {}", next.stderr);
        }
    }
}

/// Runs the tool where no file may become larger than a kilobyte. If `told`, it is told, else the system ends it.
fn without_room(stage: &Stage, told: bool) -> Output {
    let trap = if told { "trap '' XFSZ; " } else { "" };
    let bench = stage.command(&ARGS);
    let mut command = Command::new("sh");
    command.arg("-c").arg(format!("{trap}ulimit -f 1; exec \"$0\" \"$@\""));
    command.arg(bench.get_program()).args(bench.get_args());
    command.envs(bench.get_envs().filter_map(|(name, value)| Some((name, value?))));
    command.current_dir(bench.get_current_dir().expect("it was set")).output().expect("there is a shell")
}

/// The last run used to be cut off: the file was emptied before the new one was written.
#[test]
fn a_run_for_which_there_is_no_room_leaves_the_last_one_as_it_was() {
    for told in [true, false] {
        let stage = stage();
        assert_eq!(stage.run(&ARGS).code, Some(0));
        let (before, last) = (kept(&stage), stage.read("kept/latest.json"));
        assert!(last.len() > 1024);
        stage.figures(ROWS);
        let output = without_room(&stage, told);
        let shown = Shown::of(&output);
        assert_eq!(stage.read("kept/latest.json"), last);
        if told {
            assert_eq!(shown.code, Some(1), "{}", shown.stderr);
            assert!(shown.stderr.contains("File too large"), "{}", shown.stderr);
            assert_eq!(kept(&stage), before, "nothing is left of it");
        } else {
            assert!(!output.status.success());
        }
    }
}
