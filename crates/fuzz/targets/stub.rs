//! Any solution: a stub is cut from it that has no mark left, and every line outside of the marks; or it is refused.
#![no_main]

use std::sync::LazyLock;

use course::catalogue::{Catalogue, Exercise};
use course::stub::{ALLOW, stub};
use libfuzzer_sys::fuzz_target;

static EXERCISE: LazyLock<Exercise> = LazyLock::new(|| {
    let text = "[[exercises]]\nid = \"x\"\nstep = 1\ndifficulty = 1\nminutes = 3\ntitle = \"\"\ngoal = \"\"\nhints = [\"\", \"\", \"\"]\n\
                contract = [{ check = \"a\", says = \"\" }]\n";
    Catalogue::read(text).expect("it is one").exercises.remove(0)
});

/// The lines outside of the marks.
fn outside(solution: &str) -> Vec<&str> {
    let mut is_inside = false;
    let mut lines = Vec::new();
    for line in solution.lines() {
        match line.trim_start() {
            mark if mark.starts_with("// BEGIN SOLUTION") => is_inside = true,
            mark if mark.starts_with("// END SOLUTION") => is_inside = false,
            _ if !is_inside => lines.push(line),
            _ => {}
        }
    }
    lines
}

fuzz_target!(|solution: &str| {
    let solution = &solution.replace('\r', ""); // As it is read.
    match stub(&EXERCISE, solution) {
        Ok(stub) => {
            let mut rest = stub.lines();
            for line in outside(solution) {
                assert!(rest.any(|kept| kept == line), "{line:?} is lost");
            }
            let marks =
                solution.lines().filter(|line| line.trim_start().starts_with("// BEGIN SOLUTION")).count();
            let todos = stub.matches("todo!(\"x: ").count() + stub.matches(ALLOW).count();
            assert!(marks > 0 || todos == 0 || solution.contains("todo!") || solution.contains(ALLOW));
        }
        Err(message) => assert!(message.starts_with("line "), "{message}"),
    }
});
