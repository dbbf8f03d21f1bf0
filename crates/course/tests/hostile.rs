//! The contract of the tool on files that are broken, huge or hostile: it says what is wrong and what to do, ends with an exit code
//! that is not 0, loses nothing, and writes nothing outside of the checkout.

mod tool;

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::Path;
use std::process::{Output, Stdio};
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use tool::mini::{Mini, stdout};
use tool::{Scratch, stderr};

const CATALOGUE: &str = "exercises/exercises.toml";
const PROGRESS: &str = "exercises/progress.toml";
const ANSWER: &str = "exercises/step1/add.rs";
const SOLUTION: &str = "exercises/solutions/add.rs";

/// Runs the tool to its end, which it has to come to, and not by a panic.
#[track_caller]
fn run(mini: &Mini, args: &[&str]) -> Output {
    let mut command = mini.course(args);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = command.spawn().expect("it starts");
    let (done, ended) = channel();
    thread::spawn(move || done.send(child.wait_with_output()));
    let output = ended.recv_timeout(Duration::from_secs(120));
    let output = output.unwrap_or_else(|_| panic!("{args:?} hangs")).expect("its output can be read");
    let said = stderr(&output);
    assert!(
        !said.contains("panicked") && output.status.code().is_some_and(|code| code != 101),
        "{args:?}: {said}"
    );
    output
}

/// Runs the tool, which refuses, and returns what it says: a few lines, none of which can do anything to a terminal.
#[track_caller]
fn refusal(mini: &Mini, args: &[&str]) -> String {
    let output = run(mini, args);
    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(3), "{args:?}: {said}{}", stdout(&output));
    assert!(said.starts_with("error: ") && said.lines().count() <= 2 && said.len() < 600, "{args:?}: {said}");
    assert!(!said.replace('\n', "").contains(char::is_control), "{args:?}: {said:?}");
    said
}

/// All files below a folder, by their paths; links are not followed.
fn tree(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => files.extend(tree(&path)),
            Ok(kind) if kind.is_file() => {
                drop(files.insert(path.display().to_string(), fs::read(&path).expect("it is ours")));
            }
            _ => {}
        }
    }
    files
}

/// A file of this size that takes no room.
fn huge(mini: &Mini, path: &str) {
    let file = File::create(mini.path().join(path)).expect("the folder is writable");
    file.set_len(200 << 20).expect("the file can be long");
}

fn write_bytes(mini: &Mini, path: &str, bytes: &[u8]) {
    fs::write(mini.path().join(path), bytes).expect("the folder is writable");
}

/// A folder with something in it in a file's place.
fn folder_instead(mini: &Mini, path: &str) {
    let _not_there = fs::remove_file(mini.path().join(path));
    mini.write(&format!("{path}/inside"), "mine");
}

/// Texts that a parser may stumble over.
fn broken_toml() -> Vec<Vec<u8>> {
    let texts = [
        "[passed]\nadd = \"9f3a".to_owned(),
        "[passed]\nadd = 7\n".to_owned(),
        "passed = \"add\"\n".to_owned(),
        "[hints]\nadd = \"2\"\n".to_owned(),
        "[hints]\nadd = 1\nadd = 2\n".to_owned(),
        "hints = [".repeat(100_000),
        format!("a = {}", "[".repeat(100_000)),
        format!("a = {}{}", "{b=".repeat(50_000), "}".repeat(50_000)),
        format!("[{}a]\n", "a.".repeat(5_000) + "\x1b[2J"),
        "\x1b[2J\x1b]0;title\x07 = 1\n".to_owned(),
        format!("{} 7\n", "x".repeat(3_000_000)),
        "\0".repeat(5_000),
    ];
    let more: [&[u8]; 3] = [b"\xff\xfe[\0p\0", b"[passed]\nadd = \"\xc3\"\n", b"\x7fELF\x02\x01\x01"];
    texts.into_iter().map(String::into_bytes).chain(more.map(<[u8]>::to_vec)).collect()
}

#[test]
fn a_progress_file_that_is_broken_in_any_way_is_set_aside_to_the_byte() {
    let mini = Mini::new("hostile-progress");
    for (n, bytes) in (1..).zip(broken_toml()) {
        write_bytes(&mini, PROGRESS, &bytes);
        let output = run(&mini, &["hint", "add", "1"]);
        let said = stderr(&output);
        assert_eq!(output.status.code(), Some(0), "{said}");
        let begin: String = String::from_utf8_lossy(&bytes).chars().take(40).collect();
        assert!(
            said.starts_with("note: exercises/progress.toml could not be understood ("),
            "{begin:?}: {said}"
        );
        assert!(
            said.ends_with(&format!("); it is now {PROGRESS}.broken-{n}, and a new one begins\n")),
            "{begin:?}: {said}"
        );
        assert!(said.len() < 1000 && !said.trim_end().contains(char::is_control), "{begin:?}: {said:?}");
        assert_eq!(fs::read(mini.path().join(format!("{PROGRESS}.broken-{n}"))).expect("it was kept"), bytes);
        assert!(mini.read(PROGRESS).ends_with("[hints]\nadd = 1\n"), "{}", mini.read(PROGRESS));
    }
}

#[test]
fn a_progress_file_of_200_mb_is_set_aside_unread() {
    let mini = Mini::new("huge-progress");
    huge(&mini, PROGRESS);
    let output = run(&mini, &["hint", "add"]);
    assert!(stderr(&output).contains("(it has more than 16 MiB); it is now"), "{}", stderr(&output));
    assert_eq!(
        fs::metadata(mini.path().join(format!("{PROGRESS}.broken-1"))).expect("it was kept").len(),
        200 << 20
    );
}

#[test]
fn what_is_no_file_in_the_place_of_the_progress_file_is_left_alone() {
    let mini = Mini::new("no-progress-file");
    folder_instead(&mini, PROGRESS);
    let said = refusal(&mini, &["hint", "add"]);
    assert_eq!(
        said,
        "error: cannot read exercises/progress.toml: it is a folder; move it away, and a new one begins\n"
    );
    assert_eq!(mini.read("exercises/progress.toml/inside"), "mine");
}

/// `watch` had read the file when it began. When an exercise passed, it wrote that and what it had read: all that other tools had
/// written meanwhile was gone.
#[test]
fn what_another_tool_has_written_meanwhile_stays() {
    use std::io::{BufRead, BufReader};
    let mini = Mini::new("two-tools");
    let mut child = mini.course(&["watch", "add"]).stdout(Stdio::piped()).spawn().expect("it starts");
    let mut lines = BufReader::new(child.stdout.take().expect("it is piped")).lines().map_while(Result::ok);
    let mut until =
        |begin: &str| assert!(lines.any(|line| line.starts_with(begin)), "watch ended before {begin:?}");
    until("Waiting for you to save");
    assert!(mini.run(&["hint", "double", "2"]).status.success());
    mini.right_answer();
    until("passed   add");
    child.kill().expect("it still runs");
    child.wait().expect("it ends");
    let kept = mini.read(PROGRESS);
    assert!(kept.contains("double = 2") && kept.contains("[passed]\nadd = "), "{kept}");
}

#[test]
fn tools_that_write_at_once_take_nothing_from_each_other() {
    let mini = Mini::new("many-tools");
    // A catalogue of many exercises: each tool keeps the hint of its own.
    let exercise = |n: usize| {
        format!(
            "[[exercises]]\nid = \"e{n}\"\nstep = 1\ndifficulty = 1\nminutes = 1\ntitle = \"t\"\ngoal = \"g\"\nhints = [\"\", \"\", \"\"]\ncontract = [{{ check = \"c\", says = \"s\" }}]\n"
        )
    };
    mini.write(CATALOGUE, &(0..24).map(exercise).collect::<String>());
    let start = |n: usize| {
        mini.course(&["hint", &format!("e{n}"), "3"]).stdout(Stdio::null()).spawn().expect("it starts")
    };
    let children: Vec<_> = (0..24).map(start).collect();
    for mut child in children {
        assert!(child.wait().expect("it ends").success());
    }
    let kept = mini.read(PROGRESS);
    assert!((0..24).all(|n| kept.contains(&format!("\ne{n} = 3\n"))), "{kept}");
    let left: Vec<String> =
        tree(&mini.path().join("exercises")).into_keys().filter(|path| path.contains("toml.new")).collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn a_catalogue_that_is_broken_in_any_way_is_refused_in_a_line_and_with_what_to_do() {
    let mini = Mini::new("hostile-catalogue");
    let advice = "\nexercises/exercises.toml comes with the course: `git checkout exercises/exercises.toml` brings it back\n";
    for bytes in broken_toml() {
        write_bytes(&mini, CATALOGUE, &bytes);
        let said = refusal(&mini, &["list"]);
        assert!(said.contains("exercises/exercises.toml") && said.ends_with(advice), "{said}");
    }
    huge(&mini, CATALOGUE);
    let said = refusal(&mini, &["check", "add"]);
    assert!(
        said.starts_with("error: cannot read exercises/exercises.toml: it has more than 16 MiB\n"),
        "{said}"
    );
    folder_instead(&mini, CATALOGUE);
    assert!(refusal(&mini, &[]).starts_with("error: cannot read exercises/exercises.toml: it is a folder\n"));
}

/// There was no such file, and `check add` said "there is no exercise `add`; there are: ".
#[test]
fn a_missing_catalogue_is_said_so() {
    let mini = Mini::new("no-catalogue");
    fs::remove_file(mini.path().join(CATALOGUE)).expect("it is there");
    for args in [&[][..], &["list"], &["check", "add"], &["reset", "all"]] {
        assert!(refusal(&mini, args).starts_with("error: cannot read exercises/exercises.toml: "));
    }
}

/// An id is a part of a path: `reset` wrote a stub wherever `../` led to.
#[test]
fn an_id_that_would_lead_elsewhere_is_refused_before_anything_is_written() {
    let mini = Mini::new("hostile-ids");
    let sound = mini.read(CATALOGUE);
    let before = tree(mini.path());
    let ids = [
        "../../../add",
        "..",
        ".",
        "",
        "a/b",
        "/etc/add",
        "a\\\\b",
        "C:add",
        "-add",
        "--all",
        "a b",
        "a\\u0000b",
        "a\\u001b[2Jb",
        "all",
        "step1",
        "ädd",
        "add\\n",
    ];
    for id in ids {
        mini.write(CATALOGUE, &sound.replace("id = \"add\"", &format!("id = \"{id}\"")));
        for args in [&["reset", "all"][..], &["list"], &["check", "all"]] {
            let said = refusal(&mini, args);
            assert!(said.starts_with("error: exercises/exercises.toml is not right: "), "{id}: {said}");
        }
    }
    mini.write(CATALOGUE, &sound);
    assert_eq!(tree(mini.path()), before);
}

#[test]
fn a_catalogue_that_means_nothing_is_refused() {
    let mini = Mini::new("senseless-catalogue");
    let sound = mini.read(CATALOGUE);
    for (from, to, why) in [
        ("id = \"double\"", "id = \"add\"", "the exercise `add` is there twice"),
        (
            "difficulty = 2",
            "difficulty = 0",
            "the exercise `double` has the difficulty 0; there are 1, 2 and 3",
        ),
        (
            "difficulty = 2",
            "difficulty = 250",
            "the exercise `double` has the difficulty 250; there are 1, 2 and 3",
        ),
        ("difficulty = 2", "difficulty = -1", "line 24: "),
        (
            "[{ check = \"two_becomes_four\", says = \"Two becomes four.\" }]",
            "[]",
            "the exercise `double` has no contract, so that any answer would pass",
        ),
        (
            "two_becomes_four",
            "--list",
            "the exercise `double` has a check `--list`, which is no name of a function",
        ),
        ("Double a number", "Double\\ta\\nnumber", "the exercise `double` has a title of more than a line"),
        ("\"W1-no-carry\"]", "\"../W1\"]", "`../W1` is no code of a misconception: "),
    ] {
        assert!(sound.contains(from), "{from}");
        mini.write(CATALOGUE, &sound.replace(from, to));
        let said = refusal(&mini, &["check", "double"]);
        assert!(said.starts_with(&format!("error: exercises/exercises.toml is not right: {why}")), "{said}");
    }
}

#[test]
fn a_solution_whose_marks_are_broken_is_named_with_its_line_and_touches_no_answer() {
    let mini = Mini::new("hostile-marks");
    mini.answer("300");
    let (sound, mine) = (mini.read(SOLUTION), mini.read(ANSWER));
    let begin = "    // BEGIN SOLUTION: add them\n";
    let end = "    // END SOLUTION\n";
    for (broken, what) in [
        (sound.replace(end, ""), "line 4: the region that begins here does not end"),
        (sound.replace(begin, ""), "line 5: a region ends that has not begun"),
        (sound.replace(begin, &begin.repeat(2)), "line 4: the region that begins here does not end"),
        (sound.replace(end, &end.repeat(2)), "line 7: a region ends that has not begun"),
        (
            sound.replace(": add them", ""),
            "line 4: say what is to do, as in `// BEGIN SOLUTION: wake the reader`",
        ),
    ] {
        assert_ne!(broken, sound);
        mini.write(SOLUTION, &broken);
        for args in [&["reset", "add"][..], &["list"], &[]] {
            let said = refusal(&mini, args);
            let advice = "exercises/solutions/add.rs comes with the course: `git checkout exercises/solutions/add.rs` brings it back";
            assert_eq!(said, format!("error: exercises/solutions/add.rs: {what}\n{advice}\n"));
        }
        assert_eq!(mini.read(ANSWER), mine);
    }
}

#[test]
fn a_solution_that_cannot_be_read_is_named_and_touches_no_answer() {
    let mini = Mini::new("hostile-solution");
    mini.answer("300");
    let mine = mini.read(ANSWER);
    let assert_refused = |why: &str| {
        let said = refusal(&mini, &["reset", "add"]);
        assert!(said.starts_with(&format!("error: cannot read exercises/solutions/add.rs: {why}")), "{said}");
        assert_eq!(mini.read(ANSWER), mine);
    };
    write_bytes(&mini, SOLUTION, b"//! Adds.\n\xff\n");
    assert_refused("it is not UTF-8 from byte 10 on\n");
    huge(&mini, SOLUTION);
    assert_refused("it has more than 16 MiB\n");
    folder_instead(&mini, SOLUTION);
    assert_refused("it is a folder\n");
    fs::remove_dir_all(mini.path().join(SOLUTION)).expect("it is ours");
    assert_refused("");
}

#[test]
fn line_ends_of_another_system_are_no_difference() {
    let mini = Mini::new("line-ends");
    for path in [SOLUTION, ANSWER, CATALOGUE] {
        let text = mini.read(path).replace('\n', "\r\n");
        mini.write(path, &text);
    }
    let listed = stdout(&run(&mini, &["list"]));
    assert!(listed.contains("exercise\tadd\tstep1\tnew\t"), "{listed}");
    assert_eq!(stdout(&run(&mini, &["reset", "add"])), "exercises/step1/add.rs is as it came\n");
}

/// A file with one byte that is no UTF-8, as editors of old write umlauts, was taken for none: `reset` wrote over it.
#[test]
fn an_answer_that_is_no_text_is_kept_by_reset_to_the_byte() {
    let mini = Mini::new("answer-bytes");
    let stub = mini.read(ANSWER);
    for (n, mine) in (1..).zip([&b"// M\xfcller\nfn add() {}\n"[..], b"", b"\0\0\0", b"\xff\xfe"]) {
        write_bytes(&mini, ANSWER, mine);
        let listed = stdout(&run(&mini, &["list"]));
        assert!(listed.contains("exercise\tadd\tstep1\tbegun\t"), "{listed}");
        let kept = format!("{ANSWER}.kept-{n}");
        assert_eq!(
            stdout(&run(&mini, &["reset", "add"])),
            format!("{ANSWER} is as it came again; yours is {kept}\n")
        );
        assert_eq!(fs::read(mini.path().join(kept)).expect("it was kept"), mine);
        assert_eq!(mini.read(ANSWER), stub);
    }
}

#[test]
fn whatever_stands_in_an_answers_place_is_kept_by_reset() {
    let mini = Mini::new("answer-place");
    let stub = mini.read(ANSWER);
    folder_instead(&mini, ANSWER);
    assert!(run(&mini, &["reset", "add"]).status.success());
    assert_eq!(
        (mini.read(ANSWER), mini.read("exercises/step1/add.rs.kept-1/inside")),
        (stub.clone(), "mine".to_owned())
    );
    huge(&mini, ANSWER);
    assert!(run(&mini, &["reset", "add"]).status.success());
    assert_eq!(mini.read(ANSWER), stub);
    assert_eq!(
        fs::metadata(mini.path().join("exercises/step1/add.rs.kept-2")).expect("it was kept").len(),
        200 << 20
    );
    fs::remove_file(mini.path().join(ANSWER)).expect("it is there");
    assert_eq!(stdout(&run(&mini, &["reset", "add"])), "exercises/step1/add.rs is as it came again\n");
}

/// Cargo builds no target of a package of which one is missing: each exercise failed, with cargo's words about another one.
#[test]
fn an_answer_that_is_missing_is_named_whatever_exercise_is_checked() {
    let mini = Mini::new("answer-missing");
    mini.right_answer();
    fs::remove_file(mini.path().join("exercises/step2/double.rs")).expect("it is there");
    for args in [
        &["check", "add"][..],
        &["check", "double"],
        &["check", "all"],
        &["watch", "add"],
        &["diff", "double"],
    ] {
        let said = refusal(&mini, args);
        assert!(
            said.contains("exercises/step2/double.rs")
                && said.contains("`cargo course reset double` brings it"),
            "{said}"
        );
    }
    assert!(run(&mini, &["reset", "double"]).status.success());
    assert!(run(&mini, &["check", "add"]).status.success());
}

#[test]
fn an_answer_that_is_no_text_does_not_compile() {
    let mini = Mini::new("answer-compiles");
    write_bytes(&mini, ANSWER, b"// M\xfcller\nfn add() {}\n");
    let output = run(&mini, &["check", "add"]);
    assert_eq!(output.status.code(), Some(4), "{}", stderr(&output));
    assert!(stdout(&output).contains("exercises/step1/add.rs does not compile"), "{}", stdout(&output));
}

/// All that an answer printed was kept and shown, whatever it was: a loop that prints filled the memory, then the terminal.
#[test]
fn of_an_answer_that_prints_without_end_the_beginning_is_shown() {
    let mini = Mini::new("prints");
    let print = "let line = \"x\".repeat(2000);\n    for _ in 0..15_000 { println!(\"{line}\"); }";
    mini.answer(&format!("{print}\n    u16::from(a) + u16::from(b)"));
    let output = run(&mini, &["check", "add"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    mini.answer(&format!("{print}\n    panic!(\"{{}}\", \"long \".repeat(1_000_000))"));
    let output = run(&mini, &["check", "add"]);
    let text = stdout(&output);
    assert_eq!(output.status.code(), Some(4));
    assert!(
        text.contains("\n    long long") && text.contains("\n    ... and ") && text.len() < 300_000,
        "{} bytes",
        text.len()
    );
}

#[test]
fn a_chapter_with_broken_questions_is_named_with_the_line() {
    let mini = Mini::new("hostile-chapter");
    let sound = "# One\n\n## Explain it\n\n1. What?\n\n   <details>\n   <summary>A good answer says</summary>\n\n   - that\n\n   </details>\n";
    let quiz = |text: &str| {
        mini.write("chapters/01-one.md", text);
        run(&mini, &["quiz", "1", "--answers"])
    };
    assert!(stdout(&quiz(sound)).contains("1. What?\n\n   - that\n"));
    assert!(stdout(&quiz(&sound.replace('\n', "\r\n"))).contains("1. What?\n\n   - that\n"));
    for (broken, line) in [
        (sound.replace("   </details>\n", ""), 3),
        (sound.replace("   </details>\n", "   ```text\n   </details>\n"), 11),
        (sound.replace("<details>", "<details><details>"), 3),
        (sound.replace("   - that\n", ""), 11),
        (sound.replace("1. What?", "99999999999999999999999. What?"), 5),
        (format!("# One\n\n## Explain it\n{}", "\n1. What?\n".repeat(100_000)), 6),
    ] {
        let output = quiz(&broken);
        let said = stderr(&output);
        assert_eq!(output.status.code(), Some(3), "{said}{}", stdout(&output));
        assert!(said.starts_with("error: chapters/01-one.md:") && said.len() < 300, "{said}");
        let at: usize = said.split(':').nth(2).and_then(|at| at.parse().ok()).expect("it names the line");
        assert!(at >= line && at <= broken.lines().count(), "{said}");
    }
    for empty in ["", "# One\n\n```text\n## Explain it\n", "\n\n\n"] {
        let output = quiz(empty);
        assert_eq!(output.status.code(), Some(2));
        assert!(stderr(&output).contains("no questions: no heading \"Explain it\""), "{}", stderr(&output));
    }
    huge(&mini, "chapters/01-one.md");
    assert!(
        refusal(&mini, &["quiz", "all"])
            .starts_with("error: cannot read chapters/01-one.md: it has more than 16 MiB\n")
    );
    write_bytes(&mini, "chapters/01-one.md", b"# \xff\n");
    assert!(
        refusal(&mini, &["quiz", "1"])
            .starts_with("error: cannot read chapters/01-one.md: it is not UTF-8 from byte 2 on\n")
    );
    folder_instead(&mini, "chapters/01-one.md");
    assert!(
        refusal(&mini, &["quiz", "1"]).starts_with("error: cannot read chapters/01-one.md: it is a folder\n")
    );
}

/// Numbers as random as a test needs, and the same each time.
struct Noise(u64);

impl Noise {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % limit.max(1)
    }

    /// Changes a few bytes, or takes some out, or doubles some.
    fn spoil(&mut self, text: &str) -> Vec<u8> {
        let mut bytes = text.as_bytes().to_vec();
        for _ in 0..=self.below(4) {
            let (from, len) = (self.below(bytes.len()), self.below(60));
            let to = (from + len).min(bytes.len());
            match self.below(5) {
                0 => drop(bytes.drain(from..to)),
                1 => drop(bytes.splice(from..from, bytes[from..to].to_vec())),
                2 => bytes.truncate(to),
                3 => bytes[from..to].reverse(),
                _ => bytes[from..to].iter_mut().for_each(|byte| *byte = self.below(256) as u8),
            }
        }
        bytes
    }
}

/// Four files, each spoilt in 60 ways: whatever is in them, the tool ends as it promises, and writes in the checkout alone.
#[test]
fn garbage_in_any_file_is_refused_or_set_aside_and_nothing_outside_is_touched() {
    let outside = Scratch::new("garbage-outside");
    fs::write(outside.path().join("mine"), "mine").expect("the folder is writable");
    let mini = Mini::new("garbage");
    mini.write(PROGRESS, "[passed]\nadd = \"0\"\n\n[hints]\ndouble = 2\n");
    mini.write("chapters/01-one.md", "# One\n\n## Explain it\n\n1. What?\n\n   <details>\n   <summary>A good answer says</summary>\n\n   - that\n\n   </details>\n");
    let mut noise = Noise(8);
    for path in [PROGRESS, CATALOGUE, SOLUTION, "chapters/01-one.md"] {
        let sound = mini.read(path);
        for _ in 0..60 {
            let bytes = noise.spoil(&sound);
            write_bytes(&mini, path, &bytes);
            for args in [&[][..], &["list", "--json"], &["hint", "add"], &["reset", "all"], &["quiz", "all"]]
            {
                let output = run(&mini, args);
                let (code, said) = (output.status.code(), stderr(&output));
                assert!(
                    matches!(code, Some(0 | 2 | 3)),
                    "{args:?} on {path}: {code:?}: {said}\n{}",
                    String::from_utf8_lossy(&bytes)
                );
                assert_eq!(code == Some(0), !said.starts_with("error: "), "{args:?} on {path}: {said}");
            }
        }
        mini.write(path, &sound);
    }
    assert_eq!(tree(outside.path()).len(), 1);
    let names = fs::read_dir(mini.path())
        .expect("it is there")
        .flatten()
        .map(|entry| entry.file_name().into_string());
    let mut names: Vec<String> = names.map(|name| name.expect("names are text")).collect();
    names.sort();
    assert_eq!(names, ["Cargo.toml", "chapters", "crates", "exercises"]);
}

#[cfg(unix)]
mod links_and_pipes {
    use std::os::unix::fs::symlink;
    use std::process::Command;

    use super::*;

    fn link(mini: &Mini, path: &str, to: &Path) {
        let path = mini.path().join(path);
        let _not_there = fs::remove_file(&path);
        symlink(to, path).expect("links can be made");
    }

    #[test]
    fn a_linked_progress_file_is_read_and_replaced_and_what_it_leads_to_stays() {
        let (mini, outside) = (Mini::new("linked-progress"), Scratch::new("linked-progress-outside"));
        let target = outside.path().join("mine.toml");
        fs::write(&target, "[hints]\nadd = 2\n").expect("the folder is writable");
        link(&mini, PROGRESS, &target);
        assert!(stdout(&run(&mini, &["hint", "add"])).starts_with("Hint 3 of 3"));
        assert_eq!(fs::read_to_string(&target).expect("it is there"), "[hints]\nadd = 2\n");
        assert!(mini.read(PROGRESS).ends_with("[hints]\nadd = 3\n"));
        // One that leads nowhere is no file.
        link(&mini, PROGRESS, &outside.path().join("nowhere"));
        assert!(stdout(&run(&mini, &["hint", "add"])).starts_with("Hint 1 of 3"));
        assert!(!outside.path().join("nowhere").exists());
    }

    /// `reset` wrote the stub through the link.
    #[test]
    fn a_linked_answer_is_set_aside_by_reset_and_what_it_leads_to_stays() {
        let (mini, outside) = (Mini::new("linked-answer"), Scratch::new("linked-answer-outside"));
        let stub = mini.read(ANSWER);
        let target = outside.path().join("mine.rs");
        fs::write(&target, "// mine\n").expect("the folder is writable");
        link(&mini, ANSWER, &target);
        assert!(run(&mini, &["reset", "add"]).status.success());
        assert_eq!(fs::read_to_string(&target).expect("it is there"), "// mine\n");
        assert_eq!(
            (mini.read(ANSWER), mini.read("exercises/step1/add.rs.kept-1")),
            (stub, "// mine\n".to_owned())
        );
        // The free name is free even if a link that leads nowhere has it.
        symlink(outside.path().join("nowhere"), mini.path().join("exercises/step1/add.rs.kept-2"))
            .expect("links can be made");
        mini.answer("300");
        assert!(stdout(&run(&mini, &["reset", "add"])).ends_with("yours is exercises/step1/add.rs.kept-3\n"));
        assert!(!outside.path().join("nowhere").exists());
    }

    /// Whoever opens a pipe waits for somebody at its other end, and a device may never end.
    #[test]
    fn pipes_and_devices_are_not_opened() {
        let mini = Mini::new("pipes");
        for path in [PROGRESS, CATALOGUE, SOLUTION] {
            let sound = fs::read(mini.path().join(path)).ok();
            let _not_there = fs::remove_file(mini.path().join(path));
            assert!(
                Command::new("mkfifo")
                    .arg(mini.path().join(path))
                    .status()
                    .expect("there is a mkfifo")
                    .success()
            );
            let said = refusal(&mini, &["list"]);
            assert!(said.starts_with(&format!("error: cannot read {path}: it is no regular file")), "{said}");
            link(&mini, path, Path::new("/dev/zero"));
            let said = refusal(&mini, &["list"]);
            assert!(said.starts_with(&format!("error: cannot read {path}: it is no regular file")), "{said}");
            fs::remove_file(mini.path().join(path)).expect("it is ours");
            sound.into_iter().for_each(|sound| write_bytes(&mini, path, &sound));
        }
        link(&mini, ANSWER, Path::new("/dev/zero"));
        assert!(stdout(&run(&mini, &["list"])).contains("exercise\tadd\tstep1\tbegun\t"));
        assert!(run(&mini, &["reset", "add"]).status.success());
    }
}
