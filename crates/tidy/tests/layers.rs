//! Arrows point down: a step uses the one before it and never one above, and a library stays in the files it is for.

mod words;

use std::collections::BTreeMap;

use tidy::{Complaints, Source, sources_in};
use words::{Word, words};

/// Which files may name some libraries; elsewhere in the steps, but for their tests, the names are a complaint.
struct Confined {
    libraries: &'static [&'static str],
    /// A path below `crates/` starts with one of these.
    to: &'static [&'static str],
}

const CONFINED: [Confined; 3] = [
    Confined { libraries: &["rusqlite"], to: &["step1-blocking-io/", "step6-context-guards/src/db"] },
    Confined {
        libraries: &["mio"],
        to: &["step4-executor/src/reactor", "step4-executor/src/net", "step4-executor/src/sync"],
    },
    Confined {
        libraries: &["crossbeam_channel", "crossbeam_deque", "crossbeam_epoch", "crossbeam_utils"],
        to: &[
            "step1-blocking-io/src/pool",
            "step1-blocking-io/src/sync",
            "step4-executor/src/steal",
            "step4-executor/src/idle",
            "step4-executor/src/sync",
        ],
    },
];

/// Files that bring nothing of their own: no clock, lock, thread or IO. Paths start with the first part.
const PURE: [(&str, &[&str]); 3] = [
    ("crates/step3-timer-wheel/src/wheel", CLOCKS_LOCKS_THREADS),
    ("crates/step3-timer-wheel/src/entries", CLOCKS_LOCKS_THREADS),
    (
        "crates/step1-blocking-io/src/codec",
        &["Read", "Write", "BufRead", "net", "fs", "TcpStream", "UdpSocket", "File"],
    ),
];

/// Packages that run on top of all steps.
const ON_TOP: [&str; 4] = ["pictures", "compared", "interop", "benches"];

const CLOCKS_LOCKS_THREADS: &[&str] = &[
    "Clock",
    "ManualClock",
    "Instant",
    "SystemTime",
    "Mutex",
    "RwLock",
    "Condvar",
    "OnceLock",
    "atomic",
    "parking_lot",
    "thread",
    "thread_local",
];

#[test]
fn each_step_depends_on_the_one_before_it_and_on_none_above() {
    let mut complaints = Complaints::default();
    for (number, files) in steps() {
        check_manifest(number, file(&files, "Cargo.toml"), &mut complaints);
        check_use(number, &files, &mut complaints);
    }
    complaints.expect_none("arrows between the steps point down, and each step needs the one before it");
}

#[test]
fn the_timeline_and_the_tools_depend_on_no_step() {
    let mut complaints = Complaints::default();
    for folder in ["timeline", "course", "tidy"] {
        for manifest in
            sources_in(&format!("crates/{folder}")).iter().filter(|s| s.path.ends_with("Cargo.toml"))
        {
            for (name, _) in step_dependencies(manifest) {
                complaints.add(
                    &manifest.path,
                    &format!("depends on {name}; remove it, this crate is below all steps"),
                );
            }
        }
    }
    complaints.expect_none("the timeline is a leaf, and the tools build without the steps");
}

#[test]
fn libraries_stay_in_the_files_they_are_for() {
    let mut complaints = Complaints::default();
    for source in step_sources() {
        check_confined(&source, &mut complaints);
    }
    complaints.expect_none("one place for each library, so that a reader knows where to look");
}

#[test]
fn the_wheel_and_the_codec_bring_no_clock_lock_thread_or_io() {
    let mut complaints = Complaints::default();
    for source in step_sources() {
        check_pure(&source, &mut complaints);
    }
    complaints.expect_none("the wheel and the codec compute, and whoever owns them brings the rest");
}

/// The steps' files, by step.
fn steps() -> BTreeMap<u32, Vec<Source>> {
    let mut steps: BTreeMap<u32, Vec<Source>> = BTreeMap::new();
    for source in sources_in("crates") {
        if let Some(number) = step_of(&source.path) {
            steps.entry(number).or_default().push(source);
        }
    }
    assert!(!steps.is_empty(), "crates/stepN-topic is where the steps are");
    steps
}

fn step_sources() -> impl Iterator<Item = Source> {
    steps().into_values().flatten().filter(Source::is_rust)
}

/// Returns the number of the step that `path` belongs to.
fn step_of(path: &str) -> Option<u32> {
    let folder = path.strip_prefix("crates/")?.split('/').next()?;
    folder.strip_prefix("step")?.split_once('-')?.0.parse().ok()
}

fn file<'a>(files: &'a [Source], name: &str) -> &'a Source {
    files.iter().find(|source| source.path.ends_with(name)).expect("every step has one")
}

/// Returns the packages that `manifest` names, for whatever purpose.
fn dependencies(manifest: &Source) -> Vec<String> {
    let table: toml::Table = manifest.text.parse().expect("cargo has read it too");
    let kinds = ["dependencies", "dev-dependencies", "build-dependencies"];
    let tables = kinds.iter().filter_map(|kind| table.get(*kind)?.as_table());
    tables.flat_map(|table| table.keys().cloned()).collect()
}

/// Returns the steps among them.
fn step_dependencies(manifest: &Source) -> Vec<(String, u32)> {
    let names = dependencies(manifest).into_iter();
    names.filter_map(|name| Some((name.clone(), name.strip_prefix("step")?.parse().ok()?))).collect()
}

fn check_manifest(number: u32, manifest: &Source, complaints: &mut Complaints) {
    let steps = step_dependencies(manifest);
    for (name, above) in steps.iter().filter(|(_, other)| *other >= number) {
        let what = format!(
            "names {name}, but only steps below {number} may be named; move what needs {name} up to step {above}"
        );
        complaints.add(&manifest.path, &what);
    }
    for name in dependencies(manifest).iter().filter(|name| ON_TOP.contains(&name.as_str())) {
        complaints.add(&manifest.path, &format!("names {name}, which runs on top of all steps; remove it"));
    }
    if number > 1 && !steps.iter().any(|(_, other)| other + 1 == number) {
        let what = format!("does not depend on step{}; a step builds on the one before it", number - 1);
        complaints.add(&manifest.path, &what);
    }
}

/// Checks that the code of step `number` names the step before it, none above, and re-exports none.
fn check_use(number: u32, files: &[Source], complaints: &mut Complaints) {
    let mut uses_the_one_before = number == 1;
    for source in files.iter().filter(|source| source.is_rust()) {
        let words = words(source);
        for Word { text, line } in &words {
            let Some(other) = text.strip_prefix("step").and_then(|digits| digits.parse::<u32>().ok()) else {
                continue;
            };
            uses_the_one_before |= other + 1 == number && source.path.contains("/src/");
            if other > number {
                let what = format!(
                    "names step{other}, which is above step {number}; a lower step never knows a higher one"
                );
                complaints.add(&format!("{}:{line}", source.path), &what);
            }
        }
        check_re_exports(source, complaints);
    }
    if !uses_the_one_before {
        let place = format!("step{number}");
        complaints.add(
            &place,
            &format!("no file in src/ uses step{}; take something from it, or drop it", number - 1),
        );
    }
}

/// Checks that a step's `pub use` passes on nothing of another step: readers should see where a name is from.
fn check_re_exports(source: &Source, complaints: &mut Complaints) {
    for (at, line) in source.text.lines().enumerate() {
        if line.trim_start().starts_with("pub use step") {
            let what = "re-exports from another step; let users name that step themselves";
            complaints.add(&format!("{}:{}", source.path, at + 1), what);
        }
    }
}

fn check_confined(source: &Source, complaints: &mut Complaints) {
    let below_crates = source.path.strip_prefix("crates/").unwrap_or(&source.path);
    let is_test = source.path.contains("/tests/");
    let is_allowed = |rule: &Confined| is_test || rule.to.iter().any(|place| below_crates.starts_with(place));
    for rule in CONFINED.iter().filter(|rule| !is_allowed(rule)) {
        if let Some(word) = words(source).iter().find(|word| rule.libraries.contains(&word.text.as_str())) {
            let what =
                format!("names {}, which belongs in {}; move this there", word.text, rule.to.join(", "));
            complaints.add(&format!("{}:{}", source.path, word.line), &what);
        }
    }
}

fn check_pure(source: &Source, complaints: &mut Complaints) {
    let Some((_, forbidden)) = PURE.iter().find(|(start, _)| source.path.starts_with(start)) else { return };
    for word in words(source).iter().filter(|word| forbidden.contains(&word.text.as_str())) {
        let what = format!("names `{}` outside its tests; let the owner bring it", word.text);
        complaints.add(&format!("{}:{}", source.path, word.line), &what);
    }
}

mod each_rule_can_fail {
    use super::*;

    #[test]
    fn a_step_that_skips_the_one_before_it_or_reaches_up() {
        let manifest = Source::new(
            "crates/step3-x/Cargo.toml",
            "[dependencies]\nstep1 = \"1\"\n[dev-dependencies]\nstep4 = \"1\"\ncompared = \"1\"\n",
        );
        let mut complaints = Complaints::default();
        check_manifest(3, &manifest, &mut complaints);
        complaints.expect(&["names step4", "names compared", "does not depend on step2"]);
    }

    #[test]
    fn code_that_names_a_higher_step_or_never_the_one_before() {
        let code = "// step2 in a comment is no use of it\nuse step4::run;\npub use step1::serve;\n";
        let mut complaints = Complaints::default();
        check_use(3, &[Source::new("crates/step3-x/src/lib.rs", code)], &mut complaints);
        complaints.expect(&[":2: names step4", ":3: re-exports", "no file in src/ uses step2"]);
    }

    #[test]
    fn a_library_outside_its_files() {
        let mut complaints = Complaints::default();
        check_confined(&Source::new("crates/step5-x/src/rows.rs", "use rusqlite::Row;"), &mut complaints);
        check_confined(
            &Source::new("crates/step4-executor/src/task/raw.rs", "use mio::Poll;"),
            &mut complaints,
        );
        check_confined(
            &Source::new("crates/step4-executor/src/net/tcp.rs", "use mio::Poll;"),
            &mut complaints,
        );
        complaints.expect(&["names rusqlite", "names mio"]);
    }

    #[test]
    fn a_wheel_with_a_clock_but_not_its_tests() {
        let code = "use std::time::Instant;\n#[cfg(test)]\nmod tests { use std::sync::Mutex; }\n";
        let mut complaints = Complaints::default();
        check_pure(&Source::new("crates/step3-timer-wheel/src/wheel.rs", code), &mut complaints);
        check_pure(
            &Source::new("crates/step1-blocking-io/src/codec.rs", "use std::io::Read;"),
            &mut complaints,
        );
        complaints.expect(&["`Instant`", "`Read`"]);
    }
}
