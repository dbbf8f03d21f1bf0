//! The contract of the tool when it is stopped at any moment, by Ctrl-C or for good: it ends at once and takes its children along,
//! nothing is half-written, and the next run goes on as if nothing had been.
//!
//! ```console
//! $ FAULTS_CASES=50 cargo test -p course --test interrupted    # fifty times as many moments
//! ```
#![cfg(unix)]

mod tool;

use std::collections::BTreeSet;
use std::io::Read;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};
use std::{env, fs, thread};

use tool::mini::Mini;

/// How long it may take to end. It takes milliseconds; but a busy machine may keep it waiting.
const SOON: Duration = Duration::from_secs(10);

fn cases(usual: u64) -> u64 {
    usual * env::var("FAULTS_CASES").map_or(1, |times| times.parse().expect("a number"))
}

/// Sends a signal to the whole group of `child`, as a terminal does.
fn signal(child: &Child, name: &str) {
    let group = format!("-{}", child.id());
    let sent = Command::new("kill").args([name, "--", &group]).stderr(Stdio::null()).status();
    sent.expect("there is a kill"); // It fails if they have all ended by themselves.
}

/// Returns the processes in the group of `child`, but for those that have ended and wait to be heard of.
fn group(child: &Child) -> Vec<String> {
    let listed = Command::new("ps").args(["-eo", "pgid=,stat=,args="]).output().expect("there is a ps");
    let listed = String::from_utf8_lossy(&listed.stdout).into_owned();
    let of_group = |line: &&str| {
        let mut words = line.split_whitespace();
        words.next() == Some(&child.id().to_string())
            && words.next().is_some_and(|state| !state.starts_with('Z'))
    };
    listed.lines().filter(of_group).map(str::to_owned).collect()
}

/// Waits for the end, and that nobody of the group is left.
fn ends_soon(child: &mut Child) -> ExitStatus {
    let since = Instant::now();
    loop {
        if let Some(status) = child.try_wait().expect("it can be waited for")
            && group(child).is_empty()
        {
            return status;
        }
        assert!(since.elapsed() < SOON, "still there: {:?}", group(child));
        thread::sleep(Duration::from_millis(2));
    }
}

/// The files of the checkout that are not cargo's.
fn files(folder: &Path) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for entry in fs::read_dir(folder).expect("it is there").flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        if entry.path().is_dir() && name != "target" {
            found.extend(files(&entry.path()).into_iter().map(|below| format!("{name}/{below}")));
        } else if name != "Cargo.lock" && name != "target" {
            found.insert(name);
        }
    }
    found
}

/// Whatever was kept, is whole: it lists what has passed, or nothing.
fn progress_is_whole(mini: &Mini) {
    let path = mini.path().join("exercises/progress.toml");
    if path.exists() {
        let text = fs::read_to_string(&path).expect("it is text");
        assert!(text.contains("[passed]\nadd = \"") && text.ends_with("\"\n"), "{text:?}");
    }
}

/// Interrupts `check` at moments from the start of the build to after its end.
#[test]
fn check_is_stopped_at_any_moment_and_leaves_nothing_half_done() {
    for by in ["-INT", "-KILL"] {
        let mini = Mini::new(&format!("stopped{by}"));
        mini.right_answer();
        let whole = Instant::now();
        assert!(mini.run(&["check", "add"]).status.success());
        let whole = whole.elapsed(); // How long one takes with everything to build.
        let expected = files(mini.path());
        let cases = cases(4);
        for case in 0..cases {
            let _there_or_not = fs::remove_dir_all(mini.path().join("target"));
            let _there_or_not = fs::remove_file(mini.path().join("exercises/progress.toml"));
            let mut command = mini.course(&["check", "add"]);
            command.process_group(0).stdout(Stdio::null()).stderr(Stdio::null());
            let mut child = command.spawn().expect("it starts");
            thread::sleep(whole.mul_f64((case as f64 + 0.5) / cases as f64));
            signal(&child, by);
            let status = ends_soon(&mut child);
            let number = if by == "-INT" { 2 } else { 9 };
            assert!(status.success() || status.signal() == Some(number), "it has ended with {status}");
            progress_is_whole(&mini);
            let left: Vec<_> = files(mini.path()).difference(&expected).cloned().collect();
            // Killed in the moment between the two names of a file, the new one stays, where version control does not see it.
            assert!(left.iter().all(|file| file.starts_with("exercises/progress.toml.new-")), "{left:?}");
        }
        let output = mini.run(&["check", "add"]);
        assert!(output.status.success(), "the next one goes on: {}", tool::stderr(&output));
        progress_is_whole(&mini);
    }
}

/// Runs the tool to its end, and returns a function from a case to a moment: anywhere in that time, and up to half of it later.
fn moments(mini: &Mini, args: &[&str]) -> impl Fn(u64) -> Duration + use<> {
    let begin = Instant::now();
    assert!(mini.run(args).status.success());
    let whole = begin.elapsed();
    move |case| whole.mul_f64((case * 97 % 150) as f64 / 100.0)
}

/// Many at once write the file, while they are killed one by one: each finds a whole one.
#[test]
fn the_progress_file_is_whole_however_often_whoever_writes_it_is_killed() {
    let mini = Mini::new("killed-writers");
    let moment = moments(&mini, &["hint", "add", "1"]);
    fs::remove_file(mini.path().join("exercises/progress.toml")).expect("it was written");
    let mut begun = 0;
    for case in 0..cases(60) {
        let level = (case % 3 + 1).to_string();
        let mut command = mini.course(&["hint", "add", &level]);
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("it starts");
        thread::sleep(moment(case));
        let _ended_before = child.kill();
        let mut said = String::new();
        child.stderr.take().expect("it is piped").read_to_string(&mut said).expect("it is text");
        child.wait().expect("it ends");
        assert_eq!(said, "", "the file that it has found was not whole");
        let path = mini.path().join("exercises/progress.toml");
        if path.exists() {
            begun += 1;
            let text = fs::read_to_string(path).expect("it is text");
            let whole = (1..=3).any(|level| text.ends_with(&format!("\n[hints]\nadd = {level}\n")));
            assert!(whole, "{text:?}");
        }
    }
    assert!(begun > 0, "none has come so far as to write");
}

/// An answer is the learner's work: a reset that is killed leaves it in its place, or beside where it was; and no half of it or of the
/// stub.
#[test]
fn a_reset_that_is_killed_loses_no_answer() {
    let mini = Mini::new("killed-reset");
    let stub = mini.read("exercises/step1/add.rs");
    mini.right_answer();
    let moment = moments(&mini, &["reset", "add"]);
    fs::remove_file(mini.path().join("exercises/step1/add.rs.kept-1")).expect("it was kept");
    for case in 0..cases(60) {
        mini.right_answer();
        let mine = mini.read("exercises/step1/add.rs");
        let mut child = mini.course(&["reset", "add"]).stdout(Stdio::null()).spawn().expect("it starts");
        thread::sleep(moment(case));
        let _ended_before = child.kill();
        child.wait().expect("it ends");
        let text = fs::read_to_string(mini.path().join("exercises/step1/add.rs")).ok();
        let folder = mini.path().join("exercises/step1");
        let beside = fs::read_dir(&folder).expect("it is there").flatten().map(|entry| entry.path());
        let beside: Vec<_> =
            beside.filter(|path| path.extension().is_none_or(|extension| extension != "rs")).collect();
        // What has `.new-` in its name was about to become a file, and is none.
        let kept: Vec<_> = beside.iter().filter(|path| !path.to_string_lossy().contains(".new-")).collect();
        assert!(
            kept.iter().all(|path| fs::read_to_string(path).is_ok_and(|text| text == mine)),
            "half of one"
        );
        let is_mine = text.as_ref() == Some(&mine);
        let is_no_half = text.as_ref().is_none_or(|text| *text == stub);
        assert!(is_mine || is_no_half && !kept.is_empty(), "{text:?}");
        beside.iter().for_each(|path| fs::remove_file(path).expect("it is ours"));
    }
}

/// A demo is a process of its own, below cargo: it ends with them.
#[test]
fn ctrl_c_ends_a_demo_at_any_moment_and_the_next_run_works() {
    for demo in ["gather", "gil-cpu"] {
        let whole = Instant::now();
        tool::printed(&mut tool::course(&["demo", demo, "--plain"]));
        let whole = whole.elapsed().min(Duration::from_secs(3));
        let cases = cases(2);
        for case in 0..cases {
            let mut command = tool::course(&["demo", demo, "--plain"]);
            command.process_group(0).stdout(Stdio::null()).stderr(Stdio::null());
            let mut child = command.spawn().expect("it starts");
            thread::sleep(whole.mul_f64((case as f64 + 0.5) / cases as f64));
            signal(&child, "-INT");
            let status = ends_soon(&mut child);
            assert!(status.success() || status.signal() == Some(2), "it has ended with {status}");
        }
        tool::printed(&mut tool::course(&["demo", demo, "--plain", "--manual-clock"]));
    }
}

/// On a terminal, where Ctrl-C comes as a key, and a spinner turns.
#[test]
fn ctrl_c_on_a_terminal_ends_check_and_watch_and_leaves_the_terminal_as_it_was() {
    let mini = Mini::new("terminal");
    // Nobody writes to the pipe, so a build that reads it is not over before the key is pressed, however slow we are.
    let pipe = mini.path().join("pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().expect("there is a mkfifo").success());
    for (args, until) in [
        (&["check", "add"][..], "add: building"),
        (&["watch", "add"], "add: building"),
        (&["watch", "add"], "Waiting for you to save"),
    ] {
        let _there_or_not = fs::remove_dir_all(mini.path().join("target"));
        mini.right_answer();
        if until.ends_with("building") {
            let mine = mini.path().join("exercises/step1/add.rs");
            let text = fs::read_to_string(&mine).expect("it is there");
            fs::write(&mine, format!("{text}\nconst _: &str = include_str!({pipe:?});\n"))
                .expect("it is ours");
        }
        // A shell around it, as at home: it says when the terminal is its own again, and how that is set.
        let tool = mini.course(args);
        let line = format!(
            "stty -a > before; trap : INT; '{}' {}; echo \"code $?\"; stty -a > after; cmp before after && echo same",
            tool.get_program().display(),
            args.join(" ")
        );
        let mut shell = mini.course(&[]);
        let envs: Vec<_> = shell.get_envs().map(|(k, v)| (k.to_owned(), v.map(ToOwned::to_owned))).collect();
        shell = Command::new("sh");
        shell.args(["-c", &line]).current_dir(mini.path());
        for (name, value) in envs {
            shell.env(name, value.expect("nothing is removed"));
        }
        shell.env("TERM", "xterm"); // Where there is none, there is no spinner.
        let mut session = rexpect::session::spawn_command(shell, Some(120_000)).expect("there are terminals");
        session.exp_string(until).expect("it has come so far");
        session.send_control('c').expect("it is there");
        let before = session.exp_string("code 130").expect("it has ended, by the signal");
        assert!(!before.ends_with("\x1b[?25l"), "the cursor is hidden: {before:?}");
        session.exp_string("same").expect("the terminal is set as before");
        session.exp_eof().expect("it ends");
    }
    assert!(mini.run(&["check", "add"]).status.success());
}
