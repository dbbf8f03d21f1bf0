//! What holds the exercises together. For maintainers: a learner's edits may fail it, so a plain `cargo test` leaves it out.
//!
//! ```console
//! $ cargo test -p course --test maintainer
//! ```
//!
//! Stubs are what is cut from their solutions, and fail; every wrong answer fails with its own code. They all are modules of one
//! program, which is built once (and once for the model checker); each of their checks then runs in a process of its own.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::thread;
use std::time::Duration;

use course::catalogue::{Catalogue, Clause, Exercise, Model};
use course::engine::{self, Build, Target};
use course::files::{read, target};
use course::stub::stub;
use course::verdict::{Failure, failure, full_name, limit};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).expect("crates/course has a root").to_path_buf()
}

fn catalogue() -> Catalogue {
    Catalogue::load(&root()).expect("the catalogue can be read")
}

/// Fails with all complaints together, if there are any.
#[track_caller]
fn expect_none(complaints: &[String]) {
    assert!(complaints.is_empty(), "\n{}\n", complaints.join("\n"));
}

/// Makes a list of complaints, one for each exercise and `what` is wrong with it.
fn complaints(look: impl Fn(&Exercise) -> Vec<String>) -> Vec<String> {
    let of = |exercise: &Exercise| {
        look(exercise).into_iter().map(|what| format!("{}: {what}", exercise.id)).collect::<Vec<String>>()
    };
    catalogue().exercises.iter().flat_map(of).collect()
}

#[test]
fn every_stub_is_what_is_cut_from_its_solution() {
    expect_none(&complaints(|exercise| {
        let solution = read(&root(), &exercise.solution()).expect("there is a solution");
        match stub(exercise, &solution) {
            Ok(stub) if read(&root(), &exercise.file()).is_ok_and(|text| text == stub) => vec![],
            Ok(_) => vec![format!("run `cargo course reset {}`", exercise.id)],
            Err(error) => vec![format!("{}: {error}", exercise.solution())],
        }
    }));
}

#[test]
fn the_header_says_the_contract_word_for_word() {
    expect_none(&complaints(|exercise| {
        let solution = read(&root(), &exercise.solution()).expect("there is a solution");
        let header = solution.lines().map_while(|line| line.strip_prefix("//!"));
        let header: Vec<&str> = header.flat_map(str::split_whitespace).collect();
        let header = header.join(" ");
        let lines: Vec<String> =
            exercise.contract.iter().map(|clause| format!("- {}", clause.says)).collect();
        let expected =
            format!("# Contract {} Check it with `cargo course check {}`.", lines.join(" "), exercise.id);
        if header.ends_with(&expected) { vec![] } else { vec![format!("its header should end: {expected}")] }
    }));
}

#[test]
fn every_check_has_its_line_in_the_contract_in_order() {
    expect_none(&complaints(|exercise| {
        let checks = read(&root(), &exercise.checks()).expect("there are checks");
        let mut lines = checks.lines().map(str::trim);
        let mut names = Vec::new();
        while lines.any(|line| line == "#[test]") {
            let name =
                lines.find_map(|line| line.strip_prefix("fn ")).and_then(|rest| rest.split('(').next());
            names.extend(name.map(str::to_owned));
        }
        let contract: Vec<String> = exercise.contract.iter().map(|clause| clause.check.clone()).collect();
        if names == contract { vec![] } else { vec![format!("checks {names:?}, contract {contract:?}")] }
    }));
}

#[test]
fn every_entry_of_the_catalogue_is_whole() {
    let catalogue = catalogue();
    let ids: BTreeSet<&str> = catalogue.exercises.iter().map(|exercise| exercise.id.as_str()).collect();
    assert_eq!(ids.len(), catalogue.exercises.len(), "an id is used twice");
    expect_none(&complaints(|exercise| {
        let mut wrong = Vec::new();
        let mut want = |is_right: bool, what: &str| wrong.extend((!is_right).then(|| what.to_owned()));
        let id = &exercise.id;
        want(
            id.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-'),
            "an id is a-z, 0-9 and -",
        );
        want((1..=3).contains(&exercise.difficulty), "the difficulty is 1, 2 or 3");
        want((3..=40).contains(&exercise.minutes), "it takes 3 to 40 minutes");
        want(!exercise.title.is_empty() && exercise.title.len() <= 50, "a title has 1 to 50 characters");
        want(!exercise.goal.is_empty(), "it has a goal");
        want(exercise.hints.iter().all(|hint| !hint.trim().is_empty()), "there are three hints");
        want(exercise.hints[0].contains('?'), "the first hint is a question");
        want(!exercise.misconceptions.is_empty(), "it drills against a misconception at least");
        let has_model = exercise.contract.iter().any(|clause| clause.model);
        want(has_model == (exercise.model != Model::None), "`model` is set if some of its checks are models");
        let is_check = |name: &String| exercise.contract.iter().any(|clause| clause.check == *name);
        want(exercise.draw.as_ref().is_none_or(is_check), "`draw` names one of its checks");
        wrong
    }));
}

#[test]
fn every_misconception_leads_to_a_heading_and_has_a_wrong_answer() {
    let catalogue = catalogue();
    let mut complaints = Vec::new();
    for (code, misconception) in &catalogue.misconceptions {
        let (page, anchor) = misconception.chapter.split_once('#').unwrap_or((&misconception.chapter, ""));
        let text = read(&root(), page).unwrap_or_default();
        if !text.lines().filter(|line| line.starts_with('#')).any(|line| self::anchor(line) == anchor) {
            complaints.push(format!("{code}: there is no heading {}", misconception.chapter));
        }
        if !catalogue.exercises.iter().any(|exercise| exercise.misconceptions.contains(code)) {
            complaints.push(format!("{code}: no exercise drills against it"));
        }
    }
    for exercise in &catalogue.exercises {
        let listed: BTreeSet<&str> = exercise.misconceptions.iter().map(String::as_str).collect();
        let checks = read(&root(), &exercise.checks()).expect("there are checks");
        let named: BTreeSet<&str> = checks.split('"').filter(|word| is_code(word)).collect();
        let files =
            fs::read_dir(root().join("exercises/wrong").join(&exercise.id)).into_iter().flatten().flatten();
        let answers: Vec<String> = files
            .map(|file| file.path().file_stem().unwrap_or_default().to_string_lossy().into_owned())
            .collect();
        let answers: BTreeSet<&str> = answers.iter().map(String::as_str).collect();
        if listed != answers {
            complaints
                .push(format!("{}: it lists {listed:?}, and has wrong answers {answers:?}", exercise.id));
        }
        for code in named.union(&listed).filter(|code| !catalogue.misconceptions.contains_key(**code)) {
            complaints.push(format!("{}: there is no misconception {code}", exercise.id));
        }
    }
    expect_none(&complaints);
}

/// Tells whether a string in the checks is the code of a misconception: `W2-first-waker`.
fn is_code(word: &str) -> bool {
    let step = word.strip_prefix('W').and_then(|rest| rest.split_once('-')).map(|(step, _)| step);
    step.is_some_and(|step| !step.is_empty() && step.chars().all(|c| c.is_ascii_digit()))
}

/// Makes an anchor of a heading, as code hosts do.
fn anchor(heading: &str) -> String {
    let kept = heading.trim_start_matches('#').trim().chars();
    let kept = kept.filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    kept.collect::<String>().to_lowercase().replace(' ', "-")
}

#[test]
fn the_manifest_has_both_targets_of_every_exercise() {
    let manifest = read(&root(), "exercises/Cargo.toml").expect("there is a manifest");
    let complaints = complaints(|exercise| {
        let Exercise { id, step, .. } = exercise;
        let stub = format!("[[test]]\nname = \"{id}\"\npath = \"step{step}/{id}.rs\"\ntest = false\n");
        let solution = format!("[[test]]\nname = \"solution-{id}\"\npath = \"solutions/{id}.rs\"\n");
        let missing = [stub, solution].into_iter().filter(|target| !manifest.contains(target.as_str()));
        missing.map(|target| format!("exercises/Cargo.toml lacks\n{target}")).collect()
    });
    expect_none(&complaints);
    let targets = manifest.matches("[[test]]").count();
    assert_eq!(
        targets,
        2 * catalogue().exercises.len() + 4,
        "two targets an exercise, three of the library's own tests, and `answers`"
    );
}

/// An answer that has to fail, as a module of the program `answers`.
struct Answer {
    /// The module.
    name: String,
    file: String,
    exercise: Exercise,
    /// The mistake it makes; none for a stub.
    code: Option<String>,
}

fn answers() -> Vec<Answer> {
    let mut answers = Vec::new();
    for exercise in catalogue().exercises {
        let module = |kind: &str| format!("{kind}_{}", exercise.id).replace('-', "_").to_lowercase();
        answers.push(Answer {
            name: module("stub"),
            file: exercise.file(),
            exercise: exercise.clone(),
            code: None,
        });
        for code in &exercise.misconceptions {
            answers.push(Answer {
                name: format!("{}__{}", module("wrong"), code.replace('-', "_").to_lowercase()),
                file: exercise.wrong(code),
                exercise: exercise.clone(),
                code: Some(code.clone()),
            });
        }
    }
    answers
}

/// Builds the answers as one program, for a model checker or without.
fn build(answers: &[Answer], model: Model) -> PathBuf {
    let folder = match model.feature() {
        None => target(&root()),
        Some(feature) => target(&root()).join(feature),
    };
    let mut modules = String::new();
    for Answer { name, file, .. } in
        answers.iter().filter(|answer| model == Model::None || answer.exercise.model == model)
    {
        let path = root().join(file);
        writeln!(modules, "#[path = {path:?}]\nmod {name};").expect("writing to a string cannot fail");
    }
    fs::create_dir_all(folder.join("tmp")).expect("the target folder is writable");
    let list = folder.join("tmp/answers.rs");
    if fs::read_to_string(&list).ok().as_ref() != Some(&modules) {
        fs::write(&list, modules).expect("the target folder is writable");
    }
    let target = Target { name: "answers".to_owned(), model, features: vec!["answers"] };
    match target.build(&root(), false, &|_| ()).expect("cargo can be started") {
        Build::Built(program) => program,
        Build::Error(error) => panic!("every stub and every wrong answer has to compile:\n{error}"),
    }
}

/// Runs an answer's checks in order, up to the first that fails.
fn first_failure(answer: &Answer, programs: &[(Model, PathBuf, Vec<String>)]) -> Option<Failure> {
    let patience = [("EXERCISES_PATIENCE_MS", "2500".into())];
    for (passed, clause) in answer.exercise.contract.iter().enumerate() {
        let model = if clause.model { answer.exercise.model } else { Model::None };
        let (_, program, tests) = programs.iter().find(|program| program.0 == model).expect("it was built");
        let prefix = format!("{}::", answer.name);
        let test = full_name(tests, &prefix, clause).expect("each check is there");
        let run = engine::run(program, test, limit(clause), &patience).expect("it can be run");
        if let Some(failure) = failure(&run, clause, passed, String::new()) {
            return Some(failure);
        }
    }
    None
}

/// Says what is wrong with how an answer fails.
fn complaint(answer: &Answer, failure: Option<&Failure>) -> Option<String> {
    let file = &answer.file;
    match (failure, &answer.code) {
        (None, _) => Some(format!("{file} passes")),
        (Some(failure), Some(code)) if failure.misconception.as_ref() == Some(code) => {
            undrawn(answer, failure).map(|what| format!("{file}: {what}"))
        }
        (Some(failure), Some(code)) => Some(format!(
            "{file} should fail with {code}, but fails in {} with {:?}: {}",
            failure.check, failure.misconception, failure.message
        )),
        (Some(failure), None) if failure.hang => {
            Some(format!("{file} hangs in {}: a stub should say what is to do", failure.check))
        }
        (Some(_), None) => None,
    }
}

/// What the lanes of some mistakes have to show, since it is the point of the exercise.
const SHOWN: [(&str, &str); 4] = [
    ("W2-lost-wakeup", "nobody sleeps there"),
    ("W2-lost-wakeup", "sleeps for ever"),
    ("W4-both-locks", "waits for lock 1 for ever"),
    ("W7-given-order", "waits for lock 1 for ever"),
];

/// Says what is missing in the drawing of a model that fails.
fn undrawn(answer: &Answer, failure: &Failure) -> Option<String> {
    let clause = answer.exercise.contract.iter().find(|clause| clause.check == failure.check);
    if !clause.is_some_and(|clause| clause.model) {
        return None;
    }
    let Some(lanes) = &failure.schedule else { return Some("its model draws no schedule".to_owned()) };
    let has_lanes =
        lanes.lines().nth(1).is_some_and(|names| names.starts_with("main ") && names.contains(" thread 1"));
    let code = answer.code.as_deref().unwrap_or_default();
    let missing = SHOWN.iter().find(|(of, part)| *of == code && !lanes.contains(part));
    match missing {
        _ if !has_lanes => Some(format!("its schedule has no lanes:\n{lanes}")),
        _ if !lanes.contains(&format!("{code}.rs:")) => {
            Some(format!("its schedule names no line of the answer:\n{lanes}"))
        }
        Some((_, part)) => Some(format!("its schedule should say \"{part}\":\n{lanes}")),
        None => None,
    }
}

#[test]
fn every_stub_fails_and_every_wrong_answer_fails_with_its_own_code() {
    let answers = answers();
    let models: BTreeSet<bool> = answers.iter().map(|answer| answer.exercise.model == Model::Loom).collect();
    let models = [Model::None].into_iter().chain(models.contains(&true).then_some(Model::Loom));
    let programs: Vec<_> = models
        .map(|model| {
            let program = build(&answers, model);
            let tests = engine::tests(&program).expect("it can be run");
            (model, program, tests)
        })
        .collect();
    let (queue, complaints) = (Mutex::new(answers.iter()), Mutex::new(Vec::new()));
    thread::scope(|scope| {
        // More than there are processors: those that hang only wait.
        for _ in 0..8 {
            scope.spawn(|| {
                loop {
                    let next = queue.lock().expect("nothing panics under this lock").next();
                    let Some(answer) = next else { return };
                    let complaint = complaint(answer, first_failure(answer, &programs).as_ref());
                    complaints.lock().expect("nothing panics under this lock").extend(complaint);
                }
            });
        }
    });
    expect_none(&complaints.into_inner().expect("nothing panics under this lock"));
}

#[test]
fn every_model_of_a_solution_passes() {
    let catalogue = catalogue();
    for exercise in catalogue.exercises.iter().filter(|exercise| exercise.model != Model::None) {
        let target = Target::of(&format!("solution-{}", exercise.id), exercise.model);
        let program = match target.build(&root(), false, &|_| ()).expect("cargo can be started") {
            Build::Built(program) => program,
            Build::Error(error) => panic!("{error}"),
        };
        let tests = engine::tests(&program).expect("it can be run");
        for clause in exercise.contract.iter().filter(|clause| clause.model) {
            let test = full_name(&tests, "", clause).expect("each check is there");
            let run = engine::run(&program, test, Duration::from_secs(300), &[]).expect("it can be run");
            let failure = failure(&run, clause, 0, target.typed(&clause.check));
            assert!(failure.is_none(), "{}: {failure:#?}", exercise.id);
        }
    }
}

#[test]
fn the_contract_is_what_clauses_are_made_of() {
    let clause = Clause { check: "one".to_owned(), says: String::new(), model: false };
    let tests = ["a::checks::one", "b::checks::deep::one", "b::checks::one_more"].map(str::to_owned);
    assert_eq!(full_name(&tests, "b::", &clause).as_deref(), Ok("b::checks::deep::one"));
    full_name(&tests, "c::", &clause).expect_err("there is none");
}
