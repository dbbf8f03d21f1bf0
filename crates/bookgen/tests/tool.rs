//! The contract of the program: what it prints, its exit codes, and that Ctrl-C ends it.
#![allow(clippy::unwrap_used, reason = "a test may")]

mod support;

use std::net::TcpListener;
use std::process::{Command, Output};

use support::Scratch;

fn bookgen(target: &Scratch, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bookgen"));
    command.args(args).env("CARGO_TARGET_DIR", target.path());
    command
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn a_wrong_command_line_is_refused_before_anything_is_built() {
    let scratch = Scratch::new("usage");
    for args in
        [&["--port", "65536"][..], &["--fast"], &["--no-serve", "--open"], &["--no-serve", "--port", "1"]]
    {
        let output = bookgen(&scratch, args).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{args:?}: {}", stderr(&output));
        assert!(!scratch.path().join("book").exists());
    }
}

#[test]
fn help_lists_the_exit_codes() {
    let output = bookgen(&Scratch::new("help"), &["--help"]).output().unwrap();
    assert!(String::from_utf8_lossy(&output.stdout).contains("Exit codes:"));
}

#[test]
fn the_course_has_a_book() {
    let scratch = Scratch::new("build");
    let output = bookgen(&scratch, &["--no-serve"]).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert!(output.stdout.is_empty());
    assert!(scratch.path().join("book/index.html").is_file());
}

#[test]
fn a_port_that_is_taken_is_said_so() {
    let scratch = Scratch::new("port");
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let output = bookgen(&scratch, &["--port", &port]).output().unwrap();
    assert_eq!(output.status.code(), Some(3), "{}", stderr(&output));
    assert!(
        stderr(&output).contains(&format!("cannot serve on port {port} of 127.0.0.1")),
        "{}",
        stderr(&output)
    );
}

#[cfg(unix)]
#[test]
fn it_prints_its_address_opens_the_browser_and_ends_with_ctrl_c() {
    use std::fs;
    use std::io::{BufRead, BufReader};
    use std::os::unix::fs::PermissionsExt;
    use std::process::Stdio;

    let scratch = Scratch::new("serve");
    // A browser that fetches nothing, and says on our pipe what it was to open.
    scratch.write(
        "browser",
        &format!(
            "#!/bin/sh\necho \"$1\" > {}/opening\nmv {0}/opening {0}/opened\n",
            scratch.path().display()
        ),
    );
    let browser = scratch.path().join("browser");
    fs::set_permissions(&browser, fs::Permissions::from_mode(0o755)).unwrap();
    let mut command = bookgen(&scratch, &["--open"]);
    let mut child =
        command.env("BROWSER", browser).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut address = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut address).unwrap();
    assert!(address.starts_with("http://127.0.0.1:") && address.ends_with("/\n"), "{address}");
    let opened = scratch.path().join("opened");
    while !opened.exists() {
        assert!(child.try_wait().unwrap().is_none(), "it serves on");
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    assert_eq!(fs::read_to_string(opened).unwrap(), address);
    let sent = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(sent.success());
    assert_eq!(child.wait().unwrap().code(), Some(0));
}
