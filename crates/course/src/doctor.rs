//! `cargo course doctor`: whether this machine has what the course needs, and how to get what it lacks.

use std::fs;
use std::process::{Command, ExitCode};

use ::course::engine::cargo;

use crate::course::UNABLE;
use crate::say;
use crate::workspace::Workspace;

/// Fewer watched files than this, and an editor may have used them up.
const WATCHES: u64 = 8192;

/// One thing that was looked at.
struct Finding {
    what: &'static str,
    /// What was found, or what is wrong and how to mend it.
    outcome: Result<String, String>,
}

/// Looks at everything, and says what is missing.
pub(crate) fn run(workspace: &Workspace) -> ExitCode {
    let findings = [
        Finding { what: "Rust", outcome: rust(workspace) },
        Finding { what: "cargo", outcome: cargo_answers() },
        Finding { what: "linker and C compiler", outcome: compiler() },
        Finding { what: "watching files", outcome: watches() },
        Finding { what: "the checkout", outcome: writable(workspace) },
    ];
    let mut text = String::new();
    for Finding { what, outcome } in &findings {
        text += &match outcome {
            Ok(found) => format!("fine     {what}: {found}\n"),
            Err(problem) => format!("missing  {what}: {problem}\n"),
        };
    }
    let ended = say(&text);
    if findings.iter().all(|finding| finding.outcome.is_ok()) { ended } else { ExitCode::from(UNABLE) }
}

fn first_line(command: &mut Command) -> Option<String> {
    let output = command.output().ok().filter(|output| output.status.success())?;
    Some(String::from_utf8_lossy(&output.stdout).lines().next().unwrap_or("it answers").to_owned())
}

fn rust(workspace: &Workspace) -> Result<String, String> {
    let manifest = fs::read_to_string(workspace.root.join("Cargo.toml")).unwrap_or_default();
    let needed = manifest.lines().find_map(|line| line.strip_prefix("rust-version = "));
    let needed = needed.unwrap_or("").trim_matches('"').to_owned();
    let found = first_line(Command::new("rustc").arg("--version"));
    match found {
        Some(found) if version(found.split(' ').nth(1).unwrap_or("")) >= version(&needed) => Ok(found),
        Some(found) => Err(format!("{found}, and the course needs {needed}: run `rustup update stable`")),
        None => Err("no rustc: install Rust from https://rustup.rs".to_owned()),
    }
}

/// Reads "1.89.0" so that versions compare.
fn version(text: &str) -> Vec<u32> {
    text.split(['.', '-']).map_while(|part| part.parse().ok()).collect()
}

fn cargo_answers() -> Result<String, String> {
    first_line(cargo().arg("--version"))
        .ok_or_else(|| "no cargo: install Rust from https://rustup.rs".to_owned())
}

fn compiler() -> Result<String, String> {
    if cfg!(windows) {
        // There the toolchain finds the linker by itself, and says at the first build what it lacks.
        return Ok("asked for at the first build".to_owned());
    }
    let mend = if cfg!(target_os = "macos") {
        "run `xcode-select --install`"
    } else {
        "install it with the system's packages: `gcc` and `libc6-dev` on Debian, `gcc` on Fedora"
    };
    let found =
        ["cc", "gcc", "clang"].iter().find_map(|name| first_line(Command::new(name).arg("--version")));
    found.ok_or_else(|| format!("neither cc nor gcc nor clang: {mend}"))
}

fn watches() -> Result<String, String> {
    let Ok(text) = fs::read_to_string("/proc/sys/fs/inotify/max_user_watches") else {
        return Ok("the system sets no limit that we know".to_owned());
    };
    match text.trim().parse::<u64>() {
        Ok(limit) if limit < WATCHES => Err(format!(
            "{limit} files may be watched, and editors want many: `sudo sysctl fs.inotify.max_user_watches=65536`"
        )),
        _ => Ok(format!("up to {} files", text.trim())),
    }
}

fn writable(workspace: &Workspace) -> Result<String, String> {
    let folder = workspace.root.join("exercises");
    let probe = folder.join(format!("progress.toml.probe-{}", std::process::id()));
    let outcome = fs::write(&probe, "").and_then(|()| fs::remove_file(&probe));
    outcome.map_err(|error| format!("cannot write into {}: {error}", folder.display()))?;
    Ok("your work and your progress can be kept in it".to_owned())
}

#[cfg(test)]
mod tests {
    use super::version;

    #[test]
    fn versions_compare_by_number() {
        assert!(version("1.100.0") > version("1.89"));
        assert!(version("1.95.0-nightly") > version("1.89"));
        assert!(version("1.88.0") < version("1.89"));
    }
}
