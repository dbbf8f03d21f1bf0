//! The contract of `cargo course list`: what a script can read.

mod tool;

use tool::{course, printed, root};

#[test]
fn each_step_has_a_line_with_its_package_its_reading_and_its_title() {
    let listed = printed(&mut course(&["list"]));
    let steps: Vec<Vec<&str>> = rows(&listed, "step");
    for (at, columns) in steps.iter().enumerate() {
        let [package, reading, title] = columns[..] else {
            panic!("three columns after the kind: {columns:?}")
        };
        assert_eq!(package, format!("step{}", at + 1), "steps are listed in order, without a gap");
        assert!(root().join(reading).is_file(), "{reading} is not in the tree");
        assert!(!title.is_empty());
    }
    assert!(steps.len() >= 6, "{listed}");
}

#[test]
fn each_demo_is_an_example_of_the_step_beside_it() {
    let listed = printed(&mut course(&["list"]));
    let demos = rows(&listed, "demo");
    let names: Vec<&str> = demos.iter().map(|columns| columns[0]).collect();
    let first_six = ["blocking", "async-await", "gather", "create-task", "async-for", "async-with"];
    assert_eq!(names[..6], first_six);
    assert_eq!(names[6..], ["transactions", "gil-cpu", "gil-io", "convoy", "race", "nogil"]);
    for columns in demos {
        let [name, package] = columns[..] else { panic!("two columns after the kind: {columns:?}") };
        let example = format!("examples/{}.rs", name.replace('-', "_"));
        assert!(folder(package).join(&example).is_file(), "{package} has no {example}");
    }
}

fn rows<'a>(listed: &'a str, kind: &str) -> Vec<Vec<&'a str>> {
    let columns = listed.lines().map(|line| line.split('\t').collect::<Vec<&str>>());
    columns.filter(|columns| columns[0] == kind).map(|columns| columns[1..].to_vec()).collect()
}

fn folder(package: &str) -> std::path::PathBuf {
    let crates = std::fs::read_dir(root().join("crates")).expect("the tree has crates");
    crates
        .map(|entry| entry.expect("it is readable").path())
        .find(|path| {
            path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(&format!("{package}-")))
        })
        .unwrap_or_else(|| panic!("{package} has a folder"))
}
