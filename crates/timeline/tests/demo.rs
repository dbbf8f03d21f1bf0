//! A demo program as a process of its own: what it prints, what it writes, how it ends.
//!
//! This test starts itself with `DEMO` set, and is then the demo.

use std::{
    env, fs,
    path::PathBuf,
    process::{Command, Output, Stdio},
    time::Duration,
};

use timeline::{
    Timeline,
    demo::{Stage, Time, say},
};

fn main() {
    if env::var_os("DEMO").is_some() {
        return demo();
    }
    plain_prints_the_programs_own_lines_only();
    by_hand_the_picture_and_the_total_are_always_the_same();
    in_earnest_the_time_is_waited_for();
    what_takes_its_time_takes_it_by_hand_too_and_says_so();
    colours_are_for_terminals_unless_asked_for();
    the_files_asked_for_are_written();
    a_file_that_cannot_be_written_is_named();
    help_lists_every_option();
    an_option_that_makes_no_sense_ends_it_with_2();
    a_reader_that_goes_away_ends_it_quietly();
}

fn demo() {
    let stage = Stage::from_args();
    let stage = if env::var_os("REAL_TIME").is_some() { stage.in_real_time() } else { stage };
    let time = Time::for_stage(&stage);
    let clock = time.clone();
    let answer = stage.play(
        move || clock.now(),
        || {
            say("Reading a file...");
            time.sleep(Duration::from_millis(20));
            say("File read.");
            42
        },
    );
    assert_eq!(answer, 42);
}

fn command(args: &[&str]) -> Command {
    let mut command = Command::new(env::current_exe().expect("this is a program"));
    command.args(args).env("DEMO", "1").env("COLUMNS", "60").env_remove("NO_COLOR");
    command
}

fn run(args: &[&str]) -> Output {
    command(args).output().expect("it starts")
}

fn out(args: &[&str]) -> String {
    let output = run(args);
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).expect("it prints UTF-8")
}

fn plain_prints_the_programs_own_lines_only() {
    assert_eq!(out(&["--plain", "--manual-clock"]), "Reading a file...\nFile read.\n");
}

fn by_hand_the_picture_and_the_total_are_always_the_same() {
    let expected = "\
Reading a file...
File read.

             0 ms      5 ms       10 ms       15 ms    20 ms
             '           '          '           '          '
thread main  |_____________________________________________|

| runs for a moment   _ parked (asleep)

1   0.000 ms  main  starts
2             main  says \"Reading a file...\"
3             main  parks for 20 ms at most
4  20.000 ms  main  wakes up
5             main  says \"File read.\"
6             main  ends

total: 0.020 s (manual clock)
";
    assert_eq!(out(&["--manual-clock"]), expected);
}

fn in_earnest_the_time_is_waited_for() {
    let out = out(&["--width", "80"]);
    let total = out.lines().next_back().expect("it prints").strip_prefix("total: ").expect("a total");
    let seconds: f64 = total.strip_suffix(" s").expect("in seconds").parse().expect("a number");
    assert!(seconds >= 0.020, "{total}");
}

fn what_takes_its_time_takes_it_by_hand_too_and_says_so() {
    let run = |args: &[&str]| command(args).env("REAL_TIME", "1").output().expect("it starts");
    let output = run(&["--manual-clock"]);
    assert!(output.status.success(), "{output:?}");
    assert_eq!(String::from_utf8_lossy(&output.stderr).lines().count(), 1, "{output:?}");
    assert!(!String::from_utf8_lossy(&output.stdout).contains("(manual clock)"), "{output:?}");
    assert!(run(&[]).stderr.is_empty(), "nobody has asked for it");
}

fn colours_are_for_terminals_unless_asked_for() {
    assert!(!out(&["--manual-clock"]).contains('\x1b'));
    assert!(out(&["--manual-clock", "--color", "always"]).contains('\x1b'));
}

fn the_files_asked_for_are_written() {
    let [svg, json, chrome] = ["svg", "json", "chrome"].map(file);
    let args = ["--manual-clock", "--plain", "--svg", &svg, "--json", &json, "--chrome", &chrome];
    assert_eq!(out(&args), "Reading a file...\nFile read.\n");

    let read = |file: &str| fs::read_to_string(file).expect("it was written");
    let timeline = Timeline::from_json(&read(&json)).expect("it is a timeline");
    assert_eq!(timeline.notes(), ["Reading a file...", "File read."]);
    assert_eq!(timeline.parks(), 1);
    assert_eq!(read(&svg), timeline.svg());
    assert_eq!(read(&chrome), timeline.chrome_json());
    for file in [svg, json, chrome] {
        fs::remove_file(file).expect("it was written");
    }
}

/// A file of this process's own, in the folder that cargo gives to tests.
fn file(name: &str) -> String {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    folder.join(format!("demo-{}.{name}", std::process::id())).display().to_string()
}

fn a_file_that_cannot_be_written_is_named() {
    let output = run(&["--manual-clock", "--svg", "no/such/folder/a.svg"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).starts_with("cannot write no/such/folder/a.svg: "));
}

fn help_lists_every_option() {
    let help = out(&["--help"]);
    for option in ["--plain", "--manual-clock", "--width", "--color", "--svg", "--json", "--chrome", "--help"]
    {
        assert!(help.contains(option), "{option}");
    }
}

fn an_option_that_makes_no_sense_ends_it_with_2() {
    let output = run(&["--fast"]);
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(said, "unknown option `--fast` (--help lists the options)\n");
    assert!(output.stdout.is_empty());
}

fn a_reader_that_goes_away_ends_it_quietly() {
    let mut child = command(&[]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("it ends");
    assert!(output.status.success(), "{output:?}");
    assert!(output.stderr.is_empty(), "{output:?}");
}
