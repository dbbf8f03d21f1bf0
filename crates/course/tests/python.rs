//! The pages' Python is Python: every fence compiles, and the note's programs print what our demos print.
//!
//! A fence may be a program, or lines that could stand in an `async def`. A program under `<!-- python: demo NAME -->` is run by the
//! python3 of this machine, in real time, since its time is what the note is about: all of them side by side, so that they
//! take as long as the slowest, five seconds. Without python3 nothing is checked, and the tests say so.

mod tool;

use std::io::Write;
use std::process::{Child, Command, Stdio};

use tidy::{Kind, blocks, sources};
use tool::{course, printed};

/// The note's programs, which the pages have to show, and hold to the demos.
const PROGRAMS: [&str; 6] = ["blocking", "async-await", "gather", "create-task", "async-for", "async-with"];

/// Compiles standard input; an `await` may stand outside a function.
const COMPILE: &str =
    "import ast, sys; compile(sys.stdin.read(), 'it', 'exec', ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)";

/// One Python fence.
struct Fence {
    place: String,
    /// What the mark above it says.
    mark: String,
    text: String,
}

#[test]
fn every_python_fence_compiles() {
    for fence in fences() {
        let Some((ok, output)) = python(COMPILE).map(|child| end(child, &fence.text)) else { return };
        assert!(ok, "{}: does not compile under python3 (see above): {output}", fence.place);
    }
}

#[test]
fn what_does_not_compile_is_seen() {
    let Some(child) = python(COMPILE) else { return };
    assert!(!end(child, "def f():\n    await g()\n").0, "an await in a plain function");
    assert!(
        end(python(COMPILE).expect("it has just been there"), "await g()\n").0,
        "an await outside functions"
    );
}

#[test]
fn the_notes_programs_print_what_the_demos_print() {
    let marked: Vec<Fence> = fences().into_iter().filter(|fence| !fence.mark.is_empty()).collect();
    let names: Vec<&str> = marked.iter().map(demo).collect();
    for program in PROGRAMS {
        assert!(
            names.contains(&program),
            "put <!-- python: demo {program} --> above the program in its chapter"
        );
    }
    let started: Vec<Option<Child>> = marked.iter().map(|fence| python(&fence.text)).collect();
    for (fence, child) in marked.iter().zip(started) {
        let Some((ok, output)) = child.map(|child| end(child, "")) else { return };
        assert!(ok, "{}: fails under python3", fence.place);
        let ours = printed(&mut course(&["demo", demo(fence), "--plain", "--manual-clock"]));
        assert_eq!(
            output,
            ours,
            "{}: left is what python3 prints, right the demo {}",
            fence.place,
            demo(fence)
        );
    }
}

/// Returns the pages' Python fences.
fn fences() -> Vec<Fence> {
    let mut found = Vec::new();
    for page in sources().iter().filter(|source| source.path.ends_with(".md")) {
        for block in blocks(&page.text) {
            let (word, what) = block.mark;
            let place = format!("{}:{}", page.path, block.line);
            let is_python = block.kind == Kind::Fence && block.language == "python";
            assert!(is_python || word != "python", "{place}: the mark is for a python fence");
            if is_python {
                let mark = if word == "python" { what } else { "" };
                found.push(Fence { place, mark: mark.to_owned(), text: block.text });
            }
        }
    }
    found
}

/// Returns the demo that a program under a mark is held to.
fn demo(fence: &Fence) -> &str {
    let demo = fence.mark.strip_prefix("demo ");
    demo.unwrap_or_else(|| panic!("{}: the mark is `python: demo NAME`, not `{}`", fence.place, fence.mark))
}

/// Starts `program`; says so and returns `None` where there is no python3.
fn python(program: &str) -> Option<Child> {
    let mut command = Command::new("python3");
    command.args(["-c", program]).stdin(Stdio::piped()).stdout(Stdio::piped());
    match command.spawn() {
        Ok(child) => Some(child),
        Err(error) => {
            eprintln!("skipped: python3 cannot be started here ({error})");
            None
        }
    }
}

/// Gives a program its input, and returns whether it succeeded, and what it printed.
fn end(mut child: Child, input: &str) -> (bool, String) {
    // A program that does not read its input may have ended already.
    let _unread = child.stdin.take().expect("it is piped").write_all(input.as_bytes());
    let output = child.wait_with_output().expect("python3 ends");
    (output.status.success(), String::from_utf8_lossy(&output.stdout).replace("\r\n", "\n"))
}
