//! The contract of the verbs on exercises when something around them is wrong: one clear message, nothing lost, nothing left behind.

mod tool;

use tool::mini::{Mini, stdout};
use tool::stderr;

#[test]
fn a_missing_cargo_is_said_so_and_what_needs_none_still_works() {
    let mini = Mini::new("no-cargo");
    let run = |args: &[&str]| {
        mini.course(args).env_remove("CARGO").env("PATH", "").output().expect("the tool itself starts")
    };
    for args in [&["check", "add"][..], &["check", "add", "--json"], &["watch", "add"], &["diff", "add"]] {
        let output = run(args);
        assert_eq!(output.status.code(), Some(3), "{args:?}: {}", stderr(&output));
        assert!(stderr(&output).starts_with("error: cannot start cargo: "), "{args:?}: {}", stderr(&output));
        assert!(stderr(&output).ends_with("; is Rust installed?\n"), "{args:?}: {}", stderr(&output));
    }
    let diff = stdout(&run(&["diff", "add"]));
    assert!(diff.contains("\n+     u16::from(a) + u16::from(b)\n"), "the code can be compared: {diff}");
    for args in [&[][..], &["list"], &["hint", "add"], &["reset", "add"]] {
        let output = run(args);
        assert_eq!(output.status.code(), Some(0), "{args:?}: {}", stderr(&output));
    }
}

#[test]
fn what_cargo_says_when_it_cannot_build_at_all_is_passed_on() {
    let mini = Mini::new("no-manifest");
    mini.write("exercises/Cargo.toml", "[package]\nname = \"exercises\"\nedition = \"1815\"\n");
    let output = mini.run(&["check", "add"]);
    assert_eq!(output.status.code(), Some(3), "that is no answer's fault: {}", stdout(&output));
    let said = stderr(&output);
    assert!(said.starts_with("error: cargo failed (") && said.contains("1815"), "{said}");
}

#[test]
fn a_check_that_is_missing_is_said_so() {
    let mini = Mini::new("no-checks");
    mini.write("exercises/step1/add.rs", "fn main() {}\n");
    let output = mini.run(&["check", "add"]);
    assert_eq!(output.status.code(), Some(3));
    assert!(stderr(&output).contains("there is no check `small_numbers_add_up`"), "{}", stderr(&output));
}

#[test]
fn an_answer_that_is_right_passes_even_if_that_cannot_be_kept() {
    let mini = Mini::new("not-kept");
    // A folder in the file's place, made after it was read: nobody can write that, root included.
    mini.answer(
        "std::fs::create_dir_all(\"exercises/progress.toml/in-the-way\").unwrap();\n    u16::from(a) + u16::from(b)",
    );
    let output = mini.run(&["check", "add"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert!(stdout(&output).starts_with("passed   add: "), "{}", stdout(&output));
    let note = "note: that add has passed is not kept: cannot write exercises/progress.toml: ";
    assert!(stderr(&output).starts_with(note), "{}", stderr(&output));

    let output = mini.run(&["check", "add"]);
    assert_eq!(output.status.code(), Some(3));
    assert!(
        stderr(&output).starts_with("error: cannot read exercises/progress.toml: "),
        "{}",
        stderr(&output)
    );
}

#[test]
fn a_reset_that_cannot_write_says_so() {
    let mini = Mini::new("reset-blocked");
    let folder = mini.path().join("exercises/step1");
    std::fs::remove_dir_all(&folder).expect("it is there");
    std::fs::write(&folder, "no folder").expect("the folder above is writable");
    let output = mini.run(&["reset", "add"]);
    assert_eq!(output.status.code(), Some(3));
    let said = stderr(&output);
    assert!(said.starts_with("error: cannot ") && said.contains("exercises/step1"), "{said}");
}

#[cfg(unix)]
mod on_unix {
    use std::fs::{self, File, Permissions};
    use std::io::{BufRead, BufReader, Read};
    use std::os::unix::fs::{MetadataExt, PermissionsExt};
    use std::os::unix::process::{CommandExt, ExitStatusExt};
    use std::path::Path;
    use std::process::{Command, Output, Stdio};

    use super::*;

    /// Runs the tool as somebody who may write nothing in the checkout. Permissions mean nothing to root, so root becomes
    /// nobody, with a copy of the tool where nobody may read it.
    fn run_without_permission(mini: &Mini, args: &[&str]) -> Output {
        let is_root = fs::metadata(mini.path()).expect("it is there").uid() == 0;
        let tool = mini.path().join("tool");
        fs::copy(env!("CARGO_BIN_EXE_course"), &tool).expect("the folder is writable");
        let mut command = Command::new(tool);
        command.args(args).current_dir(mini.path());
        if is_root {
            command.uid(65534).gid(65534);
        }
        permit(mini.path(), 0o555, 0o444);
        let output = command.output();
        permit(mini.path(), 0o755, 0o644);
        output.expect("it starts")
    }

    /// Sets the permissions of a folder and of all that is in it.
    fn permit(path: &Path, folder: u32, file: u32) {
        let is_folder = path.is_dir();
        let is_tool = path.ends_with("tool");
        let mode = Permissions::from_mode(if is_folder || is_tool { folder } else { file });
        fs::set_permissions(path, mode).expect("it is ours");
        if is_folder {
            for entry in fs::read_dir(path).expect("it can be read").flatten() {
                permit(&entry.path(), folder, file);
            }
        }
    }

    #[test]
    fn a_hint_is_shown_where_nothing_may_be_written() {
        let mini = Mini::new("read-only-hint");
        let output = run_without_permission(&mini, &["hint", "add"]);
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        assert!(stdout(&output).starts_with("Hint 1 of 3"), "{}", stdout(&output));
        let note = "note: which hint you have seen is not kept: cannot write exercises/progress.toml: Permission denied";
        assert!(stderr(&output).starts_with(note), "{}", stderr(&output));
    }

    #[test]
    fn a_reset_where_nothing_may_be_written_leaves_the_answer_alone() {
        let mini = Mini::new("read-only-reset");
        mini.answer("300");
        let mine = mini.read("exercises/step1/add.rs");
        let output = run_without_permission(&mini, &["reset", "add"]);
        assert_eq!(output.status.code(), Some(3));
        let error = "error: cannot keep exercises/step1/add.rs: Permission denied";
        assert!(stderr(&output).starts_with(error), "{}", stderr(&output));
        assert_eq!(mini.read("exercises/step1/add.rs"), mine);
    }

    /// Starts `check add`, waits until something in it says "ready" in the named pipe `pipe`, and does what Ctrl-C at a terminal
    /// does: it sends the signal to the whole group. Returns when nobody is left who has the pipe.
    fn interrupt(mini: &Mini, set_up: impl FnOnce(&mut Command)) {
        let pipe = mini.path().join("pipe");
        assert!(Command::new("mkfifo").arg(&pipe).status().expect("there is a mkfifo").success());
        mini.write("exercises/progress.toml", "[hints]\nadd = 2\n");
        let mut command = mini.course(&["check", "add"]);
        command.process_group(0).stdout(Stdio::null()).stderr(Stdio::null());
        set_up(&mut command);
        let mut child = command.spawn().expect("it starts");
        let mut pipe = BufReader::new(File::open(&pipe).expect("somebody opens the other end"));
        let mut line = String::new();
        pipe.read_line(&mut line).expect("a pipe can be read");
        assert_eq!(line, "ready\n");

        let group = format!("-{}", child.id());
        assert!(
            Command::new("kill").args(["-INT", "--", &group]).status().expect("there is a kill").success()
        );
        assert_eq!(child.wait().expect("it ends").signal(), Some(2));
        pipe.read_to_end(&mut Vec::new()).expect("it ends when the last that has the other end is gone");
        assert_eq!(mini.read("exercises/progress.toml"), "[hints]\nadd = 2\n");
        let files = fs::read_dir(mini.path().join("exercises")).expect("it is there").flatten();
        let left: Vec<_> = files
            .map(|file| file.file_name())
            .filter(|name| name.to_string_lossy().contains(".new"))
            .collect();
        assert!(left.is_empty(), "{left:?}");
    }

    #[test]
    fn ctrl_c_during_the_build_leaves_nothing_running() {
        let mini = Mini::new("ctrl-c-build");
        mini.write("cargo", "#!/bin/sh\nexec 3>pipe\necho ready >&3\nexec sleep 60\n");
        let cargo = mini.path().join("cargo");
        fs::set_permissions(&cargo, Permissions::from_mode(0o755)).expect("it is ours");
        interrupt(&mini, |command| {
            command.env("CARGO", cargo);
        });
    }

    #[test]
    fn ctrl_c_during_a_check_leaves_nothing_running() {
        let mini = Mini::new("ctrl-c-check");
        mini.answer(
            "use std::io::Write;\n    let mut pipe = std::fs::OpenOptions::new().write(true).open(\"pipe\").unwrap();\n    \
             pipe.write_all(b\"ready\\n\").unwrap();\n    std::thread::sleep(std::time::Duration::from_secs(60));\n    0",
        );
        interrupt(&mini, |_| ());
        // The next check goes on as if nothing had been.
        mini.right_answer();
        assert_eq!(mini.run(&["check", "add"]).status.code(), Some(0));
    }
}
