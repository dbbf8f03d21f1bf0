//! The chapters of the seven steps are built alike, so that a reader knows where to look, and the tool can ask their questions.
//!
//! The tool reads "Explain it", which therefore has exactly this shape, for each question:
//!
//! ```text
//! 1. The question?
//!
//!    <details>
//!    <summary>A good answer says</summary>
//!
//!    - one criterion
//!    - another
//!
//!    </details>
//! ```

use std::ops::RangeInclusive;

use tidy::{Complaints, Line, Part, Source, lines, sources_in};

/// The sections in their order; before the first of them is what the reader can do after the chapter.
const SECTIONS: [&str; 11] = [
    "The note's program",
    "Predict before you run",
    "The picture",
    "What must hold",
    "A walk through the files",
    "Checkpoint",
    "Misconceptions",
    "What was measured",
    "Explain it",
    "Exercises",
    "What this step cannot do",
];

/// What the first section may be called instead: some chapters have two programs, or only lines of one.
const FIRST: [&str; 2] = ["The note's programs", "The note's lines"];

/// How long a chapter is: words outside fences and tables.
const WORDS: RangeInclusive<usize> = 1_200..=2_500;

#[test]
fn chapters_of_steps_are_built_alike() {
    let sources = sources_in("chapters");
    let mut complaints = Complaints::default();
    for number in 1..=7 {
        let start = format!("chapters/0{number}-");
        match sources.iter().find(|page| page.path.starts_with(&start) && page.path.ends_with(".md")) {
            Some(page) => check(page, number, &mut complaints),
            None => complaints.add(&start, "there is no such chapter; write it"),
        }
    }
    complaints.expect_none("each chapter has the same sections, in the same shape");
}

/// A part of a page under a heading.
struct Section<'a> {
    heading: &'a str,
    /// The line the heading is on.
    at: usize,
    lines: Vec<Line<'a>>,
}

impl<'a> Section<'a> {
    /// Returns its lines outside fences.
    fn prose(&self) -> Vec<&'a str> {
        self.lines.iter().filter(|line| line.part == Part::Prose).map(|line| line.text).collect()
    }
}

fn check(page: &Source, number: usize, complaints: &mut Complaints) {
    let mut say = |line: usize, what: &str| complaints.add(&format!("{}:{line}", page.path), what);
    let all = lines(&page.text);
    let sections = sections(&all);
    let (outcomes, sections) = sections.split_first().expect("there is a first part");
    if !all.first().is_some_and(|line| line.text.starts_with(&format!("# {number}. "))) {
        say(1, &format!("begin with `# {number}. ` and the chapter's title"));
    }
    if outcomes.prose().iter().filter(|line| line.starts_with("- ")).count() < 2 {
        say(1, "say under the title what the reader can do after the chapter, as a list");
    }
    if let Some((line, what)) = order(sections) {
        say(line, &what);
    }
    for section in sections {
        if section.lines.iter().all(|line| line.text.trim().is_empty()) {
            say(section.at, "has nothing in it");
        } else if let Err(what) = content(section, number) {
            say(section.at, &what);
        }
    }
    // Neither rows of tables nor what pictures show are read as prose.
    let is_text = |line: &&Line<'_>| !line.text.starts_with(['|', '!']) && line.mark().is_none();
    let words = all.iter().filter(|line| line.part == Part::Prose).filter(is_text);
    let words = words
        .flat_map(|line| line.text.split_whitespace())
        .filter(|word| word.contains(char::is_alphanumeric));
    let count = words.count();
    if !WORDS.contains(&count) {
        say(
            1,
            &format!(
                "has {count} words outside fences and tables; {} to {} are right",
                WORDS.start(),
                WORDS.end()
            ),
        );
    }
}

/// Returns what is above the first `## `, and then each section.
fn sections<'a>(all: &[Line<'a>]) -> Vec<Section<'a>> {
    let mut sections = vec![Section { heading: "", at: 1, lines: Vec::new() }];
    for line in all {
        match line.text.strip_prefix("## ").filter(|_| line.part == Part::Prose) {
            Some(heading) => sections.push(Section { heading, at: line.number, lines: Vec::new() }),
            None => sections.last_mut().expect("there is a first part").lines.push(line.clone()),
        }
    }
    sections
}

/// Returns the first place where a section is missing, or is too many.
fn order(sections: &[Section<'_>]) -> Option<(usize, String)> {
    let name = |section: &Section<'_>| {
        if FIRST.contains(&section.heading) { SECTIONS[0].to_owned() } else { section.heading.to_owned() }
    };
    let names: Vec<String> = sections.iter().map(name).collect();
    let same = names.iter().zip(SECTIONS).take_while(|(name, right)| name == right).count();
    let last = sections.last().map_or(1, |section| section.at);
    let line = sections.get(same).map_or(last, |section| section.at);
    match (names.get(same), SECTIONS.get(same)) {
        (None, None) => None,
        (_, Some(right)) => Some((line, format!("here \"{right}\" has to come"))),
        (Some(name), None) => Some((line, format!("\"{name}\" is no section of a chapter"))),
    }
}

/// Checks what is in a section, if there is a rule for it.
fn content(section: &Section<'_>, number: usize) -> Result<(), String> {
    let prose = section.prose();
    match section.heading {
        "Predict before you run" => predict(&prose),
        "What must hold" => {
            let invariants = numbered(&prose)?;
            let has_file =
                |lines: &&[&str]| lines.iter().any(|line| line.contains("](") || line.contains("(there)"));
            match invariants.iter().position(|lines| !has_file(lines)) {
                Some(at) => Err(format!("invariant {} does not say in which file it is kept", at + 1)),
                None => Ok(()),
            }
        }
        "Misconceptions" if !prose.iter().any(|line| line.starts_with("### ")) => {
            Err("give each misconception a `### `".to_owned())
        }
        "Explain it" => numbered(&prose)?.into_iter().enumerate().try_for_each(|(at, lines)| {
            is_question(lines).ok_or(format!("question {} is not in the shape that the tool reads", at + 1))
        }),
        "Exercises" if !prose.contains(&format!("<!-- exercises: step{number} -->").as_str()) => {
            Err(format!("put the mark <!-- exercises: step{number} --> above the table"))
        }
        _ => Ok(()),
    }
}

/// Checks that each question has an answer, and that the answers are folded away.
fn predict(prose: &[&str]) -> Result<(), String> {
    let mut parts = prose.split(|line| *line == "<details>");
    let (Some(questions), Some(answers), None) = (parts.next(), parts.next(), parts.next()) else {
        return Err("fold all answers into one `<details>`".to_owned());
    };
    if answers.first() != Some(&"<summary>Compare</summary>") || !answers.contains(&"</details>") {
        return Err(
            "fold the answers into `<details>`, `<summary>Compare</summary>`, `</details>`".to_owned()
        );
    }
    match (numbered(questions)?.len(), numbered(answers)?.len()) {
        (questions, answers) if questions == answers => Ok(()),
        (questions, answers) => Err(format!("has {questions} questions and {answers} answers")),
    }
}

/// Returns the lines of each item of a numbered list, which counts up from 1.
fn numbered<'a, 'b>(lines: &'a [&'b str]) -> Result<Vec<&'a [&'b str]>, String> {
    let number = |line: &str| line.split_once(". ").and_then(|(number, _)| number.parse::<usize>().ok());
    let starts: Vec<usize> = (0..lines.len()).filter(|at| number(lines[*at]).is_some()).collect();
    let counts_up = starts.iter().enumerate().all(|(at, start)| number(lines[*start]) == Some(at + 1));
    if starts.is_empty() || !counts_up {
        return Err("is to be a list, numbered from 1".to_owned());
    }
    let ends = starts.iter().skip(1).copied().chain([lines.len()]);
    Ok(starts.iter().zip(ends).map(|(start, end)| &lines[*start..end]).collect())
}

/// Returns `Some` if `lines` are a question and its criteria, as the header of this file shows them.
fn is_question(lines: &[&str]) -> Option<()> {
    const FOLDED: [&str; 4] = ["", "   <details>", "   <summary>A good answer says</summary>", ""];
    let rest = &lines[lines.iter().position(|line| line.is_empty())?..];
    let rest = rest.strip_prefix(&FOLDED)?;
    let (criteria, rest) = rest.split_at(rest.iter().position(|line| line.is_empty())?);
    let are_criteria = criteria.iter().all(|line| line.starts_with("   - ") || line.starts_with("     "));
    let rest = rest.strip_prefix(&["", "   </details>"])?;
    let begins = criteria.first().is_some_and(|line| line.starts_with("   - "));
    (begins && are_criteria && rest.iter().all(|line| line.is_empty())).then_some(())
}

mod each_rule_can_fail {
    use super::*;

    const PAGE: &str = "\
# 3. A title

After this chapter you can

- do this;
- do that.

## The note's lines

WORDS

## Predict before you run

1. What?

   ```console
   $ cargo run
   ```

2. When?

<details>
<summary>Compare</summary>

1. That.
2. Then.

</details>

## The picture

```text
a
```

## What must hold

1. This
   ([a.rs](a.rs)).
2. That (there).

## A walk through the files

One.

## Checkpoint

One.

## Misconceptions

### One

No.

## What was measured

Nothing.

## Explain it

1. Why is
   it so?

   <details>
   <summary>A good answer says</summary>

   - one criterion,
     of two lines
   - another

   </details>

2. And that?

   <details>
   <summary>A good answer says</summary>

   - one

   </details>

## Exercises

<!-- exercises: step3 -->

## What this step cannot do

More.
";

    /// Checks the page after replacing `old`, which is in it, by `new`.
    #[track_caller]
    fn with(old: &str, new: &str) -> Complaints {
        assert!(PAGE.contains(old), "{old}");
        let page = PAGE.replacen(old, new, 1).replace("WORDS", &"word ".repeat(1_200));
        let mut complaints = Complaints::default();
        check(&Source::new("a.md", &page), 3, &mut complaints);
        complaints
    }

    #[test]
    fn a_chapter_as_it_should_be() {
        with("WORDS", "WORDS").expect(&[]);
    }

    #[test]
    fn another_title_no_outcomes_and_another_length() {
        with("# 3. A", "# A").expect(&["a.md:1: begin with `# 3. `"]);
        with("- do that.\n", "").expect(&["a.md:1: say under the title"]);
        with("WORDS", "Few.").expect(&["words outside fences and tables"]);
        with("WORDS", "WORDS WORDS WORDS").expect(&["words outside fences and tables"]);
    }

    #[test]
    fn a_section_that_is_missing_empty_elsewhere_or_not_among_them() {
        with("## Checkpoint\n\nOne.\n\n", "").expect(&["here \"Checkpoint\" has to come"]);
        with("## Checkpoint\n\nOne.\n\n", "## Checkpoint\n\n").expect(&["has nothing in it"]);
        with("## Checkpoint", "## Check point").expect(&["here \"Checkpoint\" has to come"]);
        with("## What this step cannot do\n\nMore.\n", "")
            .expect(&["here \"What this step cannot do\" has to come"]);
        with("More.\n", "More.\n\n## Even more\n\nOf it.\n").expect(&["\"Even more\" is no section"]);
    }

    #[test]
    fn a_prediction_without_an_answer_or_with_one_that_shows() {
        with("2. Then.\n", "").expect(&["has 2 questions and 1 answers"]);
        with("<summary>Compare", "<summary>Answers").expect(&["fold the answers into"]);
        with("<details>", "").expect(&["fold all answers into one"]);
        with("2. When?", "3. When?").expect(&["numbered from 1"]);
    }

    #[test]
    fn an_invariant_without_a_file_and_a_misconception_without_a_heading() {
        with("That (there)", "That").expect(&["invariant 2 does not say in which file"]);
        with("### One", "One").expect(&["give each misconception"]);
    }

    #[test]
    fn a_question_in_another_shape_and_a_table_without_its_mark() {
        let second = "question 2 is not in the shape";
        with("   - one\n\n", "\n").expect(&[second]);
        with("   - one\n\n", "   - one\n").expect(&[second]);
        with("   - one\n\n", "   one\n\n").expect(&[second]);
        with("2. And that?\n\n", "2. And that?\n").expect(&[second]);
        with("1. Why is", "Why is").expect(&["numbered from 1"]);
        with("A good answer says", "A good answer").expect(&["question 1 is not in the shape"]);
        with("exercises: step3", "exercises: step2").expect(&["put the mark <!-- exercises: step3 -->"]);
    }
}
