//! What pages show as a command's output is what the command prints.
//!
//! Such a fence is under `<!-- output -->`, and begins with `$ cargo run -- …` or `$ cargo course …`. A last line `…` says that
//! more follows, which is not shown. `UPDATE=1` rewrites what differs.

mod tool;

use std::collections::BTreeMap;

use tidy::{Kind, Source, hold, hold_tree};
use tool::{course, printed};

/// The line that stands for the rest.
const MORE: &str = "…";

#[test]
fn pages_show_what_the_tool_prints() {
    let mut run = BTreeMap::new();
    let mut print = |args: &[&str]| {
        let key = args.join(" ");
        run.entry(key).or_insert_with(|| printed(course(args).env_remove("COLUMNS"))).clone()
    };
    let rule = "a reader compares a page with their own terminal: both show the same";
    hold_tree("output", Kind::Fence, rule, |_, block| shown(&block.text, &mut print));
}

/// Returns the fence as it should be: its first line is a command.
fn shown(fence: &str, print: &mut dyn FnMut(&[&str]) -> String) -> Result<String, String> {
    let command = fence.lines().next().unwrap_or("");
    let args = ["$ cargo run -- ", "$ cargo course "].iter().find_map(|start| command.strip_prefix(start));
    let args = args.ok_or("begin with a command: `$ cargo run -- …` or `$ cargo course …`")?;
    let args: Vec<&str> = args.split('#').next().unwrap_or(args).split_whitespace().collect();
    if !is_always_the_same(&args) {
        return Err(format!(
            "`{command}` does not print the same everywhere; show a demo with --manual-clock"
        ));
    }
    let printed = print(&args);
    let lines: Vec<&str> = fence.lines().collect();
    let shown = match lines.last() {
        Some(&MORE) => {
            printed.lines().take(lines.len() - 2).chain([MORE]).map(|line| format!("{line}\n")).collect()
        }
        _ => printed,
    };
    Ok(format!("{command}\n{shown}"))
}

/// Tells whether a command prints the same in every run. The demos do that on the manual clock; `race` measures nothing. Most else
/// depends on what the learner has finished.
fn is_always_the_same(args: &[&str]) -> bool {
    let has = |word: &str| args.contains(&word);
    has("--help") || (args.first() == Some(&"demo") && (has("--manual-clock") || has("race")))
}

#[test]
fn another_output_and_a_command_that_cannot_be_held_are_seen() {
    let on = |fence: &str| {
        let page = Source::new("a.md", &format!("<!-- output -->\n```console\n{fence}```\n"));
        let mut print = |args: &[&str]| format!("{}\n1\n2\n", args.len());
        let (complaints, rewritten) =
            hold(&[page], "output", Kind::Fence, |_, block| shown(&block.text, &mut print));
        (complaints, rewritten.into_iter().map(|page| page.text).collect::<String>())
    };
    on("$ cargo course demo a --manual-clock\n3\n1\n2\n").0.expect(&[]);
    on("$ cargo run -- demo a --manual-clock   # a comment\n3\n…\n").0.expect(&[]);
    let (complaints, rewritten) = on("$ cargo run -- demo a --manual-clock\n4\n1\n…\n");
    complaints.expect(&["a.md:2: line 2 is `4` and should be `3`"]);
    assert_eq!(
        rewritten,
        "<!-- output -->\n```console\n$ cargo run -- demo a --manual-clock\n3\n1\n…\n```\n"
    );
    on("$ cargo course demo a\n").0.expect(&["does not print the same everywhere"]);
    on("$ cargo course list\n").0.expect(&["does not print the same everywhere"]);
    on("$ cargo test\n").0.expect(&["begin with a command"]);
}
