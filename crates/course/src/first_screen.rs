//! What the tool prints without a command: one screen, and every path and command in it works.

use std::fmt::Write;

use crate::workspace::Workspace;

/// How many steps the course has once it is whole.
const STEPS: usize = 7;

/// Writes the first screen: at most 24 lines of 80 columns, even with all seven steps in place.
pub(crate) fn text(workspace: &Workspace) -> String {
    let built = workspace.steps.len();
    let mut screen =
        String::from("A course that rebuilds Python's asyncio and its GIL in Rust, from nothing.\n\n");
    let ahead = if built < STEPS { format!(" ({built} of {STEPS} so far)") } else { String::new() };
    line(&mut screen, &format!("The steps{ahead}:"));
    for step in &workspace.steps {
        let test = format!("cargo test -p {}", step.package());
        line(&mut screen, &format!("  {}  {}", step.number, step.title));
        line(&mut screen, &format!("     {test:<20}  read {}", step.reading));
    }
    line(&mut screen, "\nNext:");
    line(&mut screen, "  cargo course demo          six small Python programs, and six demos more");
    line(&mut screen, "  cargo course demo gather   just one of them; with --help, its options");
    if let Some(first) = workspace.steps.first() {
        let test = format!("cargo test -p {}", first.package());
        line(&mut screen, &format!("  {test:<25}  see step {} pass, then read it", first.number));
    }
    screen
}

fn line(screen: &mut String, text: &str) {
    writeln!(screen, "{text}").expect("writing to a string cannot fail");
}
