//! `cargo course quiz`: the questions under "Explain it" in a chapter, one by one, and what a good answer says.
//!
//! The learner judges the answer, since whoever has explained something knows what was missing once it is shown. Nothing is kept.

use std::fs;
use std::io::{self, BufRead, IsTerminal};
use std::process::ExitCode;

use clap::Args;

use ::course::files::read_ours;
use ::course::questions::{HEADING, Question, questions};

use crate::course::{Refusal, USAGE};
use crate::say;
use crate::workspace::Workspace;

/// What `quiz` takes.
#[derive(Args)]
pub(crate) struct QuizArgs {
    /// A chapter by its number, or `all`
    which: String,

    /// Print the questions with what a good answer says, and ask nothing
    #[arg(long)]
    answers: bool,
}

/// A chapter that has questions.
struct Chapter {
    /// Relative to the root.
    path: String,
    title: String,
    questions: Vec<Question>,
}

/// Asks on a terminal, and prints elsewhere.
pub(crate) fn run(workspace: &Workspace, args: &QuizArgs) -> Result<ExitCode, Refusal> {
    let chapters = chapters(workspace, &args.which)?;
    if args.answers || !(io::stdin().is_terminal() && io::stdout().is_terminal()) {
        return Ok(say(&chapters
            .iter()
            .map(|chapter| chapter.text(args.answers))
            .collect::<Vec<_>>()
            .join("\n")));
    }
    let mut lines = io::stdin().lock().lines().map_while(Result::ok);
    let result = ask(&chapters, &mut lines);
    Ok(say(&result))
}

/// Finds the chapters that `which` means, and reads their questions.
fn chapters(workspace: &Workspace, which: &str) -> Result<Vec<Chapter>, Refusal> {
    let usage = |message: String| Refusal { message, code: USAGE };
    let folder = workspace.root.join("chapters");
    let names =
        fs::read_dir(&folder).map_err(|error| format!("cannot read {}: {error}", folder.display()))?;
    let mut names: Vec<String> = names
        .flatten()
        .filter_map(|entry| entry.file_name().into_string().ok())
        .filter(|name| number(name).is_some())
        .collect();
    names.sort();
    let wanted: Option<u32> = which.parse().ok();
    let has = |name: &&String| which == "all" || (wanted.is_some() && number(name) == wanted);
    let chosen: Vec<&String> = names.iter().filter(has).collect();
    if chosen.is_empty() {
        let numbers: Vec<String> =
            names.iter().filter_map(|name| number(name)).map(|n| n.to_string()).collect();
        return Err(usage(format!("there is no chapter `{which}`; there are: {}, all", numbers.join(", "))));
    }
    let mut chapters = Vec::new();
    for name in &chosen {
        chapters.extend(Chapter::read(workspace, name)?);
    }
    if chapters.is_empty() {
        let what = if let [name] = chosen[..] {
            format!("chapters/{name} has")
        } else {
            "the chapters have".to_owned()
        };
        let heading = HEADING.trim_start_matches("## ");
        return Err(usage(format!("{what} no questions: no heading \"{heading}\"")));
    }
    Ok(chapters)
}

/// Returns the number of the chapter in a file called `name`.
fn number(name: &str) -> Option<u32> {
    name.strip_suffix(".md")?.split_once('-')?.0.parse().ok()
}

impl Chapter {
    /// Reads `chapters/<name>`; none if it has no questions.
    fn read(workspace: &Workspace, name: &str) -> Result<Option<Self>, Refusal> {
        let path = format!("chapters/{name}");
        let text = read_ours(&workspace.root, &path)?;
        let title = text.lines().next().unwrap_or_default().trim_start_matches('#').trim().to_owned();
        let questions = questions(&text).map_err(|(line, what)| format!("{path}:{line}: {what}"))?;
        Ok(questions.map(|questions| Self { path, title, questions }))
    }

    /// Where to read of the questions, and of their answers.
    fn link(&self) -> String {
        format!("{}#explain-it", self.path)
    }

    /// Writes all questions, and with them what a good answer says if that is asked for.
    fn text(&self, answers: bool) -> String {
        let mut text = format!("{}\n{}\n", self.title, self.link());
        for (at, question) in self.questions.iter().enumerate() {
            text += &format!("\n{}", item(&format!("{}. ", at + 1), &question.asks));
            if answers {
                text += "\n";
                text +=
                    &question.criteria.iter().map(|criterion| item("   - ", criterion)).collect::<String>();
            }
        }
        text
    }
}

/// Asks all questions up to the end of the input, and returns what is to be read again.
fn ask(chapters: &[Chapter], lines: &mut impl Iterator<Item = String>) -> String {
    let (mut had, mut all, mut missed) = (0, 0, String::new());
    for chapter in chapters {
        let (count, mut judged, mut missed_here) = (chapter.questions.len(), 0, String::new());
        say(&format!("{}\n", chapter.title));
        for question in &chapter.questions {
            let number = judged + 1;
            say(&format!("\nQuestion {number} of {count}\n\n{}\n", item("  ", &question.asks)));
            say("Answer in your words, and end with an empty line; or press Enter, and answer aloud.\n");
            let Some(missing) = ask_one(question, lines) else { break };
            judged = number;
            all += question.criteria.len();
            had += question.criteria.len() - missing.len();
            if !missing.is_empty() {
                missed_here += &item(&format!("  {number}. "), &question.asks);
                missed_here +=
                    &missing.iter().map(|criterion| item("     - ", criterion)).collect::<String>();
            }
        }
        if !missed_here.is_empty() {
            missed += &format!("\nRead again in {}\n\n{missed_here}", chapter.link());
        }
        if judged < count {
            break;
        }
        say("\n");
    }
    if all == 0 { "\n".to_owned() } else { format!("\nYour answers had {had} of {all} criteria.\n{missed}") }
}

/// Lets the learner answer, then judge the answer; returns the criteria it lacked, or none if the input has ended.
fn ask_one<'a>(question: &'a Question, lines: &mut impl Iterator<Item = String>) -> Option<Vec<&'a str>> {
    while !lines.next()?.trim().is_empty() {}
    say("A good answer says:\n\n");
    say(&question.criteria.iter().map(|criterion| item("  - ", criterion)).collect::<String>());
    say("\nWhich of them had yours?\n\n");
    let mut missing = Vec::new();
    for criterion in &question.criteria {
        loop {
            let mut asked = item("  - ", criterion);
            asked.truncate(asked.trim_end().len());
            say(&format!("{asked} [y/n] "));
            match lines.next()?.trim().to_lowercase().as_str() {
                "y" | "yes" => break,
                "n" | "no" => {
                    missing.push(criterion.as_str());
                    break;
                }
                _ => drop(say("  y for yes, or n for no\n")),
            }
        }
    }
    Some(missing)
}

/// Writes `text` with `mark` before its first line, and the others below its start.
fn item(mark: &str, text: &str) -> String {
    let indent = " ".repeat(mark.len());
    let mut written = String::new();
    for (at, line) in text.lines().enumerate() {
        written += format!("{}{line}", if at == 0 { mark } else { &indent }).trim_end();
        written.push('\n');
    }
    written
}
