//! The tool `bench` as a process, with a script in place of the contest: figures are what a test says.
#![allow(dead_code, reason = "each test file uses a part of it")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::{Value, json};

/// A folder with a list, figures, counters of the machine, and what the tool writes; removed when dropped.
pub(crate) struct Stage {
    folder: PathBuf,
}

/// What the tool printed, and how it ended.
pub(crate) struct Shown {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Stage {
    /// A stage where `figures` has a line for each contestant on each row: `row contestant 1 2 3`.
    pub(crate) fn new(rows: &[Value], figures: &str) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let folder = std::env::temp_dir().join(format!("bench-{}-{number}", std::process::id()));
        fs::create_dir_all(folder.join("proc/self")).expect("the temporary folder is writable");
        let stage = Self { folder };
        stage.write("list.json", &list(rows, &["limit", "ours", "tokio", "smol"]).to_string());
        stage.figures(figures);
        stage.write("proc/loadavg", "0.10 0.20 0.30 1/100 7\n");
        stage.write("proc/stat", "cpu 0 0 0 0 0 0 0 0 0 0\n");
        stage.write("proc/self/stat", "7 (bench) S 1 2 3 4 5 6 7 8 9 10 0 0 0 0 20 0\n");
        stage
    }

    pub(crate) fn figures(&self, figures: &str) {
        let _first_time = fs::remove_file(self.path("calls"));
        let lines: String = figures.lines().map(|line| format!("{}\n", line.trim())).collect();
        self.write("figures", &lines);
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).expect("the folder is writable");
    }

    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// The run that was kept last.
    pub(crate) fn kept(&self) -> Value {
        serde_json::from_str(&self.read("kept/latest.json")).expect("it is JSON")
    }

    /// The samples that were asked for, in order, as the contest's arguments.
    pub(crate) fn calls(&self) -> Vec<String> {
        fs::read_to_string(self.path("calls")).unwrap_or_default().lines().map(str::to_owned).collect()
    }

    /// A command that runs the tool, which is told nothing of the stand-ins.
    pub(crate) fn bare(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_bench"));
        command.args(args).current_dir(&self.folder).env("STAND_IN", &self.folder);
        command
    }

    /// A command that runs the tool on this stage.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = self.bare(args);
        command.arg("--contest").arg(script("contest.sh")).args(["--proc", "proc", "--folder", "kept"]);
        command
    }

    pub(crate) fn run(&self, args: &[&str]) -> Shown {
        shown(&mut self.command(args))
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        let _already_gone = fs::remove_dir_all(&self.folder);
    }
}

pub(crate) fn shown(command: &mut Command) -> Shown {
    Shown::of(&command.output().expect("it starts"))
}

impl Shown {
    pub(crate) fn of(output: &Output) -> Self {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Self { code: output.status.code(), stdout: text(&output.stdout), stderr: text(&output.stderr) }
    }

    /// The cells of the table's line that begins with `row`.
    #[track_caller]
    pub(crate) fn cells(&self, row: &str) -> Vec<&str> {
        let line = self.stdout.lines().find(|line| line.split_whitespace().next() == Some(row));
        let line = line.unwrap_or_else(|| panic!("no line for {row} in\n{}{}", self.stdout, self.stderr));
        line.split("  ").map(str::trim).filter(|cell| !cell.is_empty()).collect()
    }
}

pub(crate) fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/stand_in").join(name)
}

/// A list, as the contest prints it.
fn list(rows: &[Value], contestants: &[&str]) -> Value {
    let about = |name: &&str| json!({ "name": name, "what": "a stand-in" });
    json!({
        "peers": true,
        "seconds": 0.2,
        "quick_seconds": 0.05,
        "contestants": contestants.iter().map(about).collect::<Vec<_>>(),
        "rows": rows,
    })
}

/// A row of that list, with a size of 1,000 and a quick one of 10.
pub(crate) fn row(id: &str, unit: &str, target: &Value, contestants: &[&str]) -> Value {
    json!({
        "id": id,
        "title": format!("the title of {id} <&>"),
        "unit": unit,
        "better": "lower",
        "operation": "nothing",
        "limit": "nothing by hand",
        "size_is": "things",
        "size": 1000,
        "quick_size": 10,
        "scaling": [1, 10, 1000],
        "target": target,
        "contestants": contestants,
        "missing": [{ "name": "smol", "why": "it stays at home" }],
    })
}

/// A row in which all four take part, in nanoseconds.
pub(crate) fn plain(id: &str) -> Value {
    row(id, "ns", &Value::Null, &["limit", "ours", "tokio", "smol"])
}
